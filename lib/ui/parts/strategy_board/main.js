// The questions, the recommendation and the map in the browser (lib/ui/parts/strategy_board/component.py draws it).
//
// Answers are {images, classes, similarity, minutes, phone, noisy}. A change looks up what they lead
// to at once and sends all of them; what the server says of them replaces it.

const SVG = "http://www.w3.org/2000/svg"
const MARGIN = 14 // px around the plane, so that a dot on its edge is whole
const STEP = 0.05 // of a power of ten, and half of it of the scale: one arrow key
const LEAP = 5 // steps of a page key
const TYPING = 400 // ms: after so long without another digit a number is meant as it stands
const LABEL = 13.5 // px: height of the letters of a label, as in the style sheet

const count = number => number.toLocaleString("en-US")
const within = (low, value, high) => Math.min(high, Math.max(low, value))

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** A number of images as a hand means it: two digits that count. */
function rounded(images) {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(images)) - 1)
  return Math.max(1, Math.round(images / unit) * unit)
}

// --- The rule, looked up -------------------------------------------------------------------

function largeFrom(fixed, answers) {
  const { images, perClass, noisy } = fixed.border
  return Math.max(images, perClass * answers.classes) * (answers.noisy ? noisy : 1)
}

/** What lib.core.strategy.rule says of the answers. */
function lookUp(fixed, answers) {
  const border = largeFrom(fixed, answers)
  const { fields, similar } = fixed.map
  const at = (large, alike) =>
    fields.find(field => field.large === large && field.similar === alike).region
  const large = answers.images >= border
  const alike = answers.similarity >= similar
  const hurry = answers.minutes !== null && answers.minutes < fixed.headOnlyMinutes
  const key = [answers.noisy, hurry, answers.phone].map(Number).join("")
  const region = at(large, alike)
  const { nearFactor, nearSimilarity } = fixed.border
  const share = answers.images / border
  const neighbours = []
  if (share >= 1 / nearFactor && share <= nearFactor) neighbours.push(at(!large, alike))
  if (Math.abs(answers.similarity - similar) <= nearSimilarity) neighbours.push(at(large, !alike))
  return { ...fixed.advices[key][region], key, border, neighbours }
}

// --- Gestures ------------------------------------------------------------------------------

function change(view, changes, { commit = true } = {}) {
  view.answers = { ...view.answers, ...changes }
  view.own = false
  // What the server says of an earlier change is out of date from now on.
  view.gesture += 1
  view.root.dataset.pending = "" // until the server has said the same
  render(view)
  if (commit) send(view)
}

function send(view, answers = view.answers) {
  clearTimeout(view.typing)
  view.gesture += 1
  view.trigger("gesture", { ...answers, dataset: view.dataset.id, number: view.gesture })
}

/** The answers at a place of the plane; on the edge of the axis the number stays what it is. */
function answersAt(view, event) {
  const box = view.svg.getBoundingClientRect()
  const { lowest, highest } = view.fixed.map.axis
  const across = within(0, (event.clientX - box.left - MARGIN) / (box.width - 2 * MARGIN), 1)
  const down = within(0, (event.clientY - box.top - MARGIN) / (box.height - 2 * MARGIN), 1)
  return {
    images: rounded(lowest * (highest / lowest) ** across),
    similarity: Math.round((1 - down) * 100) / 100,
  }
}

function listenToPlane(view) {
  const { plane, point } = view
  const drag = event => change(view, answersAt(view, event), { commit: false })
  plane.onpointerdown = event => {
    if (event.button) return
    plane.setPointerCapture(event.pointerId)
    view.dragging = true
    drag(event)
    point.focus({ preventScroll: true })
    event.preventDefault()
  }
  plane.onpointermove = event => view.dragging && drag(event)
  plane.onpointerup = plane.onpointercancel = () => {
    if (view.dragging) send(view)
    view.dragging = false
  }
  point.onkeydown = event => {
    const [right, up] =
      {
        ArrowRight: [1, 0],
        ArrowLeft: [-1, 0],
        ArrowUp: [0, 1],
        ArrowDown: [0, -1],
        End: [LEAP, 0],
        Home: [-LEAP, 0],
        PageUp: [0, LEAP],
        PageDown: [0, -LEAP],
      }[event.key] ?? []
    if (right === undefined) return
    event.preventDefault()
    const { images, similarity } = view.answers
    const wider = rounded(images * 10 ** (right * STEP))
    change(view, {
      // Among few images a step is one of them.
      images: within(1, wider === images ? images + right : wider, view.fixed.most.images),
      similarity: within(0, Math.round((similarity + (up * STEP) / 2) * 1000) / 1000, 1),
    })
  }
}

// --- The questions -------------------------------------------------------------------------

