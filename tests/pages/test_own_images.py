"""A reader's own images on every page: theirs in every list, and nobody else's."""

import io
import json
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import datasets, runs
from lib.core.errors import DataError
from lib.core.lab import bundle
from lib.core.lab.store import RunStore
from lib.core.reading import test_images
from lib.core.runs import TEST_IMAGES_FILE, Run
from lib.core.uploads import inbox, own_datasets, retention
from lib.core.uploads.own_datasets import OwnDataset
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import cache, state
from lib.ui.uploads import form
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
KEYS = {"Anna": "A" * 43, "Bert": "B" * 43}
SECTION = {"show": "Your own images"}


@pytest.fixture(autouse=True)
def _no_run_of_another_store() -> None:
    cache.stored_run.clear()


def dataset(reader: str = "Anna", title: str = "my pets", number: int = 1) -> OwnDataset:
    """A dataset of a reader, whose pictures are never looked at here."""
    fingerprint = f"{number:02x}" * 32
    with retention.making() as pictures:
        return retention.publish(
            pictures,
            OwnDataset(
                id=datasets.OWN_PREFIX + fingerprint[:12],
                title=title,
                owner=own_datasets.hashed(KEYS[reader]),
                fingerprint=fingerprint,
                content=fingerprint,
                class_names=("animal", "food"),
                counts=(120, 120),
                size_bytes=100,
                created=time.time(),
                left_out=("cat/<b>x.png: empty",),
                num_left_out=1,
            ),
        )


def run_on(made: OwnDataset) -> Run:
    """A recorded run with its pictures and its model, as if it were on a dataset of a reader's."""
    source = RunStore().open(
        runs.run_id(runs.make_config(strategy="feature_extraction", seed=runs.RECORDED_SEED))
    )
    assert source
    config = replace(source.config, dataset=made.id, data_fingerprint=made.fingerprint)
    folder = RunStore().folder(runs.run_id(config))
    shutil.copytree(source.folder, folder)
    shutil.copy(test_images.recorded_sprite(source.config.dataset), folder / TEST_IMAGES_FILE)
    (folder / "config.json").write_text(json.dumps(asdict(config)), "utf-8")
    result = json.loads((folder / "result.json").read_text("utf-8"))
    result |= {"run_id": folder.name}
    result.pop("command", None)
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    run = RunStore().open(folder.name)
    assert run
    return run


