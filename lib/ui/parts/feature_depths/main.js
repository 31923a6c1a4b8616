// One image at all depths (component.py draws it). The server sends all depths at once, so a change of
// depth or channel is drawn here; afterwards the server is told, for the link.

import { element, overlay, replace, send, viewOf, withTerms } from "../base.js"
import { depthName, depthStrip } from "../depth_strip/strip.js"
import { FULL, answersOf, fieldOf, strongestCell } from "./numbers.js"
import { drawPatches } from "./patches.js"

function lookAt(view, place) {
  const { depths, looks } = view.data
  const { block, grid } = depths[place]
  if (!view.decoded[block]) {
    const { channels, maps } = looks[block]
    const decoded = answersOf(maps, grid * grid)
    view.decoded[block] = channels.map((channel, at) => ({ channel, values: decoded[at] }))
  }
  return view.decoded[block]
}

const tell = (view, place) => {
  const { block } = view.data.depths[place]
  send(view, "choice", { depth: block, channel: view.channels[block] ?? null })
}

function covered(view, depth, values, attributes) {
  const map = { rows: depth.grid, columns: depth.grid, values }
  const size = { width: view.data.size, height: view.data.size }
  return overlay(size, map, FULL, [view.data.colour, view.data.colour], attributes)
}

/** Draw the square of the image that a position of the map can see. */
function showField(view, row, column) {
  const { size, depths } = view.data
  const depth = depths[view.strip.place]
  view.cell = { row, column }
  const field = fieldOf(depth, row, column, size)
  const share = pixels => `${(100 * pixels) / size}%`
  Object.assign(view.square.style, {
    top: share(field.top),
    left: share(field.left),
    width: share(field.width),
    height: share(field.height),
  })
  const whole = field.width === size && field.height === size
  const sees = whole ? "the whole image" : `${field.width} x ${field.height} pixels`
  view.said.textContent = `Row ${row + 1}, column ${column + 1} of the map sees ${sees}.`
}

function drawStage(view, depth, chosen) {
  const shown = covered(view, depth, chosen.values, {
    tabindex: 0,
    role: "img",
    "aria-label": `${view.data.about} Channel ${chosen.channel} of ${depthName(depth.block)} over it.`,
  })
  view.square = element("div", { class: "square" })
  shown.append(view.square)
  const within = place => Math.max(0, Math.min(depth.grid - 1, Math.floor(place)))
  shown.onpointermove = event => {
    const box = shown.getBoundingClientRect()
    const [down, across] = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width]
    showField(view, within(down * depth.grid), within(across * depth.grid))
  }
  shown.onkeydown = event => {
    const [down, right] = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    }[event.key] ?? [0, 0]
    if (!down && !right) return
    event.preventDefault()
    showField(view, within(view.cell.row + down), within(view.cell.column + right))
  }
  return shown
}

function draw(view, place) {
  const { depths, patches, size } = view.data
  const depth = depths[place]
  const looks = lookAt(view, place)
  const wanted = view.channels[depth.block] ?? view.data.first[depth.block]
  const chosen = looks.find(each => each.channel === wanted) ?? looks[0]
  const [knows, measured] = view.data.sentences[place]
  view.finding.replaceChildren(...withTerms(knows))
  view.measured.replaceChildren(...withTerms(measured))
  view.where.textContent = `Where channel ${chosen.channel} is strong, in green`
  view.title.textContent = `${titleOf(depth.block)}: ${depth.channels.toLocaleString("en-US")} channels of ${depth.grid} x ${depth.grid}`
  view.note.textContent =
    depth.field < size
      ? `Each position sees ${depth.field} x ${depth.field} of ${size} x ${size} pixels.`
      : "Each position sees the whole image, or nearly."
  replace(view.stage, [drawStage(view, depth, chosen)])
  replace(
    view.tiles,
    looks.map(each => {
      const input = element("input", {
        type: "radio",
        name: "channel",
        "aria-label": `Channel ${each.channel}`,
        checked: each === chosen,
      })
      input.onchange = () => {
        view.channels[depth.block] = each.channel
        draw(view, view.strip.place)
        tell(view, view.strip.place)
      }
      return element(
        "label",
        { class: "option" },
        input,
        covered(view, depth, each.values, { "aria-hidden": "true" }),
        element("span", {}, String(each.channel)),
      )
    }),
  )
  replace(view.patches, drawPatches(depth, chosen.channel, patches[depth.block][chosen.channel]))
  const { row, column } = strongestCell(chosen.values, depth.grid)
  showField(view, row, column)
}

/** What a depth is called above its channels. */
function titleOf(block) {
  if (block === "stem") return "First layer, the stem"
  if (block === "top") return "Last layer, the top"
  const words = depthName(block)
  return words[0].toUpperCase() + words.slice(1)
}

function examples(view) {
  const { examples: all, image } = view.data
  return all.map(each => {
    const input = element("input", {
      type: "radio",
      name: "image",
      "aria-label": each.title,
      checked: each.id === image,
    })
    input.onchange = () => send(view, "choice", { image: each.id })
    const picture = element("img", { src: each.thumbnail, alt: "", height: 44 })
    return element("label", { class: "option" }, input, picture, element("span", {}, each.title))
  })
}

function create(view) {
  const find = name => view.root.querySelector(name)
  Object.assign(view, {
    finding: find(".finding"),
    measured: find(".measured"),
    where: find(".where"),
    title: find("h2"),
    note: find(".note"),
    examplesPart: find(".examples"),
    control: find(".control"),
    stage: find(".stage"),
    tiles: find(".tiles"),
    patches: find(".patches"),
    said: find(".said"),
    channels: {},
    decoded: {},
    times: -1,
  })
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  view.data = data
  view.decoded = {}
  view.root.style.setProperty("--photo", `url("${data.picture}")`)
  if (!view.strip) {
    view.strip = depthStrip(
      data.depths,
      place => view.strip && draw(view, place),
      place => tell(view, place),
    )
    view.control.replaceChildren(view.strip.root)
  }
  if (view.times !== data.opened.times) {
    view.times = data.opened.times
    const { depth, channel } = data.opened
    if (channel !== null) view.channels[depth] = channel
    view.strip.place = data.depths.findIndex(each => each.block === depth)
  }
  replace(view.examplesPart, examples(view))
  view.strip.paint(view.strip.place)
  delete view.root.dataset.pending
  return () => view.strip.stop()
}
