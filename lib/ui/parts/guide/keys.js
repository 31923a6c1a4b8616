// Which keys belong to a lesson, and which to the control that has the focus.

const TYPED = "input, textarea, select, [contenteditable=true], [role=textbox], [role=combobox], [role=spinbutton]"
const MOVED = "[role=slider], [role=radio], [role=tab], [role=option], [role=menuitem], [role=grid], [role=tree]"
const NOT_TYPED = "[type=button], [type=submit], [type=checkbox], [type=file]"

/**
 * What a key asks the lesson for: "next", "back", a letter or a digit; null if it belongs to a control.
 *
 * Presenters send Page Up and Page Down, so these belong to the lesson wherever the focus is.
 *
 * @param {{key: string, ctrlKey?: boolean, altKey?: boolean, metaKey?: boolean, shiftKey?: boolean}} event
 * @param {{matches: (selector: string) => boolean}[]} path The focused element and what it is in
 */
export function wishOf({ key, ctrlKey, altKey, metaKey, shiftKey }, path) {
  if (ctrlKey || altKey || metaKey || shiftKey) return null
  if (key === "PageDown") return "next"
  if (key === "PageUp") return "back"
  const [focused] = path
  if (path.some(each => each.matches(TYPED) && !each.matches(NOT_TYPED))) return null
  if (key === "ArrowRight" || key === "ArrowLeft") {
    if (focused && path.some(each => each.matches(MOVED))) return null
    return key === "ArrowRight" ? "next" : "back"
  }
  return /^[1-9a-z]$/.test(key) ? key : null
}
