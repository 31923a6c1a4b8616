"""Runs and images of others: ending, deleting, reading, forging and corrupting them."""

import io
import json
import os
import shutil
import stat
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState

from lib.core import datasets, runs
from lib.core.lab import bundle, command, owner
from lib.core.lab.folder import is_written
from lib.core.lab.owner import RunOwner
from lib.core.lab.store import RunStore
from lib.core.runs import Run, TrainConfig
from lib.core.uploads import own_datasets, retention
from lib.core.uploads.own_datasets import OwnDataset
from lib.tools.attack import target as targets
from lib.tools.attack.registry import NotPossibleError, attack, hold
from lib.tools.attack.target import Target, until
from lib.tools.attack.visitor import PageFailedError, Visitor, new_reader
from lib.ui import state

CURVES, LAB, STRATEGY = "learning_curves", "training_lab", "strategy"
SECRET = "a private thought"
# Between the two servers that are asked for one run.
SECONDS_APART = 1.5
# Longer than a short run takes on a busy machine, with the start of the engine.
TRAINING_S = 600.0


def _config(seed: int) -> TrainConfig:
    return runs.make_config(strategy="feature_extraction", seed=seed)


def _finished(target: Target, seed: int, key: str) -> Run:
    """A run of a reader in the store of the server, with a note."""
    source = RunStore().open(runs.run_id(_config(runs.RECORDED_SEED)))
    assert source
    store, config = RunStore(target.home / "runs"), _config(seed)
    folder = store.folder(runs.run_id(config))
    shutil.copytree(source.folder, folder)
    (folder / "config.json").write_text(json.dumps(asdict(config)), "utf-8")
    result = dict(source.result) | {"run_id": folder.name, "command": command.command(config)}
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    owner.write_owner(folder, RunOwner(own_datasets.hashed(key)))
    store.rename(folder.name, name="Anna's", note=SECRET)
    run = store.open(folder.name)
    assert run
    return run


@attack()
def deleting_the_run_of_another(target: Target) -> str:
    """A stranger with the link deletes and renames a finished run, by forged clicks too."""
    anna, store = new_reader(), RunStore(target.home / "runs")
    run = _finished(target, 101, anna)
    with Visitor(target, CURVES, f"run={run.id}", reader=anna).open() as page:
        ids = [page.widget(key)[1].id for key in (state.SAVE_RUN, state.DELETE_RUN)]
        name = page.widget(f"{state.RUN_NAME}_{run.id}")[1].id
        hold(SECRET in page.text(), "Its reader does not see the note.")
    with Visitor(target, CURVES, f"run={run.id}", reader=new_reader()).open() as page:
        hold(SECRET not in page.text(), "A stranger reads the note.")
        hold("Anna" not in page.text(), "A stranger reads the name.")
        for key in (state.SAVE_RUN, state.DELETE_RUN):
            hold(not page.has(key), f"A stranger is offered {key}.")
        for id_ in ids:
            page.run(
                WidgetState(id=name, string_value="mine"), WidgetState(id=id_, trigger_value=True)
            )
        if page.has(state.DELETE_SURELY):
            page.click(state.DELETE_SURELY)
    hold(store.open(run.id), "The run was deleted.")
    hold(store.meta(run.id).note == SECRET, "The note was overwritten.")
    return "a stranger sees neither note nor button, and forged clicks do nothing"


@attack(short=False)
def ending_the_run_of_another(target: Target) -> str:
    """A stranger with the link cancels a run that goes on, in the lab and under Cancel all."""
    anna = new_reader()
    with _short_run(target, anna) as page:
        run_id = _start(page)
        cancel = page.widget(state.CANCEL)[1].id
        with Visitor(target, LAB, f"run={run_id}", reader=new_reader()).open() as other:
            hold(not other.has(state.CANCEL), "A stranger is offered Cancel.")
            other.run(WidgetState(id=cancel, trigger_value=True))
        with Visitor(target, STRATEGY, f"tried={run_id}", reader=new_reader()).open() as other:
            hold(not other.has(state.STRATEGY_CANCEL), "A stranger is offered Cancel all.")
    folder = target.home / "runs" / run_id
    until(lambda: _result(folder), "the run ends", TRAINING_S)
    status = _result(folder).get("status")
    hold(status == "finished", f"The run is {status}.")
    return "neither button is offered, a forged click does nothing, the run finished"


