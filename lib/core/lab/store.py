"""The store of runs: run folders are kept, listed, named, deleted and imported here.

Who may do what to a run is decided where the reader is known (lib/ui/uploads/access.py).
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from lib.core import limits, runs
from lib.core.errors import ConfigError, StoreError
from lib.core.files import atomic_write, scratch_dirs
from lib.core.files.home import thaw_home
from lib.core.files.shipped import DATA
from lib.core.lab import summary
from lib.core.lab.folder import (
    META_FILE,
    RunMeta,
    cannot_store,
    is_written,
    read_meta,
    read_named,
    read_run,
)
from lib.core.lab.owner import RunOwner, write_owner
from lib.core.lab.summary import RunSummary as RunSummary
from lib.core.runs import TEST_IMAGES_FILE, WATCHED_IMAGES_FILE, Run, TrainConfig, is_run_id

# Names of scratch directories begin with it; no run id does.
HIDDEN = "."


class RunStore:
    """The folder of runs under THAW_HOME, and the recorded runs that ship with Thaw.

    Args:
        root: Folder of the local runs; None for `thaw_home() / "runs"`.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = thaw_home() / "runs" if root is None else root

    @property
    def recorded_root(self) -> Path:
        """Folder of the runs that ship with Thaw."""
        return DATA / "recorded_runs"

    @property
    def evidence_root(self) -> Path:
        """Folder of the recorded runs that lib.core.strategy.evidence reads together.

        They can be opened by their id. Lists of runs leave them out, because they are too many.
        """
        return self.recorded_root.with_name("evidence")

    def folder(self, id_: str) -> Path:
        """Return the folder of a run, which need not exist.

        Raises:
            ConfigError: If the text is not a run id.
        """
        if not is_run_id(id_):
            raise ConfigError(
                f"{id_!r} is not the name of a run.", "It is 16 digits and letters from a to f."
            )
        return self.root / id_

    def open(self, id_: str) -> Run | None:
        """Read a run, finished or not; return None if there is no such run.

        Raises:
            ConfigError: If the text is not a run id.
        """
        local = read_named(self.folder(id_))
        # Neither a run that was not finished nor one from a file stands before a recorded one.
        if local and local.status == "finished" and not local.imported:
            return local
        # A recorded run has priority over an unfinished local one, and over an imported one.
        for root in (self.recorded_root, self.evidence_root):
            if recorded := read_named(root / id_, recorded=True):
                return recorded
        return local

    def trained(self, config: TrainConfig) -> Run | None:
        """Return the finished run of a configuration; None if there is none.

        It was trained here, or it is recorded. An imported run never counts, even under this id,
        under which earlier versions of Thaw stored it.
        """
        run = self.open(runs.run_id(config))
        return run if run and run.status == "finished" and not run.imported else None

    def __iter__(self) -> Iterator[Run]:
        """Yield every readable run that has ended, newest first, then the recorded ones."""
        seen = set()
        for folder in sorted(self.folders(), key=_modified, reverse=True):
            run = self.open(folder.name)
            if run and run.result:
                seen.add(run.id)
                yield run
        for folder in sorted(RunStore(self.recorded_root).folders()):
            run = read_named(folder, recorded=True)
            if run and run.id not in seen:
                yield run

    def summaries(self) -> tuple[RunSummary, ...]:
        """Return a line for every run that has ended, newest first, then the recorded ones.

        Only files that changed since the last call are read.
        """
        local = [summary.of(folder) for folder in self.folders()]
        known = sorted((each for each in local if each), key=lambda each: (-each.ended, each.id))
        recorded = [
            summary.of(folder, recorded=True)
            for folder in sorted(RunStore(self.recorded_root).folders())
        ]
        ships = {each.id for each in recorded if each}
        # As in `open`: a recorded run has priority over an unfinished and over an imported one.
        shown = [
            each
            for each in known
            if each.id not in ships or (each.status == "finished" and not each.meta.imported)
        ]
        ids = {each.id for each in shown}
        return (*shown, *(each for each in recorded if each and each.id not in ids))

    def summary(self, id_: str) -> RunSummary | None:
        """Return the line of one run that has ended, local or recorded; None if there is none.

        Raises:
            ConfigError: If the text is not a run id.
        """
        run = self.open(id_)
        return summary.of(run.folder, recorded=run.recorded) if run else None

    def folders(self) -> list[Path]:
        """The folders of the runs of this store, readable or not, in no order."""
        try:
            return [path for path in self.root.iterdir() if path.is_dir() and is_run_id(path.name)]
        except OSError:
            return []

    # --- Changes by a reader ------------------------------------------------

    def meta(self, id_: str) -> RunMeta:
        """Return the reader's name and note for a run; both empty if there are none.

        Raises:
            ConfigError: If the text is not a run id.
        """
        return read_meta(self.folder(id_))

    def rename(self, id_: str, *, name: str | None = None, note: str | None = None) -> RunMeta:
        """Give a run a name, a note, or both.

        Args:
            id_: Id of a run in this store.
            name: At most MAX_NAME_LENGTH characters; None keeps the current name.
            note: At most MAX_NOTE_LENGTH characters; None keeps the current note.

        Raises:
            ConfigError: If a text cannot be used; nothing is changed then.
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
        """Delete a run that has ended. It disappears from the store before its files are removed.

        Raises:
            ConfigError: If the text is not a run id.
            StoreError: If there is no such run, it ships with Thaw, it has not ended, or the
                store cannot be written.
        """
        folder = self._own(id_, "deleted")
        if not (folder / "result.json").exists() or is_written(folder):
            raise StoreError("This run has not ended, so it cannot be deleted.", "Cancel it first.")
        self._discard(folder)

    def forget_images(self, datasets: Collection[str]) -> None:
        """Remove the pictures from every run on datasets that their reader has deleted.

        Args:
            datasets: Ids of the datasets, "images-...".
        """
        for folder in self.folders():
            run = read_run(folder)
            if run and run.config.dataset in datasets:
                for name in (TEST_IMAGES_FILE, WATCHED_IMAGES_FILE):
                    with suppress(OSError):
                        (folder / name).unlink(missing_ok=True)

    def _own(self, id_: str, verb: str) -> Path:
        """Return the folder of a local run.

        Raises:
            StoreError: If there is no such run, or if it ships with Thaw.
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
        """Rename a run folder to a hidden name in one step, then remove its files."""
        # If several readers delete a run at the same time, this rename succeeds for one of them
        # only, so no clean-up removes files that another one still needs.
        try:
            shutil.rmtree(scratch_dirs.move_away(folder), ignore_errors=True)
        except FileNotFoundError as error:
            raise _no_run(folder.name) from error
        except OSError as error:
            raise cannot_store(folder, error) from error
        # Files that cannot be removed now are hidden, and are removed later.
        self.tidy()

    def tidy(self) -> None:
        """Remove what a process left behind that ended during a deletion or an import."""
        with suppress(OSError):
            for path in self.root.iterdir():
                if path.name.startswith(HIDDEN) and scratch_dirs.is_left_behind(path):
                    scratch_dirs.remove(path)

    def adopt(self, id_: str, files: Mapping[str, bytes], reader: str = "") -> None:
        """Add a run as files, completely or not at all.

        The caller must have checked the files; see lib.core.lab.bundle.

        Args:
            id_: Id of its own, from `imported_id`.
            files: Path in the run folder, with "/" -> content.
            reader: Hash of the key of its importer; "" for nobody.

        Raises:
            ConfigError: If the text is not a run id.
            StoreError: If the run is in the store, or the store cannot be written.
        """
        folder = self.folder(id_)
        if self.open(id_):
            raise StoreError("This run is in the store already.", f"Open run {id_}.")
        self.check_writable(sum(map(len, files.values())))
        self.tidy()
        hidden = None
        try:
            hidden = scratch_dirs.make(self.root, "import")
            for name, content in files.items():
                path = hidden / id_ / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if reader:
                write_owner(hidden / id_, RunOwner(reader))
            os.rename(hidden / id_, folder)
        except OSError as error:
            raise cannot_store(folder, error) from error
        finally:
            if hidden:
                scratch_dirs.remove(hidden)

    def make_way(self, id_: str) -> None:
        """Move a run that came as a file from the place of the run that is to be trained there.

        Earlier versions of Thaw kept it under the id of its configuration.

        Raises:
            ConfigError: If the text is not a run id.
        """
        folder = self.folder(id_)
        run = read_run(folder)
        if run and run.imported and run.id == id_:
            with suppress(OSError):  # Another process was first.
                os.rename(folder, self.root / imported_id("before", id_))

    def check_writable(self, size_bytes: int = 0) -> None:
        """Check that runs can be stored.

        Args:
            size_bytes: What is to be stored, as far as that is known.

        Raises:
            StoreError: If the folder cannot be made or written to, or the disk is nearly full.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            limits.check_disk(self.root, size_bytes)
            # A full disk still takes an empty file, and may say only later that it is full.
            with tempfile.TemporaryFile(dir=self.root) as file:
                file.write(b"a run")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(
                f"Runs cannot be stored in {self.root}: {error.strerror or error}.",
                "Make room or give write permission there, or set THAW_HOME to another folder.",
            ) from error


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # removed since it was listed
        return 0.0


def imported_id(*what: str | bytes) -> str:
    """An id for a run that came as a file: never that of a configuration.

    Args:
        what: All that tells it from others: whose it is, and what is in it.
    """
    digest = hashlib.sha256(b"imported")
    for part in what:
        digest.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return digest.hexdigest()[: runs.RUN_ID_LENGTH]


def _no_run(id_: str) -> StoreError:
    return StoreError(f"There is no run {id_} in the store.", "Choose one from the list.")
