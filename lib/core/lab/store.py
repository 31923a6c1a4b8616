"""The store of runs: where run folders are kept, listed, named, deleted and taken in."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from lib.core.errors import ConfigError, StoreError
from lib.core.files import atomic_write
from lib.core.files.home import thaw_home
from lib.core.files.shipped import DATA
from lib.core.lab.folder import META_FILE, RunMeta, cannot_store, read_meta, read_run
from lib.core.runs import TEST_IMAGES_FILE, Run, TrainConfig, is_run_id

# A run that is being removed or brought in has a name that is no run id, so nobody sees it.
HIDDEN_PREFIX = "."
# Several times the runs a store of a course holds; a summary takes about 1 kB.
MAX_SUMMARIES = 4_096


@dataclass(frozen=True)
class RunSummary:
    """A line in a list of runs.

    Args:
        id: Its name in the store and in links.
        config: What was asked for.
        status: As in Run.
        meta: What a reader says of it.
        num_epochs: How many it had.
        val_accuracy: Of the last epoch; None without one.
        test_accuracy: None where it did not finish.
        wall_time_s: None where that is not known.
        ended: When its result was written, seconds since 1970.
        recorded: True where it ships with Thaw.
    """

    id: str
    config: TrainConfig
    status: str
    meta: RunMeta
    num_epochs: int
    val_accuracy: float | None
    test_accuracy: float | None
    wall_time_s: float | None
    ended: float
    recorded: bool


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
        return DATA / "recorded_runs"

    @property
    def evidence_root(self) -> Path:
        """Folder of further runs that ship with Thaw, read together by lib.core.strategy.evidence.

        They are opened by their name; a list of runs would be theirs alone.
        """
        return self.recorded_root.with_name("evidence")

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
        for root in (self.recorded_root, self.evidence_root):
            if recorded := self._read(root / id_, recorded=True):
                return recorded
        return local

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

    def summaries(self) -> tuple[RunSummary, ...]:
        """A line for every run that has ended, newest first, then the recorded ones.

        Only what changed since it was last read is read.
        """
        local = [_summary_of(folder) for folder in _subfolders(self.root)]
        known = sorted((each for each in local if each), key=lambda each: (-each.ended, each.id))
        recorded = [
            _summary_of(folder, recorded=True) for folder in sorted(_subfolders(self.recorded_root))
        ]
        ships = {each.id for each in recorded if each}
        # As in `open`: a run that was not finished does not stand before a recorded one that was.
        shown = [each for each in known if each.status == "finished" or each.id not in ships]
        ids = {each.id for each in shown}
        return (*shown, *(each for each in recorded if each and each.id not in ids))

    def summary(self, id_: str) -> RunSummary | None:
        """The line of one run that has ended, wherever it is; None where there is none.

        Raises:
            ConfigError: If the text is not a run id.
        """
        run = self.open(id_)
        return _summary_of(run.folder, recorded=run.recorded) if run else None

    # --- What a reader does to a run ----------------------------------------

    def meta(self, id_: str) -> RunMeta:
        """What a reader says of a run; nothing where nobody has.

        Raises:
            ConfigError: If the text is not a run id.
        """
        return read_meta(self.folder(id_))

    def rename(self, id_: str, *, name: str | None = None, note: str | None = None) -> RunMeta:
        """Give a run a name, a note, or both.

        Args:
            id_: Of a run in this store.
            name: At most MAX_NAME_LENGTH characters; None keeps the one it has.
            note: At most MAX_NOTE_LENGTH characters; None keeps the one it has.

        Raises:
            ConfigError: If a text cannot be used; the run keeps what it had.
            StoreError: If there is no such run, it ships with Thaw, or the store cannot be
                written.
        """
        folder = self._own(id_, "named")
        old = read_meta(folder)
        meta = RunMeta.from_dict(
            {
                "name": old.name if name is None else " ".join(name.split()),
                "note": old.note if note is None else note.replace("\r\n", "\n").strip(),
                "imported": old.imported,
            }
        )
        try:
            atomic_write.write_json(folder / META_FILE, asdict(meta))
        except OSError as error:
            raise cannot_store(folder, error) from error
        return meta

    def delete(self, id_: str) -> None:
        """Remove a run that has ended. It is gone at once; its files go after that.

        Raises:
            ConfigError: If the text is not a run id.
            StoreError: If there is no such run, it ships with Thaw, it has not ended, or the
                store cannot be written.
        """
        folder = self._own(id_, "deleted")
        if not (folder / "result.json").exists():
            raise StoreError("This run has not ended, so it cannot be deleted.", "Cancel it first.")
        self._discard(folder)

    def forget_images(self, datasets: Collection[str]) -> None:
        """Remove the test images from every run on some datasets: their reader has deleted them.

        Args:
            datasets: "images-..." of their configurations.
        """
        for folder in _subfolders(self.root):
            run = read_run(folder)
            if run and run.config.dataset in datasets:
                with suppress(OSError):
                    (folder / TEST_IMAGES_FILE).unlink(missing_ok=True)

    def _own(self, id_: str, verb: str) -> Path:
        """The folder of a run of this store.

        Raises:
            StoreError: If there is none.
        """
        folder = self.folder(id_)
        if (folder / "config.json").is_file():
            return folder
        if any((root / id_).is_dir() for root in (self.recorded_root, self.evidence_root)):
            raise StoreError(
                f"This run ships with Thaw and cannot be {verb}.", "Export it to keep a copy."
            )
        raise _no_run(id_)

    def _discard(self, folder: Path) -> None:
        """Take a run folder away in one step, then remove its files."""
        # Only this rename decides: of many who delete a run at once, one succeeds, and the clean-up
        # of one never removes what another still needs.
        try:
            os.rename(folder, self.root / f"{HIDDEN_PREFIX}deleted-{secrets.token_hex(8)}")
        except FileNotFoundError as error:
            raise _no_run(folder.name) from error
        except OSError as error:
            raise cannot_store(folder, error) from error
        # What could not be removed now is out of sight, and goes with the next one.
        for leftover in self.root.glob(f"{HIDDEN_PREFIX}deleted-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def adopt(self, id_: str, files: Mapping[str, bytes]) -> None:
        """Take in a run as files, all of it or nothing.

        What is in the files is the caller's to have checked; see lib.core.lab.bundle.

        Args:
            files: Path in the run folder, with "/" -> content.

        Raises:
            ConfigError: If the text is not a run id.
            StoreError: If the run is there already, is going on, or the store cannot be written.
        """
        folder = self.folder(id_)
        known = self.open(id_)
        if known and known.status in ("finished", "interrupted"):
            if known.result:
                raise StoreError("This run is in the store already.", f"Open run {id_}.")
            raise StoreError(
                "This run has begun here and has not ended.", f"Let run {id_} end, or cancel it."
            )
        self.check_writable()
        hidden = Path(tempfile.mkdtemp(prefix=f"{HIDDEN_PREFIX}import-", dir=self.root))
        try:
            for name, content in files.items():
                path = hidden / id_ / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if folder.exists():  # What a cancelled or a failed run left.
                self._discard(folder)
            os.rename(hidden / id_, folder)
        except OSError as error:
            raise cannot_store(folder, error) from error
        finally:
            shutil.rmtree(hidden, ignore_errors=True)

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


def _summary_of(folder: Path, *, recorded: bool = False) -> RunSummary | None:
    """A line for the run in a folder; None where it has not ended or cannot be read."""
    stamps = []
    for name in ("result.json", META_FILE):
        try:
            stat = (folder / name).stat()
            stamps.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            stamps.append((0, 0, 0))
    # result.json is written last and once, so without it there is nothing to list.
    return _summary(folder, tuple(stamps), recorded) if stamps[0][1] else None


@lru_cache(maxsize=MAX_SUMMARIES)
def _summary(
    folder: Path, stamps: tuple[tuple[int, int, int], ...], recorded: bool
) -> RunSummary | None:
    """The line as the files had it at these stamps, which are there to be told apart by."""
    run = read_run(folder, recorded=recorded)
    if run is None or run.id != folder.name:
        return None
    return RunSummary(
        id=run.id,
        config=run.config,
        status=run.status,
        meta=read_meta(folder),
        num_epochs=len(run.history),
        val_accuracy=run.history[-1].val_accuracy if run.history else None,
        test_accuracy=_number(run.result.get("test_accuracy")),
        wall_time_s=_number(run.result.get("wall_time_s")),
        ended=stamps[0][0] / 1e9,
        recorded=recorded,
    )


def _number(value: object) -> float | None:
    """What a damaged result.json may hold in place of a number is none."""
    return float(value) if isinstance(value, int | float) else None


def _no_run(id_: str) -> StoreError:
    return StoreError(f"There is no run {id_} in the store.", "Choose one from the list.")
