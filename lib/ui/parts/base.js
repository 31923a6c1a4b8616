// Functions that all inline components share. Each main.js imports them, and lib/ui/parts/base.py joins the files.

const SVG = "http://www.w3.org/2000/svg"
const VEIL = 0.8 // opacity of the full colour over an image, which stays visible

/**
 * A feature map, row by row.
 * @typedef {{rows: number, columns: number, values: number[]}} Map
 *
 * The state of a component between two calls; `gesture` is the number of the last gesture sent or answered.
 * @typedef {{root: HTMLElement, gesture: number, trigger: (name: string, what: object) => void} & Record<string, any>} View
 */

/** @type {WeakMap<Element, View>} */
const instances = new WeakMap()

/**
 * Return the view of a component, which is made once and completed by `create`.
 *
 * @param {{parentElement: Element, setTriggerValue: View["trigger"]}} component
 * @param {(view: View) => void} create
 * @returns {View}
 */
export function viewOf({ parentElement, setTriggerValue }, create = () => {}) {
  const root = /** @type {HTMLElement} */ (parentElement.querySelector("section"))
  let view = instances.get(root)
  if (!view) {
    view = { root, gesture: 0, trigger: setTriggerValue }
    instances.set(root, view)
    create(view)
  }
  view.trigger = setTriggerValue
  return view
}

// --- Gestures ------------------------------------------------------------------------------

/** Count a new gesture, so that answers to earlier ones are out of date. @param {View} view */
export function begin(view) {
  view.gesture += 1
  view.root.dataset.pending = ""
}

/** Send a gesture to Python under a name. @param {View} view @param {string} name @param {object} what */
export function send(view, name, what) {
  begin(view)
  view.trigger(name, { ...what, number: view.gesture })
}

/**
 * Return whether to draw the server's answer. If it is out of date, and not `anew`, another one will follow.
 *
 * @param {View} view
 * @param {{gesture: number}} data
 * @param {boolean} anew
 */
export function isAnswered(view, data, anew) {
  if (!anew && data.gesture < view.gesture) return false
  view.gesture = Math.max(view.gesture, data.gesture)
  delete view.root.dataset.pending
  return true
}

/**
 * Return whether both are equal except for rounding; `mine` may have fields that `theirs` lacks.
 *
 * @param {any} theirs
 * @param {any} mine
 * @returns {boolean}
 */
export function same(theirs, mine) {
  if (typeof theirs === "number") return Math.abs(theirs - mine) <= 1e-9 * Math.max(1, Math.abs(theirs))
  if (theirs === null || typeof theirs !== "object") return theirs === mine
  if (Array.isArray(theirs) && theirs.length !== mine?.length) return false
  return Object.entries(theirs).every(([name, value]) => same(value, mine?.[name]))
}

/**
 * Return whether the browser and the server computed the same. A difference is logged, and tests look for it.
 *
 * @param {View} view
 * @param {object} server
 * @param {object} mine
 */
export function compare(view, server, mine) {
  if (same(server, mine)) return true
  view.root.dataset.disagrees = JSON.stringify({ mine, server })
  console.error("The browser and the server disagree", view.root.dataset.disagrees)
  return false
}

/**
 * Make `area` draggable everywhere; the focus goes to `handle`, so that arrow keys work.
 *
 * @param {HTMLElement} area
 * @param {HTMLElement} handle
 * @param {(event: PointerEvent) => void} drag
 * @param {() => void} drop
 * @param {(event: PointerEvent) => void} hover While nothing is dragged
 */
export function draggable(area, handle, drag, drop, hover = () => {}) {
  let dragging = false
  area.onpointerdown = event => {
    if (event.button) return
    area.setPointerCapture(event.pointerId)
    dragging = true
    drag(event)
    handle.focus({ preventScroll: true })
    event.preventDefault()
  }
  area.onpointermove = event => (dragging ? drag : hover)(event)
  area.onpointerup = area.onpointercancel = () => {
    if (dragging) drop()
    dragging = false
  }
}

/**
 * Copy text and confirm it on the button. `shown` is the element with the same text.
 *
 * @param {string} text
 * @param {HTMLElement} button
 * @param {Node} shown
 */
export async function copyText(text, button, shown) {
  let copied = true
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // Over plain HTTP a browser has no clipboard API, but it can copy the selected text of a field.
    const field = element("textarea", { style: "position: fixed" })
    field.value = text
    button.after(field)
    field.select()
    copied = document.execCommand("copy")
    field.remove()
    button.focus()
    if (!copied) getSelection()?.selectAllChildren(shown) // for Ctrl+C
  }
  button.textContent = copied ? "Copied" : "Selected"
}

