import assert from "node:assert/strict"
import { test } from "node:test"

import { codeOf, findingOf, listsOf, sideOf } from "../../lib/ui/parts/layer_glass/numbers.js"
import { glass } from "./vectors.js"

const { fixed, cases } = glass

for (const { layer, numbers } of cases) {
  test(`the browser lists the weights of ${layer.kind} as the server does, switch ${layer.trainable}`, () => {
    assert.deepEqual(listsOf(fixed, layer), numbers.lists)
    assert.equal(codeOf(fixed, layer), numbers.code)
  })
}

test("a side is a product of numbers and sizes", () => {
  assert.equal(sideOf("3*units", { units: 5 }), 15)
  assert.equal(sideOf("1", {}), 1)
})

const say = (kind, sizes, trainable) => findingOf(fixed, { kind, sizes, trainable })

test("the finding says what the lists show", () => {
  assert.equal(say("dense", { features: 4, units: 3 }, true), "Both arrays of weights are trainable.")
  assert.equal(
    say("dense", { features: 4, units: 3 }, false),
    "Frozen: the 2 arrays of weights are still there, and none of them is trainable.",
  )
  assert.match(
    say("batch_norm", { features: 4 }, true),
    /^2 of 4 arrays of weights are trainable\. The other 2 are statistics/,
  )
  assert.match(say("normalization", { features: 4 }, true), /whatever the switch says/)
  assert.match(say("normalization", { features: 4 }, false), /whatever the switch says/)
  assert.match(say("dropout", { features: 4 }, true), /^Dropout has no weights/)
  assert.equal(say("embedding", { steps: 2, words: 3, units: 4 }, true), "The only array of weights is trainable.")
  assert.match(say("embedding", { steps: 2, words: 3, units: 4 }, false), /^Frozen: the only array/)
})
