import assert from "node:assert/strict"
import { test } from "node:test"

import { same } from "../../lib/ui/parts/base.js"
import { foldOf, nearest, ranked, solve } from "../../lib/ui/parts/description/numbers.js"
import { descriptions } from "./vectors.js"

const { known, animals, attributes, cases } = descriptions
const names = places => places.map(place => attributes[place])
const described = ticks => attributes.map(id => Number(ticks.includes(id)))

test("the browser ranks the photographs as the server does", () => {
  for (const { leftOut, ticks, trained, constant, order, leads, places } of cases) {
    const left = foldOf(known, animals.indexOf(leftOut))
    const mine = ranked(left, described(ticks), { trained, constant }, known.tie)
    assert.deepEqual(mine.places, places, leftOut)
    assert.deepEqual(mine.order.slice(0, order.length), order, leftOut)
    assert.ok(same(leads, mine.leads), JSON.stringify({ leads, mine: mine.leads }))
  }
})

test("the animal that is left out has no part in the fit", () => {
  const zebra = animals.indexOf("zebra")
  const other = known.logits.map(row => row.map((value, animal) => (animal === zebra ? 1000 : value)))
  const ticks = described(["stripes", "hooves"])
  const rank = logits => ranked(foldOf({ ...known, logits }, zebra), ticks, { trained: false, constant: 0 }, known.tie)
  assert.deepEqual(rank(other), rank(known.logits))
})

test("a constant is taken off trained classes only", () => {
  const left = foldOf(known, 0)
  const ticks = known.table[0]
  const leads = against => ranked(left, ticks, against, known.tie).leads
  assert.deepEqual(leads({ trained: false, constant: 5 }), leads({ trained: false, constant: 0 }))
  const plain = leads({ trained: true, constant: 0 })
  const moved = leads({ trained: true, constant: 5 })
  assert.ok(plain.every((lead, place) => Math.abs(moved[place] - lead - 5) < 1e-9))
})

test("a zebra is a horse with other colours and stripes that is not at home", () => {
  const { animal, plus, minus } = nearest(known.table, known.table[0], 0)
  assert.equal(animals[animal], "horse")
  assert.deepEqual(names(plus), ["stripes", "black", "white"])
  assert.deepEqual(names(minus), ["brown", "rusty", "people"])
  // Where the animal itself may be found, nothing is left to add.
  assert.deepEqual(nearest(known.table, known.table[0], 5), { animal: 0, plus: [], minus: [] })
})

test("a system of equations is solved for every right side", () => {
  const matrix = [
    [4, 1],
    [1, 3],
  ]
  const right = [
    [1, 9],
    [2, 5],
  ]
  const solved = solve(matrix, right)
  assert.ok(
    same(
      [
        [1 / 11, 2],
        [7 / 11, 1],
      ],
      solved,
    ),
    JSON.stringify(solved),
  )
})
