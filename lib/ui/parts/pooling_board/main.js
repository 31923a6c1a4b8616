// The small feature map in the browser (component.py draws it). A gesture makes a new board, shows its
// numbers at once and sends the whole board; the server computes the numbers again.

import { compare, isAnswered, paint, viewOf } from "../base.js"
import { listenToBrush, paintCell } from "./cells.js"
import { buildControls, renderControls } from "./controls.js"
import { buildVectors, fit, renderDetail, renderVectors } from "./detail.js"
import { FULL, derive, titleOf, words } from "./numbers.js"
import { buildStage, put, renderResult, setField } from "./stage.js"

function build(view) {
  buildStage(view)
  view.selected = Math.min(view.selected, view.board.channels)
  buildVectors(view)
}

function render(view) {
  const { board, numbers } = view
  renderControls(view)
  const names = view.examples[view.example]?.names ?? []
  view.columns.forEach((column, channel) => {
    const peak = numbers.maxima[channel]
    column.head.name.textContent = titleOf(view.board, channel) + (names[channel] ? `: ${names[channel]}` : "")
    column.head.by.textContent = `weight ${words(board.weights[channel])}`
    column.cells.forEach((cell, position) => paintCell(view, cell, position * board.channels + channel, false))
    put(column.average, words(numbers.averages[channel]))
    paint(view.colours, column.average.parentElement, numbers.averages[channel], FULL)
    put(column.maximum, words(peak))
    setField(column.weight, board.weights[channel])
    const product = numbers.averages[channel] * board.weights[channel]
    column.product.textContent = `= ${words(product)}`
  })
  renderResult(view)
  view.notice.textContent = view.said(board, view.before)
  renderVectors(view)
  renderDetail(view)
}

function create(view) {
  const find = selector => view.root.querySelector(selector)
  Object.assign(view, {
    find,
    stage: find(".stage"),
    notice: find(".notice"),
    brush: FULL,
    selected: 0,
    marked: [],
    build: () => build(view),
    render: () => render(view),
  })
  listenToBrush(view)
  view.observer = new ResizeObserver(() => view.vectors && fit(view))
  view.observer.observe(view.root)
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  const first = !view.board
  const recoloured = JSON.stringify(view.colours) !== JSON.stringify(data.colours)
  view.colours = data.colours
  if (first) Object.assign(view, JSON.parse(data.fixed))
  if (first || recoloured) buildControls(view)
  let redraw = recoloured
  if (isAnswered(view, data, first)) {
    if (!compare(view, data.numbers, derive(data.board))) redraw = true
    view.numbers = data.numbers
    if (first || JSON.stringify(view.board) !== JSON.stringify(data.board)) {
      const { board, example } = data
      Object.assign(view, { board, before: board, example })
      view.said = () => view.examples[example]?.lesson ?? ""
      build(view)
      redraw = true
    }
  }
  if (redraw) render(view)
  return () => view.observer.disconnect()
}
