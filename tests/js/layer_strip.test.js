import assert from "node:assert/strict"
import { test } from "node:test"

import { same } from "../../lib/ui/parts/base.js"
import {
  branches,
  derive,
  finding,
  isFrozen,
  memory,
  nextBlock,
  withCut,
  withLayers,
} from "../../lib/ui/parts/layer_strip/numbers.js"
import { networks } from "./vectors.js"

/** Layers of which only the block, the inputs or the parameters matter. */
const layer = (index, changes) => ({
  block: "a",
  inbound: index ? [index - 1] : [],
  params: 1,
  batchNorm: false,
  ...changes,
})

for (const { backbone, layers, head, cases } of networks) {
  test(`the browser counts as the server does at every kind of plan of ${backbone}`, () => {
    for (const { wanted, cut, batchNormFrozen, byHand, ...numbers } of cases) {
      const plan = { cut, batchNormFrozen, byHand }
      const mine = derive(layers, head, plan)
      assert.ok(same(numbers, mine), JSON.stringify({ wanted, numbers, mine }))
      assert.deepEqual(Object.keys(mine).toSorted(), Object.keys(numbers).toSorted())
      assert.equal(withCut(layers, plan, wanted).cut, cut)
    }
  })

  test(`branches of ${backbone} in one lane do not overlap`, () => {
    const found = branches(layers)
    const skips = layers.flatMap(({ inbound }, to) => inbound.filter(from => to - from > 1))
    assert.equal(found.length, skips.length)
    for (const one of found)
      for (const other of found)
        if (one !== other && one.lane === other.lane && one.lane < 5)
          assert.ok(one.to <= other.from || other.to <= one.from, JSON.stringify([one, other]))
  })
}

test("a layer set by hand is the opposite of the rule, and set back it is not by hand", () => {
  const layers = [layer(0), layer(1), layer(2, { params: 0 }), layer(3, { batchNorm: true })]
  const plan = { cut: 2, batchNormFrozen: true, byHand: new Set() }
  const thawed = withLayers(layers, plan, [1, 2, 3], false)
  assert.deepEqual([...thawed.byHand], [1, 3]) // layer 2 has nothing to thaw
  assert.deepEqual(
    layers.map((one, index) => isFrozen(one, index, thawed)),
    [true, false, false, false],
  )
  assert.equal(withLayers(layers, thawed, [1, 2, 3], true).byHand.size, 0)
  assert.equal(plan.byHand.size, 0)
})

test("page keys go to the next border of a block, and stop at both ends", () => {
  const layers = ["a", "a", "b", "b", "c"].map((block, index) => layer(index, { block }))
  assert.deepEqual(
    [0, 1, 2, 4, 5].map(cut => nextBlock(layers, cut, 1)),
    [2, 2, 4, 5, 5],
  )
  assert.deepEqual(
    [5, 4, 3, 1, 0].map(cut => nextBlock(layers, cut, -1)),
    [4, 2, 2, 0, 0],
  )
})

test("memory is written as model.summary() writes it", () => {
  assert.equal(memory(10), "40.00 Byte")
  assert.equal(memory(1_281), "5.00 KB")
  assert.equal(memory(2_259_265), "8.62 MB")
  assert.equal(memory(2 ** 28), "1.00 GB")
})

test("a sentence says what is thawed, and counts only layers with parameters", () => {
  const norm = layer(3, { batchNorm: true })
  const layers = [layer(0, { params: 0 }), layer(1, { params: 3 }), layer(2), norm, norm]
  const said = (cut, batchNormFrozen, ...byHand) =>
    finding(
      { layers },
      { cut, batchNormFrozen, byHand: new Set(byHand) },
      { params: 1281 },
      { total: 9000, trainable: 4000 },
    )
  const raises = "raises the trainable parameters from 1,281 to 4,000. The total stays 9,000."
  assert.equal(
    said(5, true),
    "All 4 layers with parameters are frozen: only the [head](#term-head) is trained, 1,281 of 9,000 parameters.",
  )
  assert.equal(said(0, false), `Thawing all 4 layers with parameters ${raises}`)
  assert.equal(
    said(0, true),
    `Thawing every layer except the 2 [BatchNormalization](#term-batch_normalization) layers ${raises}`,
  )
  // What stays frozen beyond the cut is said, because its rows and its slices of the strip look like a mistake.
  assert.equal(
    said(2, true),
    `Thawing 1 of 4 layers with parameters ${raises} [BatchNormalization](#term-batch_normalization) layers (blue) after the ball stay frozen.`,
  )
  assert.equal(said(2, false), `Thawing 3 of 4 layers with parameters ${raises}`)
  // As many are frozen as there are BatchNormalization layers, but another one.
  assert.match(said(0, false, 2), /^Thawing 3 of 4 layers/)
})
