"""What one reader may start, and what the client says when there is no room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.core import limits, runs
from lib.core.errors import StoreError
from lib.core.lab import owner
from lib.core.lab.owner import RunOwner
from lib.jobs.client import Client
from tests.unit.jobs_support import config, environment

ANNA, MALLORY = "a" * 64, "f" * 64


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client whose engine never starts, so that everything waits."""
    monkeypatch.setattr(Client, "start", lambda self: None)
    monkeypatch.setenv(limits.VARIABLE, "room")
    with environment(tmp_path):
        client = Client(trainer="trainers:train")
        yield client
        client.close()


def refused(client: Client, seeds: range, reader: str) -> list[str]:
    """The sentences with which runs were refused."""
    said = []
    for seed in seeds:
        try:
            client.submit(config("fast", seed=seed), reader)
        except StoreError as error:
            said.append(error.in_words())
    return said


def test_of_forty_runs_of_one_reader_a_dozen_wait_and_others_find_room(client: Client) -> None:
    said = refused(client, range(40), MALLORY)
    assert len(said) == 40 - limits.ROOM.runs_waiting_each
    assert set(said) == {
        "You have 12 runs that have not ended, and there is room for 12. Wait until some have "
        "ended, or cancel some."
    }
    assert refused(client, range(40, 45), ANNA) == []
    # Room that is given back can be used again.
    client.cancel(runs.run_id(config("fast", seed=0)))
    assert refused(client, range(50, 51), MALLORY) == []


def test_many_readers_together_fill_the_queue_and_no_more(client: Client) -> None:
    said = [
        sentence
        for number in range(20)
        for sentence in refused(client, range(12 * number, 12 * number + 12), f"reader {number}")
    ]
    assert len(said) == 240 - limits.ROOM.runs_waiting
    assert said[0].startswith("200 runs of all readers have not ended, and there is room for 200.")


def test_a_laptop_notices_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.VARIABLE, "laptop")
    assert refused(client, range(100), ANNA) == []


def test_a_reader_with_as_many_runs_as_there_is_room_for_starts_no_other(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "room, runs_each=2")
    for number in range(2):
        owner.write_owner(client.store.folder(f"{number:016x}"), RunOwner(MALLORY))
    (sentence,) = refused(client, range(1), MALLORY)
    assert sentence == "You have 2 runs here, and there is room for 2. Delete some of them."
    assert refused(client, range(1), ANNA) == []
