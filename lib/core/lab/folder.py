"""One run folder: how it is read, and how it is written."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.core.errors import ConfigError, StoreError
from lib.core.files import atomic_write
from lib.core.runs import EVALUATION_FILE, TEST_IMAGES_FILE, EpochRecord, Run, TrainConfig, run_id

# In the folder "model" of a run.
MODEL_FILE = "weights.npz"
# The same, and what the model was at the end of each earlier phase.
MODEL_FILES = (MODEL_FILE, "feature_extraction.npz", "fine_tuning*.npz")
# result.json goes first when they are removed, so that a kill in between leaves an unfinished run
# and not a false one.
OWN_FILES = ("result.json", "history.jsonl", "config.json", EVALUATION_FILE, TEST_IMAGES_FILE)
# The reader's name and note for a run.
META_FILE = "meta.json"
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
        """What meta.json says.

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


def read_meta(folder: Path) -> RunMeta:
    """What a reader says of the run in a folder; nothing where nobody has, or it is damaged."""
    try:
        return RunMeta.from_dict(json.loads((folder / META_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return RunMeta()


def cannot_store(folder: Path, error: OSError) -> StoreError:
    """What to say where a run folder cannot be written."""
    return StoreError(
        f"The run could not be stored in {folder}: {error.strerror or error}.",
        "Make room or give write permission there, or set THAW_HOME to another folder.",
    )


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
            # An earlier run's leftovers must not be taken for this one's.
            for name in OWN_FILES:
                (folder / name).unlink(missing_ok=True)
                for half_written in folder.glob(f".{name}.*.tmp"):
                    half_written.unlink()
            for pattern in MODEL_FILES:
                for stored in (folder / "model").glob(pattern):
                    stored.unlink()
        except OSError as error:
            raise cannot_store(self.folder, error) from error
        self._write("config.json", atomic_write.json_bytes(asdict(config)))

    def _write(self, name: str, content: bytes) -> None:
        try:
            atomic_write.write(self.folder / name, content)
        except OSError as error:
            raise cannot_store(self.folder, error) from error

    def add(self, record: EpochRecord) -> None:
        """Append an epoch."""
        try:
            with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(record)) + "\n")
        except OSError as error:
            raise cannot_store(self.folder, error) from error

    def evaluation(self, data: Mapping[str, Any]) -> None:
        """Write evaluation.json, before `finish`; see lib.core.reading.evaluation."""
        content = json.dumps(data, separators=(",", ":"), sort_keys=True)
        self._write(EVALUATION_FILE, f"{content}\n".encode())

    def test_images(self, webp: bytes) -> None:
        """Write the test images, before `finish`; see lib.core.reading.evaluation."""
        self._write(TEST_IMAGES_FILE, webp)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Write result.json, by atomic rename: from now on the run has ended."""
        self._write("result.json", atomic_write.json_bytes(result))
