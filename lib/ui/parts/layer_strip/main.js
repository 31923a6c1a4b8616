// The layer instrument in the browser (lib/ui/parts/layer_strip/component.py draws it).
//
// A plan is {cut, batchNormFrozen, byHand}: layers before `cut` are frozen, and with
// `batchNormFrozen` every BatchNormalization; layers in `byHand` are the opposite. A gesture makes
// a new plan, shows its numbers at once and sends the whole plan; the server's numbers replace them.

const NARROW = 3 // px: a cell below this gets no gap, or nothing of it would be left
const ROW_HEIGHT = 32 // px, as in the style sheet: branches are drawn from row to row
const LANE = 7 // px between two branches side by side
const MAX_LANES = 6

const WIDTHS = {
  params: ["parameters", "as wide as its parameters", layer => layer.params],
  layers: ["layers", "all equally wide", () => 1],
  multiplyAdds: ["multiply-adds", "as wide as its multiply-adds", layer => layer.multiplyAdds],
}
const FILTERS = {
  all: ["All layers", () => true],
  weights: ["With parameters", layer => layer.params > 0],
  trainable: ["Trainable", (layer, frozen) => layer.trainable > 0 && !frozen],
  frozen: ["Frozen", (layer, frozen) => layer.params > 0 && frozen],
  batchNorm: ["BatchNormalization", layer => layer.batchNorm],
  merges: ["Where branches meet", layer => layer.inbound.length > 1],
}

const SVG = "http://www.w3.org/2000/svg"
let widthBy = "params" // a way of looking, not part of the state: it outlives a change of page

const count = number => number.toLocaleString("en-US")
const percent = (part, whole) => (whole ? (100 * part) / whole : 0)

/** Bytes as model.summary() writes them. */
function memory(params) {
  let size = params * 4
  for (const unit of ["Byte", "KB", "MB", "GB"]) {
    if (size < 1024) return `${size.toFixed(2)} ${unit}`
    size /= 1024
  }
  return `${size.toFixed(2)} TB`
}

// --- Numbers -------------------------------------------------------------------------------

function isFrozen(layer, index, plan) {
  const rule = index < plan.cut || (plan.batchNormFrozen && layer.batchNorm)
  return rule !== plan.byHand.has(index)
}

/** What lib.core.freezing and lib.core.network.step_cost say about a plan, from each layer's costs. */
function derive(layers, head, plan) {
  const live = []
  const found = { total: head.params, trainable: head.params, tensors: head.tensors }
  Object.assign(found, { layersThawed: 0, moving: 0 })
  let forward = 0
  let backward = 0
  layers.forEach((layer, index) => {
    const thawed = layer.params > 0 && !isFrozen(layer, index, plan)
    const passesOn = layer.inbound.some(source => live[source])
    const learns = thawed && layer.trainable > 0
    live.push(passesOn || learns)
    found.total += layer.params
    if (thawed) {
      found.trainable += layer.trainable
      found.tensors += layer.tensors
      found.layersThawed += 1
      found.moving += layer.statistics
    }
    const [ahead, weights, inputs] = layer.cost
    forward += ahead
    backward += (learns ? weights : 0) + (passesOn ? inputs : 0)
  })
  found.optimizer = 2 * found.trainable + 2 // lib.core.network.step_cost.adam_params
  found.stepTime = 1 + backward / forward
  return found
}

const same = (one, other) =>
  Object.keys(one).every(name => Math.abs(one[name] - other[name]) <= 1e-9 * Math.abs(one[name]))

// --- Gestures ------------------------------------------------------------------------------

function show(view, plan) {
  view.plan = plan
  view.numbers = derive(view.table.layers, view.head, plan)
  view.root.dataset.pending = "" // until the server has said the same
  render(view)
}

function send(view) {
  view.gesture += 1
  view.trigger("gesture", {
    backbone: view.table.backbone,
    cut: view.plan.cut,
    by_hand: [...view.plan.byHand].sort((a, b) => a - b),
    number: view.gesture,
  })
}

function moveCut(view, cut, { commit = true } = {}) {
  const layers = view.table.layers
  const first = layers.findIndex(layer => layer.params > 0)
  // Nothing can learn before the first layer with weights: from there on it is everything.
  const wanted = cut <= first ? 0 : Math.min(cut, layers.length)
  if (wanted !== view.plan.cut || view.plan.byHand.size) {
    show(view, { ...view.plan, cut: wanted, byHand: new Set() })
    scrollToCut(view)
  }
  if (commit) send(view)
}

