"""A trained model on disk: only the weights that differ from the pretrained backbone.

The file contains only arrays, no pickle and no code. The configuration of the run names the
backbone.
"""

from collections.abc import Collection
from pathlib import Path

import keras
import numpy as np

from lib.core.errors import StoreError
from lib.core.lab.folder import MODEL_FILE

HEAD = "head"


def _file(folder: Path, phase: str | None) -> Path:
    """The file of the model at the end of a phase, or of the run if None."""
    return folder / (f"{phase}.npz" if phase else MODEL_FILE)


def save(
    folder: Path,
    backbone: keras.Model,
    head: keras.Model,
    changed_layers: Collection[str],
    phase: str | None = None,
) -> int:
    """Store the head and the changed layers of the backbone.

    Args:
        folder: The folder `model` of the run folder; created if missing.
        backbone: Trained backbone.
        head: Trained head.
        changed_layers: Names of the backbone layers that training has changed.
        phase: Key of the finished phase, if other phases follow.

    Returns:
        Size of the file in bytes.

    Raises:
        StoreError: If the folder cannot be written.
    """
    layers = [(HEAD, head)] + [(name, backbone.get_layer(name)) for name in sorted(changed_layers)]
    arrays = {
        f"{name}/{index}": array
        for name, layer in layers
        for index, array in enumerate(layer.get_weights())
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(_file(folder, phase), **arrays)
        return _file(folder, phase).stat().st_size
    except OSError as error:
        raise StoreError(
            f"The trained model could not be stored: {error.strerror or error}.",
            "Make room or give write permission, or set THAW_HOME to another folder.",
        ) from error


def restore(
    folder: Path, backbone: keras.Model, head: keras.Model, phase: str | None = None
) -> None:
    """Put stored weights into a fresh backbone and head.

    Args:
        folder: The folder `model` of the run folder.
        backbone: Backbone with its initial weights; changed in place.
        head: Head with its initial weights; changed in place.
        phase: Key of the phase at whose end the model was stored; None for the end of the run.

    Raises:
        StoreError: If the file is missing, damaged or of another model.
    """
    try:
        with np.load(_file(folder, phase), allow_pickle=False) as stored:
            by_layer: dict[str, list[np.ndarray]] = {}
            for key in stored.files:
                name, _, index = key.rpartition("/")
                arrays = by_layer.setdefault(name, [])
                if int(index) != len(arrays):
                    raise ValueError(key)
                arrays.append(stored[key])
        by_layer.setdefault(HEAD, [])  # If the head is missing, set_weights below fails.
        for name, arrays in by_layer.items():
            (head if name == HEAD else backbone.get_layer(name)).set_weights(arrays)
    except Exception as error:
        # A damaged archive can raise nearly anything in NumPy and zipfile.
        raise StoreError(
            "The stored model of this run is missing or damaged.", "Start the run again."
        ) from error
