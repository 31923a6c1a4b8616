// A layer under the glass (component.py draws it). After a gesture the browser moves the weights from one list
// to the other at once and sends the choices; the server's lists replace them.

import { begin, compare, copyText, count, element, isAnswered, replace, send, viewOf } from "../base.js"
import { codeOf, findingOf, listsOf, sizesOf } from "./numbers.js"

const TYPING = 400 // ms: after this time without another digit a typed number is complete
const MOVE = 160 // ms: how long a weight is on its way to the other list

/** Show a change of the layer at once. */
function change(view, changes, { commit = true } = {}) {
  begin(view)
  view.layer = { ...view.layer, ...changes }
  render(view)
  if (commit) sendLayer(view)
}

function sendLayer(view) {
  clearTimeout(view.typing)
  send(view, "gesture", view.layer)
}

// --- Controls ------------------------------------------------------------------------------

/** Make the menu and the switch once: an element that is made anew would lose the focus. */
function buildControls(view) {
  const { fixed } = view
  view.select = element(
    "select",
    {
      id: "kind",
      onchange: event => {
        const kind = event.target.value
        const sizes = Object.fromEntries(sizesOf(fixed.kinds[kind]).map(key => [key, fixed.sizes[key].default]))
        change(view, { kind, sizes })
      },
    },
    ...Object.entries(fixed.kinds).map(([key, { title }]) => element("option", { value: key }, title)),
  )
  const onclick = () => change(view, { trainable: !view.layer.trainable })
  view.toggle = element(
    "button",
    { type: "button", role: "switch", class: "switch", "aria-label": "layer.trainable", onclick },
    element("code", {}, "trainable"),
    element("i", {}),
    element("b", {}),
  )
  view.sizes = element("div", { class: "sizes" })
  const menu = element("div", { class: "size" }, element("label", { for: "kind" }, "Layer"), view.select)
  view.controls.replaceChildren(menu, view.sizes, view.toggle)
}

function buildSizes(view) {
  const { fixed, layer } = view
  const input = key =>
    element("input", {
      type: "number",
      min: 1,
      max: fixed.sizes[key].most,
      value: layer.sizes[key],
      oninput: event => {
        const value = event.target.valueAsNumber
        if (!Number.isInteger(value) || value < 1 || value > fixed.sizes[key].most) return
        change(view, { sizes: { ...view.layer.sizes, [key]: value } }, { commit: false })
        clearTimeout(view.typing)
        view.typing = setTimeout(() => sendLayer(view), TYPING)
      },
      onchange: event => {
        event.target.value = view.layer.sizes[key]
        sendLayer(view)
      },
    })
  const labels = sizesOf(fixed.kinds[layer.kind]).map(key =>
    element("label", { class: "size" }, fixed.sizes[key].label, input(key)),
  )
  replace(view.sizes, labels)
  view.built = layer.kind
}

// --- Lists ---------------------------------------------------------------------------------

/** Return what a weight is: trainable, a moving statistic that no switch makes trainable, or frozen. */
function stateOf(view, name) {
  const [, trainable] = view.lists
  if (trainable.some(weight => weight.name === name)) return "trainable"
  return view.layer.trainable && /(^|\/)moving_/.test(name) ? "statistics" : "frozen"
}

function chip(view, weight, list) {
  const formula = view.fixed.table[view.layer.kind].weights.find(one => one.name === weight.name)
  const words = formula.sides.map(side => side.replaceAll("*", " · ").replaceAll("_", " ")).join(" × ")
  const kind = stateOf(view, weight.name)
  const made = element(
    "li",
    { class: `weight ${kind}`, "data-key": `${list}:${weight.name}` },
    element("b", {}, weight.name),
    element("span", { class: "number" }, count(weight.count)),
    element(
      "span",
      { class: "shape" },
      words ? `${words} = ${weight.shape.map(count).join(" × ")}` : "a single number",
    ),
    element("span", { class: "state" }, kind),
  )
  return made
}

const nameOf = params => (params === 1 ? "parameter" : "parameters")

function drawLists(view) {
  const before = new Map(
    [...view.listsBox.querySelectorAll(".weight")].map(each => [each.dataset.key, each.getBoundingClientRect()]),
  )
  const columns = view.lists.map((weights, place) => {
    const params = weights.reduce((sum, weight) => sum + weight.count, 0)
    return element(
      "section",
      { class: "list", "aria-label": view.fixed.names[place] },
      element("h3", {}, element("code", {}, view.fixed.names[place])),
      element(
        "p",
        { class: "size-of" },
        element("strong", {}, String(weights.length)),
        ` ${weights.length === 1 ? "array" : "arrays"}, ${count(params)} `,
        place ? nameOf(params) : element("a", { href: "#term-parameter" }, nameOf(params)),
      ),
      weights.length
        ? element("ul", {}, ...weights.map(weight => chip(view, weight, place)))
        : element("p", { class: "empty" }, "empty"),
    )
  })
  view.listsBox.replaceChildren(...columns)
  if (!before.size || matchMedia("(prefers-reduced-motion: reduce)").matches) return
  for (const each of view.listsBox.querySelectorAll(".weight")) {
    const [list, name] = each.dataset.key.split(":")
    // Only a weight that has left the other list moves; the first list never changes.
    const from = before.get(`${list === "1" ? 2 : 1}:${name}`)
    if (list === "0" || !from || before.has(each.dataset.key)) continue
    const to = each.getBoundingClientRect()
    each.animate(
      [{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, { transform: "none" }],
      MOVE,
    )
  }
}

// --- Frame ---------------------------------------------------------------------------------

function render(view) {
  const { fixed, layer } = view
  view.lists = listsOf(fixed, layer)
  if (view.built !== layer.kind) buildSizes(view)
  view.select.value = layer.kind
  view.toggle.setAttribute("aria-checked", String(layer.trainable))
  view.toggle.querySelector("b").textContent = layer.trainable ? "True" : "False"
  view.finding.textContent = findingOf(fixed, layer)
  view.note.textContent = fixed.kinds[layer.kind].note
  drawLists(view)
  const text = codeOf(fixed, layer)
  const box = element("pre", { tabindex: "0", role: "region", "aria-label": "Code that prints the lists" }, text)
  const copy = element("button", { type: "button" }, "Copy")
  copy.onclick = () => copyText(text, copy, box)
  replace(view.code, [element("p", { class: "over" }, copy), box])
}

function create(view) {
  const find = name => view.root.querySelector(name)
  Object.assign(view, {
    controls: find(".controls"),
    finding: find(".finding"),
    note: find(".note"),
    listsBox: find(".lists"),
    code: find(".code"),
  })
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  const changed = view.fixedText !== data.fixed
  if (changed) {
    view.fixedText = data.fixed
    view.fixed = JSON.parse(data.fixed)
    buildControls(view)
  }
  if (isAnswered(view, data, changed)) {
    const layer = { kind: data.kind, sizes: data.sizes, trainable: data.trainable }
    const anew = JSON.stringify(layer) !== JSON.stringify(view.layer)
    view.layer = layer
    compare(view, data.numbers, { lists: listsOf(view.fixed, layer), code: codeOf(view.fixed, layer) })
    if (!anew) return
    // The numbers of another link are shown, but not over one that is being typed.
    view.built = ""
    render(view)
  }
}
