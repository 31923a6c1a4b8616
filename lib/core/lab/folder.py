"""Reading and writing of one run folder."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lib.core.errors import ConfigError, StoreError
from lib.core.files import atomic_write, lock
from lib.core.runs import (
    EVALUATION_FILE,
    TEST_IMAGES_FILE,
    WATCHED_IMAGES_FILE,
    EpochRecord,
    Run,
    TrainConfig,
    run_id,
)

# File in the folder "model" of a run.
MODEL_FILE = "weights.npz"
# The final weights, and the weights at the end of each earlier phase.
MODEL_FILES = (MODEL_FILE, "feature_extraction.npz", "fine_tuning*.npz")
# result.json is removed first, so that a kill in between leaves an unfinished run and not one with
# the result of another.
OWN_FILES = (
    "result.json",
    "history.jsonl",
    "config.json",
    EVALUATION_FILE,
    TEST_IMAGES_FILE,
    WATCHED_IMAGES_FILE,
)
# The reader's name and note for a run.
META_FILE = "meta.json"
# Held by the process that writes the folder; there only as long.
LOCK_FILE = ".lock"
# No number of a run has more digits; Python computes with longer ones, and nothing else does.
MAX_DIGITS = 18
MAX_NAME_LENGTH = 80
MAX_NOTE_LENGTH = 2_000


@dataclass(frozen=True)
class RunMeta:
    """The reader's name and note for a run.

    Args:
        name: A short name, or "".
        note: A note, or "".
        imported: True if the run was imported from a file and not trained on this machine.
    """

    name: str = ""
    note: str = ""
    imported: bool = False

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RunMeta":
        """Check and read the fields of meta.json.

        Raises:
            ConfigError: If a field is missing, unknown, of the wrong type or too long.
        """
        if set(values) != {"name", "note", "imported"}:
            raise ConfigError("A run's name and note come with exactly: name, note, imported.")
        meta = cls(**values)
        if not isinstance(meta.name, str) or not isinstance(meta.note, str):
            raise ConfigError("A run's name and note are text.")
        if not isinstance(meta.imported, bool):
            raise ConfigError("Whether a run was imported is true or false.")
        for what, text, longest in (
            ("name", meta.name, MAX_NAME_LENGTH),
            ("note", meta.note, MAX_NOTE_LENGTH),
        ):
            if len(text) > longest:
                raise ConfigError(
                    f"A run's {what} of {len(text):,} characters is too long.",
                    f"Use at most {longest:,}.",
                )
            if not all(character.isprintable() or character == "\n" for character in text):
                raise ConfigError(f"A run's {what} holds a character that cannot be shown.")
        if "\n" in meta.name:
            raise ConfigError("A run's name is one line.")
        return meta


class BusyError(StoreError):
    """Another process writes the run folder."""


def read_run(folder: Path, *, recorded: bool = False) -> Run | None:
    """Read a run folder; return None if it is not one, has other fields, or is damaged.

    If a kill cut off the last line of history.jsonl, that line is ignored. If the epochs do not
    count up from 1, two processes wrote the folder at the same time, and it is damaged.
    """
    try:
        config = TrainConfig.from_dict(_json((folder / "config.json").read_text("utf-8")))
        history = []
        path = folder / "history.jsonl"
        for line in path.read_text("utf-8").splitlines() if path.exists() else []:
            try:
                history.append(EpochRecord.from_dict(_json(line)))
            except (ValueError, KeyError, TypeError, RecursionError):
                break
        path = folder / "result.json"
        result = _json(path.read_text("utf-8")) if path.exists() else {}
        if not isinstance(result, dict) or not counts_up(history):
            return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    imported = read_meta(folder).imported
    return Run(run_id(config), config, tuple(history), result, folder, recorded, imported)


def read_named(folder: Path, *, recorded: bool = False) -> Run | None:
    """Read a run folder that is named after its run; None as in `read_run`, or of another name.

    Whatever its files say, a run of another configuration is not the run asked for. Only one that
    was imported has a name of its own.
    """
    run = read_run(folder, recorded=recorded)
    if run is None or run.id == folder.name:
        return run
    return replace(run, id=folder.name) if run.imported else None


def counts_up(history: Sequence[EpochRecord]) -> bool:
    """True where the epochs are 1, 2, 3 and so on: one process wrote them, one after the other."""
    return [record.epoch for record in history] == list(range(1, len(history) + 1))


def _json(text: str) -> Any:
    """The values of a file.

    Raises:
        ValueError: If it is not JSON, or a number in it is longer than any of a run.
    """

    def whole(digits: str) -> int:
        if len(digits) > MAX_DIGITS:
            raise ValueError(f"a number of {len(digits)} digits")
        return int(digits)

    return json.loads(text, parse_int=whole)


def read_meta(folder: Path) -> RunMeta:
    """Read the reader's name and note for a run; both empty if missing or damaged."""
    try:
        return RunMeta.from_dict(_json((folder / META_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return RunMeta()


def cannot_store(folder: Path, error: OSError) -> StoreError:
    """Make the error for a run folder that cannot be written."""
    return StoreError(
        f"The run could not be stored in {folder}: {error.strerror or error}.",
        "Make room or give write permission there, or set THAW_HOME to another folder.",
    )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Be the only process that writes a run folder; the folder is made.

    Raises:
        BusyError: If another process or thread writes it.
        StoreError: If it cannot be written.
    """
    is_free = False
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # Deleted at this moment.
                is_free = stack.enter_context(lock.if_free(folder / LOCK_FILE))
        except OSError as error:
            raise cannot_store(folder, error) from error
        if not is_free:
            raise BusyError(
                f"Another process of Thaw is writing the run in {folder}.",
                "Wait until it has ended.",
            )
        yield


def is_written(folder: Path) -> bool:
    """True while a process writes a run folder."""
    return lock.held(folder / LOCK_FILE)


def clear(folder: Path) -> None:
    """Remove what an earlier run wrote: its leftovers must not be taken for those of the next.

    Raises:
        OSError: If it cannot be removed.
    """
    for name in OWN_FILES:
        (folder / name).unlink(missing_ok=True)
        for half_written in folder.glob(f".{name}.*.tmp"):
            half_written.unlink()
    for pattern in MODEL_FILES:
        for stored in (folder / "model").glob(pattern):
            stored.unlink()


def begin_anew(folder: Path) -> None:
    """Remove what a run has written, so that it can be trained again; its name and owner stay.

    Raises:
        BusyError: If another process or thread writes it.
        StoreError: If it cannot be removed.
    """
    with writing(folder):
        try:
            clear(folder)
        except OSError as error:
            raise cannot_store(folder, error) from error


class RunWriter:
    """Writes one run folder: config.json first, one line per epoch, result.json last.

    Args:
        folder: The run folder. Files of an earlier run are removed, other files are not. Where
            other processes may write it, use this only within `writing`.
        config: Configuration of the run.

    Raises:
        StoreError: If the folder cannot be written, or the epochs in it do not count up; every
            method may raise it.
    """

    def __init__(self, folder: Path, config: TrainConfig) -> None:
        self.folder = folder
        self._history = ""
        self._num_epochs = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            clear(folder)
        except OSError as error:
            raise cannot_store(self.folder, error) from error
        self._write("config.json", atomic_write.json_bytes(config.to_dict()))

    def _write(self, name: str, content: bytes) -> None:
        try:
            atomic_write.write(self.folder / name, content)
        except OSError as error:
            raise cannot_store(self.folder, error) from error

    def add(self, record: EpochRecord) -> None:
        """Append an epoch, the next one."""
        self._num_epochs += 1
        if record.epoch != self._num_epochs:
            raise self._not_alone()
        line = record.to_line()
        try:
            with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise cannot_store(self.folder, error) from error
        self._history += line

    def _not_alone(self) -> StoreError:
        return StoreError(
            f"The epochs of the run in {self.folder} do not count up: another process wrote there.",
            "Start it again, in one copy of Thaw.",
        )

    def evaluation(self, data: Mapping[str, Any]) -> None:
        """Write evaluation.json, before `finish`; see lib.core.reading.evaluation."""
        content = json.dumps(data, separators=(",", ":"), sort_keys=True)
        self._write(EVALUATION_FILE, f"{content}\n".encode())

    def test_images(self, webp: bytes) -> None:
        """Write the test images, before `finish`; see lib.core.reading.evaluation."""
        self._write(TEST_IMAGES_FILE, webp)

    def watched_images(self, webp: bytes) -> None:
        """Write the watched validation images, before the first epoch; see reading.watched."""
        self._write(WATCHED_IMAGES_FILE, webp)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Write result.json by atomic rename; from then on the run has ended."""
        # Some file systems have no locks, so another process may have written here.
        try:
            path = self.folder / "history.jsonl"
            there = path.read_text("utf-8") if path.exists() else ""
        except OSError as error:
            raise cannot_store(self.folder, error) from error
        if there != self._history:
            raise self._not_alone()
        self._write("result.json", atomic_write.json_bytes(result))
