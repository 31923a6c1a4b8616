// The map: its fields, the recorded runs and their positions.

import { count, element, svg } from "../base.js"
import { MARGIN, largeFrom, within } from "./numbers.js"

const LABEL = 14 // px: height of the letters of a label, as in the style sheet

/** Return the position of a number of images and a similarity in px. @returns {[number, number]} */
export function place(view, images, similarity) {
  const { lowest, highest } = view.fixed.map.axis
  const share = Math.log(within(lowest, images, highest) / lowest) / Math.log(highest / lowest)
  return [MARGIN + share * (view.width - 2 * MARGIN), MARGIN + (1 - similarity) * (view.height - 2 * MARGIN)]
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

/** Return the width of a label in px. */
function wide(view, words, size = LABEL) {
  view.canvas ??= document.createElement("canvas").getContext("2d")
  view.canvas.font = `${size}px ${getComputedStyle(view.svg).fontFamily}`
  return view.canvas.measureText(words).width
}

/** Place a label right, left or below a mark; null if it would cover other labels. */
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

export function around([x, y], half) {
  return { left: x - half, right: x + half, top: y - half, bottom: y + half }
}

/** Draw where the borders may lie, as far as the recorded runs can tell. */
function uncertainty(view, y) {
  const { bands, axis } = view.fixed.map
  const found = []
  const add = (left, top, right, bottom, words) => {
    const drawn = svg("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "band" })
    drawn.append(svg("title", {}, words))
    found.push(drawn)
  }
  if (bands.images) {
    const [low, high] = bands.images
    // Only where images are similar: elsewhere the rule thaws on both sides.
    const left = place(view, low ?? axis.lowest, 1)[0]
    add(left, 0, place(view, high ?? axis.highest, 1)[0], y, "The border of size lies somewhere here")
  }
  if (bands.similarity) {
    const [low, high] = bands.similarity
    const top = place(view, 1, high ?? 1)[1]
    add(0, top, view.width, place(view, 1, low ?? 0)[1], "The border of similarity lies somewhere here")
  }
  return found
}

export function drawMap(view) {
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
      }),
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
  const uncertain = uncertainty(view, y)
  const points = [...dots, ...references].map(one => ({ one, at: place(view, one.images, one.similarity) }))
  points.forEach(({ at }) => taken.push(around(at, 8)))
  const named = new Set()
  const labels = points.map(({ one, at }) => {
    // Each dataset is named once, beside its last dot, so that no name is between two dots.
    // What was not recorded is named on hover.
    const later = dots.findLast(dot => dot.dataset === one.dataset) !== one
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
  view.svg.replaceChildren(...grid, ...areas, ...uncertain, ...names, ...labels.filter(Boolean), ...marks.toReversed())
  view.under.replaceChildren(
    ...Array.from({ length: Math.round(Math.log10(axis.highest / axis.lowest)) + 1 }, (_, i) => {
      const images = axis.lowest * 10 ** i
      const tick = element("span", {}, count(images))
      tick.style.left = `${(100 * place(view, images, 0)[0]) / view.width}%`
      return tick
    }),
  )
}

export function buildLegend(view) {
  const { ways, dots, inWords, bands } = view.fixed.map
  view.root.querySelector(".spoken").textContent = inWords
  const won = Object.keys(ways).filter(way => dots.some(dot => dot.way === way))
  const shape = way => {
    const drawn = svg("svg", { viewBox: "-1.4 -1.4 2.8 2.8", "aria-hidden": "true" })
    drawn.append(mark(view, way, [0, 0], true, 1))
    return drawn
  }
  const hollow = dots.some(dot => !dot.told)
  // Not needed at first sight, so it waits for a press.
  const others = element(
    "details",
    {},
    element("summary", {}, "Other marks"),
    ...(hollow ? [element("p", {}, "A hollow mark may have come first by chance.")] : []),
    element("p", {}, "A small dot is a whole dataset."),
    ...(bands.images || bands.similarity ? [element("p", {}, "In the grey bands, the border is uncertain.")] : []),
  )
  view.legend.replaceChildren(
    element("li", {}, "large ring: your data"),
    ...(won.length ? [element("li", {}, "Best in recorded runs:")] : []),
    ...won.map(way => element("li", {}, shape(way), ways[way].title)),
    element("li", {}, others),
  )
}
