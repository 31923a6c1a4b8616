// The effects of a plan: the notice below the strip, the meters and the line to copy.

import { copyText, count, element } from "../base.js"
import { moveCut } from "./gestures.js"
import { derive, memory, percent, share } from "./numbers.js"

export function renderNotice(view) {
  const { table, plan } = view
  const inside = plan.cut > 0 && plan.cut < table.layers.length && !table.boundaries.includes(plan.cut)
  view.notice.classList.toggle("warning", inside)
  if (!inside) {
    view.notice.replaceChildren(share(table, plan.cut))
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

function meter(label, value, part, note, kind = "") {
  const fill = element("div", { class: kind })
  fill.style.width = `${Math.max(0, Math.min(100, part))}%`
  return element(
    "div",
    { class: "card" },
    element("span", { class: "label" }, label),
    element("strong", { class: kind }, value),
    element("div", { class: "bar" }, fill),
    element("span", { class: "note" }, note),
  )
}

export function renderMeters(view) {
  const { numbers, table } = view
  const frozen = numbers.total - numbers.trainable
  const withWeights = table.layers.filter(layer => layer.params > 0).length
  const everything = derive(table.layers, view.head, { ...view.plan, cut: 0, byHand: new Set() })
  const learning = percent(numbers.trainable, numbers.total)
  const summary = [
    ["Total params", numbers.total],
    ["Trainable params", numbers.trainable],
    ["Non-trainable params", frozen],
  ]
  view.meters.replaceChildren(
    meter(
      "Trainable parameters",
      count(numbers.trainable),
      learning,
      `${learning.toFixed(learning < 1 ? 2 : 1)} % of ${count(numbers.total)}`,
      "trainable",
    ),
    meter(
      "Layers thawed",
      count(numbers.layersThawed),
      percent(numbers.layersThawed, withWeights),
      `of ${withWeights} with parameters`,
    ),
    meter(
      "Time of one step",
      `${numbers.stepTime.toFixed(1)} ×`,
      percent(numbers.stepTime, everything.stepTime),
      `everything: ${everything.stepTime.toFixed(1)} ×`,
    ),
    element(
      "div",
      { class: "card summary" },
      element("span", { class: "label" }, "As model.summary() prints it"),
      ...summary.map(([words, params]) =>
        element("code", {}, `${words}: ${count(params)}`, element("span", { class: "memory" }, ` (${memory(params)})`)),
      ),
    ),
  )
  const line =
    `trainable params: ${count(numbers.trainable)} || all params: ${count(numbers.total)} || ` +
    `trainable%: ${learning.toFixed(4)}`
  const moving = numbers.moving ? ` · ${count(numbers.moving)} BN statistics updated, not trained` : ""
  const code = element("code", {}, line)
  const onclick = event => copyText(line, event.target, code)
  view.line.replaceChildren(
    code,
    element("button", { type: "button", onclick }, "Copy"),
    element(
      "span",
      {},
      `${count(numbers.tensors)} trainable tensors · weights ${memory(numbers.total)} · ` +
        `Adam keeps ${memory(numbers.optimizer)}${moving}`,
    ),
  )
}
