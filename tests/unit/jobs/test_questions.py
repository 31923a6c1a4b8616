"""Questions to a worker that are no runs: beside a run, replaced, refused, and after a death."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from lib.core import limits
from lib.core.errors import DataError, EngineError, StoreError
from lib.core.files.home import thaw_home
from lib.core.lab.store import RunStore
from lib.jobs import connection as connection_module
from lib.jobs import questions as questions_module
from lib.jobs import worker
from lib.jobs.client import Client
from lib.jobs.questions import Question, Questions
from tests.unit.jobs_support import (
    PATIENCE_S,
    TRAINER,
    answered,
    config,
    ended,
    environment,
    now,
    running_client,
    until,
)


@pytest.fixture(scope="module")
def shared_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_client(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.fixture
def client(shared_client: Client) -> Iterator[Client]:
    """One engine for all tests; none leaves a run to the next."""
    yield shared_client
    for record in shared_client._records:
        shared_client.cancel(record.id)
        record.left.wait(5)


def ask(client: Client, name: str, owner: str = "", **arguments: Any) -> Question:
    return client.ask(f"trainers:{name}", owner, **arguments)


class Blocker:
    """A question that is worked on until it is let go."""

    def __init__(self, client: Client, path: Path, owner: str = "") -> None:
        self.path = path
        self.question = ask(client, "wait_for", owner, path=str(path))
        until(Path(f"{path}.asked").exists)

    def let_go(self) -> Question:
        self.path.touch()
        return answered(self.question)


@pytest.fixture(autouse=True)
def _nothing_blocks_the_next_test(tmp_path: Path) -> Iterator[None]:
    """A test that fails before it lets its question go leaves the worker free."""
    yield
    for asked in tmp_path.glob("*.asked"):
        asked.with_suffix("").touch()


# --- Answers --------------------------------------------------------------------------------------


def test_a_question_comes_back_with_bytes_arrays_and_plain_values_as_they_were(
    client: Client,
) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    question = ask(client, "echo", image=b"\x00\xff", array=array, width=3, phase=None)
    assert question.state == "waiting"
    answer = answered(question).answer
    assert (question.state, question.error, question.position) == ("done", None, "")
    assert answer["pid"] == client.worker_pids()[0]
    assert (answer["image"], answer["width"], answer["phase"]) == (b"\x00\xff", 3, None)
    np.testing.assert_array_equal(answer["array"], array)
    assert answer["array"].dtype == np.float32
    # A page may keep the question; the reader's image is not kept with it.
    assert not question.arguments


def test_a_question_alone_starts_the_engine(tmp_path: Path) -> None:
    with running_client(tmp_path) as client:
        question = ask(client, "echo")
        assert question.position == "Starting the training engine"
        assert answered(question).state == "done"


@pytest.mark.parametrize("trainer", ["endless", "deaf"])
def test_a_question_is_answered_in_the_process_of_a_run_that_goes_on_undisturbed(
    client: Client, trainer: str
) -> None:
    id_ = client.submit(config(trainer, seed=1))
    until(lambda: now(client, id_).history)
    question = ask(client, "echo")
    answered(question)
    assert question.answer["pid"] == client.worker_pids()[0]
    assert now(client, id_).state == "training"


def test_a_run_begins_and_ends_while_a_question_is_worked_on(
    client: Client, tmp_path: Path
) -> None:
    blocker = Blocker(client, tmp_path / "go")
    assert ended(client, client.submit(config("fast", seed=2))).state == "finished"
    assert blocker.question.state == "working"
    assert blocker.let_go().state == "done"


def test_fifty_questions_of_fifty_readers_are_all_answered(client: Client) -> None:
    asked = [ask(client, "echo", owner=f"reader {number}", number=number) for number in range(50)]
    assert [answered(question).answer["number"] for question in asked] == list(range(50))


def test_an_image_of_ten_megabytes_travels_and_is_written_nowhere(client: Client) -> None:
    image = b"only in memory " * 666_666
    assert answered(ask(client, "echo", image=image)).answer["image"] == image
    files = [path for path in thaw_home().rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"only in memory" in path.read_bytes()]


# --- The queue ------------------------------------------------------------------------------------


def test_what_waits_says_how_many_are_before_it_and_moves_up(
    client: Client, tmp_path: Path
) -> None:
    blocker = Blocker(client, tmp_path / "go")
    first, second = ask(client, "echo", "one"), ask(client, "echo", "two")
    until(lambda: second.position == "Waiting for 2 others")
    assert first.position == "Waiting for 1 other"
    assert first.state == second.state == "waiting"
    blocker.let_go()
    assert answered(first).state == answered(second).state == "done"
    assert first.position == second.position == ""


def test_a_later_question_of_the_same_owner_takes_the_place_of_one_that_waits(
    client: Client, tmp_path: Path
) -> None:
    blocker = Blocker(client, tmp_path / "go")
    old = ask(client, "wait_for", "me", path=str(tmp_path / "old"))
    other = ask(client, "echo", "somebody else")
    new = ask(client, "echo", "me")
    assert old.state == "failed"
    assert isinstance(old.error, EngineError)
    assert other.state == new.state == "waiting"
    blocker.let_go()
    assert answered(other).state == answered(new).state == "done"
    assert not (tmp_path / "old.asked").exists()


def test_the_answer_to_a_question_that_was_replaced_at_work_reaches_nobody(
    client: Client, tmp_path: Path
) -> None:
    blocker = Blocker(client, tmp_path / "go", owner="me")
    new = ask(client, "echo", "me")
    assert blocker.question.state == "failed"
    assert not new.ended
    blocker.let_go()
    assert answered(new).state == "done"
    assert (blocker.question.state, blocker.question.answer) == ("failed", None)


def test_more_questions_or_bytes_than_may_wait_are_refused_at_once(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "questions=3, questions_mb=1")
    blocker = Blocker(client, tmp_path / "go")
    half = b"x" * (limits.MB // 2)
    waiting = [ask(client, "echo", image=half), ask(client, "echo", image=half)]
    too_large = ask(client, "echo", image=b"x")
    waiting.append(ask(client, "echo"))
    too_many = ask(client, "echo")
    for refused in (too_large, too_many):
        assert refused.state == "failed"
        assert isinstance(refused.error, EngineError)
        assert refused.error.next_step
    blocker.let_go()
    assert [answered(question).state for question in waiting] == ["done"] * 3


def test_one_reader_cannot_take_the_places_of_all(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "questions_each=2, questions=4")
    blocker = Blocker(client, tmp_path / "go")
    # In one session after the other, as a script would.
    flood = [ask(client, "echo", f"session {each}", asked_by="mallory") for each in range(40)]
    refused = [each for each in flood if each.state == "failed"]
    assert len(refused) == 38
    assert refused[0].error
    assert refused[0].error.message.startswith("You have asked 2 questions that wait for an answer")
    other = ask(client, "echo", "another session", asked_by="anna")
    blocker.let_go()
    assert answered(other).state == "done"


def test_readers_take_turns(client: Client, tmp_path: Path) -> None:
    blocker = Blocker(client, tmp_path / "go")
    many = [ask(client, "echo", f"part {each}", asked_by="mallory") for each in range(5)]
    one = ask(client, "echo", "a page", asked_by="anna")
    until(lambda: one.position == "Waiting for 2 others")
    blocker.let_go()
    assert answered(one).state == "done"
    assert all(answered(each).state == "done" for each in many)


# --- Errors ---------------------------------------------------------------------------------------


def test_an_expected_problem_arrives_as_the_error_it_was(client: Client) -> None:
    question = answered(ask(client, "refuse"))
    assert question.state == "failed"
    assert type(question.error) is DataError
    assert question.error.in_words() == "This is no image. Choose another."


def test_an_unknown_error_is_one_sentence_and_costs_nothing_else(client: Client) -> None:
    pid = client.worker_pids()
    question = answered(ask(client, "stumble"))
    assert question.error
    assert question.error.message.endswith("know: ZeroDivisionError: a mistake in two lines.")
    assert question.error.next_step
    assert answered(ask(client, "echo")).state == "done"
    assert client.worker_pids() == pid


def test_a_task_that_does_not_exist_is_one_sentence_too(client: Client) -> None:
    question = answered(client.ask("no_such_module:task"))
    assert question.error
    assert "no_such_module" in question.error.message


def test_an_answer_that_is_too_large_stays_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_resolve", lambda _: lambda size_bytes: [b"x" * size_bytes])
    monkeypatch.setattr(worker, "ANSWER_LIMIT_BYTES", 10)
    assert worker._answer("", {"size_bytes": 10}, None) == {"answer": [b"x" * 10]}
    assert worker._answer("", {"size_bytes": 11}, None)["error"] == "EngineError"


def test_a_worker_that_takes_too_long_is_not_waited_for(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "ANSWER_LIMIT_S", 0.5)
    blocker = Blocker(client, tmp_path / "go")
    late = answered(blocker.question)
    assert late.error
    assert late.error.message == "There was no answer within 0.5 seconds."
    blocker.path.touch()
    monkeypatch.undo()
    assert answered(ask(client, "echo")).state == "done"


# --- Deaths ---------------------------------------------------------------------------------------


def test_a_question_whose_worker_is_taken_along_by_a_run_is_asked_again(
    client: Client, tmp_path: Path
) -> None:
    id_ = client.submit(config("endless", seed=3))
    until(lambda: now(client, id_).history)
    blocker = Blocker(client, tmp_path / "go")
    Path(f"{blocker.path}.asked").unlink()
    psutil.Process(client.worker_pids()[0]).kill()
    until(Path(f"{blocker.path}.asked").exists)
    assert blocker.let_go().state == "done"
    assert ended(client, id_).state == "interrupted"


def test_a_question_that_costs_its_worker_twice_is_not_asked_a_third_time(
    client: Client, tmp_path: Path
) -> None:
    question = answered(ask(client, "die", path=str(tmp_path / "notes")))
    assert isinstance(question.error, EngineError)
    assert question.error.next_step
    assert (tmp_path / "notes").read_text("utf-8") == "died\n" * 2
    assert answered(ask(client, "echo")).state == "done"


def test_a_question_survives_the_death_of_the_engine(tmp_path: Path) -> None:
    with running_client(tmp_path) as client:
        blocker = Blocker(client, tmp_path / "go")
        Path(f"{blocker.path}.asked").unlink()
        first = client.engine_pid
        assert first
        psutil.Process(first).kill()
        until(Path(f"{blocker.path}.asked").exists)
        assert client.engine_pid != first
        assert blocker.let_go().state == "done"


@pytest.mark.thorough
def test_an_engine_that_died_while_nothing_was_asked_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    with running_client(tmp_path) as client:
        answered(ask(client, "echo"))
        connection = client._keeper.connection
        assert client.engine_pid
        assert connection
        psutil.Process(client.engine_pid).kill()
        until(lambda: connection.lost)
        # Its Dask client is not asked, which would wait for ten seconds for the dead engine.
        monkeypatch.setattr(connection._dask, "nthreads", lambda: asked.append("workers"))
        with pytest.raises(ConnectionError):
            connection.workers()
        assert not asked
        assert answered(ask(client, "echo")).state == "done"


@pytest.mark.thorough
def test_an_engine_that_cannot_start_is_told_to_all_who_ask_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_client(tmp_path) as client:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", str(tmp_path / "no python"))
            for question in [ask(client, "echo"), ask(client, "echo")]:
                error = answered(question).error
                assert error
                assert "could not be started" in error.message
                assert error.next_step
        assert answered(ask(client, "echo")).state == "done"


class Workers:
    """Stands for a connection: one worker, which echoes."""

    lost = False

    def workers(self) -> tuple[str, ...]:
        return ("worker",)

    def ask(self, address: str, task: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"answer": task}


@pytest.mark.parametrize("most_threads", [1, 16])
def test_an_engine_that_cannot_start_does_not_fail_what_is_asked_just_afterwards(
    most_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions_module, "MAX_AT_ONCE", most_threads)
    later: list[Question] = []
    first_ended = threading.Event()

    def reach() -> Any:
        if not later:
            later.append(questions.ask("second", "another", {}))
            raise EngineError("The training engine could not be started.", "Look at the log.")
        assert first_ended.wait(PATIENCE_S)
        return Workers()

    questions = Questions(reach, tuple, "Starting")
    first = questions.ask("first", "one", {})
    assert answered(first).state == "failed"
    first_ended.set()
    assert answered(later[0]).answer == "second"


def test_closing_fails_what_waits_and_what_is_asked_afterwards(tmp_path: Path) -> None:
    with running_client(tmp_path) as client:
        blocker = Blocker(client, tmp_path / "go")
        waiting = ask(client, "echo")
        client.close()
        assert blocker.question.state == waiting.state == "failed"
        late = answered(ask(client, "echo"))
        assert late.error
        assert "closed" in late.error.message


# --- Runs that a question is about ----------------------------------------------------------------


def test_a_run_is_asked_about_by_its_folder_or_its_id(client: Client) -> None:
    id_ = client.submit(config("fast", seed=4))
    ended(client, id_)
    by_id = answered(ask(client, "look", run_folder=id_))
    by_folder = answered(ask(client, "look", run_folder=str(client.store.folder(id_))))
    assert set(by_id.answer) == {"config.json", "history.jsonl", "result.json"}
    assert by_id.answer == by_folder.answer


def test_a_run_that_is_not_there_is_not_asked_about(client: Client) -> None:
    question = ask(client, "look", run_folder="0123456789abcdef")
    assert question.state == "failed"
    assert isinstance(question.error, StoreError)
    assert question.error.next_step


def test_files_of_a_run_that_travelled_are_gone_once_the_question_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def task(run_folder: str) -> bytes:
        seen.append(Path(run_folder))
        return Path(run_folder, "model", "weights.npz").read_bytes()

    monkeypatch.setattr(worker, "_resolve", lambda _: task)
    files = {"model/weights.npz": b"12345"}
    assert worker._answer("", {"run_folder": "elsewhere"}, files) == {"answer": b"12345"}
    assert not seen[0].exists()


def test_a_client_that_was_never_asked_anything_starts_nothing(tmp_path: Path) -> None:
    with environment(tmp_path):
        client = Client(RunStore(tmp_path), trainer=TRAINER)
        assert client.engine_pid is None
        client.close()
