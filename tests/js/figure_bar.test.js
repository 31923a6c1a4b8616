// How fast the epochs of a run appear, and in which figure (lib/ui/parts/figure_bar).

import assert from "node:assert/strict"
import { test } from "node:test"

import { drawUpTo, ready } from "../../lib/ui/parts/figure_bar/drawn.js"
import { LATE_MS, PHASE_MS, waitOf } from "../../lib/ui/parts/figure_bar/pace.js"

const phase = (number, epochs) => Array.from({ length: epochs }, () => number)
const total = phases => phases.reduce((sum, _, at) => sum + waitOf(phases, at + 1, false), 0)

test("a phase of many epochs that took no time is drawn for two seconds", () => {
  assert.ok(Math.abs(total(phase(0, 60)) - PHASE_MS) < 1e-6)
  assert.ok(Math.abs(total(phase(0, 10)) - PHASE_MS) < 1e-6)
})

test("no epoch is more than 0.4 s late", () => {
  for (const epochs of [1, 2, 3, 5, 200]) {
    phase(0, epochs).forEach((_, at) => assert.ok(waitOf(phase(0, epochs), at + 1, false) <= LATE_MS))
  }
  assert.equal(LATE_MS, 400)
})

test("the first epoch after thawing waits, so that the line of fine-tuning is seen alone", () => {
  const phases = [...phase(0, 40), ...phase(1, 10)]
  assert.equal(waitOf(phases, 41, false), LATE_MS)
  assert.equal(waitOf(phases, 42, false), PHASE_MS / 10)
})

test("without delay nothing waits", () => {
  assert.equal(waitOf(phase(0, 3), 2, true), 0)
})

// --- The figure of a run that is training --------------------------------------------------

const trace = (epochs, y = epochs) => ({ x: epochs, y, customdata: epochs.map(epoch => [epoch]) })
const drawn = figure => figure.data[0].y.filter(value => value !== null).length

/** A page with a figure, and a Plotly that counts its passes over it. */
function page(layout, epochs) {
  const figure = { data: [trace(epochs)], layout, dataset: {}, clientWidth: 900, closest: () => null }
  const passes = []
  globalThis.document = { querySelector: () => page.shown }
  globalThis.window = {
    Plotly: {
      react(into, data, changed) {
        passes.push("react")
        Object.assign(into, { data, layout: changed })
      },
      animate(into, { data }) {
        passes.push("animate")
        data.forEach((cut, at) => Object.assign(into.data[at], cut))
        return Promise.resolve()
      },
    },
  }
  page.shown = figure
  return { figure, passes }
}

const growing = (epochs, layout = {}) => ({
  mark: "run",
  alt: `${epochs.length} epochs`,
  figure: JSON.stringify({ data: [trace(epochs)], layout }),
})

test("an epoch of a run that is training is one pass of Plotly over the same figure, of its points only if it can", () => {
  const { figure, passes } = page({ datarevision: "run", width: 600 }, [])
  const view = { data: { epochs: 2, growing: growing([1, 2]), drawn: "2" } }
  assert.ok(drawUpTo(view, 1))
  assert.equal(drawn(figure), 1)
  assert.equal(figure.layout.width, 600)
  drawUpTo(view, 2)
  assert.equal(drawn(figure), 2)
  view.data = { epochs: 3, growing: growing([1, 2, 3]), drawn: "3" }
  drawUpTo(view, 3)
  assert.equal(drawn(figure), 3)
  assert.deepEqual(figure.data[0].customdata, [[1], [2], [3]])
  assert.deepEqual(passes, ["react", "animate", "animate"])
  view.data = { epochs: 4, growing: growing([1, 2, 3, 4], { shapes: [{ type: "line" }] }), drawn: "4" }
  drawUpTo(view, 4)
  assert.equal(drawn(figure), 4)
  assert.equal(figure.layout.shapes.length, 1)
  assert.deepEqual(passes, ["react", "animate", "animate", "react"])
})

test("a figure that Streamlit makes anew while a run is training gets all of its curves", () => {
  const { passes } = page({ datarevision: "run" }, [])
  const view = { data: { epochs: 1, growing: growing([1]), drawn: "1" } }
  drawUpTo(view, 1)
  page.shown = { ...page.shown, data: [trace([])], dataset: {} }
  view.data = { epochs: 2, growing: growing([1, 2]), drawn: "2" }
  drawUpTo(view, 2)
  assert.equal(drawn(page.shown), 2)
  assert.deepEqual(passes, ["react", "react"])
})

test("epochs of a run that is training are not drawn into the figure of one that has ended", () => {
  const { figure, passes } = page({}, [1, 2, 3])
  const view = { data: { epochs: 2, growing: growing([1, 2]), drawn: "2" } }
  assert.equal(ready(view), null)
  assert.equal(drawUpTo(view, 2), false)
  assert.equal(drawn(figure), 3)
  assert.deepEqual(passes, [])
})

test("a figure that shows all its epochs already is not drawn once more", () => {
  const { passes } = page({}, [1, 2, 3])
  const view = { data: { epochs: 3, growing: null, drawn: "3" } }
  drawUpTo(view, 3)
  assert.deepEqual(passes, [])
})

test("a figure that Streamlit makes once more from what was drawn in it keeps its later epochs", () => {
  const { figure } = page({}, [1, 2, 3])
  const view = { data: { epochs: 3, growing: null, drawn: "3" } }
  drawUpTo(view, 1)
  page.shown = { ...figure, data: figure.data.map(each => ({ ...each })) }
  drawUpTo(view, 3)
  assert.equal(drawn(page.shown), 3)
})
