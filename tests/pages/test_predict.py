"""Predict: complete without a worker, what it asks one, and what it says when there is none."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lib.code import keras_run, torch_run
from lib.core import runs
from lib.core.errors import DataError
from lib.core.lab.folder import MODEL_FILE
from lib.core.lab.store import RunStore
from lib.core.maps import feature_maps
from lib.core.runs import Run
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import state
from lib.ui.maps import class_names
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
PREDICT = "pages/predict.py"


class Worker:
    """Takes down what it is asked, and answers what a test has laid ready."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    def ask(self, task: str, owner: str = "", **arguments: Any) -> Question:
        name = task.partition(":")[2]
        self.asked.append((name, arguments))
        answer = self.answers.get(name)
        if isinstance(answer, Exception):
            return Question(task, owner, state="failed", error=answer)  # type: ignore[arg-type]
        if answer is None:
            return Question(task, owner, state="working")
        return Question(task, owner, state="done", answer=answer)

    @property
    def tasks(self) -> list[str]:
        return [name for name, _ in self.asked]


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    worker = Worker()
    monkeypatch.setattr(Client, "ask", lambda self, *a, **k: worker.ask(*a, **k))
    return worker


def open_predict(run: str | None = None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    if run is not None:
        app.query_params[state.RUN] = run
    return app.switch_page(PREDICT).run()


def drawn(app: AppTest, kind: str) -> list[dict[str, Any]]:
    """What the component of the page was given to draw."""
    found = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return [data for data in found if data.get("kind") == kind]


def boards(app: AppTest) -> list[dict[str, Any]]:
    return drawn(app, "board")


def codes(app: AppTest) -> list[str]:
    return [data["text"] for data in drawn(app, "code")]


def words(app: AppTest) -> str:
    found = " ".join(str(each.value) for each in [*app.markdown, *app.caption, *app.subheader])
    return found.replace("\N{NO-BREAK SPACE}", " ")


def warnings(app: AppTest) -> list[str]:
    return [warning.value for warning in app.warning]


def recorded(strategy: str) -> Run:
    return next(run for run in RunStore() if run.recorded and run.config.strategy == strategy)


def stored(tmp_path: Path, **asked: Any) -> str:
    """A finished run of this store, with a model that is there and nothing more."""
    config = runs.make_config(**{"num_images": 20, "seed": 9} | asked)
    source = recorded(config.strategy)
    folder = tmp_path / "runs" / runs.run_id(config)
    shutil.copytree(source.folder, folder)
    (folder / "config.json").write_text(json.dumps(asdict(config)), "utf-8")
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / MODEL_FILE).write_bytes(b"")
    return folder.name


def said_of(image_size: int, *, before: bool = False, how: str = "cam") -> dict[str, Any]:
    """An answer as lib.training.inference.predict gives it."""
    maps = np.zeros((4, 4, 2), np.float32)
    maps[0, 0] = (-1, 1)
    model = {
        "probabilities": np.array([0.25, 0.75], np.float32),
        "logits": np.array([1.0986], np.float32),
        "bias": np.array([1.0361], np.float32),
        "map": maps,
        "how": how,
    }
    image = np.full((image_size, image_size, 3), 127, np.uint8)
    earlier = model | {"probabilities": np.array([0.6, 0.4], np.float32)}
    about = {"image": image, "size": (640, 480), "format": "JPEG"}
    return about | model | {"before": earlier if before else None}


def test_it_opens_complete_without_a_worker(worker: Worker) -> None:
    app = open_predict()
    assert not app.exception
    assert not warnings(app)
    assert not app.get("progress")
    assert not worker.asked
    pretrained, run = boards(app)
    # The first example of the drawings that the run learned from.
    first = "drawn_cat"
    top = feature_maps.load(first, (224, 224)).top()
    names = class_names.names()
    assert [line["name"] for line in pretrained["panels"][0]["classes"]] == [names[i] for i in top]
    assert [line["name"] for line in run["panels"][0]["classes"]] == ["animal", "food"]
    for step in ("1 Load", "2 Preprocess", "3 Predict", "4 Decode"):
        assert step in words(app)


def test_only_an_answer_whose_true_class_is_known_is_called_right_or_wrong(worker: Worker) -> None:
    app = open_predict()

    def truths(image: str) -> list[str]:
        app.query_params[state.LINK_IMAGE] = image
        app.run()
        assert not app.exception
        return [board["panels"][0]["truth"] for board in boards(app)]

    assert truths("burger") == ["ImageNet has no class “food”.", "Right: the true class is food."]
    # Nobody has noted which of the 1,000 classes a photograph belongs to.
    assert truths("cracked_cell") == ["ImageNet has no class “defective”.", ""]
    assert truths("cat") == ["", ""]


