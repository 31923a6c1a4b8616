// The channels over their image, and their averages as one vector.

import { contextOf, count, element } from "../base.js"
import { digits, ordinal, times } from "./numbers.js"
import { choose, covered, group, numbersOf, option } from "./pieces.js"

export function drawMaps(view) {
  const { see } = view.data
  view.parts({
    examples: [exampleOptions(view)],
    stage: see === "decision" ? [] : stage(view),
    vector: see === "averages" ? vector(view) : [],
    sizes: see === "sizes" ? sizes(view) : [],
  })
  if (see === "averages") drawBars(view)
}

/** Draw the chosen channel over its image and as numbers, and the strongest channels. */
function stage(view) {
  const { data } = view
  const { channel, size, full } = data
  const map = { ...size, values: channel.values }
  const cells = size.rows * size.columns
  return [
    element(
      "figure",
      { class: "large" },
      element("figcaption", {}, `Channel ${channel.index}, over the image`),
      covered(view, map, full, `${data.about} Channel ${channel.index} is strongest ${channel.where}.`),
    ),
    element(
      "figure",
      { class: "large" },
      element("figcaption", {}, `Its ${cells} numbers`),
      numbersOf(view, map, full, `Channel ${channel.index}`),
      element("p", { class: "equals" }, "average ", element("strong", {}, digits(channel.average, 4))),
    ),
    element(
      "figure",
      { class: "many" },
      element("figcaption", {}, `The ${data.strongest.length} strongest of ${count(data.averages.length)} channels`),
      group(
        "tiles",
        "Strongest channels",
        ...data.strongest.map(one =>
          option(
            view,
            "channel",
            one.index === channel.index,
            { channel: one.index },
            `Channel ${one.index}, average ${digits(one.average, 2)}`,
            covered(view, { ...size, values: one.values }, full),
            element("span", { class: "under" }, element("b", {}, digits(one.average, 2)), ` ${one.index}`),
          ),
        ),
      ),
    ),
  ]
}

function exampleOptions(view) {
  const { examples, example } = view.data
  return group(
    "examples",
    "Image",
    ...examples.map(one => {
      const picture = element("img", { src: one.thumbnail, alt: "", height: 54 })
      return option(view, "example", one.id === example, { example: one.id }, one.title, picture, one.title)
    }),
  )
}

/** Draw all averages as bars, with controls to choose one of them. */
function vector(view) {
  const { averages, channel, ranking } = view.data
  view.order = view.sorted ? ranking : averages.map((_, index) => index)
  const place = view.order.indexOf(channel.index)
  const last = averages.length - 1
  const rank = ranking.indexOf(channel.index)
  const said = element("output", {}, saying(view, channel.index))
  const slider = element("input", {
    type: "range",
    min: 0,
    max: last,
    step: 1,
    value: place,
    "aria-label": "Channel along the vector",
  })
  slider.oninput = () => (said.textContent = saying(view, view.order[slider.value]))
  slider.onchange = () => choose(view, { channel: view.order[slider.value] })
  const field = element("input", {
    type: "number",
    min: 0,
    max: last,
    value: channel.index,
    "aria-label": "Channel",
  })
  field.onchange = () => {
    const wanted = Math.round(Number(field.value))
    if (wanted >= 0 && wanted <= last) choose(view, { channel: wanted })
    else field.value = channel.index
  }
  const step = (words, to) =>
    element(
      "button",
      {
        type: "button",
        disabled: ranking[to] === undefined,
        onclick: () => choose(view, { channel: ranking[to] }),
      },
      words,
    )
  const sorted = element("input", { type: "checkbox", checked: view.sorted })
  sorted.onchange = () => {
    view.sorted = sorted.checked
    drawMaps(view)
    view.root.querySelector(".vector-part input[type=checkbox]").focus()
  }
  view.bars = element("canvas", {
    class: "bars",
    role: "img",
    "aria-label": `${count(averages.length)} averages, one per channel`,
  })
  view.bars.onclick = event => {
    const box = view.bars.getBoundingClientRect()
    const at = Math.floor(((event.clientX - box.left) / box.width) * averages.length)
    choose(view, { channel: view.order[Math.max(0, Math.min(last, at))] })
  }
  return [
    element("h3", {}, `The vector: ${count(averages.length)} averages, whatever the size of the image`),
    view.bars,
    slider,
    element(
      "div",
      { class: "row" },
      element("label", {}, "Channel ", field),
      step("Stronger", rank - 1),
      step("Weaker", rank + 1),
      element("label", {}, sorted, " strongest first"),
      said,
    ),
  ]
}

function saying(view, index) {
  const { averages, ranking } = view.data
  return `average ${digits(averages[index], 4)}, ${ordinal(ranking.indexOf(index) + 1)} of ${count(averages.length)}`
}

export function drawBars(view) {
  const { averages, channel, colours } = view.data
  const canvas = view.bars
  const scale = devicePixelRatio || 1
  const [width, height] = [canvas.clientWidth, canvas.clientHeight]
  if (!width) return // not laid out yet; the observer will call again
  Object.assign(canvas, { width: width * scale, height: height * scale })
  const context = contextOf(canvas)
  context.scale(scale, scale)
  const top = Math.max(...averages) || 1
  const each = width / averages.length
  const bar = (place, index, colour, least) => {
    const tall = (averages[index] / top) * (height - 2)
    context.fillStyle = colour
    const wide = Math.max(each, least)
    context.fillRect(place * each + (each - wide) / 2, height - tall, wide, tall)
  }
  view.order.forEach((index, place) => bar(place, index, colours.heat, 0.8))
  const place = view.order.indexOf(channel.index)
  context.fillStyle = colours.ink
  context.globalAlpha = 0.25
  context.fillRect(place * each - 2.5, 0, 5, height)
  context.globalAlpha = 1
  bar(place, channel.index, colours.ink, 5)
}

/** Draw the same channel at every input size, with the length of the vector. */
function sizes(view) {
  const { data } = view
  return [
    element("h3", {}, `Channel ${data.channel.index} at other input sizes`),
    group(
      "sizes",
      "Input size",
      ...data.sizes.map(one => {
        const name = times(one.height, one.width)
        const picture = one.values
          ? covered(view, one, data.full)
          : element(
              "div",
              { class: "overlay unknown", style: `aspect-ratio: ${data.photo.width} / ${data.photo.height}` },
              "Compute",
            )
        return option(
          view,
          "size",
          one.name === data.size.name,
          { size: one.name },
          `${name} pixels, map of ${times(one.rows, one.columns)}`,
          element("span", { class: "frame" }, picture),
          element("span", {}, element("b", {}, name), " pixels"),
          element("span", { class: "under" }, `${times(one.rows, one.columns)} × ${count(data.averages.length)}`),
          element("span", { class: "under" }, "average ", element("b", {}, one.values ? digits(one.average, 4) : "?")),
          element("span", { class: "length" }, "GAP ", element("b", {}, count(data.averages.length))),
          element("span", { class: "length flat" }, "Flatten ", element("b", {}, count(one.flat))),
        )
      }),
    ),
  ]
}
