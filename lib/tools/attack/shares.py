"""What one reader can take of the machine: memory, turns, disk, answers."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from lib.core import limits, runs
from lib.core.images import samples
from lib.core.lab import bundle, command
from lib.core.lab.folder import RunWriter
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.tools.attack import target as targets
from lib.tools.attack.registry import attack, hold
from lib.tools.attack.target import Target
from lib.tools.attack.visitor import Visitor, new_reader
from lib.ui import state

CURVES, LAB, PREDICT, STRATEGY = "learning_curves", "training_lab", "predict", "strategy"
# 1.3 billion parameters in the head alone.
HUGE = {"image_size": 512, "pooling": "flatten", "hidden_units": 4_096}
TOO_LARGE = "GB of memory, and a run on this machine may use"
# What one session queued in twelve seconds.
RUNS_AT_ONCE = 40
SESSIONS = 12
DATASET = "openmoji_animals_food"
TOO_MANY_QUESTIONS = "questions that wait for an answer"


@attack()
def a_run_larger_than_the_machine(target: Target) -> str:
    """A run of 1.3 billion parameters, by a link to its settings and from the command line."""
    config = runs.make_config(strategy="feature_extraction", **HUGE)  # type: ignore[arg-type]
    store = RunStore(target.home / "runs")
    RunWriter(store.folder(runs.run_id(config)), config).finish({"status": "cancelled"})
    with Visitor(target, LAB, f"run={runs.run_id(config)}", reader=new_reader()).open() as page:
        hold(TOO_LARGE in page.text(), "The lab does not refuse it.")
        page.click(state.START)
        hold(TOO_LARGE in page.text(), "A forged click on Start is not refused.")
    written = target.home.parent / "huge"
    settings = {name.replace("_", "-"): value for name, value in HUGE.items()}
    settings |= {"backbone": config.backbone, "dataset": config.dataset, "out": written}
    settings |= {"strategy": config.strategy}
    asked = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "lib.training.run", *asked],
        cwd=targets.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    hold(done.returncode == 2, f"The command line ends with {done.returncode}.")
    hold(len(done.stderr.splitlines()) == 1, f"The command line says {done.stderr[-500:]}")
    hold(TOO_LARGE in done.stderr, f"The command line says {done.stderr}")
    hold(not written.exists(), "Something was written.")
    return " ".join(done.stderr.split())


@attack(short=False)
def a_sweep_larger_than_the_machine(target: Target) -> str:
    """All strategies are run where no run has room in memory: none of them may start."""
    with _other(target, "sweep", "room, memory_mb=300") as server:
        # A number of images for which no run ships with Thaw.
        with Visitor(server, STRATEGY, "images=33", reader=new_reader()).open() as page:
            page.click(state.STRATEGY_COMPARE)
            hold(TOO_LARGE in page.text(), "The page does not refuse it.")
            hold("tried=" not in page.query, "Runs were started.")
        hold(not _num_runs(server), "A run has begun.")
    return "refused in a sentence, nothing started"


@attack(short=False)
def forty_runs_of_one_reader(target: Target) -> str:
    """One reader presses Start for forty runs, in one session after the other."""
    mallory, refused = new_reader(), 0
    with _other(target, "queue", "room") as server:
        for first in range(0, RUNS_AT_ONCE, 10):
            with Visitor(server, LAB, reader=mallory).open() as page:
                for seed in range(first, first + 10):
                    page.set("seed", 1_000 + seed)
                    page.click(state.START)
                    refused += "runs that have not ended, and there is room for" in page.text()
        with Visitor(server, LAB, reader=new_reader()).open() as page:
            page.set("seed", 2_000)
            page.click(state.START)
            hold("there is room for" not in page.text(), "Another reader finds no room.")
    most = limits.ROOM.runs_waiting_each
    # Some may have ended meanwhile on a fast machine.
    hold(refused >= RUNS_AT_ONCE - 2 * most, f"Only {refused} of {RUNS_AT_ONCE} are refused.")
    return f"{refused} of {RUNS_AT_ONCE} refused in a sentence; another reader starts one"


@attack()
def imports_without_number(target: Target) -> str:
    """One reader imports one forged run after the other; a stranger then imports one."""
    most, mallory = 3, new_reader()
    with _other(target, "imports", f"room, imports_each={most}") as server:
        for seed in range(most + 3):
            with Visitor(server, CURVES, reader=mallory).open() as page:
                page.upload(state.IMPORT_RUN, [("run.zip", _exported(seed))])
                refused = "You have imported 3 runs, and there is room for 3" in page.text()
                hold(refused == (seed >= most), f"Import {seed + 1}: refused is {refused}.")
        hold(_num_runs(server) == most, f"There are {_num_runs(server)} runs.")
        with Visitor(server, CURVES, reader=new_reader()).open() as page:
            page.upload(state.IMPORT_RUN, [("run.zip", _exported(100))])
        hold(_num_runs(server) == most + 1, "Another reader finds no room.")
    return f"{most} stored, the others refused in a sentence; another reader imports one"


@attack()
def a_disk_that_is_nearly_full(target: Target) -> str:
    """Runs are started and imported while less of the disk is free than Thaw leaves free."""
    with _other(target, "disk", f"room, free_mb={10**9}") as server:
        with Visitor(server, LAB, reader=new_reader()).open() as page:
            page.set("seed", 3_000)
            page.click(state.START)
            hold("MB left, and Thaw leaves" in page.text(), "The run is not refused.")
        with Visitor(server, CURVES, reader=new_reader()).open() as page:
            page.upload(state.IMPORT_RUN, [("run.zip", _exported(1))])
            hold("MB left, and Thaw leaves" in page.text(), "The import is not refused.")
        hold(not _num_runs(server), "Something was stored.")
    return "both refused in a sentence, nothing stored"


@attack(short=False)
def questions_of_one_reader(target: Target) -> str:
    """One reader asks for predictions in many sessions at once; a stranger asks for one."""
    mallory, sessions, refused = new_reader(), [], 0
    with _other(target, "questions", "room, questions_each=4") as server:
        try:
            for _ in range(SESSIONS):
                sessions.append(_asking(server, mallory))
                refused += TOO_MANY_QUESTIONS in sessions[-1].text()
            sessions.append(_asking(server, new_reader()))
            hold(TOO_MANY_QUESTIONS not in sessions[-1].text(), "Another reader finds no room.")
        finally:
            for page in sessions:
                page.close()
    hold(refused, "All of them wait.")
    return f"{refused} of {SESSIONS} refused in a sentence; another reader's waits its turn"


# --- What the attacks share -----------------------------------------------------------------------


@contextmanager
def _other(target: Target, name: str, figures: str) -> Iterator[Target]:
    """A server with limits of its own, beside the one that is attacked."""
    folder = target.home.parent / name
    with targets.running(folder, settings={limits.VARIABLE: figures}) as server:
        yield server


def _asking(server: Target, reader: str) -> Visitor:
    """A session that asks for a prediction of an image of its own."""
    page = Visitor(server, PREDICT, reader=reader).open()
    image = samples.sample_paths(DATASET)["animal"][0]
    page.upload(f"{state.PREDICT_OWN}_file", [(image.name, image.read_bytes())])
    return page


def _num_runs(server: Target) -> int:
    folder = server.home / "runs"
    return sum(runs.is_run_id(path.name) for path in folder.iterdir()) if folder.exists() else 0


def _exported(seed: int) -> bytes:
    """The file of a run that nobody has trained."""
    config = runs.make_config(strategy="feature_extraction", seed=4_000 + seed)
    source = RunStore().open(runs.run_id(_recorded()))
    assert source
    result = dict(source.result) | {"run_id": runs.run_id(config)}
    result |= {"command": command.command(config)}
    files = {"config.json": asdict(config), "result.json": result}
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle.export_run(source))) as before,
        zipfile.ZipFile(content, "w") as archive,
    ):
        for name in before.namelist():
            other = files.get(name)
            archive.writestr(name, json.dumps(other) if other else before.read(name))
    return content.getvalue()


def _recorded() -> TrainConfig:
    """A run that ships with Thaw."""
    return runs.make_config(strategy="feature_extraction", seed=runs.RECORDED_SEED)
