// What every inline component has in common; lib/ui/parts/base.py puts it before its own.

const VEIL = 0.8 // opacity of the full colour over an image, which shines through

const instances = new WeakMap()

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made[name] = value
    else if (value !== false) made.setAttribute(name, value === true ? "" : value)
  }
  made.append(...children)
  return made
}

/** Red, green and blue of "#rrggbb", 0 to 255. */
const channelsOf = colour => [1, 3, 5].map(from => parseInt(colour.slice(from, from + 2), 16))

/**
 * An image with a map over it. `size` is {width, height} of the image as the network sees it, `map`
 * {rows, columns, values}; a value of `full` has the whole colour, `above` 0 or `below` it.
 */
function overlay(size, map, full, [above, below], attributes) {
  const canvas = element("canvas", { width: map.columns, height: map.rows, "aria-hidden": "true" })
  const context = canvas.getContext("2d")
  const pixels = context.createImageData(map.columns, map.rows)
  map.values.forEach((value, position) => {
    const colour = channelsOf(value < 0 ? below : above)
    const part = Math.min(1, Math.abs(value) / full)
    pixels.data.set([...colour, Math.round(255 * VEIL * part)], 4 * position)
  })
  context.putImageData(pixels, 0, 0)
  const made = element("div", { class: "overlay", ...attributes }, element("div", { class: "photo" }), canvas)
  made.style.aspectRatio = `${size.width} / ${size.height}`
  return made
}

/** The button `replay` of a view whose `timer` steps through something, as it is now. */
function showReplay(view) {
  view.replay.textContent = view.timer ? "Pause" : "Replay"
  view.replay.classList.toggle("running", Boolean(view.timer))
}

function stopReplay(view) {
  clearInterval(view.timer)
  view.timer = null
}