// --- Elements ------------------------------------------------------------------------------

/**
 * Make an element; an attribute that starts with "on" is a listener, and `true` means no value.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} attributes
 * @param {(Node | string)[]} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) Object.assign(made, { [name]: value })
    else if (value !== false) made.setAttribute(name, value === true ? "" : value)
  }
  made.append(...children)
  return made
}

/**
 * Make an SVG element.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} attributes
 * @param {(Node | string)[]} children
 */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** Return the nodes of a sentence whose words offer terms (lib/ui/glossary.py). @param {string} said */
export const withTerms = said =>
  said
    .split(/(\[[^\]]+\]\(#term-\w+\))/)
    .map(part => /^\[(.+)\]\((.+)\)$/.exec(part) ?? part)
    .map(part => (typeof part === "string" ? part : element("a", { href: part[2] }, part[1])))

/** Replace the content of a part and restore the focus. @param {HTMLElement} part @param {Node[]} children */
export function replace(part, children) {
  const controls = () => /** @type {HTMLInputElement[]} */ ([...part.querySelectorAll("input, button, select")])
  const held = /** @type {ShadowRoot} */ (part.getRootNode()).activeElement
  const before = controls()
  const place = before.findIndex(control => control === held)
  part.replaceChildren(...children)
  if (place < 0) return
  const { type, name } = before[place]
  const chosen = type === "radio" && controls().find(control => control.name === name && control.checked)
  const target = chosen || controls()[place]
  target?.focus({ preventScroll: true })
}

// --- The address ---------------------------------------------------------------------------

/** Return a parameter of the address that only the browser reads, or null. */
export const fromAddress = name => new URLSearchParams(location.search).get(name)

/** Write such a parameter into the address, so that a link restores it; "" removes it. */
export function intoAddress(name, value) {
  const address = new URL(location.href)
  if (value) address.searchParams.set(name, value)
  else address.searchParams.delete(name)
  // In place: the back button undoes gestures, not views.
  history.replaceState(history.state, "", address)
}

// --- Numbers and colours -------------------------------------------------------------------

/** @param {number} number */
export const count = number => number.toLocaleString("en-US")

/** Red, green and blue of "#rrggbb", 0 to 255. @param {string} colour */
const channelsOf = colour => [1, 3, 5].map(from => parseInt(colour.slice(from, from + 2), 16))

/**
 * Return the background for a value, from paper to full colour, and the text colour with more contrast.
 *
 * @param {{paper: string, heat: string, below: string}} colours
 * @param {number} value
 * @param {number} full Absolute value from which on the colour is full
 */
export function shade(colours, value, full) {
  const part = Math.min(1, Math.abs(value) / full)
  const end = channelsOf(value < 0 ? colours.below : colours.heat)
  const mixed = channelsOf(colours.paper).map((start, i) => Math.round(start + (end[i] - start) * part))
  const [red, green, blue] = mixed.map(level => {
    const share = level / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue // relative luminance of WCAG
  return { background: mixed, text: light > 0.179 ? "#000" : "#fff" } // where both have the same contrast
}

/** @param {Parameters<typeof shade>[0]} colours @param {HTMLElement} target @param {number} value @param {number} full */
export function paint(colours, target, value, full) {
  const { background, text } = shade(colours, value, full)
  target.style.backgroundColor = `rgb(${background.join(" ")})`
  target.style.color = text
}

/**
 * Draw an image with a map over it. `size` is {width, height} of the network's input; a value of `full`
 * has the full colour, `above` for positive and `below` for negative values.
 *
 * @param {{width: number, height: number}} size
 * @param {Map} map
 * @param {number} full
 * @param {string[]} colours
 * @param {Record<string, any>} attributes
 */
export function overlay(size, map, full, [above, below], attributes) {
  const canvas = element("canvas", { width: map.columns, height: map.rows, "aria-hidden": "true" })
  const context = contextOf(canvas)
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

/** @param {HTMLCanvasElement} canvas */
export const contextOf = canvas => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))

// --- Step by step --------------------------------------------------------------------------

/** Update the `replay` button of a view: "Pause" while its `timer` runs. @param {View} view */
export function showReplay(view) {
  view.replay.textContent = view.timer ? "Pause" : "Replay"
  view.replay.classList.toggle("running", Boolean(view.timer))
}

/** @param {View} view */
export function stopReplay(view) {
  clearInterval(view.timer)
  view.timer = null
}
