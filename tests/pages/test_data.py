"""Data: each section by its link, its numbers counted in another way, and what it asks a worker."""

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lib.core import datasets, splits
from lib.core.errors import DataError
from lib.core.images import inspection, shuffle_leak
from lib.core.uploads import own_datasets, retention
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import state
from lib.ui.images import page
from lib.ui.maps import class_names
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
DATA = "pages/data.py"
OPENMOJI, ELPV = datasets.get("openmoji_animals_food"), datasets.get("elpv")
# The smallest WebP there is.
WEBP = bytes.fromhex("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700")


class Worker:
    """Takes down what it is asked, and answers what a test has laid ready."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    def ask(self, task: str, owner: str = "", asked_by: str = "", **arguments: Any) -> Question:
        name = task.partition(":")[2]
        self.asked.append((name, arguments))
        answer = self.answers.get(name)
        if isinstance(answer, DataError):
            return Question(task, owner, state="failed", error=answer)
        if answer is None:
            return Question(task, owner, state="working")
        return Question(task, owner, state="done", answer=answer)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    worker = Worker()
    monkeypatch.setattr(Client, "ask", lambda self, *a, **k: worker.ask(*a, **k))
    return worker


def open_data(show: str = "", dataset: str = "", **parameters: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in {state.SHOW: show, state.LINK_DATASET: dataset, **parameters}.items():
        if value:
            app.query_params[name] = value
    return app.switch_page(DATA).run()


def drawn(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.json) for element in app.get("bidi_component")]


def dots(app: AppTest) -> list[dict[str, Any]]:
    return [data for data in drawn(app) if "frames" in data]


def words(app: AppTest) -> str:
    return " ".join(
        str(each.value) for each in [*app.markdown, *app.caption, *app.subheader, *app.warning]
    )


def pipeline_of(side: int = 128) -> dict[str, Any]:
    """An answer as lib.training.answers.dataset.pipeline gives it."""
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[: side // 2] = 254
    return {
        "label": 1,
        "kind": "JPEG, RGB",
        "size": (640, 480),
        "shape": (480, 640, 3),
        "dtype": "uint8",
        "low": 0,
        "high": 254,
        "size_bytes": 12_345,
        "pixels": pixels,
        **dict.fromkeys(("preview", "stretched", "cropped", "padded"), WEBP),
        "augmented": [WEBP] * 8,
    }


@pytest.mark.parametrize("show", ["", *page.SECTIONS])
def test_every_section_opens_by_its_link(show: str) -> None:
    app = open_data(show)
    assert not app.exception
    assert not app.warning


@pytest.mark.parametrize(("dataset", "offered"), [("elpv", ["data=elpv"]), ("tf_flowers", [])])
def test_a_dataset_that_is_ready_can_be_trained_on_at_once(
    dataset: str, offered: list[str]
) -> None:
    links = open_data(dataset=dataset).get("page_link")
    said = [each.proto.query_string for each in links if each.proto.label == "Train on it"]
    assert said == offered


def test_only_the_open_section_is_drawn() -> None:
    assert not dots(open_data("Look"))
    assert len(dots(open_data("Splits"))) == 2


def test_a_section_that_does_not_exist_is_the_first_one() -> None:
    app = open_data("<b>Splits</b>")
    assert not app.exception
    assert not dots(app)


def test_the_link_chooses_the_dataset_and_follows_the_choice() -> None:
    app = open_data("Splits", dataset="elpv")
    assert app.selectbox(key=state.DATASET).value == "elpv"
    app.selectbox(key=state.DATASET).set_value(OPENMOJI.id).run()
    assert app.query_params[state.LINK_DATASET] in (OPENMOJI.id, [OPENMOJI.id])
    assert app.selectbox(key=state.DATASET).value == OPENMOJI.id


@pytest.mark.parametrize("dataset", ["nothing", "images-0123456789ab", "../../etc", "<b>x</b>"])
def test_a_dataset_that_is_not_here_is_one_sentence(dataset: str) -> None:
    app = open_data("Splits", dataset=dataset)
    assert not app.exception
    assert ["names a dataset that you cannot use" in each.value for each in app.warning] == [True]
    assert dataset not in words(app)
    assert len(dots(app)) == 2


@pytest.mark.parametrize("show", ["Look", "Pipeline", "Splits"])
def test_images_that_are_not_on_this_machine_are_not_asked_for(show: str, worker: Worker) -> None:
    app = open_data(show, dataset="tf_flowers")
    assert not app.exception
    assert "The images of Flowers are not on this machine yet." in app.warning[0].value
    assert not worker.asked


@pytest.mark.parametrize(("reader", "sees"), [("A" * 43, True), ("B" * 43, False), ("", False)])
def test_own_images_are_looked_at_by_their_owner_alone(
    worker: Worker, reader: str, sees: bool
) -> None:
    fingerprint = "ab" * 32
    with retention.making() as pictures:
        made = retention.publish(
            pictures,
            own_datasets.OwnDataset(
                id=datasets.OWN_PREFIX + fingerprint[:12],
                title="my pets",
                owner=own_datasets.hashed("A" * 43),
                fingerprint=fingerprint,
                content=fingerprint,
                class_names=("ant", "bee"),
                counts=(180, 60),
                size_bytes=100,
                created=time.time(),
            ),
        )
    worker.answers["look"] = a_look(class_names=["ant", "bee"])
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    if reader:
        app.session_state[state.READER] = reader
    app.run()
    app.query_params.update({state.SHOW: "Look", state.LINK_DATASET: made.id})
    app = app.switch_page(DATA).run()
    assert not app.exception
    assert ("my pets" in app.selectbox(key=state.DATASET).options) == sees
    if sees:
        assert worker.asked == [("look", {"dataset": made.id, "fingerprint": fingerprint})]
        assert "`ant` has 3.0 times the images of `bee`" in words(app)
    else:
        assert not worker.asked
        assert "names a dataset that you cannot use here" in app.warning[0].value


# --- Splits -------------------------------------------------------------------------------


def test_splits_open_without_a_worker_and_their_numbers_add_up(worker: Worker) -> None:
    app = open_data("Splits", dataset="elpv")
    assert not worker.asked
    split, _ = dots(app)
    (frame,) = split["frames"]
    assert sum(frame["counts"].values()) == ELPV.num_images
    assert frame["counts"]["v"] == frame["counts"]["e"] == splits.evaluation_size(2_223)
    assert [len(group) for group in frame["groups"]] == [1_508, 715]


def test_a_split_that_comes_with_the_images_is_the_one_that_is_shown(worker: Worker) -> None:
    fingerprint, num_given = "cd" * 32, (60, 12, 8)
    with retention.making() as pictures:
        made = retention.publish(
            pictures,
            own_datasets.OwnDataset(
                id=datasets.OWN_PREFIX + fingerprint[:12],
                title="my pets",
                owner=own_datasets.hashed("A" * 43),
                fingerprint=fingerprint,
                content=fingerprint,
                class_names=("ant", "bee"),
                counts=(40, 40),
                size_bytes=100,
                created=time.time(),
                num_given=num_given,
            ),
        )
    labels = np.arange(80) % 2
    worker.answers["labels"] = {"labels": labels, "class_names": ["ant", "bee"]}
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    app.session_state[state.READER] = "A" * 43
    app.run()
    app.query_params.update({state.SHOW: "Splits", state.LINK_DATASET: made.id})
    app = app.switch_page(DATA).run()
    assert not app.exception
    frame = dots(app)[0]["frames"][0]
    assert (frame["counts"]["v"], frame["counts"]["e"]) == (12, 8)
    assert app.number_input(key=f"{state.SPLIT_IMAGES}_{fingerprint}").max == 60
    assert "the folders say which split an image is in" in words(app)


def test_the_seed_and_the_number_choose_the_training_images_only() -> None:
    app = open_data("Splits")
    before = dots(app)[0]["frames"][0]
    app.number_input(key=f"{state.SPLIT_IMAGES}_{OPENMOJI.fingerprint}").set_value(31)
    app.number_input(key=state.SPLIT_SEED).set_value(7).run()
    assert not app.exception
    after = dots(app)[0]["frames"][0]
    assert (after["counts"]["t"], after["counts"]["u"]) == (31, 160 - 31)
    assert all(before["counts"][code] == after["counts"][code] for code in "ve")
    found = inspection.shipped(OPENMOJI.id, OPENMOJI.fingerprint)
    assert found is not None
    parts = splits.split(found.labels, 31, 7)
    (table,) = app.table
    rows = table.value.to_dict("records")
    for label, row in enumerate(rows):
        of_class = [
            int((found.labels[part] == label).sum())
            for part in (parts.train, parts.validation, parts.test)
        ]
        assert [int(row[name]) for name in ("Training", "Validation", "Test")] == of_class
        assert int(row["Not used"]) == 120 - sum(of_class)


def test_the_link_restores_the_seed() -> None:
    app = open_data("Splits", **{state.SPLIT_SEED: "9"})
    assert app.number_input(key=state.SPLIT_SEED).value == 9
    assert "seed 9" in words(app) + " ".join(each.label for each in app.expander)


@pytest.mark.parametrize("buffer", [0, shuffle_leak.KERAS_BUFFER])
def test_the_leak_is_counted_as_lists_count_it(buffer: int) -> None:
    app = open_data("Splits", dataset="elpv")
    app.selectbox(key=state.LEAK_BUFFER).set_value(buffer).run()
    assert not app.exception
    epochs = shuffle_leak.take_and_skip(2_223, 370, num_epochs=10, seed=1, buffer_size=buffer)
    known: set[int] = set()
    seen = []
    for epoch in epochs:
        known.update(epoch.train.tolist())
        seen.append(len([each for each in epoch.validation.tolist() if each in known]))
    assert f"After one epoch {seen[0]:,} of 370 validation images" in words(app)
    frames = dots(app)[1]["frames"]
    assert [frame["counts"]["x"] for frame in frames] == seen
    (figure,) = app.get("plotly_chart")
    leaking, sound = json.loads(figure.proto.spec)["data"]
    assert list(sound["y"]) == [0] * 10
    assert leaking["name"] == "shuffle, take and skip"


def test_the_shares_of_the_classes_are_said_as_they_are(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "shipped", lambda dataset, fingerprint: None)
    labels = np.array([0] * 232 + [1] * 8)
    worker.answers["labels"] = {"labels": labels, "class_names": ["a", "b"]}
    parts = splits.split(labels, 80, 1)
    of_few = [int((labels[part] == 1).sum()) for part in (parts.validation, parts.test)]
    assert of_few == [2, 1]
    said = words(open_data("Splits"))
    # 38 and 39 of 232 are 16 % and 17 %, and 2 and 1 of 8 are 25 % and 12 %.
    assert "of a class, 16 % to 25 % of the images validate and 12 % to 17 % test." in said


def test_a_class_too_small_for_a_split_is_one_sentence(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "shipped", lambda dataset, fingerprint: None)
    worker.answers["labels"] = {"labels": np.array([0] * 239 + [1]), "class_names": ["a", "b"]}
    app = open_data("Splits")
    assert not app.exception
    assert ["has no image among" in each.value for each in app.warning] == [True]


# --- Look ---------------------------------------------------------------------------------


def a_look(**fields: Any) -> dict[str, Any]:
    """An answer as lib.training.answers.dataset.look gives it."""
    labels = np.array([0] * 180 + [1] * 60)
    return {
        "class_names": list(OPENMOJI.class_names),
        "labels": labels,
        "looked_at": np.arange(240),
        "sizes": np.array([(100, 50)] * 239 + [(40, 40)]),
        "kinds": {"JPEG, RGB": 240},
        "pairs": [],
        "num_pairs": {},
        "left_out": [],
        "thumbnails": {0: WEBP, 1: WEBP, 180: WEBP, 239: WEBP},
        "seconds": 2.34,
        **fields,
    }


@pytest.fixture
def asks_for_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "shipped", lambda dataset, fingerprint: None)


def test_a_look_at_an_offline_dataset_needs_no_worker(worker: Worker) -> None:
    app = open_data("Look", dataset="elpv")
    assert not worker.asked
    said = words(app)
    assert "`functional` has 2.1 times the images of `defective`" in said
    assert "right 67.8% of the time" in said
    assert "Every image has 300 × 300 pixels. 2,223 PNG, grey." in said
    assert "No picture occurs twice among the 2,223 inspected ones." in said
    assert "none was left out" in said


@pytest.mark.usefixtures("asks_for_looks")
def test_while_a_worker_looks_the_page_says_so(worker: Worker) -> None:
    app = open_data("Look")
    assert not app.exception
    assert worker.asked[0][1] == {"dataset": OPENMOJI.id, "fingerprint": OPENMOJI.fingerprint}
    app.run()
    assert len(worker.asked) == 1


@pytest.mark.usefixtures("asks_for_looks")
def test_the_same_picture_in_two_splits_is_a_warning_with_both_shown(worker: Worker) -> None:
    labels = a_look()["labels"]
    parts = splits.split(labels, splits.max_train_images(240), 0)
    one, other = int(parts.train[0]), int(parts.test[0])
    within = [int(index) for index in parts.train[1:3]]
    worker.answers["look"] = a_look(
        pairs=[(*sorted((one, other)), 0, "same"), (*within, 2, "copy")],
        num_pairs={"same": 1, "copy": 1},
        thumbnails=dict.fromkeys((one, other, *within), WEBP),
    )
    app = open_data("Look")
    assert not app.exception
    assert app.warning[0].value.startswith("1 picture is in two splits at once")
    titles = [row["title"] for data in drawn(app) for row in data.get("rows", ())]
    notes = [row["note"] for data in drawn(app) for row in data.get("rows", ())]
    first, second = sorted((one, other))
    assert f"{first} and {second}" in titles
    assert any("training and test" in note or "test and training" in note for note in notes)


@pytest.mark.usefixtures("asks_for_looks")
def test_pictures_that_only_look_alike_are_no_warning_and_are_counted(worker: Worker) -> None:
    labels = a_look()["labels"]
    parts = splits.split(labels, splits.max_train_images(240), 0)
    test, train = (sorted(part.tolist()) for part in (parts.test, parts.train))
    # Two test images have a partner in training, one of them two.
    pairs = [(test[0], train[0]), (test[0], train[1]), (test[1], train[2]), (test[2], test[3])]
    worker.answers["look"] = a_look(
        pairs=[(*sorted(pair), 3, "alike") for pair in pairs], num_pairs={"alike": 4}
    )
    app = open_data("Look")
    assert not app.warning
    assert any("4 pairs are nearly alike" in each.label for each in app.expander)
    assert "**2 of the 40 test images** are nearly the same as" in words(app)


def test_the_solar_cells_that_look_alike_are_counted_as_bits_count_them() -> None:
    found = inspection.shipped(ELPV.id, ELPV.fingerprint)
    assert found is not None
    parts = splits.split(found.labels, 1_483, 0)
    train, test = set(parts.train.tolist()), set(parts.test.tolist())
    trained = set()
    for pair in found.pairs:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            if one in test and other in train:
                trained.add(one)
    assert f"**{len(trained)} of the 370 test images**" in words(open_data("Look", dataset="elpv"))


@pytest.mark.usefixtures("asks_for_looks")
def test_names_and_reasons_from_outside_are_text(worker: Worker) -> None:
    worker.answers["look"] = a_look(
        class_names=["<b>`cat", "[dog](http://x)"], left_out=["**ant/1.png**: damaged"]
    )
    app = open_data("Look")
    assert not app.exception
    assert "**ant/1.png**: damaged" in [each.value for each in app.text]
    assert "<b>`cat" not in re.sub(r"`[^`]*`", "", words(app))
    assert "1 file cannot be used" in words(app)


@pytest.mark.usefixtures("asks_for_looks")
def test_a_sample_is_called_a_sample(worker: Worker) -> None:
    worker.answers["look"] = a_look(
        looked_at=np.arange(100), sizes=np.full((100, 2), 9), kinds={"PNG, grey": 100}
    )
    assert "a sample of 100 of 240 images in 2.3 s" in words(open_data("Look"))


# --- Pipeline -----------------------------------------------------------------------------


def test_the_steps_say_what_happens_to_the_values(worker: Worker) -> None:
    worker.answers["pipeline"] = pipeline_of()
    app = open_data("Pipeline")
    assert not app.exception
    said = words(app)
    for step in ("1  As stored", "2  Resized to 128", "3  Aug", "4  Rescaled", "5  Batched"):
        assert step in said
    assert "**640 × 480 pixels**, 12,345 bytes" in said
    assert f"{480 * 640 * 3:,} bytes in memory" in said
    assert "**Before: 0 to 254**" in said
    # (0 - 127) / 128 and (254 - 127) / 128.
    assert "**After: −0.9922 to 0.9922**, expected −0.9922 to 1" in said
    assert f"**32 × 128 × 128 × 3**, `float32`, {32 * 128 * 128 * 3 * 4 / 1e6:.1f} MB" in said
    assert "The true class is `food`, label 1." in said
    task, arguments = worker.asked[0]
    assert (task, arguments["index"], arguments["image"]) == ("pipeline", 0, b"")
    assert (arguments["image_size"], arguments["seed"]) == (128, 0)


def test_applied_twice_the_range_and_the_answers_are_others(worker: Worker) -> None:
    worker.answers["pipeline"] = pipeline_of()
    worker.answers["preprocessed_twice"] = {
        "once": (285, 0.817),
        "twice": (111, 0.021),
        "never": (721, 0.434),
        "asked": 24,
        "changed": 23,
        "common": (111, 20),
    }
    app = open_data("Pipeline")
    assert [name for name, _ in worker.asked] == ["pipeline"]
    app.toggle(key=state.PIPELINE_TWICE).set_value(True).run()
    assert not app.exception
    said, names = words(app), class_names.names()
    low, high = (((value - 127) / 128 - 127) / 128 for value in (0, 254))
    assert f"**After twice: {low:.4g} to {high:.4g}**".replace("-", "−") in said
    assert f"| Rescaled once | {names[285]} | 81.7% |" in said
    assert f"| Rescaled twice | {names[111]} | 2.1% |" in said
    assert "Of 24 other images of this dataset, **23 get another prediction**" in said
    assert f"20 of them {names[111]}" in said


def test_a_network_that_rescales_by_itself_has_nothing_to_apply_twice(worker: Worker) -> None:
    worker.answers["pipeline"] = pipeline_of(224)
    app = open_data("Pipeline")
    app.selectbox(key=state.BACKBONE).set_value("efficientnet_b0").run()
    assert not app.exception
    assert app.toggle(key=state.PIPELINE_TWICE).disabled
    assert worker.asked[-1][1]["image_size"] == 224


def test_another_image_and_another_seed_are_asked_for(worker: Worker) -> None:
    worker.answers["pipeline"] = pipeline_of()
    app = open_data("Pipeline", **{state.PIPELINE_SEED: "5"})
    assert worker.asked[-1][1]["seed"] == 5
    app.number_input(key=f"{state.PIPELINE_NUMBER}_{OPENMOJI.fingerprint}").set_value(17).run()
    assert worker.asked[-1][1]["index"] == 17
    app.button(key=f"{state.PIPELINE_NUMBER}_{OPENMOJI.fingerprint}_another").click().run()
    assert not app.exception
    assert 0 <= worker.asked[-1][1]["index"] < 240


def test_the_code_is_of_the_chosen_dataset_and_backbone(worker: Worker) -> None:
    worker.answers["pipeline"] = pipeline_of()
    app = open_data("Pipeline", dataset="elpv")
    (code,) = [each.value for each in app.code if "tfds.load" in each.value]
    assert '"elpv"' in code
    assert "(images - 127) / 128" in code


def test_an_image_that_cannot_be_used_is_one_sentence_and_a_way_on(worker: Worker) -> None:
    worker.answers["pipeline"] = DataError("This image cannot be used: damaged.", "Choose another.")
    app = open_data("Pipeline")
    assert not app.exception
    assert [each.value for each in app.warning] == [
        "This image cannot be used: damaged.\n\nChoose another."
    ]
