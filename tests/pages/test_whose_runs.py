"""A run is its reader's: others read its numbers, and neither end, name, note nor delete it."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib.core import runs
from lib.core.lab import bundle, command, lecturer, owner
from lib.core.lab.folder import RunMeta
from lib.core.lab.lecturer import Lecturer
from lib.core.lab.store import RunStore
from lib.core.runs import Run, TrainConfig
from lib.core.uploads import own_datasets
from lib.jobs import folders
from lib.ui import cache, state
from lib.ui.uploads import rights
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
KEYS = {"Anna": "A" * 43, "Bert": "B" * 43, "Lena": "L" * 43}
OF_ITS_READER = (state.SAVE_RUN, state.DELETE_RUN)


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Lecturer:
    """The key of this server; no run of another store."""
    cache.stored_run.clear()
    monkeypatch.setattr(lecturer, "HERE", Lecturer())
    return lecturer.HERE


def hash_of(reader: str) -> str:
    return own_datasets.hashed(KEYS[reader])


def config(seed: int = 7) -> TrainConfig:
    return runs.make_config(strategy="feature_extraction", seed=seed)


def finished(reader: str = "", seed: int = 7) -> Run:
    """A run that a reader has trained here; nobody's where nobody is named."""
    source = RunStore().open(runs.run_id(config(runs.RECORDED_SEED)))
    assert source
    folder = RunStore().folder(runs.run_id(config(seed)))
    shutil.copytree(source.folder, folder)
    (folder / "config.json").write_text(json.dumps(asdict(config(seed))), "utf-8")
    result = json.loads((folder / "result.json").read_text("utf-8"))
    result |= {"run_id": folder.name, "command": command.command(config(seed))}
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    if reader:
        owner.give(folder, hash_of(reader))
    run = RunStore().open(folder.name)
    assert run
    return run


def imported(reader: str = "Anna", seed: int = 7, accuracy: float | None = None) -> Run:
    """A run that a reader has imported."""
    run = finished(seed=seed)
    content = bundle.export_run(run)
    RunStore().delete(run.id)
    return bundle.import_run(content, RunStore(), reader=hash_of(reader) if reader else "")


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


def in_link(app: AppTest) -> str:
    value = app.query_params[state.RUN]
    return value[0] if isinstance(value, list) else value


def keys(app: AppTest) -> list[str | None]:
    return [each.key for each in [*app.button, *app.text_input, *app.toggle]]


def all_text(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.text, *app.warning, *app.subheader]
    return " ".join(each.value for each in parts)


def options(app: AppTest) -> str:
    return " ".join(app.multiselect(key=state.CHOSEN_RUNS).options)


def somebody_elses(app: AppTest) -> bool:
    return "This run belongs to another reader" in all_text(app)


# --- What a stranger does to it -------------------------------------------------------------------


def test_only_its_reader_names_and_deletes_a_run_and_others_read_its_numbers() -> None:
    run = finished("Anna")
    RunStore().rename(run.id, name="Anna's best", note="a private thought")
    own = open_page("learning_curves", "Anna", run=run.id)
    assert set(OF_ITS_READER) <= set(keys(own))
    assert "a private thought" in all_text(own)
    assert "Anna's best" in options(own)
    for reader in ("Bert", ""):
        other = open_page("learning_curves", reader, run=run.id)
        assert somebody_elses(other)
        assert not set(OF_ITS_READER) & set(keys(other))
        assert "a private thought" not in all_text(other)
        assert "Anna's best" not in options(other)
        assert [each.value for each in other.subheader] == [each.value for each in own.subheader]


def test_a_button_that_was_drawn_before_the_run_was_anothers_does_nothing_afterwards() -> None:
    run = finished()
    app = open_page("learning_curves", "Bert", run=run.id)
    app.text_input(key=f"{state.RUN_NAME}_{run.id}").set_value("mine now")
    owner.give(run.folder, hash_of("Anna"))
    app.button(key=state.SAVE_RUN).click().run()
    assert somebody_elses(app)
    assert RunStore().meta(run.id) == RunMeta()


def test_a_dialog_that_was_opened_before_deletes_nothing_afterwards() -> None:
    run = finished()
    app = open_page("learning_curves", "Bert", run=run.id)
    app.button(key=state.DELETE_RUN).click().run()
    owner.give(run.folder, hash_of("Anna"))
    app.button(key=state.DELETE_SURELY).click().run()
    assert not app.exception
    assert RunStore().open(run.id)


