// The strip of layers, drawn to scale, on which the reader moves the cut.

import { count, draggable, element, fromAddress, intoAddress, svg } from "../base.js"
import { moveCut, sendPlan } from "./gestures.js"
import { isFrozen, nextBlock } from "./numbers.js"

const NARROW = 3 // px: a narrower cell gets no gap, or it would disappear
// px: the head is not drawn to scale, or most heads would be too narrow to see
const HEAD = { wide: 92, narrow: 56, gap: 6 }
const TELEPHONE = 480 // px: a strip up to this width has the narrow head

const WIDTHS = {
  params: { word: "parameters", of: layer => layer.params },
  layers: { word: "layers", of: () => 1 },
  multiplyAdds: { word: "calculations", of: layer => layer.multiplyAdds },
}

const WIDTH = "width" // parameter of the address
const FIRST = "params"
// A view option, of which the server knows nothing: it is kept when the page changes.
let widthBy = FIRST

/** Make the radio buttons that choose what the width of a layer shows. */
export function widthRadios(view) {
  const asked = fromAddress(WIDTH)
  if (asked && Object.hasOwn(WIDTHS, asked)) widthBy = asked
  return Object.entries(WIDTHS).map(([value, { word }]) => {
    const onchange = () => {
      widthBy = value
      intoAddress(WIDTH, value === FIRST ? "" : value)
      drawStrip(view)
      view.render()
    }
    const checked = value === widthBy
    const radio = element("input", { type: "radio", name: "width", value, checked, onchange })
    return element("label", {}, radio, element("span", {}, word))
  })
}

const headWidth = view => (view.svg.clientWidth > TELEPHONE ? HEAD.wide : HEAD.narrow)

/** Return the left edges of all layers in px, and the right edge of the last one; the head is beyond. */
function edges(view) {
  const size = WIDTHS[widthBy].of
  const sizes = view.table.layers.map(size)
  const whole = sizes.reduce((sum, one) => sum + one, 0)
  const scale = Math.max(0, view.svg.clientWidth - headWidth(view) - HEAD.gap) / whole
  let at = 0
  return [0, ...sizes.map(one => (at += one * scale))]
}

export function drawStrip(view) {
  const { table } = view
  view.edges = edges(view)
  view.drawnWidth = view.svg.clientWidth
  view.cells = table.layers.map((layer, index) => {
    const [left, right] = view.edges.slice(index, index + 2)
    if (right <= left) return null
    const next = table.layers[index + 1]
    const gap = right - left < NARROW ? 0 : next && next.block !== layer.block ? 2 : 0.75
    const width = right - left - gap
    const part = layer.params ? (layer.statistics / layer.params) * width : 0
    const cell = svg("rect", { x: left, width })
    const x = left + width - part
    const statistics = part ? svg("rect", { x, width: part, class: "statistics" }) : null
    return { cell, statistics }
  })
  const layers = view.cells.flatMap(drawn => Object.values(drawn ?? {}).filter(Boolean))
  view.svg.replaceChildren(...layers, ...drawHead(view))
  view.root.style.setProperty("--head", `${headWidth(view)}px`)
}

/** Draw the head: the last piece of every strip, which no plan freezes. */
function drawHead(view) {
  const width = headWidth(view)
  const middle = view.drawnWidth - width / 2
  view.headCount = svg("text", { x: middle, y: 44 })
  return [
    svg("rect", { x: view.drawnWidth - width, width, class: "trainable" }),
    svg("text", { x: middle, y: width === HEAD.wide ? 25 : 33, class: "head-name" }, "head"),
    view.headCount,
  ]
}

export function paintStrip(view) {
  const { table, plan } = view
  view.cells.forEach((drawn, index) => {
    if (!drawn) return
    const layer = table.layers[index]
    const frozen = isFrozen(layer, index, plan)
    // A layer without weights is not trained; it is painted like its side of the cut.
    drawn.cell.setAttribute("class", frozen ? "frozen" : "trainable")
    if (drawn.statistics) drawn.statistics.style.display = frozen ? "none" : ""
  })
  // Beside a narrow head there is no room for the number; its tooltip has it.
  view.headCount.textContent = headWidth(view) === HEAD.wide ? count(view.head.params) : ""
  const last = table.layers.length
  const x = view.edges[plan.cut]
  view.cut.style.left = view.knob.style.left = `${x}px`
  const words =
    plan.cut === last
      ? "everything frozen: only the head is trained"
      : plan.cut === 0
        ? "everything thawed"
        : `thaw from ${table.layers[plan.cut].name} (layer ${plan.cut})`
  view.cutWords.textContent = words
  view.cut.classList.toggle("leftward", x > view.drawnWidth * 0.55)
  view.knob.setAttribute("aria-valuemax", last)
  view.knob.setAttribute("aria-valuenow", plan.cut)
  view.knob.setAttribute("aria-valuetext", `${words}; ${count(view.numbers.trainable)} trainable parameters`)
}

function layerAt(view, clientX) {
  const x = clientX - view.svg.getBoundingClientRect().left
  let index = view.edges.findIndex(edge => edge > x) - 1
  if (x <= 0) index = 0
  return x >= view.edges.at(-1) - 1 || index < 0 ? view.table.layers.length : index
}

export function listenToStrip(view) {
  const drag = event => moveCut(view, layerAt(view, event.clientX), { commit: false })
  const drop = () => sendPlan(view)
  draggable(view.strip, view.knob, drag, drop, event => hover(view, event))
  view.strip.onpointerleave = () => view.strip.removeAttribute("title")
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
    // A cut of 0 thaws everything; the next cut is after the first layer with weights.
    const first = layers.findIndex(layer => layer.params > 0)
    moveCut(view, cut === 0 && to > 0 ? Math.max(to, first + 1) : to)
  }
}

function hover(view, event) {
  const index = layerAt(view, event.clientX)
  const layer = view.table.layers[index]
  view.strip.title = layer
    ? `${index} ${layer.name}: ${count(layer.params)} parameters`
    : `The head: ${count(view.head.params)} parameters. It is new, so it is always trained.`
}
