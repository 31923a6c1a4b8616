// A dot for each image of a dataset, class by class (lib/ui/images/splits.py draws it).
//
// The use of every image is one letter, and there are `frames` of these strings: one for a split, or
// one for each epoch. The reader steps through them in the browser, without the server.

import { contextOf, element, showReplay, stopReplay, viewOf } from "../base.js"

const ROOM = 240 // height of all dots together, in px
const LARGEST = 18 // largest size of a dot with its margin, in px
const SMALLEST = 3
const STEP_MS = 700 // an epoch, for a lecture
const KEY = 16 // px of a dot in the key

/** Paths in a square of side 1 around the origin. */
const SHAPES = {
  circle: context => context.arc(0, 0, 0.4, 0, 7),
  ring: context => context.arc(0, 0, 0.34, 0, 7),
  square: context => context.rect(-0.4, -0.4, 0.8, 0.8),
  diamond: context => {
    for (const [x, y] of [
      [0, -0.48],
      [0.48, 0],
      [0, 0.48],
      [-0.48, 0],
    ])
      context.lineTo(x, y)
    context.closePath()
  },
}
function sizeOf(total, width) {
  const fitting = Math.floor(Math.sqrt((ROOM * width) / Math.max(1, total)))
  return Math.min(LARGEST, Math.max(SMALLEST, fitting))
}

/** One dot with its middle at (x, y), all in px. */
function drawDot(context, use, size, x, y) {
  const scale = window.devicePixelRatio || 1
  context.setTransform(size * scale, 0, 0, size * scale, x * scale, y * scale)
  context.beginPath()
  SHAPES[use.shape](context)
  context.fillStyle = context.strokeStyle = use.colour
  context.lineWidth = 0.1
  if (use.shape === "ring") context.stroke()
  else context.fill()
}

function sized(canvas, width, height) {
  const scale = window.devicePixelRatio || 1
  canvas.style.height = `${height}px`
  canvas.width = width * scale
  canvas.height = height * scale
  return contextOf(canvas)
}

function drawClass(view, canvas, letters, size) {
  const width = canvas.parentElement.clientWidth
  const columns = Math.max(1, Math.floor(width / size))
  const context = sized(canvas, width, Math.ceil(letters.length / columns) * size)
  for (let at = 0; at < letters.length; at++) {
    const [row, column] = [Math.floor(at / columns), at % columns]
    drawDot(context, view.uses[letters[at]], size, (column + 0.5) * size, (row + 0.5) * size)
  }
}

function draw(view) {
  const { data } = view
  const frame = data.frames[view.at]
  const total = frame.groups.reduce((sum, letters) => sum + letters.length, 0)
  const size = sizeOf(total, view.classes.clientWidth)
  frame.groups.forEach((letters, place) => drawClass(view, view.canvases[place], letters, size))
  for (const use of data.uses) view.counts[use.code].textContent = (frame.counts[use.code] ?? 0).toLocaleString("en")
  if (data.frames.length > 1) {
    view.slider.value = view.at + 1
    view.words.textContent = frame.words
    view.slider.setAttribute("aria-valuetext", frame.words)
    showReplay(view)
  }
}

function replay(view) {
  const last = view.data.frames.length - 1
  if (view.timer) {
    stopReplay(view)
    return draw(view)
  }
  // From the start, or from where it was paused.
  if (view.at === last) view.at = 0
  view.timer = setInterval(() => {
    view.at += 1
    if (view.at >= last) stopReplay(view)
    draw(view)
  }, STEP_MS)
  draw(view)
}

function key(view) {
  view.counts = {}
  const lines = view.data.uses.map(use => {
    const picture = element("canvas", { "aria-hidden": "true" })
    drawDot(sized(picture, KEY, KEY), use, KEY, KEY / 2, KEY / 2)
    view.counts[use.code] = element("b")
    return element("li", {}, picture, view.counts[use.code], use.name)
  })
  return element("ul", { class: "key", "aria-label": "What the dots mean" }, ...lines)
}

function steps(view) {
  if (view.data.frames.length === 1) return []
  view.replay = element("button", { class: "replay", onclick: () => replay(view) })
  view.slider = element("input", {
    type: "range",
    min: 1,
    max: view.data.frames.length,
    "aria-label": "Epoch",
  })
  view.slider.oninput = () => {
    stopReplay(view)
    view.at = Number(view.slider.value) - 1
    draw(view)
  }
  view.words = element("output")
  return [element("div", { class: "steps" }, view.replay, view.slider, view.words)]
}

function build(view) {
  const { data, root } = view
  view.uses = Object.fromEntries(data.uses.map(use => [use.code, use]))
  view.at = 0
  view.canvases = data.names.map(() => element("canvas", { "aria-hidden": "true" }))
  const blocks = data.names.map((name, place) =>
    element(
      "div",
      {},
      element(
        "p",
        { class: "class-name" },
        name,
        element("span", {}, data.frames[0].groups[place].length.toLocaleString("en")),
      ),
      view.canvases[place],
    ),
  )
  view.classes = element("div", { class: "classes", role: "img", "aria-label": data.label }, ...blocks)
  root.replaceChildren(...steps(view), key(view), view.classes)
}

export default function (component) {
  const { data } = component
  const view = viewOf(component)
  if (JSON.stringify(view.data) !== JSON.stringify(data)) {
    stopReplay(view)
    view.data = data
    build(view)
  }
  draw(view)
  // A window that changes its width has other columns.
  view.observer ??= new ResizeObserver(() => {
    const width = view.classes.clientWidth
    if (width && width !== view.width) draw(view)
    view.width = width
  })
  view.observer.observe(view.root)
  return () => {
    stopReplay(view)
    view.observer.disconnect()
  }
}
