"""Zero-shot: complete without a worker, what a link opens, and what it asks a worker."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lib.core.errors import DataError
from lib.core.zero_shot import animals, few_shot
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import state
from lib.ui.parts.feature_maps.payload import data_uri
from lib.ui.zero_shot import photograph
from lib.ui.zero_shot.photograph import Photograph
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
ZERO_SHOT = "pages/zero_shot.py"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Everything that a worker is asked; it answers what `answers` has ready."""
    found: list[tuple[str, dict[str, Any]]] = []

    def ask(self: Client, task: str, owner: str = "", **arguments: Any) -> Question:
        found.append((task, arguments))
        answer = ANSWERS.get(task)
        if isinstance(answer, DataError):
            return Question(task, owner, state="failed", error=answer)
        if answer is None:
            return Question(task, owner, state="working")
        return Question(task, owner, state="done", answer=answer)

    monkeypatch.setattr(Client, "ask", ask)
    ANSWERS.clear()
    return found


ANSWERS: dict[str, Any] = {}
FEW_SHOT_TASK = "lib.training.answers.zero_shot:few_shot"


def open_page(**link: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        app.query_params[name] = value
    app.switch_page(ZERO_SHOT).run()
    assert not app.exception
    return app


def board(app: AppTest) -> dict[str, Any]:
    """What the description's component was given to draw."""
    found = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next(data for data in found if "asked" in data)


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_the_page_is_complete_without_a_worker_and_asks_none(
    asked: list[tuple[str, dict[str, Any]]],
) -> None:
    app = open_page()
    assert board(app)["asked"]["leftOut"] == "zebra"
    assert [each.value for each in app.subheader] == [
        "How often is a description enough?",
        "What is zero-shot worth in labelled images?",
        "What is done today: any sentence is a class",
        "Three strategies side by side",
    ]
    assert len(app.get("plotly_chart")) == 4
    assert "14 of 76, 18% (11 to 29%)" in texts(app)
    assert "0 of 76, 0% (0 to 5%)" in texts(app)
    assert "**Cats and dogs**: 85.0% (80 to 89%)" in texts(app)
    assert "CC BY-SA 4.0" in "\n".join(each.value for each in app.caption)
    assert not app.warning
    assert asked == []


def test_a_link_restores_the_description_and_the_constant() -> None:
    app = open_page(out="lion", has="mane.paws", against="trained", off="5.75")
    assert board(app)["asked"] == {
        "leftOut": "lion",
        "ticks": ["paws", "mane"],
        "trained": True,
        "constant": 5.75,
    }
    assert "**5.75** logits taken off, 97% of the left-out animals" in texts(app)
    assert not app.warning
    # A link that was opened stays the address of what is on screen.
    assert app.query_params[state.LINK_LEFT_OUT] == "lion"


def test_what_a_link_cannot_mean_is_said_and_the_zebra_is_shown() -> None:
    app = open_page(out="unicorn", off="1e9")
    (warning,) = app.warning
    assert "There is no animal `unicorn` here." in warning.value
    assert "`1e9` is no constant" in warning.value
    assert board(app)["asked"]["leftOut"] == "zebra"


def test_a_readers_photograph_is_ranked_after_the_shipped_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logits = np.zeros(len(animals.ANIMALS))
    own = Photograph(data_uri(b"picture", "png"), logits, "espresso", 0.9, 0.01)
    monkeypatch.setattr(photograph, "own", lambda: own)
    sent = board(open_page())
    assert sent["own"]["picture"] == own.picture
    assert "It is probably no animal" in sent["own"]["said"]
    assert len(sent["ranking"]["places"]) == len(animals.ANIMALS) + 1


def test_a_few_images_of_the_chosen_dataset_are_drawn_by_a_worker(
    asked: list[tuple[str, dict[str, Any]]],
) -> None:
    counts = {shots: [30 + shots] * few_shot.NUM_DRAWS for shots in few_shot.SHOTS}
    ANSWERS[FEW_SHOT_TASK] = {"num_images": 40, "num_classes": 2, "counts": counts}
    app = open_page()
    app.button(key=state.FEW_SHOT_DRAW).click().run()
    ((task, arguments),) = asked
    assert (task, arguments["dataset"]) == (FEW_SHOT_TASK, "openmoji_animals_food")
    assert "With 2 labelled images, one of each class" in texts(app)
    assert "**77.5%** of 40 validation images right on average" in texts(app)
    assert "with 20 it gets **100.0%**" in texts(app)
    # The answer stays while the reader does something else.
    assert len(app.run().get("plotly_chart")) == 5
    assert len(asked) == 1


def test_a_dataset_that_cannot_be_drawn_from_is_one_sentence() -> None:
    ANSWERS[FEW_SHOT_TASK] = DataError("A class has no training image.", "Add images of it.")
    app = open_page()
    app.button(key=state.FEW_SHOT_DRAW).click().run()
    (warning,) = app.warning
    assert "A class has no training image." in warning.value
    assert not app.exception
