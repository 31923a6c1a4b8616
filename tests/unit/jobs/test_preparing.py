"""A worker prepares what readers are about to start, and every run goes first."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from lib.core.runs import TrainConfig
from lib.jobs import interrupting, preparing
from lib.jobs.client import Client
from lib.jobs.interrupting import Stop
from lib.jobs.preparing import MAX_WANTED, Preparing
from tests.unit import jobs_support as support


class Bench:
    """What is prepared here never ends by itself; it is told when to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[tuple[int, str]] = []
        self.looks = True
        self.enough = threading.Event()
        self.preparing = Preparing(
            self.prepare,
            lambda thread, on: interrupting.set_exception(thread, Stop if on else None),
            Stop,
        )

    def prepare(self, config: TrainConfig, cancelled: Callable[[], bool]) -> bool:
        self.begun.append(config.seed)
        how = "interrupted"
        try:
            while not self.enough.is_set():
                if self.looks and cancelled():
                    how = "cancelled"
                    return False
                time.sleep(0.001)
            how = "ready"
            return True
        finally:
            self.ended.append((config.seed, how))

    def want(self, seed: int, asked_by: str = "ada") -> None:
        self.preparing.want(asdict(support.config("none", seed)), asked_by)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_a_reader_wants_is_prepared(bench: Bench) -> None:
    bench.want(1)
    bench.enough.set()
    support.until(lambda: bench.ended == [(1, "ready")])


def test_a_run_begins_once_the_preparation_of_another_has_been_stopped(bench: Bench) -> None:
    bench.looks = False  # As within the tracing of a graph.
    bench.want(1)
    support.until(lambda: bench.begun)
    with bench.preparing.making_way(support.config("none", 2)):
        assert bench.ended == [(1, "interrupted")]


def test_a_run_that_is_being_prepared_waits_for_the_part_that_it_needs(bench: Bench) -> None:
    bench.want(1)
    support.until(lambda: bench.begun)
    with bench.preparing.making_way(support.config("none", 1)):
        assert bench.ended == [(1, "cancelled")]


def test_a_preparation_that_does_not_end_is_not_waited_for_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.jobs.preparing.PATIENCE_S", 0.0)
    bench.looks = False
    bench.want(1)
    support.until(lambda: bench.begun)
    with bench.preparing.making_way(support.config("none", 1)):
        assert bench.ended == [(1, "interrupted")]


def test_a_preparation_that_is_interrupted_as_it_ends_holds_nothing_up() -> None:
    begun, enough = threading.Event(), threading.Event()

    def prepare(config: TrainConfig, cancelled: Callable[[], bool]) -> bool:
        begun.set()
        while not enough.is_set():
            time.sleep(0.001)
        return True

    def interrupt(thread: int, on: bool) -> bool:
        if on:  # Only once the thread has come to what it does last, and waits for its turn.
            enough.set()
            time.sleep(0.2)
        return interrupting.set_exception(thread, Stop if on else None)

    preparing = Preparing(prepare, interrupt, Stop)
    for seed in (1, 2):
        begun.clear()
        enough.clear()
        preparing.want(asdict(support.config("none", seed)), "ada")
        assert begun.wait(support.PATIENCE_S)
        run = threading.Thread(target=_make_way, args=(preparing,), daemon=True)
        run.start()
        run.join(support.PATIENCE_S)
        assert not run.is_alive()


def _make_way(preparing: Preparing) -> None:
    with preparing.making_way(support.config("none", 3)):
        pass


def test_a_preparation_that_starts_threads_can_be_interrupted_as_well() -> None:
    begun = threading.Event()

    def prepare(config: TrainConfig, cancelled: Callable[[], bool]) -> bool:
        begun.set()
        while True:  # As TFDS does when it opens a dataset.
            threading.Thread(target=lambda: None).start()
            time.sleep(0.001)

    def interrupt(thread: int, on: bool) -> bool:
        return interrupting.set_exception(thread, Stop if on else None)

    preparing = Preparing(prepare, interrupt, Stop)
    for seed in range(60):
        begun.clear()
        preparing.want(asdict(support.config("none", 1)), "ada")
        assert begun.wait(support.PATIENCE_S)
        time.sleep(seed % 10 * 0.0003)
        run = threading.Thread(target=_make_way, args=(preparing,), daemon=True)
        run.start()
        run.join(support.PATIENCE_S)
        assert not run.is_alive()


def test_no_thread_is_interrupted_in_a_destructor_where_that_would_be_lost() -> None:
    inside, leave = threading.Event(), threading.Event()
    how: list[str] = []

    class Slow:
        def __del__(self) -> None:
            inside.set()
            leave.wait(support.PATIENCE_S)

    def work() -> None:
        try:
            Slow()
            while True:
                time.sleep(0.001)
        except Stop:
            how.append("interrupted")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert inside.wait(support.PATIENCE_S)
    assert thread.ident
    assert not interrupting.set_exception(thread.ident, Stop)
    leave.set()
    support.until(lambda: how or interrupting.set_exception(thread.ident or 0, Stop))
    thread.join(support.PATIENCE_S)
    assert how == ["interrupted"]


