"""The head: the layers on top of a backbone, and how many parameters they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from lib.core.errors import ConfigError
from lib.core.freezing import ParamCounts

# id -> (name on the page, Keras layer)
POOLINGS: dict[str, tuple[str, str]] = {
    "gap": ("Global average pooling", "GlobalAveragePooling2D"),
    "gmp": ("Global max pooling", "GlobalMaxPooling2D"),
    "flatten": ("Flatten", "Flatten"),
}
# id -> short name for a button
SHORT_NAMES: dict[str, str] = {"gap": "GAP", "gmp": "GMP", "flatten": "Flatten"}


@dataclass(frozen=True)
class HeadSpec:
    """A head: pooling, one optional hidden Dense layer, Dropout, and a Dense layer of logits.

    Args:
        pooling: "gap", "gmp" or "flatten".
        hidden_units: Units of the hidden Dense layer with ReLU; 0 for none.
        dropout: Dropout rate before the last layer, 0 to below 1.
        outputs: Number of logits. Two classes need only one.

    Raises:
        ConfigError: If a value cannot be used.
    """

    pooling: str = "gap"
    hidden_units: int = 0
    dropout: float = 0.0
    outputs: int = 1

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise ConfigError(
                f"A head cannot pool with {self.pooling!r}.",
                f"Choose one of {', '.join(POOLINGS)}.",
            )
        if self.hidden_units < 0 or self.outputs < 1:
            raise ConfigError(
                f"A head of {self.hidden_units} hidden units and {self.outputs} outputs cannot be "
                "built.",
                "Hidden units start at 0 and outputs at 1.",
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(
                f"A dropout rate of {self.dropout} cannot be used.", "It lies from 0 to below 1."
            )


# Units of the hidden layer that a head with Flatten often has.
USUAL_HIDDEN_UNITS = 256


def compared(outputs: int) -> dict[str, HeadSpec]:
    """Return the heads to compare, the one with pooling first.

    Args:
        outputs: Number of logits of each head.

    Example:

    >>> [name for name in compared(1)]
    ['GAP + Dense', 'Flatten + Dense', 'Flatten + Dense(256) + Dense']
    """
    return {
        "GAP + Dense": HeadSpec("gap", outputs=outputs),
        "Flatten + Dense": HeadSpec("flatten", outputs=outputs),
        f"Flatten + Dense({USUAL_HIDDEN_UNITS}) + Dense": HeadSpec(
            "flatten", hidden_units=USUAL_HIDDEN_UNITS, outputs=outputs
        ),
    }


def outputs_for(num_classes: int) -> int:
    """Return the number of logits for a number of classes: one for two classes, else one per class.

    Raises:
        ConfigError: If there are fewer than two classes.
    """
    if num_classes < 2:
        raise ConfigError(
            f"{num_classes} class cannot be told apart from anything.", "Use two classes or more."
        )
    return 1 if num_classes == 2 else num_classes


def pooled_shape(head: HeadSpec, feature_shape: Sequence[int]) -> tuple[int]:
    """Return the length of the vector that a head makes of a feature map.

    Args:
        feature_shape: (height, width, channels).
    """
    if len(feature_shape) != 3 or min(feature_shape) < 1:
        raise ConfigError(
            f"A head sits on a feature map of shape (height, width, channels), not on "
            f"{tuple(feature_shape)}."
        )
    return (prod(feature_shape),) if head.pooling == "flatten" else (feature_shape[-1],)


def dense_params(inputs: int, units: int) -> int:
    """Count the parameters of a Dense layer: a weight for each input and unit, a bias per unit.

    Example:

    >>> dense_params(1280, 1)
    1281
    """
    return inputs * units + units


def arithmetic(head: HeadSpec, feature_shape: Sequence[int]) -> tuple[tuple[str, str, int], ...]:
    """List the head's layers with parameters: name, the calculation as text, and the result.

    Example:

    >>> arithmetic(HeadSpec(), (5, 5, 1280))
    (('Dense(1)', '1,280 x 1 + 1', 1281),)
    """
    (inputs,) = pooled_shape(head, feature_shape)
    rows = []
    for units in filter(None, (head.hidden_units, head.outputs)):
        rows.append(
            (f"Dense({units})", f"{inputs:,} x {units:,} + {units:,}", dense_params(inputs, units))
        )
        inputs = units
    return tuple(rows)


def count_params(head: HeadSpec, feature_shape: Sequence[int]) -> ParamCounts:
    """Count the parameters of a head on a feature map; all of them are trainable.

    Args:
        feature_shape: (height, width, channels) of the backbone's output.

    Raises:
        ConfigError: If the feature map is not of rank 3.

    Example:

    >>> count_params(HeadSpec(pooling="flatten"), (5, 5, 1280))
    ParamCounts(total=32001, trainable=32001)
    """
    total = sum(params for _, _, params in arithmetic(head, feature_shape))
    return ParamCounts(total, total)


def count_trainable_tensors(head: HeadSpec) -> int:
    """Count the trainable tensors: a kernel and a bias for each Dense layer."""
    return 4 if head.hidden_units else 2


def softmax(logits: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Convert the logits of a head into probabilities: exp(logit), divided by the sum over classes.

    A single logit is that of the second of two classes; the first has 0. The largest logit is
    subtracted first, which does not change the result and keeps exp from overflowing.

    Input shape: (..., logits).
    Output shape: (..., classes), float64.

    Example:

    >>> softmax([0.0]).tolist()
    [0.5, 0.5]
    """
    values = np.asarray(logits, np.float64)
    if values.shape[-1] == 1:
        values = np.concatenate([np.zeros_like(values), values], axis=-1)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares
