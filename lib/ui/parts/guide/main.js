// The bar of a lesson in the browser (component.py says what it is).

import { element, viewOf } from "../base.js"
import { wishOf } from "./keys.js"
import { bring, darken, light } from "./light.js"
import { drawNotes, openNotes, speakerPhone, spoken } from "./speaker.js"

const ANSWERS = "thaw_lesson_answers" // in this tab: the answer to each question, 0 for none
const FINISHED = "thaw_lessons_finished" // in this browser
const PARAMETERS = ["lesson", "step", "present", "hide"]
const VOTE = '.st-key-vote_panel [data-testid="stBaseButton-primary"]' // lib/ui/vote/projector.py
const html = document.documentElement

/** Ids of the lessons that this browser has finished. @returns {string[]} */
function finished() {
  try {
    const kept = JSON.parse(localStorage.getItem(FINISHED) ?? "[]")
    return Array.isArray(kept) ? kept.filter(id => /^\w+$/.test(id)) : []
  } catch {
    return []
  }
}

/** Show on the list of lessons which ones are finished. @param {any} view */
function mark(view) {
  const selectors = finished().map(id => `${view.data.finished}${id}${view.data.finished}${id}`)
  view.marks ??= document.head.appendChild(element("style"))
  view.marks.textContent = selectors.length ? `${selectors.join(", ")} { display: flex }` : ""
}

const answers = () => JSON.parse(sessionStorage.getItem(ANSWERS) ?? "{}")
const stepOf = ({ data }) => data.steps[data.number - 1]

/** Open an address of the app as the browser's back button does, so that the page reads its link. @param {string} to */
function visit(to) {
  history.pushState({}, "", to)
  dispatchEvent(new PopStateEvent("popstate"))
}

/** The address of a page. The app may be served below a path. @param {any} view @param {string} page @param {string} query */
function addressOf(view, page, query) {
  const { here } = view.data
  const { pathname } = location
  const path = here && pathname.endsWith(`/${here}`) ? pathname.slice(0, -here.length) : pathname
  const base = path.endsWith("/") ? path : path.slice(0, path.lastIndexOf("/") + 1)
  return `${base}${page}${query && "?"}${query}`
}

function go(view, number) {
  const { steps, lessons, lesson, end } = view.data
  if (number < 1) return
  const step = steps[number - 1]
  if (!step) localStorage.setItem(FINISHED, JSON.stringify([...new Set([...finished(), lesson])]))
  visit(step ? addressOf(view, step.page, step.query) : addressOf(view, lessons, end))
}

/** What the reader has answered; 0 for nothing, also where the room has seen the answer; undefined before that. */
const toldBy = view => answers()[view.name] ?? (view.data.told ? 0 : undefined)

/** Whether the picture still waits for an answer. */
const isCovered = view => Boolean(stepOf(view).question) && toldBy(view) === undefined

function next(view) {
  // A lecturer has one key: while the room votes, it does what the first button of the vote says.
  const vote = document.querySelector(VOTE)
  if (vote instanceof HTMLElement) vote.click()
  // It shows the answer first, and goes on then.
  else if (isCovered(view)) answer(view, 0)
  else go(view, view.data.number + 1)
}

function answer(view, number) {
  sessionStorage.setItem(ANSWERS, JSON.stringify({ ...answers(), [view.name]: number }))
  show(view)
  bring(view)
}

// --- What the bar shows ---------------------------------------------------------------------

function option(view, text, number) {
  const { right } = stepOf(view)
  const told = toldBy(view)
  const isOpen = told !== undefined
  const button = element("button", { disabled: isOpen, onclick: () => answer(view, number) }, element("span", {}, text))
  if (isOpen && number === right) button.classList.add("right")
  if (isOpen && number === told) button.classList.add("yours")
  const remarks = [isOpen && number === told && "your answer", isOpen && number === right && "right"].filter(Boolean)
  if (remarks.length) button.append(element("small", {}, remarks.join(", ")))
  return button
}

