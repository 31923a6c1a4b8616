// Cells: typing into them, painting them, and moving between them by keyboard.

import { paint } from "../base.js"
import { select, trace } from "./detail.js"
import { sendBoard, setCell, show } from "./gestures.js"
import { FULL, rounded, saidCells, typed, withCell } from "./numbers.js"

export function focusCell(view, cell, channel, position) {
  for (const other of view.columns[channel].cells) other.tabIndex = other === cell ? 0 : -1
  cell.select()
  if (view.selected !== channel) select(view, channel)
  trace(view, position, channel)
}

export function typeCell(view, cell, index) {
  const value = typed(cell.value, view.limits.value)
  cell.setAttribute("aria-invalid", value === null)
  if (value !== null) setCell(view, index, value)
}

export function cellKey(view, event, channel, position) {
  const { width, height, channels } = view.board
  const [row, column] = [Math.floor(position / width), position % width]
  const index = position * channels + channel
  const by = { PageUp: 1, PageDown: -1, "+": 1 }[event.key]
  if (by || event.key === " ") {
    event.preventDefault()
    const value = view.board.values[index]
    const limit = view.limits.value
    setCell(view, index, by ? Math.max(-limit, Math.min(limit, value + by)) : brushed(view, value))
    paintCell(view, event.target, index)
    event.target.select()
    return
  }
  const to = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
  }[event.key]
  if (!to) return
  event.preventDefault()
  // The step after the last column goes into the next channel, and back.
  const next = channel + (to[1] < 0 ? -1 : to[1] >= width ? 1 : 0)
  if (to[0] < 0 || to[0] >= height || next < 0 || next >= channels) return
  view.columns[next].cells[to[0] * width + ((to[1] + width) % width)].focus()
}

const brushed = (view, value) => (value === view.brush ? 0 : view.brush)

const cellAt = event => event.target.getRootNode().elementFromPoint(event.clientX, event.clientY)?.closest("input.cell")

/** Paint the cells under the pressed pointer, all with the same value. */
export function listenToBrush(view) {
  const { stage } = view
  const stroke = event => {
    const cell = cellAt(event)
    if (!cell) return
    const index = Number(cell.dataset.index)
    if (view.board.values[index] === view.stroke.value) return
    show(view, withCell(view.board, index, view.stroke.value), saidCells, view.stroke.before)
  }
  stage.addEventListener("pointerdown", event => {
    const cell = event.target.closest("input.cell")
    if (!cell || event.button) return
    event.preventDefault() // no text selection while painting; the focus is set below
    cell.focus({ preventScroll: true })
    const value = view.board.values[Number(cell.dataset.index)]
    view.stroke = { value: brushed(view, value), before: view.board }
    stage.setPointerCapture(event.pointerId)
    stroke(event)
    refreshFocused(view)
  })
  stage.addEventListener("pointermove", event => view.stroke && stroke(event))
  const end = () => {
    if (view.stroke && view.stroke.before !== view.board) sendBoard(view)
    view.stroke = null
    refreshFocused(view)
  }
  stage.addEventListener("pointerup", end)
  stage.addEventListener("pointercancel", end)
}

/** Write a painted value into the focused cell, which otherwise keeps what is being typed. */
function refreshFocused(view) {
  const cell = view.stage.getRootNode().activeElement
  if (!cell?.matches("input.cell")) return
  paintCell(view, cell, Number(cell.dataset.index), true)
  cell.select()
}

export function paintCell(view, cell, index, evenFocused = true) {
  const value = view.board.values[index]
  if (evenFocused || cell !== cell.getRootNode().activeElement) {
    const text = String(rounded(value))
    if (cell.value !== text) cell.value = text
    cell.removeAttribute("aria-invalid")
  }
  paint(view.colours, cell, value, FULL)
}
