// The decision: class maps whose averages are logits, and the sum of the terms.

import { element } from "../base.js"
import { digits } from "./numbers.js"
import { choose, covered, group, numbersOf, option } from "./pieces.js"

export function drawDecision(view) {
  const { data } = view
  view.parts({
    classes: data.classes.length ? [classes(view)] : [],
    equations: data.equations.map(one => equation(view, one)),
    terms: termsTable(view),
  })
}

function classes(view) {
  const { data } = view
  return group(
    "classes",
    data.question,
    ...data.classes.map(one =>
      option(
        view,
        "class",
        one.index === data.first,
        { first: one.index },
        `${one.name}, ${one.share}`,
        covered(view, { ...data.size, values: one.values }, data.full),
        element("b", {}, one.name),
        element("span", { class: "under" }, `logit ${digits(one.logit, 2)}`),
        meter(one.probability, one.share),
      ),
    ),
  )
}

function meter(part, words) {
  const fill = element("div")
  fill.style.width = `${Math.max(0, Math.min(100, 100 * part))}%`
  return element("span", { class: "meter" }, element("span", { class: "track" }, fill), element("b", {}, words))
}

const sign = words => element("span", { class: "sign" }, words)

/** Draw mean(CAM) + bias = logit, with the class activation map (CAM). */
function equation(view, one) {
  const { data } = view
  const map = { ...data.size, values: one.values }
  const cells = data.size.rows * data.size.columns
  const part = (label, number, className = "") =>
    element(
      "span",
      { class: `part ${className}` },
      element("strong", {}, digits(number, one.decimals)),
      element("span", {}, label),
    )
  return element(
    "figure",
    { class: "equation" },
    element("figcaption", {}, one.title),
    element("div", { class: "numbered" }, covered(view, map, one.full), numbersOf(view, map, one.full, one.alt, 1)),
    element(
      "p",
      { class: "sum" },
      part(`mean of ${cells}`, one.mean),
      sign("+"),
      part("bias", one.bias),
      sign("="),
      part(one.result, one.logit, "logit"),
    ),
    element("p", { class: "network" }, one.network),
  )
}

/** Draw the other way to the same logit: the sum of average times weight over the channels. */
function termsTable(view) {
  const { terms } = view.data
  const ends = terms.rows.flatMap(row => [row.from, row.to])
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)]
  const at = value => (100 * (value - low)) / (high - low || 1)
  const body = element("tbody")
  for (const row of terms.rows) {
    const bar = element("div", { class: row.to < row.from ? "falls" : "rises" })
    bar.style.left = `${at(Math.min(row.from, row.to))}%`
    bar.style.width = `${Math.max(0.4, Math.abs(at(row.to) - at(row.from)))}%`
    const zero = element("i")
    zero.style.left = `${at(0)}%`
    const name =
      row.channel === null
        ? row.name
        : element(
            "button",
            {
              type: "button",
              title: "Look at this channel",
              onclick: () => choose(view, { channel: row.channel }),
            },
            row.name,
          )
    body.append(
      element(
        "tr",
        { class: row.kind },
        element("th", { scope: "row" }, name),
        element("td", { class: "product" }, row.product),
        element("td", { class: "way" }, element("div", { class: "lane", "aria-hidden": "true" }, zero, bar)),
        element("td", { class: "value" }, (row.kind === "result" || row.value < 0 ? "" : "+") + digits(row.value, 4)),
      ),
    )
  }
  const head = ["", "average × weight", "", "adds"].map(words =>
    words ? element("th", { scope: "col" }, words) : element("td"),
  )
  return [
    element(
      "details",
      { open: Boolean(view.termsOpen), ontoggle: event => (view.termsOpen = event.target.open) },
      element("summary", {}, "Which channels decide?"),
      element("h3", {}, terms.title),
      element("table", { class: "terms" }, element("thead", {}, element("tr", {}, ...head)), body),
    ),
  ]
}
