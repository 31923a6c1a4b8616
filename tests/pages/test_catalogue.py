"""The catalogue on the page Data: what is here, what can be fetched, and one thing to do."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from lib.core.datasets import DATASETS, DatasetSpec
from lib.core.errors import DataError
from lib.core.files import lock as file_lock
from lib.core.images import download_status
from lib.core.images.download_status import Progress
from lib.core.strategy import similarity
from lib.jobs.client import Client
from lib.jobs.downloads import Downloads
from lib.jobs.questions import Question
from lib.ui import state
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
DATA = "pages/data.py"
OFFLINE = [spec for spec in DATASETS.values() if spec.offline]
ONLINE = [spec for spec in DATASETS.values() if not spec.offline]
CATS = DATASETS["cats_vs_dogs"]
# What a rerun may take of the server's processor; a busy machine is no failure.


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Those that can be reached; all at first."""
    found = {spec.host for spec in ONLINE}
    monkeypatch.setattr(Downloads, "reachable", lambda self, hosts: found)
    return found


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """What workers were asked; nobody answers."""
    questions: list[Question] = []

    def ask(self: Client, task: str, owner: str = "", **arguments: Any) -> Question:
        questions.append(Question(task, owner, arguments=arguments))
        return questions[-1]

    monkeypatch.setattr(Client, "ask", ask)
    return questions


def open_page() -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    return app.switch_page(DATA).run()


def words(app: AppTest) -> str:
    found = " ".join(str(each.value) for each in [*app.markdown, *app.caption, *app.warning])
    return found.replace("\N{NO-BREAK SPACE}", " ")


def prepared(spec: DatasetSpec, config: str = "") -> None:
    """As if TFDS had written it."""
    folder = download_status.data_folder() / spec.id / config / spec.version
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")


def test_all_ten_datasets_are_shown_with_everything_a_reader_asks():
    app = open_page()
    text = words(app)
    for spec in DATASETS.values():
        assert f"**{spec.title}**" in text
        assert f"{spec.num_images:,} images · {spec.num_classes} classes" in text
        assert f"Licence: {spec.licence}" in text
        assert spec.citation in text
        assert f"({spec.address})" in text
        assert spec.kind_reason in text
    assert text.count("Similarity to ImageNet:") == len(DATASETS)
    assert text.count("Ready here") == len(OFFLINE)
    # Where it was measured, that is said beside what is assumed of its kind.
    assert text.count("of its images: ") == len(set(DATASETS) & set(similarity.references())) == 5
    assert "Measured on 500 of its images: 1.00" in text
    assert "Can be downloaded · 825 MB" in text
    assert not app.exception


def test_every_dataset_has_a_picture_and_a_drawing_is_called_one():
    app = open_page()
    pictures = app.get("image")
    assert len(pictures) == len(DATASETS)
    assert words(app).count("Drawn by Thaw") == len(ONLINE)
    assert "first read here" not in words(app)


def test_only_what_is_ready_here_is_shown_on_request():
    app = open_page()
    app.segmented_control(state.CATALOGUE_FILTER).set_value("ready").run()
    assert "**Cats and dogs**" not in words(app)
    assert "**Solar cells**" in words(app)


def test_using_a_dataset_chooses_it_on_every_page():
    app = open_page()
    assert app.button("use_openmoji_animals_food").disabled
    app.button("use_elpv").click().run()
    assert app.session_state[state.DATASET] == "elpv"
    assert app.selectbox(state.DATASET).value == "elpv"
    assert app.button("use_elpv").disabled
    assert not app.button("use_openmoji_animals_food").disabled


def test_the_code_of_cats_and_dogs_slices_and_the_page_says_how_a_run_splits():
    app = open_page()
    code = next(each.value for each in app.code if '"cats_vs_dogs"' in each.value)
    for part in ("train[:80%]", "train[80%:90%]", "train[90%:]"):
        assert f'"{part}"' in code
    compile(code, "code", "exec")
    assert "A run in Thaw splits the list of images instead" in words(app)


