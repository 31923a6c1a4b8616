"""What must hold of a page for everybody: the rules of axe, and a narrow screen."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

NARROW = {"width": 400, "height": 800}
# Streamlit scrolls a box of its own, so the document alone would never overflow.
BOXES = ("html", "[data-testid='stMain']", "[data-testid='stMainBlockContainer']")
FITS = """
box => { const each = document.querySelector(box); return each.scrollWidth <= each.clientWidth }
"""
# What a rerun has not drawn again yet is faint for a moment.
FRESH = "() => !document.querySelector('[data-stale=true]')"


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody from reading the page, a sentence each."""
    page.wait_for_function(FRESH)
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]}: {node['failureSummary']}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def expect_nothing_serious(page: Page) -> None:
    """Axe finds nothing that keeps anybody from reading the page."""
    found = serious(page)
    assert not found, "\n".join(found)


def expect_to_fit_a_telephone(page: Page) -> None:
    """Nothing on the page has to be scrolled sideways once the window is narrow.

    The page that is open already is made narrow: opening it again takes most of a test's time.
    """
    page.set_viewport_size(NARROW)
    for box in BOXES:
        element = page.locator(box)
        expect(element).to_have_js_property("clientWidth", NARROW["width"])
        page.wait_for_function(FITS, arg=box)
