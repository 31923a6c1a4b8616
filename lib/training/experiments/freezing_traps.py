"""Traps about which weights a step trains, each with its cure: functions that a page shows.

Each function trains one step of a few samples and returns which arrays moved and how far, computed
from the weights before and after it.
"""

import keras

from lib.core.trainable.outcome import Outcome
from lib.training.experiments.models import (
    FEATURES,
    arrays_of,
    outcome,
    small_base,
    summary_counts,
    summary_of,
    with_head,
    with_known_weights,
    x,
    y,
)


def thaw_a_partly_frozen_base() -> Outcome:
    """Freeze one layer of a base, then set `base.trainable = True`, which it already is."""
    base = small_base()
    base.get_layer("first").trainable = False
    base.trainable = True
    model = with_head(base)
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    return outcome(model, before)


def thaw_each_layer_of_the_base() -> Outcome:
    """Freeze one layer of a base, then thaw every layer by itself."""
    base = small_base()
    base.get_layer("first").trainable = False
    for layer in base.layers:
        layer.trainable = True
    model = with_head(base)
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    return outcome(model, before)


def thaw_a_child_of_a_frozen_base() -> Outcome:
    """Freeze a base, then thaw one layer inside it."""
    base = small_base()
    base.trainable = False
    base.get_layer("last").trainable = True
    model = with_head(base)
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    listed = (len(base.trainable_weights), len(model.trainable_weights))
    return outcome(model, before, base_trainable=listed[0], model_trainable=listed[1])


def freeze_the_base_last() -> Outcome:
    """Freeze a base after everything that was done to the layers inside it."""
    base = small_base()
    base.get_layer("last").trainable = True
    base.trainable = False
    model = with_head(base)
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    listed = (len(base.trainable_weights), len(model.trainable_weights))
    return outcome(model, before, base_trainable=listed[0], model_trainable=listed[1])


def thaw_without_compile() -> Outcome:
    """Train the head, thaw the base, and train on without `compile`."""
    base = small_base()
    base.trainable = False
    model = with_head(base)
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    base.trainable = True
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    return outcome(model, before, trainable=summary_counts(model)[0])


def thaw_and_compile() -> Outcome:
    """Train the head, thaw the base, compile, and train on."""
    base = small_base()
    base.trainable = False
    model = with_head(base)
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    base.trainable = True
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    return outcome(model, before, trainable=summary_counts(model)[0])


def freeze_before_build() -> Outcome:
    """Freeze an attention layer before it is built, that is before it has any weights."""
    attention = keras.layers.MultiHeadAttention(2, 2, use_bias=False, name="attention")
    attention.trainable = False
    sequence = keras.Input((2, 2))
    attended = keras.layers.Flatten()(attention(sequence, sequence))
    logit = keras.layers.Dense(1, name="head")(attended)
    model = with_known_weights(keras.Model(sequence, logit))
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x.reshape(-1, 2, 2), y, verbose=0)
    listed = (len(attention.trainable_weights), len(model.trainable_weights))
    return outcome(model, before, layer_trainable=listed[0], model_trainable=listed[1])


def freeze_after_build() -> Outcome:
    """Freeze an attention layer after it is built."""
    attention = keras.layers.MultiHeadAttention(2, 2, use_bias=False, name="attention")
    sequence = keras.Input((2, 2))
    attended = keras.layers.Flatten()(attention(sequence, sequence))
    logit = keras.layers.Dense(1, name="head")(attended)
    attention.trainable = False
    model = with_known_weights(keras.Model(sequence, logit))
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x.reshape(-1, 2, 2), y, verbose=0)
    listed = (len(attention.trainable_weights), len(model.trainable_weights))
    return outcome(model, before, layer_trainable=listed[0], model_trainable=listed[1])


def _base_with_two_norms() -> keras.Model:
    return with_known_weights(
        keras.Sequential(
            [
                keras.Input((FEATURES,)),
                keras.layers.Dense(FEATURES, use_bias=False, name="stem"),
                keras.layers.BatchNormalization(name="stem_bn"),
                keras.layers.Dense(FEATURES, use_bias=False, name="top"),
                keras.layers.BatchNormalization(name="top_norm"),
            ],
            name="base",
        )
    )


def freeze_batch_norm_by_name() -> Outcome:
    """Freeze every layer whose name ends in "bn"; one BatchNormalization is called "top_norm"."""
    base = _base_with_two_norms()
    for layer in base.layers:
        if layer.name.endswith("bn"):
            layer.trainable = False
    model = with_head(base)
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    return outcome(model, before)


def freeze_batch_norm_by_class() -> Outcome:
    """Freeze every layer that is a BatchNormalization, whatever its name."""
    base = _base_with_two_norms()
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    model = with_head(base)
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    return outcome(model, before)


def read_the_summary_of_a_nested_model() -> Outcome:
    """Freeze a layer inside a base and read `model.summary(show_trainable=True)`."""
    base = small_base()
    base.get_layer("first").trainable = False
    model = with_head(base)
    model.compile("sgd", "mse")
    text = summary_of(model, show_trainable=True)
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    rows = [line for line in text.split("\n") if "(Sequential)" in line or "(Dense)" in line]
    said = next("Y" if " Y " in row else "N" for row in rows if "base" in row)
    return outcome(model, before, rows_with_weights=len(rows), row_of_base=said)


def read_the_expanded_summary() -> Outcome:
    """Freeze a layer inside a base and read the summary with `expand_nested=True`."""
    base = small_base()
    base.get_layer("first").trainable = False
    model = with_head(base)
    model.compile("sgd", "mse")
    text = summary_of(model, show_trainable=True, expand_nested=True)
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    with_weights = ("(Sequential)", "(Dense)", "(BatchNorm")
    rows = [line for line in text.split("\n") if any(each in line for each in with_weights)]
    said = next("Y" if " Y " in row else "N" for row in rows if "first" in row)
    return outcome(model, before, rows_with_weights=len(rows), row_of_first=said)
