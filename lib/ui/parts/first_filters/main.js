// The first filters (component.py draws them): each kernel as a picture, over its answer to the image.

import { contextOf, element } from "../base.js"

const TITLES = {
  edge: "Edges",
  spot: "Lines and spots",
  colour: "Colours",
  brightness: "Brightness",
  noise: "No pattern",
  silent: "Nearly silent",
}

/** Draw a kernel of 3 x 3 x 3 numbers, row by row, from -1 (black) to 1 (white) in each colour. */
function kernelOf(values) {
  const canvas = element("canvas", { width: 3, height: 3, class: "kernel", "aria-hidden": "true" })
  const context = contextOf(canvas)
  const pixels = context.createImageData(3, 3)
  for (let cell = 0; cell < 9; cell++) {
    const colour = values.slice(3 * cell, 3 * cell + 3).map(value => Math.round(127.5 * (1 + value)))
    pixels.data.set([...colour, 255], 4 * cell)
  }
  context.putImageData(pixels, 0, 0)
  return canvas
}

function tile({ kinds, kernels, answers, columns, rows }, at) {
  const answer = element("div", { class: "answer" })
  if (answers) {
    answer.style.backgroundImage = `url("${answers}")`
    answer.style.backgroundSize = `${100 * columns}% ${100 * rows}%`
    const [column, row] = [at % columns, Math.floor(at / columns)]
    answer.style.backgroundPosition = `${(100 * column) / (columns - 1)}% ${(100 * row) / (rows - 1)}%`
  }
  const { name, angle } = kinds[at]
  const words = name === "edge" ? `edge, brighter towards ${angle} degrees` : name
  return element(
    "figure",
    { role: "img", "aria-label": `Filter ${at}: ${words}` },
    kernelOf(kernels[at]),
    ...(answers ? [answer] : []),
  )
}

function draw(filters) {
  return Object.entries(TITLES).flatMap(([kind, title]) => {
    const places = filters.kinds.flatMap((each, at) => (each.name === kind ? [at] : []))
    if (!places.length) return []
    const angle = at => filters.kinds[at].angle ?? 0
    places.sort((a, b) => angle(a) - angle(b))
    return [
      element(
        "div",
        { class: "kind" },
        element("h3", {}, `${title}: ${places.length}`),
        element("div", { class: "row" }, ...places.map(at => tile(filters, at))),
      ),
    ]
  })
}

export default function ({ data, parentElement }) {
  parentElement.querySelector(".first-filters").replaceChildren(...draw(data))
}
