"""Real feature maps in a browser: by mouse, by keyboard, and with an image of one's own."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from lib.core.maps import feature_maps
from lib.ui.maps import class_names
from tests.browser import lab

EXAMPLES = list(feature_maps.examples())
FIRST = feature_maps.load(EXAMPLES[0], (224, 224))
# The engine starts, and a worker imports TensorFlow and builds the network.
ANSWER_LIMIT_MS = 120_000
EXIF_ORIENTATION, QUARTER_TURN = 0x0112, 6


def open_page(page: Page, app_url: str, see: str = "averages") -> None:
    page.goto(f"{app_url}/global_average_pooling?see={see}")
    expect(page.get_by_role("radiogroup", name="Image", exact=True)).to_be_visible()
    lab.settle(page)


def look_at(page: Page, words: str) -> None:
    page.get_by_role("radio", name=words, exact=True).check()
    lab.settle(page)


def radio(page: Page, group: str, name: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("radiogroup", name=group).get_by_role("radio", name=name)


def channel(page: Page, index: int) -> Locator:
    return radio(page, "Strongest channels", re.compile(f"^Channel {index}, "))


def expect_channel(page: Page, index: int, maps: feature_maps.FeatureMaps = FIRST) -> None:
    """The average on screen is the one of this channel, and its field says which it is."""
    average = page.locator(".equals strong")
    expect(average).to_have_text(f"{maps.averages[index]:.4f}")
    expect(page.get_by_role("spinbutton", name="Channel", exact=True)).to_have_value(str(index))


def expect_sums(page: Page) -> None:
    """Every sum on the screen adds up to the last digit."""
    for figure in page.locator(".equation").all():
        texts = figure.locator(".part strong").all_inner_texts()
        units = [int(text.replace("−", "-").replace(".", "")) for text in texts]
        assert units[0] + units[1] == units[2], texts


@pytest.fixture
def kept(kept_page: Page, app_url: str) -> Page:
    """The page with its first image at 224 pixels and the strongest channel, as it opens."""
    if "/global_average_pooling" not in kept_page.url:
        open_page(kept_page, app_url)
    look_at(kept_page, "Other input sizes")
    radio(kept_page, "Input size", re.compile("^224 × 224 pixels")).check()
    lab.settle(kept_page)
    look_at(kept_page, "All averages")
    kept_page.get_by_role("checkbox", name="strongest first").uncheck()
    channel(kept_page, int(FIRST.ranking[0])).check()
    expect_channel(kept_page, int(FIRST.ranking[0]))
    return kept_page


def test_a_click_on_a_channel_shows_its_numbers(kept: Page) -> None:
    strongest, _, third = (int(index) for index in FIRST.ranking[:3])
    expect_channel(kept, strongest)
    channel(kept, third).check()
    expect_channel(kept, third)
    cells = kept.get_by_role("table", name=f"Channel {third}").get_by_role("cell")
    expect(cells).to_have_text([f"{value:.2f}" for value in FIRST.maps[:, :, third].ravel()])
    expect(channel(kept, strongest)).not_to_be_checked()


def test_every_channel_is_reached_by_keyboard(kept: Page) -> None:
    strongest, second, third = (int(index) for index in FIRST.ranking[:3])
    channel(kept, strongest).focus()
    kept.keyboard.press("ArrowRight")
    expect_channel(kept, second)
    expect(channel(kept, second)).to_be_focused()
    kept.keyboard.press("ArrowRight")
    expect_channel(kept, third)
    field = kept.get_by_role("spinbutton", name="Channel", exact=True)
    field.fill("7")
    field.press("Enter")
    expect_channel(kept, 7)
    slider = kept.get_by_role("slider", name="Channel along the vector")
    slider.focus()
    kept.keyboard.press("End")
    expect_channel(kept, feature_maps.NUM_CHANNELS - 1)
    kept.get_by_role("checkbox", name="strongest first").check()
    slider.focus()
    kept.keyboard.press("Home")
    expect_channel(kept, strongest)
    kept.get_by_role("button", name="Weaker").press("Enter")
    expect_channel(kept, second)


def test_a_channel_out_of_range_is_not_taken(kept: Page) -> None:
    field = kept.get_by_role("spinbutton", name="Channel", exact=True)
    field.fill("1280")
    field.press("Enter")
    expect_channel(kept, int(FIRST.ranking[0]))


@pytest.mark.thorough
def test_another_input_size_gives_another_map_and_as_long_a_vector(kept: Page) -> None:
    strongest = int(FIRST.ranking[0])
    channel(kept, strongest).check()
    look_at(kept, "Other input sizes")
    for size, cells in (("96 × 96", 9), ("160 × 224", 35)):
        choice = radio(kept, "Input size", re.compile(f"^{size} pixels"))
        choice.check()
        table = kept.get_by_role("table", name=re.compile("^Channel"))
        expect(table.get_by_role("cell")).to_have_count(cells)
        expect(choice).to_be_checked()
        expect(choice.locator("xpath=..")).to_contain_text("GAP 1,280")
        look_at(kept, "The decision")
        expect(kept.locator(".equation").first).to_contain_text(f"mean of {cells}")
        expect_sums(kept)
        look_at(kept, "Other input sizes")


@pytest.mark.thorough
def test_two_classes_and_their_difference(page: Page, app_url: str) -> None:
    open_page(page, app_url, "decision")
    names = class_names.names()
    first, second, third = (names[index] for index in FIRST.top(3))
    titles = page.locator(".equation figcaption")
    expect(titles).to_have_text([first, second, f"{first} against {second}"])
    expect_sums(page)
    radio(page, "Five most probable classes", re.compile(f"^{third}, ")).check()
    expect(titles).to_have_text([third, second, f"{third} against {second}"])
    # The list draws only what is in view, so it is searched as a reader would.
    other = page.get_by_role("combobox", name="Compared with")
    other.fill("cheeseb")
    other.press("Enter")
    expect(titles).to_have_text([third, "cheeseburger", f"{third} against cheeseburger"])
    expect_sums(page)


@pytest.mark.thorough
def test_a_channel_of_the_sum_can_be_looked_at(kept: Page) -> None:
    look_at(kept, "The decision")
    kept.get_by_text("Which channels decide?").click()
    button = kept.locator(".terms-part").get_by_role("button").nth(1)
    index = int(button.inner_text().removeprefix("channel "))
    button.press("Enter")
    expect(kept.get_by_role("radio", name="One channel", exact=True)).to_be_checked()
    look_at(kept, "All averages")
    expect_channel(kept, index)


@pytest.mark.thorough
def test_an_image_is_drawn_in_its_own_shape(kept: Page) -> None:
    spec = feature_maps.examples()[EXAMPLES[0]]
    for part in (".large .overlay", ".large .numbers", ".tiles .overlay"):
        box = kept.locator(part).first.bounding_box()
        assert box is not None
        assert box["width"] / box["height"] == pytest.approx(spec.width / spec.height, rel=0.03)


@pytest.mark.thorough
def test_an_own_image_goes_through_a_worker_and_anything_else_gets_a_sentence(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url)
    choose_file(page, turned_photograph())
    own = radio(page, "Image", "Your image")
    expect(own).to_be_checked(timeout=ANSWER_LIMIT_MS)
    expect(page.get_by_text("It is stored nowhere")).to_be_visible()
    # Red above and blue below only where the camera's quarter turn was undone.
    above, below = page.evaluate(CORNERS)
    assert above[0] > 200 > 60 > above[2]
    assert below[2] > 200 > 60 > below[0]
    look_at(page, "The decision")
    expect(page.locator(".equation")).to_have_count(3)
    expect_sums(page)
    broken = {"name": "broken.png", "mimeType": "image/png", "buffer": b"not an image"}
    choose_file(page, broken)
    expect(page.get_by_role("alert")).to_contain_text("This image cannot be used")
    expect(radio(page, "Image", feature_maps.examples()[EXAMPLES[0]].title)).to_be_checked()


def choose_file(page: Page, file: dict) -> None:
    """Choose a file; folding its place up again must not end the upload."""
    place = page.get_by_text("Your own image", exact=True)
    place.click()
    page.locator("input[type=file]").set_input_files(file)
    place.click()


# Colours of the reader's image as it came back from the worker, at its top and at its bottom.
CORNERS = """
async () => {
  const roots = [...document.querySelectorAll("*")].map(node => node.shadowRoot).filter(Boolean)
  const root = roots.find(each => each.querySelector(".stage-part"))
  const image = new Image()
  image.src = getComputedStyle(root.querySelector(".photo")).backgroundImage.slice(5, -2)
  await image.decode()
  const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 })
  const context = canvas.getContext("2d")
  context.drawImage(image, 0, 0, 8, 8)
  return [[4, 1], [4, 6]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data])
}
"""


def turned_photograph() -> dict:
    """A JPEG, red on the left and blue on the right, that says it was held upright."""
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[:, :80, 0] = pixels[:, 80:, 2] = 255
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = QUARTER_TURN
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", exif=exif, quality=95)
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
