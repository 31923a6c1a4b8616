"""A cache on disk for decoded images and for features of frozen layers."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core.files import disk, scratch_dirs
from lib.core.files.home import thaw_home

# One array for each tensor, of any type and shape.
Tensors = tuple[npt.NDArray[Any], ...]

# The cache may be cleared at any time; these limits bound its disk usage.
MAX_CACHE_BYTES = 2_000_000_000
MAX_ENTRY_BYTES = 500_000_000


@dataclass(frozen=True)
class Features:
    """Tensors of frozen layers for every image of a split.

    Args:
        tensors: One array for each tensor, each of shape (images, ...).
        compute_s: Seconds of the computation, now or when they were stored.
        work: Amount of computation in that time, in a unit of the caller.
        from_cache: Whether they were read from disk.
    """

    tensors: Tensors
    compute_s: float
    work: int
    from_cache: bool


def cache_folder() -> Path:
    """The cache folder: `features` under THAW_HOME."""
    return thaw_home() / "features"


def fetch(
    identity: dict[str, object],
    inputs: Callable[[], Tensors],
    compute: Callable[[Tensors], Tensors],
    work: int = 1,
) -> Features:
    """The features of this identity: read from disk, or computed and stored on a cache miss.

    On a full or read-only disk, features are computed every time.

    Args:
        identity: Everything the features depend on, as plain values: weights, data, size, cut.
        inputs: Returns the inputs; called only on a cache miss.
        compute: Computes the features from the inputs.
        work: Amount of computation, in a unit of the caller. It is stored, because the same
            features can be computed from earlier or later layers.
    """
    folder = _folder_of(identity)
    stored = _read(folder)
    if stored is not None:
        return stored
    given = inputs()
    started = time.monotonic()
    tensors = compute(given)
    features = Features(tensors, time.monotonic() - started, work, from_cache=False)
    if sum(tensor.nbytes for tensor in tensors) <= MAX_ENTRY_BYTES:
        try:
            _write(folder, features, str(identity.get("dataset", "")))
            _forget_oldest()
        except OSError:
            return features
    return features


def has(identity: dict[str, object]) -> bool:
    """True if there is an entry; only reading it shows whether it is whole."""
    return (_folder_of(identity) / "manifest.json").exists()


def _folder_of(identity: dict[str, object]) -> Path:
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return cache_folder() / key


def _digest(tensors: Tensors) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(repr((tensor.shape, tensor.dtype.str)).encode())
        digest.update(np.ascontiguousarray(tensor).data)
    return digest.hexdigest()


def _read(folder: Path) -> Features | None:
    """The features of an entry; None if it is missing or damaged."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        tensors = tuple(
            np.load(folder / f"{index}.npy", allow_pickle=False)
            for index in range(manifest["tensors"])
        )
        if _digest(tensors) != manifest["sha256"]:
            return None
        # Mark as used: the least recently used entries are deleted first.
        os.utime(folder / "manifest.json")
        compute_s, work = float(manifest["compute_s"]), int(manifest["work"])
        return Features(tensors, compute_s, work, from_cache=True)
    except Exception:
        # NumPy raises many kinds of errors for a damaged file; in each case compute again.
        return None


def _write(folder: Path, features: Features, dataset: str) -> None:
    """Store an entry in a temporary folder and rename it, so that no entry is incomplete.

    The manifest names the dataset, so that entries of deleted images can be deleted.
    """
    temporary = scratch_dirs.make(folder.parent, "writing")
    try:
        for index, tensor in enumerate(features.tensors):
            np.save(temporary / f"{index}.npy", tensor, allow_pickle=False)
        manifest = {
            "tensors": len(features.tensors),
            "dataset": dataset,
            "sha256": _digest(features.tensors),
            "compute_s": features.compute_s,
            "work": features.work,
        }
        (temporary / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        # A damaged one; a whole one of another process stays, and this one is not needed.
        if _read(folder) is None:
            scratch_dirs.remove(folder)
            os.rename(temporary, folder)
    finally:
        scratch_dirs.remove(temporary)


def _forget_oldest() -> None:
    """Delete the least recently used entries until the cache is within its limit.

    Also what a killed worker left half-written; what a living one is writing is not touched.
    """
    entries = []
    for folder in cache_folder().iterdir():
        if folder.name.startswith("."):
            if scratch_dirs.is_left_behind(folder):
                scratch_dirs.remove(folder)
            continue
        try:
            size = disk.folder_bytes(folder)
            # Incomplete entries are deleted first.
            manifest = folder / "manifest.json"
            used = manifest.stat().st_mtime if manifest.exists() else 0.0
        except OSError:
            continue
        entries.append((used, size, folder))
    total = sum(size for _, size, _ in entries)
    for _, size, folder in sorted(entries):
        if total <= MAX_CACHE_BYTES:
            return
        scratch_dirs.remove(folder)
        total -= size
