"""Real feature maps in a browser: by mouse, by keyboard, and with an image of one's own."""

import io
import re

import numpy as np
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


def open_page(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/global_average_pooling")
    expect(page.get_by_role("radiogroup", name="Five most probable classes")).to_be_visible()
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


def test_a_click_on_a_channel_shows_its_numbers(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    strongest, _, third = (int(index) for index in FIRST.ranking[:3])
    expect_channel(page, strongest)
    channel(page, third).check()
    expect_channel(page, third)
    cells = page.get_by_role("table", name=f"Channel {third}").get_by_role("cell")
    expect(cells).to_have_text([f"{value:.2f}" for value in FIRST.maps[:, :, third].ravel()])
    expect(channel(page, strongest)).not_to_be_checked()


def test_every_channel_is_reached_by_keyboard(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    strongest, second, third = (int(index) for index in FIRST.ranking[:3])
    channel(page, strongest).focus()
    page.keyboard.press("ArrowRight")
    expect_channel(page, second)
    expect(channel(page, second)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect_channel(page, third)
    field = page.get_by_role("spinbutton", name="Channel", exact=True)
    field.fill("7")
    field.press("Enter")
    expect_channel(page, 7)
    slider = page.get_by_role("slider", name="Channel along the vector")
    slider.focus()
    page.keyboard.press("End")
    expect_channel(page, feature_maps.NUM_CHANNELS - 1)
    page.get_by_role("checkbox", name="strongest first").check()
    slider.focus()
    page.keyboard.press("Home")
    expect_channel(page, strongest)
    page.get_by_role("button", name="Weaker").press("Enter")
    expect_channel(page, second)


def test_a_channel_out_of_range_is_not_taken(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    field = page.get_by_role("spinbutton", name="Channel", exact=True)
    field.fill("1280")
    field.press("Enter")
    expect_channel(page, int(FIRST.ranking[0]))


def test_another_input_size_gives_another_map_and_as_long_a_vector(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url)
    strongest = int(FIRST.ranking[0])
    channel(page, strongest).check()
    for size, cells in (("96 × 96", 9), ("160 × 224", 35)):
        choice = radio(page, "Input size", re.compile(f"^{size} pixels"))
        choice.check()
        table = page.get_by_role("table", name=re.compile("^Channel"))
        expect(table.get_by_role("cell")).to_have_count(cells)
        expect(choice).to_be_checked()
        expect(choice.locator("xpath=..")).to_contain_text("GAP 1,280")
        expect(page.locator(".equation").first).to_contain_text(f"mean of {cells}")
        expect_sums(page)


def test_two_classes_and_their_difference(page: Page, app_url: str) -> None:
    open_page(page, app_url)
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


def test_a_channel_of_the_sum_can_be_looked_at(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    button = page.locator(".terms-part").get_by_role("button").nth(1)
    index = int(button.inner_text().removeprefix("channel "))
    button.press("Enter")
    expect_channel(page, index)


def test_an_own_image_goes_through_a_worker_and_anything_else_gets_a_sentence(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url)
    choose_file(page, turned_photograph())
    own = radio(page, "Image", "Your image")
    expect(own).to_be_checked(timeout=ANSWER_LIMIT_MS)
    expect(page.get_by_text("It is stored nowhere")).to_be_visible()
    expect_sums(page)
    # Red above and blue below only where the camera's quarter turn was undone.
    above, below = page.evaluate(CORNERS)
    assert above[0] > 200 > 60 > above[2]
    assert below[2] > 200 > 60 > below[0]
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
