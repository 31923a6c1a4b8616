// What a room that votes computes in the browser (lib/ui/parts/vote_board).

import assert from "node:assert/strict"
import { test } from "node:test"

import { barOf, pathOf, wordsOf } from "../../lib/ui/parts/vote_board/numbers.js"

const vote = (counts, inside, revealed = false) => ({
  answers: counts.map(count => ({ count })),
  answered: counts.reduce((sum, count) => sum + count, 0),
  inside,
  revealed,
})

test("half of the room fills a bar, and where more gave one answer it is full", () => {
  assert.equal(barOf(vote([3, 0], 60), 0), 0.1)
  assert.equal(barOf(vote([30, 5], 60), 0), 1)
  assert.equal(barOf(vote([40, 20], 60), 1), 0.5)
  assert.equal(barOf(vote([0, 0], 0), 0), 0)
})

test("hidden bars have no length", () => {
  assert.equal(barOf(vote([null, null], 60), 0), 0)
})

test("how many have answered is a sentence, and another says until the reveal how many could", () => {
  assert.equal(wordsOf(vote([1, 0], 2)), "1 answer. 2 browsers are in the room.")
  assert.equal(wordsOf(vote([1, 1], 1)), "2 answers. 1 browser is in the room.")
  assert.equal(wordsOf(vote([1, 1], 2, true)), "2 answers.")
  assert.equal(wordsOf(vote([0, 1], 0)), "1 answer.")
})

test("the path of a QR code has a rectangle for each run of dark modules", () => {
  assert.equal(pathOf(["1101", "0000", "0011"]), "M0 0h2v1h-2zM3 0h1v1h-1zM2 2h2v1h-2z")
})
