"""What is going on ends in the middle: a sentence, a next step, and nothing runs for ever."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import lab
from tests.browser import server as servers
from tests.browser.lab import MANY
from tests.browser.server import Server


# That an engine which is killed ends its run and is replaced, tests/unit/jobs/test_engine.py shows;
# what a reader then sees and may do, tests/pages/test_whose_runs.py.
@pytest.mark.thorough
def test_a_run_goes_on_for_two_readers_ends_with_its_engine_and_is_started_again_and_cancelled(
    page: Page, second_page: Page, app: Server
) -> None:
    lab.open_lab(page, app.url)
    lab.set_up(page, **MANY, Seed="21")
    run = lab.start(page)
    lab.expect_epochs(page)
    page.reload()
    lab.expect_epochs(page)
    assert lab.run_id(page) == run
    lab.open_lab(second_page, app.url, run)
    lab.expect_epochs(second_page)

    engine = app.engine
    assert engine
    engine.kill()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Interrupted. The training engine ended in the middle")
    expect(alert).to_contain_text("Start it again")
    for reader in (page, second_page):
        expect(lab.progress(reader)).to_have_count(0)

    lab.start_button(page).click()
    expect(alert).to_have_count(0)
    lab.expect_epochs(page)
    assert lab.run_id(page) == run
    assert app.engine
    assert app.engine.pid != engine.pid
    lab.open_lab(second_page, app.url, run)
    lab.expect_epochs(second_page)
    lab.cancel_button(page).click()
    for reader in (page, second_page):
        expect(reader.get_by_role("heading", name="Cancelled")).to_be_visible()
        expect(lab.progress(reader)).to_have_count(0)
    # What was done is still to be seen, and nothing is called a failure.
    expect(lab.curves(page)).to_be_visible()
    expect(page.get_by_text("Failed")).to_have_count(0)


@pytest.mark.thorough
def test_a_run_whose_server_was_closed_is_found_interrupted(page: Page, tmp_path: Path) -> None:
    with servers.running_app(tmp_path) as app:
        lab.open_lab(page, app.url)
        lab.set_up(page, **MANY, Seed="22")
        run = lab.start(page)
        lab.expect_epochs(page)

    with servers.running_app(tmp_path) as app:
        lab.open_lab(page, app.url, run)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Interrupted. Thaw was closed in the middle of this run.")
        expect(alert).to_contain_text("Start it again")
        expect(lab.progress(page)).to_have_count(0)
        expect(lab.cancel_button(page)).to_have_count(0)
        # The epochs it had are still there.
        expect(page.get_by_role("figure", name="Learning curves over")).to_be_visible()


@pytest.mark.thorough
def test_a_run_whose_web_process_was_killed_is_found_interrupted(
    page: Page, tmp_path: Path
) -> None:
    with servers.running_app(tmp_path) as app:
        lab.open_lab(page, app.url)
        lab.set_up(page, **MANY, Seed="23")
        run = lab.start(page)
        expect(lab.progress(page)).to_contain_text("Loading", timeout=lab.RUN_LIMIT_MS)
        others = app.process.children(recursive=True)
        app.process.kill()
        servers.until(
            lambda: not any(servers.is_alive(process) for process in others),
            "engine and workers end with the web process",
        )

    with servers.running_app(tmp_path) as app:
        lab.open_lab(page, app.url, run)
        expect(page.get_by_role("alert")).to_contain_text("Interrupted.")
        expect(lab.progress(page)).to_have_count(0)
