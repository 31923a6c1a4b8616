"""Nothing leaves the machine, and nothing that came from outside is more than text."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from lib.core import datasets
from lib.tools.attack import watched
from lib.ui.shell import PAGES
from tests import hostile
from tests.browser import server as servers
from tests.browser.conftest import PATIENCE_MS
from tests.browser.server import Server

# Every text, attribute and field in which a mark is, in the page and in its components.
MARKED = """
begin => {
  const found = []
  const look = root => {
    for (const each of root.querySelectorAll("*")) {
      if (each.shadowRoot) look(each.shadowRoot)
      if (each.matches("script, style, pre, pre *")) continue
      for (const { name, value } of each.attributes) {
        if (value.includes(begin)) found.push([name, value])
      }
      if (typeof each.value === "string" && each.value.includes(begin)) {
        found.push(["value", each.value])
      }
      const own = [...each.childNodes].filter(node => node.nodeType === Node.TEXT_NODE)
      if (own.some(node => node.data.includes(begin))) found.push(["text", each.textContent])
    }
  }
  look(document)
  return found
}
"""
MADE_OF_IT = "a[href*='h.example'], img[src*='h.example'], .katex, [data-testid=stException]"


@pytest.fixture(scope="module")
def visited(
    chromium: str,
    browser: Browser,
    browser_context_args: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Page, Server, dict[str, str]]]:
    """A page of the reader whose home is hostile, the server that is watched, and what it has."""
    folder = tmp_path_factory.mktemp("hostile")
    ids = hostile.furnish(folder / "home")
    with servers.running_app(folder, watched.WATCH) as server:
        context = browser.new_context(**browser_context_args)
        context.set_default_timeout(PATIENCE_MS)
        cookie = {"name": "thaw_reader", "value": hostile.READER, "url": server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        yield context.new_page(), server, ids
        context.close()


def _is_verbatim(kind: str, text: str) -> bool:
    """True where each mark in a text is whole, or shortened by "..." in the middle."""
    # Plotly's own attribute; and where a long name may break.
    plain = unescape(text) if kind.startswith("data-") else text
    plain = plain.replace("\u200b", "")
    for found in re.finditer(hostile.BEGIN + r"(\d+)", plain):
        rest = plain[found.start() :]
        number = int(found[1])
        whole = (hostile.mark(number), hostile.short_mark(number))
        first, dots, last = rest.partition(hostile.END)[0].partition("...")
        if not any(
            rest.startswith(each)
            or (dots and each.startswith(first) and each.endswith(last + hostile.END))
            for each in whole
        ):
            return False
    return True


def _look(page: Page, address: str, expected: set[int]) -> None:
    """Open a page, and see that it has these marks, all as they are."""
    page.goto(address)
    app = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(app).to_be_visible()
    page.wait_for_function(
        f"""([begin, numbers]) => {{
            document.querySelectorAll("details:not([open]) > summary").forEach(e => e.click())
            const found = JSON.stringify(({MARKED})(begin))
            return numbers.every(number => RegExp(`${{begin}}${{number}}\\\\D`).test(found))
        }}""",
        arg=[hostile.BEGIN, sorted(expected)],
        polling=200,
    )
    expect(app).to_be_visible()
    wrong = [found for found in page.evaluate(MARKED, hostile.BEGIN) if not _is_verbatim(*found)]
    assert not wrong, f"{address}: {wrong}"
    assert page.locator(MADE_OF_IT).count() == 0, address


def _links(ids: dict[str, str]) -> dict[str, set[int]]:
    """Each link with the marks that are on its page; the first of each kind of place first."""
    own, mark = ids["own"], quote(hostile.mark(99), safe="")
    every = ",".join(ids[name] for name in ("own", "nameless", "foreign", "imported"))
    return {
        f"learning_curves?runs={every}&small=true": {3, 12, 15},
        f"learning_curves?run={own}": {1, 2, 12, 13},
        f"training_lab?run={ids['foreign']}": set(),
        f"predict?run={ids['nameless']}": {1, 2, 3},
        f"data?show={quote('Your own images')}": {1, 2, 3, 4, 5},
        f"model_summary?{mark}=1&backbone={mark}&thaw={mark}": {99},
        f"strategy?data={ids['images']}": {3},
        f"data?data={ids['images']}&show=Look": {1, 2, 3},
        f"data?data={ids['images']}&show=Splits": {1, 2, 3},
        f"learning_curves?run={ids['foreign']}": {1, 2},
        f"training_lab?run={ids['nameless']}": {3},
        f"predict?run={own}": {1, 2, 12},
    }


def _requests_of(page: Page) -> list[str]:
    """Addresses that the browser asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def _outside(server: Server, asked: list[str]) -> list[str]:
    """Whom the browser or the server asked outside this machine.

    The catalogue looks whether the hosts of its datasets answer; nobody else may be asked.
    """
    ours = (server.url, "data:", f"blob:{server.url}")
    hosts = {spec.host for spec in datasets.DATASETS.values()}
    by_server = set(watched.asked(server.log.parent)) - hosts
    return [url for url in asked if not url.startswith(ours)] + sorted(by_server)


@pytest.mark.parametrize(
    "part", [slice(0, 2), pytest.param(slice(2, None), marks=pytest.mark.thorough)], ids=str
)
def test_what_comes_from_outside_is_shown_as_it_is(
    visited: tuple[Page, Server, dict[str, str]], part: slice
) -> None:
    page, server, ids = visited
    asked = _requests_of(page)
    for link, expected in list(_links(ids).items())[part]:
        _look(page, f"{server.url}/{link}", expected)
    assert not _outside(server, asked)


@pytest.mark.thorough
def test_no_page_asks_anybody_outside_this_machine(
    visited: tuple[Page, Server, dict[str, str]],
) -> None:
    page, server, _ = visited
    asked = _requests_of(page)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for name, spec in PAGES.items():
        page.goto(f"{server.url}/{'' if name == 'home' else name}")
        expect(page.get_by_role("heading", level=1, name=spec.title)).to_be_visible()
        app = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
        expect(app).to_be_visible()
        icon = page.locator("link[rel~=icon]")
        expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
    assert not [words for words in said if "Content Security Policy" in words]
    assert not _outside(server, asked)
