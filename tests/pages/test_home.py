"""Home: the first lesson, the run behind its button, and where the page leads."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core.lab.progress import Progress
from lib.jobs.client import Client
from lib.ui import shell, state
from lib.ui.home import lesson
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
# EfficientNet-Lite0 with one logit: 1,280 weights and a bias, and everything but the statistics of
# BatchNormalization and its frozen scales (lib/core/data/layer_tables).
HEAD_ONLY, TOTAL = 1281, 3_414_305


@pytest.fixture
def home() -> AppTest:
    return AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()


def payload(home: AppTest) -> dict[str, Any]:
    """What the browser gets of the first lesson."""
    sent = [json.loads(part.proto.json) for part in home.get("bidi_component") if part.proto.json]
    (found,) = [data for data in sent if data and "cuts" in data]
    return found


def test_a_network_that_knows_no_drawings_calls_the_cat_a_jigsaw_puzzle(home: AppTest) -> None:
    assert not home.exception
    said = payload(home)
    assert said["before"]["said"] == "jigsaw puzzle, 5.5 %"
    assert said["invitation"].startswith("It is wrong: this is a cat.")
    assert said["after"]["said"] == "animal, 95.2 %"
    assert said["taught"] is False
    assert said["button"] == "Teach it animal or food, from 160 drawings"


def test_the_strip_ends_in_the_head_and_counts_what_each_cut_trains(home: AppTest) -> None:
    said = payload(home)
    counts = [cut["trainable"] for cut in said["cuts"]]
    assert len(said["cuts"]) == len(said["cells"]) + 1
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == HEAD_ONLY
    assert sum(said["cells"]) + HEAD_ONLY == TOTAL
    assert said["cuts"][0]["words"] == "everything is trained"
    assert said["cuts"][-1]["words"] == "only the head is trained"


def test_the_run_behind_the_button_tells_where_it_is_and_then_its_own_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        going_on = Progress("loading_model", num_epochs=10)
        patched.setattr(Client, "progress", lambda self, run_id: going_on)
        app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
        app.session_state[state.TAUGHT] = True
        app.session_state[state.TAUGHT_RUN] = lesson.recorded().id
        app.run()
    assert payload(app)["taught"] is True
    assert any("under way here: loading the backbone" in each.value for each in app.markdown)
    app.run()
    assert any("Its network says **animal, 95.2 %**" in each.value for each in app.markdown)


def test_home_leads_to_every_page(home: AppTest) -> None:
    labels = {link.value.strip("*") for link in home.page_link}
    for name, spec in shell.PAGES.items():
        # A vote is led to by its code.
        assert (("Home" if name == "home" else spec.title) in labels) == (name != "vote")
        assert (APP.parent / spec.path).is_file()
    assert labels >= {"Show it to a class", "Learn it step by step", "I have photographs"}


def test_the_pictures_come_with_their_makers_and_licence(home: AppTest) -> None:
    assert home.get("image")
    words = " ".join(caption.value for caption in home.caption)
    assert "designed by OpenMoji" in words
    assert "CC BY-SA 4.0" in words


@pytest.mark.parametrize("name", [name for name in shell.PAGES if name != "home"])
def test_each_page_opens_from_home(home: AppTest, name: str) -> None:
    spec = shell.PAGES[name]
    home.switch_page(spec.path).run()
    assert not home.exception
    assert [title.value for title in home.title] == [spec.title]
