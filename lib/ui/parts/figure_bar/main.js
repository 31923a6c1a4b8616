// The bar below the curves in the browser (lib/ui/parts/figure_bar/component.py draws it).
//
// Every point of a figure has its epoch as the first value of `customdata`, and an annotation that
// appears at an epoch is named "reached" with it. Plotly is loaded once it has drawn a figure.

import { element, showReplay, stopReplay, viewOf } from "../base.js"

const SECONDS = 6 // a whole replay, for a lecture
const SHORTEST = 80 // ms per step, so that each is visible
const LONGEST = 500
const PAPER = { width: 1200, height: 640 }

const plotly = () => /** @type {any} */ (window).Plotly
const figureOf = view => document.querySelector(view.data.figure)

/** Return the original figure with all its epochs; null while there is none. */
function whole(view) {
  const figure = figureOf(view)
  if (!figure?.data || !plotly()) return null
  if (view.whole?.figure !== figure) {
    const traces = figure.data.map(({ x, y, customdata }) => ({ x, y, customdata }))
    view.whole = { figure, traces, notes: figure.layout.annotations ?? [] }
  }
  return view.whole
}

/** Draw only the epochs up to a limit. */
function draw(view, limit) {
  const all = whole(view)
  if (!all) return
  view.limit = limit
  const data = all.traces.map(({ x, y, customdata }) => {
    // Later points are null, because Plotly does not update a trace without any values.
    const kept = values => [...values].map((value, at) => (!customdata || customdata[at][0] <= limit ? value : null))
    return { x: kept(x), y: kept(y) }
  })
  const still = { mode: "immediate", frame: { duration: 0, redraw: false }, transition: { duration: 0 } }
  plotly().animate(all.figure, { data, traces: data.map((_, at) => at) }, still)
  const changes = {}
  all.notes.forEach((note, at) => {
    if (!note.name?.startsWith("reached")) return
    const visible = Number(note.name.split(" ")[1]) <= limit
    const now = all.figure.layout.annotations[at]
    if (now && (now.visible ?? true) !== visible) changes[`annotations[${at}].visible`] = visible
  })
  if (Object.keys(changes).length) plotly().relayout(all.figure, changes)
  show(view)
}

function show(view) {
  const { epochs } = view.data
  view.slider.max = epochs
  view.slider.value = view.limit
  view.words.textContent = `epoch ${view.limit} of ${epochs}`
  view.slider.setAttribute("aria-valuetext", view.words.textContent)
  showReplay(view)
}

function replay(view) {
  if (view.timer) {
    stopReplay(view)
    show(view)
    return
  }
  const { epochs } = view.data
  const step = Math.min(LONGEST, Math.max(SHORTEST, (1000 * SECONDS) / epochs))
  view.timer = setInterval(() => {
    if (view.limit + 1 >= epochs) stopReplay(view)
    draw(view, Math.min(view.limit + 1, epochs))
  }, step)
  // From the first epoch, or from where it was paused.
  draw(view, view.limit < epochs ? view.limit : 1)
}

// --- Files ---------------------------------------------------------------------------------

function picture(view, format) {
  const figure = figureOf(view)
  if (!figure?.data || !plotly()) return
  let text = JSON.stringify({ data: figure.data, layout: figure.layout })
  for (const [dark, light] of Object.entries(view.data.colours)) text = text.replaceAll(dark, light)
  const { data, layout } = JSON.parse(text)
  const top = (layout.margin?.t ?? 28) + 40
  layout.title = { text: view.data.title, x: 0.02, y: 0.98, yanchor: "top", font: { size: 18 } }
  layout.margin = { ...layout.margin, t: top }
  const height = Math.max(PAPER.height, figure.layout.height ?? 0)
  const size = { ...PAPER, height, scale: format === "png" ? 2 : 1 }
  plotly().downloadImage({ data, layout }, { ...size, format, filename: view.data.fileName })
}

function numbers(view) {
  const link = element("a")
  link.href = URL.createObjectURL(new Blob([view.data.csv], { type: "text/csv" }))
  link.download = `${view.data.fileName}.csv`
  link.click()
  URL.revokeObjectURL(link.href)
}

function create(view) {
  const find = what => view.root.querySelector(what)
  Object.assign(view, { replay: find(".replay"), slider: find("input"), words: find("output") })
  view.replay.onclick = () => replay(view)
  view.slider.oninput = () => {
    stopReplay(view)
    draw(view, Number(view.slider.value))
  }
  find(".svg").onclick = () => picture(view, "svg")
  find(".png").onclick = () => picture(view, "png")
  find(".csv").onclick = () => numbers(view)
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  // A new figure, or the same one drawn in another way, starts with all its epochs.
  if (JSON.stringify(view.data) !== JSON.stringify(data)) {
    stopReplay(view)
    view.data = data
    view.whole = null
    view.limit = data.epochs
    show(view)
  }
  return () => stopReplay(view)
}
