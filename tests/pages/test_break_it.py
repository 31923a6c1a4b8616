"""Break it on purpose in the training lab: nothing is broken until a reader says so."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import runs
from lib.core.broken.faults import FAULTS
from lib.core.runs import TrainConfig
from lib.jobs.client import Client
from lib.ui import state
from tests.speeds import PATIENCE_S

APP = Path(__file__).parents[2] / "app.py"


def open_lab(**link: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        app.query_params[name] = value
    app.switch_page("pages/training_lab.py").run()
    assert not app.exception
    return app


def opened(app: AppTest) -> AppTest:
    app.session_state[state.BREAK] = True
    return app.run()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """What was asked of the engine, which is not there."""
    found: list[TrainConfig] = []

    def submit_all(self: Client, configs: Sequence[TrainConfig], owner: str = "") -> list[str]:
        found.extend(configs)
        return [runs.run_id(config) for config in configs]

    monkeypatch.setattr(Client, "submit_all", submit_all)
    return found


def test_it_is_closed_at_first_and_no_link_can_set_a_fault() -> None:
    app = open_lab(fault="labels_shuffled")
    assert not [box for box in app.selectbox if box.key == state.BREAK_FAULT]
    assert any("unknown link parameters: `fault`" in each.value for each in app.caption)


def test_a_fault_is_chosen_and_both_runs_start_with_this_one_difference(
    asked: list[TrainConfig],
) -> None:
    app = opened(open_lab())
    faults = app.selectbox(key=state.BREAK_FAULT)
    assert faults.value is None
    assert not [button for button in app.button if button.key == state.BREAK_START]
    faults.set_value("labels_shuffled").run()
    assert not asked
    assert FAULTS["labels_shuffled"].does in [each.value for each in app.markdown]
    app.button(key=state.BREAK_START).click().run()
    assert not app.exception
    broken, mended = asked
    assert (broken.fault, mended.fault) == ("labels_shuffled", "")
    assert replace(broken, fault="") == mended


def test_a_fault_that_these_settings_cannot_have_is_named_with_what_it_needs() -> None:
    app = opened(open_lab(strategy="from_scratch"))
    offered = app.selectbox(key=state.BREAK_FAULT).options
    assert FAULTS["slow_statistics"].name in offered
    assert FAULTS["never_compiled"].name not in offered
    words = "\n".join(each.value for each in app.markdown)
    assert f"- {FAULTS['never_compiled'].name}. Choose a strategy that thaws layers." in words
