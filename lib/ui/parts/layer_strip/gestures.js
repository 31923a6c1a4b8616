// The gestures that change a plan: its numbers are shown at once, and the whole plan is sent to the server.

import { begin, send } from "../base.js"
import { derive, withCut, withLayers } from "./numbers.js"

function show(view, plan) {
  begin(view)
  view.plan = plan
  view.numbers = derive(view.table.layers, view.head, plan)
  view.render()
}

export function sendPlan(view) {
  const { cut, byHand } = view.plan
  const hand = [...byHand].toSorted((a, b) => a - b)
  send(view, "gesture", { backbone: view.table.backbone, cut, by_hand: hand })
}

export function moveCut(view, cut, { commit = true } = {}) {
  const plan = withCut(view.table.layers, view.plan, cut)
  if (plan.cut !== view.plan.cut || view.plan.byHand.size) {
    show(view, plan)
    view.scrollToCut()
  }
  if (commit) sendPlan(view)
}

export function setLayers(view, indices, frozen) {
  show(view, withLayers(view.table.layers, view.plan, indices, frozen))
  sendPlan(view)
}

export function undoByHand(view) {
  show(view, { ...view.plan, byHand: new Set() })
  sendPlan(view)
}
