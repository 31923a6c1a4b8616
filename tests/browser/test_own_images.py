"""A reader's own images: from a zip, files or the camera to a classifier, for this reader alone."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.browser import lab, own_pictures, readable
from tests.speeds import schemes

# What the issue calls five minutes, with the start of the engine in it.
# The first upload waits for the engine and the import of TensorFlow.
MAKING_LIMIT_MS = 120_000
ANSWER_LIMIT_MS = 120_000
# A file that is not shown by then was lost.
LOST_MS = 30_000
PER_CLASS = 15
QUICK = {"Image size, pixels": "96"}
TALL = {"width": 1280, "height": 3000}
NARROW = {"width": 400, "height": 800}
UPLOADS = Path(__file__).resolve().parents[1] / "data" / "uploads"
# The fewest pictures of each of two classes that leave some for validation and for the test.
FEWEST = 6


def open_own(page: Page, url: str) -> None:
    """Open the section on the page Data."""
    page.goto(f"{url}/data?show=Your+own+images")
    expect(page.get_by_role("heading", name="Your own images")).to_be_visible()
    lab.settle(page)


def upload_zip(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)


def datasets(page: Page) -> Locator:
    """The way from each dataset of the reader's own to the lab."""
    return page.get_by_role("link", name="Train on these")


def num_shots(page: Page, name: str) -> int:
    """How many pictures of a class there are."""
    found = page.get_by_text(re.compile(rf"^\s*{name}\s+\d+$"))
    return int(found.inner_text().split()[-1]) if found.count() else 0


def take_photos(page: Page, name: str, num: int) -> None:
    """Take pictures of a class, one after the other, as a reader does who looks at the number."""
    start = 0.1 * len(name)
    for number in range(3 * num):
        before = num_shots(page, name)
        if before >= num:
            return
        # What the camera shows is a clock that starts with it: another moment is another picture.
        # A step in which the classes do not meet, as their names are 3 and 5 letters long.
        page.wait_for_function(
            "moment => document.querySelector('video')?.currentTime > moment",
            arg=start + 0.3 * number,
        )
        page.get_by_role("button", name="Take photo").click()
        with suppress(PlaywrightTimeoutError):  # A camera that just starts takes none.
            page.get_by_text(re.compile(rf"^\s*{name}\s+{before + 1}$")).wait_for(timeout=5_000)
    raise AssertionError(f"{num_shots(page, name)} pictures of {name}")


def pick(page: Page, place: int, shape: str) -> None:
    """Pick the files of a class."""
    files: list[FilePayload] = [
        {
            "name": f"{number}.png",
            "mimeType": "image/png",
            "buffer": own_pictures.picture(shape, number),
        }
        for number in range(FEWEST)
    ]
    give(page, place, files, FEWEST)


def give(page: Page, place: int, files: Path | list[FilePayload], num: int) -> None:
    """Give files to a class until it has `num` pictures, as a reader does who looks at the number.

    Streamlit loses files that come while it draws the page anew, and it does so whenever one of
    those that were given before has arrived. Their names appear before the files have arrived.
    """
    arrived = page.get_by_text(re.compile(rf"^{num} pictures have arrived")).nth(place - 1)
    for _ in range(3):
        page.locator("input[type=file]").nth(place - 1).set_input_files(files)
        with suppress(PlaywrightTimeoutError):
            arrived.wait_for(timeout=LOST_MS)
            return
    raise AssertionError(f"no files of class {place}")


def make(page: Page, url: str, path: Path) -> None:
    """Bring a zip, and wait until it is a dataset."""
    open_own(page, url)
    upload_zip(page, path)
    expect(datasets(page)).to_have_count(1, timeout=MAKING_LIMIT_MS)


def train(page: Page) -> str:
    """From the section to a finished run; returns its id."""
    datasets(page).first.click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    lab.settle(page)
    page.get_by_role("radio", name="Head only").click()
    lab.settle(page)
    lab.set_up(page, **QUICK)
    run = lab.start(page)
    lab.expect_finished(page)
    return run


@pytest.mark.thorough
def test_a_zip_of_korean_windows_is_a_dataset_once_the_reader_has_seen_its_names(
    page: Page, app_url: str
) -> None:
    open_own(page, app_url)
    upload_zip(page, UPLOADS / "cp949_korean.zip")
    names = page.get_by_role("combobox", name="The names in this archive are written in")
    guess = "Korean (CP949): 강아지사진, 고양이사진"
    expect(names).to_have_value(guess, timeout=MAKING_LIMIT_MS)
    expect(datasets(page)).to_have_count(0)
    page.reload()  # The question waits.
    expect(names).to_have_value(guess, timeout=MAKING_LIMIT_MS)
    lab.settle(page)
    page.get_by_role("button", name="Make the dataset").click()
    expect(datasets(page)).to_have_count(1, timeout=MAKING_LIMIT_MS)
    expect(page.get_by_text("강아지사진").first).to_be_visible()
    expect(page.get_by_role("button", name="Make the dataset")).to_have_count(0)


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """An archive as a reader would make it: a folder around the classes, and things in between."""
    files = {f"shapes/{name}": data for name, data in own_pictures.pictures(PER_CLASS).items()}
    files["shapes/circle/<b>broken.jpg"] = b"no image"
    files["__MACOSX/shapes/._circle"] = b"of a file manager"
    return own_pictures.zipped(tmp_path / "my shapes.zip", files)


