"""The small models of the experiments, their data, and how far an experiment moved their arrays."""

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from lib.core.trainable.outcome import Array, Fact, Outcome

# 32 samples are one batch of `fit`, so an epoch is one step.
SAMPLES, FEATURES = 32, 4
_random = np.random.default_rng(19)
x = _random.normal(1.0, 2.0, (SAMPLES, FEATURES)).astype("float32")
y = _random.normal(0.0, 1.0, (SAMPLES, 1)).astype("float32")
# Images with values 0 to 255, bright ones with label 1.
images = np.linspace(0.0, 255.0, SAMPLES * 48).reshape(SAMPLES, 4, 4, 3).astype("float32")
labels = (np.arange(SAMPLES) >= SAMPLES / 2).astype("float32")


def small_base() -> keras.Model:
    """Return a base of three layers with weights: `first`, `bn` and `last`."""
    base = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            # A BatchNormalization would subtract a bias again.
            keras.layers.Dense(FEATURES, use_bias=False, name="first"),
            keras.layers.BatchNormalization(name="bn"),
            keras.layers.Dense(FEATURES, name="last"),
        ],
        name="base",
    )
    return with_known_weights(base)


def with_head(base: keras.Model, **call: bool) -> keras.Model:
    """Return a model with one logit on a base.

    Args:
        base: The base; it is not copied.
        call: Arguments of its call, such as `training=False`.
    """
    inputs = keras.Input(base.input_shape[1:])
    logit = keras.layers.Dense(1, name="head")(base(inputs, **call))
    return with_known_weights(keras.Model(inputs, logit, name="model"))


def with_known_weights(model: Any) -> Any:
    """Give a model the same first weights in every run of an experiment, and return it."""
    random = np.random.default_rng(3)
    # Around 1 for what a BatchNormalization multiplies and divides by, around 0 for all others.
    centres = [1.0 if path(each).endswith(("gamma", "variance")) else 0.0 for each in model.weights]
    model.set_weights(
        [
            centre + random.uniform(-0.6, 0.6, each.shape)
            for centre, each in zip(centres, model.weights, strict=True)
        ]
    )
    return model


def arrays_of(variables: Sequence[Any]) -> dict[str, npt.NDArray[np.float32]]:
    """Return a copy of every array by its path.

    Args:
        variables: Variables of Keras, for example `model.weights`.
    """
    return {path(each): np.array(each.numpy(), dtype=np.float32) for each in variables}


def path(variable: Any) -> str:
    """Return the path of a variable in its model; Keras 2 has it in the name."""
    return str(getattr(variable, "path", variable.name)).removesuffix(":0")


def outcome(
    model: Any, before: dict[str, npt.NDArray[np.float32]], library: Any = keras, **facts: Fact
) -> Outcome:
    """Compare the arrays of a model with those of before.

    Args:
        model: The model after the experiment, or anything with `weights` and `trainable_weights`.
        before: From `arrays_of`, taken before it.
        library: The Keras that ran it.
        facts: Other numbers of the experiment.
    """
    learning = {path(each) for each in model.trainable_weights}
    after = arrays_of(model.weights)
    arrays = tuple(
        Array(name, before[name].size, float(np.abs(after[name] - before[name]).max()), listed)
        for name, listed in ((each, each in learning) for each in after)
    )
    return Outcome(library.__version__, arrays, facts)


def summary_of(model: Any, **options: Any) -> str:
    """Return the text of `model.summary()`.

    Args:
        model: A model.
        options: Arguments of `summary`, such as `expand_nested=True`.
    """
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line), **options)
    return "\n".join(lines)


def summary_counts(model: Any) -> tuple[int, int]:
    """Return the trainable and the non-trainable parameters that `model.summary()` prints."""
    counts = re.findall(r"^ ?(?:Trainable|Non-trainable) params: ([\d,]+)", summary_of(model), re.M)
    trainable, fixed = (int(each.replace(",", "")) for each in counts)
    return trainable, fixed


def base_with_dropout(rate: float) -> keras.Model:
    """Return a base of a Dense layer and a Dropout."""
    base = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(FEATURES, name="first"),
            keras.layers.Dropout(rate, seed=1, name="dropout"),
        ],
        name="base",
    )
    return with_known_weights(base)


def classifier_of_images() -> tuple[keras.Model, keras.Model]:
    """Return a model of 4 x 4 pixels that scales them as MobileNetV2, compiled; and its scaling."""
    inputs = keras.Input((4, 4, 3))
    scaled = keras.applications.mobilenet_v2.preprocess_input(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(scaled)
    model = keras.Model(inputs, keras.layers.Dense(1, name="head")(pooled))
    model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    return with_known_weights(model), keras.Model(inputs, scaled)


def class_1(model: keras.Model) -> float:
    """Return the share of class 1 at the threshold of logits: of outputs above 0."""
    return float(np.mean(model.predict(x, verbose=0) > 0))


def memory_of(optimizer: Any) -> dict[str, npt.NDArray[np.float32]]:
    """Return a copy of what an optimizer remembers of the head, and its number of steps."""
    remembered = arrays_of(optimizer.variables).items()
    return {
        name.partition("/")[2]: value
        for name, value in remembered
        if "head" in name or "iteration" in name
    }


def compared(
    before: dict[str, npt.NDArray[np.float32]], after: dict[str, npt.NDArray[np.float32]]
) -> Outcome:
    """Compare what an optimizer remembers before and after; the number of steps is a fact."""
    steps = int(after["iteration"])
    arrays = tuple(
        Array(name, value.size, float(np.abs(after[name] - value).max()), False)
        for name, value in before.items()
        if name != "iteration"
    )
    return Outcome(
        keras.__version__, arrays, {"steps_before": int(before["iteration"]), "steps": steps}
    )
