"""The client against one real engine: runs that end well, badly and by request."""

import math
import threading
from collections.abc import Iterator
from dataclasses import asdict

import psutil
import pytest
from distributed import Client as DaskClient

from lib.core.files.home import thaw_home
from lib.core.lab.folder import RunWriter
from lib.core.lab.store import RunStore
from lib.core.runs import run_id
from lib.jobs import cancelling, keeper
from lib.jobs.client import Client
from tests.unit import trainers
from tests.unit.jobs_support import TRAINER, calls, config, ended, now, running_client, until

# What design.md promises for a cancelled run.
CANCEL_LIMIT_S = 2.0


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


def begins(client: Client, id_: str) -> int:
    return calls(client.store).count(["begin", id_, str(client.worker_pids()[0])])


def pid_of(client: Client, id_: str) -> int:
    return [int(pid) for what, id_seen, pid in calls(client.store) if id_seen == id_][-1]


# --- Runs that end by themselves ------------------------------------------------------------------


def test_news_says_of_epochs_and_of_the_end_that_they_do_not_wait_as_a_state_can(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []
    monkeypatch.setattr(client._keeper, "news", client._keeper.news)  # set back after the test
    client.tell(lambda id_, in_passing: told.append(in_passing))
    ended(client, client.submit(config("fast", num_epochs=2, seed=99)))
    until(lambda: told.count(False) == 3)
    assert told == [True] * (len(told) - 3) + [False] * 3
    assert len(told) > 3


def test_a_run_goes_from_queued_to_finished_and_its_epochs_are_told_as_they_end(
    client: Client,
) -> None:
    id_ = client.submit(config("slow", num_epochs=2))
    assert now(client, id_).state in ("starting", "queued")
    until(lambda: now(client, id_).state == "training" and now(client, id_).done > 0)
    assert now(client, id_).total == trainers.BATCHES
    until(lambda: len(now(client, id_).history) == 1)
    assert not now(client, id_).ended
    last = ended(client, id_)
    run = client.store.open(id_)
    assert run
    assert (last.state, len(last.history), last.num_epochs) == ("finished", 2, 2)
    assert last.history == run.history


def test_a_finished_run_is_not_trained_again_by_this_client_or_the_next(client: Client) -> None:
    id_ = client.submit(config("fast"))
    ended(client, id_)
    assert client.submit(config("fast")) == id_
    other = Client(RunStore(client.store.root), trainer=TRAINER)
    assert other.submit(config("fast")) == id_
    assert now(other, id_).state == "finished"
    assert len(now(other, id_).history) == 1
    assert other.engine_pid is None
    assert begins(client, id_) == 1


@pytest.mark.thorough
def test_a_run_that_was_deleted_is_forgotten_and_can_be_run_again(client: Client) -> None:
    id_ = client.submit(config("slow"))
    client.forget(id_)
    assert now(client, id_)  # It goes on, so it stays.
    ended(client, id_)
    client.store.delete(id_)
    client.forget(id_)
    assert client.progress(id_) is None
    assert client.submit(config("slow")) == id_
    assert ended(client, id_).state == "finished"


def test_the_same_configuration_asked_for_by_eight_readers_at_once_is_one_run(
    client: Client,
) -> None:
    together = threading.Barrier(8)
    ids = []

    def ask(reader: int) -> None:
        together.wait()
        ids.append(client.submit(config("slow", seed=8), owner=f"reader {reader}"))

    readers = [threading.Thread(target=ask, args=(reader,)) for reader in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    until(lambda: now(client, ids[0]).state == "training")
    client.submit(config("slow", seed=8), owner="a ninth")
    assert now(client, ids[0]).state == "training"
    assert ended(client, ids[0]).state == "finished"
    assert begins(client, ids[0]) == 1


def test_twenty_runs_of_twenty_owners_all_finish_one_at_a_time(client: Client) -> None:
    ids = [client.submit(config("fast", seed=100 + n), owner=f"owner {n}") for n in range(20)]
    for id_ in ids:
        assert ended(client, id_).state == "finished"
    noted = [(what, id_) for what, id_, _ in calls(client.store) if id_ in ids]
    assert noted == [entry for id_ in ids for entry in (("begin", id_), ("end", id_))]


def test_owners_take_turns_however_many_runs_one_of_them_asks_for(client: Client) -> None:
    ahead = client.submit(config("endless", seed=20), owner="somebody")
    eager = [client.submit(config("fast", seed=21 + n), owner="eager") for n in range(3)]
    patient = client.submit(config("fast", seed=24), owner="patient")
    until(lambda: now(client, ahead).state == "training")
    wanted = [eager[0], patient, eager[1], eager[2]]
    assert [now(client, id_).position for id_ in wanted] == [1, 2, 3, 4]
    client.cancel(ahead)
    for id_ in wanted:
        ended(client, id_)
    order = [id_ for what, id_, _ in calls(client.store) if what == "begin" and id_ in wanted]
    assert order == wanted


def test_a_loss_that_is_not_a_number_reaches_the_reader_as_one(client: Client) -> None:
    last = ended(client, client.submit(config("diverged")))
    assert last.state == "finished"
    assert math.isnan(last.history[0].loss)


# --- Runs that fail -------------------------------------------------------------------------------


def test_an_expected_problem_arrives_with_its_sentence_and_next_step(client: Client) -> None:
    id_ = client.submit(config("no_data"))
    last = ended(client, id_)
    told = (last.state, last.message, last.next_step)
    assert told == ("failed", "There is no such dataset.", "Choose another.")
    run = client.store.open(id_)
    assert run
    assert (run.status, run.result["message"]) == ("failed", "There is no such dataset.")


def test_an_unknown_error_is_one_sentence_without_a_traceback(client: Client) -> None:
    id_ = client.submit(config("bug", num_epochs=2))
    last = ended(client, id_)
    assert last.state == "failed"
    assert last.message.endswith("does not know: ZeroDivisionError: a mistake in two lines.")
    assert last.next_step
    run = client.store.open(id_)
    assert run
    assert (run.status, len(run.history)) == ("failed", 2)


def test_a_failed_run_can_be_started_again(client: Client) -> None:
    id_ = client.submit(config("no_data", seed=2))
    ended(client, id_)
    assert client.submit(config("no_data", seed=2)) == id_
    assert not now(client, id_).ended
    ended(client, id_)
    assert begins(client, id_) == 2


def test_a_worker_killed_in_the_middle_of_an_epoch_interrupts_its_run_once(
    client: Client,
) -> None:
    id_ = client.submit(config("endless", seed=3))
    until(lambda: now(client, id_).history)
    psutil.Process(pid_of(client, id_)).kill()
    last = ended(client, id_)
    assert last.state == "interrupted"
    assert last.message
    assert last.next_step
    run = client.store.open(id_)
    assert run
    assert (run.result["status"], len(run.history)) == ("interrupted", 1)
    assert ended(client, client.submit(config("fast", seed=4))).state == "finished"
    assert [call[:2] for call in calls(client.store)].count(["begin", id_]) == 1


def test_a_worker_that_dies_of_its_own_run_is_there_for_the_next(client: Client) -> None:
    doomed = client.submit(config("suicide"), owner="one")
    following = client.submit(config("fast", seed=5), owner="two")
    assert ended(client, doomed).state == "interrupted"
    assert ended(client, following).state == "finished"


# --- Cancelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("trainer", ["endless", "deaf", "stone"])
def test_a_running_run_is_cancelled_whatever_it_does(client: Client, trainer: str) -> None:
    id_ = client.submit(config(trainer, seed=30))
    until(lambda: now(client, id_).history)
    pid = pid_of(client, id_)
    client.cancel(id_)
    assert now(client, id_).cancelling or now(client, id_).ended
    following = client.submit(config("fast", seed=hash(trainer) % 10_000))
    until(lambda: now(client, id_).ended)
    run = client.store.open(id_)
    assert run
    assert now(client, id_).state == run.status == "cancelled"
    assert len(run.history) == 1
    assert ended(client, following).state == "finished"
    # One that asks comes to an end of its own.
    assert (["end", id_, str(pid)] in calls(client.store)) == (trainer == "endless")
    # Only what holds the interpreter's lock costs a new process.
    assert (pid_of(client, following) == pid) == (trainer != "stone")


def test_a_cancelled_run_is_given_less_than_two_seconds_before_its_process_is_killed() -> None:
    given = (cancelling.SECONDS_TO_BEGIN, cancelling.SECONDS_TO_STOP, *cancelling.SECONDS_TO_UNWIND)
    assert sum(given) < CANCEL_LIMIT_S


def test_a_run_is_cancelled_between_its_handing_over_and_its_beginning(client: Client) -> None:
    for seed in range(40, 60):
        id_ = client.submit(config("endless", seed=seed))
        until(lambda id_=id_: now(client, id_).position == 0)  # type: ignore[misc]
        client.cancel(id_)
        until(lambda id_=id_: now(client, id_).state == "cancelled")  # type: ignore[misc]
    assert ended(client, client.submit(config("fast", seed=60))).state == "finished"


def test_a_queued_run_leaves_the_queue_at_once(client: Client) -> None:
    ahead, cancelled, behind = (
        client.submit(config("endless", seed=31), owner="one"),
        client.submit(config("fast", seed=32), owner="two"),
        client.submit(config("fast", seed=33), owner="three"),
    )
    until(lambda: now(client, ahead).state == "training")
    assert now(client, behind).position == 2
    client.cancel(cancelled)
    assert now(client, cancelled).state == "cancelled"
    assert now(client, behind).position == 1
    client.cancel(ahead)
    assert ended(client, behind).state == "finished"
    assert begins(client, cancelled) == 0


def test_a_cancelled_run_starts_from_the_beginning_when_asked_for_again(client: Client) -> None:
    id_ = client.submit(config("slow", seed=34, num_epochs=2))
    until(lambda: now(client, id_).history)
    client.cancel(id_)
    assert ended(client, id_).state == "cancelled"
    client.submit(config("slow", seed=34, num_epochs=2))
    assert [record.epoch for record in ended(client, id_).history] == [1, 2]
    assert now(client, id_).state == "finished"


def test_cancelling_what_has_ended_or_never_was_changes_nothing(client: Client) -> None:
    id_ = client.submit(config("fast", seed=35))
    ended(client, id_)
    client.cancel(id_)
    client.cancel("0123456789abcdef")
    assert now(client, id_).state == "finished"


# --- What the store tells -------------------------------------------------------------------------


def test_a_run_nobody_knows_has_no_progress(client: Client) -> None:
    assert client.progress("0123456789abcdef") is None
    assert client.progress("../../etc/passwd") is None


def test_a_folder_without_a_result_that_nobody_works_on_is_interrupted(client: Client) -> None:
    left = config("fast", seed=70)
    RunWriter(client.store.folder(run_id(left)), left)
    seen = now(client, run_id(left))
    assert seen.state == "interrupted"
    assert seen.message
    assert seen.next_step
    assert ended(client, client.submit(left)).state == "finished"


def test_a_folder_that_is_damaged_is_replaced_by_the_next_run(client: Client) -> None:
    damaged = config("fast", seed=71)
    folder = client.store.folder(run_id(damaged))
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"backbone": "fa', "utf-8")
    assert client.progress(run_id(damaged)) is None
    assert ended(client, client.submit(damaged)).state == "finished"


# --- The engine -----------------------------------------------------------------------------------


def test_nothing_of_the_engine_listens_beyond_this_machine(client: Client) -> None:
    ended(client, client.submit(config("fast")))
    addresses = client._keeper.connection._dask.run_on_scheduler(trainers.listening)
    assert len(addresses) >= 4  # scheduler, worker, nanny, HTTP
    assert set(addresses) == {"127.0.0.1"}


def test_the_scheduler_refuses_who_has_no_certificate(client: Client) -> None:
    ended(client, client.submit(config("fast")))
    address = client._keeper.connection._dask.scheduler.address
    assert address.startswith("tls://")
    with pytest.raises(OSError, match=r"Timed out|refused|closed"):
        DaskClient(address.replace("tls", "tcp"), timeout=1, set_as_default=False)


def test_the_key_is_in_no_file_and_on_no_command_line(client: Client) -> None:
    ended(client, client.submit(config("fast")))
    files = [path for path in thaw_home().rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"PRIVATE KEY" in path.read_bytes()]
    assert client.engine_pid
    engine = psutil.Process(client.engine_pid)
    for process in (engine, *engine.children(recursive=True)):
        assert "PRIVATE KEY" not in " ".join(process.cmdline())


def test_a_clock_that_jumps_cannot_make_a_worker_look_dead(client: Client) -> None:
    ended(client, client.submit(config("fast")))
    assert "worker-ttl" not in client._keeper.connection._dask.run_on_scheduler(trainers.callbacks)


def test_a_worker_that_has_grown_is_renewed_between_runs(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    slim = client.submit(config("fast", seed=80))
    ended(client, slim)
    monkeypatch.setattr(keeper, "WORKER_LIMIT_BYTES", 250_000_000)
    fat = client.submit(config("fat", seed=81))
    following = client.submit(config("fast", seed=82), owner="next")
    assert ended(client, fat).state == ended(client, following).state == "finished"
    assert pid_of(client, slim) == pid_of(client, fat) != pid_of(client, following)
    assert psutil.Process(pid_of(client, following)).memory_info().rss < 250_000_000


def test_a_configuration_of_another_training_version_is_refused_in_words(client: Client) -> None:
    values = asdict(config("fast")) | {"training_version": 0}
    other = type(config("fast")).from_dict(values)
    last = ended(client, client.submit(other))
    assert last.state == "failed"
    assert "version 0" in last.message
