// Moves the focus to the heading of what a gesture has brought (component.py).

import { viewOf } from "../base.js"

const PATIENCE = 3000 // ms in which Streamlit draws the heading

/** Focus the heading of a container as soon as it is there. @param {string} target */
function focusHeading(target) {
  const find = () =>
    /** @type {HTMLElement | null} */ (document.querySelector(`.st-key-${CSS.escape(target)} :is(h1, h2, h3, h4)`))
  const move = () => {
    const heading = find()
    if (!heading) return false
    heading.tabIndex = -1
    heading.style.outlineOffset = "4px"
    heading.focus({ preventScroll: true })
    heading.scrollIntoView({ block: "center" })
    return true
  }
  if (move()) return
  const watch = new MutationObserver(() => move() && watch.disconnect())
  watch.observe(document.body, { childList: true, subtree: true })
  setTimeout(() => watch.disconnect(), PATIENCE)
}

export default function (component) {
  const { data } = component
  const view = viewOf(component)
  if (view.on !== undefined && view.on !== data.on) focusHeading(data.target)
  view.on = data.on
}
