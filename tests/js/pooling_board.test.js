import assert from "node:assert/strict"
import { test } from "node:test"

import { same } from "../../lib/ui/parts/base.js"
import {
  derive,
  equals,
  resized,
  saidCells,
  saidShift,
  saidSize,
  shifted,
  signed,
  typed,
  withCell,
  words,
} from "../../lib/ui/parts/pooling_board/numbers.js"
import { boards } from "./vectors.js"

const ONE_HOT = { height: 2, width: 2, channels: 1, values: [0, 9, 0, 0], weights: [1], bias: 0 }

test("the browser computes what the server does on every board", () => {
  for (const { board, numbers } of boards) {
    const mine = derive(board)
    assert.ok(same(numbers, mine), JSON.stringify({ numbers, mine }))
    assert.deepEqual(Object.keys(mine).toSorted(), Object.keys(numbers).toSorted())
  }
})

test("a shifted pattern is the one of the server, and changes no average and no maximum", () => {
  for (const { board, numbers, shifts } of boards)
    for (const { by, values } of shifts) {
      const moved = shifted(board, ...by)
      assert.deepEqual(moved.values, values)
      const { averages, maxima } = derive(moved)
      assert.ok(same({ averages: numbers.averages, maxima: numbers.maxima }, { averages, maxima }))
    }
})

const total = values => values.reduce((sum, value) => sum + value, 0)

test("another size keeps what fits, and what is new is 0", () => {
  for (const { board } of boards) {
    const larger = resized(board, { height: board.height + 1, width: board.width + 2, channels: 5 })
    assert.equal(larger.values.length, (board.height + 1) * (board.width + 2) * 5)
    assert.ok(same(total(board.values), total(larger.values)))
    const { height, width, channels } = board
    assert.deepEqual(resized(larger, { height, width, channels }), board)
  }
  assert.deepEqual(resized(ONE_HOT, { channels: 2 }).weights, [1, 1])
})

test("a typed number is taken with a comma or a minus of any kind, and held within the limit", () => {
  const cases = { 4: 4, "-2.5": -2.5, "−2,5": -2.5, "1,5": 1.5, 500: 99, "-500": -99, " 7 ": 7 }
  for (const [text, value] of Object.entries(cases)) assert.equal(typed(text, 99), value)
  for (const text of ["", " ", "nine", "1.2.3", "Infinity"]) assert.equal(typed(text, 99), null)
})

test("numbers are written with two decimals at most, and a sign says where they were rounded", () => {
  assert.deepEqual([1, 0.125, 2 / 3, -0.5, -0.001].map(words), ["1", "0.13", "0.67", "−0.5", "0"])
  assert.deepEqual([-1, 1].map(signed), ["(−1)", "1"])
  assert.deepEqual([0.25, 1 / 3].map(equals), ["=", "≈"])
})

test("what a gesture did is said in words", () => {
  assert.equal(
    saidCells(withCell(ONE_HOT, 0, 4), ONE_HOT),
    "One cell changed by 4. Its average changed by 4 / 4 = 1: every cell has the same weight.",
  )
  const two = withCell(withCell(ONE_HOT, 0, 4), 2, 4)
  assert.equal(saidCells(two, ONE_HOT), "2 cells changed, and with them 1 average.")
  assert.equal(
    saidShift(shifted(ONE_HOT, 0, 1), ONE_HOT),
    "The same pattern, one step further. Flatten: 2 of 4 numbers changed. Averages and maxima: none.",
  )
  const even = { ...ONE_HOT, values: [1, 1, 1, 1] }
  assert.match(saidShift(shifted(even, 1, 0), even), /^Nothing changed/)
  assert.match(saidSize(resized(ONE_HOT, { height: 3 }), ONE_HOT), /^Flatten now has 6 numbers instead of 4/)
  assert.match(saidSize(resized(ONE_HOT, { channels: 2 }), ONE_HOT), /^2 channels, so 2 averages/)
})
