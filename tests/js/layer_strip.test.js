import assert from "node:assert/strict"
import { test } from "node:test"

import { same } from "../../lib/ui/parts/base.js"
import {
  branches,
  derive,
  isFrozen,
  memory,
  nextBlock,
  share,
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

test("the share of the top layers is said in words", () => {
  const table = { title: "Net", layers: [layer(0, { params: 3 }), layer(1)] }
  assert.equal(share(table, 0), "All 2 layers of Net are thawed.")
  assert.equal(share(table, 1), "The top 1 of 2 layers hold 25.0 % of the backbone's parameters.")
  assert.equal(share(table, 2), "All 2 layers of Net keep their pretrained weights.")
})
