// The input of the head, and the average of one channel as a sum.

import { element, paint, same } from "../base.js"
import { FULL, derive, equals, fullOfMap, ofChannel, plural, signed, sum, titleOf, words } from "./numbers.js"

// px, as in the style sheet: the smallest width of the columns, and the gap between them
const [CHANNEL, RESULT, GAP] = [128, 174, 44]

const ROOM = 22 // px: a narrower tile of a vector shows only its colour

function vectorsOf(view) {
  const { board, numbers } = view
  const was = derive(view.before)
  return [
    ["Flatten", board.values, view.before.values],
    ["Maximum", numbers.maxima, was.maxima],
    ["Average (GAP)", numbers.averages, was.averages],
  ]
}

export function buildVectors(view) {
  const rows = vectorsOf(view).map(([name, values]) => {
    const tiles = values.map(() => element("div", { class: "tile" }))
    const strip = element("div", { class: "strip", role: "img" }, ...tiles)
    const note = element("span", { class: "note" })
    const seen = element("div", { class: "seen" }, strip, note)
    const wide = name === "Flatten" ? "vector wide" : "vector"
    const box = element("div", { class: wide }, element("span", { class: "kind" }, name), seen)
    return { box, strip, tiles, note }
  })
  view.vectors = rows
  view.find(".vectors").replaceChildren(...rows.map(row => row.box))
}

export function renderVectors(view) {
  const comparable = view.before.values.length === view.board.values.length
  vectorsOf(view).forEach(([name, values, was], row) => {
    const { strip, tiles, note } = view.vectors[row]
    let moved = 0
    tiles.forEach((tile, index) => {
      const differs = comparable && !same(was[index], values[index])
      moved += Number(differs)
      tile.textContent = words(values[index])
      tile.classList.toggle("changed", differs)
      paint(view.colours, tile, values[index], FULL)
    })
    strip.setAttribute("aria-label", `${name}: ${values.map(words).join(", ")}`)
    note.replaceChildren(
      element("b", {}, plural(values.length, "number")),
      ` · Dense ${values.length} + 1 = ${values.length + 1} `,
      row ? "parameters" : element("a", { href: "#term-parameter" }, "parameters"),
      element("span", { class: moved ? "moved" : "" }, moved ? ` · ${moved} changed` : ""),
    )
  })
  fit(view)
}

/** Adapt the layout to the width: columns or rows, and tiles with or without numbers. */
export function fit(view) {
  const needed = view.board.channels * (CHANNEL + GAP) + RESULT
  view.root.classList.toggle("narrow", view.root.clientWidth < needed)
  const desk = view.find(".desk")
  desk.classList.remove("wrapped")
  desk.classList.toggle("wrapped", view.find(".tools").offsetTop > view.stage.offsetTop)
  for (const { strip, tiles } of view.vectors)
    strip.classList.toggle("thin", tiles[0].clientWidth > 0 && tiles[0].clientWidth < ROOM)
}

export function select(view, channel) {
  view.selected = channel
  view.render()
}

export function renderDetail(view) {
  const { board, numbers, selected } = view
  const isMap = selected === board.channels
  const values = isMap ? numbers.map : ofChannel(board, selected)
  const average = isMap ? numbers.mapAverage : numbers.averages[selected]
  ;[...view.columns, view.result].forEach(({ box, head }, channel) => {
    box.classList.toggle("selected", channel === selected)
    head.choose.setAttribute("aria-pressed", channel === selected)
  })
  view.find(".detail h3").textContent = `${titleOf(view.board, selected)}, averaged`
  const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)]
  const height = value => (100 * (value - low)) / (high - low)
  view.bars = values.map((value, position) => {
    const fill = element("div")
    const [from, to] = [height(Math.min(0, value)), height(Math.max(0, value))]
    fill.style.bottom = `${from}%`
    fill.style.height = `${Math.max(to - from, 1.5)}%`
    paint(view.colours, fill, value, isMap ? fullOfMap(values) : FULL)
    return element("div", { class: "bar", "data-position": position }, fill)
  })
  const level = element("div", { class: "level" }, element("span", {}, words(average)))
  level.style.bottom = `${height(average)}%`
  view.find(".bars").replaceChildren(...view.bars, level)
  view
    .find(".bars")
    .setAttribute(
      "aria-label",
      `${values.length} cells as bars: ${values.map(words).join(", ")}; their average is ${words(average)}`,
    )
  view.terms = values.map((value, position) =>
    element("span", { class: "term", "data-position": position }, signed(value)),
  )
  const parts = view.terms.flatMap((term, position) => (position ? [" + ", term] : [term]))
  view
    .find(".sum")
    .replaceChildren(
      "( ",
      ...parts,
      ` ) / ${values.length} = ${words(sum(values))} / ${values.length} ${equals(average)} `,
      element("b", {}, words(average)),
    )
  renderIdentity(view)
}

/** Draw the logit in two ways: from the averages, and from the class map. */
function renderIdentity(view) {
  const { board, numbers } = view
  const products = numbers.averages.map((average, channel) => `${signed(board.weights[channel])} × ${signed(average)}`)
  const way = (title, terms, value) =>
    element(
      "div",
      {},
      element("span", {}, title),
      `${terms} + ${signed(board.bias)} ${equals(value)} `,
      element("b", {}, words(value)),
    )
  view
    .find(".identity")
    .replaceChildren(
      way("Average each channel, then weight", products.join(" + "), numbers.logit),
      way("Weight into the class map, then average", words(numbers.mapAverage), numbers.mapAverage + board.bias),
    )
}

export function mark(view, elements = []) {
  for (const each of view.marked) each.classList.remove("traced")
  view.marked = elements
  for (const each of elements) each.classList.add("traced")
}

/** Highlight where a cell contributes: the class map, the vectors, the bars and the sum. */
export function trace(view, position, channel) {
  const { board } = view
  const found =
    channel < board.channels
      ? [view.result.cells[position], view.vectors[0].tiles[position * board.channels + channel]]
      : view.columns.map(column => column.cells[position])
  if (channel === view.selected) found.push(view.bars[position], view.terms[position])
  mark(view, found)
}