function show(view) {
  const { data, find, root } = view
  const { number, steps, title, present } = data
  const step = stepOf(view)
  view.covered = isCovered(view)
  // The style sheets of lib/ui/lessons/guide.py wait for these.
  if (view.covered) {
    delete html.dataset.guideOpen
    delete html.dataset.guideCovers
  } else html.dataset.guideOpen = view.name
  root.hidden = false
  find(".say").textContent = step.say
  find(".back").disabled = number === 1
  const last = number === steps.length
  find(".next").textContent = view.covered ? "Show" : last ? "Finish" : "Next ›"
  find(".asked").hidden = !step.question && !step.after
  find(".question").textContent = step.question
  find(".answers").replaceChildren(...step.answers.map((text, at) => option(view, text, at + 1)))
  find(".after").textContent = view.covered ? "The picture opens with your answer." : step.after
  find("progress").max = steps.length
  find("progress").value = number
  find(".where").textContent = `${number} of ${steps.length}, ${title}`
  find(".lecture").textContent = present ? "For one reader" : "For a projector"
  find(".all").hidden = !present
  find(".all").textContent = html.dataset.guideAll === undefined ? "Show all" : "Hide again"
  light(view)
  view.say(spoken(data))
}

function showAll(view) {
  if (!view.data.present) return
  if (html.dataset.guideAll === undefined) html.dataset.guideAll = ""
  else delete html.dataset.guideAll
  show(view)
  bring(view)
}

function lecture(view) {
  const to = new URL(location.href)
  if (view.data.present) to.searchParams.delete("present")
  else to.searchParams.set("present", "1")
  visit(`${to.pathname}${to.search}`)
}

function leave() {
  const to = new URL(location.href)
  for (const name of PARAMETERS) to.searchParams.delete(name)
  visit(`${to.pathname}${to.search}`)
}

// --- Keys, and the second window --------------------------------------------------------------

function notes(view) {
  openNotes(addressOf(view, "", `lesson=${view.data.lesson}&step=${view.data.number}&notes=1`))
}

/** Do what a key asks for; returns false where it asks for nothing. */
function act(view, wanted) {
  const { data } = view
  const isMove = wanted === "next" || wanted === "back"
  if (data.notes) {
    if (isMove) view.say({ wish: wanted })
    return isMove
  }
  if (wanted === "next") next(view)
  else if (wanted === "back") go(view, data.number - 1)
  else if (wanted === "s") {
    go(view, data.number)
    bring(view)
  } else if (wanted === "l") lecture(view)
  else if (wanted === "h") showAll(view)
  else if (wanted === "n") notes(view)
  else if (view.covered && Number(wanted) <= stepOf(view).answers.length) answer(view, Number(wanted))
  else return false
  return true
}

const isPage = event => event.key === "PageDown" || event.key === "PageUp"

function listen(view) {
  view.stop = new AbortController()
  const { signal } = view.stop
  const on = event => {
    // A control that used an arrow has said so by now; the Page keys are taken before any control has them.
    if (event.defaultPrevented || !view.data.steps) return
    const wanted = wishOf(
      event,
      event.composedPath().filter(each => each instanceof Element),
    )
    if (!wanted || !act(view, wanted)) return
    event.preventDefault()
    event.stopPropagation()
  }
  addEventListener("keydown", event => isPage(event) && on(event), { signal, capture: true })
  addEventListener("keydown", on, { signal })
  view.say = speakerPhone(said => {
    if (said.wish === "where" && !view.data.notes) view.say(spoken(view.data))
    else if (said.wish && !view.data.notes) act(view, said.wish)
    else if (said.step && view.data.notes) drawNotes(view.root, said, wish => act(view, wish))
  }, signal)
}

function create(view) {
  const find = what => view.root.querySelector(what)
  Object.assign(view, { find, sheets: new Set(), covered: false, name: "", say: () => {}, shown: "" })
  find(".back").onclick = () => act(view, "back")
  find(".next").onclick = () => act(view, "next")
  find(".again").onclick = () => act(view, "s")
  find(".lecture").onclick = () => lecture(view)
  find(".all").onclick = () => showAll(view)
  find(".notes").onclick = () => notes(view)
  find(".leave").onclick = leave
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  const text = JSON.stringify(data)
  const isNew = view.shown !== text
  Object.assign(view, { data, shown: text, name: `${data.lesson}.${data.number}` })
  if (data.steps && (!view.stop || view.stop.signal.aborted)) listen(view)
  if (data.finished) mark(view)
  else if (!data.steps) light(view)
  else if (data.notes) {
    if (isNew) {
      drawNotes(view.root, spoken(data), wish => act(view, wish))
      view.say({ wish: "where" })
    }
  } else {
    show(view)
    if (isNew) bring(view)
  }
  return () => {
    view.stop?.abort()
    view.stopBringing?.()
    view.marks?.remove()
    darken(view)
  }
}