@pytest.mark.thorough
def test_a_zip_becomes_a_working_classifier(
    page: Page, app_url: str, shapes: Path, tmp_path: Path
) -> None:
    make(page, app_url, shapes)
    expect(page.get_by_text("30 images of 2 classes")).to_be_visible()
    page.get_by_text("1 file left out").click()
    # As text: what looks like markup in a name is only letters.
    expect(page.get_by_text("shapes/circle/<b>broken.jpg: not a JPEG")).to_be_visible()
    # The section says where the images are, for how long, and for whom.
    for words in ("They stay on the machine", "out of sight 7 days after", "No other reader"):
        expect(page.get_by_text(words)).to_be_visible()

    run = train(page)
    expect(page.get_by_text("on my shapes")).to_be_visible()

    page.goto(f"{app_url}/predict?run={run}")
    expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible()
    lab.settle(page)
    new = tmp_path / "new.png"
    new.write_bytes(own_pictures.picture("circle", 999))
    # For a run of the reader's own the place for a new image is open.
    page.locator("input[type=file]").set_input_files(new)
    # The run of one's own comes before the pretrained model.
    answer = page.locator(".said").nth(1)  # beside what ImageNet's network says
    expect(answer).to_contain_text(re.compile("circle|square"), timeout=ANSWER_LIMIT_MS)