def test_only_its_reader_ends_a_run_that_goes_on() -> None:
    run_id = cache.client().submit(config(), owner=hash_of("Anna"))
    for reader, may in (("Anna", True), ("Bert", False), ("", False)):
        app = open_page("training_lab", reader, run=run_id)
        assert (state.CANCEL in keys(app)) is may
        assert not app.warning


def test_cancel_all_ends_only_what_is_the_readers_own() -> None:
    anna, bert = (
        cache.client().submit(config(seed), owner=hash_of(reader))
        for seed, reader in ((1, "Anna"), (2, "Bert"))
    )
    stranger = open_page("strategy", "Lena", tried=f"{anna},{bert}")
    assert state.STRATEGY_CANCEL not in keys(stranger)
    app = open_page("strategy", "Bert", tried=f"{anna},{bert}")
    app.button(key=state.STRATEGY_CANCEL).click().run()
    assert not app.exception
    states = [cache.client().progress(each) for each in (anna, bert)]
    assert [each.state for each in states if each] == ["starting", "cancelled"]


def test_a_run_that_ended_in_the_middle_keeps_its_epochs_and_is_started_again_as_it_was() -> None:
    run = finished("Anna")
    (run.folder / "result.json").unlink()
    app = open_page("training_lab", "Anna", run=run.id)
    assert not app.exception
    (said,) = [warning.value for warning in app.warning]
    assert said.startswith("Interrupted. Thaw was closed in the middle of this run.")
    assert "Start it again" in said
    assert app.get("plotly_chart")
    assert state.CANCEL not in keys(app)
    app.button(key=state.START).click().run()
    assert not app.warning
    assert in_link(app) == run.id
    assert state.CANCEL in keys(app)


def test_a_stored_run_is_trained_again_live_in_its_place_and_only_by_its_reader() -> None:
    run = finished("Anna")
    assert state.RUN_AGAIN not in keys(open_page("training_lab", "Bert", run=run.id))
    app = open_page("training_lab", "Anna", run=run.id)
    app.button(key=state.RUN_AGAIN).click().run()
    assert not app.exception
    assert in_link(app) == run.id
    assert state.CANCEL in keys(app)
    assert not (run.folder / "result.json").exists()
    going_on = cache.client().progress(run.id)
    assert going_on
    assert (going_on.state, going_on.history) == ("starting", ())
    whose = cache.client().owner(run.id)
    assert whose
    assert whose.reader == hash_of("Anna")


def test_whoever_starts_a_run_on_a_page_is_its_reader() -> None:
    app = open_page("training_lab", "Anna")
    app.button(key=state.START).click().run()
    run_id = in_link(app)
    whose = cache.client().owner(run_id)
    assert whose
    assert whose.reader == hash_of("Anna")
    # One who has no key yet is given one.
    new = open_page("training_lab")
    new.number_input(key="seed").set_value(11).run()
    new.button(key=state.START).click().run()
    whose = cache.client().owner(in_link(new))
    assert whose
    assert whose.reader == own_datasets.hashed(new.session_state[state.READER])


def test_two_tabs_of_one_browser_become_one_reader_with_all_their_runs() -> None:
    run, going_on = finished("Bert"), cache.client().submit(config(9), owner=hash_of("Bert"))
    cache.client().hand_over(hash_of("Bert"), hash_of("Anna"))
    for id_ in (run.id, going_on):
        whose = cache.client().owner(id_)
        assert whose
        assert whose.reader == hash_of("Anna")


