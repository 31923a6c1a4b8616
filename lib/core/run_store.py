"""Run folders: where runs are kept, how one is read, and how one is written."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from lib.core.errors import ConfigError, StoreError
from lib.core.home import thaw_home
from lib.core.runs import EpochRecord, Run, TrainConfig, is_run_id, run_id

# In the folder "model" of a run.
MODEL_FILE = "weights.npz"


class RunStore:
    """The folder of runs under THAW_HOME, and the recorded runs that ship with Thaw.

    Args:
        root: Folder of the local runs; `thaw_home() / "runs"` where None.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = thaw_home() / "runs" if root is None else root

    @property
    def recorded_root(self) -> Path:
        """Folder of the runs that ship with Thaw."""
        return Path(str(resources.files("lib.core") / "data" / "recorded_runs"))

    def folder(self, id_: str) -> Path:
        """Where a run of this id is kept.

        Raises:
            ConfigError: If the text is not a run id.
        """
        if not is_run_id(id_):
            raise ConfigError(
                f"{id_!r} is not the name of a run.", "It is 16 digits and letters from a to f."
            )
        return self.root / id_

    def open(self, id_: str) -> Run | None:
        """The run of this id, finished or not; None where there is none.

        Raises:
            ConfigError: If the text is not a run id.
        """
        local = self._read(self.folder(id_))
        if local and local.status == "finished":
            return local
        # A run that was not finished does not stand before a recorded one that was.
        return self._read(self.recorded_root / id_, recorded=True) or local

    def _read(self, folder: Path, *, recorded: bool = False) -> Run | None:
        """The run in a folder that is named after it; None where there is none."""
        run = read_run(folder, recorded=recorded)
        # Whatever its files say, a run of another configuration is not the run asked for.
        return run if run and run.id == folder.name else None

    def __iter__(self) -> Iterator[Run]:
        """Every readable run, newest first, then the recorded ones."""
        seen = set()
        for folder in sorted(_subfolders(self.root), key=_modified, reverse=True):
            run = self.open(folder.name)
            if run and run.result:
                seen.add(run.id)
                yield run
        for folder in sorted(_subfolders(self.recorded_root)):
            run = self._read(folder, recorded=True)
            if run and run.id not in seen:
                yield run

    def check_writable(self) -> None:
        """Try to write.

        Raises:
            StoreError: If the folder cannot be made or written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise StoreError(
                f"Runs cannot be stored in {self.root}: {error.strerror or error}.",
                "Make room or give write permission there, or set THAW_HOME to another folder.",
            ) from error


def _subfolders(root: Path) -> list[Path]:
    try:
        return [path for path in root.iterdir() if path.is_dir() and is_run_id(path.name)]
    except OSError:
        return []


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # Removed since it was listed.
        return 0.0


def read_run(folder: Path, *, recorded: bool = False) -> Run | None:
    """Read a run folder; None where it is not one, has other fields, or is damaged.

    A last line of history.jsonl that was cut off by a kill is left out.
    """
    try:
        config = TrainConfig.from_dict(json.loads((folder / "config.json").read_text("utf-8")))
        history = []
        path = folder / "history.jsonl"
        for line in path.read_text("utf-8").splitlines() if path.exists() else []:
            try:
                history.append(EpochRecord.from_dict(json.loads(line)))
            except (ValueError, KeyError, TypeError, RecursionError):
                break
        path = folder / "result.json"
        result = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if not isinstance(result, dict):
            return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return Run(run_id(config), config, tuple(history), result, folder, recorded)


class RunWriter:
    """Writes one run folder: config.json first, a line an epoch, result.json last.

    Args:
        folder: The run folder. What an earlier run left there is removed, nothing else is.
        config: What was asked for.

    Raises:
        StoreError: If the folder cannot be written; the same from every method.
    """

    def __init__(self, folder: Path, config: TrainConfig) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # An earlier run's leftovers must not be taken for this one's; result.json goes
            # first, so that a kill in between leaves an unfinished run and not a false one.
            for name in ("result.json", "history.jsonl", "config.json"):
                (folder / name).unlink(missing_ok=True)
            (folder / "model" / MODEL_FILE).unlink(missing_ok=True)
        except OSError as error:
            raise self._store_error(error) from error
        self._write("config.json", json.dumps(asdict(config), indent=2, sort_keys=True) + "\n")

    def _store_error(self, error: OSError) -> StoreError:
        return StoreError(
            f"The run could not be stored in {self.folder}: {error.strerror or error}.",
            "Make room or give write permission there, or set THAW_HOME to another folder.",
        )

    def _write(self, name: str, text: str) -> None:
        temporary = self.folder / f".{name}.tmp"
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / name)
        except OSError as error:
            raise self._store_error(error) from error

    def add(self, record: EpochRecord) -> None:
        """Append an epoch."""
        try:
            with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(record)) + "\n")
        except OSError as error:
            raise self._store_error(error) from error

    def finish(self, result: Mapping[str, Any]) -> None:
        """Write result.json, by atomic rename: from now on the run has ended."""
        self._write("result.json", json.dumps(result, indent=2, sort_keys=True) + "\n")
