// The table of all layers, where the reader freezes and thaws single layers and blocks.

import { count, element, svg } from "../base.js"
import { moveCut, setLayers } from "./gestures.js"
import { branches, isFrozen } from "./numbers.js"

const ROW_HEIGHT = 32 // px, as in the style sheet: branches are drawn from row to row
const LANE = 7 // px between two branches side by side

export const FILTERS = {
  all: { words: "All layers", keep: () => true },
  weights: { words: "With parameters", keep: layer => layer.params > 0 },
  trainable: { words: "Trainable", keep: (layer, frozen) => layer.trainable > 0 && !frozen },
  frozen: { words: "Frozen", keep: (layer, frozen) => layer.params > 0 && frozen },
  batchNorm: { words: "BatchNormalization", keep: layer => layer.batchNorm },
  merges: { words: "Several inputs", keep: layer => layer.inbound.length > 1 },
}

export function buildTable(view) {
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
    ["Type", "type"],
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
        element("tr", {}, ...head.map(([word, kind]) => element("th", { scope: "col", class: kind }, word))),
      ),
      body,
    ),
  )
  body.onkeydown = event => rove(view, event)
  view.branches = branches(layers)
  const lanes = Math.max(0, ...view.branches.map(branch => branch.lane + 1))
  view.rowsBox.style.setProperty("--gutter", `${lanes ? lanes * LANE + 8 : 0}px`)
  view.gutter = svg("svg", { class: "gutter", "aria-hidden": "true" })
  view.rowsBox.append(view.gutter)
}

/** Draw lines beside the rows that show where a tensor skips layers and rejoins them. */
function drawBranches(view, wanted) {
  view.gutter.style.display = wanted ? "" : "none"
  if (!wanted || view.gutter.childElementCount) return
  const middle = index => view.rows[index].row.offsetTop + ROW_HEIGHT / 2
  const right = Number.parseFloat(view.rowsBox.style.getPropertyValue("--gutter"))
  view.gutter.style.height = `${view.rowsBox.scrollHeight}px`
  for (const { from, to, lane } of view.branches) {
    const out = middle(from) + 4 // a gap between the end of one branch and the start of the next
    const back = middle(to) - 4
    const d = `M${right} ${out}H${right - 6 - lane * LANE}V${back}H${right}l-4 -3m4 3l-4 3`
    view.gutter.append(svg("path", { d }))
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
    "Thaw from here",
  )
  const row = element(
    "tr",
    { class: "block" },
    element("th", { scope: "rowgroup", colspan: 2 }, block, " ", thaw),
    element("td", { class: "type" }),
    element("td", { class: "extra" }),
    element("td", { class: "number" }, count(params)),
    element("td", {}, params ? element("label", {}, box, element("span")) : ""),
    element("td", { class: "extra" }),
  )
  view.blocks.push({ row, box, indices, words: row.querySelector("label span") })
  return row
}

/** Let a long name break before an underscore, and not within a word. */
const breakable = name => name.split(/(?=_)/).flatMap((part, place) => (place ? [element("wbr"), part] : [part]))

function layerRow(view, layer, index) {
  const box = element("input", {
    type: "checkbox",
    "aria-label": `${layer.name} trainable`,
    tabindex: -1,
    onchange: event => setLayers(view, [index], !event.target.checked),
  })
  // The row above is shown as an arrow, so that only branches are named.
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
    element("td", { class: "name" }, ...breakable(layer.name)),
    element("td", { class: "type" }, layer.type),
    element("td", { class: "extra" }, layer.shape.map(count).join(" × ")),
    element("td", { class: "number" }, count(layer.params)),
    element("td", {}, layer.params ? element("label", {}, box, element("span")) : "–"),
    element("td", { class: skips ? "extra inbound merge" : "extra inbound" }, ...(names.length ? names : ["–"])),
  )
  view.rows.push({ row, box, words: row.querySelector("label span") })
  return row
}

export function paintTable(view) {
  const { table, plan } = view
  table.layers.forEach((layer, index) => {
    const frozen = isFrozen(layer, index, plan)
    const { row, box, words } = view.rows[index]
    const kind = !layer.params ? "" : frozen ? "frozen" : layer.statistics ? "moving" : "trainable"
    const wanted = index && index === plan.cut ? `${kind} at-cut`.trim() : kind
    if (row.className !== wanted) row.className = wanted
    if (!words) return
    box.checked = !frozen
    words.textContent =
      { frozen: "Frozen", trainable: "Trainable", moving: "Trainable, statistics updated" }[kind] +
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

const withParameters = view => view.table.layers.filter(layer => layer.params).length

export function filterTable(view) {
  const words = view.search.value.trim().toLowerCase()
  const keep = FILTERS[view.filter.value].keep
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
    shown === view.table.layers.length
      ? `${shown} layers, ${withParameters(view)} with parameters`
      : `${shown} of ${view.table.layers.length} layers`
  drawBranches(view, shown === view.table.layers.length)
  const byHand = view.plan.byHand.size
  view.undo.hidden = view.ownPage.hidden = !byHand
  view.undo.textContent = `Undo ${byHand} set by hand`
  reachable(view)
}

/** Give the table a single tab stop; the arrow keys move on from there. */
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

export function scrollToCut(view) {
  const at = view.rows[Math.min(view.plan.cut, view.rows.length - 1)].row
  if (!at.hidden) view.rowsBox.scrollTop = at.offsetTop - 3 * ROW_HEIGHT
}
