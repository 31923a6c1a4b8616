// The questions, and the scale beside the map for what the images show.

import { element } from "../base.js"
import { change, sendAnswers } from "./gestures.js"
import { MARGIN, rounded } from "./numbers.js"

const TYPING = 400 // ms: after this time without another digit a typed number is complete

export function buildQuestions(view) {
  const { lowest, highest } = view.fixed.map.axis
  const number = (name, low, high) =>
    element("input", {
      id: name,
      type: "number",
      min: low,
      max: high,
      step: 1,
      oninput: event => {
        const value = event.target.valueAsNumber
        if (!Number.isInteger(value) || value < low || value > high) return
        change(view, { [name]: value }, { commit: false })
        clearTimeout(view.typing)
        view.typing = setTimeout(() => sendAnswers(view), TYPING)
      },
      onchange: event => {
        if (event.target.valueAsNumber !== view.answers[name]) view.render({ force: true })
        else sendAnswers(view)
      },
    })
  // These ids are unique, because the component is in a shadow root.
  view.images = number("images", 1, view.fixed.most.images)
  view.classes = number("classes", 2, view.fixed.most.classes)
  view.range = element("input", {
    type: "range",
    "aria-label": "Labelled images to train on, on a logarithmic scale",
    min: Math.log10(lowest),
    max: Math.log10(highest),
    step: 0.05,
    oninput: event => change(view, { images: rounded(10 ** event.target.valueAsNumber) }, { commit: false }),
    onchange: () => sendAnswers(view),
  })
  const box = (words, read) => {
    const input = element("input", {
      type: "checkbox",
      onchange: event => change(view, read(event.target.checked)),
    })
    return [input, element("label", {}, input, element("span", {}, words))]
  }
  const hurry = on => ({ minutes: on ? view.fixed.hurryMinutes : null })
  const [hurryBox, hurryLabel] = box("Must train within a minute", hurry)
  const [phoneBox, phoneLabel] = box("Must run on a phone", on => ({ phone: on }))
  const [noisyBox, noisyLabel] = box("Some labels are wrong", on => ({ noisy: on }))
  Object.assign(view, { hurryBox, phoneBox, noisyBox })
  view.back = element("button", {
    type: "button",
    onclick: () => sendAnswers(view, { ...view.answers, images: null }),
  })
  view.whose = element("span")
  view.notes = element("ul", { class: "notes" })
  view.root
    .querySelector(".questions")
    .replaceChildren(
      element(
        "div",
        { class: "numbers" },
        element("label", { for: "images" }, "Labelled images to train on"),
        element("label", { for: "classes" }, "Classes"),
        view.images,
        view.range,
        view.classes,
      ),
      element(
        "div",
        { class: "boxes", role: "group", "aria-label": "If it matters" },
        hurryLabel,
        phoneLabel,
        noisyLabel,
      ),
      view.notes,
      element("p", { class: "whose" }, view.whose, " ", view.back),
    )
}

export function buildKinds(view) {
  const { kinds } = view.fixed.map
  view.radios = kinds.map(kind => {
    const picture = view.fixed.pictures[kind.id]
    const radio = element("input", {
      type: "radio",
      name: "kind",
      value: kind.id,
      onchange: () => change(view, { similarity: kind.value }),
    })
    const label = element(
      "label",
      { title: kind.about },
      radio,
      picture ? element("img", { src: picture, alt: "" }) : element("span"),
      element("span", { class: "words" }, kind.short),
    )
    return { kind, radio, label }
  })
  const legend = view.kinds.querySelector("legend")
  const places = element("div", { class: "places" }, ...view.radios.map(({ label }) => label))
  view.kinds.replaceChildren(legend, places)
  spread(view)
}

/** Move labels that would cover each other apart, as little as possible. */
export function spread(view) {
  const places = view.kinds.querySelector(".places")
  const height = places.clientHeight - 2 * MARGIN
  if (height <= 0) return
  const labels = view.radios.map(({ label, kind }) => ({
    label,
    size: label.offsetHeight + 2,
    at: MARGIN + (1 - kind.value) * height,
  }))
  const ends = [0, places.clientHeight]
  let free = ends[0]
  for (const one of labels) {
    one.top = Math.max(free, one.at - one.size / 2)
    free = one.top + one.size
  }
  let below = ends[1]
  for (const one of labels.toReversed()) {
    one.top = Math.min(one.top, below - one.size)
    below = one.top
    one.label.style.top = `${one.top}px`
  }
}
