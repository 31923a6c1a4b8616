"""Predict, as a reader uses it: an image, an answer, where it looked, a run to take home."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib.core import runs
from lib.core.maps import feature_maps
from tests.browser import clipboard, lab, readable
from tests.speeds import schemes

# The first question of a session waits for the engine and the import of TensorFlow.
ANSWER_LIMIT_MS = 120_000
UPLOADS = Path(__file__).resolve().parents[1] / "data" / "uploads"
# axe judges the contrast of what is in view only.
TALL = {"width": 1280, "height": 4500}


def open_predict(page: Page, url: str, run: str = "", show: str = "") -> None:
    # By its link: other tests of this server have left runs of their own, which would come first.
    page.goto(f"{url}/predict?run={run or recorded_head_only()}&show={show}")
    expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible()
    lab.settle(page)
    expect(answers(page)).to_have_count(2)


def answers(page: Page) -> Locator:
    """What each of the networks says, in large letters."""
    return page.locator(".said")


def image(page: Page, name: str) -> Locator:
    return page.get_by_role("radiogroup", name="Choose an image").get_by_role(
        "radio", name=name, exact=True
    )


def recorded_head_only() -> str:
    return runs.run_id(runs.make_config(strategy="feature_extraction", seed=runs.RECORDED_SEED))


@pytest.mark.thorough
def test_another_image_has_another_answer_in_both_networks(page: Page, app_url: str) -> None:
    open_predict(page, app_url)
    image(page, "Cat").check(force=True)
    expect(answers(page).first).to_contain_text("Egyptian cat, 81.")
    said = answers(page).last.inner_text()
    image(page, "Drawn cat").check(force=True)
    expect(answers(page).first).not_to_contain_text("Egyptian cat")
    expect(answers(page).last).to_contain_text("animal")
    expect(page.get_by_text("designed by OpenMoji").first).to_be_visible()
    assert answers(page).last.inner_text() != said
    # The link names the image, and another reader sees the same two answers.
    page.wait_for_url(re.compile("image=drawn_cat"))
    both = answers(page).all_inner_texts()
    page.reload()
    expect(image(page, "Drawn cat")).to_be_checked()
    assert answers(page).all_inner_texts() == both


def test_a_class_is_chosen_by_keyboard_and_shows_where_it_was_looked_for(
    page: Page, app_url: str
) -> None:
    open_predict(page, app_url)
    image(page, "Cat").check(force=True)
    expect(answers(page).first).to_contain_text("Egyptian cat")
    bars = page.get_by_role("radiogroup", name=re.compile("Classes, .*EfficientNet-Lite0"))
    bars.get_by_role("radio", name=re.compile("Egyptian cat")).focus()
    page.keyboard.press("ArrowDown")
    second = bars.get_by_role("radio").nth(1)
    expect(second).to_be_checked()
    expect(second).to_be_focused()
    expect(page.get_by_text("Evidence for tiger cat")).to_be_visible()
    # The answer itself stays what it was.
    expect(answers(page).first).to_contain_text("Egyptian cat")
    expect(page.get_by_text("Evidence for Egyptian cat")).to_have_count(0)


@pytest.mark.thorough
def test_the_map_can_be_taken_off_the_image(page: Page, app_url: str) -> None:
    open_predict(page, app_url)
    canvas = page.locator(".overlay canvas").first
    expect(canvas).to_be_visible()
    page.get_by_role("checkbox", name="Show where it looked").first.uncheck()
    expect(canvas).to_be_hidden()


@pytest.mark.thorough
def test_the_script_of_the_run_is_downloaded_as_it_is_shown_and_copied_over_plain_http(
    page: Page, app_url: str
) -> None:
    clipboard.over_plain_http(page)
    run = recorded_head_only()
    open_predict(page, app_url, run, "take_home")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download train.py").click()
    text = Path(download.value.path()).read_text("utf-8")
    assert f"Run {run} of Thaw again" in text
    compile(text, "train.py", "exec")
    code = page.locator(".code").filter(has=page.get_by_role("region", name="train.py"))
    code.get_by_role("button", name="Copy").click()
    expect(code.get_by_role("button", name="Copied")).to_be_focused()
    assert clipboard.pasted(page) == text


@pytest.mark.thorough
def test_an_image_is_taken_by_its_content_and_another_file_is_named(
    page: Page, app_url: str
) -> None:
    open_predict(page, app_url)
    page.get_by_role("button", name="Your own image").click()
    chosen = page.locator("input[type=file]")
    # As Chrome on Windows saves a photograph.
    chosen.set_input_files(UPLOADS / "chrome_download.jfif")
    expect(image(page, "Your image")).to_be_checked(timeout=ANSWER_LIMIT_MS)
    expect(answers(page)).to_have_count(2, timeout=ANSWER_LIMIT_MS)
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
    chosen.set_input_files({"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": heic})
    said = page.get_by_text("a HEIC image, which Thaw does not read: save it as JPEG").first
    expect(said).to_be_visible(timeout=ANSWER_LIMIT_MS)


@pytest.mark.thorough
def test_the_readers_own_image_is_looked_at_by_both_networks(page: Page, app_url: str) -> None:
    open_predict(page, app_url, recorded_head_only())
    own = feature_maps.examples()["cat"].picture()
    page.get_by_role("button", name="Your own image").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "own.webp", "mimeType": "image/webp", "buffer": own}
    )
    expect(image(page, "Your image")).to_be_checked(timeout=ANSWER_LIMIT_MS)
    page.keyboard.press("Escape")
    # The same file as the shipped one, so the same answer, from a worker this time.
    expect(answers(page).first).to_contain_text("Egyptian cat, 81.", timeout=ANSWER_LIMIT_MS)
    expect(answers(page)).to_have_count(2, timeout=ANSWER_LIMIT_MS)
    from_worker = answers(page).all_inner_texts()
    image(page, "Cat").check(force=True)
    expect(page.get_by_text("no rights reserved").first).to_be_visible()
    assert answers(page).all_inner_texts() == from_worker


@pytest.mark.thorough
def test_a_file_that_is_no_image_is_one_sentence(page: Page, app_url: str) -> None:
    open_predict(page, app_url)
    page.get_by_role("button", name="Your own image").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "own.png", "mimeType": "image/png", "buffer": b"no image at all"}
    )
    problem = page.get_by_role("alert").filter(has_text="This image cannot be used")
    expect(problem.first).to_be_visible(timeout=ANSWER_LIMIT_MS)
    page.keyboard.press("Escape")
    # And the way back is open.
    image(page, "Espresso").check(force=True)
    expect(answers(page).first).to_contain_text("espresso")


@pytest.mark.thorough
def test_the_folder_and_the_model_are_prepared_and_downloaded(page: Page, app_url: str) -> None:
    run = recorded_head_only()
    open_predict(page, app_url, run, "take_home")
    page.get_by_role("button", name="Prepare").first.click()
    folder = page.get_by_role("button", name=f"Download thaw-{run}.zip")
    expect(folder).to_be_visible(timeout=ANSWER_LIMIT_MS)
    with page.expect_download() as download:
        folder.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = archive.namelist()
        assert f"thaw-{run}/train.py" in names
        assert any(name.endswith(".png") for name in names)
    page.get_by_role("button", name="Prepare").click()
    model = page.get_by_role("button", name=f"Download thaw-{run}.keras")
    expect(model).to_be_visible(timeout=ANSWER_LIMIT_MS)
    with page.expect_download() as download:
        model.click()
    content = Path(download.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:  # what a .keras file is
        assert "config.json" in archive.namelist()


@pytest.mark.thorough
@schemes
def test_axe_finds_nothing_serious_and_a_narrow_screen_shows_everything(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size(TALL)
    open_predict(page, app_url)
    readable.expect_nothing_serious(page)
    readable.expect_to_fit_a_telephone(page)
