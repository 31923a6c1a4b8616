// What the browser does on every page: a word of the glossary is explained where it stands, and the
// keyboard enters a page and its groups where the reader expects it (lib/ui/glossary.py).

const ANCHOR = "#term-"
const GAP = 8 // px between a word and its explanation
const GRACE = 200 // ms in which the pointer may cross the gap

/** Return the offered word that an event happened on, also inside a component. @param {Event} event */
const wordOf = event =>
  /** @type {HTMLAnchorElement | undefined} */ (
    event
      .composedPath()
      .find(each => each instanceof HTMLAnchorElement && each.getAttribute("href")?.startsWith(ANCHOR))
  )

/**
 * Put a box below a word, or above it where there is no room.
 *
 * @param {HTMLElement} box
 * @param {DOMRect} word
 */
function place(box, word) {
  const left = Math.min(word.left, innerWidth - box.offsetWidth - GAP)
  const below = word.bottom + GAP
  const fits = below + box.offsetHeight <= innerHeight
  box.style.left = `${Math.max(GAP, left)}px`
  box.style.top = `${fits ? below : Math.max(GAP, word.top - GAP - box.offsetHeight)}px`
}

/** Explain words under the pointer, a tap and the focus. @param {HTMLElement} root @param {AbortSignal} signal */
function explain(root, signal) {
  const box = /** @type {HTMLElement} */ (root.querySelector("[popover]"))
  let timer = 0
  const hide = () => box.matches(":popover-open") && box.hidePopover()
  const show = (/** @type {HTMLAnchorElement} */ word) => {
    clearTimeout(timer)
    const id = word.getAttribute("href")?.slice(ANCHOR.length)
    const template = /** @type {HTMLTemplateElement | null} */ (
      root.querySelector(`template[data-term="${CSS.escape(id ?? "")}"]`)
    )
    if (!template) return
    box.replaceChildren(template.content.cloneNode(true))
    hide()
    box.showPopover()
    place(box, word.getBoundingClientRect())
  }
  const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ act) =>
    document.addEventListener(name, act, { signal, capture: true })
  const showIt = (/** @type {Event} */ event) => {
    const word = wordOf(event)
    if (word) show(word)
    return word
  }
  const leave = (/** @type {Event} */ event) => {
    if (!wordOf(event) && !event.composedPath().includes(box)) return
    clearTimeout(timer)
    timer = setTimeout(hide, GRACE)
  }
  on("pointerover", event => {
    if (event.composedPath().includes(box)) clearTimeout(timer)
    else showIt(event)
  })
  on("pointerout", leave)
  on("focusin", event => event.composedPath()[0].matches?.(":focus-visible") && showIt(event))
  on("focusout", leave)
  on("click", event => {
    // The word is no place to go to: a tap explains it, and a tap elsewhere closes that.
    if (showIt(event)) event.preventDefault()
    else if (!event.composedPath().includes(box)) hide()
  })
  on("keydown", event => event.key === "Escape" && hide())
  on("scroll", hide)
}

/** Enter a group of segments at the chosen one. @param {FocusEvent} event */
function enterAtChosen(event) {
  const target = /** @type {HTMLElement} */ (event.target)
  const group = target.closest?.("[role=radiogroup]")
  if (!group || group.contains(/** @type {Node | null} */ (event.relatedTarget))) return
  if (!target.matches(":focus-visible") || target.getAttribute("aria-checked") !== "false") return
  const chosen = /** @type {HTMLElement | null} */ (group.querySelector('[role=radio][aria-checked="true"]'))
  // Later, because Streamlit's group moves the focus too, back to where it came in.
  setTimeout(() => document.activeElement === target && chosen?.focus())
}

export default function ({ parentElement }) {
  const root = parentElement.querySelector("section")
  const stop = new AbortController()
  explain(root, stop.signal)
  document.addEventListener("focusin", enterAtChosen, { signal: stop.signal })
  return () => stop.abort()
}
