import assert from "node:assert/strict"
import { test } from "node:test"

import { cover, predict, predictionAt, uncover } from "../../lib/ui/parts/step_table/numbers.js"

test("a place keeps its prediction when it is uncovered, and forgets it when it is covered", () => {
  const told = predict("....", 1, 2)
  assert.equal(told, ".c..")
  assert.equal(predictionAt(told[1]), 2)
  const opened = uncover(told, [0, 1])
  assert.equal(opened, "03..")
  assert.equal(predictionAt(opened[0]), null)
  assert.equal(predictionAt(opened[1]), 2)
  assert.equal(uncover(opened, [0, 1]), opened)
  assert.equal(cover(opened, [1]), "0...")
})

test("a prediction can be taken back", () => {
  assert.equal(predict(predict("..", 0, 0), 0, null), "..")
})
