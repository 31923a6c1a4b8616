// The first lesson (lib/ui/home/lesson.py): the button shows the recorded answer at once while the
// server begins a real run; the strip shows how much of the network would be trained.

import { count, draggable, element, replace, send, viewOf } from "../base.js"

/** @param {import("../base.js").View} view */
function render(view) {
  const { data } = view
  view.picture.src = data.picture
  renderAnswer(view.before, data.before)
  renderAfter(view)
  renderCut(view)
}

/** @param {Element} part @param {{title: string, said: string, classes: {name: string, share: string, part: number}[]}} answer */
function renderAnswer(part, answer) {
  const find = (/** @type {string} */ name) => /** @type {HTMLElement} */ (part.querySelector(name))
  find("h2").textContent = answer.title
  find(".said").textContent = answer.said
  const lines = answer.classes.map(line => {
    const bar = element("i")
    bar.style.width = `${100 * line.part}%`
    return element("div", { class: "line" }, line.name, element("b", {}, line.share), element("span", {}, bar))
  })
  find(".bars").replaceChildren(...lines)
}

/** @param {import("../base.js").View} view */
function renderAfter(view) {
  const { data } = view
  view.root.classList.toggle("taught", view.taught)
  if (view.taught) {
    renderAnswer(view.after, data.after)
    return
  }
  view.after.querySelector("h2").textContent = data.invitation
  view.after.querySelector(".said").textContent = ""
  const button = element("button", { type: "button", class: "press" }, data.button)
  button.onclick = () => {
    view.taught = true
    view.cut = data.cuts.length - 1 // The head is trained first, whatever is thawed later.
    render(view)
    send(view, "teach", {})
  }
  replace(view.after.querySelector(".bars"), [button])
}

/** @param {import("../base.js").View} view */
function drawStrip(view) {
  const cells = view.data.cells.map((/** @type {number} */ size) => {
    const cell = element("i")
    cell.style.flexGrow = String(size)
    return cell
  })
  view.cells.replaceChildren(...cells, element("i", { class: "head" }))
}

/** @param {import("../base.js").View} view */
function renderCut(view) {
  const { data } = view
  const cut = data.cuts[view.cut]
  const parts = [...view.cells.children]
  parts.forEach((part, place) => part.classList.toggle("trainable", place >= view.cut))
  const at = parts[view.cut].offsetLeft
  view.line.style.left = view.knob.style.left = `${at}px`
  view.line.classList.toggle("leftward", at > view.cells.clientWidth / 2)
  view.line.querySelector("span").textContent = cut.words
  view.number.textContent = count(cut.trainable)
  const after = view.taught && view.cut === data.cuts.length - 1
  if (view.saysAfter !== after) view.of.replaceChildren(...linked(after ? data.trained : data.of))
  view.saysAfter = after
  view.knob.setAttribute("aria-valuemax", data.cuts.length - 1)
  view.knob.setAttribute("aria-valuenow", view.cut)
  view.knob.setAttribute("aria-valuetext", `${cut.words}; ${count(cut.trainable)} trainable parameters`)
}

/** @param {import("../base.js").View} view @param {number} cut */
function moveCut(view, cut) {
  view.cut = Math.max(0, Math.min(cut, view.data.cuts.length - 1))
  renderCut(view)
}

/** @param {import("../base.js").View} view */
function listen(view) {
  const strip = /** @type {HTMLElement} */ (view.root.querySelector(".strip"))
  const drag = (/** @type {PointerEvent} */ event) => {
    const x = event.clientX - view.cells.getBoundingClientRect().left
    const away = [...view.cells.children].map(part => Math.abs(part.offsetLeft - x))
    moveCut(view, away.indexOf(Math.min(...away)))
  }
  draggable(strip, view.knob, drag, () => {})
  view.knob.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const last = view.data.cuts.length - 1
    const { cut } = view
    const to = { ArrowRight: cut + 1, ArrowUp: cut + 1, ArrowLeft: cut - 1, ArrowDown: cut - 1, Home: 0, End: last }
    if (!(event.key in to)) return
    event.preventDefault()
    moveCut(view, to[event.key])
  }
  view.observer = new ResizeObserver(() => view.data && renderCut(view))
  view.observer.observe(view.cells)
}

function create(view) {
  const find = (/** @type {string} */ name) => view.root.querySelector(name)
  Object.assign(view, {
    picture: find(".drawing"),
    before: find(".before"),
    after: find(".after"),
    number: find(".count strong"),
    of: find(".count span"),
    ofBackbone: find(".of-backbone"),
    ofHead: find(".of-head"),
    scale: find(".scale"),
    cells: find(".cells"),
    line: find(".cut"),
    knob: find(".knob"),
    taught: false,
  })
  listen(view)
}

export default function (component) {
  const view = viewOf(component, create)
  const isFirst = !view.data
  view.data = component.data
  view.taught ||= component.data.taught
  if (isFirst) {
    view.cut = view.data.cuts.length - 1
    view.ofBackbone.replaceChildren(...linked(view.data.ofBackbone))
    view.ofHead.replaceChildren(...linked(view.data.ofHead))
    view.scale.textContent = view.data.scale
    drawStrip(view)
  }
  delete view.root.dataset.pending
  render(view)
  return () => view.observer.disconnect()
}

/** Return pieces of text; a piece [words, address] is a word that explains itself. @param {(string | string[])[]} pieces */
function linked(pieces) {
  return pieces.map(each => (typeof each === "string" ? each : element("a", { href: each[1] }, each[0])))
}
