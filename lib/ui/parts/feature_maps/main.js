// Real feature maps in the browser (lib/ui/maps/page.py draws them): one part of the page shows
// the channels and their averages, another one the decision that follows from the averages.
//
// Every number comes from the server: a choice is sent to it and comes back as new data.

import { element, replace, viewOf } from "../base.js"
import { drawBars, drawMaps } from "./channels.js"
import { drawDecision } from "./decision.js"

const VIEWS = { maps: drawMaps, decision: drawDecision }

function create(view) {
  const { root } = view
  view.sorted = false
  view.parts = contents => {
    for (const [name, children] of Object.entries(contents)) {
      let part = root.querySelector(`.${name}-part`)
      if (!part) root.append((part = element("div", { class: `${name}-part` })))
      replace(part, children)
    }
  }
  view.observer = new ResizeObserver(() => view.bars?.isConnected && drawBars(view))
  view.observer.observe(root)
}

export default function (component) {
  const { data } = component
  if (!data?.kind) return
  const view = viewOf(component, create)
  const { root } = view
  view.data = data
  root.style.setProperty("--photo", `url("${data.picture}")`)
  root.style.setProperty("--heat", data.colours.heat)
  root.style.setProperty("--below", data.colours.below)
  root.setAttribute("aria-label", data.label)
  VIEWS[data.kind](view)
  delete root.dataset.pending
  return () => view.observer.disconnect()
}
