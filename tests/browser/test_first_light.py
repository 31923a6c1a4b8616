"""The main job: thaw something, train, see where fine-tuning starts, show it to somebody else."""

import re

from playwright.sync_api import Page, expect

from tests.browser import lab
from tests.browser.lab import FEW, MANY

# EfficientNet-Lite0 with one logit: nothing of the backbone trainable, and all but the statistics
# of BatchNormalization, which stay frozen (lib/core/data/layer_tables).
HEAD_ONLY = "1,281"


def test_home_is_readable_and_leads_to_both_lessons(page: Page, app_url: str) -> None:
    page.goto(app_url)
    expect(page.get_by_role("heading", name="Thaw", level=1)).to_be_visible()
    expect(page.get_by_text("already knows edges, fur and wheels")).to_be_visible()
    expect(page.get_by_text("designed by OpenMoji")).to_be_visible()
    main = page.get_by_test_id("stMain")
    for lesson in ("Model summary", "Training lab"):
        main.get_by_role("link", name=lesson).click()
        expect(page.get_by_role("heading", name=lesson, level=1)).to_be_visible()
        page.get_by_role("link", name="Home").click()
        expect(page.get_by_role("heading", name="Thaw", level=1)).to_be_visible()


def test_thawing_changes_the_trainable_number_and_the_lab_follows(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/model_summary")
    knob = page.get_by_role("slider", name="First thawed layer")
    trainable = page.locator("code").filter(has_text=re.compile(r"^Trainable params: "))
    knob.press("End")
    expect(trainable).to_contain_text(f"Trainable params: {HEAD_ONLY} ")
    knob.press("Home")
    expect(trainable).not_to_contain_text(f"Trainable params: {HEAD_ONLY} ")
    expect(trainable).to_contain_text(re.compile(r"Trainable params: 3,\d{3},\d{3} "))
    # The strip answers by itself; the strategy is what the server made of it.
    expect(page.get_by_role("radio", name="Everything")).to_be_checked()
    page.get_by_role("link", name="Train this").click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    expect(page.get_by_role("radio", name="Everything")).to_be_checked()


def test_a_run_is_followed_to_its_end_and_opens_for_somebody_else(
    page: Page, second_page: Page, app_url: str
) -> None:
    lab.open_lab(page, app_url)
    lab.set_up(page, **FEW, Seed="11")
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
    lab.open_lab(page, app_url)
    lab.set_up(page, **FEW, Seed="11")
    page.get_by_role("button", name="Open stored run").click()
    expect(page.get_by_role("heading", name=headline)).to_be_visible()
    expect(lab.progress(page)).to_have_count(0)


def test_a_run_goes_on_through_a_reload_for_two_readers_and_is_cancelled(
    page: Page, second_page: Page, app_url: str
) -> None:
    lab.open_lab(page, app_url)
    lab.set_up(page, **MANY, Seed="12")
    run = lab.start(page)
    lab.expect_epochs(page)
    page.reload()
    lab.expect_epochs(page)
    assert lab.run_id(page) == run
    lab.open_lab(second_page, app_url, run)
    lab.expect_epochs(second_page)

    lab.cancel_button(page).click()
    for reader in (page, second_page):
        expect(reader.get_by_role("heading", name="Cancelled")).to_be_visible()
        expect(lab.progress(reader)).to_have_count(0)
    # What was done is still to be seen, and it can be started again.
    expect(lab.curves(page)).to_be_visible()
    expect(page.get_by_text("Failed")).to_have_count(0)


def test_an_unknown_run_is_one_sentence_and_the_way_on(page: Page, app_url: str) -> None:
    for unknown in ("0123456789abcdef", "../../etc/passwd", "42"):
        lab.open_lab(page, app_url, unknown)
        expect(page.get_by_text("a run that this copy of Thaw does not have")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(1)
        expect(lab.main_button(page)).to_be_enabled()


def test_a_setting_that_cannot_be_used_is_a_sentence_and_start_waits(
    page: Page, app_url: str
) -> None:
    lab.open_lab(page, app_url)
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
