"""What a run measures of itself: weights that moved, counts, a shift of the splits, time left."""

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

# A training step next to a forward pass of the same layers: one pass forward, two and more
# backward. Only for the time left before the first fine-tuning epoch has been measured.
STEP_TO_FORWARD = 3.0
# Making the graphs of a later phase takes about this long.
TRACING_S = 1.0

HEAD = "head"
# Of each split, for the measurement of their difference.
MAX_SHIFT_IMAGES = 400
# A bias that starts at zero has no length to compare with.
SMALLEST_NORM = 1e-12
Arrays = Sequence[npt.NDArray[np.float32]]
Weights = Mapping[str, Arrays]


def weights(backbone: keras.Model, head: keras.Model) -> Weights:
    """A copy of every weight: of the backbone's layers by name, and of the head."""
    named = {layer.name: layer.get_weights() for layer in backbone.layers}
    return named | {HEAD: head.get_weights()}


def digest(of: Weights) -> str:
    """SHA-256 of a backbone's weights; the head has no part in features."""
    found = hashlib.sha256()
    for name in sorted(set(of) - {HEAD}):
        for array in of[name]:
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def changed_layers(before: Weights, after: Weights) -> frozenset[str]:
    """Names of the backbone's layers of which any weight is another one."""
    return frozenset(
        name
        for name, first in before.items()
        if name != HEAD
        and any(not np.array_equal(old, new) for old, new in zip(first, after[name], strict=True))
    )


def moved(
    layers: Sequence[LayerRow], before: Weights, after: Weights, *, trainable: bool
) -> dict[str, float]:
    """How far each layer and the head moved: |after - before| / |before|, exactly 0 if frozen.

    Args:
        layers: Layer table of the backbone.
        before: Weights at the start of a phase.
        after: Weights at its end.
        trainable: True for weights, False for the statistics of BatchNormalization.
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
    """|after - before| / |before| over several arrays as one; exactly 0 where none changed."""
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
    """How well training and validation images are told apart; None if there are too few of them.

    Args:
        train: Vectors of a frozen backbone, shape (images, channels).
        validation: The same.

    Returns:
        The fields of split_shift.Separability, and of how many images: num_train, num_validation.
    """
    vectors = [
        # Evenly chosen: more would cost seconds and say the same.
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
    """An estimate of what this phase and the later ones will take; None without a clue.

    Args:
        phases: This one, then the later ones.
        sizes: Images of "train" and of "validation".
        durations: Seconds of each epoch so far of this phase.
        batch_ends: When each batch of this phase ended, in seconds.
        seconds_per_image: What a forward pass of the later phases takes; None if unknown.
    """
    passes = STEP_TO_FORWARD * sizes["train"] + sizes["validation"]
    per_epoch = statistics.median(durations[1:] or durations)
    steps = [later - earlier for earlier, later in itertools.pairwise(batch_ends)]
    if len(durations) == 1 and steps:
        # The first epoch carries the tracing, and says nothing of the others but its steps.
        in_training = statistics.median(steps) * len(batch_ends)
        per_epoch = in_training * passes / (passes - sizes["validation"])
    left = (phases[0].num_epochs - len(durations)) * per_epoch
    for later in phases[1:]:
        if seconds_per_image is None:
            return None
        left += TRACING_S + later.num_epochs * passes * seconds_per_image
    return round(left, 1)
