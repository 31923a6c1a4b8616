"""Measured instead of guessed: shipped results at once, others when asked for, and in words."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import datasets
from lib.core.errors import DataError
from lib.core.images import download_status
from lib.core.images.download_status import Standing
from lib.core.strategy import similarity
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import state
from lib.ui.strategy import similarity as similarity_view
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
STRATEGY = "pages/strategy.py"
BEANS = "beans"


class Worker:
    """Takes down what it is asked, and answers what a test has laid ready."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = None

    def ask(self, task: str, owner: str = "", asked_by: str = "", **arguments: Any) -> Question:
        self.asked.append((task, arguments))
        if isinstance(self.answer, DataError):
            return Question(task, owner, state="failed", error=self.answer)
        if self.answer is None:
            return Question(task, owner, state="working")
        return Question(task, owner, state="done", answer=self.answer)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    worker = Worker()
    monkeypatch.setattr(Client, "ask", lambda self, *a, **k: worker.ask(*a, **k))
    # Nobody is asked what can be downloaded from where.
    monkeypatch.setattr("lib.jobs.downloads.Downloads.reachable", lambda self, hosts: frozenset())
    return worker


def open_page(dataset: str, said: float | None = None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    app.query_params[state.LINK_DATASET] = dataset
    if said is not None:
        app.query_params[state.LINK_SIMILAR] = str(said)
    return app.switch_page(STRATEGY).run()


def words(app: AppTest) -> str:
    return " ".join(str(each.value) for each in [*app.markdown, *app.caption, *app.subheader])


def measured(dataset: str, **changed: Any) -> dict[str, Any]:
    """What a worker answers, made of a measurement that ships."""
    fields = similarity.to_dict(similarity.references()["elpv"])
    return fields | {"dataset": dataset} | changed


def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_status, "standing", lambda spec: Standing("ready"))
    monkeypatch.setattr(
        "lib.jobs.downloads.Downloads.standing", lambda self, spec: Standing("ready")
    )


@pytest.mark.parametrize("dataset", ["openmoji_animals_food", "elpv", "cats_vs_dogs"])
def test_a_reference_dataset_is_measured_already(worker: Worker, dataset: str) -> None:
    app = open_page(dataset)
    assert not app.exception
    place = similarity.on_scale(similarity.references()[dataset])
    assert f"the similarity is **{place:.2f}**" in words(app)
    assert "They agree" in words(app)
    assert not [button for button in app.button if button.key == state.SIMILARITY_MEASURE]
    assert not [task for task, _ in worker.asked if "similarity" in task]


def test_an_answer_far_from_the_measurement_is_told_with_the_difference() -> None:
    app = open_page("elpv", said=0.9)
    place = similarity.on_scale(similarity.references()["elpv"])
    assert f"**They disagree**: it is {0.9 - place:.2f} more" in words(app)
    assert "on the other side of the border at 0.5" in words(app)
    assert "They agree" not in words(app)


def test_the_measured_value_becomes_the_answer_when_asked_for() -> None:
    app = open_page("elpv", said=0.9)
    app.button(key=state.SIMILARITY_TAKE).click().run()
    assert not app.exception
    assert "The answer above says 0.35. They agree." in words(app)
    assert app.query_params[state.LINK_SIMILAR] in ("0.35", ["0.35"])
    assert not [button for button in app.button if button.key == state.SIMILARITY_TAKE]


def test_every_number_of_the_table_is_the_measured_one() -> None:
    app = open_page("elpv")
    table = next(each.value for each in app.table if "LogME" in each.value.columns)
    scores = similarity.references()["elpv"]
    assert [float(value) for value in table["LogME"]] == pytest.approx(
        [depth.logme for depth in scores.depths], abs=5e-4
    )
    assert table["Linear probe"].tolist()[0].startswith("0.830 [")


def test_a_dataset_that_is_not_here_yet_says_what_to_do_and_asks_nothing(worker: Worker) -> None:
    app = open_page(BEANS)
    assert not app.exception
    assert "before the images are on this machine" in words(app)
    assert any(link.proto.label == "Download them" for link in app.get("page_link"))
    assert not [task for task, _ in worker.asked if "similarity" in task]


