"""Every page can be read by everybody: contrast, names for screen readers, a narrow screen."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import lab, readable
from tests.speeds import schemes

# A scattered plan with a cut inside a block: all there can be to say.
MODEL_SUMMARY = "model_summary?backbone=mobilenet_v2&bn=thawed&thaw=100&hand=5"
# Covered and open rows, a row that Keras 2 did otherwise, and a trap with its cure.
TRAINABLE = (
    "trainable?layer=model&step=BatchNormalization_on&cells=..................034b&answers=1"
)
PAGES = {
    "": "Thaw",
    MODEL_SUMMARY: "Model summary",
    TRAINABLE: "Trainable",
    "training_lab": "Training lab",
}
LAYER_TABLE = {"fromShadowDom": ["[data-testid='stBidiComponentIsolated']", ".rows"]}
# axe judges the contrast of what is in view only.
TALL = {"width": 1280, "height": 4000}


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
    if title == "Trainable":
        expect(page.get_by_role("switch", name="layer.trainable")).to_be_visible()
        expect(page.get_by_role("heading", name="The cure, recorded with Keras")).to_be_visible()
        expect(page.get_by_role("radio", name="Thaw from block_6_add")).to_be_attached()


@pytest.mark.thorough
@schemes
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious_and_a_narrow_screen_shows_everything(
    new_context: Callable[..., BrowserContext], app_url: str, path: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size(TALL)
    _open(page, f"{app_url}/{path}", PAGES[path])
    _expect_nothing_serious(page)
    readable.expect_to_fit_a_telephone(page)


@pytest.mark.thorough
def test_axe_finds_nothing_serious_behind_more_settings_and_in_a_problem(
    page: Page, app_url: str
) -> None:
    lab.open_lab(page, app_url)
    lab.set_up(page, **{"Head is trained": "Epoch by epoch", "Head learning rate": "-1"})
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="More settings").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_be_visible()
    _expect_nothing_serious(page)


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
