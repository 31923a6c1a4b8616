"""A run as one file: exported from a store, and imported into another after a check of every field.

The file is a zip of the run folder and holds only data. Its sender may be careless or hostile, so
nothing reaches the store before everything has been checked.
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
from lib.core.lab.store import RunStore, imported_id
from lib.core.reading import evaluation
from lib.core.runs import EVALUATION_FILE, TEST_IMAGES_FILE, WATCHED_IMAGES_FILE, Run, TrainConfig

# File of a run -> its maximum size in bytes.
LIMITS: dict[str, int] = {
    "config.json": 20_000,
    "history.jsonl": 200_000,
    "result.json": 2_000_000,
    META_FILE: 20_000,
    EVALUATION_FILE: evaluation.MAX_FILE_BYTES,
    TEST_IMAGES_FILE: 8_000_000,
    WATCHED_IMAGES_FILE: 300_000,
}
NEEDED = ("config.json", "history.jsonl", "result.json")
MAX_MODEL_BYTES = 128_000_000  # a fully thawed ResNet50 takes 95 MB
# Files that file managers add to a folder.
NOT_OF_A_RUN = re.compile(r"^__MACOSX/|(^|/)(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$")
# For the zip file and for its content: several readers may upload at the same time.
MAX_FILE_BYTES = 150_000_000


# --- Export ---------------------------------------------------------------------------------------


def export_run(run: Run, *, with_model: bool = True, with_meta: bool = True) -> bytes:
    """Return a finished run as one zip file.

    Args:
        run: A run of the store, or a recorded one.
        with_model: False leaves out the trained weights, which are most of the file.
        with_meta: False leaves out the reader's name and note, for other readers.

    Raises:
        StoreError: If the run has not finished or its folder cannot be read.
    """
    if run.status != "finished":
        raise StoreError("Only a run that has finished can be exported.", "Run it to its end.")
    content = io.BytesIO()
    try:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in LIMITS:
                if (with_meta or name != META_FILE) and (run.folder / name).is_file():
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
    """Make an entry without a time, so that the same run always gives the same file."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def file_name(run: Run) -> str:
    """Return the file name for an exported run: the id of its configuration, also of an import."""
    return f"thaw-run-{runs.run_id(run.config)}.zip"


# --- Import ---------------------------------------------------------------------------------------


def import_run(
    content: bytes,
    store: RunStore,
    allow: Callable[[TrainConfig], None] = lambda config: None,
    reader: str = "",
) -> Run:
    """Import a run from a file into the store, completely or not at all.

    It gets an id of its own, so it never stands in for a run that somebody wants to train.

    Args:
        content: A file that `export_run` may have made.
        store: The store that receives the run.
        allow: Called with the configuration before the import; raises StoreError to refuse it.
        reader: Hash of the key of its importer; "" for nobody.

    Returns:
        The imported run, as read from the store.

    Raises:
        StoreError: If the file is not a run, a field is not valid, or the run is in the store
            already. The store is not changed then.
    """
    files, config = _checked(content)
    there = store.open(runs.run_id(config))
    if there and there.result == json.loads(files["result.json"]):
        raise StoreError("This run is in the store already.", f"Open run {there.id}.")
    allow(config)
    id_ = imported_id(reader, *(files[name] for name in NEEDED))
    store.adopt(id_, files, reader)
    run = store.open(id_)
    if run is None:
        raise StoreError("The imported run cannot be read back.", "Import it again.")
    return run


def _checked(content: bytes) -> tuple[dict[str, bytes], TrainConfig]:
    """Check a file, and return the files to write and the configuration.

    Raises:
        StoreError: If anything in the file is not valid.
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
            bundle_checks.check_picture(
                files[TEST_IMAGES_FILE], TEST_IMAGES_FILE, result["split_sizes"]["test"]
            )
        if WATCHED_IMAGES_FILE in files:
            bundle_checks.check_picture(
                files[WATCHED_IMAGES_FILE], WATCHED_IMAGES_FILE, len(history[0].right)
            )
        for name in files:
            if name.startswith("model/"):
                bundle_checks.check_model(files[name], config, len(result["class_names"]))
    except RefusedError as problem:
        raise StoreError(
            f"This file cannot be imported: {problem}.", "Export the run again and use that file."
        ) from problem
    # The checked values are written, and not the received text, which could hide something.
    files["config.json"] = _pretty(config.to_dict())
    files["history.jsonl"] = "".join(record.to_line() for record in history).encode()
    files["result.json"] = _pretty(result)
    files[META_FILE] = _pretty(asdict(replace(meta, imported=True)))
    return files, config


def _pretty(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()


def _unpacked(content: bytes) -> dict[str, bytes]:
    """Return the files in the zip: only files of a run, each once and within its size limit."""
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
                # The header may state a smaller size, so read one byte more than allowed.
                with archive.open(entry) as file:
                    files[name] = file.read(limit + 1)
                if len(files[name]) > limit:
                    raise RefusedError(f"{name} is too large")
    except RefusedError:
        raise
    except Exception as error:
        # A damaged archive can raise almost any exception in zipfile and zlib.
        raise RefusedError("it is not a whole zip file") from error
    return files


def _entries(archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """Return each file of the zip with its name in the run folder.

    A file manager may put the run folder itself into the zip, and also entries for folders and
    files of its own.
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
    """Names of the model files: the final weights, and those at the end of earlier phases."""
    yield f"model/{MODEL_FILE}"
    yield "model/feature_extraction.npz"
    yield "model/fine_tuning.npz"
    for step in range(2, runs.MAX_EPOCHS):
        yield f"model/fine_tuning_{step}.npz"
