// The question of a room with its bars (lib/ui/parts/vote_board/component.py draws it).

import { element, svg, viewOf } from "../base.js"
import { barOf, pathOf, wordsOf } from "./numbers.js"

const QUIET = 4 // modules around a QR code that stay white, by its standard

/** Return the picture of a QR code, dark on white in either theme: cameras expect that. */
function qr(rows) {
  const size = rows.length + 2 * QUIET
  const options = { viewBox: `${-QUIET} ${-QUIET} ${size} ${size}`, role: "img", "aria-label": "QR code of this room" }
  const paper = svg("rect", { x: -QUIET, y: -QUIET, width: size, height: size, fill: "#fff" })
  return svg("svg", { ...options, class: "qr" }, paper, svg("path", { d: pathOf(rows), fill: "#000" }))
}

function drawDoor({ code, address, modules, closed, command }) {
  const why = closed.map(sentence => element("p", { class: "closed" }, sentence))
  // An option of the command stays on one line.
  const words = command.split(/(?= --)/).map(part => element("span", {}, part))
  if (command) why.splice(1, 0, element("p", { class: "closed" }, element("code", {}, ...words)))
  const parts = [
    ...(modules.length ? [qr(modules)] : []),
    ...(address ? [element("p", { class: "address" }, address)] : why),
    element("p", { class: "code", "aria-label": `Code: ${[...code].join(" ")}` }, code),
  ]
  return element("div", { class: "door" }, ...parts)
}

function row({ letter, text, own, right }) {
  const marks = element("span", { class: "marks" })
  if (right) marks.append(element("b", { class: "right" }, "right"))
  if (own) marks.append(element("b", { class: "own" }, "your answer"))
  const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("i"))
  const line = element(
    "span",
    { class: "line" },
    element("b", {}, letter),
    element("span", { class: "text" }, text),
    marks,
  )
  return element("li", right ? { class: "is-right" } : {}, line, bar, element("output", { class: "count" }))
}

/** What has to be built anew if it changes; bars and counts move instead. */
const frameOf = ({ say, question, answers, revealed, after, door }) =>
  JSON.stringify([say, question, answers.map(({ text, own, right }) => [text, own, right]), revealed, after, door])

function build(view, data) {
  view.rows = data.answers.map(row)
  view.words = element("p", { class: "words" })
  const before = data.say ? [element("p", { class: "say" }, data.say)] : []
  const said = data.revealed && data.after ? [element("p", { class: "after" }, data.after)] : []
  const list = element("ol", { class: data.revealed ? "revealed" : "" }, ...view.rows)
  const vote = element("div", { class: "vote" }, ...before, element("h2", {}, data.question), list, view.words, ...said)
  view.root.replaceChildren(...(data.door ? [drawDoor(data.door)] : []), vote)
  view.root.classList.toggle("projected", Boolean(data.door))
}

export default function (component) {
  const { data } = component
  const view = viewOf(component)
  const frame = frameOf(data)
  if (view.frame !== frame) build(view, data)
  view.frame = frame
  data.answers.forEach(({ count }, at) => {
    const { style } = view.rows[at].querySelector("i")
    style.width = `${100 * barOf(data, at)}%`
    view.rows[at].querySelector(".count").textContent = count ?? ""
  })
  view.words.textContent = wordsOf(data)
}