def test_the_code_of_the_run_is_there_at_once(worker: Worker) -> None:
    run = recorded("partial_fine_tuning")
    app = open_predict(run.id)
    assert codes(app) == [keras_run.script(run), torch_run.code(run)]
    assert "take_home" not in worker.tasks


@pytest.mark.thorough
def test_every_recorded_run_opens_by_its_link() -> None:
    finished = [run for run in RunStore() if run.status == "finished"]
    assert finished
    for run in finished:
        app = open_predict(run.id)
        assert not app.exception, run.id
        assert app.selectbox(key=state.PREDICT_RUN).value == run.id
        assert run.id in codes(app)[0]


@pytest.mark.parametrize("run", ["0123456789abcdef", "../../secret", "<b>run</b>", "0" * 500])
def test_an_unknown_run_is_one_sentence_and_another_is_shown(run: str) -> None:
    app = open_predict(run)
    assert not app.exception
    assert len(warnings(app)) == 1
    assert "a finished run that this copy of Thaw does not have" in warnings(app)[0]
    assert run not in warnings(app)[0]
    assert len(boards(app)) == 2


def test_a_recorded_run_without_its_last_model_answers_as_it_was_before(worker: Worker) -> None:
    run = recorded("partial_fine_tuning")
    worker.answers["predict"] = said_of(run.config.image_size)
    app = open_predict(run.id)
    assert not app.exception
    assert worker.asked[-1][1]["phase"] == "feature_extraction"
    assert "the fine-tuned model is not stored" in boards(app)[1]["panels"][0]["title"]
    assert app.button(key=state.PREPARE_MODEL).disabled


def test_a_run_without_any_model_says_so_and_keeps_its_code() -> None:
    run = recorded("from_scratch")
    app = open_predict(run.id)
    assert not app.exception
    assert ["is not stored here" in warning for warning in warnings(app)] == [True]
    assert keras_run.script(run) in codes(app)


def test_the_image_stands_side_by_side_before_and_after_the_run_and_its_fine_tuning(
    worker: Worker, tmp_path: Path
) -> None:
    run = stored(tmp_path, strategy="partial_fine_tuning")
    worker.answers["predict"] = said_of(128, before=True)
    app = open_predict(run)
    assert not app.exception
    (pretrained,), (trained,), (before, after) = (board["panels"] for board in boards(app))
    assert pretrained["title"].startswith("Before: EfficientNet-Lite0")
    assert (trained["title"], trained["said"]) == (
        "After: fine-tuned on this run's images",
        "food, 75.0 %",
    )
    assert (before["title"], before["said"]) == ("Before fine-tuning", "animal, 60.0 %")
    assert (after["title"], after["said"]) == ("After fine-tuning", "food, 75.0 %")
    assert before["truth"] == "Right: the true class is animal."
    assert after["truth"] == "Wrong: the true class is animal."
    # 1 / 16 of the map, and the bias: the logit of food.
    assert "its mean 0.062 plus the bias 1.036" in words(app)
    assert "480 × 640 × 3" in words(app)
    task, arguments = worker.asked[-1]
    assert (task, arguments["run_folder"], arguments["phase"]) == ("predict", run, None)


def test_grad_cam_is_not_called_exact(worker: Worker, tmp_path: Path) -> None:
    run = stored(tmp_path, strategy="full_fine_tuning", pooling="flatten")
    worker.answers["predict"] = said_of(128, how="grad_cam")
    app = open_predict(run)
    assert "Grad-CAM" in words(app)
    assert "it is exact" not in words(app)


def test_while_a_worker_is_busy_the_rest_of_the_page_is_there(
    worker: Worker, tmp_path: Path
) -> None:
    app = open_predict(stored(tmp_path, strategy="partial_fine_tuning"))
    assert not app.exception
    assert "predict" in worker.tasks
    assert len(boards(app)) == 1
    assert codes(app)


def test_asking_once_is_enough(worker: Worker, tmp_path: Path) -> None:
    worker.answers["predict"] = said_of(128)
    app = open_predict(stored(tmp_path, strategy="partial_fine_tuning"))
    app.run().run()
    assert worker.tasks == ["predict"]