function setLayers(view, indices, frozen) {
  const byHand = new Set(view.plan.byHand)
  const bare = { ...view.plan, byHand: new Set() }
  for (const index of indices) {
    const layer = view.table.layers[index]
    if (!layer.params) continue
    if (isFrozen(layer, index, bare) === frozen) byHand.delete(index)
    else byHand.add(index)
  }
  show(view, { ...view.plan, byHand })
  send(view)
}

// --- The strip -----------------------------------------------------------------------------

/** Left edges of all cells in px, and the right edge of the last. */
function edges(view) {
  const size = WIDTHS[widthBy][2]
  const sizes = view.table.layers.map(size)
  const whole = sizes.reduce((sum, one) => sum + one, 0)
  const scale = view.svg.clientWidth / whole
  let at = 0
  return [0, ...sizes.map(one => (at += one * scale))]
}

function drawStrip(view) {
  const { table, svg } = view
  view.edges = edges(view)
  view.drawnWidth = svg.clientWidth
  view.cells = table.layers.map((layer, index) => {
    const [left, right] = view.edges.slice(index, index + 2)
    if (right <= left) return null
    const next = table.layers[index + 1]
    const gap = right - left < NARROW ? 0 : next && next.block !== layer.block ? 2 : 0.75
    const width = right - left - gap
    const part = layer.params ? (layer.statistics / layer.params) * width : 0
    const cell = document.createElementNS(SVG, "rect")
    cell.setAttribute("x", left)
    cell.setAttribute("width", width)
    const statistics = part ? document.createElementNS(SVG, "rect") : null
    if (statistics) {
      statistics.setAttribute("x", left + width - part)
      statistics.setAttribute("width", part)
      statistics.setAttribute("class", "statistics")
    }
    return { cell, statistics }
  })
  svg.replaceChildren(
    ...view.cells.flatMap(drawn => (drawn ? [drawn.cell, drawn.statistics].filter(Boolean) : []))
  )
}

function paintStrip(view) {
  const { table, plan } = view
  view.cells.forEach((drawn, index) => {
    if (!drawn) return
    const layer = table.layers[index]
    const frozen = isFrozen(layer, index, plan)
    // A layer without weights learns nothing; it is painted with the side of the cut it is on.
    drawn.cell.setAttribute("class", frozen ? "frozen" : "trainable")
    if (drawn.statistics) drawn.statistics.style.display = frozen ? "none" : ""
  })
  const last = table.layers.length
  const x = view.edges[plan.cut]
  view.cut.style.left = view.knob.style.left = `${x}px`
  const words =
    plan.cut === last
      ? "everything frozen: only the head learns"
      : plan.cut === 0
        ? "everything thawed"
        : `thaw from ${table.layers[plan.cut].name} (layer ${plan.cut})`
  view.cutWords.textContent = words
  view.cut.classList.toggle("leftward", x > view.drawnWidth * 0.55)
  view.knob.setAttribute("aria-valuemax", last)
  view.knob.setAttribute("aria-valuenow", plan.cut)
  view.knob.setAttribute(
    "aria-valuetext",
    `${words}; ${count(view.numbers.trainable)} trainable parameters`
  )
}

function layerAt(view, clientX) {
  const x = clientX - view.svg.getBoundingClientRect().left
  let index = view.edges.findIndex(edge => edge > x) - 1
  if (x <= 0) index = 0
  return x >= view.drawnWidth - 1 || index < 0 ? view.table.layers.length : index
}

function nextBlock(layers, cut, step) {
  const starts = layers.flatMap((layer, i) => (i && layers[i - 1].block !== layer.block ? [i] : []))
  const all = [0, ...starts, layers.length]
  return step > 0 ? (all.find(i => i > cut) ?? layers.length) : (all.findLast(i => i < cut) ?? 0)
}