function buildQuestions(view) {
  const { lowest, highest } = view.fixed.map.axis
  const number = (name, low, high) =>
    element("input", {
      id: name,
      type: "number",
      min: low,
      max: high,
      step: 1,
      oninput: event => {
        const value = event.target.valueAsNumber
        if (!Number.isInteger(value) || value < low || value > high) return
        change(view, { [name]: value }, { commit: false })
        clearTimeout(view.typing)
        view.typing = setTimeout(() => send(view), TYPING)
      },
      onchange: event => {
        if (event.target.valueAsNumber !== view.answers[name]) render(view, { force: true })
        else send(view)
      },
    })
  // Ids are those of this component alone: it stands in a shadow root.
  view.images = number("images", 1, view.fixed.most.images)
  view.classes = number("classes", 2, view.fixed.most.classes)
  view.range = element("input", {
    type: "range",
    "aria-label": "Labelled images to train on, on a scale of tens",
    min: Math.log10(lowest),
    max: Math.log10(highest),
    step: 0.05,
    oninput: event =>
      change(view, { images: rounded(10 ** event.target.valueAsNumber) }, { commit: false }),
    onchange: () => send(view),
  })
  const box = (words, read) => {
    const input = element("input", {
      type: "checkbox",
      onchange: event => change(view, read(event.target.checked)),
    })
    return [input, element("label", {}, input, element("span", {}, words))]
  }
  const hurry = on => ({ minutes: on ? view.fixed.hurryMinutes : null })
  const [hurryBox, hurryLabel] = box("I have less than a minute", hurry)
  const [phoneBox, phoneLabel] = box("It has to run on a phone", on => ({ phone: on }))
  const [noisyBox, noisyLabel] = box("Many labels are wrong", on => ({ noisy: on }))
  Object.assign(view, { hurryBox, phoneBox, noisyBox })
  view.back = element("button", {
    type: "button",
    onclick: () => send(view, { ...view.answers, images: null }),
  })
  view.whose = element("span")
  view.notes = element("ul", { class: "notes" })
  view.root.querySelector(".questions").replaceChildren(
    element(
      "div",
      { class: "numbers" },
      element("label", { for: "images" }, "Labelled images to train on"),
      element("label", { for: "classes" }, "Classes"),
      view.images,
      view.range,
      view.classes
    ),
    element("div", { class: "boxes", role: "group", "aria-label": "If it matters" }, hurryLabel, phoneLabel, noisyLabel),
    view.notes,
    element("p", { class: "whose" }, view.whose, " ", view.back)
  )
}

function buildKinds(view) {
  const { kinds } = view.fixed.map
  view.radios = kinds.map(kind => {
    const picture = view.fixed.pictures[kind.id]
    const radio = element("input", {
      type: "radio",
      name: "kind",
      value: kind.id,
      onchange: () => change(view, { similarity: kind.value }),
    })
    const label = element(
      "label",
      { title: kind.example },
      radio,
      picture ? element("img", { src: picture, alt: "" }) : element("span"),
      element("span", { class: "words" }, kind.words)
    )
    label.style.setProperty("--down", 1 - kind.value)
    return { kind, radio, label }
  })
  const legend = view.kinds.querySelector("legend")
  const places = element("div", { class: "places" }, ...view.radios.map(({ label }) => label))
  view.kinds.replaceChildren(legend, places)
  spread(view)
}

/** Labels that would cover each other make room, as near to their place as they can. */
function spread(view) {
  const places = view.kinds.querySelector(".places")
  const height = places.clientHeight - 2 * MARGIN
  if (height <= 0) return
  const labels = view.radios.map(({ label, kind }) => ({
    label,
    size: label.offsetHeight + 2,
    at: MARGIN + (1 - kind.value) * height,
  }))
  const ends = [0, places.clientHeight]
  let free = ends[0]
  for (const one of labels) {
    one.top = Math.max(free, one.at - one.size / 2)
    free = one.top + one.size
  }
  let below = ends[1]
  for (const one of [...labels].reverse()) {
    one.top = Math.min(one.top, below - one.size)
    below = one.top
    one.label.style.top = `${one.top}px`
  }
}

// --- The map -------------------------------------------------------------------------------

function place(view, images, similarity) {
  const { lowest, highest } = view.fixed.map.axis
  const share = Math.log(within(lowest, images, highest) / lowest) / Math.log(highest / lowest)
  return [
    MARGIN + share * (view.width - 2 * MARGIN),
    MARGIN + (1 - similarity) * (view.height - 2 * MARGIN),
  ]
}

function mark(view, way, [x, y], told, size) {
  const { mark: outline, colour } = view.fixed.map.ways[way]
  return svg("path", {
    d: outline,
    transform: `translate(${x} ${y}) scale(${size})`,
    class: told ? "mark told" : "mark",
    style: `--colour: ${colour}`,
    "data-way": way,
  })
}

