// The arrays of an experiment and how far each one moved (component.py draws them).

import { element } from "../base.js"

const MARKS = { trainable: "trained", statistics: "statistics" }

/** Return text in which `names` are set as code. @param {string} text */
const withCode = text => text.split("`").map((part, place) => (place % 2 ? element("code", {}, part) : part))

/** @param {{name: string, listed: string, moved: number, kind: string}} row @param {number} full */
function arrayRow({ name, listed, moved, kind }, full) {
  const bar = element("div", { class: kind })
  bar.style.width = moved ? `max(4px, ${(100 * moved) / full}%)` : "0"
  return element(
    "tr",
    { class: moved ? kind : `still ${kind}` },
    element("th", { scope: "row" }, name),
    element("td", { class: "listed" }, listed),
    element("td", { class: "track" }, bar),
    element("td", { class: "far" }, moved ? `${moved.toFixed(4)} ${MARKS[kind] ?? ""}` : "did not move"),
  )
}

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".moved")
  const heads = ["Array", "Listed as", "Largest change of a number", ""]
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...heads.map(words => element("th", { scope: "col" }, words)))),
    element("tbody", {}, ...data.rows.map(row => arrayRow(row, data.full))),
  )
  const facts = data.facts.map(([words, value]) =>
    element("li", {}, element("span", {}, ...withCode(words)), element("b", {}, value)),
  )
  root.setAttribute("aria-label", data.title)
  root.replaceChildren(element("h3", {}, data.title), table, element("ul", {}, ...facts))
}
