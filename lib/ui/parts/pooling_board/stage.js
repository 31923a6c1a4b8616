// The stage: one column per channel, and the class map.

import { element, paint } from "../base.js"
import { cellKey, focusCell, paintCell, typeCell } from "./cells.js"
import { mark, select, trace } from "./detail.js"
import { gesture } from "./gestures.js"
import { at, fullOfMap, positions, rounded, saidWeight, titleOf, typed, words } from "./numbers.js"

export function buildStage(view) {
  const { board, stage } = view
  stage.style.setProperty("--rows", board.height)
  stage.style.setProperty("--columns", board.width)
  stage.style.setProperty("--channels", board.channels)
  view.columns = Array.from({ length: board.channels }, (_, channel) => channelColumn(view, channel))
  view.result = resultColumn(view)
  stage.replaceChildren(...view.columns.map(column => column.box), view.result.box)
}

function header(view, channel) {
  const name = element("span")
  const by = element("small")
  const choose = element(
    "button",
    {
      type: "button",
      class: "name",
      onclick: () => {
        select(view, channel)
        view.find(".detail").open = true
      },
    },
    name,
    by,
  )
  return { choose, name, by }
}

const funnel = () => element("div", { class: "funnel", "aria-hidden": true })

function channelColumn(view, channel) {
  const { board } = view
  const head = header(view, channel)
  const cells = Array.from({ length: positions(board) }, (_, position) => {
    const index = position * board.channels + channel
    return element("input", {
      class: "cell",
      inputmode: "decimal",
      autocomplete: "off",
      "data-index": index,
      "aria-label": `Channel ${channel + 1}, row ${Math.floor(position / board.width) + 1}, column ${(position % board.width) + 1}`,
      tabindex: position ? -1 : 0,
      oninput: event => typeCell(view, event.target, index),
      onblur: event => paintCell(view, event.target, index),
      onfocus: event => focusCell(view, event.target, channel, position),
      onpointerenter: () => trace(view, position, channel),
      onpointerleave: () => mark(view),
      onkeydown: event => cellKey(view, event, channel, position),
    })
  })
  const map = element("div", { class: "map", role: "group", "aria-label": titleOf(view.board, channel) }, ...cells)
  const average = element("strong")
  const maximum = element("strong")
  const isPeak = (_, position) => at(view.board, position, channel) === view.numbers.maxima[channel]
  const pooled = element(
    "div",
    { class: "pooled" },
    pooledTile(view, "average", average, () => cells),
    pooledTile(view, "max", maximum, () => cells.filter(isPeak)),
  )
  const weight = numberField(`Weight of channel ${channel + 1}`, view.limits.value, value => {
    const weights = view.board.weights.slice()
    weights[channel] = value
    gesture(view, { ...view.board, weights }, saidWeight)
  })
  const product = element("span", { class: "product" })
  const row = element("div", { class: "weight" }, "×", weight, product)
  const box = element("div", { class: "column" }, head.choose, map, funnel(), pooled, row)
  return { box, head, map, cells, average, maximum, weight, product }
}

/** Make the tile of a pooled number; while the pointer is on it, its source cells are marked. */
const pooledTile = (view, name, number, cells) =>
  element(
    "div",
    { class: name, onpointerenter: () => mark(view, cells()), onpointerleave: () => mark(view) },
    element("span", {}, name),
    number,
  )

function resultColumn(view) {
  const { board } = view
  const channel = board.channels
  const head = header(view, channel)
  const cells = Array.from({ length: positions(board) }, (_, position) =>
    element("div", {
      class: "cell",
      onpointerenter: () => trace(view, position, channel),
      onpointerleave: () => mark(view),
    }),
  )
  const map = element("div", { class: "map", role: "img" }, ...cells)
  const average = element("strong")
  const pooled = element(
    "div",
    { class: "pooled" },
    pooledTile(view, "average", average, () => cells),
  )
  const bias = numberField("Bias", view.limits.value, value =>
    gesture(view, { ...view.board, bias: value }, saidWeight),
  )
  const logit = element("strong", { class: "logit" })
  const row = element("div", { class: "weight" }, "+", bias, "=", logit, element("a", { href: "#term-logit" }, "logit"))
  const box = element("div", { class: "column result" }, head.choose, map, funnel(), pooled, row)
  return { box, head, map, cells, average, bias, logit }
}

function numberField(label, limit, take) {
  return element("input", {
    class: "field",
    inputmode: "decimal",
    autocomplete: "off",
    "aria-label": label,
    onfocus: event => event.target.select(),
    oninput: event => {
      const value = typed(event.target.value, limit)
      event.target.setAttribute("aria-invalid", value === null)
      if (value !== null) take(value)
    },
    onblur: event => {
      event.target.removeAttribute("aria-invalid")
      event.target.value = event.target.dataset.value
    },
    onkeydown: event => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key]
      if (!by) return
      event.preventDefault()
      const value = Math.max(-limit, Math.min(limit, Number(event.target.dataset.value) + by))
      take(value)
      event.target.value = event.target.dataset.value
      event.target.select()
    },
  })
}

export function setField(field, value) {
  field.dataset.value = rounded(value)
  if (field !== field.getRootNode().activeElement) field.value = field.dataset.value
}

/** Set the text of a number, and let it glow for a moment if it has changed. */
export function put(target, text) {
  if (target.textContent === text) return
  const known = target.textContent !== ""
  target.textContent = text
  if (known) target.animate?.([{ outlineColor: "currentColor" }, { outlineColor: "transparent" }], 600)
}

export function renderResult(view) {
  const { board, numbers, result } = view
  const full = fullOfMap(numbers.map)
  result.head.name.textContent = "Sum: the class map"
  result.cells.forEach((cell, position) => {
    cell.textContent = words(numbers.map[position])
    paint(view.colours, cell, numbers.map[position], full)
  })
  result.map.setAttribute("aria-label", `Class map: ${numbers.map.map(words).join(", ")}`)
  put(result.average, words(numbers.mapAverage))
  paint(view.colours, result.average.parentElement, numbers.mapAverage, full)
  setField(result.bias, board.bias)
  put(result.logit, words(numbers.logit))
}
