"""The engine as a process: how it starts, how it ends, and what is left of a run."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from lib.core.errors import EngineError, StoreError
from lib.core.lab.store import RunStore
from lib.core.runs import run_id
from lib.jobs.client import Client
from tests.speeds import thorough_beyond
from tests.unit import trainers
from tests.unit.jobs_support import (
    PATIENCE_S,
    PROJECT,
    PYTHONPATH,
    TRAINER,
    calls,
    config,
    deep,
    ended,
    environment,
    now,
    running_client,
    until,
)

WEB_PROCESS = """
import sys
from lib.jobs.client import Client
from tests.unit import trainers
from tests.unit.jobs_support import TRAINER, config, deep, until

client = Client(trainer=TRAINER)
id_ = client.submit(config(sys.argv[1]))
until(lambda: deep(client, id_))
print(client.engine_pid, flush=True)
sys.stdin.read()
"""


def start_web_process(
    home: Path, trainer: str
) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A process with a run going on; the engine's processes, all of them."""
    web = subprocess.Popen(
        [sys.executable, "-c", WEB_PROCESS, trainer],
        cwd=PROJECT,
        env={**os.environ, "THAW_HOME": str(home), "PYTHONPATH": PYTHONPATH},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert web.stdout
    engine = psutil.Process(int(web.stdout.readline()))
    return web, [engine, *engine.children(recursive=True)]


def end(web: subprocess.Popen[str], *, kill: bool) -> None:
    assert web.stdin
    assert web.stdout
    if kill:
        web.kill()
    web.stdin.close()
    web.wait(timeout=PATIENCE_S)
    web.stdout.close()


@pytest.mark.parametrize(
    ("trainer", "kill"),
    [
        pytest.param("endless", True, id="is killed", marks=pytest.mark.thorough),
        # tests/browser/server.py looks for what each server has left that ended by itself.
        pytest.param("endless", False, id="ends by itself", marks=pytest.mark.thorough),
        pytest.param("stone", True, id="is killed during a call into C"),
    ],
)
def test_nothing_is_left_of_the_engine_when_the_web_process(
    tmp_path: Path, trainer: str, kill: bool
) -> None:
    web, processes = start_web_process(tmp_path, trainer)
    end(web, kill=kill)
    gone, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert len(gone) >= 2
    assert not alive
    # The next web process finds the run interrupted, with the epochs it had.
    seen = Client(RunStore(tmp_path / "runs")).progress(run_id(config(trainer)))
    assert seen
    assert (seen.state, len(seen.history)) == ("interrupted", 1)
    assert seen.message
    assert seen.next_step


@pytest.mark.parametrize("trainer", thorough_beyond(["stone"], ["endless", "stone"]))
def test_an_engine_that_is_killed_interrupts_its_run_and_is_replaced_for_the_next(
    tmp_path: Path, trainer: str
) -> None:
    with running_client(tmp_path) as client:
        id_ = client.submit(config(trainer), owner="one")
        waiting = client.submit(config("fast"), owner="two")
        until(lambda: deep(client, id_))
        first = client.engine_pid
        assert first
        workers = psutil.Process(first).children(recursive=True)
        psutil.Process(first).kill()
        last = ended(client, id_)
        assert (last.state, len(last.history)) == ("interrupted", 1)
        assert "engine" in last.message
        run = client.store.open(id_)
        assert run
        assert run.result["status"] == "interrupted"
        assert ended(client, waiting).state == "finished"
        assert client.engine_pid != first
        _, alive = psutil.wait_procs(workers, timeout=PATIENCE_S)
        assert not alive


@pytest.mark.thorough
def test_an_engine_that_died_while_nothing_was_going_on_is_replaced(tmp_path: Path) -> None:
    with running_client(tmp_path) as client:
        client.start()
        until(client.worker_pids)
        assert client.engine_pid
        engine = psutil.Process(client.engine_pid)
        engine.kill()
        assert ended(client, client.submit(config("fast"))).state == "finished"


@pytest.mark.thorough
def test_an_engine_that_has_lost_a_worker_for_good_is_replaced_as_well(tmp_path: Path) -> None:
    with running_client(tmp_path) as client:
        id_ = client.submit(config("endless"))
        until(lambda: now(client, id_).history)
        assert client._keeper.connection
        client._keeper.connection.tell(trainers.abandon, nanny=True)
        assert ended(client, id_).state == "interrupted"
        assert ended(client, client.submit(config("fast"))).state == "finished"


@pytest.mark.thorough
def test_two_workers_train_two_runs_of_two_owners_and_one_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_client(tmp_path) as client:
        monkeypatch.setenv("THAW_WORKERS", "2")
        mine = client.submit(config("endless", seed=1), owner="me")
        mine_too = client.submit(config("endless", seed=2), owner="me")
        until(lambda: now(client, mine).history)
        assert now(client, mine_too).state == "queued"  # with a worker to spare
        yours = client.submit(config("endless", seed=3), owner="you")
        until(lambda: now(client, yours).history)
        client.cancel(mine)
        until(lambda: now(client, mine_too).history)
        assert not now(client, yours).ended


def test_closing_interrupts_what_is_going_on_and_what_waits(tmp_path: Path) -> None:
    with running_client(tmp_path) as client:
        going = client.submit(config("endless"))
        waiting = client.submit(config("fast"))
        until(lambda: now(client, going).history)
        client.close()
        assert now(client, going).state == now(client, waiting).state == "interrupted"
        run = client.store.open(going)
        assert run
        assert (run.result["status"], len(run.history)) == ("interrupted", 1)
        with pytest.raises(EngineError, match="closed"):
            client.submit(config("fast", seed=2))


def test_a_run_is_cancelled_while_the_engine_starts(tmp_path: Path) -> None:
    with running_client(tmp_path) as client:
        id_ = client.submit(config("endless"))
        assert now(client, id_).message == "Starting the training engine"
        client.cancel(id_)
        assert now(client, id_).state == "cancelled"
        assert ended(client, client.submit(config("fast"))).state == "finished"
        assert not [call for call in calls(client.store) if id_ in call]


def test_a_store_that_cannot_be_written_refuses_the_run_before_anything_starts(
    tmp_path: Path,
) -> None:
    with environment(tmp_path):
        (tmp_path / "runs").write_text("in the way", "utf-8")
        client = Client(trainer=TRAINER)
        with pytest.raises(StoreError) as refused:
            client.submit(config("fast"))
        assert refused.value.next_step
        assert client.engine_pid is None
        assert client.progress(run_id(config("fast"))) is None
        client.close()


@pytest.mark.parametrize("workers", thorough_beyond(["none", "0"], ["none", "0", "-1", "1.5"]))
def test_a_number_of_workers_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    with running_client(tmp_path) as client:
        monkeypatch.setenv("THAW_WORKERS", workers)
        last = ended(client, client.submit(config("fast")))
        assert last.state == "failed"
        assert f"THAW_WORKERS is {workers!r}" in last.message
        assert last.next_step == "Set it to a whole number from 1."


def test_an_engine_that_cannot_start_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_client(tmp_path) as client:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", str(tmp_path / "no python"))
            last = ended(client, client.submit(config("fast")))
        assert last.state == "failed"
        assert "could not be started" in last.message
        assert ended(client, client.submit(config("fast"))).state == "finished"


def test_a_trainer_that_cannot_be_imported_fails_its_run_and_not_the_engine(
    tmp_path: Path,
) -> None:
    with environment(tmp_path):
        client = Client(trainer="no_such_module:train")
        last = ended(client, client.submit(config("fast")))
        client.close()
    assert last.state == "failed"
    assert "no_such_module" in last.message


def test_the_engine_greets_in_one_line_and_ends_with_its_input(tmp_path: Path) -> None:
    with environment(tmp_path):
        engine = subprocess.Popen(
            [sys.executable, "-m", "lib.jobs.engine", "--trainer", TRAINER],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert engine.stdout
        assert engine.stdin
        greeting: dict[str, Any] = json.loads(engine.stdout.readline())
        assert greeting["address"].startswith("tls://127.0.0.1:")
        assert engine.stdout.read() == ""  # nothing else will ever be written
        engine.stdin.close()
        assert engine.wait(timeout=PATIENCE_S) == 0
        engine.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_ctrl_c_in_the_terminal_of_the_web_process_does_not_reach_the_engine(
    tmp_path: Path,
) -> None:
    with running_client(tmp_path) as client:
        client.start()
        until(client.worker_pids)
        assert client.engine_pid
        assert os.getpgid(client.engine_pid) != os.getpgid(0)
        assert signal.getsignal(signal.SIGINT) is not None
