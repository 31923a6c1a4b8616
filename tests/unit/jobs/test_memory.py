"""Runs that need more memory than there is: refused, or ended with a word about why."""

import weakref
from pathlib import Path

import pytest

from lib.core import limits, runs
from lib.core.files.home import thaw_home
from lib.core.lab.store import RunStore
from lib.core.network.too_large import TooLargeError
from lib.jobs import memory, worker
from lib.jobs.client import Client
from tests.unit.jobs.test_worker import Listener
from tests.unit.jobs_support import config, ended, environment, running_client

# The limit of the worker in these tests, several times what it has without TensorFlow.
LIMIT_MB = 600
HUGE = runs.make_config(
    image_size=512, pooling="flatten", hidden_units=4096, strategy="feature_extraction"
)


def test_a_run_that_is_too_large_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "memory_mb=8000")
    with environment(tmp_path):
        client = Client()
        with pytest.raises(TooLargeError, match="This run would need"):
            client.submit(HUGE)
        assert client.progress(runs.run_id(HUGE)) is None
        assert client.engine_pid is None
        client.close()


def test_of_several_runs_all_are_started_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "memory_mb=8000")
    monkeypatch.setattr(Client, "start", lambda self: None)
    with environment(tmp_path):
        client, small = Client(), runs.make_config()
        with pytest.raises(TooLargeError):
            client.submit_all((small, HUGE))
        assert client.progress(runs.run_id(small)) is None
        assert client.submit_all((small, small)) == (runs.run_id(small),) * 2
        client.close()


def test_a_worker_refuses_a_run_that_its_machine_is_too_small_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "memory_mb=100")
    small = runs.make_config(num_images=16, image_size=32, strategy="feature_extraction")
    report = worker._Report(Listener(), runs.run_id(small), "1")
    event = worker._train(small, "1", worker.TRAINER, RunStore(tmp_path), report)
    assert event["state"] == "failed"
    assert "may use 0.1 GB" in event["message"]
    assert event["next_step"]


def test_a_run_that_takes_more_than_a_worker_may_is_ended_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.VARIABLE, f"memory_mb={LIMIT_MB}")
    with running_client(tmp_path) as client:
        id_ = client.submit(config("hungry"))
        last = ended(client, id_)
        assert last.state == "failed"
        assert last.message == (
            "This run came to the limit of 0.6 GB of memory that a run on this machine may use, "
            "and was ended."
        )
        assert last.next_step
        # The epoch before is kept.
        assert len(last.history) == 1
        stored = RunStore(thaw_home() / "runs").open(id_)
        assert stored
        assert (stored.status, len(stored.history)) == ("failed", 1)
        # What comes next has a new worker.
        assert ended(client, client.submit(config("fast"))).state == "finished"


class Ring:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_turns_into_garbage_later_is_collected_once_memory_has_grown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until then nothing but what is new is looked at, which takes milliseconds."""
    monkeypatch.setattr(memory, "_used_bytes", 0)
    kept = Ring()
    left = weakref.ref(kept)
    memory.tidy()
    del kept
    new = Ring()
    gone = weakref.ref(new)
    del new
    memory.tidy()
    assert gone() is None
    assert left() is not None
    grown = b"1" * (2 * memory.GROWTH_BYTES)
    memory.tidy()
    assert left() is None
    del grown