def open_page(page: str, reader: str = "", **link: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    if reader:
        app.session_state[state.READER] = KEYS[reader]
    app.run()
    for name, value in link.items():
        app.query_params[name] = value
    app = app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def all_text(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.text, *app.warning, *app.subheader]
    return " ".join(each.value for each in parts)


def runs_offered(app: AppTest) -> str:
    return " ".join(app.multiselect(key=state.CHOSEN_RUNS).options)


# --- In every list, for one reader ----------------------------------------------------------------


@pytest.mark.parametrize("page", ["data", "training_lab"])
def test_a_dataset_is_offered_to_its_reader_alone(page: str) -> None:
    dataset()
    for reader, offered in (("Anna", True), ("Bert", False), ("", False)):
        options = open_page(page, reader).selectbox(key=state.DATASET).options
        assert any("my pets" in option for option in options) is offered


def test_the_lab_is_set_up_for_a_dataset_by_its_link_and_only_for_its_reader() -> None:
    made = dataset()
    app = open_page("training_lab", "Anna", data=made.id)
    assert app.selectbox(key=state.DATASET).value == made.id
    assert app.number_input(key=f"{state.NUM_IMAGES}_{made.id}").value == 160
    assert app.query_params["data"] == made.id
    stranger = open_page("training_lab", "Bert", data=made.id)
    assert stranger.selectbox(key=state.DATASET).value != made.id


def test_a_run_on_own_images_is_asked_for_with_their_fingerprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = dataset()
    asked: list[runs.TrainConfig] = []
    monkeypatch.setattr(
        Client, "submit", lambda self, config, owner="": asked.append(config) or "0" * 16
    )
    app = open_page("training_lab", "Anna", data=made.id)
    app.button(key=state.START).click().run()
    assert [(each.dataset, each.data_fingerprint) for each in asked] == [
        (made.id, made.fingerprint)
    ]


def test_runs_are_in_the_lists_of_their_reader_alone() -> None:
    run = run_on(dataset())
    assert "my pets" in runs_offered(open_page("learning_curves", "Anna"))
    for reader in ("Bert", ""):
        app = open_page("learning_curves", reader)
        assert "my pets" not in runs_offered(app)
        assert "own images" not in runs_offered(app)
        options = open_page("predict", reader).selectbox(key=state.PREDICT_RUN).options
        assert run.id not in options
        assert not any("my pets" in option for option in options)
    options = open_page("predict", "Anna").selectbox(key=state.PREDICT_RUN).options
    assert any("my pets" in option for option in options)


# --- By the link of a run -------------------------------------------------------------------------


def images_shown(app: AppTest) -> bool:
    return "Below each image: prediction" in all_text(app)


def test_the_link_of_a_run_shows_others_its_numbers_but_no_image_and_no_model() -> None:
    run = run_on(dataset())
    own = open_page("learning_curves", "Anna", run=run.id)
    assert images_shown(own)
    other = open_page("learning_curves", "Bert", run=run.id)
    assert [each.value for each in other.subheader] == [each.value for each in own.subheader]
    assert "belong to another reader, who has not shared them" in all_text(other)
    assert not images_shown(other)
    assert "my pets" not in all_text(other)
    # It can be read, and neither named nor taken along nor deleted.
    assert "This run belongs to another reader" in all_text(other)
    for key in (state.SAVE_RUN, state.DELETE_RUN):
        assert key in [each.key for each in own.button]
        assert key not in [each.key for each in other.button]
    lab = open_page("training_lab", "Bert", run=run.id)
    assert "Test accuracy" in [each.label for each in lab.metric]
    predict = open_page("predict", "Bert", run=run.id)
    assert "trained on another reader's images" in all_text(predict)
    assert run.id not in predict.selectbox(key=state.PREDICT_RUN).options


def test_what_a_reader_shares_the_link_shows_to_others_until_it_is_taken_back() -> None:
    made = dataset()
    run = run_on(made)
    app = open_page("data", "Anna", **SECTION)
    app.toggle(key=f"{state.OWN_SHARE}_{made.id}").set_value(True).run()
    other = open_page("learning_curves", "Bert", run=run.id)
    assert images_shown(other)
    assert state.DELETE_RUN not in [each.key for each in other.button]
    assert "my pets" in runs_offered(other)
    assert "my pets" not in runs_offered(open_page("learning_curves", "Bert"))
    predict = open_page("predict", "Bert", run=run.id)
    assert any("my pets" in each for each in predict.selectbox(key=state.PREDICT_RUN).options)
    app.toggle(key=f"{state.OWN_SHARE}_{made.id}").set_value(False).run()
    assert not images_shown(open_page("learning_curves", "Bert", run=run.id))


def test_only_its_owner_ends_a_run_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = dataset()
    config = runs.make_config(
        dataset=made.id, data_fingerprint=made.fingerprint, max_train_images=160
    )
    run_id = cache.client().submit(config, owner="somebody")
    for reader, may in (("Anna", True), ("Bert", False)):
        app = open_page("training_lab", reader, run=run_id)
        assert (state.CANCEL in [each.key for each in app.button]) is may


def test_a_run_whose_images_were_deleted_says_so_and_is_still_its_readers() -> None:
    made = dataset()
    run = run_on(made)
    retention.delete(made.id, own_datasets.hashed(KEYS["Anna"]))
    app = open_page("learning_curves", "Anna", run=run.id)
    assert "The images were deleted." in all_text(app)
    assert state.DELETE_RUN in [each.key for each in app.button]
    assert "Its images were deleted." in all_text(open_page("training_lab", "Anna", run=run.id))


def test_a_run_that_is_imported_becomes_the_importers(tmp_path: Path) -> None:
    made = dataset()
    content = bundle.export_run(run_on(made))
    # Elsewhere, where nobody has these images.
    for folder in ("runs", "images"):
        shutil.rmtree(tmp_path / folder)
    app = open_page("learning_curves", "Anna")
    app.file_uploader(key=state.IMPORT_RUN).set_value(("run.zip", content, "application/zip")).run()
    assert not app.exception
    assert made.id in " ".join(each.config.dataset for each in RunStore().summaries())
    assert "own images" in runs_offered(open_page("learning_curves", "Anna"))
    assert "own images" not in runs_offered(open_page("learning_curves", "Bert"))


def test_a_run_of_another_reader_is_not_imported_beside_them() -> None:
    run = run_on(dataset())
    content = bundle.export_run(run)
    RunStore().delete(run.id)
    app = open_page("learning_curves", "Bert")
    app.file_uploader(key=state.IMPORT_RUN).set_value(("run.zip", content, "application/zip")).run()
    assert "images of another reader here" in all_text(app)
    assert RunStore().open(run.id) is None


# --- The section ----------------------------------------------------------------------------------


def test_the_section_says_where_the_images_are_for_how_long_and_for_whom(tmp_path: Path) -> None:
    text = all_text(open_page("data", "Anna", **SECTION))
    for words in (
        str(tmp_path / "images"),
        "No other reader",
        "nothing is sent anywhere else",
        f"out of sight {own_datasets.DAYS_KEPT} days after their last use",
        f"deleted once Thaw has run for {retention.DAYS_HIDDEN} more days",
        "delete them at any time",
    ):
        assert words in text


def test_a_dataset_shows_its_classes_and_what_was_left_out_as_text() -> None:
    dataset(title="<b>**pets**")
    app = open_page("data", "Anna", **SECTION)
    assert "`<b>**pets**`" in all_text(app)
    assert "240 images of 2 classes" in all_text(app)
    assert "cat/<b>x.png: empty" in [each.value for each in app.text]
    assert "pets" not in all_text(open_page("data", "Bert", **SECTION))


def test_a_dataset_is_deleted_after_a_question() -> None:
    made = dataset()
    app = open_page("data", "Anna", **SECTION)
    app.button(key=f"{state.OWN_DELETE}_{made.id}").click().run()
    assert own_datasets.get(made.id)
    app.button(key=state.OWN_DELETE).click().run()
    assert own_datasets.get(made.id) is None
    assert "240 images" not in all_text(app)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a worker is asked; it finds that it is no archive."""
    said: list[dict[str, Any]] = []

    def ask(self: Client, task: str, owner: str = "", **arguments: Any) -> Question:
        said.append({"task": task, **arguments})
        return Question(task, owner, state="failed", error=DataError("No archive.", "Another."))

    monkeypatch.setattr(Client, "ask", ask)
    return said


def test_a_zip_goes_to_a_worker_by_its_name_and_what_it_says_is_shown(
    asked: list[dict[str, Any]],
) -> None:
    app = open_page("data", "Anna", **SECTION)
    app.file_uploader(key=f"{state.OWN_ZIP}_0").set_value(("pets.zip", b"zip", "application/zip"))
    app.run()
    assert not app.exception
    (one,) = asked
    assert one["task"] == "lib.training.sources.own_dataset:prepare"
    assert one["title"] == "pets"
    assert one["reader"] == own_datasets.hashed(KEYS["Anna"])
    assert not any(isinstance(value, bytes) for value in one.values())


def test_each_class_says_how_many_pictures_have_arrived_and_how_many_are_needed() -> None:
    app = open_page("data", "Anna", **SECTION)
    app.segmented_control(key=state.OWN_WAY).set_value(form.FILES).run()

    def said(num: int) -> list[str]:
        files = [(f"{number}.png", b"bytes", "image/png") for number in range(num)]
        app.file_uploader(key=f"{state.OWN_FILES}_0_1").set_value(files).run()
        assert not app.exception
        return [each.value for each in app.caption if "arrived" in each.value]

    assert said(0) == []
    assert said(1) == ["One picture has arrived. At least 6 are needed."]
    assert said(5) == ["5 pictures have arrived. At least 6 are needed."]
    assert said(6) == ["6 pictures have arrived."]


@pytest.mark.parametrize("reload", [False, True])
def test_a_new_dataset_is_the_chosen_one_and_the_first_in_every_list(
    monkeypatch: pytest.MonkeyPatch, reload: bool
) -> None:
    dataset(title="older", number=1)
    made = {}

    def ask(self: Client, task: str, owner: str = "", **arguments: Any) -> Question:
        inbox.discard(arguments["upload"])
        made["id"] = dataset(title=arguments["title"], number=2).id
        return Question(task, owner, state="done", answer=made["id"])

    monkeypatch.setattr(Client, "ask", ask)
    app = open_page("data", "Anna", **SECTION)
    app.selectbox(key=state.DATASET).set_value("elpv").run()
    if reload:  # The session that asked is gone, and this one has seen the upload.
        monkeypatch.setattr(Client, "ask", lambda self, task, owner="", **_: Question(task, owner))
        upload = inbox.receive(io.BytesIO(b"zip"), own_datasets.hashed(KEYS["Anna"]))
        app.run()
        ask(cache.client(), "", upload=upload, title="pets")
    else:
        app.file_uploader(key=f"{state.OWN_ZIP}_0").set_value(("pets.zip", b"", "application/zip"))
    app.run()
    assert not app.exception
    for page in ("data", "strategy", "training_lab"):
        picker = app.switch_page(f"pages/{page}.py").run().selectbox(key=state.DATASET)
        assert picker.value == made["id"]
        assert picker.options[:2] == ["pets", "older"]
    # Another choice stays another choice.
    app.selectbox(key=state.DATASET).set_value("elpv").run()
    assert app.switch_page("pages/data.py").run().selectbox(key=state.DATASET).value == "elpv"


def test_one_button_asks_which_strategy_for_the_dataset_it_belongs_to() -> None:
    first, second = dataset(title="older", number=1), dataset(title="pets", number=2)
    app = open_page("data", "Anna", **SECTION | {"data": second.id})
    asks = {each.id: f"{state.OWN_STRATEGY}_{each.id}" for each in (first, second)}
    assert app.button(key=asks[second.id]).proto.type == "primary"
    assert app.button(key=asks[first.id]).proto.type == "secondary"
    app.button(key=asks[first.id]).click().run()
    assert not app.exception
    assert app.title[0].value == "Strategy"
    assert app.selectbox(key=state.DATASET).value == first.id


def test_after_a_reload_an_upload_still_says_why_there_is_no_dataset() -> None:
    upload = inbox.receive(io.BytesIO(b"zip"), own_datasets.hashed(KEYS["Anna"]))
    inbox.refuse(upload, DataError("This is no archive.", "Choose another."))
    assert "no archive" not in all_text(open_page("data", "Bert", **SECTION))
    assert "This is no archive." in all_text(open_page("data", "Anna", **SECTION))
    assert inbox.uploads_of(own_datasets.hashed(KEYS["Anna"])) == ()


def test_what_only_the_reader_knows_is_asked_before_there_is_a_dataset(
    asked: list[dict[str, Any]],
) -> None:
    upload = inbox.receive(io.BytesIO(b"zip"), own_datasets.hashed(KEYS["Anna"]))
    names = [
        ("cp949", "Korean (CP949)", ["강아지사진", "고양이사진"]),
        ("cp437", "English (CP437)", ["░¡", "░φ"]),
    ]
    inbox.ask(upload, inbox.Question("pets", names, {"train": "training", "test": "the test"}))
    assert "look like splits" not in all_text(open_page("data", "Bert", **SECTION))
    app = open_page("data", "Anna", **SECTION)
    encoding = app.selectbox(key=state.OWN_ENCODING)
    assert encoding.options == [
        "Korean (CP949): 강아지사진, 고양이사진",
        "English (CP437): ░¡, ░φ",
    ]
    assert "`test` for the test, `train` for training" in all_text(app)
    assert asked == []
    encoding.select("cp437")
    app.radio(key=state.OWN_PARTS).set_value(False)
    next(each for each in app.button if each.label == "Make the dataset").click().run()
    choices = {"encoding": "cp437", "with_parts": False}
    assert [each | choices for each in asked] == asked
    assert asked[0]["upload"] == upload
    assert asked[0]["title"] == "pets"


def test_what_was_changed_is_told_with_the_dataset() -> None:
    made = dataset()
    retention.delete(made.id, made.owner)
    with retention.making() as pictures:
        said = ("The class 'c\\u200bat' is called 'cat (2)' here.",)
        retention.publish(pictures, replace(made, said=said))
    assert said[0] in all_text(open_page("data", "Anna", **SECTION))


def page_with_classes(*names: str) -> AppTest:
    """Anna's form for files class by class, with a file for each of two classes."""
    app = open_page("data", "Anna", **SECTION)
    app.segmented_control(key=state.OWN_WAY).select("Files, class by class").run()
    for place, name in enumerate(names):
        app.text_input(key=f"{state.OWN_CLASS}_0_{place}").set_value(name)
        app.file_uploader(key=f"{state.OWN_FILES}_0_{place}").set_value(
            [("1.png", b"x", "image/png")]
        )
    return app.run()


def test_a_class_whose_name_is_changed_is_told_before_there_is_a_dataset() -> None:
    app = page_with_classes("TCP/IP", "C.")
    assert "The class 'TCP/IP' is called 'TCPIP' here." in all_text(app)
    assert "The class 'C.' is called 'C' here." in all_text(app)


def test_a_name_that_no_class_can_have_is_told_and_what_was_chosen_is_still_there() -> None:
    app = page_with_classes("cat", "Thumbs.db")
    next(each for each in app.button if each.label == "Make a dataset of these").click().run()
    assert not app.exception
    assert "A class cannot be called 'Thumbs.db'." in all_text(app)
    assert app.text_input(key=f"{state.OWN_CLASS}_0_1").value == "Thumbs.db"
    assert app.file_uploader(key=f"{state.OWN_FILES}_0_1").value


def test_a_reader_is_given_a_key_where_images_are_taken_in_and_not_before() -> None:
    app = open_page("training_lab")
    assert state.READER not in app.session_state
    app = open_page("data", **SECTION)
    assert len(app.session_state[state.READER]) == 43
    assert app.session_state[state.READER] not in str(app.query_params)


def test_what_a_reader_wrote_of_a_run_is_not_for_others() -> None:
    run = run_on(dataset())
    RunStore().rename(run.id, name="my secret name", note="my secret note")
    own = open_page("learning_curves", "Anna", run=run.id)
    assert "my secret note" in all_text(own)
    assert "my secret name" in runs_offered(own)
    other = open_page("learning_curves", "Bert", run=run.id)
    assert "secret" not in all_text(other) + runs_offered(other)
