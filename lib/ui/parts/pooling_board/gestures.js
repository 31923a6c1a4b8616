// The gestures that change a board: its numbers are shown at once, and the whole board is sent to the server.

import { begin, send } from "../base.js"
import { derive, saidCells, withCell } from "./numbers.js"

/** Show a changed board; `said` returns a sentence about the change. */
export function show(view, board, said, before = view.board) {
  begin(view)
  const reshaped = ["height", "width", "channels"].some(side => board[side] !== view.board[side])
  Object.assign(view, { board, before, said, numbers: derive(board) })
  if (reshaped) view.build()
  view.render()
}

export function sendBoard(view) {
  const { height, width, values, weights, bias } = view.board
  send(view, "gesture", { board: { height, width, values, weights, bias }, example: view.example })
}

export function gesture(view, board, said) {
  show(view, board, said)
  sendBoard(view)
}

export function open(view, name) {
  const { board, lesson } = view.examples[name]
  Object.assign(view, { example: name, selected: 0 })
  show(view, board, () => lesson, board)
  sendBoard(view)
}

export function setCell(view, index, value) {
  if (view.board.values[index] === value) return
  gesture(view, withCell(view.board, index, value), saidCells)
}
