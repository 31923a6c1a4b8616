"""Measurements within a run: weight changes, parameter counts, split shift, remaining time."""

import hashlib
import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import keras
import numpy as np
import numpy.typing as npt

from lib.core.backbones import LayerRow
from lib.core.images import split_shift
from lib.core.runs import Phase
from lib.training.engine.steps import Examples

# Time of a training step relative to a forward pass of the same layers: one forward pass and a
# backward pass of about two. Used only until the first fine-tuning epoch has been measured.
STEP_TO_FORWARD = 3.0
# Approximate seconds for tracing the graphs of a later phase.
TRACING_S = 1.0

HEAD = "head"
# Maximum number of images of each split for the measurement of the shift.
MAX_SHIFT_IMAGES = 400
# Avoids division by zero, for example for a bias that starts at zero.
SMALLEST_NORM = 1e-12
Arrays = Sequence[npt.NDArray[np.float32]]
Weights = Mapping[str, Arrays]


def digest(of: Weights) -> str:
    """SHA-256 of the backbone's weights, without the head, which does not affect features."""
    found = hashlib.sha256()
    for name in sorted(set(of) - {HEAD}):
        for array in of[name]:
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def changed_layers(before: Weights, after: Weights) -> frozenset[str]:
    """Names of the backbone layers in which any weight has changed."""
    return frozenset(
        name
        for name, first in before.items()
        if name != HEAD
        and any(not np.array_equal(old, new) for old, new in zip(first, after[name], strict=True))
    )


def moved(
    layers: Sequence[LayerRow], before: Weights, after: Weights, *, trainable: bool
) -> dict[str, float]:
    """Relative change of each layer and the head, |after - before| / |before|; 0 if frozen.

    Args:
        layers: Layer table of the backbone.
        before: Weights at the start of a phase.
        after: Weights at its end.
        trainable: True for trainable weights, False for BatchNormalization statistics.
    """
    kinds = {
        row.name: [weight.trainable for weight in row.weights] for row in layers if row.weights
    } | {HEAD: [True] * len(before[HEAD])}
    return {
        name: _relative_change(
            *(
                [a for a, t in zip(w[name], kind, strict=True) if t is trainable]
                for w in (before, after)
            )
        )
        for name, kind in kinds.items()
        if trainable in kind
    }


def _relative_change(before: Arrays, after: Arrays) -> float:
    """|after - before| / |before| of the concatenated arrays; exactly 0 if nothing changed."""
    # Most layers are frozen, and comparing is far cheaper than measuring.
    if all(np.array_equal(old, new) for old, new in zip(before, after, strict=True)):
        return 0.0
    old, new = (
        np.concatenate([array.ravel() for array in arrays]).astype(np.float64)
        for arrays in (before, after)
    )
    return float(np.linalg.norm(new - old) / max(float(np.linalg.norm(old)), SMALLEST_NORM))


def params(*parts: keras.Model) -> dict[str, int]:
    """The three lines of `model.summary()` for backbone and head, from live Keras."""
    total = sum(part.count_params() for part in parts)
    trainable = sum(
        int(np.prod(weight.shape)) for part in parts for weight in part.trainable_weights
    )
    return {"total": total, "trainable": trainable, "non_trainable": total - trainable}


def shift(train: Examples, validation: Examples) -> dict[str, float] | None:
    """Separability of training and validation images; None if there are too few images.

    Args:
        train: Pooled features of a frozen backbone, shape (images, channels).
        validation: The same for the validation images.

    Returns:
        The fields of split_shift.Separability, with num_train and num_validation.
    """
    vectors = [
        # Evenly spaced subset, because more images take seconds and change little.
        examples.tensors[0].numpy()[:: -(-len(examples) // MAX_SHIFT_IMAGES)]
        for examples in (train, validation)
    ]
    if min(map(len, vectors)) < split_shift.MIN_IMAGES:
        return None
    counts = zip(("num_train", "num_validation"), map(len, vectors), strict=True)
    return asdict(split_shift.separability(*vectors)) | dict(counts)


def seconds_left(
    phases: Sequence[Phase],
    sizes: Mapping[str, int],
    durations: Sequence[float],
    batch_ends: Sequence[float],
    seconds_per_image: float | None,
) -> float | None:
    """Estimate the remaining seconds of this phase and the later ones; None if unknown.

    Args:
        phases: The current phase, then the later ones.
        sizes: Numbers of images of "train" and of "validation".
        durations: Seconds of each finished epoch of this phase.
        batch_ends: End time of each batch of this phase, in seconds.
        seconds_per_image: Seconds of a forward pass in the later phases; None if unknown.
    """
    passes = STEP_TO_FORWARD * sizes["train"] + sizes["validation"]
    per_epoch = statistics.median(durations[1:] or durations)
    steps = [later - earlier for earlier, later in itertools.pairwise(batch_ends)]
    if len(durations) == 1 and steps:
        # The first epoch includes tracing, so only the durations of its steps are used.
        in_training = statistics.median(steps) * len(batch_ends)
        per_epoch = in_training * passes / (passes - sizes["validation"])
    left = (phases[0].num_epochs - len(durations)) * per_epoch
    for later in phases[1:]:
        if seconds_per_image is None:
            return None
        left += TRACING_S + later.num_epochs * passes * seconds_per_image
    return round(left, 1)