function listenToStrip(view) {
  const strip = view.strip
  const drag = event => moveCut(view, layerAt(view, event.clientX), { commit: false })
  strip.onpointerdown = event => {
    if (event.button) return
    strip.setPointerCapture(event.pointerId)
    view.dragging = true
    drag(event)
    view.knob.focus({ preventScroll: true })
    event.preventDefault()
  }
  strip.onpointermove = event => {
    if (view.dragging) drag(event)
    else hover(view, event)
  }
  strip.onpointerup = strip.onpointercancel = () => {
    if (view.dragging) send(view)
    view.dragging = false
  }
  strip.onpointerleave = () => view.svg.parentElement.removeAttribute("title")
  view.knob.onkeydown = event => {
    const { layers } = view.table
    const cut = view.plan.cut
    const to = {
      ArrowRight: cut + 1,
      ArrowUp: cut + 1,
      ArrowLeft: cut - 1,
      ArrowDown: cut - 1,
      PageUp: nextBlock(layers, cut, 1),
      PageDown: nextBlock(layers, cut, -1),
      Home: 0,
      End: layers.length,
    }[event.key]
    if (to === undefined) return
    event.preventDefault()
    // Everything thawed is 0; the next steps up are the layers after the first with weights.
    const first = layers.findIndex(layer => layer.params > 0)
    moveCut(view, cut === 0 && to > 0 ? Math.max(to, first + 1) : to)
  }
}

function hover(view, event) {
  const index = layerAt(view, event.clientX)
  const layer = view.table.layers[index]
  if (layer) view.strip.title = `${index} ${layer.name}: ${count(layer.params)} parameters`
}

// --- Words and meters ----------------------------------------------------------------------

function renderNotice(view) {
  const { table, plan } = view
  const inside = plan.cut > 0 && plan.cut < table.layers.length && !table.boundaries.includes(plan.cut)
  view.notice.classList.toggle("warning", inside)
  if (!inside) {
    view.notice.replaceChildren(share(view))
    return
  }
  const below = table.boundaries.findLast(index => index < plan.cut)
  const above = table.boundaries.find(index => index > plan.cut)
  const button = index =>
    element(
      "button",
      { type: "button", onclick: () => moveCut(view, index) },
      `Thaw from ${table.layers[index].name} (${index})`
    )
  view.notice.replaceChildren(
    `The cut falls inside ${table.layers[plan.cut].block}, between its branches.`,
    ...[below, above].filter(index => index !== undefined).map(button)
  )
}

/** "The top 54 of 154 layers hold 82.4 % of the parameters", for the cut on screen. */
function share(view) {
  const { table, plan } = view
  const whole = table.layers.reduce((sum, layer) => sum + layer.params, 0)
  const above = table.layers.slice(plan.cut).reduce((sum, layer) => sum + layer.params, 0)
  const top = table.layers.length - plan.cut
  if (!top) return `All ${table.layers.length} layers of ${table.title} keep what they know.`
  if (!plan.cut) return `All ${top} layers of ${table.title} are free to change.`
  return (
    `The top ${top} of ${table.layers.length} layers hold ` +
    `${percent(above, whole).toFixed(1)} % of the backbone's parameters.`
  )
}

function meter(label, value, part, note, kind = "") {
  const bar = element("div", { class: "bar" }, element("div", { class: kind }))
  bar.firstChild.style.width = `${Math.max(0, Math.min(100, part))}%`
  return element(
    "div",
    { class: "card" },
    element("span", { class: "label" }, label),
    element("strong", { class: kind }, value),
    bar,
    element("span", { class: "note" }, note)
  )
}

