"""A trained model on disk: only what differs from the pretrained backbone.

Arrays and nothing else: no pickle, no code. The run's configuration says which backbone they
belong to.
"""

from collections.abc import Collection
from pathlib import Path

import keras
import numpy as np

from lib.core.errors import StoreError
from lib.core.lab.folder import MODEL_FILE

HEAD = "head"


def _file(folder: Path, phase: str | None) -> Path:
    """Where the model at the end of a phase is, or of the run where None."""
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
        folder: `model` of the run folder; made here.
        backbone: After training.
        head: After training.
        changed_layers: Names of backbone layers that training changed.
        phase: Key of the phase that has ended, where others follow.

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
        folder: `model` of the run folder.
        backbone: Fresh.
        head: Fresh.
        phase: Key of a phase, for the model as it was at its end; None for that of the run.

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
        by_layer.setdefault(HEAD, [])  # Without one, setting the head's weights fails.
        for name, arrays in by_layer.items():
            (head if name == HEAD else backbone.get_layer(name)).set_weights(arrays)
    except Exception as error:
        # A damaged archive can raise nearly anything in NumPy and zipfile.
        raise StoreError(
            "The stored model of this run is missing or damaged.", "Start the run again."
        ) from error