@pytest.mark.thorough
def test_another_reader_sees_the_numbers_of_a_run_and_nobody_sees_images_that_were_deleted(
    page: Page, second_page: Page, app_url: str, shapes: Path
) -> None:
    make(page, app_url, shapes)
    run = train(page)
    address = f"{app_url}/learning_curves?run={run}"
    page.goto(address)
    expect(page.get_by_role("figure", name="Learning curves")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Test images, predicted as"))).to_be_visible()

    stranger = second_page
    # By the link: the curves and the numbers, without an image, and without a way to change it.
    stranger.goto(address)
    expect(stranger.get_by_role("figure", name="Learning curves")).to_be_visible()
    expect(
        stranger.get_by_text("belong to another reader, who has not shared them")
    ).to_be_visible()
    expect(stranger.get_by_role("img", name=re.compile("Test images"))).to_have_count(0)
    expect(stranger.get_by_text("my shapes")).to_have_count(0)
    stranger.get_by_role("button", name="Manage").click()
    expect(stranger.get_by_text("This run belongs to another reader")).to_be_visible()
    for name in ("Delete", "Export", "Save"):
        expect(stranger.get_by_role("button", name=name)).to_have_count(0)
    # Its model answers nobody else.
    stranger.goto(f"{app_url}/predict?run={run}")
    expect(stranger.get_by_text("trained on another reader's images")).to_be_visible()
    # Without the link it is in no list, nor is the dataset. A list closes when the page scrolls.
    stranger.set_viewport_size(TALL)
    for path in ("learning_curves", "predict"):
        stranger.goto(f"{app_url}/{path}")
        expect(stranger.get_by_text("The code behind these numbers")).to_be_visible()
        lab.settle(stranger)
        stranger.get_by_role("combobox", name="Run").first.click()
        expect(stranger.get_by_role("option").first).to_be_visible()
        expect(stranger.get_by_role("option", name=re.compile("shapes|own images"))).to_have_count(
            0
        )
    open_own(stranger, app_url)
    expect(datasets(stranger)).to_have_count(0)

    # Shared, the link shows the images too; it is still in no list of the other reader's.
    open_own(page, app_url)
    page.get_by_text("Share with everybody who has the link of a run").click()
    lab.settle(page)
    stranger.goto(address)
    expect(
        stranger.get_by_role("img", name=re.compile("Test images, predicted as"))
    ).to_be_visible()

    # Deleted, they are gone everywhere, and their run says so.
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Keep them").click()
    expect(datasets(page)).to_have_count(1)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete them").click()
    expect(datasets(page)).to_have_count(0)
    page.goto(f"{app_url}/learning_curves?run={run}")
    expect(page.get_by_text("The images were deleted.")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Test images"))).to_have_count(0)
    lab.open_lab(page, app_url, run)
    expect(page.get_by_text("Its images were deleted.")).to_be_visible()
    page.get_by_role("combobox", name="Dataset").click()
    expect(page.get_by_role("option", name="OpenMoji drawings")).to_be_visible()
    expect(page.get_by_role("option", name="my shapes")).to_have_count(0)


def test_a_reader_is_known_after_a_reload_and_in_another_tab(
    page: Page, context: BrowserContext, app_url: str, shapes: Path
) -> None:
    # A tab that was open before the reader had a key comes to the same one.
    earlier = context.new_page()
    earlier.goto(f"{app_url}/data")
    expect(earlier.get_by_role("heading", name="Data", level=1)).to_be_visible()
    lab.settle(earlier)
    make(page, app_url, shapes)
    page.reload()
    expect(datasets(page)).to_have_count(1)
    earlier.get_by_role("tab", name="Your own images").click()
    expect(datasets(earlier)).to_have_count(1)
    assert "thaw_reader" not in page.url
    cookie = next(each for each in context.cookies() if each["name"] == "thaw_reader")
    assert cookie["sameSite"] == "Strict"


@pytest.mark.thorough
def test_files_picked_class_by_class_become_a_dataset(page: Page, app_url: str) -> None:
    open_own(page, app_url)
    page.get_by_role("radio", name="Files, class by class").click()
    ready = page.get_by_role("button", name="Make a dataset of these")
    expect(ready).to_be_disabled()
    # A name that looks like markup, and one in another script.
    for place, (name, shape) in enumerate(
        zip(("**круг** <b>", "مربع"), own_pictures.SHAPES, strict=True), start=1
    ):
        field = page.get_by_role("textbox", name=f"Name of class {place}")
        field.fill(name)
        field.press("Tab")
        lab.settle(page)
        pick(page, place, shape)
        lab.settle(page)
    # As Chrome on Windows saves a photograph.
    photograph = UPLOADS / "chrome_download.jfif"
    give(page, 1, photograph, FEWEST + 1)
    lab.settle(page)
    expect(ready).to_be_enabled()
    ready.click()
    expect(datasets(page)).to_have_count(1, timeout=MAKING_LIMIT_MS)
    for name in ("**круг** <b>", "مربع"):
        expect(page.locator("code").get_by_text(name, exact=True)).to_be_visible()
    expect(page.get_by_text(f"{2 * FEWEST + 1} images of 2 classes")).to_be_visible()
    datasets(page).click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("**круг** <b>, مربع")


@pytest.mark.thorough
def test_pictures_of_the_camera_become_a_dataset(page: Page, app_url: str) -> None:
    open_own(page, app_url)
    page.get_by_role("radio", name="The camera").click()
    for name in ("cup", "plate"):
        field = page.get_by_role("textbox", name="What do you hold up?")
        field.fill(name)
        field.press("Enter")
        # Of those that show the same moment of the clock, one is kept.
        take_photos(page, name, FEWEST + 3)
    before = num_shots(page, "cup")
    page.get_by_role("button", name="Take the last one back").first.click()
    expect(page.get_by_text(re.compile(rf"^\s*cup\s+{before - 1}$"))).to_be_visible()
    page.get_by_role("button", name="Make a dataset of these").click()
    expect(datasets(page)).to_have_count(1, timeout=MAKING_LIMIT_MS)
    expect(page.get_by_text(re.compile(r"1\d images of 2 classes"))).to_be_visible()


@pytest.mark.thorough
def test_a_reload_in_the_middle_of_an_upload_loses_nothing(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    many = own_pictures.zipped(tmp_path / "many.zip", own_pictures.large_pictures(40))
    open_own(page, app_url)
    upload_zip(page, many)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(datasets(page)).to_have_count(1, timeout=MAKING_LIMIT_MS)
    expect(page.get_by_text("80 images of 2 classes")).to_be_visible()


@pytest.mark.thorough
def test_what_cannot_be_a_dataset_is_told_in_a_sentence_and_can_be_tried_again(
    page: Page, app_url: str, tmp_path: Path, shapes: Path
) -> None:
    open_own(page, app_url)
    upload_zip(page, own_pictures.zipped(tmp_path / "one.zip", own_pictures.pictures(9, ["cat"])))
    expect(page.get_by_text("it holds only 'cat'")).to_be_visible(timeout=MAKING_LIMIT_MS)
    evil = own_pictures.pictures(6) | {"../../evil.png": b"x"}
    upload_zip(page, own_pictures.zipped(tmp_path / "evil.zip", evil))
    expect(page.get_by_text("leads out of it")).to_be_visible(timeout=MAKING_LIMIT_MS)
    expect(datasets(page)).to_have_count(0)
    upload_zip(page, shapes)
    expect(datasets(page)).to_have_count(1, timeout=MAKING_LIMIT_MS)
    expect(page.get_by_text("leads out of it")).to_have_count(0)


@schemes
@pytest.mark.thorough
def test_axe_finds_nothing_serious_and_a_narrow_screen_shows_everything(
    new_context: Callable[..., BrowserContext], app_url: str, shapes: Path, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size(TALL)
    make(page, app_url, shapes)
    page.get_by_text("1 file left out").click()
    for way in ("A zip file", "Files, class by class", "The camera"):
        page.get_by_role("radio", name=way).click()
        page.mouse.move(0, 0)
        lab.settle(page)
        readable.expect_nothing_serious(page)
        readable.expect_to_fit_a_telephone(page)
        page.set_viewport_size(TALL)
