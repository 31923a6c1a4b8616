"""Run folders: results that the trainer could not write, and copies between machines."""

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lib.core import runs
from lib.core.errors import ThawError
from lib.core.files import atomic_write
from lib.core.lab import owner
from lib.core.lab.folder import LOCK_FILE, BusyError, RunWriter, clear, read_run, writing
from lib.core.lab.store import RunStore
from lib.core.runs import EpochRecord, TrainConfig

logger = logging.getLogger(__name__)

RESULT = "result.json"
# A larger model stays in the worker's store, because the web process holds copies in memory.
MODEL_LIMIT_BYTES = 64_000_000


def prepare(store: RunStore, run_id: str, reader: str) -> None:
    """Make way for a run, and say whose it is.

    The folder of a cancelled, failed or interrupted run before it is removed, unless another
    process is training it again.

    Args:
        reader: Hash of the key of the reader who has started it; "" for nobody.
    """
    store.make_way(run_id)
    folder = store.folder(run_id)
    try:
        with writing(folder):
            run = read_run(folder)
            if run and run.result and run.status != "finished":
                clear(folder)
            if reader:
                owner.give(folder, reader)
    except BusyError:
        pass  # It is the run of whoever has started it there.
    except (OSError, ThawError) as error:
        logger.warning("Whose run %s is could not be stored: %s", run_id, error)


def mark_ended(
    store: RunStore,
    config: TrainConfig,
    event: Mapping[str, Any],
    history: Iterable[EpochRecord] = (),
) -> None:
    """Write the result of a run if its trainer could not; the epochs in its folder are kept.

    A folder that has a result, or that another process writes, is not changed. If the store cannot
    be written, this is only logged, because the reader sees the event in any case.

    Args:
        history: The known epochs, for a run without a folder in this store.
    """
    folder = store.folder(runs.run_id(config))
    try:
        with writing(folder):
            run = read_run(folder)
            if event["state"] == "finished" or (run and run.result):
                return
            result = {name: event.get(name, "") for name in ("message", "next_step")}
            result["status"] = event["state"]
            if run is None:
                writer = RunWriter(folder, config)
                for record in history:
                    writer.add(record)
            write_files(store, folder.name, {RESULT: (json.dumps(result) + "\n").encode()})
    except BusyError:
        pass  # Another process trains the same run, so here nothing has ended.
    except (OSError, ThawError) as error:
        logger.warning("How run %s ended could not be stored: %s", folder.name, error)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a run folder, name -> content; without a model over MODEL_LIMIT_BYTES.

    Whose the run is stays where it is known.
    """
    paths = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (LOCK_FILE, owner.OWNER_FILE)
    }
    model = {name for name in paths if name.startswith("model/")}
    if sum(paths[name].stat().st_size for name in model) > MODEL_LIMIT_BYTES:
        paths = {name: path for name, path in paths.items() if name not in model}
    return {name: path.read_bytes() for name, path in paths.items()}


def write_files(store: RunStore, run_id: str, files: Mapping[str, bytes]) -> None:
    """Write the files of a run into the store; see `write_folder`.

    If the folder already has the same result, the store is shared, and nothing is written.

    Raises:
        OSError: If one cannot be written.
    """
    folder = store.folder(run_id)
    result = folder / RESULT
    if result.exists() and result.read_bytes() == files.get(RESULT):
        return
    write_folder(folder, files)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files of a run folder, result.json last, each by atomic rename.

    Raises:
        OSError: If one cannot be written.
    """
    for name in sorted(files, key=lambda name: (name == RESULT, name)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write.write(path, files[name])
