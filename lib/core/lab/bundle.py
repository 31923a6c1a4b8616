"""A run as one file: out of a store, and, checked field by field, into another.

The file is a zip of the run folder: data and nothing else. Whoever sends one may be careless or
hostile, so nothing of it reaches the store before everything of it has been checked.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from lib.core import runs
from lib.core.errors import StoreError
from lib.core.lab import bundle_checks
from lib.core.lab.bundle_checks import RefusedError, quoted
from lib.core.lab.folder import META_FILE, MODEL_FILE, RunMeta
from lib.core.lab.store import RunStore
from lib.core.reading import evaluation
from lib.core.runs import EVALUATION_FILE, TEST_IMAGES_FILE, Run, TrainConfig

# File of a run -> the most bytes it may have. A fully thawed ResNet50 takes 95 MB.
LIMITS: dict[str, int] = {
    "config.json": 20_000,
    "history.jsonl": 200_000,
    "result.json": 2_000_000,
    META_FILE: 20_000,
    EVALUATION_FILE: evaluation.MAX_FILE_BYTES,
    TEST_IMAGES_FILE: 8_000_000,
}
NEEDED = ("config.json", "history.jsonl", "result.json")
MAX_MODEL_BYTES = 128_000_000
# What file managers write beside the files of a folder.
NOT_OF_A_RUN = re.compile(r"^__MACOSX/|(^|/)(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$")
# Of the file, and of all that is in it: what one reader sends must fit beside what others do.
MAX_FILE_BYTES = 150_000_000


# --- Out ------------------------------------------------------------------------------------------


def export_run(run: Run, *, with_model: bool = True) -> bytes:
    """A finished run as one zip file.

    Args:
        run: Of the store, or recorded.
        with_model: False leaves out the trained weights, which are most of it.

    Raises:
        StoreError: If the run has not finished or its folder cannot be read.
    """
    if run.status != "finished":
        raise StoreError("Only a run that has finished can be exported.", "Run it to its end.")
    content = io.BytesIO()
    try:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in LIMITS:
                if (run.folder / name).is_file():
                    archive.writestr(_entry(name), (run.folder / name).read_bytes())
            for path in sorted((run.folder / "model").glob("*.npz")) if with_model else ():
                archive.writestr(
                    _entry(f"model/{path.name}"), path.read_bytes(), zipfile.ZIP_STORED
                )
    except OSError as error:
        raise StoreError(
            f"Run {run.id} could not be read: {error.strerror or error}.", "Try again."
        ) from error
    return content.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """Without a time, so the same run is the same file."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def file_name(run: Run) -> str:
    """What to call the file of a run."""
    return f"thaw-run-{run.id}.zip"


# --- In -------------------------------------------------------------------------------------------


def import_run(
    content: bytes, store: RunStore, allow: Callable[[TrainConfig], None] = lambda config: None
) -> Run:
    """Take a run from a file into the store: all of it, or nothing.

    Args:
        content: What `export_run` made, or what somebody says it did.
        store: Where it goes.
        allow: Called with its configuration before it is taken in; may refuse by a StoreError.

    Returns:
        The run as the store now has it, marked as imported.

    Raises:
        StoreError: If the file is not a run, a field of it cannot be, or the run is there
            already; the store is as it was.
    """
    files, config = _checked(content)
    id_ = runs.run_id(config)
    allow(config)
    store.adopt(id_, files)
    run = store.open(id_)
    if run is None:
        raise StoreError("The imported run cannot be read back.", "Import it again.")
    return run


def _checked(content: bytes) -> tuple[dict[str, bytes], TrainConfig]:
    """The files to write, and the configuration.

    Raises:
        StoreError: If anything in it cannot be.
    """
    try:
        files = _unpacked(content)
        config = bundle_checks.config_of(bundle_checks.json_of(files, "config.json"))
        history = bundle_checks.history_of(files["history.jsonl"], config)
        result = bundle_checks.result_of(
            bundle_checks.json_of(files, "result.json"), config, history
        )
        meta = (
            bundle_checks.meta_of(bundle_checks.json_of(files, META_FILE))
            if META_FILE in files
            else RunMeta()
        )
        if EVALUATION_FILE in files:
            bundle_checks.check_evaluation(bundle_checks.json_of(files, EVALUATION_FILE), result)
        if TEST_IMAGES_FILE in files:
            bundle_checks.check_picture(files[TEST_IMAGES_FILE], result["split_sizes"]["test"])
        for name in files:
            if name.startswith("model/"):
                bundle_checks.check_model(files[name], config, len(result["class_names"]))
    except RefusedError as problem:
        raise StoreError(
            f"This file cannot be imported: {problem}.", "Export the run again and use that file."
        ) from problem
    # What was checked is what is written, so the text itself can hide nothing.
    files["config.json"] = _pretty(asdict(config))
    files["history.jsonl"] = b"".join(
        (json.dumps(asdict(record)) + "\n").encode() for record in history
    )
    files["result.json"] = _pretty(result)
    files[META_FILE] = _pretty(asdict(replace(meta, imported=True)))
    return files, config


def _pretty(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()


def _unpacked(content: bytes) -> dict[str, bytes]:
    """The files in the zip, each one of those a run has, once, and no larger than it may be."""
    if len(content) > MAX_FILE_BYTES:
        raise RefusedError(f"it is larger than {MAX_FILE_BYTES // 1_000_000} MB")
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = _entries(archive)
            names = [name for name, _ in entries]
            unknown = sorted(set(names) - set(LIMITS) - set(_model_names()))
            if unknown:
                raise RefusedError(f"{quoted(unknown[0])} is not a file of a run")
            if len(names) != len(set(names)):
                raise RefusedError("a file is in it twice")
            for name in NEEDED:
                if name not in names:
                    raise RefusedError(f"{name} is missing")
            if sum(entry.file_size for _, entry in entries) > MAX_FILE_BYTES:
                raise RefusedError(f"it holds more than {MAX_FILE_BYTES // 1_000_000} MB")
            for name, entry in entries:
                limit = LIMITS.get(name, MAX_MODEL_BYTES)
                # A head that says too little is found out by reading one byte too many.
                with archive.open(entry) as file:
                    files[name] = file.read(limit + 1)
                if len(files[name]) > limit:
                    raise RefusedError(f"{name} is too large")
    except RefusedError:
        raise
    except Exception as error:
        # A damaged archive can raise nearly anything in zipfile and zlib.
        raise RefusedError("it is not a whole zip file") from error
    return files


def _entries(archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """Each file with its name in the run folder, which may be in the zip as one folder.

    So it is where a file manager made the zip, which may also put in entries of folders, and notes
    of its own.
    """
    found = [
        (entry.filename, entry)
        for entry in archive.infolist()
        if not (entry.is_dir() and not entry.file_size) and not NOT_OF_A_RUN.search(entry.filename)
    ]
    top = found[0][0].partition("/")[0] if found else ""
    if top not in ("", ".", "..") and all(name.startswith(f"{top}/") for name, _ in found):
        return [(name.removeprefix(f"{top}/"), entry) for name, entry in found]
    return found


def _model_names() -> Iterator[str]:
    """Files in "model": the last state, and those at the end of earlier phases."""
    yield f"model/{MODEL_FILE}"
    yield "model/feature_extraction.npz"
    yield "model/fine_tuning.npz"
    for step in range(2, runs.MAX_EPOCHS):
        yield f"model/fine_tuning_{step}.npz"