def test_another_dataset_is_measured_when_asked_for(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(monkeypatch)
    app = open_page(BEANS)
    assert not [task for task, _ in worker.asked if "similarity" in task]
    worker.answer = measured(BEANS)
    app.button(key=state.SIMILARITY_MEASURE).click().run()
    assert not app.exception
    assert [one for one in worker.asked if "similarity" in one[0]] == [
        (similarity_view.TASK, {"dataset": BEANS, "fingerprint": ""})
    ]
    assert "the similarity is **0.35**" in words(app)
    # The answer is kept: leaving and coming back asks nobody.
    app.switch_page("app.py").run()
    app.switch_page(STRATEGY).run()
    assert "the similarity is **0.35**" in words(app)
    assert len([one for one in worker.asked if "similarity" in one[0]]) == 1


def test_while_a_worker_measures_the_page_says_so(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(monkeypatch)
    app = open_page(BEANS)
    app.button(key=state.SIMILARITY_MEASURE).click().run()
    assert not app.exception
    shown = [each.proto.text for each in app.get("progress")]
    assert any("Computing features of up to 500 images" in text for text in shown)
    assert "the similarity is" not in words(app)


def test_an_error_is_a_sentence_a_next_step_and_a_button(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(monkeypatch)
    app = open_page(BEANS)
    worker.answer = DataError("The smallest class has 1 image.", "Use more images of it.")
    app.button(key=state.SIMILARITY_MEASURE).click().run()
    assert not app.exception
    assert any("Use more images of it." in each.value for each in app.warning)
    worker.answer = measured(BEANS)
    app.button(key=f"ask_again_{state.SIMILARITY}").click().run()
    assert "the similarity is" in words(app)


def test_a_worker_that_answers_nonsense_is_told_in_words(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(monkeypatch)
    app = open_page(BEANS)
    worker.answer = measured(BEANS, confidence=float("nan"))
    app.button(key=state.SIMILARITY_MEASURE).click().run()
    assert not app.exception
    assert any("Measure it again" in each.value for each in app.warning)


# --- In words -------------------------------------------------------------------------------------


def changed(early: int, late: int, only: int = 0) -> similarity.Scores:
    """Measured solar cells, but with so many of 500 right at the first depth and the last."""
    fields = measured("elpv")
    both = early - only
    first = {"probe_correct": early, "probe_only": only, "late_only": late - both}
    middle = {"probe_correct": 0, "probe_only": 0, "late_only": late}
    depths = [fields["depths"][0] | first, fields["depths"][1] | middle]
    last = fields["depths"][2] | {"probe_correct": late, "probe_only": 0, "late_only": 0}
    return similarity.parse(fields | {"depths": [*depths, last]})


def test_late_features_are_taken_where_no_earlier_depth_does_better() -> None:
    said = similarity_view.earlier_in_words(changed(early=400, late=400))
    assert "The late ones, of `top_relu`" in said
    assert "80.0%" in said


def test_an_earlier_layer_that_does_better_for_sure_is_recommended_with_the_numbers() -> None:
    said = similarity_view.earlier_in_words(changed(early=450, late=400, only=60))
    assert "Those of an earlier layer: 90.0% of the images right" in said
    assert "`block_5_expand_relu` and 80.0% with the late ones; difference 10.0 points" in said
    assert "chance" not in said


def test_an_earlier_layer_that_is_ahead_by_chance_is_not_recommended_for_sure() -> None:
    said = similarity_view.earlier_in_words(changed(early=402, late=400, only=10))
    assert "Early ones are better, but this may be chance" in said
    assert "difference 0.4 points" in said


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        (0.0, "They agree."),
        (0.099, "They agree."),
        (0.101, "They disagree"),
        (-0.101, "They disagree"),
    ],
)
def test_both_sides_of_what_counts_as_agreement(apart: float, expected: str) -> None:
    scores = similarity.references()["elpv"]
    said = similarity.on_scale(scores) + apart
    low, high = similarity.scale_interval(scores)
    words = similarity_view.in_words(scores, said)
    if expected == "They disagree" and low <= said <= high:
        expected = "They agree within the interval"
    assert expected in words


def test_few_images_cannot_contradict_an_answer_within_their_interval() -> None:
    scores = similarity.references()["openmoji_animals_food"]
    said = similarity.on_scale(scores) + 0.15
    assert "They agree within the interval" in similarity_view.in_words(scores, said)


def test_the_scale_shows_every_reference_once_and_the_answer_last() -> None:
    scores = similarity.references()["elpv"]
    rows = similarity_view.scale_places(datasets.get("elpv"), scores, 0.2)
    titles = [row.title for row in rows]
    assert titles == [
        "Cats and dogs",
        "OpenMoji drawings",
        "OpenMoji by theme",
        "Solar cells",
        "Handwritten digits",
        "Random pixels",
        "Your answer",
    ]
    measured = [row.title for row in rows if row.interval is not None]
    assert measured == ["Solar cells"]
