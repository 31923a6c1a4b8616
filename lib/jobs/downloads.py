"""The downloads of datasets as every reader of this web process sees them."""

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
# How long it is believed what was found of the network, and of another machine's disk.
NETWORK_LOOK_S = 60.0
THERE_LOOK_S = 1.0


class Downloads:
    """Starts and ends downloads, and says how far they are.

    Where a dataset is and how far its download is stands in files that the workers write; this
    remembers only what was asked and not answered yet. Where the workers are those of a scheduler,
    perhaps on another machine, one of them is asked what it sees.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._there = _There(client) if os.environ.get("THAW_SCHEDULER") else None
        # Guards all below. Never held while anybody is waited for.
        self._lock = threading.Lock()
        self._asked: dict[str, Question] = {}
        self._unwanted: set[str] = set()
        self._reachable: frozenset[str] | None = None
        self._looked_at = -NETWORK_LOOK_S
        self._looking = False

    def start(self, spec: DatasetSpec) -> None:
        """Have a worker start a download; whoever looks next sees it."""
        if self.standing(spec).state != "missing":
            return
        self._client.start()
        with self._lock:
            self._unwanted.discard(spec.id)
            self._asked[spec.id] = self._client.ask(
                START_TASK, owner=f"download {spec.id}", dataset=spec.id
            )

    def cancel(self, spec: DatasetSpec) -> None:
        """End a download, and remove what was fetched."""
        with self._lock:
            question = self._asked.get(spec.id)
            if question and not question.ended:
                self._unwanted.add(spec.id)  # a worker is just about to start it
        self._wish_its_end(spec.id)

    def standing(self, spec: DatasetSpec) -> Standing:
        """What of a dataset is here, and what is going on with it; returns at once."""
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
        """Those of some hosts that could be reached a moment ago; None while nobody knows.

        Returns at once: a thread looks, once a minute at most while somebody asks. Of the network
        of other machines nobody knows: a worker says when it is asked to download.
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
    """What a worker saw.

    Args:
        standings: By dataset.
        free_mb: Where it keeps datasets; as much as it takes while that is not known.
    """

    standings: Mapping[str, Standing]
    free_mb: int


class _There:
    """The datasets of workers that may be on another machine, as one of them saw them last."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._question: Question | None = None
        self._asked_at = -THERE_LOOK_S
        self.seen = _Seen({}, max(spec.disk_mb for spec in DATASETS.values()))

    def standing(self, spec: DatasetSpec) -> Standing:
        """What was seen last; a worker is asked again now and then."""
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
