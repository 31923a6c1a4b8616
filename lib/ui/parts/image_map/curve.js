// The accuracy of a head at every depth, over the strip.

import { element, svg } from "../base.js"
import { levelOf } from "./numbers.js"

const HEIGHT = 150
const percent = value => `${(100 * value).toFixed(1)} %`

/** Make the curve; `mark` shows a depth on it. */
export function accuracyCurve({ rows, chance, best, alt }) {
  const lowest = Math.max(0, Math.floor(10 * Math.min(chance, ...rows.map(row => row.low)) - 0.5) / 10)
  const level = value => levelOf(value, lowest, HEIGHT)
  // In hundredths of the width, so that the curve stays aligned with the strip at every width.
  const across = place => (100 * (place + 0.5)) / rows.length
  const points = key => rows.map((row, place) => `${across(place)},${level(row[key])}`)
  const band = svg("polygon", {
    class: "band",
    points: [...points("high"), ...points("low").toReversed()].join(" "),
  })
  const line = svg("polyline", { class: "line", points: points("value").join(" ") })
  const usual = svg("line", { class: "chance", x1: 0, x2: 100, y1: level(chance), y2: level(chance) })
  const drawing = svg(
    "svg",
    {
      viewBox: `0 0 100 ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `Accuracy by depth: ${alt}`,
    },
    usual,
    band,
    line,
  )
  const dot = element("i", { class: "dot" })
  const here = element("span", { class: "here-words" })
  const top = element("span", { class: "peak", title: "the best depth" }, "★")
  top.style.left = `${across(best)}%`
  top.style.top = `${level(rows[best].value)}px`
  const ticks = [lowest, (lowest + 1) / 2, 1].map(value => {
    const tick = element("span", { class: "tick" }, `${Math.round(100 * value)} %`)
    tick.style.top = `${level(value)}px`
    return tick
  })
  const guess = element("span", { class: "tick guess" }, "always the largest class")
  guess.style.top = `${level(chance)}px`
  const root = element("div", { class: "plot" }, drawing, ...ticks, guess, top, dot, here)
  root.style.height = `${HEIGHT}px`

  function mark(place) {
    const { value, low, high } = rows[place]
    dot.style.left = `${across(place)}%`
    dot.style.top = `${level(value)}px`
    here.textContent = `${percent(value)} (${percent(low)} to ${percent(high)})`
    here.style.left = `${across(place)}%`
    here.style.top = `${level(value)}px`
    here.classList.toggle("leftward", place > rows.length / 2)
  }
  return { root, mark }
}
