// Examples, sizes, the brush and the shift.

import { element, paint } from "../base.js"
import { gesture, open } from "./gestures.js"
import { FULL, resized, saidShift, saidSize, shifted } from "./numbers.js"

const BRUSHES = [0, 3, 6, 9]

export function button(label, onclick, ...children) {
  return element("button", { type: "button", "aria-label": label, title: label, onclick }, ...children)
}

export function buildControls(view) {
  view.exampleButtons = Object.entries(view.examples).map(([name, example]) =>
    element("button", { type: "button", "data-example": name, onclick: () => open(view, name) }, example.title),
  )
  view.find(".examples").replaceChildren(...view.exampleButtons)

  const sides = { height: "Height", width: "Width", channels: "Channels" }
  view.steppers = Object.entries(sides).map(([side, label]) => {
    const most = side === "channels" ? view.limits.channels : view.limits.side
    const step = by => {
      const wanted = Math.max(1, Math.min(most, view.board[side] + by))
      if (wanted !== view.board[side]) gesture(view, resized(view.board, { [side]: wanted }), saidSize)
    }
    const value = element("output", {
      role: "spinbutton",
      tabindex: 0,
      "aria-label": label,
      "aria-valuemin": 1,
      "aria-valuemax": most,
      onkeydown: event => {
        const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, Home: -most, End: most }
        if (!(event.key in by)) return
        event.preventDefault()
        step(by[event.key])
      },
    })
    const less = button(`Less ${label.toLowerCase()}`, () => step(-1), "−")
    const more = button(`More ${label.toLowerCase()}`, () => step(1), "+")
    less.tabIndex = more.tabIndex = -1 // keyboard users change the number itself
    const box = element("div", { class: "stepper" }, element("span", {}, label), less, value, more)
    return { side, value, less, more, most, box }
  })
  view.find(".sizes").replaceChildren(...view.steppers.map(stepper => stepper.box))

  const radios = BRUSHES.map(value => {
    const swatch = element("span", {}, String(value))
    paint(view.colours, swatch, value, FULL)
    const radio = element("input", {
      type: "radio",
      name: "brush",
      value,
      checked: value === view.brush,
      onchange: () => (view.brush = value),
    })
    return element("label", { title: `Paint cells with ${value}` }, radio, swatch)
  })
  const swatches = element("div", { class: "swatches" }, ...radios)
  view.find(".brush").replaceChildren(element("span", {}, "Paint with"), swatches)

  const arrow = (name, sign, down, right) =>
    button(`Shift ${name}`, () => gesture(view, shifted(view.board, down, right), saidShift), sign)
  const arrows = [
    arrow("left", "←", 0, -1),
    arrow("up", "↑", -1, 0),
    arrow("down", "↓", 1, 0),
    arrow("right", "→", 0, 1),
  ]
  const pad = element("div", { class: "pad" }, ...arrows)
  view.find(".shift").replaceChildren(element("span", {}, "Shift the pattern"), pad)
}

export function renderControls(view) {
  for (const each of view.exampleButtons) each.setAttribute("aria-pressed", each.dataset.example === view.example)
  for (const { side, value, less, more, most } of view.steppers) {
    const now = view.board[side]
    value.textContent = now
    value.setAttribute("aria-valuenow", now)
    less.disabled = now === 1
    more.disabled = now === most
  }
}
