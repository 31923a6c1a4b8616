// What a step looks at: found on the page or inside of a component, lit, covered, and brought on screen.

import { element } from "../base.js"

const ROOT = document.documentElement
const GAP = 12 // px between the bar and what is looked at
const ALMOST = 1.1 // of the room: the last line of a text may be missing rather than what the step names
const BEGINNING = 80 // px of what is looked at that say what it is
const FIRST_MS = 60_000 // in which what is looked at comes, on a slow machine
const PATIENCE_MS = 4000 // in which a page may still be growing above of what is looked at, then
const SHEET = "data-guide"
const BAR = ".st-key-guide_box" // with the controls of a vote (lib/ui/lessons/guide.py)
const [LARGEST, ZOOM_STEP] = [1.5, 0.05] // of what is looked at, on a projector
const SMALLEST_TYPE = 14 // px, below which nobody at the back can read
const READABLE = 0.9 // below that, the rest of a component goes first
// Grey, and still 4.5:1: quiet text becomes ink first (lib/ui/lessons/guide.py has the same rule).
const FAINT = "{ --muted: var(--ink); opacity: 0.62; filter: grayscale(1); transition: opacity 0.2s }"

/** The shadow root of a component in a container. @param {string} selector @param {string} inside */
function insideOf(selector, inside) {
  for (const outer of document.querySelectorAll(selector))
    for (const each of outer.querySelectorAll("*")) if (each.shadowRoot?.querySelector(inside)) return each.shadowRoot
  return null
}

/** Put rules into a component, which has a style sheet of its own. @param {ShadowRoot} root @param {string} rules */
function style(root, rules) {
  let sheet = root.querySelector(`style[${SHEET}]`)
  if (!sheet) {
    sheet = element("style", { [SHEET]: true })
    root.append(sheet)
  }
  if (sheet.textContent !== rules) sheet.textContent = rules
  return sheet
}

/** The elements of a part, which may be inside of a component. @param {string[]} part @returns {Element[]} */
function elementsOf([outer, inside]) {
  if (!outer) return []
  return [...((inside ? insideOf(outer, inside) : document)?.querySelectorAll(inside || outer) ?? [])]
}

/** Where parts are on screen, all together; null while none of them is. @param {string[][]} parts */
function boxOf(parts) {
  const boxes = parts
    .flatMap(elementsOf)
    .map(each => each.getBoundingClientRect())
    .filter(({ height }) => height)
  if (!boxes.length) return null
  const top = Math.min(...boxes.map(each => each.top))
  return { top, height: Math.max(...boxes.map(each => each.bottom)) - top }
}

/** Light and cover what is inside of components, now and whenever the page changes. @param {any} view */
export function light(view) {
  const rules = () => {
    const { look, with: kept, hidden = [] } = view.data
    const wanted = hidden.map(([outer, inside]) => [outer, inside, `${inside} { display: none !important }`])
    if (look?.[1]) {
      const lit = [look[1], ...kept].join(", ")
      const covered = view.covered ? `:is(${look[1]}), :is(${look[1]}) * { visibility: hidden !important }` : ""
      const rest = `:has(${lit}) > :not(${lit}, :has(${lit}), style`
      const back = view.alone ? `${rest}) { display: none !important }` : `${rest}, :hover, :focus-within) ${FAINT}`
      wanted.push([...look, `${covered} ${back}`])
    }
    for (const [outer, inside, text] of wanted) {
      const root = insideOf(outer, inside)
      if (root) view.sheets.add(style(root, text))
    }
    // Until now, the whole component was covered (lib/ui/lessons/guide.py).
    if (view.covered && elementsOf(look ?? []).length) ROOT.dataset.guideCovers = view.name
  }
  let due = 0
  view.watch?.disconnect()
  view.watch = new MutationObserver(() => {
    cancelAnimationFrame(due)
    due = requestAnimationFrame(rules)
  })
  view.relight = rules
  view.watch.observe(document.querySelector("[data-testid=stMain]") ?? document.body, {
    childList: true,
    subtree: true,
  })
  rules()
}

/** Undo what `light` did. @param {any} view */
export function darken(view) {
  view.watch?.disconnect()
  for (const sheet of view.sheets) sheet.remove()
  view.sheets.clear()
  view.zoom?.remove()
  Object.assign(view, { zoom: undefined, fitted: "" })
}

