"""What is going on ends in the middle: a sentence, a next step, and nothing runs for ever."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import lab
from tests.browser import server as servers
from tests.browser.lab import MANY
from tests.browser.server import Server


def test_a_killed_engine_is_told_and_the_run_can_be_started_again(page: Page, app: Server) -> None:
    lab.open_lab(page, app.url)
    lab.set_up(page, **MANY, Seed="21")
    run = lab.start(page)
    lab.expect_epochs(page)

    engine = app.engine
    assert engine
    engine.kill()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Interrupted. The training engine ended in the middle")
    expect(alert).to_contain_text("Start it again")
    expect(lab.progress(page)).to_have_count(0)

    lab.start_button(page).click()
    expect(alert).to_have_count(0)
    lab.expect_epochs(page)
    assert lab.run_id(page) == run
    assert app.engine
    assert app.engine.pid != engine.pid
    lab.cancel_button(page).click()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()


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
