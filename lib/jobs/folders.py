"""Run folders: results that the trainer could not write, and copies between machines."""

import json
import logging
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lib.core import runs
from lib.core.errors import ThawError
from lib.core.files import atomic_write
from lib.core.lab.folder import RunWriter, read_run
from lib.core.lab.store import RunStore
from lib.core.runs import EpochRecord, TrainConfig

logger = logging.getLogger(__name__)

RESULT = "result.json"
# A larger model stays in the worker's store, because the web process holds copies in memory.
MODEL_LIMIT_BYTES = 64_000_000


def clear_unfinished(store: RunStore, run_id: str) -> None:
    """Remove the folder of a cancelled, failed or interrupted run before it is started again."""
    run = read_run(store.folder(run_id))
    if run and run.result and run.status != "finished":
        shutil.rmtree(run.folder, ignore_errors=True)


def mark_ended(
    store: RunStore,
    config: TrainConfig,
    event: Mapping[str, Any],
    history: Iterable[EpochRecord] = (),
) -> None:
    """Write the result of a run if its trainer could not; the epochs in its folder are kept.

    A folder that has a result is not changed. If the store cannot be written, this is only logged,
    because the reader sees the event in any case.

    Args:
        history: The known epochs, for a run without a folder in this store.
    """
    folder = store.folder(runs.run_id(config))
    run = read_run(folder)
    if event["state"] == "finished" or (run and run.result):
        return
    result = {name: event.get(name, "") for name in ("message", "next_step")}
    result["status"] = event["state"]
    try:
        if run is None:
            writer = RunWriter(folder, config)
            for record in history:
                writer.add(record)
        write_files(store, folder.name, {RESULT: (json.dumps(result) + "\n").encode()})
    except (OSError, ThawError) as error:
        logger.warning("How run %s ended could not be stored: %s", folder.name, error)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a run folder, name -> content; without a model over MODEL_LIMIT_BYTES."""
    paths = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
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