function renderMeters(view) {
  const { numbers, table } = view
  const frozen = numbers.total - numbers.trainable
  const withWeights = table.layers.filter(layer => layer.params > 0).length
  const everything = derive(table.layers, view.head, { ...view.plan, cut: 0, byHand: new Set() })
  const share = percent(numbers.trainable, numbers.total)
  const summary = [
    ["Total params", numbers.total],
    ["Trainable params", numbers.trainable],
    ["Non-trainable params", frozen],
  ]
  view.meters.replaceChildren(
    meter(
      "Trainable parameters",
      count(numbers.trainable),
      share,
      `${share.toFixed(share < 1 ? 2 : 1)} % of ${count(numbers.total)}`,
      "trainable"
    ),
    meter(
      "Layers thawed",
      count(numbers.layersThawed),
      percent(numbers.layersThawed, withWeights),
      `of ${withWeights} with parameters`
    ),
    meter(
      "Time of one step",
      `${numbers.stepTime.toFixed(1)} ×`,
      percent(numbers.stepTime, everything.stepTime),
      `everything: ${everything.stepTime.toFixed(1)} ×`
    ),
    element(
      "div",
      { class: "card summary" },
      element("span", { class: "label" }, "As model.summary() prints it"),
      ...summary.map(([words, params]) =>
        element(
          "code",
          {},
          `${words}: ${count(params)}`,
          element("span", { class: "memory" }, ` (${memory(params)})`)
        )
      )
    )
  )
  const line =
    `trainable params: ${count(numbers.trainable)} || all params: ${count(numbers.total)} || ` +
    `trainable%: ${share.toFixed(4)}`
  const moving = numbers.moving
    ? ` · ${count(numbers.moving)} BN statistics move untrained`
    : ""
  view.line.replaceChildren(
    element("code", {}, line),
    element("button", { type: "button", onclick: event => copy(line, event.target) }, "Copy"),
    element(
      "span",
      {},
      `${count(numbers.tensors)} trainable tensors · weights ${memory(numbers.total)} · ` +
        `Adam keeps ${memory(numbers.optimizer)}${moving}`
    )
  )
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text)
    button.textContent = "Copied"
  } catch {
    // Without https the browser keeps the clipboard to itself: select it for Ctrl+C instead.
    getSelection().selectAllChildren(button.previousElementSibling)
    button.textContent = "Selected"
  }
}

// --- The table -----------------------------------------------------------------------------

/** Every inbound that skips at least one row, with a lane of its own beside its neighbours. */
function branches(layers) {
  const busyUntil = []
  const found = []
  layers.forEach((layer, to) =>
    layer.inbound.forEach(from => to - from > 1 && found.push({ from, to }))
  )
  found.sort((a, b) => a.from - b.from || b.to - a.to)
  for (const branch of found) {
    let lane = busyUntil.findIndex(until => until <= branch.from)
    if (lane < 0) lane = busyUntil.length
    busyUntil[lane] = branch.to
    branch.lane = Math.min(lane, MAX_LANES - 1)
  }
  return found
}

function buildTable(view) {
  const { layers } = view.table
  const body = element("tbody")
  view.rows = []
  view.blocks = []
  layers.forEach((layer, index) => {
    if (!index || layers[index - 1].block !== layer.block) body.append(blockRow(view, index))
    body.append(layerRow(view, layer, index))
  })
  const head = [
    ["#", "number"],
    ["Layer", ""],
    ["Type", "extra"],
    ["Output", "extra"],
    ["Parameters", "number"],
    ["State", ""],
    ["Connected to", "extra"],
  ]
  view.rowsBox.replaceChildren(
    element(
      "table",
      {},
      element("caption", {}, `The ${layers.length} layers of ${view.table.title}`),
      element(
        "thead",
        {},
        element("tr", {}, ...head.map(([word, kind]) => element("th", { scope: "col", class: kind }, word)))
      ),
      body
    )
  )
  body.onkeydown = event => rove(view, event)
  view.branches = branches(layers)
  const lanes = Math.max(0, ...view.branches.map(branch => branch.lane + 1))
  view.rowsBox.style.setProperty("--gutter", `${lanes ? lanes * LANE + 8 : 0}px`)
  view.gutter = document.createElementNS(SVG, "svg")
  view.gutter.setAttribute("class", "gutter")
  view.gutter.setAttribute("aria-hidden", "true")
  view.rowsBox.append(view.gutter)
}

/** Lines beside the rows: where a tensor skips layers and where it comes in again. */
function drawBranches(view, wanted) {
  view.gutter.style.display = wanted ? "" : "none"
  if (!wanted || view.gutter.childElementCount) return
  const middle = index => view.rows[index].row.offsetTop + ROW_HEIGHT / 2
  const right = Number.parseFloat(view.rowsBox.style.getPropertyValue("--gutter"))
  view.gutter.style.height = `${view.rowsBox.scrollHeight}px`
  for (const { from, to, lane } of view.branches) {
    const line = document.createElementNS(SVG, "path")
    const out = middle(from) + 4 // a little apart, where one branch ends and the next begins
    const back = middle(to) - 4
    line.setAttribute("d", `M${right} ${out}H${right - 6 - lane * LANE}V${back}H${right}l-4 -3m4 3l-4 3`)
    view.gutter.append(line)
  }
}

