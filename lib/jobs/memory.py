"""The memory of a worker: runs that need more are refused, and at its limit a worker ends."""

import gc
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from lib.core import datasets, limits
from lib.core.datasets import DatasetSpec
from lib.core.lab.store import RunStore
from lib.core.network import too_large
from lib.core.runs import TrainConfig
from lib.core.uploads import own_datasets
from lib.jobs import folders

logger = logging.getLogger(__name__)

# At the rate at which memory is filled, some hundred megabytes pass between two looks.
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_TO_TIDY = 1.0
# A network that a worker keeps no more leaves about 60 MB.
GROWTH_BYTES = 100_000_000
# Resident memory when everything was looked at last; 0 before the first time.
_used_bytes = 0


def check(config: TrainConfig, limit_bytes: int) -> None:
    """Refuse a run that needs more memory than a worker may use.

    Raises:
        TooLargeError: If it does; the next step is a setting that would help.
    """
    data = _data(config.dataset)
    if data:
        too_large.check(config, data, limit_bytes)


def _data(dataset: str) -> DatasetSpec | None:
    """A dataset of the registry or of a reader's own; None if it is gone, as the run will say."""
    if not datasets.is_own(dataset):
        return datasets.DATASETS.get(dataset)
    found = own_datasets.get(dataset)
    return found.spec if found else None


def tidy() -> None:
    """Collect garbage, and take what is left out of the collector's sight.

    Imported modules and kept networks are hundreds of thousands of objects. Looking at all of them
    takes a third of a second, in which no run can begin. Usually only what is new is looked at, in
    some milliseconds, and what was taken out of sight before only once memory has grown.
    """
    global _used_bytes
    import psutil

    process = psutil.Process()
    _collect()
    if _used_bytes == 0:
        _used_bytes = process.memory_info().rss
    elif process.memory_info().rss > _used_bytes + GROWTH_BYTES:
        gc.unfreeze()
        _collect()
        _used_bytes = process.memory_info().rss


def _collect() -> None:
    gc.collect()
    gc.freeze()


def tidy_later(is_busy: Callable[[], bool]) -> None:
    """Do so in a moment, once the end of a run has been told; not if the next one has begun.

    Args:
        is_busy: True while a run goes on, after which `tidy_later` is called again.
    """
    timer = threading.Timer(SECONDS_TO_TIDY, lambda: None if is_busy() else tidy())
    timer.daemon = True
    timer.start()


def watch(limit_bytes: int, at_limit: Callable[[int], None]) -> None:
    """Look at the memory of this process until it ends; at the limit, call a function once.

    An estimate can be wrong, and a library can have a fault: without a limit, the operating system
    would choose which process of the machine it ends.

    Args:
        limit_bytes: Resident memory.
        at_limit: Gets the limit.
    """
    import psutil  # comes with Dask

    process = psutil.Process()
    while process.memory_info().rss <= limit_bytes:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    at_limit(limit_bytes)


def end_run(store: RunStore, run_id: str, limit_bytes: int) -> None:
    """Write into the folder of the run of this process that it has met the limit.

    Whoever looks after the run finds it there after the process has ended.
    """
    result = {
        "status": "failed",
        "message": f"This run came to the limit of {too_large.in_gb(limit_bytes)} GB of memory "
        "that a run on this machine may use, and was ended.",
        "next_step": "Use smaller images, fewer of them, or global average pooling.",
    }
    try:
        content = (json.dumps(result) + "\n").encode()
        folders.write_files(store, run_id, {folders.RESULT: content})
    except OSError as error:
        logger.warning("That run %s met its limit could not be stored: %s", run_id, error)


def limit_of(worker: object) -> int:
    """The memory that a Dask worker may use, in bytes; a run's share of the machine without one."""
    manager = getattr(worker, "memory_manager", None)
    return getattr(manager, "memory_limit", None) or limits.run_bytes()


def size_bytes(value: Any) -> int:
    """Total size of the bytes and arrays in a value."""
    if isinstance(value, Mapping):
        return sum(size_bytes(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return sum(size_bytes(part) for part in value)
    return len(value) if isinstance(value, bytes) else getattr(value, "nbytes", 0)
