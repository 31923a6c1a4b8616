"""Every page as it opens: its idea on the first screen, 1280 x 720, in few words, for everybody.

One journey opens every page once. The table says what a page has to show on its first screen. What
axe says of a page as it opens, with everything open, and in the dark, is asked for .ci/run.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from lib.core import runs
from lib.ui import glossary, shell
from tests.browser import lab, readable
from tests.speeds import thorough_beyond

SCREEN = {"width": 1280, "height": 720}
# axe judges the contrast of what is in view only.
TALL = {"width": 1280, "height": 4000}
# In pixels: where a page begins at the latest, and the smallest letters on it.
TOP, SMALLEST = 80, 14
MAX_WORDS = 150
# How far below the screen an edge may end, for frames and shadows.
MARGIN = 2

Find = Callable[[Page], Locator]


@dataclass(frozen=True)
class FirstScreen:
    """What has to be seen of a page without scrolling.

    Args:
        key: The element that the page is about.
        result: What it shows or changes.
        link: Parameters of the link, so that what other tests left behind is not on screen.
        also: What else has to be there, such as the buttons that lead on.
        held: False for a page that does not yet fit; the checks of its size are left out.
    """

    key: Find
    result: Find
    link: str = ""
    also: tuple[Find, ...] = ()
    held: bool = True


def slider(name: str) -> Find:
    return lambda page: page.get_by_role("slider", name=name)


def css(selector: str) -> Find:
    return lambda page: page.locator(selector).first


def button(name: str) -> Find:
    return lambda page: page.get_by_role("button", name=re.compile(name))


RUN = runs.run_id(runs.make_config(strategy="feature_extraction", seed=runs.RECORDED_SEED))
PAGES = {
    "home": FirstScreen(slider("What is trained"), css(".answer.after")),
    "lessons": FirstScreen(
        css(".st-key-course"), lambda page: page.get_by_role("link", name="Begin").first
    ),
    "data": FirstScreen(css("[class*=st-key-card_] img"), css("[class*=st-key-use_] button")),
    "features": FirstScreen(css(".feature-depths .depth-knob"), css(".patches .nine")),
    "model_summary": FirstScreen(
        slider("First thawed layer"), css(".meters"), also=(css(".strip"),)
    ),
    "trainable": FirstScreen(
        lambda page: page.get_by_role("switch", name="layer.trainable"),
        css(".glass .lists"),
    ),
    "global_average_pooling": FirstScreen(css(".board"), css(".vectors")),
    "strategy": FirstScreen(
        css(".plane svg"),
        css(".advice"),
        also=(css(".advice .strip"), button("Run this|this run"), button("Compare strategies")),
    ),
    "training_lab": FirstScreen(
        lambda page: page.get_by_test_id("stPlotlyChart").first,
        lambda page: page.get_by_role("heading", level=3).first,
    ),
    "learning_curves": FirstScreen(
        lambda page: page.get_by_test_id("stPlotlyChart").first,
        lambda page: page.get_by_role("heading", level=3).first,
    ),
    "broken": FirstScreen(
        lambda page: page.get_by_test_id("stPlotlyChart").first,
        css(".st-key-broken_evidence_settings button"),
        "?round=1",
    ),
    "predict": FirstScreen(
        css(".board .overlay"),
        lambda page: page.locator(".said").nth(1),
        f"?run={RUN}&image=drawn_cat",
    ),
    "zero_shot": FirstScreen(css("section.description"), css(".ranking")),
    "vote": FirstScreen(css(".st-key-vote_code input"), css(".st-key-vote_enter button")),
}

# What a reader sees, also inside components: the words within the first screen, all words, the
# smallest letters with the words in them, and the terms of the glossary that are offered.
READ = """
([height, anchor]) => {
  const found = { words: [], all: [], size: 99, small: "", offered: [] }
  const seen = { opacityProperty: true, visibilityProperty: true }
  const shown = element => element.checkVisibility(seen)
  // In a box with a scroll bar of its own, such as a long table.
  const isScrolledAway = (element, box) => {
    for (let each = element; each; each = each.parentElement ?? each.getRootNode().host) {
      if (each.scrollHeight <= each.clientHeight) continue
      if (getComputedStyle(each).overflowY === "visible") continue
      const frame = each.getBoundingClientRect()
      if (box.bottom <= frame.top || box.top >= frame.bottom) return true
    }
    return false
  }
  const read = node => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.textContent.trim()
      const parent = node.parentElement ?? node.getRootNode().host
      if (!text || !parent || !shown(parent)) return
      if (parent.closest("style, script, template, option, [aria-hidden=true]")) return
      const range = document.createRange()
      range.selectNodeContents(node)
      const box = range.getBoundingClientRect()
      if (box.width < 2 || box.height < 2) return
      // What is only for screen readers is clipped to a point, and its text reaches beyond that.
      if (getComputedStyle(parent).overflow === "hidden" && parent.clientWidth < 2) return
      if (!parent.closest("code, pre, input, textarea")) found.all.push(text)
      if (box.top >= height || box.bottom <= 0 || isScrolledAway(parent, box)) return
      found.words.push(text)
      const size = parseFloat(getComputedStyle(parent).fontSize)
      if (size < found.size) Object.assign(found, { size, small: text })
      return
    }
    const href = node.getAttribute?.("href") ?? ""
    if (href.startsWith(anchor)) found.offered.push(href.slice(anchor.length))
    for (const child of (node.shadowRoot ?? node).childNodes) read(child)
  }
  read(document.querySelector("[data-testid=stMain]"))
  const top = document.querySelector("[data-testid=stMain] h1").getBoundingClientRect().top
  return { ...found, words: found.words.join(" "), all: found.all.join("\\n"), top }
}
"""


def opened(page: Page, url: str, name: str) -> dict[str, Any]:
    """Open a page of the table and return what a reader sees of it."""
    spec, wanted = shell.PAGES[name], PAGES[name]
    path = "" if name == "home" else spec.path.removeprefix("pages/").removesuffix(".py")
    page.goto(f"{url}/{path}{wanted.link}")
    expect(page.get_by_role("heading", name=spec.title, level=1)).to_be_visible()
    lab.settle(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    if wanted.held:
        for find in (wanted.key, wanted.result, *wanted.also):
            expect(find(page)).to_be_visible()
    seen: dict[str, Any] = page.evaluate(READ, [SCREEN["height"], glossary.ANCHOR])
    return seen


def too_much(page: Page, name: str, seen: dict[str, Any]) -> list[str]:
    """What keeps a page from being on one screen, a sentence each."""
    found = []
    shown = [("key element", PAGES[name].key), ("result", PAGES[name].result)]
    shown += [("rest", find) for find in PAGES[name].also]
    for what, find in shown:
        box = find(page).bounding_box()
        assert box, f"{name}: the {what} has no place on the page"
        bottom = box["y"] + box["height"]
        if bottom > SCREEN["height"] + MARGIN:
            found.append(f"{name}: the {what} ends {bottom:.0f} px below the top")
    words = [word for word in seen["words"].split() if any(map(str.isalpha, word))]
    if len(words) >= MAX_WORDS:
        found.append(f"{name}: {len(words)} words on the first screen")
    if seen["size"] < SMALLEST:
        found.append(f"{name}: letters of {seen['size']} px in {seen['small']!r}")
    return found


def test_every_page_shows_its_idea_on_one_screen_and_explains_its_words(
    page: Page, app_url: str
) -> None:
    problems: list[str] = []
    for name, wanted in PAGES.items():
        page.set_viewport_size(SCREEN)
        seen = opened(page, app_url, name)
        if seen["top"] > TOP:
            problems.append(f"{name}: begins {seen['top']:.0f} px below the top")
        if wanted.held:
            problems += too_much(page, name, seen)
        terms = glossary.unexplained(seen["all"], seen["offered"])
        problems += [f"{name}: uses {term!r} and does not explain it" for term in terms]
    assert not problems, "\n".join(problems)


@pytest.mark.thorough
def test_every_page_is_for_everybody_as_it_opens(page: Page, app_url: str) -> None:
    problems: list[str] = []
    for name in PAGES:
        page.set_viewport_size(SCREEN)
        opened(page, app_url, name)
        page.set_viewport_size(TALL)
        problems += [f"{name}: {found}" for found in readable.serious(page)]
        readable.expect_to_fit_a_telephone(page)
    assert not problems, "\n".join(problems)


def test_the_table_names_every_page() -> None:
    assert list(PAGES) == list(shell.PAGES)


@pytest.mark.parametrize("way", thorough_beyond(["keyboard"], ["hover", "tap", "keyboard"]))
def test_a_word_is_explained_where_it_stands(page: Page, app_url: str, way: str) -> None:
    page.goto(app_url)
    word = page.locator(f'a[href^="{glossary.ANCHOR}head"]').first
    box = page.locator("[popover]")
    expect(word).to_be_visible()
    expect(box).to_be_hidden()
    if way == "hover":
        word.hover()
    elif way == "tap":
        word.click()
    else:
        word.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
    expect(box).to_contain_text(glossary.TERMS["head"].text)
    place = box.bounding_box()
    assert place
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= SCREEN["width"]
    assert place["y"] + place["height"] <= SCREEN["height"]
    # The word is no link to another place.
    assert "#" not in page.url
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()


def test_the_keyboard_enters_a_group_at_the_chosen_segment_and_sees_where_it_is(
    page: Page, app_url: str
) -> None:
    page.goto(f"{app_url}/model_summary?backbone=efficientnet_lite0&thaw=95")
    group = page.get_by_test_id("stButtonGroup").filter(has_text="Top layers")
    chosen = group.get_by_role("radio", name="Top layers")
    expect(chosen).to_be_checked()
    expect(page.locator(".frame")).to_be_attached()
    # The keyboard has been used, and comes to the first segment, which is another one.
    page.keyboard.press("Tab")
    group.get_by_role("radio").first.focus()
    expect(chosen).to_be_focused()
    # In the navigation, the focus has a frame and the current page a ground.
    side = page.get_by_test_id("stSidebar")
    home, here = (side.get_by_role("link", name=name) for name in ("Home", "Model summary"))
    home.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(home).to_be_focused()
    expect(home).to_have_css("outline-style", "solid")
    expect(here).not_to_have_css("outline-style", "solid")
    # The page itself is a stop, because it scrolls, and one sees that it is.
    main = page.get_by_test_id("stMain")
    main.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(main).to_be_focused()
    expect(main).to_have_css("outline-style", "solid")


def test_letters_grow_for_a_projector(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/?present=1")
    expect(page.locator(".teach .count")).to_have_css("font-size", "22px")
    expect(page.get_by_text("Forty are enough")).to_have_css("font-size", "22px")
    expect(page.get_by_text("unknown link parameters")).to_have_count(0)