def test_the_file_of_a_run_goes_to_others_without_its_note(monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished("Anna")
    RunStore().rename(run.id, note="a private thought")
    exported: list[bool] = []
    monkeypatch.setattr(
        bundle, "export_run", lambda run, with_meta: exported.append(with_meta) or b""
    )
    offered: list[object] = []
    download = st.download_button

    def offer(label: str, data: object, **options: object) -> bool:
        offered.append(data)
        return download(label, data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(st, "download_button", offer)
    for reader in ("Anna", "Bert"):
        offered.clear()
        open_page("learning_curves", reader, run=run.id)
        offered[0]()  # type: ignore[operator]
    assert exported == [True, False]


def test_what_its_reader_shares_others_read_until_it_is_taken_back() -> None:
    run, _ = finished("Anna"), finished("Bert", seed=8)
    RunStore().rename(run.id, name="Anna's best", note="read this")
    app = open_page("learning_curves", "Anna", run=run.id)
    app.toggle(key=f"{state.SHARE_RUN}_{run.id}").set_value(True).run()
    other = open_page("learning_curves", "Bert", run=run.id)
    assert "read this" in all_text(other)
    assert "Anna's best" in options(other)
    assert somebody_elses(other)
    app.toggle(key=f"{state.SHARE_RUN}_{run.id}").set_value(False).run()
    assert "read this" not in all_text(open_page("learning_curves", "Bert", run=run.id))


# --- The lecturer ---------------------------------------------------------------------------------


def test_whoever_has_the_key_of_the_server_looks_after_all_runs(server: Lecturer) -> None:
    run, _ = finished("Anna"), finished("Bert", seed=8)
    going_on = cache.client().submit(config(9), owner=hash_of("Anna"))
    app = open_page("learning_curves", "Lena", run=run.id)
    assert somebody_elses(app)
    app.text_input(key=state.LECTURER_KEY).set_value("0000-0000-0000-0000").run()
    assert "This is not the key of this server" in all_text(app)
    assert somebody_elses(app)
    app.text_input(key=state.LECTURER_KEY).set_value(server.key).run()
    assert "You look after all runs here." in all_text(app)
    assert set(OF_ITS_READER) <= set(keys(app))
    assert server.key not in str(app.query_params)
    assert state.CANCEL in keys(open_page("training_lab", "Lena", run=going_on))
    assert state.CANCEL not in keys(open_page("training_lab", "Bert", run=going_on))
    app.button(key=state.DELETE_RUN).click().run()
    app.button(key=state.DELETE_SURELY).click().run()
    assert RunStore().open(run.id) is None


# --- Runs of before, and one reader on a laptop ---------------------------------------------------


@pytest.mark.parametrize("reader", ["Anna", ""])
def test_on_a_laptop_its_one_reader_notices_nothing(reader: str) -> None:
    run = finished()
    RunStore().rename(run.id, name="from before", note="an old note")
    app = open_page("learning_curves", reader, run=run.id)
    assert "an old note" in all_text(app)
    assert set(OF_ITS_READER) <= set(keys(app))
    assert state.LECTURER_KEY not in keys(app)
    assert f"{state.SHARE_RUN}_{run.id}" not in keys(app)
    app.button(key=state.DELETE_RUN).click().run()
    app.button(key=state.DELETE_SURELY).click().run()
    assert RunStore().open(run.id) is None


def test_a_run_of_before_is_read_by_all_and_looked_after_by_none_of_several() -> None:
    run = finished()
    RunStore().rename(run.id, note="an old note")
    finished("Anna", seed=8)
    app = open_page("learning_curves", "Bert", run=run.id)
    assert "an old note" in all_text(app)
    assert not set(OF_ITS_READER) & set(keys(app))
    assert state.LECTURER_KEY in keys(app)
    # Of those who are here, Anna is the only one who has anything.
    assert set(OF_ITS_READER) <= set(keys(open_page("learning_curves", "Anna", run=run.id)))


class Headers:
    """What `st.context` says of a request."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self.cookies: dict[str, str] = {}


@pytest.mark.parametrize(
    ("headers", "address", "alone"),
    [
        ({"Host": "127.0.0.1:8501"}, "127.0.0.1", True),
        ({"Host": "localhost:8501"}, "127.0.0.1", True),
        ({"Host": "[::1]:8501"}, "::1", True),
        ({"Host": "127.0.0.1:8501"}, "0.0.0.0", False),
        ({"Host": "127.0.0.1:8501"}, None, False),
        ({"Host": "thaw.example.org"}, "127.0.0.1", False),
        ({"Host": "localhost:8501", "X-Forwarded-For": "10.0.0.7"}, "127.0.0.1", False),
        ({"Host": "localhost:8501", "Forwarded": "for=10.0.0.7"}, "127.0.0.1", False),
    ],
)
def test_nobody_is_alone_on_a_server_that_others_can_reach(
    headers: dict[str, str], address: str | None, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "context", Headers(headers))
    monkeypatch.setattr(st, "get_option", lambda name: address)
    assert rights.is_alone() is alone


def test_who_has_only_images_of_their_own_here_is_a_reader_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert rights.is_alone()
    monkeypatch.setattr(own_datasets, "all_datasets", lambda: [replace_owner("Anna")])
    assert not rights.is_alone()


def replace_owner(reader: str) -> own_datasets.OwnDataset:
    made = own_datasets.OwnDataset("images-0", "", "", "", "", (), (), 0, 0.0)
    return replace(made, owner=hash_of(reader))


# --- What came as a file --------------------------------------------------------------------------


def test_an_imported_run_is_in_its_importers_lists_alone_and_says_what_it_is() -> None:
    run = imported("Anna")
    RunStore().rename(run.id, name="a forged result")
    assert "a forged result" in options(open_page("learning_curves", "Anna"))
    for reader in ("Bert", ""):
        for page, key in (("predict", state.PREDICT_RUN),):
            offered = open_page(page, reader).selectbox(key=key).options
            assert not [each for each in offered if run.id in each or "forged" in each]
        app = open_page("learning_curves", reader, run=run.id)
        assert "imported from a file and not trained here" in all_text(app)
        assert somebody_elses(app)
        assert run.id not in [
            each.id for each in rights.listed(RunStore().summaries()) if not each.recorded
        ]
    lab = open_page("training_lab", "Bert", run=run.id)
    assert "imported from a file and not trained here" in all_text(lab)


def test_a_shared_import_is_in_the_lists_of_others() -> None:
    run = imported("Anna")
    RunStore().rename(run.id, name="from another school")
    assert "from another school" not in options(open_page("learning_curves", "Bert"))
    owner.share(run.folder, True)
    assert "from another school" in options(open_page("learning_curves", "Bert"))


def describe(lab: AppTest, wanted: TrainConfig) -> None:
    """Set the controls to the settings of a run instead of the recommended ones."""
    keys = {
        "num_images": f"{state.NUM_IMAGES}_{wanted.dataset}",
        "image_size": f"{state.IMAGE_SIZE}_{wanted.backbone}",
    }
    first = ("head_solver", "num_images")  # Other controls follow these two.
    for name in (*first, *asdict(wanted)):
        for field in (*lab.number_input, *lab.selectbox):
            if field.key == keys.get(name, name) and field.value != getattr(wanted, name):
                field.set_value(getattr(wanted, name)).run()
                break


def test_an_import_never_stands_in_for_the_run_that_another_reader_wants_to_train() -> None:
    came = imported("Anna", seed=42)
    for reader in ("Bert", "Anna"):
        lab = open_page("training_lab", reader)
        lab.segmented_control(key=state.STRATEGY).set_value("feature_extraction").run()
        describe(lab, config(42))
        assert lab.button(key=state.START).label.startswith("Start run, about ")
    lab.button(key=state.START).click().run()
    run_id = in_link(lab)
    assert run_id == runs.run_id(config(42)) != came.id
    now = cache.client().progress(run_id)
    assert now
    assert not now.ended
    assert RunStore().open(came.id)


def test_an_import_of_before_makes_way_for_the_run_that_somebody_trains() -> None:
    run = finished(seed=42)
    RunStore().rename(run.id, name="theirs")
    (run.folder / "meta.json").write_text('{"name": "theirs", "note": "", "imported": true}')
    lab = open_page("training_lab", "Bert", run=run.id)
    assert "imported from a file and not trained here" in all_text(lab)
    assert lab.button(key=state.START).label.startswith("Start run, about ")
    lab.button(key=state.START).click().run()
    now = cache.client().progress(run.id)
    assert now
    assert not now.ended
    # Before it begins, as the keeper of the runs does.
    folders.prepare(RunStore(), run.id, hash_of("Bert"))
    moved = [each for each in RunStore().summaries() if not each.recorded]
    assert [(each.meta.name, each.meta.imported) for each in moved] == [("theirs", True)]
    assert moved[0].id != run.id


def test_what_a_killed_import_left_is_gone_with_the_next_start(tmp_path: Path) -> None:
    half = tmp_path / "runs" / ".import-abc"
    half.mkdir(parents=True)
    os.utime(half, (1_000, 1_000))
    cache.client()
    assert list((tmp_path / "runs").iterdir()) == []


def test_an_import_beside_a_run_of_the_same_settings_is_told_from_it() -> None:
    came = imported("Anna", seed=42)
    run = finished("Anna", seed=42)
    app = open_page("learning_curves", "Anna", runs=f"{run.id},{came.id}")
    table = next(each.value for each in app.table if "Origin" in each.value.columns)
    assert list(table["Origin"]) == ["trained here", "imported"]
    titles = [each.value for each in open_page("strategy", "Anna", tried=came.id).markdown]
    assert [each for each in titles if each.endswith("**, imported")]