function blockRow(view, start) {
  const { layers } = view.table
  const block = layers[start].block
  let end = start
  while (end + 1 < layers.length && layers[end + 1].block === block) end += 1
  const indices = Array.from({ length: end - start + 1 }, (_, i) => start + i)
  const params = indices.reduce((sum, i) => sum + layers[i].params, 0)
  const box = element("input", {
    type: "checkbox",
    "aria-label": `${block} trainable`,
    tabindex: -1,
    onchange: event => setLayers(view, indices, !event.target.checked),
  })
  const thaw = element(
    "button",
    { type: "button", tabindex: -1, onclick: () => moveCut(view, start) },
    "Thaw from here"
  )
  const row = element(
    "tr",
    { class: "block" },
    element("th", { scope: "rowgroup", colspan: 2 }, block, " ", thaw),
    element("td", { class: "extra", colspan: 2 }),
    element("td", { class: "number" }, count(params)),
    element("td", {}, params ? element("label", {}, box, element("span")) : ""),
    element("td", { class: "extra" })
  )
  view.blocks.push({ row, box, indices, words: row.querySelector("label span") })
  return row
}

function layerRow(view, layer, index) {
  const box = element("input", {
    type: "checkbox",
    "aria-label": `${layer.name} trainable`,
    tabindex: -1,
    onchange: event => setLayers(view, [index], !event.target.checked),
  })
  // The row above is an arrow, so that the names that are left are the branches.
  const names = layer.inbound.flatMap((source, place) => {
    const name = view.table.layers[source].name
    const words =
      source === index - 1
        ? [element("span", { "aria-hidden": true }, "↑"), element("span", { class: "spoken" }, name)]
        : [name]
    return place ? [" + ", ...words] : words
  })
  const skips = layer.inbound.length > 1
  const row = element(
    "tr",
    { "data-index": index },
    element("td", { class: "number" }, String(index)),
    element("td", { class: "name" }, layer.name),
    element("td", { class: "extra" }, layer.type),
    element("td", { class: "extra" }, layer.shape.map(count).join(" × ")),
    element("td", { class: "number" }, count(layer.params)),
    element("td", {}, layer.params ? element("label", {}, box, element("span")) : "–"),
    element("td", { class: skips ? "extra inbound merge" : "extra inbound" }, ...(names.length ? names : ["–"]))
  )
  view.rows.push({ row, box, words: row.querySelector("label span") })
  return row
}

function paintTable(view) {
  const { table, plan } = view
  table.layers.forEach((layer, index) => {
    const frozen = isFrozen(layer, index, plan)
    const { row, box, words } = view.rows[index]
    const kind = !layer.params ? "" : frozen ? "frozen" : layer.statistics ? "moving" : "trainable"
    const classes = [kind, index === plan.cut && index ? "at-cut" : "", plan.byHand.has(index) ? "by-hand" : ""]
    const wanted = classes.filter(Boolean).join(" ")
    if (row.className !== wanted) row.className = wanted
    if (!words) return
    box.checked = !frozen
    words.textContent =
      { frozen: "Frozen", trainable: "Trainable", moving: "Trainable, statistics move" }[kind] +
      (plan.byHand.has(index) ? ", by hand" : "")
  })
  for (const { row, box, indices, words } of view.blocks) {
    const own = indices.filter(index => table.layers[index].params)
    if (!own.length) continue
    const thawed = own.filter(index => !isFrozen(table.layers[index], index, plan)).length
    box.checked = thawed > 0
    box.indeterminate = thawed > 0 && thawed < own.length
    words.textContent = thawed ? `${thawed} of ${own.length} thawed` : "Frozen"
    row.classList.toggle("thawed", thawed > 0)
  }
  filterTable(view)
}

function filterTable(view) {
  const words = view.search.value.trim().toLowerCase()
  const keep = FILTERS[view.filter.value][1]
  let shown = 0
  view.table.layers.forEach((layer, index) => {
    const text = `${index} ${layer.name} ${layer.type} ${layer.block}`.toLowerCase()
    const visible = text.includes(words) && keep(layer, isFrozen(layer, index, view.plan))
    view.rows[index].row.hidden = !visible
    shown += visible
  })
  for (const { row, indices } of view.blocks) {
    row.hidden = indices.every(index => view.rows[index].row.hidden)
  }
  view.shown.textContent =
    shown === view.table.layers.length ? `${shown} layers` : `${shown} of ${view.table.layers.length} layers`
  drawBranches(view, shown === view.table.layers.length)
  const byHand = view.plan.byHand.size
  view.undo.hidden = !byHand
  view.undo.textContent = `Undo ${byHand} set by hand`
  reachable(view)
}