@attack()
def a_result_that_was_never_trained(target: Target) -> str:
    """A forged result is imported before anybody trains the run; a class then presses Start."""
    config, mallory = _config(102), new_reader()
    content = _exported(target, config, {"test_loss": 0.0001})
    with Visitor(target, CURVES, reader=mallory).open() as page:
        page.upload(state.IMPORT_RUN, [("run.zip", content)])
    (came,) = (run for run in RunStore(target.home / "runs") if run.imported)
    hold(came.id != runs.run_id(config), "It has the id of the run to train.")
    hold(RunStore(target.home / "runs").trained(config) is None, "It counts as trained.")
    with Visitor(target, CURVES, f"run={came.id}", reader=new_reader()).open() as page:
        hold("imported from a file" in page.text(), "It does not say that it was imported.")
    with Visitor(target, CURVES, reader=new_reader()).open() as page:
        hold("imported" not in str(page.widget(state.CHOSEN_RUNS)[1]), "Others find it in a list.")
    return f"it is run {came.id}, marked as imported, and in no list but its importer's"


@attack()
def a_version_that_names_another_index(target: Target) -> str:
    """An imported run whose version of Keras would make pip ask a server of the attacker."""
    config = _config(103)
    hostile = {"versions": {"keras": "3.15.1 --extra-index-url http://127.0.0.1:9/"}}
    content = _exported(target, config, hostile)
    before = len(list((target.home / "runs").iterdir()))
    with Visitor(target, CURVES, reader=new_reader()).open() as page:
        page.upload(state.IMPORT_RUN, [("run.zip", content)])
        hold("cannot be imported" in page.text(), "The file is not refused.")
    hold(len(list((target.home / "runs").iterdir())) == before, "Something of it was stored.")
    return "refused in a sentence, nothing stored"


@attack()
def a_number_of_four_hundred_digits(target: Target) -> str:
    """A stored result holds a number of 400 digits; everybody's list of runs has to open."""
    run = _finished(target, 104, new_reader())
    path = run.folder / "result.json"
    result = json.loads(path.read_text("utf-8")) | {"wall_time_s": 10**400}
    path.write_text(json.dumps(result), "utf-8")
    try:
        for page in (CURVES, LAB):
            with Visitor(target, page, f"run={run.id}").open():
                pass
    except PageFailedError:
        hold(False, f"The page {page} does not open.")
    finally:
        shutil.rmtree(run.folder)
    return "the list opens without it"


@attack(alone=True, short=False)
def two_servers_on_one_home(target: Target) -> str:
    """The same run is started in two servers that share THAW_HOME, 1.5 seconds apart."""
    with (
        targets.running(target.home.parent) as second,
        _short_run(target, new_reader()) as page,
        _short_run(second, new_reader()) as other,
    ):
        run_id = _start(page)
        time.sleep(SECONDS_APART)
        again = _start(other)
        hold(run_id == again, "The servers do not mean the same run.")
        folder = target.home / "runs" / run_id
        until(lambda: _result(folder) and not is_written(folder), "the run ends", TRAINING_S)
        lines = (folder / "history.jsonl").read_text("utf-8").splitlines()
        epochs = [json.loads(line)["epoch"] for line in lines]
        hold(epochs == list(range(1, len(epochs) + 1)), f"The epochs are {epochs}.")
        status = _result(folder).get("status")
        hold(status == "finished", f"The run is {status}.")
        for each in (target, second):
            with Visitor(each, LAB, f"run={run_id}").open() as page:
                until(partial(_shows_result, page), "both servers show the result")
    return f"one history of {len(epochs)} epochs, finished, on both"


