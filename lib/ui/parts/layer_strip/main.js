// The layer instrument in the browser (component.py draws it). A gesture makes a new plan, shows its
// numbers at once and sends the whole plan; the server's numbers replace them.

import { compare, element, isAnswered, viewOf } from "../base.js"
import { undoByHand } from "./gestures.js"
import { renderMeters, renderNotice } from "./meters.js"
import { derive } from "./numbers.js"
import { drawStrip, listenToStrip, paintStrip, widthRadios } from "./strip.js"
import { FILTERS, buildTable, filterTable, paintTable, scrollToCut } from "./table.js"

function render(view) {
  paintStrip(view)
  renderNotice(view)
  renderMeters(view)
  paintTable(view)
}

function create(view) {
  const find = name => view.root.querySelector(name)
  Object.assign(view, {
    strip: find(".strip"),
    svg: find("svg"),
    cut: find(".cut"),
    cutWords: find(".cut-words"),
    knob: find(".knob"),
    notice: find(".notice"),
    legend: find(".legend .statistics"),
    meters: find(".meters"),
    line: find(".line"),
    ownPage: find(".own-page"),
    rowsBox: find(".rows"),
    render: () => render(view),
    scrollToCut: () => scrollToCut(view),
  })
  view.search = element("input", {
    type: "search",
    placeholder: "Search layers",
    "aria-label": "Search layers",
    oninput: () => filterTable(view),
  })
  view.filter = element(
    "select",
    { "aria-label": "Show", onchange: () => filterTable(view) },
    ...Object.entries(FILTERS).map(([id, { words }]) => element("option", { value: id }, words)),
  )
  view.shown = element("span", { role: "status" })
  view.undo = element("button", { type: "button", hidden: true, onclick: () => undoByHand(view) })
  const all = element("input", {
    type: "checkbox",
    onchange: () => find(".below").classList.toggle("all-columns", all.checked),
  })
  find(".tools").replaceChildren(
    view.search,
    view.filter,
    view.shown,
    element("label", {}, all, "all columns"),
    view.undo,
  )
  find(".width").replaceChildren("width by", ...widthRadios(view))
  listenToStrip(view)
  view.observer = new ResizeObserver(() => {
    if (!view.table || view.svg.clientWidth === view.drawnWidth) return
    drawStrip(view)
    paintStrip(view)
  })
  view.observer.observe(view.svg)
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  const changed = view.tableText !== data.table
  if (changed) {
    view.tableText = data.table
    view.table = JSON.parse(data.table)
  }
  if (isAnswered(view, data, changed)) {
    view.head = data.head
    view.plan = { ...data.plan, byHand: new Set(data.plan.byHand) }
    view.numbers = data.numbers
    compare(view, data.numbers, derive(view.table.layers, view.head, view.plan))
    if (changed) {
      drawStrip(view)
      buildTable(view)
    }
    render(view)
    if (changed) scrollToCut(view)
  }
  return () => view.observer.disconnect()
}
