"""Questions to a worker that are no runs: answered in seconds, in memory, and kept nowhere.

A page asks, gets a Question back at once and looks at it until it is done. A worker answers one at
a time, in a thread beside the run that may be going on in it.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lib.core import errors
from lib.core.errors import EngineError, ThawError
from lib.jobs import worker
from lib.jobs.connection import Connection

logger = logging.getLogger(__name__)

# What may wait: a lecture hall of readers, each with an image of 10 MB.
MAX_WAITING = 100
MAX_WAITING_BYTES = 500_000_000
# Threads that wait for workers of a large cluster.
MAX_AT_ONCE = 16
# A worker that died is back in two seconds, and a cluster may be about to get its first one.
WORKER_LIMIT_S = 20.0
SECONDS_BETWEEN_LOOKS = 0.1

ENDED = ("done", "failed")
ASK_AGAIN = "Ask again; if that happens twice, use a smaller image."


@dataclass(eq=False)
class Question:
    """One question, and in the end its answer.

    Args:
        task: "module:function" that the worker calls.
        owner: Who asks, such as a session; "" for nobody in particular.
        arguments: Of the function; empty once the question has ended.
        state: "waiting", "working", "done" or "failed".
        position: What it waits for, in words; "" once it does not.
        answer: What the function returned.
        error: Why there is no answer.
        lost: True once a worker that was asked has died.
    """

    task: str
    owner: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    state: str = "waiting"
    position: str = ""
    answer: Any = field(default=None, repr=False)
    error: ThawError | None = None
    lost: bool = False

    @property
    def ended(self) -> bool:
        """True once nothing more will happen."""
        return self.state in ENDED


class Questions:
    """The questions of one web process: the queue, and the threads that put them to workers.

    Args:
        reach: Waits for the connection to the workers, or raises EngineError.
        training: Addresses of the workers in which a run is going on: asked last.
        connecting: What is waited for while there is no connection, in words.
    """

    def __init__(
        self,
        reach: Callable[[], Connection],
        training: Callable[[], Collection[str]],
        connecting: str,
    ) -> None:
        self._reach, self._training, self._connecting = reach, training, connecting
        # Guards all below. Never held while anybody is waited for.
        self._lock = threading.Lock()
        self._waiting: list[Question] = []
        self._working: dict[str, Question] = {}  # address of a worker -> what it is asked
        self._num_threads = 0
        self._connected = False  # as of the last look

    def ask(self, task: str, owner: str, arguments: Mapping[str, Any]) -> Question:
        """Ask; returns at once. What the same owner asked before is not answered any more."""
        question = Question(task, owner, arguments)
        size = _size_bytes(arguments)
        with self._lock:
            if owner:
                self._withdraw(owner)
            waiting = sum(_size_bytes(other.arguments) for other in self._waiting)
            if len(self._waiting) >= MAX_WAITING or waiting + size > MAX_WAITING_BYTES:
                _fail(question, EngineError("Too many readers ask at once.", "Ask again soon."))
                return question
            self._waiting.append(question)
            self._say_positions()
            if self._num_threads < MAX_AT_ONCE:
                self._num_threads += 1
                threading.Thread(target=self._serve, name="thaw-question", daemon=True).start()
        return question

    def fail_all(self, error: ThawError) -> None:
        """End whatever waits or is worked on."""
        with self._lock:
            for question in (*self._waiting, *self._working.values()):
                _fail(question, error)
            self._waiting.clear()

    def _withdraw(self, owner: str) -> None:
        replaced = EngineError("Something else was asked meanwhile.")
        for question in (*self._waiting, *self._working.values()):
            if question.owner == owner:
                _fail(question, replaced)
        self._waiting = [question for question in self._waiting if not question.ended]

    def _say_positions(self) -> None:
        ahead = len(self._working)
        for place, question in enumerate(self._waiting, start=ahead):
            if not self._connected:
                question.position = self._connecting
            else:
                question.position = f"Waiting for {place} other{'s' * (place > 1)}" * bool(place)

    # --- In a thread ------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Put what waits to a free worker, again and again, until there is no question or worker.

        Whoever asks starts a thread, and for a busy worker there is one that will look again.
        """
        try:
            while chosen := self._choose(*self._workers()):
                self._put(*chosen)
        except EngineError as error:
            self._give_up(error)
        except Exception:  # nobody else would say so
            logger.exception("A question could not be put to a worker")
            self._give_up(EngineError("Thaw made a mistake of its own.", "Ask again."))

    def _give_up(self, error: EngineError) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._num_threads -= 1
            for question in waiting:
                _fail(question, error)

    def _workers(self) -> tuple[Connection, tuple[str, ...]]:
        """The connection and its workers, of which there may be none for a moment."""
        end = time.monotonic() + WORKER_LIMIT_S
        while True:
            connection = self._reach()
            with suppress(OSError):
                workers = connection.workers()
                if workers:
                    return connection, workers
            if time.monotonic() > end:
                raise EngineError("The scheduler has no worker that could answer.", "Start one.")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _choose(
        self, connection: Connection, workers: Sequence[str]
    ) -> tuple[Connection, str, Question, Mapping[str, Any]] | None:
        """The next question with its arguments, and a worker for it; None ends the thread."""
        training = self._training()
        with self._lock:
            self._connected = True
            free = [address for address in workers if address not in self._working]
            if not (free and self._waiting):
                self._num_threads -= 1
                self._say_positions()
                return None
            # Always the first of them, which has the models of the last question at hand.
            address, question = min(free, key=training.__contains__), self._waiting.pop(0)
            self._working[address] = question
            question.state, question.position = "working", ""
            self._say_positions()
            # Now, as a question that is withdrawn lets go of them.
            return connection, address, question, question.arguments

    def _put(
        self, connection: Connection, address: str, question: Question, arguments: Mapping[str, Any]
    ) -> None:
        reply = None
        try:
            reply = connection.ask(address, question.task, arguments)
        except OSError as error:
            logger.warning("A question lost its worker: %s", error)
            self._wait_until_gone(connection, address)
        except EngineError as error:
            reply = worker.in_reply(error)
        finally:
            with self._lock:
                del self._working[address]
                self._connected = not connection.lost
                if reply is None:
                    self._return_or_fail(question)
                else:
                    _settle(question, reply)
                self._say_positions()

    def _return_or_fail(self, question: Question) -> None:
        """Put a question back that lost its worker, once: a cancelled run may have taken it along.

        Not twice, as the question itself may have been too much for the memory there is.
        """
        if question.ended:
            return
        if question.lost:
            _fail(question, EngineError("The process that was asked ended meanwhile.", ASK_AGAIN))
            return
        question.lost, question.state = True, "waiting"
        self._waiting.insert(0, question)  # for this very thread, which looks again now

    def _wait_until_gone(self, connection: Connection, address: str) -> None:
        """Wait while a worker that died is still listed, or it would be asked again."""
        end = time.monotonic() + WORKER_LIMIT_S
        with suppress(OSError):
            while time.monotonic() < end and address in connection.workers():
                time.sleep(SECONDS_BETWEEN_LOOKS)


def _settle(question: Question, reply: Mapping[str, Any]) -> None:
    """Take in what a worker said."""
    if question.ended:  # it was withdrawn meanwhile
        return
    if "error" in reply:
        kind = getattr(errors, reply["error"], ThawError)
        _fail(question, kind(reply["message"], reply["next_step"]))
        return
    question.answer, question.arguments = reply["answer"], {}
    question.state = "done"  # last: whoever sees it finds the answer


def _fail(question: Question, error: ThawError) -> None:
    question.error, question.arguments, question.position = error, {}, ""
    question.state = "failed"


def _size_bytes(arguments: Mapping[str, Any]) -> int:
    """What the large ones among some arguments take: bytes and arrays."""
    return sum(
        getattr(value, "nbytes", 0) or (len(value) if isinstance(value, bytes) else 0)
        for value in arguments.values()
    )
