// What follows from a description: the sum in words, the finding, and the ranking of the photographs.

import { count, element } from "../base.js"
import { change } from "./asked.js"
import { nearest } from "./numbers.js"

const SHOWN = 8 // photographs, before the reader asks for all
const FULL = 4 // logits of lead at which a bar is full

/** A drawing of an animal, an empty place where there is none, or the reader's own photograph. */
function picture(view, animal) {
  const { drawings, animals } = view.fixed
  if (animal === animals.length) return element("img", { class: "drawing", src: view.own.picture, alt: "" })
  const place = animals[animal].drawing
  const tile = element("span", { class: place === null ? "drawing none" : "drawing", "aria-hidden": "true" })
  if (place !== null) {
    const across = place % drawings.columns
    const down = Math.floor(place / drawings.columns)
    tile.style.backgroundSize = `${100 * drawings.columns}% ${100 * drawings.rows}%`
    tile.style.backgroundPosition = `${(100 * across) / (drawings.columns - 1)}% ${(100 * down) / (drawings.rows - 1)}%`
  }
  return tile
}

const nameOf = (view, animal) => view.fixed.animals[animal]?.name ?? "your photograph"
const signed = value => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`
const percent = share => `${Math.round(100 * share)}%`
const capital = words => words[0].toUpperCase() + words.slice(1)

/** The description as a sum: the animal that is most like it, and what is added and taken away. */
export function showSum(view) {
  const { fixed, found, asked } = view
  const said = [
    asked.ticks.includes("stripes") ? "Untick stripes, and see who wins." : "Tick stripes, and see who wins.",
  ]
  const parts = []
  if (asked.ticks.length && asked.ticks.length < fixed.attributes.length) {
    const { animal, plus, minus } = nearest(fixed.known.table, found.description, found.leftOut)
    const words = place => fixed.attributes[place].words
    parts.push(picture(view, animal), element("b", {}, fixed.animals[animal].name))
    if (asked.ticks.length > plus.length) said.push("The sum leaves out what both share.")
    for (const place of plus) parts.push(element("span", { class: "plus" }, `+ ${words(place)}`))
    for (const place of minus) parts.push(element("span", { class: "minus" }, `− ${words(place)}`))
  } else {
    const words = asked.ticks.length ? "every attribute at once" : "no attribute"
    parts.push(element("b", {}, words))
  }
  const first = found.order[0]
  const equals = element("span", { class: "equals" }, "=")
  const winner = element("b", {}, nameOf(view, first))
  parts.push(element("span", { class: "outcome" }, equals, picture(view, first), winner))
  view.sum.replaceChildren(...parts)
  view.how.textContent = said.join(" ")
}

/** One sentence about the ranking. */
function sentence(view) {
  const { fixed, found, asked, same } = view
  const left = nameOf(view, found.leftOut)
  const place = found.order.indexOf(found.leftOut) + 1
  if (!asked.ticks.length)
    return "No attribute is ticked. What is left is what all animals share, so this ranking means little."
  if (asked.ticks.length === fixed.attributes.length)
    return "Every attribute is ticked. No animal is like that, so this ranking means little."
  if (same >= 0 && same !== found.leftOut)
    return `This is the description of the ${nameOf(view, same)}, whose class is known: it was one of the animals that the regression was fitted to.`
  const others = found.places.filter((at, photograph) => at === 1 && photograph < fixed.animals.length).length - 1
  if (place === 1 && found.places[found.leftOut] === 1)
    return others
      ? `The class made from these words wins the photograph of the ${left}. Photographs of other animals that it wins too: ${count(others)}.`
      : `The class made from these words wins the photograph of the ${left}.`
  if (place === 1)
    return `The photograph of the ${left} comes first, although this class is only in place ${found.places[found.leftOut]} of ${fixed.animals.length} on it.`
  return `The photograph of the ${left}, which is left out, is in place ${place} of this ranking.`
}

export function showFinding(view) {
  const { found, own } = view
  view.title.textContent = `${capital(nameOf(view, found.order[0]))} first`
  const said = [sentence(view)]
  if (own) {
    const at = view.fixed.animals.length
    said.push(
      `Your photograph is in place ${found.order.indexOf(at) + 1} of ${found.order.length}; on it, this description is in place ${found.places[at]} of ${at}.`,
      own.said,
    )
  }
  view.words.textContent = said.join(" ")
}

export function buildAgainst(view) {
  const { most, step } = view.fixed.constant
  const radio = (words, trained) => {
    const input = element("input", { type: "radio", name: "against", onchange: () => change(view, { trained }) })
    return [input, element("label", {}, input, element("span", {}, words))]
  }
  const [describedRadio, describedLabel] = radio("other descriptions", false)
  const [trainedRadio, trainedLabel] = radio("trained classes", true)
  view.slider = element("input", {
    type: "range",
    id: "constant",
    min: 0,
    max: most,
    step,
    oninput: event => change(view, { constant: event.target.valueAsNumber }, { commit: false }),
    onchange: event => change(view, { constant: event.target.valueAsNumber }),
  })
  view.constantWords = element("span", { class: "constant" })
  view.errors = element("p", { class: "errors" })
  view.cure = element(
    "div",
    { class: "cure" },
    element("label", { for: "constant" }, "Taken off the trained classes"),
    view.slider,
    view.constantWords,
    view.errors,
  )
  Object.assign(view, { describedRadio, trainedRadio })
  view.against.replaceChildren(
    element("fieldset", { class: "rivals" }, element("legend", {}, "Against"), describedLabel, trainedLabel),
    view.cure,
  )
}

export function showAgainst(view) {
  const { asked, fixed } = view
  view.describedRadio.checked = !asked.trained
  view.trainedRadio.checked = asked.trained
  view.cure.hidden = !asked.trained
  view.slider.value = asked.constant
  view.constantWords.textContent = asked.constant.toFixed(2)
  view.slider.setAttribute("aria-valuetext", `${asked.constant.toFixed(2)} logits`)
  const [unseen, seen] = fixed.accuracies[Math.round(asked.constant / fixed.constant.step)]
  view.errors.textContent = `Over all animals, each left out in turn: ${percent(unseen)} of the left-out ones and ${percent(seen)} of the trained ones are recognised.`
}

/** What of the ranking stays when its rows change, so that a focus on it stays too. */
export function buildRanking(view) {
  const known = view.fixed.animals.length
  const head = element(
    "tr",
    {},
    element("th", { scope: "col", colspan: 2 }, "Photograph of"),
    element("th", { scope: "col" }, "Your class"),
    element("th", { scope: "col" }, "Lead"),
  )
  view.rows = element("tbody", {})
  view.more = element("button", {
    type: "button",
    class: "more",
    onclick: () => {
      view.all = !view.all
      showRanking(view)
    },
  })
  const about = element(
    "details",
    {},
    element("summary", {}, "Violet is behind. What is lead?"),
    element(
      "p",
      {},
      `A regression on the ${known - 1} other animals has found what each word adds to a class. Your class: its place among all ${known} classes on this photograph. Lead: its logit minus that of the strongest other class.`,
    ),
  )
  const foot = element("tr", {}, element("td", { colspan: 4 }, view.more, about))
  view.table.replaceChildren(element("thead", {}, head), view.rows, element("tfoot", {}, foot))
}

export function showRanking(view) {
  const { found, fixed } = view
  const shown = view.all ? found.order : found.order.slice(0, SHOWN)
  const own = fixed.animals.length
  if (view.own && !shown.includes(own)) shown.push(own)
  const rows = shown.map(photograph => {
    const lead = found.leads[photograph]
    const won = found.places[photograph] === 1
    const bar = element("i", { class: lead < 0 ? "lost" : "won" })
    bar.style.width = `${50 * Math.min(1, Math.abs(lead) / FULL)}%`
    const kind = photograph === found.leftOut ? "out" : photograph === own ? "own" : ""
    return element(
      "tr",
      { class: kind },
      element("td", {}, picture(view, photograph)),
      element(
        "th",
        { scope: "row" },
        nameOf(view, photograph),
        ...(kind === "out" ? [element("small", {}, "left out")] : []),
      ),
      element("td", { class: "place" }, won ? "1st" : `${found.places[photograph]}`),
      element(
        "td",
        { class: "lead", title: `Strongest other class: ${nameOf(view, found.rivals[photograph])}` },
        element("span", {}, signed(lead)),
        element("span", { class: "track", "aria-hidden": "true" }, bar),
      ),
    )
  })
  view.rows.replaceChildren(...rows)
  view.more.textContent = view.all ? "Show fewer" : `Show all ${found.order.length}`
}
