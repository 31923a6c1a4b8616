// Pieces of both places: images under maps, numbers, and what to choose from.

import { element, overlay, paint, send } from "../base.js"
import { digits } from "./numbers.js"

/** The image with a map over it: said in words, or left to what stands beside it. */
export function covered(view, map, full, words = "") {
  const { over, overBelow } = view.data.colours
  const attributes = words ? { role: "img", "aria-label": words } : { "aria-hidden": "true" }
  return overlay(map, map, full, [over, overBelow], attributes)
}

/** The numbers of a map where they lie, each as warm as it is large. */
export function numbersOf(view, map, full, caption, decimals = 2) {
  const table = element("table", { class: "numbers" }, element("caption", {}, caption))
  table.style.aspectRatio = `${map.width} / ${map.height}`
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

/** One of several to choose from: a radio button that looks like what it chooses. */
export function option(view, group, chosen, choice, label, ...content) {
  const input = element("input", { type: "radio", name: group, "aria-label": label, checked: chosen })
  input.onchange = () => choose(view, choice)
  return element("label", { class: "option" }, input, ...content)
}

export const group = (className, label, ...options) =>
  element("div", { class: className, role: "radiogroup", "aria-label": label }, ...options)

export const choose = (view, choice) => send(view, "choice", choice)
