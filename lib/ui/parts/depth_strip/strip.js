// The strip of a backbone as a control of depth. All strips of a page show the same depth.

import { draggable, element, svg } from "../base.js"

const MOVED = "thaw-depth" // the event by which a strip tells the others

/** What a piece of the strip is called for a reader. @param {string} block */
export function depthName(block) {
  const number = /^block_(\d+)$/.exec(block)
  return number ? `block ${number[1]}` : block
}

/**
 * Make a strip with one piece for each depth.
 *
 * @param {{block: string, grid: number, channels: number, field: number}[]} depths
 * @param {(place: number) => void} show Called at once with each new place, also of another strip
 * @param {(place: number) => void} settle Called when the reader has moved it here
 */
export function depthStrip(depths, show, settle = () => {}) {
  const knob = element("button", {
    type: "button",
    class: "depth-knob",
    role: "slider",
    "aria-label": "Depth",
    "aria-valuemin": 0,
    "aria-valuemax": depths.length - 1,
  })
  const pieces = depths.map((_, place) => {
    const x = `${(100 * place) / depths.length}%`
    return svg("rect", { x, width: `calc(${100 / depths.length}% - 2px)`, height: 40 })
  })
  const drawing = svg("svg", { "aria-hidden": "true" }, ...pieces)
  const strip = element("div", { class: "depth-strip" }, knob, drawing)
  const ends = element(
    "div",
    { class: "depth-ends" },
    element("span", {}, "image"),
    element("span", { class: "depth-hint" }, "Drag the ball to go deeper, or press the arrow keys."),
    element("span", {}, "features of the whole network"),
  )
  const root = element("div", {}, strip, ends)
  const made = { root, place: 0, paint, move, stop }

  function paint(place) {
    // A strip that was taken off the page and is drawn again listens again.
    document.addEventListener(MOVED, heard)
    made.place = place
    pieces.forEach((piece, at) => piece.setAttribute("class", at < place ? "below" : at === place ? "here" : "above"))
    knob.style.left = `${(100 * (place + 0.5)) / depths.length}%`
    const { block, grid, channels } = depths[place]
    knob.setAttribute("aria-valuenow", String(place))
    knob.setAttribute("aria-valuetext", `${depthName(block)}, ${channels} channels of ${grid} x ${grid}`)
    show(place)
  }

  /** Move here, and in all other strips; `settled` is false while the reader still moves. */
  function move(to, settled = true) {
    const place = Math.max(0, Math.min(depths.length - 1, to))
    if (place !== made.place) paint(place)
    document.dispatchEvent(new CustomEvent(MOVED, { detail: { place, from: made, settled } }))
    if (settled) settle(place)
  }

  /** @param {Event} event */
  const heard = event => {
    const { place, from, settled } = /** @type {CustomEvent} */ (event).detail
    if (from === made) return
    if (place !== made.place) paint(place)
    if (settled) settle(place)
  }

  /** Listen no more, and let go of what is drawn: the document holds on to its listeners. */
  function stop() {
    document.removeEventListener(MOVED, heard)
  }

  const at = event => {
    const box = drawing.getBoundingClientRect()
    return Math.floor(((event.clientX - box.left) / box.width) * depths.length)
  }
  draggable(
    strip,
    knob,
    event => move(at(event), false),
    () => move(made.place),
    event => {
      const place = Math.max(0, Math.min(depths.length - 1, at(event)))
      strip.title = `${depthName(depths[place].block)}: ${depths[place].channels} channels`
    },
  )
  knob.onkeydown = event => {
    const to = {
      ArrowRight: made.place + 1,
      ArrowUp: made.place + 1,
      ArrowLeft: made.place - 1,
      ArrowDown: made.place - 1,
      PageUp: made.place + 3,
      PageDown: made.place - 3,
      Home: 0,
      End: depths.length - 1,
    }[event.key]
    if (to === undefined) return
    event.preventDefault()
    move(to)
  }
  return made
}
