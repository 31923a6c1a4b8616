import assert from "node:assert/strict"
import { test } from "node:test"

import { same } from "../../lib/ui/parts/base.js"
import { lookUp, rounded } from "../../lib/ui/parts/strategy_board/numbers.js"
import { strategy } from "./vectors.js"

test("the browser recommends what the server does on both sides of every border", () => {
  for (const { images, classes, similarity, minutes, phone, noisy, ...advice } of strategy.cases) {
    const answers = { images, classes, similarity, minutes, phone, noisy }
    const mine = lookUp(strategy.rule, answers)
    assert.ok(same(advice, mine), JSON.stringify({ answers, advice, mine }))
  }
})

const reached = name => [...new Set(strategy.cases.flatMap(one => one[name]))].toSorted()

test("the cases reach every region, every neighbour and every recommendation", () => {
  const regions = strategy.rule.map.fields.map(({ region }) => region).toSorted()
  assert.deepEqual(reached("region"), regions)
  assert.deepEqual(reached("neighbours"), regions)
  const keys = strategy.cases.map(answers => lookUp(strategy.rule, answers).key)
  assert.deepEqual([...new Set(keys)].toSorted(), Object.keys(strategy.rule.advices).toSorted())
})

test("a number of images from a hand has two digits that count", () => {
  assert.deepEqual([1, 9.6, 96, 104, 1049, 98_765].map(rounded), [1, 10, 96, 100, 1000, 99_000])
})
