"""Every page can be read by everybody: contrast, names for screen readers, a narrow screen."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import lab
from tests.speeds import schemes

# A scattered plan with a cut inside a block: all there can be to say.
MODEL_SUMMARY = "model_summary?backbone=mobilenet_v2&bn=thawed&thaw=100&hand=5"
PAGES = {"": "Thaw", MODEL_SUMMARY: "Model summary", "training_lab": "Training lab"}
LAYER_TABLE = {"fromShadowDom": ["[data-testid='stBidiComponentIsolated']", ".rows"]}
# axe judges the contrast of what is in view only.
TALL = {"width": 1280, "height": 4000}
NARROW = {"width": 400, "height": 800}


def _open(page: Page, address: str, title: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    lab.settle(page)
    # Parts of a page arrive late; what is announced as busy is not there yet.
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    if title == "Training lab":
        expect(lab.curves(page).get_by_text("fine-tuning starts")).to_be_visible()
    if title == "Model summary":
        expect(page.get_by_role("slider", name="First thawed layer")).to_be_visible()


@schemes
@pytest.mark.parametrize(("path", "title"), PAGES.items(), ids=PAGES.values())
def test_axe_finds_nothing_serious(
    new_context: Callable[..., BrowserContext], app_url: str, path: str, title: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size(TALL)
    _open(page, f"{app_url}/{path}", title)
    _expect_nothing_serious(page)


@pytest.mark.thorough
def test_axe_finds_nothing_serious_behind_more_settings_and_in_a_problem(
    page: Page, app_url: str
) -> None:
    lab.open_lab(page, app_url)
    lab.set_up(page, **{"Head learning rate": "-1"})
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="More settings").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_be_visible()
    _expect_nothing_serious(page)


@pytest.mark.parametrize(("path", "title"), PAGES.items(), ids=PAGES.values())
def test_a_narrow_screen_shows_everything(
    new_context: Callable[..., BrowserContext], app_url: str, path: str, title: str
) -> None:
    page = new_context().new_page()
    page.set_viewport_size(NARROW)
    _open(page, f"{app_url}/{path}", title)
    # Streamlit scrolls a box of its own, so the document alone would never overflow.
    for box in ("html", "[data-testid='stMain']", "[data-testid='stMainBlockContainer']"):
        wide, room = page.locator(box).evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= room <= NARROW["width"], f"{box} is {wide} px wide and has {room}"


def _expect_nothing_serious(page: Page) -> None:
    # axe gives up the contrast of the whole page where a scrolled box inside a component is on it
    # (dequelabs/axe-core, "getCellFromPoint"), so the layer table has every rule but that one.
    everywhere = Axe().run(page, options={"rules": {"color-contrast": {"enabled": False}}}).response
    elsewhere = (
        Axe()
        .run(page, context={"exclude": [LAYER_TABLE]}, options={"runOnly": ["color-contrast"]})
        .response
    )
    serious = [
        f"{rule['id']}: {rule['help']}: {node['html'][:160]}: {node['failureSummary']}"
        for rule in everywhere["violations"] + elsewhere["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert not serious, "\n".join(serious)
    gave_up = [
        rule["id"]
        for rule in everywhere["incomplete"] + elsewhere["incomplete"]
        for node in rule["nodes"]
        for check in node["none"]
        if check["id"] == "error-occurred"
    ]
    assert not gave_up, f"axe met an error of its own in {gave_up}"
