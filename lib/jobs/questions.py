"""Questions to a worker, such as a prediction: answered within seconds and never stored.

A page asks, gets a Question immediately and polls it until it is done. A worker answers one
question at a time, in a thread that is separate from its active run.
"""

import logging
import threading
import time
from bisect import insort
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lib.core import errors, limits
from lib.core.errors import EngineError, ThawError
from lib.jobs import worker
from lib.jobs.connection import Connection

logger = logging.getLogger(__name__)

# Maximum number of threads that wait for replies, for large clusters.
MAX_AT_ONCE = 16
# A dead worker is restarted within two seconds; a cluster may still wait for its first worker.
WORKER_LIMIT_S = 20.0
SECONDS_BETWEEN_LOOKS = 0.1

ENDED = ("done", "failed")
ASK_AGAIN = "Ask again; if that happens twice, use a smaller image."


@dataclass(eq=False)
class Question:
    """One question and, once it is done, its answer.

    Args:
        task: "module:function" that the worker calls.
        owner: Place that asks, such as a part of a page in a session; "" for none.
        reader: Who asks; "" for Thaw itself.
        turn: Priority in the queue; lower comes first.
        arguments: Arguments of the function; empty once the question has ended.
        state: "waiting", "working", "done" or "failed".
        position: What the question waits for, in words; "" if it does not wait.
        answer: The return value of the function.
        error: The error if the question failed.
        lost: Whether a worker died while it worked on the question.
    """

    task: str
    owner: str = ""
    reader: str = ""
    turn: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    state: str = "waiting"
    position: str = ""
    answer: Any = field(default=None, repr=False)
    error: ThawError | None = None
    lost: bool = False

    @property
    def ended(self) -> bool:
        """True once the question is done or has failed."""
        return self.state in ENDED


