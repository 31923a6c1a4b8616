// Real feature maps in the browser (lib/ui/maps/page.py draws them): in one place of the page
// the channels and their averages, in another the decision that follows from the averages.
//
// Every number comes from the server; what is chosen here goes there and comes back as new data.

const VIEWS = { maps: drawMaps, decision: drawDecision }

const count = number => number.toLocaleString("en-US")
const digits = (number, decimals) => {
  const text = Math.abs(number).toFixed(decimals)
  return number < 0 && Number(text) !== 0 ? `−${text}` : text
}
const times = (height, width) => `${height} × ${width}`

// --- Colours -------------------------------------------------------------------------------

/** Background and text for a value: from paper to full colour, the text whichever reads better. */
function paint(colours, target, value, full) {
  const part = Math.min(1, Math.abs(value) / full)
  const end = channelsOf(value < 0 ? colours.below : colours.heat)
  const mixed = channelsOf(colours.paper).map((start, i) => Math.round(start + (end[i] - start) * part))
  const [red, green, blue] = mixed.map(level => {
    const share = level / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  target.style.backgroundColor = `rgb(${mixed.join(" ")})`
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  target.style.color = light > 0.179 ? "#000" : "#fff" // where both have the same contrast
}

// --- Pieces --------------------------------------------------------------------------------

/** The image with a map over it: said in words, or left to what stands beside it. */
function covered(view, map, full, words = "") {
  const { over, overBelow } = view.data.colours
  const attributes = words ? { role: "img", "aria-label": words } : { "aria-hidden": "true" }
  return overlay(map, map, full, [over, overBelow], attributes)
}

/** The numbers of a map where they lie, each as warm as it is large. */
function numbers(view, map, full, caption, decimals = 2) {
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
function option(view, group, chosen, choice, label, ...content) {
  const input = element("input", { type: "radio", name: group, "aria-label": label, checked: chosen })
  input.onchange = () => choose(view, choice)
  return element("label", { class: "option" }, input, ...content)
}

const group = (className, label, ...options) =>
  element("div", { class: className, role: "radiogroup", "aria-label": label }, ...options)

function choose(view, choice) {
  view.gesture += 1
  view.root.dataset.pending = ""
  view.trigger("choice", { ...choice, number: view.gesture })
}

// --- Channels ------------------------------------------------------------------------------

function drawMaps(view) {
  const { data } = view
  const { channel, size, full } = data
  const map = { ...size, values: channel.values }
  const cells = size.rows * size.columns
  view.parts({
    examples: [examples(view)],
    stage: [
      element(
        "figure",
        { class: "large" },
        element("figcaption", {}, `Channel ${channel.index}, over the image`),
        covered(view, map, full, `${data.about} Channel ${channel.index} is strongest ${channel.where}.`)
      ),
      element(
        "figure",
        { class: "large" },
        element("figcaption", {}, `Its ${cells} numbers`),
        numbers(view, map, full, `Channel ${channel.index}`),
        element("p", { class: "equals" }, "average ", element("strong", {}, digits(channel.average, 4)))
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
              element("span", { class: "under" }, element("b", {}, digits(one.average, 2)), ` ${one.index}`)
            )
          )
        )
      ),
    ],
    vector: vector(view),
    sizes: sizes(view),
  })
  drawBars(view)
}

function examples(view) {
  const { examples, example } = view.data
  return group(
    "examples",
    "Image",
    ...examples.map(one => {
      const picture = element("img", { src: one.thumbnail, alt: "", height: 54 })
      return option(view, "example", one.id === example, { example: one.id }, one.title, picture, one.title)
    })
  )
}

/** All averages as bars, and the ways to any one of them. */
function vector(view) {
  const { averages, channel, ranking } = view.data
  view.order = view.sorted ? ranking : averages.map((_, index) => index)
  const place = view.order.indexOf(channel.index)
  const last = averages.length - 1
  const rank = ranking.indexOf(channel.index)
  const said = element("output", {}, saying(view, channel.index))
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, value: place, "aria-label": "Channel along the vector" })
  slider.oninput = () => (said.textContent = saying(view, view.order[slider.value]))
  slider.onchange = () => choose(view, { channel: view.order[slider.value] })
  const field = element("input", { type: "number", min: 0, max: last, value: channel.index, "aria-label": "Channel" })
  field.onchange = () => {
    const wanted = Math.round(Number(field.value))
    if (wanted >= 0 && wanted <= last) choose(view, { channel: wanted })
    else field.value = channel.index
  }
  const step = (words, to) =>
    element("button", { type: "button", disabled: ranking[to] === undefined, onclick: () => choose(view, { channel: ranking[to] }) }, words)
  const sorted = element("input", { type: "checkbox", checked: view.sorted })
  sorted.onchange = () => {
    view.sorted = sorted.checked
    drawMaps(view)
    view.root.querySelector(".vector-part input[type=checkbox]").focus()
  }
  view.bars = element("canvas", { class: "bars", role: "img", "aria-label": `${count(averages.length)} averages, one a channel` })
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
      said
    ),
  ]
}

function saying(view, index) {
  const { averages, ranking } = view.data
  return `average ${digits(averages[index], 4)}, ${ordinal(ranking.indexOf(index) + 1)} of ${count(averages.length)}`
}

function ordinal(number) {
  const tens = number % 100
  const ending = tens > 10 && tens < 14 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th"
  return `${count(number)}${ending}`
}

