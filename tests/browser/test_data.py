"""Data, as a reader uses it: look at a dataset, an image through the pipeline, the splits."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib.core import datasets, splits
from lib.core.images import inspection, shuffle_leak
from tests.browser import lab, readable
from tests.speeds import schemes

# The first question of a session waits for the engine and the import of TensorFlow.
ANSWER_LIMIT_MS = 120_000
HEADINGS = {
    "Look": ("A few images of each class", "Class balance", "Image sizes", "Left out"),
    "Splits": ("Every image has one use", "What goes wrong with shuffle, take and skip"),
    "Pipeline": (
        "1 As stored",
        "2 Resized to 128 × 128",
        "3 Augmented, if the run asks for it",
        "4 Rescaled for EfficientNet-Lite0",
        "5 Batched",
    ),
}
SECTIONS = ("Datasets", "Your own images", *HEADINGS)
# axe judges the contrast of what is in view only.
TALL = {"width": 1280, "height": 3500}


def open_data(page: Page, url: str, show: str = "Splits", dataset: str = "elpv") -> None:
    page.goto(f"{url}/data?show={show}&data={dataset}")
    expect(page.get_by_role("heading", name="Data", level=1)).to_be_visible()
    expect(page.get_by_role("tab", name=show)).to_have_attribute("aria-selected", "true")
    lab.settle(page)
    for title in HEADINGS.get(show, ()):
        heading = page.get_by_role("heading", name=title, exact=True)
        expect(heading).to_be_visible(timeout=ANSWER_LIMIT_MS)
    lab.settle(page)


def key_of(page: Page, place: int) -> Locator:
    """What the dots of a picture mean, with how many there are of each."""
    return page.get_by_role("list", name="What the dots mean").nth(place)


@pytest.mark.thorough
def test_tabs_change_the_section_and_the_link_restores_it(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/data")
    expect(page.get_by_role("tab", name="Datasets")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Splits").click()
    expect(page.get_by_role("heading", name="Every image has one use")).to_be_visible()
    page.wait_for_url(re.compile("show=Splits"))
    lab.choose(page, "Dataset", "Solar cells")
    page.wait_for_url(re.compile("data=elpv"))
    page.get_by_role("spinbutton", name="Seed").fill("12")
    page.get_by_role("spinbutton", name="Seed").press("Enter")
    page.wait_for_url(re.compile("split_seed=12"))
    first, *_ = shuffle_leak.take_and_skip(2_223, 370, num_epochs=1, seed=12)
    seen = key_of(page, 1).locator("li", has_text="validates, though trained on").locator("b")
    expect(seen).to_have_text(f"{len(first.seen):,}")
    page.reload()
    expect(page.get_by_role("heading", name="Every image has one use")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("12")
    expect(
        page.get_by_role("img", name=re.compile("dot for each image: functional"))
    ).to_be_visible()
    expect(seen).to_have_text(f"{len(first.seen):,}")


@pytest.mark.thorough
def test_every_image_is_a_dot_and_dots_are_drawn(page: Page, app_url: str) -> None:
    open_data(page, app_url)
    expect(key_of(page, 0).locator("b")).to_have_count(4)
    counts = [int(text.replace(",", "")) for text in key_of(page, 0).locator("b").all_inner_texts()]
    assert sum(counts) == datasets.get("elpv").num_images
    assert counts[1:3] == [splits.evaluation_size(2_223)] * 2
    picture = page.get_by_role("img", name=re.compile("^A dot for each image: functional"))
    colours = picture.locator("canvas").first.evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            const found = new Set()
            for (let at = 0; at < data.length; at += 4)
                if (data[at + 3] === 255) found.add(`${data[at]},${data[at + 1]},${data[at + 2]}`)
            return [...found]
        }"""
    )
    # Training, validation and test, in the light appearance.
    assert {"122,135,148", "0,121,90", "116,71,158"} <= set(colours)


@pytest.mark.thorough
def test_the_leak_is_stepped_through_without_the_server(page: Page, app_url: str) -> None:
    open_data(page, app_url)
    epochs = shuffle_leak.take_and_skip(2_223, 370, num_epochs=10, seed=1)
    first, last = (f"{len(epochs[at].seen):,}" for at in (0, -1))
    seen = key_of(page, 1).locator("li", has_text="validates, though trained on").locator("b")
    expect(seen).to_have_text(first)
    slider = page.get_by_role("slider", name="Epoch")
    slider.focus()
    page.keyboard.press("End")
    expect(seen).to_have_text(last)
    expect(page.get_by_text("epoch 10 of 10")).to_be_visible()
    page.keyboard.press("Home")
    expect(seen).to_have_text(first)
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_text("epoch 10 of 10")).to_be_visible()
    expect(page.get_by_role("button", name="Replay")).to_be_visible()


def test_a_look_shows_images_of_each_class(page: Page, app_url: str) -> None:
    open_data(page, app_url, "Look")
    found = inspection.shipped("elpv", "elpv/1.0.0")
    assert found is not None
    for name in found.class_names:
        pictures = page.get_by_role("img", name=re.compile(f"^{name}, image"))
        expect(pictures).to_have_count(inspection.SAMPLES_A_CLASS)
        assert pictures.first.evaluate("image => image.naturalWidth") == 96
    page.get_by_text(re.compile(r"\d+ pairs are nearly alike")).click()
    expect(page.get_by_text("bits differ").first).to_be_visible()


def test_an_image_goes_through_the_pipeline_and_twice_through_a_step(
    page: Page, app_url: str
) -> None:
    open_data(page, app_url, "Pipeline", "openmoji_animals_food")
    expect(page.get_by_role("img", name=re.compile("^Draw "))).to_have_count(8)
    # The photograph is not square: the three ways to resize it differ.
    page.get_by_role("radio", name="Cat", exact=True).check(force=True)
    expect(page.get_by_text("420 × 280 pixels")).to_be_visible(timeout=ANSWER_LIMIT_MS)
    ways = [
        page.get_by_role("img", name=f"The image {way}").get_attribute("src")
        for way in ("stretched", "cropped", "padded")
    ]
    assert len(set(ways)) == 3
    page.get_by_text("Apply it twice, a common mistake").click()
    row = page.get_by_role("row", name=re.compile("Rescaled once"))
    expect(row).to_contain_text("Egyptian cat", timeout=ANSWER_LIMIT_MS)
    expect(page.get_by_role("row", name=re.compile("Rescaled twice"))).not_to_contain_text("cat")
    expect(page.get_by_text(re.compile(r"After twice: −0\.99\d+ to −0\.98"))).to_be_visible()


@pytest.mark.thorough
def test_a_dataset_that_is_not_here_is_one_sentence_and_a_way_on(page: Page, app_url: str) -> None:
    open_data(page, app_url, "Datasets", "tf_flowers")
    page.get_by_role("tab", name="Look").click()
    expect(page.get_by_text("The images of Flowers are not on this machine yet.")).to_be_visible()
    lab.choose(page, "Dataset", "OpenMoji drawings")
    expect(page.get_by_role("heading", name="Class balance")).to_be_visible()


@pytest.mark.thorough
@schemes
@pytest.mark.parametrize("show", SECTIONS)
def test_axe_finds_nothing_serious_and_a_narrow_screen_shows_everything(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str, show: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size(TALL)
    open_data(page, app_url, show)
    readable.expect_nothing_serious(page)
    readable.expect_to_fit_a_telephone(page)