@attack(alone=True)
def other_accounts_read_the_home(target: Target) -> str:
    """Another account of the machine reads the runs of a home of before, and of a new one."""
    if os.name == "nt":
        raise NotPossibleError("Windows has no permissions of this kind.")
    before = target.home.parent / "before" / "home"
    picture = before / "runs" / ("0" * 16) / "test_images.webp"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"picture")
    for path in (before, before / "runs", picture.parent, picture):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with targets.running(before.parent) as second, Visitor(second).open():
        open_to_others = _open_to_others(before)
        hold(not open_to_others, f"Others can open {open_to_others[:5]} of a home of before.")
    with Visitor(target, CURVES, reader=new_reader()).open() as page:
        page.upload(state.IMPORT_RUN, [("run.zip", _exported(target, _config(105), {}))])
    open_to_others = _open_to_others(target.home)
    hold(not open_to_others, f"Others can open {open_to_others[:5]} of a new home.")
    count = sum(1 for _ in target.home.rglob("*"))
    return f"{count} files and folders of a new home, and all of a home of before: for their owner"


@attack(alone=True)
def a_clock_that_jumps_forward(target: Target) -> str:
    """The clock is eight days ahead when the server starts and is put right afterwards."""
    anna = new_reader()
    with _at_home(target):
        made = _own_images(own_datasets.hashed(anna))
        about = own_datasets.root() / str((own_datasets.record_of(made.id) or {})["folder"])
        about /= own_datasets.ABOUT
        # What a clock that is ahead does: the last use seems to be long ago.
        ahead = (own_datasets.DAYS_KEPT + 1) * 86_400
        os.utime(about, (time.time() - ahead, time.time() - ahead))
        for page in ("data", LAB):
            with Visitor(target, page, reader=anna).open() as visitor:
                hold("holiday pictures" not in visitor.text(), "They are not hidden.")
        retention.tidy()
        hold(about.is_file(), "The images were deleted.")
        os.utime(about)
        with Visitor(target, LAB, reader=anna).open() as visitor:
            hold("holiday pictures" in visitor.text(), "They do not come back.")
    return "hidden while the clock was ahead, and there again when it was right"


# --- What the attacks share -----------------------------------------------------------------------


def _short_run(target: Target, reader: str) -> Visitor:
    """The lab of a reader, set to a run of four epochs of fine-tuning."""
    page = Visitor(target, LAB, reader=reader).open()
    page.set("fine_tune_epochs", 4)
    return page


def _start(page: Visitor) -> str:
    """Press Start in the lab, which may say "Follow run"; returns the id of the run."""
    page.click(state.START)
    ids = [part.removeprefix("run=") for part in page.query.split("&") if part.startswith("run=")]
    assert ids, page.query
    return ids[0]


def _shows_result(page: Visitor) -> bool:
    page.run()
    return "Test accuracy" in page.text()


def _result(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _exported(target: Target, config: TrainConfig, forged: dict[str, Any]) -> bytes:
    """The file of a run of a configuration that nobody has trained, with false fields."""
    source = RunStore().open(runs.run_id(_config(runs.RECORDED_SEED)))
    assert source
    files = {"config.json": json.dumps(asdict(config)).encode()}
    result = dict(source.result) | {"run_id": runs.run_id(config)}
    result |= {"command": command.command(config), **forged}
    files["result.json"] = json.dumps(result).encode()
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle.export_run(source))) as before,
        zipfile.ZipFile(content, "w") as archive,
    ):
        for name in before.namelist():
            archive.writestr(name, files.get(name) or before.read(name))
    return content.getvalue()


def _open_to_others(folder: Path) -> list[str]:
    return [
        path.relative_to(folder).as_posix()
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


@contextmanager
def _at_home(target: Target) -> Iterator[None]:
    """Be in the THAW_HOME of the server."""
    before = os.environ.get("THAW_HOME")
    os.environ["THAW_HOME"] = str(target.home)
    try:
        yield
    finally:
        del os.environ["THAW_HOME"]
        if before is not None:
            os.environ["THAW_HOME"] = before


def _own_images(reader: str) -> OwnDataset:
    fingerprint = "0f" * 32
    with retention.making() as pictures:
        for name in ("cat", "dog"):
            (pictures / name).mkdir()
            (pictures / name / "1.jpg").write_bytes(b"picture")
        made = OwnDataset(
            id=datasets.OWN_PREFIX + fingerprint[: own_datasets.FINGERPRINT_LENGTH],
            title="holiday pictures",
            owner=reader,
            fingerprint=fingerprint,
            content=fingerprint,
            class_names=("cat", "dog"),
            counts=(12, 12),
            size_bytes=14,
            created=time.time(),
        )
        return retention.publish(pictures, made)
