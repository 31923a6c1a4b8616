// The effects of a plan: the finding above the strip, the counts beside the table, and further numbers.

import { copyText, count, element, withTerms } from "../base.js"
import { moveCut } from "./gestures.js"
import { derive, finding, memory, percent } from "./numbers.js"

export function renderNotice(view) {
  const { table, plan } = view
  const inside = plan.cut > 0 && plan.cut < table.layers.length && !table.boundaries.includes(plan.cut)
  view.legend.hidden = !view.numbers.moving
  if (!inside) {
    view.notice.replaceChildren(element("span", {}, ...withTerms(finding(table, plan, view.head, view.numbers))))
    return
  }
  const below = table.boundaries.findLast(index => index < plan.cut)
  const above = table.boundaries.find(index => index > plan.cut)
  const button = index =>
    element(
      "button",
      { type: "button", onclick: () => moveCut(view, index) },
      `Thaw from ${table.layers[index].name} (${index})`,
    )
  view.notice.replaceChildren(
    `The cut falls inside ${table.layers[plan.cut].block}, between its branches.`,
    ...[below, above].filter(index => index !== undefined).map(button),
  )
}

export function renderMeters(view) {
  const { numbers, table } = view
  const everything = derive(table.layers, view.head, { ...view.plan, cut: 0, byHand: new Set() })
  const learning = percent(numbers.trainable, numbers.total)
  const fill = element("div")
  fill.style.width = `${learning}%`
  const lines = [
    ["Total params", numbers.total],
    ["Trainable params", numbers.trainable],
    ["Non-trainable params", numbers.total - numbers.trainable],
  ]
  view.meters.replaceChildren(
    element(
      "div",
      { class: "now" },
      element("span", { class: "label" }, "Trainable parameters"),
      element("strong", {}, count(numbers.trainable)),
      element("div", { class: "bar" }, fill),
      element("span", { class: "label" }, `${learning.toFixed(learning < 1 ? 2 : 1)} % of all parameters`),
    ),
    element(
      "div",
      { class: "summary" },
      ...lines.map(([words, params]) => element("code", {}, `${words}: ${count(params)}`)),
    ),
    // With the head only there is nothing to compare.
    ...(numbers.layersThawed ? [stepTime(numbers.stepTime, everything.stepTime)] : []),
  )
  renderMore(view, learning)
}

/** Say how long a step takes. @param {number} now @param {number} everything With everything thawed */
const stepTime = (now, everything) =>
  element(
    "p",
    { class: "step" },
    "A training ",
    element("a", { href: "#term-step" }, "step"),
    " takes about ",
    element("b", {}, `${now.toFixed(1)} ×`),
    " as long as with the ",
    element("a", { href: "#term-head" }, "head"),
    ` only (everything thawed: ${everything.toFixed(1)} ×).`,
  )

/** Draw what other tools print for the same plan, and the memory. */
function renderMore(view, learning) {
  const { numbers } = view
  const frozen = numbers.total - numbers.trainable
  const line =
    `trainable params: ${count(numbers.trainable)} || all params: ${count(numbers.total)} || ` +
    `trainable%: ${learning.toFixed(4)}`
  const moving = numbers.moving
    ? ` Training updates ${count(numbers.moving)} statistics of BatchNormalization without training them.`
    : ""
  const code = element("code", {}, line)
  const onclick = event => copyText(line, event.target, code)
  view.line.replaceChildren(
    code,
    element("button", { type: "button", onclick }, "Copy"),
    element(
      "span",
      {},
      `There are ${count(numbers.tensors)} trainable tensors. The weights take ${memory(numbers.total)}: ` +
        `${memory(numbers.trainable)} trainable and ${memory(frozen)} non-trainable. For each trainable ` +
        `parameter the optimizer Adam keeps two numbers, ${memory(numbers.optimizer)} in all.${moving}`,
    ),
  )
}
