// The gestures that change the answers: the recommendation is shown at once, and the server is told.

import { begin, draggable, send } from "../base.js"
import { MARGIN, rounded, within } from "./numbers.js"

const STEP = 0.05 // one arrow key: this part of a power of ten in images, half of it in similarity
const LEAP = 5 // steps of a page key

export function change(view, changes, { commit = true } = {}) {
  begin(view)
  view.answers = { ...view.answers, ...changes }
  view.own = false
  view.render()
  if (commit) sendAnswers(view)
}

export function sendAnswers(view, answers = view.answers) {
  clearTimeout(view.typing)
  send(view, "gesture", { ...answers, dataset: view.dataset.id })
}

/** Return the answers for a position on the map. */
function answersAt(view, event) {
  const box = view.svg.getBoundingClientRect()
  const { lowest, highest } = view.fixed.map.axis
  const across = within(0, (event.clientX - box.left - MARGIN) / (box.width - 2 * MARGIN), 1)
  const down = within(0, (event.clientY - box.top - MARGIN) / (box.height - 2 * MARGIN), 1)
  return {
    images: rounded(lowest * (highest / lowest) ** across),
    similarity: Math.round((1 - down) * 100) / 100,
  }
}

export function listenToPlane(view) {
  const drag = event => change(view, answersAt(view, event), { commit: false })
  draggable(view.plane, view.point, drag, () => sendAnswers(view))
  view.point.onkeydown = event => {
    const [right, up] =
      {
        ArrowRight: [1, 0],
        ArrowLeft: [-1, 0],
        ArrowUp: [0, 1],
        ArrowDown: [0, -1],
        End: [LEAP, 0],
        Home: [-LEAP, 0],
        PageUp: [0, LEAP],
        PageDown: [0, -LEAP],
      }[event.key] ?? []
    if (right === undefined) return
    event.preventDefault()
    const { images, similarity } = view.answers
    const wider = rounded(images * 10 ** (right * STEP))
    change(view, {
      // With few images a step is one image.
      images: within(1, wider === images ? images + right : wider, view.fixed.most.images),
      similarity: within(0, Math.round((similarity + (up * STEP) / 2) * 1000) / 1000, 1),
    })
  }
}
