// A residual block on real numbers (component.py draws it). The browser chooses channel, cell and cut: nothing
// has to be computed but a sum.

import { count, element, paint, replace, viewOf } from "../base.js"
import { channelOf, decimalsOf, numbersOf } from "./numbers.js"

const TITLES = ["What came in", "What the block adds", "The sum, which goes on"]
const SIGNS = ["+", "="]

// --- The three maps ------------------------------------------------------------------------

function grid(view, place) {
  const { data, maps, channel, cell } = view
  const [, columns, channels] = data.size
  const values = channelOf(maps[place], channels, channel)
  const cells = values.map((value, at) => {
    const made = element(
      "button",
      {
        type: "button",
        tabindex: at === cell ? 0 : -1,
        "aria-label": `Row ${Math.floor(at / columns) + 1}, column ${(at % columns) + 1}: ${value.toFixed(3)}`,
        "aria-pressed": String(at === cell),
        onclick: () => choose(view, at),
        onkeydown: event => step(view, event, at, place),
      },
      value.toFixed(1),
    )
    paint(data.colours, made, value, view.full)
    return made
  })
  const box = element("div", { class: "grid", role: "group", "aria-label": TITLES[place] }, ...cells)
  box.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`
  return element("figure", {}, element("figcaption", {}, TITLES[place]), box)
}

function choose(view, cell) {
  view.cell = cell
  draw(view)
}

function step(view, event, at, place) {
  const [rows, columns] = view.data.size
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key]
  if (by === undefined || at + by < 0 || at + by >= rows * columns) return
  event.preventDefault()
  choose(view, at + by)
  view.root.querySelectorAll(".grid")[place].children[at + by].focus({ preventScroll: true })
}

function sum(view) {
  const [, columns, channels] = view.data.size
  const values = view.maps.map(each => channelOf(each, channels, view.channel)[view.cell])
  const decimals = decimalsOf(values[0], values[1], values[2])
  const words = values.map(value => (value < 0 ? `(${value.toFixed(decimals)})` : value.toFixed(decimals)))
  const where = `Row ${Math.floor(view.cell / columns) + 1}, column ${(view.cell % columns) + 1} of channel ${view.channel}`
  return element(
    "p",
    { class: "sum", role: "status" },
    `${where}: `,
    element("b", {}, `${words[0]} + ${words[1]} = ${words[2]}`),
  )
}

/** Make the slider once: an element that is made anew would end the drag. */
function channelPicker(view) {
  const [, , channels] = view.data.size
  const input = element("input", {
    type: "range",
    min: 0,
    max: channels - 1,
    value: view.channel,
    "aria-label": "Channel",
    oninput: event => {
      view.channel = event.target.valueAsNumber
      draw(view)
    },
  })
  view.channelWords = element("span", {})
  return element("label", { class: "channel" }, view.channelWords, input)
}

// --- The cut -------------------------------------------------------------------------------

function cutWords(view) {
  const { frozen, crossing } = view.data.cuts[view.cut]
  const names = crossing.join(" and ")
  const left = frozen.length
    ? `Frozen inside the block: ${frozen.join(", ")}.`
    : "No layer of the block is frozen: the cut is at its border."
  const over =
    crossing.length > 1
      ? `Two tensors cross the cut: ${names}. The shortcut has no weights, so there is nothing on it to freeze, and ` +
        "it goes around every layer that is trained."
      : `One tensor crosses the cut: ${names}.`
  return element("p", { class: "cut-words", role: "status" }, left, element("br"), over)
}

function cutPicker(view) {
  const { layers } = view.data
  const rows = layers.map((layer, place) => {
    const input = element("input", {
      type: "radio",
      name: "cut",
      checked: place === view.cut,
      "aria-label": `Thaw from ${layer.name}`,
      onchange: () => {
        view.cut = place
        draw(view)
      },
    })
    const state = !layer.params ? "no weights" : place < view.cut ? "frozen" : "trainable"
    const kind = !layer.params ? "" : state
    return element(
      "label",
      { class: `layer ${kind}${place === view.cut ? " at-cut" : ""}` },
      input,
      element("span", { class: "name" }, layer.name),
      element("span", { class: "params" }, layer.params ? count(layer.params) : ""),
      element("span", { class: "state" }, state),
    )
  })
  return element("div", { class: "layers", role: "radiogroup", "aria-label": "Thaw from" }, ...rows)
}

// --- Frame ---------------------------------------------------------------------------------

function build(view) {
  for (const name of ["maps", "sum", "cut"]) view[`${name}Box`] = element("div", { class: name })
  view.root.replaceChildren(
    element(
      "div",
      { class: "top" },
      element("img", { src: view.data.picture, alt: "The photograph" }),
      channelPicker(view),
    ),
    view.mapsBox,
    view.sumBox,
    element("h3", {}, "A cut inside the block"),
    view.cutBox,
  )
}

function draw(view) {
  const grids = TITLES.flatMap((_, place) => [
    ...(place ? [element("span", { class: "sign", "aria-hidden": true }, SIGNS[place - 1])] : []),
    grid(view, place),
  ])
  view.channelWords.textContent = `Channel ${view.channel}, of 0 to ${view.data.size[2] - 1}`
  replace(view.mapsBox, grids)
  replace(view.sumBox, [sum(view)])
  replace(view.cutBox, [cutPicker(view), cutWords(view)])
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, made => Object.assign(made, { cell: 14, cut: 3 }))
  const text = JSON.stringify(data)
  if (view.text === text) return
  view.text = text
  view.data = data
  view.channel ??= data.channel
  view.maps = data.maps.map(numbersOf)
  // Half of the largest number has the full colour already, so that most cells are not pale.
  view.full = Math.max(...view.maps.flat().map(Math.abs)) / 2
  build(view)
  draw(view)
}
