import assert from "node:assert/strict"
import { test } from "node:test"

import { answersOf, fieldOf, strongestCell } from "../../lib/ui/parts/feature_depths/numbers.js"
import { between, levelOf, nearest, pointsOf } from "../../lib/ui/parts/image_map/numbers.js"
import { features } from "./vectors.js"

test("a cell can see the part of the image that Python says", () => {
  for (const { depth, row, column, ...field } of features.fields)
    assert.deepEqual(fieldOf(features.depths[depth], row, column, features.size), field)
})

test("answers are those that Python stored, and none is below the usual value", () => {
  const [first, second] = answersOf(features.stored, 16)
  const found = [...first, ...second]
  assert.equal(found.length, features.answers.length)
  found.forEach((value, at) => assert.ok(Math.abs(value - features.answers[at]) < 1e-6))
})

test("the strongest cell is found by row and column", () => {
  assert.deepEqual(strongestCell([0, 1, 2, 9, 4, 5, 6, 7, 8], 3), { row: 1, column: 0 })
})

test("points are decoded for each depth, and travel from one to the next", () => {
  const bytes = [0, 0, 255, 15, 0, 8, 0, 0]
  const text = btoa(String.fromCharCode(...bytes))
  const [first, second] = pointsOf(text, 1, 4095)
  assert.deepEqual([...first], [0, 1])
  assert.ok(Math.abs(second[0] - 2048 / 4095) < 1e-6)
  assert.deepEqual([...between(first, second, 0)], [...first])
  assert.deepEqual([...between(first, second, 1)], [...second])
  assert.ok(Math.abs(between(first, second, 0.5)[1] - 0.5) < 1e-6)
})

test("the nearest point within reach is found, or none", () => {
  const points = new Float32Array([0, 0, 0.5, 0.5, 1, 1])
  assert.equal(nearest(points, 0.6, 0.5, 0.2), 1)
  assert.equal(nearest(points, 0.3, 0.9, 0.2), -1)
})

test("an accuracy of 1 is at the top of a curve and the lowest one at the bottom", () => {
  assert.deepEqual([levelOf(1, 0.4, 150), levelOf(0.4, 0.4, 150)], [0, 150])
})
