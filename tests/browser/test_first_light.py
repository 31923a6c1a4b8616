"""The main job: thaw something, train, see where fine-tuning starts, show it to somebody else."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import lab
from tests.browser.held import HeldConnection
from tests.browser.lab import FEW

# EfficientNet-Lite0 with one logit: nothing of the backbone trainable, and all but the statistics
# of BatchNormalization, which stay frozen (lib/core/data/layer_tables).
HEAD_ONLY = "1,281"


@pytest.mark.thorough
def test_home_teaches_a_network_at_first_contact_and_trains_for_real_behind_it(
    page: Page, app_url: str
) -> None:
    page.goto(app_url)
    after = page.locator(".answer.after")
    trained = page.locator(".count strong")
    cut = page.get_by_role("slider", name="What is trained")
    expect(page.get_by_text("jigsaw puzzle, 5.5 %")).to_be_visible()
    expect(after).not_to_contain_text("95.2 %")
    expect(after).to_contain_text("It is wrong: this is a cat.")
    # One count of the parameters is enough: the one of the strip.
    expect(page.locator(".teach").get_by_text(HEAD_ONLY)).to_have_count(1)
    expect(page.locator(".teach").get_by_text("not to scale")).to_be_visible()
    # The strip ends in the head; dragged to the left, it thaws block after block.
    expect(trained).to_have_text(HEAD_ONLY)
    place = page.locator(".cells").bounding_box()
    assert place
    page.mouse.move(place["x"] + place["width"] - 92, place["y"] + 20)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + 20)
    page.mouse.up()
    expect(trained).to_have_text(re.compile(r"^1,\d{3},\d{3}$"))
    cut.press("Home")
    expect(page.get_by_text("everything is trained")).to_be_visible()
    page.get_by_role("button", name="Teach it animal or food, from 160 drawings").click()
    # At once, before any run could have ended; and the count beside it.
    expect(after).to_contain_text("animal, 95.2 %")
    expect(after).not_to_contain_text("wrong")
    expect(trained).to_have_text(HEAD_ONLY)
    said = page.get_by_text("Your own run was trained here")
    expect(said).to_be_visible(timeout=lab.RUN_LIMIT_MS)
    expect(said).to_contain_text("Its network says animal")
    page.get_by_role("link", name="Watch it in the lab").click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    assert lab.run_id(page)


@pytest.mark.thorough
def test_a_card_of_home_is_a_link_as_a_whole(page: Page, app_url: str) -> None:
    page.goto(app_url)
    # The link lies over the sentence, so it is found by where the sentence stands.
    for sentence, title in (
        ("Lessons for a projector", "Lessons"),
        ("Forty are enough", "Data"),
    ):
        words = page.get_by_text(sentence)
        expect(words).to_be_visible()
        # What is above it has its height once it is drawn.
        expect(page.get_by_role("slider", name="What is trained")).to_be_visible()
        lab.settle(page)
        place = words.bounding_box()
        assert place
        page.mouse.click(place["x"] + 4, place["y"] + place["height"] - 4)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        if title != "Data":
            page.get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_role("tab", name="Your own images")).to_have_attribute(
        "aria-selected", "true"
    )


@pytest.mark.thorough
def test_thawing_changes_the_trainable_number_and_the_lab_follows(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/model_summary")
    knob = page.get_by_role("slider", name="First thawed layer")
    trainable = page.locator("code").filter(has_text=re.compile(r"^Trainable params: "))
    knob.press("End")
    expect(trainable).to_contain_text(f"Trainable params: {HEAD_ONLY}")
    knob.press("Home")
    expect(trainable).not_to_contain_text(f"Trainable params: {HEAD_ONLY}")
    expect(trainable).to_contain_text(re.compile(r"Trainable params: 3,\d{3},\d{3}$"))
    # The strip answers by itself; the strategy is what the server made of it.
    expect(page.get_by_role("radio", name="Everything")).to_be_checked()
    page.get_by_role("link", name="Train this").click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    expect(page.get_by_role("radio", name="Everything")).to_be_checked()


def test_a_run_is_followed_to_its_end_and_opens_for_somebody_else(
    page: Page, second_page: Page, app_url: str
) -> None:
    link = lab.open_few(page, app_url, "11")
    lab.start(page)
    expect(lab.progress(page)).to_be_visible()
    expect(lab.cancel_button(page)).to_be_visible()
    lab.expect_epochs(page)
    expect(lab.curves(page).get_by_text("fine-tuning starts")).to_be_visible()
    lab.expect_finished(page)
    expect(lab.curves(page).get_by_text("fine-tuning starts")).to_be_visible()
    expect(lab.cancel_button(page)).to_have_count(0)
    expect(page.get_by_text("designed by OpenMoji")).to_be_visible()
    headline = page.get_by_role("heading", level=3).inner_text()

    second_page.goto(page.url)
    expect(second_page.get_by_role("heading", name=headline)).to_be_visible()
    expect(lab.curves(second_page).get_by_text("fine-tuning starts")).to_be_visible()

    # It is on screen, so the next thing to do is another seed.
    expect(page.get_by_role("button", name="Run with the next seed")).to_be_enabled()
    # Asked for again by somebody who did not know of it, it is opened and not trained again.
    page.goto(link)
    page.get_by_role("button", name="Open stored run").click()
    expect(page.get_by_role("heading", name=headline)).to_be_visible()
    expect(lab.progress(page)).to_have_count(0)


# tests/pages/test_whose_runs.py presses this button as well, and the test above follows a run.
@pytest.mark.thorough
def test_a_rehearsed_run_is_trained_once_more_in_front_of_the_class_in_its_place(
    page: Page, app_url: str
) -> None:
    lab.open_few(page, app_url, "14")
    # Long enough to be seen while it goes on, also by a busy browser, although everything is
    # prepared for the second time.
    lab.set_up(page, **{"Fine-tuning epochs": "100"})
    run = lab.start(page)
    lab.expect_finished(page)
    headline = page.get_by_role("heading", level=3).inner_text()
    page.get_by_role("button", name="Run again live").click()
    expect(lab.progress(page)).to_be_visible()
    expect(lab.cancel_button(page)).to_be_visible()
    lab.expect_finished(page)
    assert lab.run_id(page) == run
    expect(page.get_by_role("heading", name=headline)).to_be_visible()


@pytest.mark.thorough
def test_an_unknown_run_is_one_sentence_and_the_way_on(page: Page, app_url: str) -> None:
    for unknown in ("0123456789abcdef", "../../etc/passwd", "42"):
        lab.open_lab(page, app_url, unknown)
        expect(page.get_by_text("a run that this copy of Thaw does not have")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(1)
        expect(lab.main_button(page)).to_be_enabled()


@pytest.mark.thorough
def test_a_setting_that_cannot_be_used_is_a_sentence_and_start_waits(
    page: Page, app_url: str
) -> None:
    lab.open_lab(page, app_url)
    lab.set_up(page, **{"Head is trained": "Epoch by epoch"})
    for label, bad, sentence, good in (
        ("Head learning rate", "-1", "A learning rate is a positive number", "0.001"),
        ("Training images", "5000", "5,000 training images were asked for", "160"),
    ):
        lab.set_up(page, **{label: bad})
        expect(page.get_by_role("alert")).to_contain_text(sentence)
        expect(lab.start_button(page)).to_be_disabled()
        # What stood on the page is not lost.
        expect(lab.curves(page)).to_be_visible()
        lab.set_up(page, **{label: good})
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(lab.main_button(page)).to_be_enabled()


@pytest.mark.thorough
def test_weights_that_cannot_be_downloaded_are_told(page: Page, app_url: str) -> None:
    lab.open_lab(page, app_url)
    lab.choose(page, "Backbone", "VGG16")
    lab.set_up(page, **FEW, Seed="13")
    lab.start(page)
    # The engine may have to start first, and the backbone may be given up before anybody can look.
    loading = lab.progress(page).get_by_text("Loading")
    alert = page.get_by_role("alert")
    expect(loading.or_(alert)).to_be_visible(timeout=lab.RUN_LIMIT_MS)
    expect(alert).to_contain_text("weights of VGG16", timeout=lab.RUN_LIMIT_MS)
    expect(alert).to_contain_text("choose EfficientNet-Lite0")
    expect(alert).to_contain_text(".h5")
    expect(lab.progress(page)).to_have_count(0)
    # Nothing is lost: the settings are as they were, and the offer can be taken at once.
    lab.choose(page, "Backbone", "EfficientNet-Lite0")
    lab.set_up(page, **FEW)
    expect(lab.start_button(page)).to_be_enabled()


@pytest.mark.thorough
def test_a_setting_that_is_filled_in_before_the_server_has_answered_the_one_before_stays(
    page: Page, app_url: str
) -> None:
    connection = HeldConnection(page)
    lab.open_lab(page, app_url)
    page.get_by_role("button", name="More settings").click()
    images, epochs, seed = (
        page.get_by_role("spinbutton", name=name)
        for name in ("Training images", "Fine-tuning epochs", "Seed")
    )
    expect(epochs).to_have_value("20")
    connection.hold()
    images.fill("20")
    images.press("Enter")
    connection.wait_for_answer()
    # With so few images another number of epochs is usual, which has not arrived.
    expect(epochs).to_have_value("20")
    epochs.fill("2")
    epochs.press("Enter")
    connection.wait_for_answer()
    connection.release()
    lab.settle(page)
    seed.fill("7")
    seed.press("Enter")
    expect(page).to_have_url(re.compile("seed=7"))
    expect(page).to_have_url(re.compile("fine_tune_epochs=2(&|$)"))
    expect(epochs).to_have_value("2")
