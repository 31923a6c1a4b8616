// The patches where a channel is strongest.

import { element } from "../base.js"

const SMOOTH = 40 // px: a smaller patch is shown pixel by pixel

/** Draw nine patches of one picture, each with a ring around the excited cell. */
export function drawPatches(depth, channel, { picture, cells }) {
  const box = element("div", { class: "nine" })
  cells.forEach(([x, y], place) => {
    const ring = element("i", { class: "ring" })
    ring.style.left = `${100 * x}%`
    ring.style.top = `${100 * y}%`
    const patch = element("div", { class: "patch" })
    patch.classList.toggle("small", depth.field < SMOOTH)
    patch.style.backgroundImage = `url("${picture}")`
    patch.style.backgroundSize = `${100 * cells.length}% 100%`
    patch.style.backgroundPosition = `${(100 * place) / (cells.length - 1)}% 0`
    // A small receptive field is all there is to see.
    if (depth.field >= SMOOTH) patch.append(ring)
    box.append(patch)
  })
  box.setAttribute("role", "img")
  box.setAttribute("aria-label", `The nine patches where channel ${channel} is strongest`)
  return [box]
}
