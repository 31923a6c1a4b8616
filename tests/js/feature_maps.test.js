import assert from "node:assert/strict"
import { test } from "node:test"

import { digits, ordinal } from "../../lib/ui/parts/feature_maps/numbers.js"

test("places are counted as English does", () => {
  const places = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111, 1280]
  const words = ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th", "1,280th"]
  assert.deepEqual(places.map(ordinal), words)
})

test("a negative number has a true minus, and none where it is rounded to zero", () => {
  assert.equal(digits(-1.234, 2), "−1.23")
  assert.equal(digits(-0.001, 2), "0.00")
  assert.equal(digits(1.5, 1), "1.5")
})
