import assert from "node:assert/strict"
import { test } from "node:test"

import { channelOf, decimalsOf, numbersOf } from "../../lib/ui/parts/residual_block/numbers.js"

test("float32 numbers arrive as they were sent", () => {
  const sent = Float32Array.from([1.5, -0.25, 3.4028234663852886e38])
  assert.deepEqual(numbersOf(Buffer.from(sent.buffer).toString("base64")), [...sent])
})

test("a channel is every so many-th number", () => {
  assert.deepEqual(channelOf([0, 1, 2, 3, 4, 5], 3, 1), [1, 4])
})

test("a sum is shown with as many decimals as it needs to add up", () => {
  assert.equal(decimalsOf(0.12, 0.25, 0.37), 3)
  assert.equal(decimalsOf(0.0004, 0.0004, 0.0008), 4) // 0.000 + 0.000 = 0.001 would not do
})
