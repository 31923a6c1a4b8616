// The small feature map in the browser (lib/ui/parts/pooling_board/component.py draws it).
//
// A board is {height, width, channels, values, weights, bias}: values row by row, in each position
// all channels, as Flatten has them. A gesture makes a new board, shows its numbers at once and
// sends the whole board; the server computes the numbers again and has the last word.

const FULL = 9 // a cell of this value or more has the whole colour
const BRUSHES = [0, 3, 6, 9]
// px, as in the style sheet: the narrowest columns of the stage, and the room between two
const [CHANNEL, RESULT, GAP] = [128, 174, 44]
const ROOM = 22 // px: below this a tile of a vector shows its colour only

const plural = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`
const sum = numbers => numbers.reduce((whole, one) => whole + one, 0)
const rounded = number => Math.round(number * 100) / 100 + 0 // + 0: no minus zero
const exact = number => Math.abs(number - rounded(number)) < 1e-9
const words = number => String(rounded(number)).replace("-", "−")
const equals = number => (exact(number) ? "=" : "≈")
const signed = number => (number < 0 ? `(${words(number)})` : words(number))

// --- Numbers -------------------------------------------------------------------------------

const at = (board, position, channel) => board.values[position * board.channels + channel]
const positions = board => board.height * board.width
const ofChannel = (board, channel) =>
  Array.from({ length: positions(board) }, (_, position) => at(board, position, channel))

/** What lib.core.pooling says about a board. */
function derive(board) {
  const channels = Array.from({ length: board.channels }, (_, channel) => ofChannel(board, channel))
  const averages = channels.map(values => sum(values) / values.length)
  const map = channels[0].map((_, position) =>
    sum(board.weights.map((weight, channel) => weight * channels[channel][position]))
  )
  return {
    averages,
    maxima: channels.map(values => Math.max(...values)),
    map,
    mapAverage: sum(map) / map.length,
    logit: sum(averages.map((average, channel) => average * board.weights[channel])) + board.bias,
  }
}

const close = (one, other) => Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one))
const same = (one, other) =>
  Object.keys(one).every(name =>
    [one[name]].flat().every((number, index) => close(number, [other[name]].flat()[index]))
  )

/** The board with other sides: what fits stays where it is, what is new is 0. */
function resized(board, { height = board.height, width = board.width, channels = board.channels }) {
  const values = []
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (let channel = 0; channel < channels; channel++) {
        const known = row < board.height && column < board.width && channel < board.channels
        values.push(known ? at(board, row * board.width + column, channel) : 0)
      }
  const weights = Array.from({ length: channels }, (_, channel) => board.weights[channel] ?? 1)
  return { ...board, height, width, channels, values, weights }
}

/** The same pattern elsewhere; what leaves on one side comes back on the other. */
function shifted(board, down, right) {
  const { height, width, channels } = board
  const values = board.values.map((_, index) => {
    const channel = index % channels
    const position = (index - channel) / channels
    const row = (Math.floor(position / width) - down + height) % height
    const column = ((position % width) - right + width) % width
    return at(board, row * width + column, channel)
  })
  return { ...board, values }
}

// --- Colours -------------------------------------------------------------------------------

/** Background and text for a value: from paper to full colour, the text whichever reads better. */
function paint(view, target, value, full) {
  const { paper, heat, below } = view.colours
  const part = Math.min(1, Math.abs(value) / full)
  const end = channelsOf(value < 0 ? below : heat)
  const mixed = channelsOf(paper).map((start, i) => Math.round(start + (end[i] - start) * part))
  const [red, green, blue] = mixed.map(level => {
    const share = level / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  target.style.backgroundColor = `rgb(${mixed.join(" ")})`
  target.style.color = light > 0.179 ? "#000" : "#fff" // where both have the same contrast
}

const fullOfMap = numbers => Math.max(1, ...numbers.map(Math.abs))

// --- Gestures ------------------------------------------------------------------------------

/** Show a board that a reader made; `said` tells what it did. */
function show(view, board, said, before = view.board) {
  const reshaped = ["height", "width", "channels"].some(side => board[side] !== view.board[side])
  view.before = before
  view.board = board
  view.numbers = derive(board)
  view.root.dataset.pending = "" // until the server has said the same
  if (reshaped) build(view)
  view.said = said
  render(view)
}

function send(view) {
  view.gesture += 1
  const { height, width, values, weights, bias } = view.board
  view.trigger("gesture", {
    board: { height, width, values, weights, bias },
    example: view.example,
    number: view.gesture,
  })
}

function gesture(view, board, said) {
  show(view, board, said)
  send(view)
}

function open(view, name) {
  view.example = name
  view.selected = 0
  const board = view.examples[name].board
  show(view, board, () => view.examples[name].lesson, board)
  send(view)
}

function setCell(view, index, value) {
  const before = view.board
  if (before.values[index] === value) return
  gesture(view, withCell(before, index, value), saidCells)
}

function withCell(board, index, value) {
  const values = board.values.slice()
  values[index] = value
  return { ...board, values }
}

/** What a reader typed, or null where it is no number. */
function typed(text, limit) {
  const value = Number(text.trim().replace(",", ".").replace("−", "-"))
  return text.trim() && Number.isFinite(value) ? Math.max(-limit, Math.min(limit, value)) : null
}

// --- What a gesture did, in words ----------------------------------------------------------

const changed = (one, other) => one.filter((number, index) => !close(number, other[index])).length

function saidCells(view) {
  const { before, board, numbers } = view
  const was = derive(before)
  const cells = changed(board.values, before.values)
  const moved = numbers.averages
    .map((average, channel) => [channel, average - was.averages[channel]])
    .filter(([, by]) => Math.abs(by) > 1e-9)
  const one = cells === 1 && moved.length === 1
  if (!one) return `${plural(cells, "cell")} changed, and with them ${plural(moved.length, "average")}.`
  const by = moved[0][1] * positions(board)
  return (
    `One cell changed by ${words(by)}. Its average changed by ${words(by)} / ${positions(board)} ` +
    `${equals(moved[0][1])} ${words(moved[0][1])}: every cell counts the same.`
  )
}

function saidShift(view) {
  const moved = changed(view.board.values, view.before.values)
  if (!moved) return "Nothing changed: this pattern is the same after the step."
  return (
    `The same pattern, one step further. Flatten: ${moved} of ` +
    `${plural(view.board.values.length, "number")} changed. Averages and maxima: none.`
  )
}

function saidSize(view) {
  const [was, is] = [view.before, view.board]
  const [old, now] = [was.values.length, is.values.length]
  if (was.channels !== is.channels)
    return `${plural(is.channels, "channel")}, so ${plural(is.channels, "average")}: as many as there are channels.`
  return (
    `Flatten now has ${plural(now, "number")} instead of ${old}, and its Dense layer no longer fits. ` +
    `There are still ${plural(is.channels, "average")}.`
  )
}

const saidWeight = () => "The head changed, not the averages: the class map and the logit follow."

// --- Controls ------------------------------------------------------------------------------

function button(label, onclick, ...children) {
  return element("button", { type: "button", "aria-label": label, title: label, onclick }, ...children)
}

function buildControls(view) {
  view.exampleButtons = Object.entries(view.examples).map(([name, example]) =>
    element(
      "button",
      { type: "button", "data-example": name, onclick: () => open(view, name) },
      example.title
    )
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
    less.tabIndex = more.tabIndex = -1 // by keyboard the number itself is the control
    const box = element("div", { class: "stepper" }, element("span", {}, label), less, value, more)
    return { side, value, less, more, most, box }
  })
  view.find(".sizes").replaceChildren(...view.steppers.map(stepper => stepper.box))

  const radios = BRUSHES.map(value => {
    const swatch = element("span", {}, String(value))
    paint(view, swatch, value, FULL)
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

  const arrows = [
    ["left", "←", 0, -1],
    ["up", "↑", -1, 0],
    ["down", "↓", 1, 0],
    ["right", "→", 0, 1],
  ].map(([name, arrow, down, right]) =>
    button(`Shift ${name}`, () => gesture(view, shifted(view.board, down, right), saidShift), arrow)
  )
  const pad = element("div", { class: "pad" }, ...arrows)
  view.find(".shift").replaceChildren(element("span", {}, "Shift the pattern"), pad)
}

// --- The stage -----------------------------------------------------------------------------

function build(view) {
  const { board, stage } = view
  stage.style.setProperty("--rows", board.height)
  stage.style.setProperty("--columns", board.width)
  stage.style.setProperty("--channels", board.channels)
  view.columns = Array.from({ length: board.channels }, (_, channel) => channelColumn(view, channel))
  view.result = resultColumn(view)
  stage.replaceChildren(...view.columns.map(column => column.box), view.result.box)
  view.selected = Math.min(view.selected, board.channels)
  buildVectors(view)
}

const titleOf = (view, channel) =>
  channel === view.board.channels ? "Class map" : `Channel ${channel + 1}`

function header(view, channel) {
  const name = element("span")
  const by = element("small")
  const choose = element(
    "button",
    {
      type: "button",
      class: "name",
      onclick: () => select(view, channel),
    },
    name,
    by
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
  const map = element("div", { class: "map", role: "group", "aria-label": titleOf(view, channel) }, ...cells)
  const average = element("strong")
  const maximum = element("strong")
  const isPeak = (_, position) =>
    at(view.board, position, channel) === view.numbers.maxima[channel]
  const pooled = element(
    "div",
    { class: "pooled" },
    pooledTile(view, "average", average, () => cells),
    pooledTile(view, "max", maximum, () => cells.filter(isPeak))
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

/** A pooled number; while the pointer is on it, the cells it came from are marked. */
const pooledTile = (view, name, number, cells) =>
  element(
    "div",
    { class: name, onpointerenter: () => mark(view, cells()), onpointerleave: () => mark(view) },
    element("span", {}, name),
    number
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
    })
  )
  const map = element("div", { class: "map", role: "img" }, ...cells)
  const average = element("strong")
  const pooled = element(
    "div",
    { class: "pooled" },
    pooledTile(view, "average", average, () => cells)
  )
  const bias = numberField("Bias", view.limits.value, value =>
    gesture(view, { ...view.board, bias: value }, saidWeight)
  )
  const logit = element("strong", { class: "logit" })
  const row = element("div", { class: "weight" }, "+", bias, "=", logit, element("span", {}, "logit"))
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

// --- Cells: typed, painted, walked through -------------------------------------------------

function focusCell(view, cell, channel, position) {
  for (const other of view.columns[channel].cells) other.tabIndex = other === cell ? 0 : -1
  cell.select()
  if (view.selected !== channel) select(view, channel)
  trace(view, position, channel)
}

function typeCell(view, cell, index) {
  const value = typed(cell.value, view.limits.value)
  cell.setAttribute("aria-invalid", value === null)
  if (value !== null) setCell(view, index, value)
}

function cellKey(view, event, channel, position) {
  const { width, height, channels } = view.board
  const [row, column] = [Math.floor(position / width), position % width]
  const index = position * channels + channel
  const by = { PageUp: 1, PageDown: -1, "+": 1 }[event.key]
  if (by || event.key === " ") {
    event.preventDefault()
    const value = view.board.values[index]
    const limit = view.limits.value
    setCell(view, index, by ? Math.max(-limit, Math.min(limit, value + by)) : brushed(view, value))
    paintCell(view, event.target, index)
    event.target.select()
    return
  }
  const to = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
  }[event.key]
  if (!to) return
  event.preventDefault()
  // From the last column on into the next channel, and back.
  const next = channel + (to[1] < 0 ? -1 : to[1] >= width ? 1 : 0)
  if (to[0] < 0 || to[0] >= height || next < 0 || next >= channels) return
  view.columns[next].cells[to[0] * width + ((to[1] + width) % width)].focus()
}

const brushed = (view, value) => (value === view.brush ? 0 : view.brush)

/** A press paints the cell under it, and on as long as it lasts, all with the same value. */
function listenToBrush(view) {
  const { stage } = view
  const cellAt = event =>
    event.target.getRootNode().elementFromPoint(event.clientX, event.clientY)?.closest("input.cell")
  const stroke = event => {
    const cell = cellAt(event)
    if (!cell) return
    const index = Number(cell.dataset.index)
    if (view.board.values[index] === view.stroke.value) return
    show(view, withCell(view.board, index, view.stroke.value), saidCells, view.stroke.before)
  }
  stage.addEventListener("pointerdown", event => {
    const cell = event.target.closest("input.cell")
    if (!cell || event.button) return
    event.preventDefault() // no text selection while painting; the focus follows below
    cell.focus({ preventScroll: true })
    const value = view.board.values[Number(cell.dataset.index)]
    view.stroke = { value: brushed(view, value), before: view.board }
    stage.setPointerCapture(event.pointerId)
    stroke(event)
    refreshFocused(view)
  })
  stage.addEventListener("pointermove", event => view.stroke && stroke(event))
  const end = () => {
    if (view.stroke && view.stroke.before !== view.board) send(view)
    view.stroke = null
    refreshFocused(view)
  }
  stage.addEventListener("pointerup", end)
  stage.addEventListener("pointercancel", end)
}

/** A focused cell keeps what is being typed, so a value that came another way is written here. */
function refreshFocused(view) {
  const cell = view.stage.getRootNode().activeElement
  if (!cell?.matches("input.cell")) return
  paintCell(view, cell, Number(cell.dataset.index), true)
  cell.select()
}

// --- Drawing -------------------------------------------------------------------------------

function paintCell(view, cell, index, evenFocused = true) {
  const value = view.board.values[index]
  if (evenFocused || cell !== cell.getRootNode().activeElement) {
    const text = String(rounded(value))
    if (cell.value !== text) cell.value = text
    cell.removeAttribute("aria-invalid")
  }
  paint(view, cell, value, FULL)
}

function setField(field, value) {
  field.dataset.value = rounded(value)
  if (field !== field.getRootNode().activeElement) field.value = field.dataset.value
}

/** Text of a number that changes, with a short glow where it did. */
function put(target, text) {
  if (target.textContent === text) return
  const known = target.textContent !== ""
  target.textContent = text
  if (known) target.animate?.([{ outlineColor: "currentColor" }, { outlineColor: "transparent" }], 600)
}

function render(view) {
  const { board, numbers } = view
  renderControls(view)
  const names = view.examples[view.example]?.names ?? []
  view.columns.forEach((column, channel) => {
    const peak = numbers.maxima[channel]
    column.head.name.textContent = titleOf(view, channel) + (names[channel] ? `: ${names[channel]}` : "")
    column.head.by.textContent = `× ${signed(board.weights[channel])}`
    column.cells.forEach((cell, position) =>
      paintCell(view, cell, position * board.channels + channel, false)
    )
    put(column.average, words(numbers.averages[channel]))
    paint(view, column.average.parentElement, numbers.averages[channel], FULL)
    put(column.maximum, words(peak))
    setField(column.weight, board.weights[channel])
    const product = numbers.averages[channel] * board.weights[channel]
    column.product.textContent = `= ${words(product)}`
  })
  renderResult(view)
  view.notice.textContent = view.said(view)
  renderVectors(view)
  renderDetail(view)
}

function renderControls(view) {
  for (const each of view.exampleButtons)
    each.setAttribute("aria-pressed", each.dataset.example === view.example)
  for (const { side, value, less, more, most } of view.steppers) {
    const now = view.board[side]
    value.textContent = now
    value.setAttribute("aria-valuenow", now)
    less.disabled = now === 1
    more.disabled = now === most
  }
}

function renderResult(view) {
  const { board, numbers, result } = view
  const full = fullOfMap(numbers.map)
  result.head.name.textContent = "Class map"
  result.cells.forEach((cell, position) => {
    cell.textContent = words(numbers.map[position])
    paint(view, cell, numbers.map[position], full)
  })
  result.map.setAttribute("aria-label", `Class map: ${numbers.map.map(words).join(", ")}`)
  put(result.average, words(numbers.mapAverage))
  paint(view, result.average.parentElement, numbers.mapAverage, full)
  setField(result.bias, board.bias)
  put(result.logit, words(numbers.logit))
}

// --- What a head gets to see ---------------------------------------------------------------

function vectorsOf(view) {
  const { board, numbers } = view
  const was = derive(view.before)
  return [
    ["Flatten", board.values, view.before.values],
    ["Max (GMP)", numbers.maxima, was.maxima],
    ["Average (GAP)", numbers.averages, was.averages],
  ]
}

function buildVectors(view) {
  const rows = vectorsOf(view).map(([name, values]) => {
    const tiles = values.map(() => element("div", { class: "tile" }))
    const strip = element("div", { class: "strip", role: "img" }, ...tiles)
    const note = element("span", { class: "note" })
    const seen = element("div", { class: "seen" }, strip, note)
    const box = element("div", { class: "vector" }, element("span", { class: "kind" }, name), seen)
    return { box, strip, tiles, note }
  })
  view.vectors = rows
  view.find(".vectors").replaceChildren(...rows.map(row => row.box))
}

function renderVectors(view) {
  const comparable = view.before.values.length === view.board.values.length
  vectorsOf(view).forEach(([name, values, was], row) => {
    const { strip, tiles, note } = view.vectors[row]
    let moved = 0
    tiles.forEach((tile, index) => {
      const differs = comparable && !close(values[index], was[index])
      moved += differs
      tile.textContent = words(values[index])
      tile.classList.toggle("changed", differs)
      paint(view, tile, values[index], FULL)
    })
    strip.setAttribute("aria-label", `${name}: ${values.map(words).join(", ")}`)
    note.replaceChildren(
      element("b", {}, plural(values.length, "number")),
      ` · Dense ${values.length} + 1 = ${values.length + 1} parameters`,
      element("span", { class: moved ? "moved" : "" }, moved ? ` · ${moved} changed` : "")
    )
  })
  fit(view)
}

/** Fit what depends on the room there is: columns or rows, and numbers on tiles or none. */
function fit(view) {
  const needed = view.board.channels * (CHANNEL + GAP) + RESULT
  view.root.classList.toggle("narrow", view.root.clientWidth < needed)
  const desk = view.find(".desk")
  desk.classList.remove("wrapped")
  desk.classList.toggle("wrapped", view.find(".tools").offsetTop > view.stage.offsetTop)
  for (const { strip, tiles } of view.vectors)
    strip.classList.toggle("thin", tiles[0].clientWidth > 0 && tiles[0].clientWidth < ROOM)
}

// --- One channel, written out --------------------------------------------------------------

function select(view, channel) {
  view.selected = channel
  render(view)
}

function renderDetail(view) {
  const { board, numbers, selected } = view
  const isMap = selected === board.channels
  const values = isMap ? numbers.map : ofChannel(board, selected)
  const average = isMap ? numbers.mapAverage : numbers.averages[selected]
  ;[...view.columns, view.result].forEach(({ box, head }, channel) => {
    box.classList.toggle("selected", channel === selected)
    head.choose.setAttribute("aria-pressed", channel === selected)
  })
  view.find(".detail h3").textContent = `${titleOf(view, selected)}, averaged`
  const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)]
  const height = value => (100 * (value - low)) / (high - low)
  view.bars = values.map((value, position) => {
    const fill = element("div")
    const [from, to] = [height(Math.min(0, value)), height(Math.max(0, value))]
    fill.style.bottom = `${from}%`
    fill.style.height = `${Math.max(to - from, 1.5)}%`
    paint(view, fill, value, isMap ? fullOfMap(values) : FULL)
    return element("div", { class: "bar", "data-position": position }, fill)
  })
  const level = element("div", { class: "level" }, element("span", {}, words(average)))
  level.style.bottom = `${height(average)}%`
  view.find(".bars").replaceChildren(...view.bars, level)
  view.find(".bars").setAttribute(
    "aria-label",
    `${values.length} cells as bars: ${values.map(words).join(", ")}; their average is ${words(average)}`
  )
  view.terms = values.map((value, position) =>
    element("span", { class: "term", "data-position": position }, signed(value))
  )
  const parts = view.terms.flatMap((term, position) => (position ? [" + ", term] : [term]))
  view.find(".sum").replaceChildren(
    "( ",
    ...parts,
    ` ) / ${values.length} = ${words(sum(values))} / ${values.length} ${equals(average)} `,
    element("b", {}, words(average))
  )
  renderIdentity(view)
}

/** The logit by both ways: over the averages, and over the class map. */
function renderIdentity(view) {
  const { board, numbers } = view
  const products = numbers.averages.map(
    (average, channel) => `${signed(board.weights[channel])} × ${signed(average)}`
  )
  const way = (title, terms, value) =>
    element(
      "div",
      {},
      element("span", {}, title),
      `${terms} + ${signed(board.bias)} ${equals(value)} `,
      element("b", {}, words(value))
    )
  view.find(".identity").replaceChildren(
    way("Average each channel, then weigh", products.join(" + "), numbers.logit),
    way("Weigh into the class map, then average", words(numbers.mapAverage), numbers.mapAverage + board.bias)
  )
}

function mark(view, elements = []) {
  for (const each of view.marked) each.classList.remove("traced")
  view.marked = elements
  for (const each of elements) each.classList.add("traced")
}

/** Show where a cell goes: into the class map, the vectors, the bars and the sum. */
function trace(view, position, channel) {
  const { board } = view
  const found =
    channel < board.channels
      ? [view.result.cells[position], view.vectors[0].tiles[position * board.channels + channel]]
      : view.columns.map(column => column.cells[position])
  if (channel === view.selected) found.push(view.bars[position], view.terms[position])
  mark(view, found)
}

// --- All of it -----------------------------------------------------------------------------

function create(root) {
  const view = {
    root,
    find: selector => root.querySelector(selector),
    stage: root.querySelector(".stage"),
    notice: root.querySelector(".notice"),
    brush: FULL,
    selected: 0,
    marked: [],
    gesture: 0,
  }
  listenToBrush(view)
  view.observer = new ResizeObserver(() => view.vectors && fit(view))
  view.observer.observe(root)
  return view
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".board")
  let view = instances.get(root)
  if (!view) instances.set(root, (view = create(root)))
  view.trigger = setTriggerValue

  const first = !view.board
  const recoloured = JSON.stringify(view.colours) !== JSON.stringify(data.colours)
  view.colours = data.colours
  if (first) {
    Object.assign(view, JSON.parse(data.fixed))
  }
  if (first || recoloured) buildControls(view)
  // An answer to an older gesture is out of date: the next one is on its way.
  if (first || data.gesture >= view.gesture) {
    const mine = derive(data.board)
    const disagrees = !same(data.numbers, mine)
    if (disagrees) {
      root.dataset.disagrees = JSON.stringify({ mine, server: data.numbers })
      console.error("The browser and the server compute differently", root.dataset.disagrees)
    }
    const other = first || JSON.stringify(view.board) !== JSON.stringify(data.board)
    view.gesture = Math.max(view.gesture, data.gesture)
    view.numbers = data.numbers
    delete root.dataset.pending
    if (other) {
      Object.assign(view, { board: data.board, before: data.board, example: data.example })
      view.said = () => view.examples[view.example]?.lesson ?? ""
      build(view)
    }
    if (other || disagrees || recoloured) render(view)
  } else if (recoloured) render(view)
  return () => view.observer.disconnect()
}