/** The smallest type of the texts in an element, also inside of components, in px. @param {Element} part */
function smallestType(part) {
  let found = Infinity
  for (const each of [part, ...part.querySelectorAll("*")]) {
    if (each.shadowRoot) for (const inner of each.shadowRoot.children) found = Math.min(found, smallestType(inner))
    const hasText = [...each.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent?.trim())
    if (hasText && each.checkVisibility() && !each.matches("style, script"))
      found = Math.min(found, Number.parseFloat(getComputedStyle(each).fontSize))
  }
  return found
}

/**
 * In lecture mode, make what is looked at as large as fits the screen, so that nothing scrolls.
 *
 * @param {any} view
 * @param {Element} main
 */
function fit(view, main) {
  const [outer, inside] = view.data.look ?? []
  const part = outer ? document.querySelector(outer) : null
  const wanted = Boolean(view.data.present && part && ROOT.dataset.guideAll === undefined)
  const now = () => `${wanted} ${view.covered} ${part?.clientHeight} ${main.scrollHeight} ${main.clientHeight}`
  if (view.fitted === now()) return
  view.zoom ??= document.head.appendChild(element("style", { [SHEET]: true }))
  view.zoom.textContent = ""
  // A figure of Plotly has larger type already, and would miss the pointer if it were enlarged.
  const most = part?.querySelector(".js-plotly-plot") ? 1 : LARGEST
  const fits = least => {
    for (let zoom = most; zoom >= least; zoom -= ZOOM_STEP) {
      view.zoom.textContent = `[data-testid=stMain] ${outer} { zoom: ${zoom.toFixed(2)} }`
      if (main.scrollHeight <= main.clientHeight) return true
    }
    return false
  }
  view.alone = false
  view.relight?.()
  if (wanted && !fits(READABLE)) {
    view.alone = Boolean(inside) && !view.data.whole
    view.relight?.()
    view.zoom.textContent = ""
    // Rather scrolled than too small to be read.
    fits(Math.min(1, SMALLEST_TYPE / smallestType(part)))
  }
  view.fitted = now()
}

/**
 * How far to scroll so that a step's parts stand below the bar: not at all where the page begins with them on screen.
 *
 * @param {any} view
 * @param {Element} main
 */
function goalOf(view, main) {
  const { look = [], controls = [] } = view.data
  const bar = boxOf([[BAR, ""]])
  const part = boxOf([look])
  const whole = boxOf([look, ...controls])
  if (!bar || !part || !whole) return null
  // The bar sticks to the window while it is scrolled; its height is the same.
  const ends = each => each.top + each.height + main.scrollTop <= innerHeight
  if (ends(whole)) return 0
  // Below the buttons of a narrow window (lib/ui/shell.css).
  const sticks = Number.parseFloat(getComputedStyle(document.querySelector(BAR)?.parentElement ?? main).top) || 0
  const room = innerHeight - sticks - bar.height - GAP
  // What the step names comes first, as long as the part begins on the screen; alone, while the part is covered.
  const isNear = whole.height <= room * ALMOST || part.top - whole.top <= room - BEGINNING
  const first = (view.covered && boxOf(controls)) || part
  return Math.max(0, main.scrollTop + (isNear ? whole : first).top - sticks - bar.height - GAP)
}

/** Bring what is looked at on screen, and again while the page grows, until the reader acts. @param {any} view */
export function bring(view) {
  const main = document.querySelector("[data-testid=stMain]")
  let until = performance.now() + FIRST_MS
  let isThere = false
  const stop = new AbortController()
  view.stopBringing?.()
  view.stopBringing = () => stop.abort()
  for (const each of ["wheel", "pointerdown", "touchstart"])
    addEventListener(each, () => stop.abort(), { signal: stop.signal, passive: true })
  const look = () => {
    if (stop.signal.aborted || performance.now() > until || !main || !view.root.isConnected) return
    fit(view, main)
    const to = goalOf(view, main)
    if (to !== null && !isThere) {
      isThere = true
      until = performance.now() + PATIENCE_MS
    }
    if (to !== null && Math.abs(to - main.scrollTop) > 1) main.scrollTo({ top: to, behavior: "instant" })
    setTimeout(look, 100)
  }
  look()
}