function drawBars(view) {
  const { averages, channel, colours } = view.data
  const canvas = view.bars
  const scale = devicePixelRatio || 1
  const [width, height] = [canvas.clientWidth, canvas.clientHeight]
  if (!width) return // not laid out yet: the observer calls again
  Object.assign(canvas, { width: width * scale, height: height * scale })
  const context = canvas.getContext("2d")
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

/** The same channel at every input size, and how long the vector is. */
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
          : element("div", { class: "overlay unknown", style: `aspect-ratio: ${one.width} / ${one.height}` }, "Ask the network")
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
          element("span", { class: "length flat" }, "Flatten ", element("b", {}, count(one.flat)))
        )
      })
    ),
  ]
}

// --- Decision ------------------------------------------------------------------------------

function drawDecision(view) {
  const { data } = view
  view.parts({
    classes: data.classes.length ? [classes(view)] : [],
    equations: data.equations.map(one => equation(view, one)),
    terms: terms(view),
  })
}

function classes(view) {
  const { data } = view
  return group(
    "classes",
    data.question,
    ...data.classes.map(one =>
      option(
        view,
        "class",
        one.index === data.first,
        { first: one.index },
        `${one.name}, ${one.share}`,
        covered(view, { ...data.size, values: one.values }, data.full),
        element("b", {}, one.name),
        element("span", { class: "under" }, `logit ${digits(one.logit, 2)}`),
        meter(one.probability, one.share)
      )
    )
  )
}

function meter(part, words) {
  const fill = element("div")
  fill.style.width = `${Math.max(0, Math.min(100, 100 * part))}%`
  return element("span", { class: "meter" }, element("span", { class: "track" }, fill), element("b", {}, words))
}

/** mean(CAM) + bias = logit, with the map it is the mean of. */
function equation(view, one) {
  const { data } = view
  const map = { ...data.size, values: one.values }
  const cells = data.size.rows * data.size.columns
  const part = (label, number, className = "") =>
    element("span", { class: `part ${className}` }, element("strong", {}, digits(number, one.decimals)), element("span", {}, label))
  const sign = words => element("span", { class: "sign" }, words)
  return element(
    "figure",
    { class: "equation" },
    element("figcaption", {}, one.title),
    element("div", { class: "numbered" }, covered(view, map, one.full), numbers(view, map, one.full, one.alt, 1)),
    element(
      "p",
      { class: "sum" },
      part(`mean of ${cells}`, one.mean),
      sign("+"),
      part("bias", one.bias),
      sign("="),
      part(one.result, one.logit, "logit")
    ),
    element("p", { class: "network" }, one.network)
  )
}

/** The other way to the same number: average times weight, channel by channel, added up. */
function terms(view) {
  const { terms } = view.data
  const ends = terms.rows.flatMap(row => [row.from, row.to])
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)]
  const at = value => (100 * (value - low)) / (high - low || 1)
  const body = element("tbody")
  for (const row of terms.rows) {
    const bar = element("div", { class: row.to < row.from ? "falls" : "rises" })
    bar.style.left = `${at(Math.min(row.from, row.to))}%`
    bar.style.width = `${Math.max(0.4, Math.abs(at(row.to) - at(row.from)))}%`
    const zero = element("i")
    zero.style.left = `${at(0)}%`
    const name =
      row.channel === null
        ? row.name
        : element("button", { type: "button", title: "Look at this channel", onclick: () => choose(view, { channel: row.channel }) }, row.name)
    body.append(
      element(
        "tr",
        { class: row.kind },
        element("th", { scope: "row" }, name),
        element("td", { class: "product" }, row.product),
        element("td", { class: "way" }, element("div", { class: "lane", "aria-hidden": "true" }, zero, bar)),
        element("td", { class: "value" }, (row.kind === "result" || row.value < 0 ? "" : "+") + digits(row.value, 4))
      )
    )
  }
  const head = ["", "average × weight", "", "adds"].map(words =>
    words ? element("th", { scope: "col" }, words) : element("td")
  )
  return [
    element("h3", {}, terms.title),
    element("table", { class: "terms" }, element("thead", {}, element("tr", {}, ...head)), body),
  ]
}

// --- The component -------------------------------------------------------------------------

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  if (!data?.kind) return
  const root = parentElement.querySelector(".feature-maps")
  let view = instances.get(parentElement)
  if (!view) {
    view = { root, sorted: false, gesture: 0 }
    view.parts = contents => {
      for (const [name, children] of Object.entries(contents)) {
        let part = root.querySelector(`.${name}-part`)
        if (!part) root.append((part = element("div", { class: `${name}-part` })))
        replace(part, children)
      }
    }
    view.observer = new ResizeObserver(() => view.bars && drawBars(view))
    view.observer.observe(root)
    instances.set(parentElement, view)
  }
  view.data = data
  view.trigger = setTriggerValue
  root.style.setProperty("--photo", `url("${data.picture}")`)
  root.style.setProperty("--heat", data.colours.heat)
  root.style.setProperty("--below", data.colours.below)
  root.setAttribute("aria-label", data.label)
  VIEWS[data.kind](view)
  delete root.dataset.pending
  return () => {
    view.observer.disconnect()
    instances.delete(parentElement)
  }
}

/** Put new content in place, and the focus where it was. */
function replace(part, children) {
  const focusable = "input, button"
  const held = part.getRootNode().activeElement
  const place = held && part.contains(held) ? [...part.querySelectorAll(focusable)].indexOf(held) : -1
  const group = place >= 0 && held.type === "radio" ? held.name : ""
  part.replaceChildren(...children)
  if (place < 0) return
  const target = group
    ? part.querySelector(`input[name="${group}"]:checked`)
    : part.querySelectorAll(focusable)[place]
  target?.focus({ preventScroll: true })
}
