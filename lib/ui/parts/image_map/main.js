// The images of a dataset as points (component.py draws them): the same points travel from depth to depth.

import { element, replace, send, viewOf } from "../base.js"
import { depthName, depthStrip } from "../depth_strip/strip.js"
import { accuracyCurve } from "./curve.js"
import { Cloud } from "./cloud.js"
import { pointsOf } from "./numbers.js"

const STEP_MS = 700 // from depth to depth while it plays

function decoded(view, panel) {
  panel.byDepth ??= {}
  const wanted = view.projection
  panel.byDepth[wanted] ??= pointsOf(panel.points[wanted], view.data.labels.length, view.data.finest)
  return panel.byDepth[wanted]
}

function show(view, place) {
  const { panels, depths, of } = view.data
  view.curve?.mark(place)
  panels.forEach((panel, at) => {
    view.clouds[at].travel(decoded(view, panel)[place])
    const right = panel.neighbours[place].toFixed(2)
    view.words[at].replaceChildren(
      element("b", {}, right),
      ` of the ${of} nearest images are of the same class, after ${depthName(depths[place].block)}`,
    )
  })
}

function play(view) {
  if (view.timer) return pause(view)
  const last = view.data.depths.length - 1
  if (view.strip.place === last) view.strip.move(0, false)
  view.timer = setInterval(() => {
    const next = view.strip.place + 1
    view.strip.move(next, next >= last)
    if (next >= last) pause(view)
  }, STEP_MS)
  showPlay(view)
}

function pause(view) {
  clearInterval(view.timer)
  view.timer = null
  showPlay(view)
}

function showPlay(view) {
  view.play.textContent = view.timer ? "Pause" : "Play"
  view.play.classList.toggle("running", Boolean(view.timer))
}

function projections(view) {
  return view.data.projections.map(({ id, title }) => {
    const input = element("input", { type: "radio", name: "projection", value: id, checked: id === view.projection })
    input.onchange = () => {
      view.projection = id
      show(view, view.strip.place)
      send(view, "choice", { projection: id })
    }
    return element("label", {}, input, element("span", {}, title))
  })
}

function drawPanels(view) {
  const { data } = view
  view.clouds = data.panels.map(({ title }) => new Cloud(data, title))
  view.words = data.panels.map(() => element("p", { class: "near", role: "status" }))
  replace(
    view.panelsPart,
    data.panels.map(({ title }, at) =>
      element("figure", {}, element("figcaption", {}, title), view.words[at], view.clouds[at].root),
    ),
  )
  view.classes.replaceChildren(
    ...data.classes.map((name, at) => element("li", {}, element("i", { style: view.clouds[0]?.look(at) ?? "" }), name)),
  )
}

function create(view) {
  const find = name => view.root.querySelector(name)
  Object.assign(view, {
    curvePart: find(".curve"),
    control: find(".control"),
    bar: find(".bar"),
    play: find(".replay"),
    projectionsPart: find(".projections"),
    pictures: find(".pictures input"),
    classes: find(".classes"),
    panelsPart: find(".panels"),
    clouds: [],
    words: [],
    times: -1,
  })
  view.play.onclick = () => play(view)
  view.pictures.onchange = () => view.clouds.forEach(cloud => cloud.showPictures(view.pictures.checked))
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  view.root.setAttribute("aria-label", data.label)
  view.data = data
  view.curve = data.curve && accuracyCurve(data.curve)
  replace(view.curvePart, view.curve ? [view.curve.root] : [])
  if (view.times !== data.opened.times) {
    view.times = data.opened.times
    view.projection = data.opened.projection
    view.opened = data.depths.findIndex(each => each.block === data.opened.depth)
  }
  view.bar.hidden = !data.panels.length
  drawPanels(view)
  view.clouds.forEach(cloud => cloud.showPictures(view.pictures.checked))
  replace(view.projectionsPart, projections(view))
  const strip = view.strip
  if (!strip) {
    view.strip = depthStrip(data.depths, place => view.strip && show(view, place))
    view.strip.place = view.opened
    view.control.replaceChildren(view.strip.root)
  }
  view.strip.paint(view.strip.place)
  delete view.root.dataset.pending
  return () => {
    clearInterval(view.timer)
    view.timer = null
    view.strip.stop()
  }
}
