"""What a worker does while no run goes on: it prepares the runs that readers are about to start.

A run always goes first. When one begins, the thread that prepares is stopped, between two parts or
by an exception, and what it was asked for is forgotten: the page asks again when the run has ended.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lib.core.runs import TrainConfig

logger = logging.getLogger(__name__)

# Readers who can have something prepared at the same time; the one who asked first gives way.
MAX_WANTED = 3
# The page of a run that has just ended is drawn first.
PAUSE_S = 0.5
# Long enough for tracing a graph, the longest part of a preparation.
PATIENCE_S = 2.0
# Longer than any part takes that nothing can interrupt, on a busy machine, too.
HOPELESS_S = 60.0
SECONDS_BETWEEN_LOOKS = 0.05
# One exception can be lost, within a destructor. Two must not arrive while the thread is leaving.
SECONDS_BETWEEN_STOPS = 0.5

Prepare = Callable[[TrainConfig, Callable[[], bool]], bool]
# Raises Stop in a thread, or withdraws it; False if it cannot be raised just now.
Interrupt = Callable[[int, bool], bool]


class Preparing:
    """The runs that a worker prepares, one after another, in a thread that ends with the last one.

    Args:
        prepare: Prepares a run; gets a function that says when to stop.
        interrupt: Raises `stop` in the thread with an id, or withdraws one that has not arrived.
        stop: The exception that `interrupt` raises.
        hangs: Called once when a run has waited for HOPELESS_S and nothing stops the thread.
    """

    def __init__(
        self,
        prepare: Prepare,
        interrupt: Interrupt,
        stop: type[BaseException],
        hangs: Callable[[], None] = lambda: None,
    ) -> None:
        self._prepare, self._interrupt, self._stop, self._hangs = prepare, interrupt, stop, hangs
        # Only this lock is entered where `stop` may arrive, never the condition: `stop` could be
        # raised inside the condition's own Python code after it has taken the lock, and then nobody
        # would ever release it.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._wanted: dict[str, TrainConfig] = {}  # by who asked, first one first
        self._active: tuple[str, TrainConfig] | None = None
        self._given_up = False
        self._thread: int | None = None  # None while nothing can be interrupted
        self._next_stop = 0.0  # earliest time of the next exception
        self._running = False
        self._num_runs = 0
        self._pause_ends = 0.0

    def want(self, config: Mapping[str, Any], asked_by: str) -> None:
        """Prepare a run as soon as no run goes on; returns immediately.

        Args:
            config: Fields of a TrainConfig.
            asked_by: Reader; what the same reader asked for before is given up.
        """
        with self._lock:
            if self._num_runs:
                return
            wanted = TrainConfig(**config)
            if self._active and self._active[0] == asked_by:
                if self._active[1] == wanted:
                    return
                self._give_up()
            self._wanted.pop(asked_by, None)
            self._wanted[asked_by] = wanted
            while len(self._wanted) > MAX_WANTED:
                del self._wanted[next(iter(self._wanted))]
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name="thaw-prepare", daemon=True).start()

    @contextmanager
    def making_way(self, config: TrainConfig) -> Iterator[None]:
        """Prepare nothing during a run; entered once the thread has stopped.

        Args:
            config: Of the run. If just this one is being prepared, the part of it that is being
                worked on is finished, since the run needs it.
        """
        with self._lock:
            self._num_runs += 1
            self._wanted.clear()
            self._given_up = True
            if self._active and self._active[1] != config:
                self._give_up()
            begin, told = time.monotonic(), False
            while self._active:
                # With a timeout, because a waiting thread does not receive Stop.
                self._changed.wait(SECONDS_BETWEEN_LOOKS)
                waited = time.monotonic() - begin
                if self._active and (self._active[1] != config or waited > PATIENCE_S):
                    self._give_up()
                if self._active and waited > HOPELESS_S and not told:
                    told = True
                    self._hangs()
        try:
            yield
        finally:
            with self._lock:
                self._num_runs -= 1
                self._pause_ends = time.monotonic() + PAUSE_S

    def _give_up(self) -> None:
        self._given_up = True
        now = time.monotonic()
        if (
            self._thread is not None
            and now >= self._next_stop
            and self._interrupt(self._thread, True)
        ):
            self._next_stop = now + SECONDS_BETWEEN_STOPS

    def _work(self) -> None:
        while True:
            with self._lock:
                while (left := self._pause_ends - time.monotonic()) > 0:
                    self._changed.wait(left)
                if not self._wanted:
                    self._running = False
                    return
                asked_by = next(iter(self._wanted))
                config = self._wanted.pop(asked_by)
                self._active, self._given_up = (asked_by, config), False
                self._next_stop = 0.0
            try:
                self._one(config)
            finally:
                with self._lock:
                    self._active = None
                    self._changed.notify_all()

    def _one(self, config: TrainConfig) -> None:
        try:
            try:
                with self._lock:
                    self._thread = threading.get_ident()
                self._prepare(config, lambda: self._given_up)
            finally:
                self._leave()
        except self._stop:
            self._leave()  # again, because the exception may have interrupted the first call
        except Exception:  # the run itself reports it
            logger.exception("A run could not be prepared")

    def _leave(self) -> None:
        """Be interrupted no more, and withdraw an exception that is still pending."""
        with self._lock:
            if self._thread is not None:
                self._interrupt(self._thread, False)
                self._thread = None