def test_an_image_a_worker_refuses_is_one_sentence_and_a_way_on(
    worker: Worker, tmp_path: Path
) -> None:
    worker.answers["predict"] = DataError("This image cannot be used: damaged.", "Choose another.")
    app = open_predict(stored(tmp_path, strategy="partial_fine_tuning"))
    assert not app.exception
    assert warnings(app) == ["This image cannot be used: damaged.\n\nChoose another."]
    again = next(button for button in app.button if button.label == "Ask again")
    worker.answers["predict"] = said_of(128)
    again.click().run()
    assert not warnings(app)
    assert len(boards(app)) == 2


def test_the_folder_and_the_model_are_made_when_they_are_asked_for(
    worker: Worker, tmp_path: Path
) -> None:
    worker.answers |= {
        "predict": said_of(128),
        "take_home": {"file": b"PK" + bytes(2_000_000)},
        "export_keras": {"file": b"PK" + bytes(4_000_000), "params": 1},
    }
    run = stored(tmp_path, strategy="partial_fine_tuning")
    app = open_predict(run)
    assert "take_home" not in worker.tasks
    app.button(key=state.PREPARE_FOLDER).click().run()
    app.button(key=state.PREPARE_MODEL).click().run()
    assert not app.exception
    labels = [button.label for button in app.get("download_button")]
    assert f"Download thaw-{run}.zip (2.0 MB)" in labels
    assert f"Download thaw-{run}.keras (4.0 MB)" in labels
    (texts,) = (arguments["texts"] for name, arguments in worker.asked if name == "take_home")
    assert set(texts) == {"README.txt", "train.py", "notebook.ipynb", "requirements.txt"}


def test_a_reader_with_a_run_of_their_own_is_asked_for_an_image_first(
    worker: Worker, tmp_path: Path
) -> None:
    def asks(app: AppTest) -> list[str]:
        return [each.label for each in app.file_uploader]

    assert asks(open_predict()) == ["From a file"]
    worker.answers["predict"] = said_of(128)
    mine = stored(tmp_path, strategy="feature_extraction")
    app = open_predict()
    assert asks(app) == ["Show it an image of yours"]
    assert app.selectbox(key=state.PREDICT_RUN).value == mine
    # The page stays as it is when another run is chosen from the list.
    app.selectbox(key=state.PREDICT_RUN).set_value(recorded("feature_extraction").id).run()
    assert asks(app) == ["Show it an image of yours"]


def test_the_link_names_the_image_and_an_unknown_one_is_a_sentence() -> None:
    def chosen(image: str) -> tuple[AppTest, str]:
        app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
        app.query_params[state.LINK_IMAGE] = image
        app.switch_page(PREDICT).run()
        assert not app.exception
        (picker,) = drawn(app, "picker")
        return app, picker["chosen"]

    app, image = chosen("drawn_cat")
    assert image == "drawn_cat"
    assert not warnings(app)
    assert "jigsaw puzzle" in boards(app)[0]["panels"][0]["said"]
    app, image = chosen("<b>dog</b>")
    # The run on screen is on drawings, so an image that it can know is what comes first.
    assert image == "drawn_cat"
    (warning,) = warnings(app)
    assert "There is no image" in warning


def test_another_choice_goes_into_the_link(worker: Worker, tmp_path: Path) -> None:
    worker.answers["predict"] = said_of(128)
    mine = stored(tmp_path, strategy="partial_fine_tuning")
    other = recorded("feature_extraction").id
    app = open_predict(mine)
    app.selectbox(key=state.PREDICT_RUN).set_value(other).run()
    assert not app.exception
    assert app.query_params[state.RUN] == other
    assert app.selectbox(key=state.PREDICT_RUN).value == other


def test_the_readers_own_image_goes_through_both_networks(worker: Worker) -> None:
    maps = feature_maps.load("cat", (224, 224))
    classes = list(maps.top())
    classifier = feature_maps.imagenet_classifier()
    columns = [classifier.column(index) for index in classes]
    worker.answers["feature_map"] = said_of(224) | {
        "maps": maps.maps.astype(np.float32),
        "logits": maps.logits.astype(np.float32),
        "classes": classes,
        "kernel_top": np.stack([kernel for kernel, _ in columns], axis=1),
        "bias_top": np.array([bias for _, bias in columns]),
    }
    worker.answers["predict"] = said_of(128)
    app = open_predict()
    app.file_uploader(key=f"{state.PREDICT_OWN}_file").upload("own.jpg", b"bytes", "image/jpeg")
    app.run()
    assert not app.exception
    assert set(worker.tasks) == {"feature_map", "predict"}
    assert all(arguments["image"] == b"bytes" for _, arguments in worker.asked)
    assert "640 × 480 pixels" in words(app)
    assert "stored nowhere" in words(app)
    assert boards(app)[0]["panels"][0]["classes"][0]["name"] == class_names.names()[classes[0]]