class Questions:
    """The questions of one web process: a queue, and threads that send them to workers.

    Args:
        reach: Waits for the connection to the workers and returns it, or raises EngineError.
        training: Addresses of the workers with an active run, which are asked last.
        connecting: Message to show while there is no connection.
    """

    def __init__(
        self,
        reach: Callable[[], Connection],
        training: Callable[[], Collection[str]],
        connecting: str,
    ) -> None:
        self._reach, self._training, self._connecting = reach, training, connecting
        # Guards the attributes below. Never held during a blocking call.
        self._lock = threading.Lock()
        self._waiting: list[Question] = []
        self._working: dict[str, Question] = {}  # worker address -> its current question
        self._turn = 0  # of the question that was last put to a worker
        self._num_threads = 0
        self._connected = False  # as of the last look

    def ask(
        self, task: str, owner: str, arguments: Mapping[str, Any], reader: str = ""
    ) -> Question:
        """Queue a question; returns immediately. Earlier questions of its owner are withdrawn.

        Readers take turns: the second question of one comes after the first of every other.
        """
        question = Question(task, owner, reader, arguments=arguments)
        with self._lock:
            if owner:
                self._withdraw(owner)
            refused = self._no_room(question)
            if refused:
                _fail(question, refused)
                return question
            own = [
                other.turn + 1
                for other in (*self._waiting, *self._working.values())
                if other.reader == reader
            ]
            question.turn = max([self._turn, *own]) if reader else self._turn
            insort(self._waiting, question, key=lambda each: each.turn)
            self._say_positions()
            if self._num_threads < MAX_AT_ONCE:
                self._num_threads += 1
                threading.Thread(target=self._serve, name="thaw-question", daemon=True).start()
        return question

    def _no_room(self, question: Question) -> EngineError | None:
        """Why the queue has no room for a question; None if it has."""
        figures = limits.current()
        own = [other for other in self._waiting if question.reader == other.reader != ""]
        if (
            len(own) >= figures.questions_each
            or _total_mb([*own, question]) > figures.questions_mb_each
        ):
            return EngineError(
                f"You have asked {len(own)} questions that wait for an answer, and there is room "
                f"for {figures.questions_each} with {figures.questions_mb_each} MB.",
                "Wait for an answer, then ask again.",
            )
        if (
            len(self._waiting) >= figures.questions
            or _total_mb([*self._waiting, question]) > figures.questions_mb
        ):
            return EngineError("Too many readers ask at once.", "Ask again soon.")
        return None

    def fail_all(self, error: ThawError) -> None:
        """Let all questions in the queue and in progress fail."""
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
        """Send queued questions to free workers until there is no question or no free worker.

        Each question starts a thread, and the thread of a busy worker checks the queue again.
        """
        while True:
            with self._lock:
                asked = tuple(self._waiting)
            try:
                chosen = self._choose(*self._workers())
                if chosen is None:
                    return
                self._put(*chosen)
            except EngineError as error:
                if not self._give_up(asked, error):
                    return
            except Exception:  # otherwise the reader would wait forever
                logger.exception("A question could not be put to a worker")
                if not self._give_up(
                    asked, EngineError("Thaw made a mistake of its own.", "Ask again.")
                ):
                    return

    def _give_up(self, asked: Collection[Question], error: EngineError) -> bool:
        """Let the questions fail that were waiting when a try began; True if others have come.

        They wait for a try of their own: the engine that could not be started may start now.
        """
        with self._lock:
            for question in asked:
                if question in self._waiting:
                    _fail(question, error)
            self._waiting = [question for question in self._waiting if not question.ended]
            self._num_threads -= not self._waiting
            return bool(self._waiting)

    def _workers(self) -> tuple[Connection, tuple[str, ...]]:
        """The connection and its workers; waits while there are none."""
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
        """The next question with its arguments and a free worker; None ends the thread."""
        training = self._training()
        with self._lock:
            self._connected = True
            free = [address for address in workers if address not in self._working]
            if not (free and self._waiting):
                self._num_threads -= 1
                self._say_positions()
                return None
            # Prefer the first free worker, which has the models of earlier questions in memory.
            address, question = min(free, key=training.__contains__), self._waiting.pop(0)
            self._working[address], self._turn = question, question.turn
            question.state, question.position = "working", ""
            self._say_positions()
            # Read here, because withdrawing a question clears its arguments.
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
        """Queue a question again, once, if its worker died, for example by cancelling a run.

        Only once, because the question itself may have exhausted the memory.
        """
        if question.ended:
            return
        if question.lost:
            _fail(question, EngineError("The process that was asked ended meanwhile.", ASK_AGAIN))
            return
        question.lost, question.state = True, "waiting"
        self._waiting.insert(0, question)  # this thread takes it next

    def _wait_until_gone(self, connection: Connection, address: str) -> None:
        """Wait until a dead worker is no longer listed, so that it is not asked again."""
        end = time.monotonic() + WORKER_LIMIT_S
        with suppress(OSError):
            while time.monotonic() < end and address in connection.workers():
                time.sleep(SECONDS_BETWEEN_LOOKS)


def _settle(question: Question, reply: Mapping[str, Any]) -> None:
    """Process the reply of a worker."""
    if question.ended:  # it has been withdrawn
        return
    if "error" in reply:
        kind = getattr(errors, reply["error"], ThawError)
        _fail(question, kind(reply["message"], reply["next_step"]))
        return
    question.answer, question.arguments = reply["answer"], {}
    question.state = "done"  # set last, so that a page that sees "done" finds the answer


def _fail(question: Question, error: ThawError) -> None:
    question.error, question.arguments, question.position = error, {}, ""
    question.state = "failed"


def _total_mb(questions: Sequence[Question]) -> float:
    """Total size of the bytes and arrays in questions, in megabytes."""
    return (
        sum(
            getattr(value, "nbytes", 0) or (len(value) if isinstance(value, bytes) else 0)
            for question in questions
            for value in question.arguments.values()
        )
        / limits.MB
    )
