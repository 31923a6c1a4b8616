// The bar of a figure of curves in the browser (lib/ui/parts/figure_bar/component.py draws it).

import { element, fromAddress, intoAddress, showReplay, stopReplay, viewOf } from "../base.js"
import { drawUpTo, figureOf, isGrown, plotly, ready } from "./drawn.js"
import { waitOf } from "./pace.js"
import { showWatched } from "./watched.js"

const SECONDS = 6 // a whole replay, for a lecture
const SHORTEST = 80 // ms per step, so that each is visible
const LONGEST = 500
const PAPER = { width: 1200, height: 640 }
const DRAWN = "thaw_drawn" // the start of the run that was drawn to its end, in this tab
const LOOK_MS = 50 // until the next look whether Plotly has drawn the figure
const EPOCH = "epoch" // parameter of the address: up to where the curves are drawn
const AT_ONCE = "thaw_draw_at_once" // the reader's choice, in this tab

function draw(view, limit) {
  view.limit = limit
  drawUpTo(view, limit)
  show(view)
}

function show(view) {
  const { epochs, live, files, fresh } = view.data
  view.controls.hidden = live
  view.words.hidden = live
  view.paced.hidden = !(live || fresh)
  view.files.hidden = !files || live
  view.slider.max = epochs
  view.slider.value = view.limit
  view.words.textContent = `epoch ${view.limit} of ${epochs}`
  view.slider.setAttribute("aria-valuetext", view.words.textContent)
  showReplay(view)
  showWatched(view)
}

function replay(view) {
  if (view.timer) {
    stopReplay(view)
    show(view)
    return
  }
  stopPacing(view)
  const { epochs } = view.data
  const step = Math.min(LONGEST, Math.max(SHORTEST, (1000 * SECONDS) / epochs))
  view.timer = setInterval(() => {
    if (view.limit + 1 >= epochs) stopReplay(view)
    draw(view, Math.min(view.limit + 1, epochs))
  }, step)
  // From the first epoch, or from where it was paused.
  draw(view, view.limit < epochs ? view.limit : 1)
}

/** Return up to which epoch a link asks to draw: all of them without one. */
function limitInAddress(epochs) {
  const asked = Number(fromAddress(EPOCH))
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, epochs) : epochs
}

// --- While the run is training -------------------------------------------------------------

const atOnce = view => view.hurry.checked || matchMedia("(prefers-reduced-motion: reduce)").matches

/** Whether the reader has started this run and not yet seen it being drawn. */
const isNew = ({ fresh }) => Boolean(fresh) && sessionStorage.getItem(DRAWN) !== fresh

/** Draw the epochs that have arrived one after the other, no faster than an eye can follow. */
function pace(view) {
  view.pacing = null
  const { epochs, phases } = view.data
  if (view.limit >= epochs) {
    if (!view.data.live) sessionStorage.setItem(DRAWN, view.data.fresh)
    return
  }
  if (!ready(view)) {
    view.pacing = setTimeout(() => pace(view), LOOK_MS)
    return
  }
  if (atOnce(view)) {
    draw(view, epochs)
    pace(view)
    return
  }
  const due = (view.drawnAt ?? 0) + waitOf(phases, view.limit + 1, false)
  const wait = due - performance.now()
  if (wait > 0) {
    view.pacing = setTimeout(() => pace(view), wait)
    return
  }
  view.drawnAt = performance.now()
  draw(view, view.limit + 1)
  pace(view)
}

/** Give a figure its curves again when Streamlit has drawn it anew, as after a change of its width. */
function keepGrown(view) {
  if (!view.root.isConnected || !view.data.growing) {
    view.keeping = null
    return
  }
  const figure = ready(view)
  if (figure && view.limit && !isGrown(view, figure)) drawUpTo(view, view.limit)
  view.keeping = setTimeout(() => keepGrown(view), LOOK_MS)
}

/**
 * Hide what Plotly draws of a new figure until it is drawn as far as it is due, so that nothing flashes up.
 *
 * Streamlit draws all of the figure of a run that has ended, of which some epochs may still be due.
 */
