"""Dataset downloads, shared by all sessions of this web process."""

import os
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from lib.core.datasets import DATASETS, DatasetSpec
from lib.core.files import reachability
from lib.core.images import download_status
from lib.core.images.download_status import Progress, Standing
from lib.jobs.client import Client
from lib.jobs.questions import Question

START_TASK = "lib.training.sources.download_process:start"
CANCEL_TASK = "lib.training.sources.download_process:cancel"
LOOK_TASK = "lib.training.sources.download_process:look"
# How long cached results are used, of the network and of the disk of another machine.
NETWORK_LOOK_S = 60.0
THERE_LOOK_S = 1.0


class Downloads:
    """Starts and cancels downloads, and reports their progress.

    The state of a dataset and of its download is in files that the workers write; this class keeps
    only requests without an answer yet. With a scheduler, the workers may be on another machine, so
    a worker is asked for the state.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._there = _There(client) if os.environ.get("THAW_SCHEDULER") else None
        # Guards the attributes below. Never held during a blocking call.
        self._lock = threading.Lock()
        self._asked: dict[str, Question] = {}
        self._unwanted: set[str] = set()
        self._reachable: frozenset[str] | None = None
        self._looked_at = -NETWORK_LOOK_S
        self._looking = False

    def start(self, spec: DatasetSpec) -> None:
        """Ask a worker to start a download; the state changes at once for all sessions."""
        if self.standing(spec).state != "missing":
            return
        self._client.start()
        with self._lock:
            self._unwanted.discard(spec.id)
            self._asked[spec.id] = self._client.ask(
                START_TASK, owner=f"download {spec.id}", dataset=spec.id
            )

    def cancel(self, spec: DatasetSpec) -> None:
        """Cancel a download, and remove its files."""
        with self._lock:
            question = self._asked.get(spec.id)
            if question and not question.ended:
                self._unwanted.add(spec.id)  # a worker may be starting it now
        self._wish_its_end(spec.id)

    def standing(self, spec: DatasetSpec) -> Standing:
        """The state of a dataset and of its download; returns immediately."""
        found = self._there.standing(spec) if self._there else download_status.standing(spec)
        with self._lock:
            question = self._asked.get(spec.id)
            if question is None:
                return found
            unwanted = spec.id in self._unwanted
            if found.state != "missing":
                if unwanted and found.state == "downloading":
                    self._wish_its_end(spec.id)
                if question.ended:
                    del self._asked[spec.id]
                    self._unwanted.discard(spec.id)
                return found
        if unwanted:
            return Standing("missing")
        if not question.ended:
            return Standing("downloading", Progress(question.position or "Starting"))
        if error := question.error:
            said = Progress("", message=error.message, next_step=error.next_step)
            return Standing("missing", said)
        return found

    def _wish_its_end(self, dataset: str) -> None:
        if self._there:
            self._client.ask(CANCEL_TASK, owner=f"cancel {dataset}", dataset=dataset)
        else:
            download_status.ask_to_cancel(dataset)

    def free_mb(self) -> int:
        """Free space where datasets are kept, in megabytes of 1,000,000 bytes."""
        return self._there.seen.free_mb if self._there else download_status.free_mb()

    def reachable(self, hosts: Collection[str]) -> frozenset[str] | None:
        """The hosts that were reachable at the last check; None before the first check.

        Returns immediately: a thread checks at most once a minute. For workers on other machines
        all hosts are returned; a worker reports an error when it starts the download.
        """
        if self._there:
            return frozenset(hosts)
        with self._lock:
            if not self._looking and time.monotonic() - self._looked_at >= NETWORK_LOOK_S:
                self._looking = True
                threading.Thread(target=self._look, args=(tuple(hosts),), daemon=True).start()
            return self._reachable

    def _look(self, hosts: tuple[str, ...]) -> None:
        addresses = {host: reachability.address(f"https://{host}") for host in hosts}
        found = reachability.reachable(addresses.values())
        with self._lock:
            self._reachable = frozenset(host for host in hosts if addresses[host] in found)
            self._looked_at, self._looking = time.monotonic(), False


@dataclass(frozen=True)
class _Seen:
    """The state that a worker reported.

    Args:
        standings: Dataset -> state.
        free_mb: Free space of its datasets folder; the largest requirement until it is known.
    """

    standings: Mapping[str, Standing]
    free_mb: int


class _There:
    """The dataset states on another machine, as last reported by one of its workers."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._question: Question | None = None
        self._asked_at = -THERE_LOOK_S
        self.seen = _Seen({}, max(spec.disk_mb for spec in DATASETS.values()))

    def standing(self, spec: DatasetSpec) -> Standing:
        """The last reported state; a worker is asked again at most once a second."""
        with self._lock:
            question = self._question
            if question and question.state == "done":
                self.seen, self._question = _seen(question.answer), None
            elif question and question.ended:
                self._question = None
            if self._question is None and time.monotonic() - self._asked_at >= THERE_LOOK_S:
                self._asked_at = time.monotonic()
                self._client.start()
                self._question = self._client.ask(LOOK_TASK, owner="downloads")
        if spec.offline:
            return Standing("ready")
        return self.seen.standings.get(spec.id, Standing("missing"))


def _seen(answer: Mapping[str, Any]) -> _Seen:
    standings = {
        dataset: Standing(state, Progress(**said) if said else None)
        for dataset, (state, said) in answer["standings"].items()
    }
    return _Seen(standings, answer["free_mb"])
