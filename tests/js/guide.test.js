// Which keys belong to a lesson (lib/ui/parts/guide/keys.js).

import assert from "node:assert/strict"
import test from "node:test"

import { wishOf } from "../../lib/ui/parts/guide/keys.js"

/** An element that matches the selectors which name it. */
const made = (...names) => ({
  matches: selector => names.some(name => selector.split(", ").includes(name)),
})
const button = made("button")
const field = made("input")
const slider = made("[role=slider]")

test("the arrows go through the steps", () => {
  assert.equal(wishOf({ key: "ArrowRight" }, []), "next")
  assert.equal(wishOf({ key: "ArrowLeft" }, [button]), "back")
})

test("the arrows belong to a field, a slider and a radio that have the focus", () => {
  for (const control of [field, slider, made("[role=radio]"), made("select"), made("[role=tab]")])
    assert.equal(wishOf({ key: "ArrowRight" }, [control, button]), null)
})

test("an arrow within a control of several elements belongs to the control", () => {
  assert.equal(wishOf({ key: "ArrowLeft" }, [button, slider]), null)
})

test("a presenter's keys go through the steps wherever the focus is", () => {
  for (const control of [field, slider, button]) {
    assert.equal(wishOf({ key: "PageDown" }, [control]), "next")
    assert.equal(wishOf({ key: "PageUp" }, [control]), "back")
  }
})

test("letters and digits are asked for, but not while somebody types", () => {
  assert.equal(wishOf({ key: "s" }, [button]), "s")
  assert.equal(wishOf({ key: "2" }, []), "2")
  assert.equal(wishOf({ key: "s" }, [field]), null)
  assert.equal(wishOf({ key: "2" }, [made("textarea")]), null)
})

test("a checkbox is an input in which nobody types", () => {
  assert.equal(wishOf({ key: "s" }, [made("input", "[type=checkbox]")]), "s")
})

test("keys with a modifier stay the browser's", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey", "shiftKey"])
    assert.equal(wishOf({ key: "ArrowRight", [held]: true }, []), null)
  assert.equal(wishOf({ key: "Escape" }, []), null)
})