/** One stop for the tab key in the table; arrows go on from there. */
function reachable(view) {
  const controls = [...view.rowsBox.querySelectorAll("tr:not([hidden]) :is(input, button)")]
  if (controls.some(control => control.tabIndex === 0)) return
  for (const control of view.rowsBox.querySelectorAll("[tabindex='0']")) control.tabIndex = -1
  if (controls[0]) controls[0].tabIndex = 0
}

function rove(view, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step) return
  const controls = [...view.rowsBox.querySelectorAll("tr:not([hidden]) :is(input, button)")]
  const next = controls[controls.indexOf(event.target) + step]
  if (!next) return
  event.preventDefault()
  event.target.tabIndex = -1
  next.tabIndex = 0
  next.focus()
}

function scrollToCut(view) {
  const at = view.rows[Math.min(view.plan.cut, view.rows.length - 1)].row
  if (!at.hidden) view.rowsBox.scrollTop = at.offsetTop - 3 * ROW_HEIGHT
}

// --- All of it -----------------------------------------------------------------------------

function render(view) {
  view.root.querySelector("h2").textContent = `${view.table.title}, each layer ${WIDTHS[widthBy][1]}`
  paintStrip(view)
  renderNotice(view)
  renderMeters(view)
  paintTable(view)
}

function create(root) {
  const find = name => root.querySelector(name)
  const view = {
    root,
    strip: find(".strip"),
    svg: find("svg"),
    cut: find(".cut"),
    cutWords: find(".cut-words"),
    knob: find(".knob"),
    notice: find(".notice"),
    meters: find(".meters"),
    line: find(".line"),
    rowsBox: find(".rows"),
    gesture: 0,
  }
  view.search = element("input", {
    type: "search",
    placeholder: "Search layers",
    "aria-label": "Search layers",
    oninput: () => filterTable(view),
  })
  view.filter = element(
    "select",
    { "aria-label": "Show", onchange: () => filterTable(view) },
    ...Object.entries(FILTERS).map(([id, [words]]) => element("option", { value: id }, words))
  )
  view.shown = element("span", { role: "status" })
  view.undo = element("button", {
    type: "button",
    hidden: true,
    onclick: () => {
      show(view, { ...view.plan, byHand: new Set() })
      send(view)
    },
  })
  find(".tools").replaceChildren(view.search, view.filter, view.shown, view.undo)
  const radios = Object.entries(WIDTHS).map(([id, [word]]) => {
    const radio = element("input", {
      type: "radio",
      name: "width",
      value: id,
      checked: id === widthBy,
      onchange: () => {
        widthBy = id
        drawStrip(view)
        render(view)
      },
    })
    return element("label", {}, radio, element("span", {}, word))
  })
  find(".width").replaceChildren("width by", ...radios)
  listenToStrip(view)
  view.observer = new ResizeObserver(() => {
    if (!view.table || view.svg.clientWidth === view.drawnWidth) return
    drawStrip(view)
    paintStrip(view)
  })
  view.observer.observe(view.svg)
  return view
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".instrument")
  let view = instances.get(root)
  if (!view) instances.set(root, (view = create(root)))
  view.trigger = setTriggerValue

  const changed = view.tableText !== data.table
  if (changed) {
    view.tableText = data.table
    view.table = JSON.parse(data.table)
  }
  // An answer to an older gesture is out of date: the next one is on its way.
  if (changed || data.gesture >= view.gesture) {
    view.head = data.head
    view.plan = { ...data.plan, byHand: new Set(data.plan.byHand) }
    const mine = derive(view.table.layers, view.head, view.plan)
    view.numbers = data.numbers
    if (!same(data.numbers, mine)) {
      root.dataset.disagrees = JSON.stringify({ mine, server: data.numbers })
      console.error("The browser and the server count differently", root.dataset.disagrees)
    }
    view.gesture = Math.max(view.gesture, data.gesture)
    delete root.dataset.pending
    if (changed) {
      drawStrip(view)
      buildTable(view)
    }
    render(view)
    if (changed) scrollToCut(view)
  }
  return () => view.observer.disconnect()
}
