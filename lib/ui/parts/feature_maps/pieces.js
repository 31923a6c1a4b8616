// Elements that both parts use: images under maps, tables of numbers, and options.

import { element, overlay, paint, send } from "../base.js"
import { digits } from "./numbers.js"

/** Draw the image in its own shape with a map over it; without `words` it is hidden from screen readers. */
export function covered(view, map, full, words = "") {
  const { over, overBelow } = view.data.colours
  const attributes = words ? { role: "img", "aria-label": words } : { "aria-hidden": "true" }
  return overlay(view.data.photo, map, full, [over, overBelow], attributes)
}

/** Draw the numbers of a map at their positions, coloured by value. */
export function numbersOf(view, map, full, caption, decimals = 2) {
  const table = element("table", { class: "numbers" }, element("caption", {}, caption))
  table.style.aspectRatio = `${view.data.photo.width} / ${view.data.photo.height}`
  table.style.setProperty("--columns", map.columns)
  for (let row = 0; row < map.rows; row++) {
    const line = table.insertRow()
    for (let column = 0; column < map.columns; column++) {
      const value = map.values[row * map.columns + column]
      const cell = line.insertCell()
      cell.textContent = digits(value, decimals)
      paint(view.data.colours, cell, value, full)
    }
  }
  return table
}

/** Make one of several options: a radio button drawn as a preview. */
export function option(view, group, chosen, choice, label, ...content) {
  const input = element("input", { type: "radio", name: group, "aria-label": label, checked: chosen })
  input.onchange = () => choose(view, choice)
  return element("label", { class: "option" }, input, ...content)
}

export const group = (className, label, ...options) =>
  element("div", { class: className, role: "radiogroup", "aria-label": label }, ...options)

export const choose = (view, choice) => send(view, "choice", choice)