@pytest.mark.parametrize(("spec", "config"), [(CATS, ""), (DATASETS["eurosat"], "rgb")])
def test_what_was_downloaded_is_ready_and_has_a_picture(spec, config):
    prepared(spec, config)
    picture = download_status.picture_file(spec)
    picture.parent.mkdir(parents=True)
    Image.new("RGB", (384, 192)).save(picture)
    app = open_page()
    assert words(app).count("Ready here") == len(OFFLINE) + 1
    # Its own images stand there instead of the drawing.
    assert len(app.get("image")) == len(DATASETS)
    assert words(app).count("Drawn by Thaw") == len(ONLINE) - 1
    app.button(f"use_{spec.id}").click().run()
    assert app.session_state[state.DATASET] == spec.id


def test_another_version_and_a_half_written_one_are_not_ready():
    for name in ("3.0.0", f"incomplete.ABC_{CATS.version}"):
        folder = download_status.data_folder() / CATS.id / name
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text("{}")
    (download_status.data_folder() / CATS.id / CATS.version).mkdir()
    assert words(open_page()).count("Ready here") == len(OFFLINE)


def test_without_a_network_nothing_can_be_downloaded(hosts):
    hosts.remove(CATS.host)
    app = open_page()
    assert "No network · 825 MB" in words(app)
    assert app.button("download_cats_vs_dogs").disabled
    assert CATS.host in app.button("download_cats_vs_dogs").help
    assert not app.button("download_beans").disabled
    hosts.clear()
    assert words(app.run()).count("No network") == len(ONLINE)


def test_without_enough_disk_space_nothing_can_be_downloaded(monkeypatch):
    monkeypatch.setattr(download_status, "free_mb", lambda: 2_000)
    app = open_page()
    assert "Not enough disk space · 825 MB" in words(app)
    assert "2.7 GB" in app.button("download_cats_vs_dogs").help
    assert not app.button("download_beans").disabled


def test_a_download_is_asked_of_a_worker_once_and_every_reader_sees_it(asked):
    app, other = open_page(), open_page()
    app.button("download_beans").click().run()
    other.run()
    other_buttons = [each.key for each in other.button]
    assert "download_beans" not in other_buttons
    assert "cancel_beans" in other_buttons
    assert [(each.task, each.arguments) for each in asked] == [
        ("lib.training.sources.download_process:start", {"dataset": "beans"})
    ]


def test_a_refusal_is_one_sentence_and_a_next_step_for_everybody(asked):
    app = open_page()
    app.button("download_beans").click().run()
    asked[0].state, asked[0].error = "failed", DataError("It cannot be reached.", "Connect.")
    for page in (app.run(), open_page()):
        assert [each.value for each in page.warning] == ["It cannot be reached.\n\nConnect."]
    app.button("download_beans").click().run()
    assert len(asked) == 2
    assert not app.warning


@pytest.fixture
def going_on() -> Any:
    """A download by some process."""
    lock = download_status.lock_file(CATS.id)
    lock.parent.mkdir(parents=True)
    download_status.note(CATS.id, Progress("Downloading, 206 of 825 MB", 206, 825))
    with file_lock.only_one(lock):
        yield


@pytest.mark.usefixtures("going_on")
def test_a_download_of_another_process_is_followed_and_can_be_cancelled():
    app = open_page()
    bar = next(each for each in app.get("progress"))
    assert bar.proto.text == "Downloading, 206 of 825 MB"
    assert bar.proto.value == 24  # percent, 206 of 825
    app.button("cancel_cats_vs_dogs").click().run()
    assert download_status.is_cancelled(CATS.id)
    assert "Cancelling" in words(app)
    assert not app.get("progress")


@pytest.mark.parametrize("other", ["beans", "eurosat"])
@pytest.mark.usefixtures("going_on")
def test_cancelling_one_download_leaves_the_others_alone(other):
    open_page()
    download_status.ask_to_cancel(other)
    assert not download_status.is_cancelled(CATS.id)
    assert not download_status.download_folder(other).exists()


def test_a_download_that_was_interrupted_says_so_and_can_be_started_again():
    download_status.note(CATS.id, Progress("Downloading, 206 of 825 MB", 206, 825))
    app = open_page()
    assert "The download was interrupted." in app.warning[0].value
    assert not app.button("download_cats_vs_dogs").disabled