function hold(view) {
  if (!view.root.isConnected || view.data.growing || !view.pacing) {
    view.style?.remove()
    view.style = null
    return
  }
  if (!view.style) {
    view.style = element("style")
    const hidden = [".scatterlayer", ".layer-above", ".annotation"]
    view.style.textContent = `${hidden.map(each => `${view.data.figure}:not([data-drawn]) ${each}`)} { visibility: hidden }`
    document.head.append(view.style)
  }
  const figure = figureOf(view)
  if (figure?.data && figure.dataset.drawn === undefined) drawUpTo(view, view.limit)
  requestAnimationFrame(() => hold(view))
}

function stopPacing(view) {
  clearTimeout(view.pacing)
  view.pacing = null
}

// --- Files ---------------------------------------------------------------------------------

function picture(view, format) {
  const figure = figureOf(view)
  if (!figure?.data || !plotly()) return
  let text = JSON.stringify({ data: figure.data, layout: figure.layout })
  for (const [dark, light] of Object.entries(view.data.colours)) text = text.replaceAll(dark, light)
  const { data, layout } = JSON.parse(text)
  const top = (layout.margin?.t ?? 28) + 40
  layout.title = { text: view.data.files.title, x: 0.02, y: 0.98, yanchor: "top", font: { size: 18 } }
  layout.margin = { ...layout.margin, t: top }
  const height = Math.max(PAPER.height, figure.layout.height ?? 0)
  const size = { ...PAPER, height, scale: format === "png" ? 2 : 1 }
  plotly().downloadImage({ data, layout }, { ...size, format, filename: view.data.files.name })
}

function numbers(view) {
  const link = element("a")
  link.href = URL.createObjectURL(new Blob([view.data.files.csv], { type: "text/csv" }))
  link.download = `${view.data.files.name}.csv`
  link.click()
  URL.revokeObjectURL(link.href)
}

function create(view) {
  const find = what => view.root.querySelector(what)
  Object.assign(view, {
    controls: find(".controls"),
    replay: find(".replay"),
    slider: find("input[type=range]"),
    words: find("output"),
    watched: find(".watched"),
    paced: find(".paced"),
    hurry: find(".paced input"),
    files: find(".files"),
    limit: 0,
  })
  view.replay.onclick = () => replay(view)
  view.slider.oninput = () => {
    stopReplay(view)
    stopPacing(view)
    draw(view, Number(view.slider.value))
  }
  view.slider.onchange = () => {
    intoAddress(EPOCH, view.limit < view.data.epochs ? String(view.limit) : "")
  }
  view.hurry.checked = sessionStorage.getItem(AT_ONCE) === "1"
  view.hurry.onchange = () => {
    sessionStorage.setItem(AT_ONCE, view.hurry.checked ? "1" : "")
    stopPacing(view)
    pace(view)
  }
  find(".svg").onclick = () => picture(view, "svg")
  find(".png").onclick = () => picture(view, "png")
  find(".csv").onclick = () => numbers(view)
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  const before = view.data
  if (JSON.stringify(before) !== JSON.stringify(data)) {
    view.data = data
    const known = Boolean(data.run) && before?.run === data.run
    if (known ? before.live || view.pacing : data.live || isNew(data)) {
      if (!known) {
        stopReplay(view)
        stopPacing(view)
        // A run that was just started is drawn from its first epoch, another from where it is.
        view.limit = isNew(data) ? 0 : data.epochs
      }
      // Curves that grow are drawn when they are due, and not once more before; those of another run go.
      const figure = ready(view)
      if (!data.growing || (!known && figure && isGrown(view, figure))) drawWhenThere(view)
      if (!view.pacing) pace(view)
      if (data.growing) {
        if (!view.keeping) keepGrown(view)
      } else if (!view.style) hold(view)
    } else {
      // A new figure, or the same one drawn in another way, starts with all its epochs.
      stopReplay(view)
      stopPacing(view)
      view.limit = before ? data.epochs : limitInAddress(data.epochs)
      drawWhenThere(view)
    }
    show(view)
  }
  return () => {
    stopReplay(view)
    stopPacing(view)
  }
}

/** Draw the figure as far as it goes now, as soon as Plotly has drawn it. */
function drawWhenThere(view, tries = 600) {
  if (!view.root.isConnected && tries < 600) return
  if (!drawUpTo(view, view.limit) && tries) requestAnimationFrame(() => drawWhenThere(view, tries - 1))
}