/** How wide words are in a label, in px. */
function wide(view, words, size = LABEL) {
  view.canvas ??= document.createElement("canvas").getContext("2d")
  view.canvas.font = `${size}px ${getComputedStyle(view.svg).fontFamily}`
  return view.canvas.measureText(words).width
}

/** Where words fit beside a mark, right, left or below it; null where they would cover others. */
function besides(view, [x, y], words, taken) {
  const long = wide(view, words)
  for (const [left, middle] of [
    [x + 12, y],
    [x - 12 - long, y],
    [x - 8, y + 20],
    [x + 8 - long, y + 20],
  ]) {
    const box = { left, right: left + long, top: middle - 9, bottom: middle + 9 }
    const covers = other =>
      box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom
    if (left < 2 || box.right > view.width - 2 || taken.some(covers)) continue
    taken.push(box)
    return svg("text", { x: left, y: middle + 5, class: "dataset" }, words)
  }
  return null
}

function around([x, y], half) {
  return { left: x - half, right: x + half, top: y - half, bottom: y + half }
}

function drawMap(view) {
  const { fields, dots, references, axis, similar } = view.fixed.map
  view.width = view.svg.clientWidth
  view.height = view.svg.clientHeight
  const [x, y] = place(view, largeFrom(view.fixed, view.answers), similar)
  const areas = []
  const names = []
  const taken = []
  for (const field of fields) {
    const [left, right] = field.large ? [x, view.width] : [0, x]
    const [top, bottom] = field.similar ? [0, y] : [y, view.height]
    areas.push(
      svg("rect", {
        x: left,
        y: top,
        width: Math.max(0, right - left),
        height: bottom - top,
        fill: field.colour,
        "fill-opacity": field.opacity,
        "data-region": field.region,
      })
    )
    const half = wide(view, field.words, 1.2 * LABEL) / 2 // bold, and a little larger
    const at = [(left + right) / 2, place(view, 1, field.at)[1]]
    if (right - left < 2 * half + 8) continue
    taken.push({ left: at[0] - half, right: at[0] + half, top: at[1] - 12, bottom: at[1] + 8 })
    names.push(svg("text", { x: at[0], y: at[1] + 5, "text-anchor": "middle", class: "field" }, field.words))
  }
  const grid = []
  for (let images = axis.lowest; images <= axis.highest; images *= 10) {
    const [at] = place(view, images, 0)
    grid.push(svg("line", { x1: at, x2: at, y1: 0, y2: view.height, class: "grid" }))
  }
  const points = [...dots, ...references].map(one => ({ one, at: place(view, one.images, one.similarity) }))
  points.forEach(({ at }) => taken.push(around(at, 8)))
  const named = new Set()
  const labels = points.map(({ one, at }) => {
    // A name once, beside the last of its dots, so that it does not stand between two.
    const later = one.way && dots.findLast(dot => dot.dataset === one.dataset) !== one
    if (later || named.has(one.dataset)) return null
    const label = besides(view, at, one.dataset, taken)
    if (label) named.add(one.dataset)
    return label
  })
  const marks = points.map(({ one, at }) => {
    const drawn = one.way
      ? mark(view, one.way, at, one.told, 8)
      : svg("circle", { cx: at[0], cy: at[1], r: 4, class: "reference" })
    drawn.append(svg("title", {}, one.words))
    return drawn
  })
  view.svg.replaceChildren(...areas, ...grid, ...names, ...labels.filter(Boolean), ...marks.reverse())
  view.under.replaceChildren(
    ...Array.from({ length: Math.round(Math.log10(axis.highest / axis.lowest)) + 1 }, (_, i) => {
      const images = axis.lowest * 10 ** i
      const tick = element("span", {}, count(images))
      tick.style.left = `${(100 * place(view, images, 0)[0]) / view.width}%`
      return tick
    })
  )
}

function buildLegend(view) {
  const { ways, dots, inWords } = view.fixed.map
  view.root.querySelector(".spoken").textContent = inWords
  const won = Object.keys(ways).filter(way => dots.some(dot => dot.way === way))
  const shape = way => {
    const drawn = svg("svg", { viewBox: "-1.4 -1.4 2.8 2.8", "aria-hidden": "true" })
    drawn.append(mark(view, way, [0, 0], true, 1))
    return drawn
  }
  const hollow = dots.some(dot => !dot.told)
  view.legend.replaceChildren(
    element("li", {}, "Recorded runs, won by:"),
    ...won.map(way => element("li", {}, shape(way), ways[way].title)),
    ...(hollow ? [element("li", {}, "hollow: by no more than chance")] : [])
  )
}

