import assert from "node:assert/strict"
import { test } from "node:test"

import { begin, compare, isAnswered, same, send, shade } from "../../lib/ui/parts/base.js"
import { colours } from "./vectors.js"

test("numbers are the same except for rounding, and everything else exactly", () => {
  assert.ok(same(0.3, 0.1 + 0.2))
  assert.ok(!same(1, 1 + 1e-6))
  assert.ok(same({ a: [1, "x"], b: null }, { a: [1, "x"], b: null, more: 2 }))
  assert.ok(!same({ a: [] }, { a: ["x"] }))
  assert.ok(!same({ a: [1] }, {}))
  assert.ok(!same(null, 0))
  assert.ok(!same(1, Number.NaN))
})

test("a gesture waits for the server until it has said the same", () => {
  const sent = []
  const view = { root: { dataset: {} }, gesture: 0, trigger: (...what) => sent.push(what) }
  send(view, "gesture", { cut: 3 })
  assert.deepEqual(sent, [["gesture", { cut: 3, number: 1 }]])
  assert.ok("pending" in view.root.dataset)
  assert.ok(isAnswered(view, { gesture: 1 }, false))
  assert.ok(!("pending" in view.root.dataset))
})

test("an answer to an earlier gesture is not drawn, unless everything is new", () => {
  const view = { root: { dataset: {} }, gesture: 0, trigger: () => {} }
  send(view, "gesture", {})
  begin(view)
  assert.ok(!isAnswered(view, { gesture: 1 }, false))
  assert.ok("pending" in view.root.dataset)
  assert.ok(isAnswered(view, { gesture: 1 }, true))
  assert.equal(view.gesture, 2)
})

test("a difference between browser and server is reported", t => {
  t.mock.method(console, "error", () => {})
  const view = { root: { dataset: {} } }
  assert.ok(compare(view, { logit: 1 }, { logit: 1 }))
  assert.ok(!("disagrees" in view.root.dataset))
  assert.ok(!compare(view, { logit: 1 }, { logit: 2 }))
  assert.equal(view.root.dataset.disagrees, '{"mine":{"logit":2},"server":{"logit":1}}')
})

const hex = rgb => `#${rgb.map(level => level.toString(16).padStart(2, "0")).join("")}`.toUpperCase()

/** Relative luminance of WCAG 2. */
const luminance = rgb => {
  const [red, green, blue] = rgb.map(level =>
    level <= 10 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

test("a shaded cell goes from paper to the full colour, and its number has a contrast of 4.5", () => {
  for (const palette of colours) {
    assert.equal(hex(shade(palette, 0, 9).background), palette.paper)
    assert.equal(hex(shade(palette, 12, 9).background), palette.heat)
    assert.equal(hex(shade(palette, -9, 9).background), palette.below)
    for (let value = -9; value <= 9; value += 0.25) {
      const { background, text } = shade(palette, value, 9)
      const [dark, light] = [luminance(background), text === "#fff" ? 1 : 0].toSorted((a, b) => a - b)
      assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, `${value} on ${background}`)
    }
  }
})
