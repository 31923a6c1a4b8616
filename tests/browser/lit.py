"""Where on the screen a step of a lesson has what it looks at, and what can be read of it."""

import re
from typing import Any

from playwright.sync_api import Page

from lib.core.lessons.schema import Step
from lib.ui.lessons import parts

# Everything on the page, also inside of components, and the elements of a named part.
_ELEMENTS = """
const all = []
const walk = root => {
  for (const each of root.querySelectorAll("*")) {
    all.push(each)
    if (each.shadowRoot) walk(each.shadowRoot)
  }
}
walk(document)
const host = each => each.getRootNode().host
const part = ([outer, inside]) =>
  inside
    ? all.filter(each => each.matches(inside) && host(each)?.closest(outer))
    : [...document.querySelectorAll(outer)]
const within = (each, roots) => {
  for (let at = each; at; at = at.parentElement ?? host(at)) if (roots.includes(at)) return true
  return false
}
const words = each =>
  [...each.childNodes]
    .filter(node => node.nodeType === 3)
    .map(node => node.textContent)
    .join("")
    .trim()
const canBeRead = each =>
  each.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
  !["STYLE", "SCRIPT"].includes(each.tagName)
const bar = document.querySelector(".st-key-guide_box")
"""
IN_SIGHT = f"""
([look, controls, isCovered]) => {{
  {_ELEMENTS}
  const boxes = each =>
    part(each)
      .map(one => one.getBoundingClientRect())
      .filter(({{ height }}) => height)
  const lit = boxes(look)
  if (!bar || !lit.length) return false
  const from = bar.getBoundingClientRect().bottom
  const top = Math.min(...lit.map(each => each.top))
  const bottom = Math.max(...lit.map(each => each.bottom))
  const named = controls.flatMap(boxes)
  const first = Math.min(top, ...named.map(each => each.top))
  const room = innerHeight - from
  // A phone may have no room for all of it: then for what is named, and the beginning of the rest.
  const isTooHigh = bottom - first > room - 40 && top < innerHeight - 60
  const isWhole = bottom <= innerHeight + room / 10 || isTooHigh
  // What is covered is no use yet; what is named is.
  const isOfUse = isCovered && named.length && bottom - first > room
  return first >= from && (isWhole || (isOfUse && first < from + room / 2))
}}
"""
READ_OF = f"""
look => {{
  {_ELEMENTS}
  const roots = part(look)
  return all.filter(each => words(each) && canBeRead(each) && within(each, roots)).map(words)
}}
"""
READ_ALL = f"""
() => {{
  {_ELEMENTS}
  return all.filter(each => words(each) && canBeRead(each) && !within(each, [bar])).map(words)
}}
"""
UNREADABLE = f"""
smallest => {{
  {_ELEMENTS}
  // What is only for a screen reader takes no room; a figure's own text is scaled by its drawing.
  const isOnScreen = each => {{
    const {{ width, height, top, bottom }} = each.getBoundingClientRect()
    return width > 2 && height > 2 && bottom > 0 && top < innerHeight
  }}
  const size = each => {{
    const own = parseFloat(getComputedStyle(each).fontSize)
    if (!each.ownerSVGElement) return own * (each.currentCSSZoom ?? 1)
    const {{ a, b }} = each.getScreenCTM()
    return own * Math.hypot(a, b)
  }}
  const isCut = each =>
    each.scrollWidth > each.clientWidth + 1 &&
    each.clientWidth > 0 &&
    getComputedStyle(each).overflowX !== "visible"
  return all
    .filter(each => words(each) && canBeRead(each) && isOnScreen(each))
    .filter(each => size(each) < smallest - 0.05 || isCut(each))
    .map(each => [size(each).toFixed(1), isCut(each) ? "cut" : "", words(each)].join(" "))
}}
"""
SMALLEST_PX = 14


def selectors(step: Step) -> tuple[list[str], list[list[str]]]:
    """The selectors of what a step looks at, and of the controls that it names."""
    known = parts.of(step.page)
    look, *controls = [list(parts.split(known[each])) for each in (step.look, *step.controls)]
    return look, controls


def wait_until_in_sight(page: Page, step: Step) -> None:
    """Wait until what a step looks at and names stands below the bar, as far as the screen goes.

    A question covers what its step looks at.
    """
    page.wait_for_function(IN_SIGHT, arg=[*selectors(step), bool(step.question)])


def texts(page: Page, step: Step) -> list[str]:
    """What can be read of the part that a step looks at."""
    found: list[Any] = page.evaluate(READ_OF, selectors(step)[0])
    return [str(each) for each in found]


def told(page: Page) -> str:
    """All that can be read of the page outside of the bar, in small letters without punctuation."""
    found: list[Any] = page.evaluate(READ_ALL)
    return plain(" ".join(map(str, found)))


def plain(text: str) -> str:
    """Small letters, figures and single spaces."""
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", text.lower()).split())


def unreadable(page: Page) -> list[str]:
    """Texts on the screen that are smaller than a lecture allows, or cut off at their side."""
    found: list[Any] = page.evaluate(UNREADABLE, SMALLEST_PX)
    return [str(each) for each in found]
