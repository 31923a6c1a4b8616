// The validation images that a run watches, right or wrong after the epoch that is drawn.

import { element } from "../base.js"

const WORDS = { 1: "right", 0: "wrong" }

/** Make the tiles of the images. `picture` has them side by side. */
function tiles(view, { picture, right }) {
  const count = right[0]?.length ?? 0
  return Array.from({ length: count }, (_, at) => {
    const made = element("span", { class: "tile", role: "img" })
    made.style.backgroundImage = `url(${picture})`
    made.style.backgroundSize = `${count * 100}% 100%`
    made.style.backgroundPosition = `${count > 1 ? (100 * at) / (count - 1) : 0}% 0`
    return made
  })
}

/** Show the answers after the last epoch drawn; before the first there are none. */
export function showWatched(view) {
  const { watched } = view.data
  view.watched.hidden = !watched
  if (!watched) return
  const place = view.watched.querySelector(".tiles")
  // Before the first epoch it is not known how many there are.
  if (view.pictured !== watched.picture || place.children.length !== (watched.right[0] ?? "").length) {
    view.pictured = watched.picture
    place.replaceChildren(...tiles(view, watched))
  }
  const answers = watched.right[view.limit - 1] ?? ""
  const correct = [...answers].filter(each => each === "1").length
  view.watched.querySelector("p").textContent = answers
    ? `After epoch ${view.limit}, ${correct} of these ${answers.length} validation images are right.`
    : "These validation images are asked after each epoch."
  ;[...place.children].forEach((tile, at) => {
    const said = answers[at] ?? ""
    if (tile.dataset.right === said) return
    tile.classList.toggle("turned", Boolean(tile.dataset.right && said))
    tile.dataset.right = said
    tile.setAttribute("aria-label", `Image ${at + 1}${said ? `, ${WORDS[said]}` : ""}`)
  })
}
