// The questions, the recommendation and the map in the browser (component.py draws it). After a change the
// browser looks up the recommendation at once and sends all answers; the server's result replaces it.

import { compare, count, element, isAnswered, viewOf, withTerms } from "../base.js"
import { listenToPlane } from "./gestures.js"
import { buildLegend, drawMap, place } from "./map.js"
import { lookUp, within } from "./numbers.js"
import { buildKinds, buildQuestions, spread } from "./questions.js"

function render(view, { force = false } = {}) {
  const { fixed, answers } = view
  const advice = lookUp(fixed, answers)
  view.advice = advice
  const { plans, map } = fixed
  view.root.dataset.region = advice.region
  view.title.textContent = advice.title
  view.reason.replaceChildren(...withTerms(advice.reason))
  const plan = plans[advice.way]
  if (view.strip.src !== plan.picture) view.strip.src = plan.picture
  view.learns.replaceChildren(...withTerms(plan.words))
  view.strip.alt = `The layers of the backbone: ${view.learns.textContent}`
  const beyond = advice.neighbours.map(region => fixed.advices[advice.key][region])
  const others = [...new Set(beyond.map(({ way }) => map.ways[way].title))].filter(
    title => title !== map.ways[advice.way].title,
  )
  const either = others.map(title => `“${title}”`).join(" or ")
  const number = `${count(answers.images)} ${answers.images === 1 ? "image" : "images"}`
  view.near.textContent = others.length ? `With ${number} of this kind, ${either} may do as well.` : ""
  view.notes.replaceChildren(...advice.notes.map(note => element("li", {}, note)))

  // A number that is being typed is not overwritten.
  const focused = view.root.getRootNode().activeElement
  for (const [input, value] of [
    [view.images, answers.images],
    [view.classes, answers.classes],
  ])
    if (force || input !== focused || !view.root.hasAttribute("data-pending")) input.value = value
  view.range.value = Math.log10(within(map.axis.lowest, answers.images, map.axis.highest))
  view.range.setAttribute("aria-valuetext", `${count(answers.images)} images`)
  view.hurryBox.checked = answers.minutes !== null && answers.minutes < fixed.headOnlyMinutes
  view.phoneBox.checked = answers.phone
  view.noisyBox.checked = answers.noisy
  for (const { kind, radio } of view.radios) radio.checked = Math.abs(kind.value - answers.similarity) < 0.005
  view.whose.textContent = view.own
    ? view.knowsKind
      ? `These answers describe ${view.dataset.title}.`
      : "Please say what the images show."
    : "Your own answers."
  view.back.hidden = view.own
  view.back.textContent = `Back to ${view.dataset.title}`

  if (view.border !== advice.largeFrom || view.width !== view.svg.clientWidth || force) {
    view.border = advice.largeFrom
    drawMap(view)
  }
  const [x, y] = place(view, answers.images, answers.similarity)
  view.point.style.left = `${x}px`
  view.point.style.top = `${y}px`
  view.point.setAttribute(
    "aria-label",
    `Your data: ${count(answers.images)} images, similarity ${answers.similarity}. ` +
      `${advice.title}. Arrow keys move it.`,
  )
  for (const area of view.svg.querySelectorAll("rect[data-region]"))
    area.classList.toggle("here", area.dataset.region === advice.region)
}

function create(view) {
  const find = name => view.root.querySelector(name)
  Object.assign(view, {
    title: find("h2"),
    reason: find(".reason"),
    strip: find(".strip"),
    learns: find(".learns"),
    near: find(".near"),
    kinds: find(".kinds"),
    plane: find(".plane"),
    svg: find(".plane svg"),
    point: find(".point"),
    under: find(".under"),
    legend: find(".legend"),
    render: options => render(view, options),
  })
  listenToPlane(view)
  view.observer = new ResizeObserver(() => {
    if (!view.fixed || view.svg.clientWidth === view.width) return
    spread(view)
    render(view, { force: true })
  })
  view.observer.observe(view.svg)
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  const changed = view.fixedText !== data.fixed
  if (changed) {
    view.fixedText = data.fixed
    view.fixed = JSON.parse(data.fixed)
    buildQuestions(view)
    buildKinds(view)
    buildLegend(view)
  }
  if (isAnswered(view, data, changed || data.dataset.id !== view.dataset?.id)) {
    const { dataset, own, knowsKind, answers } = data
    Object.assign(view, { dataset, own, knowsKind, answers })
    compare(view, data.advice, lookUp(view.fixed, answers))
    render(view, { force: changed })
  }
  return () => view.observer.disconnect()
}