def test_a_preparation_that_nothing_interrupts_is_told_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.jobs.preparing.PATIENCE_S", 0.0)
    monkeypatch.setattr("lib.jobs.preparing.HOPELESS_S", 0.2)
    bench.looks = False
    told: list[str] = []
    preparing = Preparing(
        bench.prepare, lambda thread, on: True, Stop, lambda: told.append("hangs")
    )
    preparing.want(asdict(support.config("none", 1)), "ada")
    support.until(lambda: bench.begun)
    run = threading.Thread(target=_make_way, args=(preparing,), daemon=True)
    run.start()
    support.until(lambda: told)
    time.sleep(0.3)
    assert told == ["hangs"]
    bench.enough.set()
    run.join(support.PATIENCE_S)
    assert not run.is_alive()


def test_nothing_is_prepared_during_a_run_and_nothing_of_before_after_it(bench: Bench) -> None:
    with bench.preparing.making_way(support.config("none", 2)):
        bench.want(1)
    assert not bench.begun
    bench.want(3)
    bench.enough.set()
    support.until(lambda: bench.ended == [(3, "ready")])


def test_the_page_of_a_run_that_has_ended_is_drawn_before_anything_is_prepared(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.jobs.preparing.PAUSE_S", 0.3)
    with bench.preparing.making_way(support.config("none", 2)):
        ended = time.monotonic()
    bench.want(1)
    support.until(lambda: bench.begun)
    assert time.monotonic() - ended >= 0.3
    bench.enough.set()


def test_a_run_that_begins_in_the_pause_after_another_ends_what_waits_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.jobs.preparing.PAUSE_S", 2.0)
    for seed in (1, 2):
        with bench.preparing.making_way(support.config("none", seed)):
            pass
        bench.want(seed + 10)
    bench.enough.set()
    support.until(lambda: bench.ended == [(12, "ready")])
    assert bench.begun == [12]


def test_a_changed_control_changes_what_is_prepared(bench: Bench) -> None:
    bench.looks = False
    bench.want(1)
    support.until(lambda: bench.begun == [1])
    bench.want(1)  # The same again disturbs nothing.
    bench.want(2)
    support.until(lambda: bench.begun == [1, 2])
    assert bench.ended == [(1, "interrupted")]
    bench.enough.set()
    support.until(lambda: bench.ended[1:] == [(2, "ready")])


def test_a_reader_does_not_stop_what_another_wants_and_the_oldest_wishes_give_way(
    bench: Bench,
) -> None:
    bench.want(1)
    support.until(lambda: bench.begun)
    for seed in range(2, MAX_WANTED + 3):
        bench.want(seed, asked_by=f"reader {seed}")
    bench.enough.set()
    wanted = [1, *range(3, MAX_WANTED + 3)]
    support.until(lambda: bench.ended == [(seed, "ready") for seed in wanted])


def test_an_error_in_a_preparation_is_not_the_end_of_preparing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []
    said: list[str] = []
    monkeypatch.setattr(
        preparing.logger, "exception", lambda words: said.append(str(sys.exception()))
    )

    def prepare(config: TrainConfig, cancelled: Callable[[], bool]) -> bool:
        if config.seed == 1:
            raise ValueError("no such luck")
        done.append(config.seed)
        return True

    prepares = Preparing(prepare, lambda thread, on: True, Stop)
    prepares.want(asdict(support.config("none", 1)), "ada")
    prepares.want(asdict(support.config("none", 2)), "ben")
    support.until(lambda: done == [2])
    assert said == ["no such luck"]


def test_the_engine_prepares_what_a_reader_is_about_to_start_and_then_trains_it(
    tmp_path: Path,
) -> None:
    with support.running_client(tmp_path) as client:
        client.start()
        wanted = support.config("slow", num_epochs=1)
        client.prepare(wanted, "ada")
        client.prepare(wanted, "ada")
        support.until(lambda: prepared(client) == [1])
        client.submit(wanted, "ada")
        client.prepare(support.config("slow", seed=2), "ada")
        support.ended(client, client.submit(wanted, "ada"))
        support.until(lambda: prepared(client) == [1, 2])
        notes = [call[0] for call in support.calls(client.store)]
        assert notes == ["prepare", "begin", "end", "prepare"]


def prepared(client: Client) -> list[int]:
    """The seeds of the runs that were prepared."""
    return [int(call[1]) for call in support.calls(client.store) if call[0] == "prepare"]
