"""What the tests of lib.jobs share: configurations for the trainers, and waiting."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib.core.lab.progress import Progress
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.jobs.client import Client
from lib.jobs.questions import Question

TRAINER = "trainers:train"
# When a test gives up waiting for what will never be; a busy machine is no failure.
PATIENCE_S = 120.0
PROJECT = Path(__file__).resolve().parents[2]
# Workers find the project and the trainers by it.
PYTHONPATH = os.pathsep.join([str(PROJECT), str(Path(__file__).parent)])


def config(trainer: str, seed: int = 1, num_epochs: int = 1) -> TrainConfig:
    """A configuration that a trainer of trainers.py takes."""
    return TrainConfig(
        backbone=trainer,
        dataset="none",
        num_images=1,
        image_size=32,
        strategy="feature_extraction",
        thaw_from="",
        head_epochs=num_epochs,
        fine_tune_epochs=0,
        head_learning_rate=1e-3,
        fine_tune_learning_rate=0.0,
        batch_size=8,
        batch_norm="frozen",
        seed=seed,
        data_fingerprint="none/1",
    )


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"not within {PATIENCE_S:g} s"
        time.sleep(0.005)


def ended(client: Client, run_id: str) -> Progress:
    """The progress of a run once it has ended."""
    until(lambda: now(client, run_id).ended)
    return now(client, run_id)


def now(client: Client, run_id: str) -> Progress:
    """The progress of a run that there is."""
    progress = client.progress(run_id)
    assert progress
    return progress


def answered(question: Question) -> Question:
    """A question once it has ended."""
    until(lambda: question.ended)
    return question


def deep(client: Client, run_id: str) -> bool:
    """Whether a run of "endless" or "stone" is in what has no end, its epoch behind it."""
    inside = ["deep", run_id] in (call[:2] for call in calls(client.store))
    return inside and bool(now(client, run_id).history)


def calls(store: RunStore) -> list[list[str]]:
    """What the trainers noted: begin or end, run id, process id."""
    path = store.root / "calls.txt"
    return [line.split() for line in path.read_text("utf-8").splitlines()] if path.exists() else []


@contextmanager
def environment(home: Path) -> Iterator[None]:
    """THAW_HOME for one client and its engine, and the way to the trainers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_HOME", str(home))
        patch.setenv("PYTHONPATH", PYTHONPATH)
        patch.delenv("THAW_SCHEDULER", raising=False)
        patch.delenv("THAW_WORKERS", raising=False)
        yield


@contextmanager
def running_client(home: Path) -> Iterator[Client]:
    """A client with an engine of its own that ends with the test."""
    with environment(home):
        client = Client(trainer=TRAINER)
        try:
            yield client
        finally:
            client.close()
