// Cards of runs in the browser (component.py says what they are).

import { element, svg, viewOf } from "../base.js"

const WIDTH = 72
const HEIGHT = 44
const EDGE = 3

/** The validation accuracy of a card's runs, on the colours of their phases. */
function small({ curves, lowest, epochs, start }, { colours, line, cold, warm }) {
  const across = epoch => EDGE + ((WIDTH - 2 * EDGE) * (epoch - 0.5)) / epochs
  const down = accuracy => HEIGHT - EDGE - ((HEIGHT - 2 * EDGE) * (accuracy - lowest)) / (1.02 - lowest)
  const drawn = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" })
  const edge = start ? across(start + 0.5) : WIDTH
  drawn.append(svg("rect", { width: edge, height: HEIGHT, fill: cold }))
  if (start) {
    drawn.append(svg("rect", { x: edge, width: WIDTH - edge, height: HEIGHT, fill: warm }))
    drawn.append(svg("path", { d: `M${edge} 0v${HEIGHT}`, stroke: line, "stroke-width": 2 }))
  }
  curves.forEach((points, place) => {
    const path = points.map(([epoch, accuracy]) => `${across(epoch).toFixed(1)} ${down(accuracy).toFixed(1)}`)
    const style = { fill: "none", "stroke-width": 2.5, "stroke-linejoin": "round" }
    drawn.append(svg("path", { d: `M${path.join("L")}`, stroke: colours[place % colours.length], ...style }))
  })
  return drawn
}

export default function (component) {
  const { data } = component
  const view = viewOf(component)
  const card = each =>
    element(
      "button",
      { class: "card", "aria-pressed": String(each.chosen), onclick: () => view.trigger("open", { id: each.id }) },
      small(each, data),
      element("span", {}, each.title),
    )
  const hidden = data.cards.slice(data.first)
  const all = view.all || hidden.some(each => each.chosen)
  const shown = all ? data.cards : data.cards.slice(0, data.first)
  const made = shown.map(card)
  if (shown.length < data.cards.length) {
    const more = element("button", { class: "more" }, `${hidden.length} more`)
    more.onclick = () => {
      view.all = true
      view.root.replaceChildren(...data.cards.map(card))
      view.root.querySelectorAll("button")[data.first].focus()
    }
    made.push(more)
  }
  const held = /** @type {ShadowRoot} */ (view.root.getRootNode()).activeElement
  const place = [...view.root.children].indexOf(/** @type {Element} */ (held))
  view.root.replaceChildren(...made)
  if (place >= 0) made[Math.min(place, made.length - 1)].focus({ preventScroll: true })
}