// --- All of it -----------------------------------------------------------------------------

function render(view, { force = false } = {}) {
  const { fixed, answers } = view
  const advice = lookUp(fixed, answers)
  view.advice = advice
  const { plans, map } = fixed
  view.root.dataset.region = advice.region
  view.title.textContent = advice.title
  view.reason.textContent = advice.reason
  const plan = plans[advice.way]
  if (view.strip.src !== plan.picture) view.strip.src = plan.picture
  view.strip.alt = `The layers of the backbone: ${plan.words}`
  view.learns.textContent = plan.words
  const beyond = advice.neighbours.map(region => fixed.advices[advice.key][region])
  const others = [...new Set(beyond.map(other => other.title))].filter(title => title !== advice.title)
  view.near.textContent = others.length ? `Close to a border. Beyond it: ${others.join("; ")}.` : ""
  view.notes.replaceChildren(...advice.notes.map(note => element("li", {}, note)))

  // What is being typed stays as it is.
  const focused = view.root.getRootNode().activeElement
  for (const [input, value] of [
    [view.images, answers.images],
    [view.classes, answers.classes],
  ])
    if (force || input !== focused || !view.root.hasAttribute("data-pending")) input.value = value
  view.range.value = Math.log10(within(map.axis.lowest, answers.images, map.axis.highest))
  view.range.setAttribute("aria-valuetext", `${count(answers.images)} images`)
  view.hurryBox.checked = answers.minutes !== null && answers.minutes < fixed.headOnlyMinutes
  view.phoneBox.checked = answers.phone
  view.noisyBox.checked = answers.noisy
  for (const { kind, radio } of view.radios)
    radio.checked = Math.abs(kind.value - answers.similarity) < 0.005
  view.whose.textContent = view.own
    ? view.knowsKind
      ? `Answered by the dataset: ${view.dataset.title}. Change anything for other data.`
      : `The numbers are those of ${view.dataset.title}; what the images show, only you can say.`
    : "These are your own answers."
  view.back.hidden = view.own
  view.back.textContent = `Back to ${view.dataset.title}`

  const border = largeFrom(fixed, answers)
  if (view.border !== border || view.width !== view.svg.clientWidth || force) {
    view.border = border
    drawMap(view)
  }
  const [x, y] = place(view, answers.images, answers.similarity)
  view.point.style.left = `${x}px`
  view.point.style.top = `${y}px`
  view.point.setAttribute(
    "aria-label",
    `Your data: ${count(answers.images)} images, similarity ${answers.similarity}. ` +
      `${advice.title}. Arrow keys move it.`
  )
  for (const area of view.svg.querySelectorAll("rect"))
    area.classList.toggle("here", area.dataset.region === advice.region)
}

function create(root) {
  const find = name => root.querySelector(name)
  const view = {
    root,
    title: find("h2"),
    reason: find(".reason"),
    strip: find(".strip"),
    learns: find(".learns"),
    near: find(".near"),
    kinds: find(".kinds"),
    plane: find(".plane"),
    svg: find(".plane svg"),
    point: find(".point"),
    under: find(".under"),
    legend: find(".legend"),
    gesture: 0,
  }
  listenToPlane(view)
  view.observer = new ResizeObserver(() => {
    if (!view.fixed || view.svg.clientWidth === view.width) return
    spread(view)
    render(view, { force: true })
  })
  view.observer.observe(view.svg)
  return view
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".strategy")
  let view = instances.get(root)
  if (!view) instances.set(root, (view = create(root)))
  view.trigger = setTriggerValue

  const changed = view.fixedText !== data.fixed
  if (changed) {
    view.fixedText = data.fixed
    view.fixed = JSON.parse(data.fixed)
    buildQuestions(view)
    buildKinds(view)
    buildLegend(view)
  }
  // An answer to an older gesture is out of date: the next one is on its way.
  if (changed || data.dataset.id !== view.dataset?.id || data.gesture >= view.gesture) {
    view.dataset = data.dataset
    view.own = data.own
    view.knowsKind = data.knowsKind
    view.answers = data.answers
    const mine = lookUp(view.fixed, data.answers)
    const { region, way, title, largeFrom: border, neighbours } = data.advice
    const agree =
      mine.region === region &&
      mine.way === way &&
      mine.title === title &&
      mine.border === border &&
      mine.neighbours.join() === neighbours.join()
    if (!agree) {
      root.dataset.disagrees = JSON.stringify({ mine, server: data.advice })
      console.error("The browser and the server recommend differently", root.dataset.disagrees)
    }
    view.gesture = Math.max(view.gesture, data.gesture)
    delete root.dataset.pending
    render(view, { force: changed })
  }
  return () => view.observer.disconnect()
}
