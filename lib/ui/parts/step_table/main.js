// The truth table of one step (component.py draws it). The browser keeps the predictions and sends the whole
// table with each gesture; what happened comes from the server, and only for open rows.

import { element, isAnswered, replace, send, viewOf } from "../base.js"
import { cover, predict, predictionAt, uncover } from "./numbers.js"

/** Return text in which `names` are set as code. @param {string} text */
const coded = text => text.split("`").map((part, place) => (place % 2 ? element("code", {}, part) : part))

function act(view, changes) {
  const { run = null, ...others } = changes
  Object.assign(view.table, others)
  const { kind, trainable, cells } = view.table
  send(view, "gesture", { kind, trainable, cells, run })
}

function choice(view, name, words, options, chosen, onchange) {
  const labels = options.map(([value, text]) => {
    const input = element("input", { type: "radio", name, checked: value === chosen, onchange: () => onchange(value) })
    return element("label", {}, input, element("span", {}, text))
  })
  return element("div", { class: "choice", role: "radiogroup", "aria-label": words }, ...coded(words), ...labels)
}

function controls(view, places) {
  const { table, data } = view
  const kinds = data.kinds.map(kind => [kind, kind])
  const switches = [
    [true, "True"],
    [false, "False"],
  ]
  const button = (words, change) =>
    element("button", { type: "button", onclick: () => act(view, { cells: change(table.cells, places) }) }, words)
  return element(
    "div",
    { class: "controls" },
    choice(view, "step-kind", "The layer is a", kinds, data.kind, kind => act(view, { kind })),
    choice(view, "step-switch", "`trainable` set to", switches, data.trainable, trainable => act(view, { trainable })),
    element("span", { class: "all" }, button("Uncover all", uncover), button("Cover all", cover)),
  )
}

/** Return how far an array moved as a small mark. */
function mark([name, far]) {
  const kind = far === 0 ? "frozen" : name.startsWith("moving_") ? "statistics" : "trainable"
  const words = far === 0 ? "did not move" : far.toFixed(4)
  return element("li", { class: kind }, element("b", {}, name), ` ${words}`)
}

function happened(view, outcome, title) {
  const marks = outcome.moved.map(mark)
  return [
    ...(title ? [element("b", { class: "version" }, title)] : []),
    element("b", { class: "observed" }, outcome.observed),
    ...(marks.length ? [element("ul", { class: "marks" }, ...marks)] : []),
  ]
}

function told(view, row) {
  const { options } = view.data
  const { prediction, outcome } = row
  if (prediction === null) return []
  const right = options[prediction] === outcome.observed
  return right
    ? [element("p", { class: "told right" }, "As you predicted.")]
    : [element("p", { class: "told wrong" }, "You predicted: ", element("s", {}, options[prediction]))]
}

function openCells(view, row) {
  const { outcome, keras2, ran, agrees } = row
  const again = element("button", { type: "button", class: "run", onclick: () => act(view, { run: row.place }) })
  again.textContent = "Run it here"
  const here = ran
    ? [
        element(
          "p",
          { class: agrees ? "told right" : "told wrong" },
          agrees
            ? `Run here with Keras ${ran.keras}: the same.`
            : `Run here with Keras ${ran.keras}: another outcome than the recorded one.`,
        ),
        ...(agrees ? [] : happened(view, ran, "")),
      ]
    : [again]
  const mode = outcome.mode === "both are the same" ? "both modes are the same" : `${outcome.mode} mode`
  return [
    element("td", { "data-label": "What changed" }, ...happened(view, outcome, ""), ...told(view, row)),
    element("td", { "data-label": "Mode and summary" }, mode, element("br"), element("span", {}, outcome.summary)),
    element(
      "td",
      { "data-label": "Keras 2" },
      ...(keras2
        ? [
            element("b", { class: "observed" }, keras2.observed),
            ...(keras2.mode === outcome.mode ? [] : [element("span", {}, `${keras2.mode} mode`)]),
          ]
        : [element("span", {}, "the same")]),
    ),
    element("td", { class: "why", "data-label": "Why" }, element("p", {}, ...coded(row.why)), ...here),
  ]
}

function coveredCells(view, row) {
  const { options } = view.data
  const select = element(
    "select",
    {
      "aria-label": "Your prediction",
      onchange: event => {
        const { value } = event.target
        act(view, { cells: predict(view.table.cells, row.place, value === "" ? null : Number(value)) })
      },
    },
    element("option", { value: "" }, "What happens?"),
    ...options.map((words, option) =>
      element("option", { value: option, selected: predictionAt(view.table.cells[row.place]) === option }, words),
    ),
  )
  const onclick = () => act(view, { cells: uncover(view.table.cells, [row.place]) })
  return [
    element("td", { colspan: 4, class: "covered" }, select, element("button", { type: "button", onclick }, "Uncover")),
  ]
}

function draw(view) {
  const { data } = view
  const places = data.rows.map(row => row.place)
  const heads = [
    "`trainable` set",
    "`base(x)` called",
    "What changed",
    "Mode and summary",
    "Keras 2, where it differed",
    "Why",
  ]
  const rows = data.rows.map(row =>
    element(
      "tr",
      { "data-place": row.place, class: row.open ? "open" : "" },
      element("th", { scope: "row", "data-label": "Set" }, ...coded(row.when)),
      element("td", { "data-label": "Called" }, ...coded(row.called)),
      ...(row.open ? openCells(view, row) : coveredCells(view, row)),
    ),
  )
  replace(view.root, [
    controls(view, places),
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...heads.map(words => element("th", { scope: "col" }, ...coded(words))))),
      element("tbody", {}, ...rows),
    ),
  ])
}

export default function (component) {
  const { data } = component
  const view = viewOf(component)
  if (!isAnswered(view, data, !view.data)) return
  view.data = data
  view.table = { kind: data.kind, trainable: data.trainable, cells: data.cells }
  draw(view)
}
