"""One step of `fit()` for one combination of the truth table."""

from typing import Any

import keras
import numpy as np

from lib.core.trainable.outcome import Outcome
from lib.training.experiments.models import (
    FEATURES,
    arrays_of,
    outcome,
    summary_counts,
    with_known_weights,
    x,
    y,
)


def one_step(kind: str, trainable: bool, called: str, when: str, library: Any = keras) -> Outcome:
    """Run one step of `fit()` and compare every array before and after it.

    Args:
        kind: Class of the layer: "Dense", "BatchNormalization" or "Dropout".
        trainable: What `layer.trainable` is set to.
        called: How the model with the layer is called: "plainly", "training=False" or
            "training=True".
        when: When `trainable` gets that value: "before compile", "after compile" (and before the
            first step) or "after a first fit". Until then it is the opposite.
        library: The Keras to use.
    """
    layers = library.layers
    arguments: dict[str, dict[str, Any]] = {
        "Dense": {"units": FEATURES},
        "Dropout": {"rate": 0.5, "seed": 1},
    }
    layer = getattr(layers, kind)(**arguments.get(kind, {}), name="layer")
    base = library.Sequential([library.Input((FEATURES,)), layer], name="base")
    how = {
        "plainly": {},
        "training=False": {"training": False},
        "training=True": {"training": True},
    }
    inputs = library.Input((FEATURES,))
    head = layers.Dense(1, name="head")
    model = library.Model(inputs, head(base(inputs, **how[called])))
    with_known_weights(model)

    layer.trainable = trainable if when == "before compile" else not trainable
    model.compile(library.optimizers.SGD(0.1), "mse")
    if when == "after a first fit":
        model.fit(x, y, shuffle=False, verbose=0)
    layer.trainable = trainable
    learning, fixed = summary_counts(model)

    before = arrays_of(model.weights)
    inference_loss = float(np.mean((head(base(x, training=False)) - y) ** 2))
    loss = float(model.fit(x, y, shuffle=False, verbose=0).history["loss"][0])
    # The loss tells the mode: dropped units or the statistics of the batch would change it.
    mode = "inference" if np.isclose(loss, inference_loss, rtol=1e-4) else "training"
    return outcome(
        model,
        before,
        library,
        mode="both are the same" if kind == "Dense" else mode,
        trainable=learning,
        non_trainable=fixed,
    )
