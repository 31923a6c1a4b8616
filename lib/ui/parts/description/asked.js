// What is asked: the animal that is left out, and the attributes that are ticked.

import { begin, element, send } from "../base.js"

export function change(view, changes, { commit = true } = {}) {
  begin(view)
  view.asked = { ...view.asked, ...changes }
  view.render()
  if (commit) send(view, "gesture", view.asked)
}

/** The attributes of an animal, as ids. */
const ticksOf = (view, animal) =>
  view.fixed.attributes.flatMap(({ id }, place) => (view.fixed.known.table[animal][place] ? [id] : []))

export function buildAsked(view) {
  const { animals, groups } = view.fixed
  const options = () => animals.map(({ name }, place) => element("option", { value: place }, name))
  view.leftOut = element(
    "select",
    {
      id: "left-out",
      onchange: event => {
        const place = Number(event.target.value)
        change(view, { leftOut: animals[place].id, ticks: ticksOf(view, place) })
      },
    },
    ...options(),
  )
  view.like = element(
    "select",
    {
      id: "like",
      onchange: event => {
        if (event.target.value) change(view, { ticks: ticksOf(view, Number(event.target.value)) })
      },
    },
    element("option", { value: "" }, "your own"),
    ...options(),
  )
  const button = (words, ticks) =>
    element("button", { type: "button", onclick: () => change(view, { ticks: ticks() }) }, words)
  view.boxes = []
  const rows = groups.map(({ name, attributes }) =>
    element(
      "fieldset",
      {},
      element("legend", {}, name),
      ...attributes.map(({ id, words }) => {
        const box = element("input", {
          type: "checkbox",
          onchange: () => change(view, { ticks: ticked(view) }),
        })
        view.boxes.push({ id, box })
        return element("label", { class: "tick" }, box, element("span", {}, words))
      }),
    ),
  )
  view.askedPart.replaceChildren(
    element(
      "div",
      { class: "choose" },
      element("span", { class: "pair" }, element("label", { for: "left-out" }, "Recognise"), view.leftOut),
      element("span", { class: "pair" }, element("label", { for: "like" }, "Described like"), view.like),
      button("Clear", () => []),
    ),
    ...rows,
  )
}

/** The ids of the boxes that are ticked, in the order of the attributes. */
const ticked = view => view.boxes.filter(({ box }) => box.checked).map(({ id }) => id)

export function showAsked(view) {
  const { fixed, asked, found } = view
  view.leftOut.value = found.leftOut
  for (const { id, box } of view.boxes) box.checked = asked.ticks.includes(id)
  const same = fixed.known.table.findIndex(row => row.every((value, place) => value === found.description[place]))
  view.like.value = same < 0 ? "" : same
  view.same = same
}
