// An animal described by attributes, and the photographs that its classifier wins (component.py draws it). After
// a tick the browser computes the ranking at once and sends everything that is asked; the server does the same.

import { compare, isAnswered, viewOf } from "../base.js"
import { buildAsked, showAsked } from "./asked.js"
import { foldOf, ranked } from "./numbers.js"
import { buildAgainst, buildRanking, showAgainst, showFinding, showRanking, showSum } from "./ranking.js"

/** The ranking of what is asked now; leaving another animal out needs another regression. */
function computed(view) {
  const { fixed, asked, own } = view
  const leftOut = fixed.animals.findIndex(animal => animal.id === asked.leftOut)
  const photographs = own ? [...fixed.known.logits, own.logits] : fixed.known.logits
  if (view.foldKey !== leftOut || view.foldOf !== photographs.at(-1)) {
    view.fold = foldOf({ ...fixed.known, logits: photographs }, leftOut)
    view.foldKey = leftOut
    view.foldOf = photographs.at(-1)
  }
  const description = fixed.attributes.map(({ id }) => Number(asked.ticks.includes(id)))
  return { leftOut, description, ...ranked(view.fold, description, asked, fixed.known.tie) }
}

function render(view) {
  view.found = computed(view)
  showAsked(view)
  showSum(view)
  showFinding(view)
  showAgainst(view)
  showRanking(view)
}

function create(view) {
  const find = name => view.root.querySelector(name)
  Object.assign(view, {
    sum: find(".sum"),
    how: find(".how"),
    askedPart: find(".asked"),
    title: find(".finding h2"),
    words: find(".finding p"),
    against: find(".against"),
    table: find(".ranking"),
    all: false,
    render: () => render(view),
  })
}

export default function (component) {
  const { data } = component
  const view = viewOf(component, create)
  const changed = view.fixedText !== data.fixed
  if (changed) {
    view.fixedText = data.fixed
    view.fixed = JSON.parse(data.fixed)
    view.fixed.attributes = view.fixed.groups.flatMap(group => group.attributes)
    view.fold = view.foldKey = view.foldOf = null
    view.root.style.setProperty("--drawings", `url("${view.fixed.drawings.picture}")`)
    view.root.style.setProperty("--heat", view.fixed.colours.heat)
    view.root.style.setProperty("--below", view.fixed.colours.below)
    buildAsked(view)
    buildAgainst(view)
    buildRanking(view)
  }
  const other = view.own?.picture !== data.own?.picture
  if (isAnswered(view, data, changed || other)) {
    Object.assign(view, { asked: data.asked, own: data.own })
    render(view)
    const { leads, places } = view.found
    compare(view, data.ranking, { leads, places })
  }
}
