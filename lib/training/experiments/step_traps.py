"""Traps about the mode of a step, its data and its optimizer, each with its cure.

Each function runs on a few samples and returns which arrays moved and how far, computed from the
weights before and after.
"""

import keras

from lib.core.trainable.outcome import Outcome
from lib.training.experiments.models import (
    FEATURES,
    arrays_of,
    base_with_dropout,
    class_1,
    classifier_of_images,
    compared,
    images,
    labels,
    memory_of,
    outcome,
    small_base,
    with_head,
    with_known_weights,
    x,
    y,
)


def call_the_base_with_training_false() -> Outcome:
    """Call a base with `training=False` inside a model, and run one step of `fit`."""
    base = small_base()
    model = with_head(base, training=False)
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    return outcome(model, before)


def freeze_the_batch_norm() -> Outcome:
    """Call a base with `training=False`, and freeze its BatchNormalization."""
    base = small_base()
    base.get_layer("bn").trainable = False
    model = with_head(base, training=False)
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    model.fit(x, y, verbose=0)
    return outcome(model, before)


def compile_with_a_new_optimizer() -> Outcome:
    """Train the head with Adam, thaw the base, and compile with a new Adam."""
    base = small_base()
    base.trainable = False
    model = with_head(base)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(x, y, epochs=5, verbose=0)
    remembered = memory_of(model.optimizer)
    base.trainable = True
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.optimizer.build(model.trainable_variables)
    return compared(remembered, memory_of(model.optimizer))


def compile_with_the_same_optimizer() -> Outcome:
    """Build one Adam for all weights before the base is frozen, and compile with it each time."""
    base = small_base()
    model = with_head(base)
    adam = keras.optimizers.Adam(0.01)
    adam.build(model.trainable_variables)
    base.trainable = False
    model.compile(adam, "mse")
    model.fit(x, y, epochs=5, verbose=0)
    remembered = memory_of(adam)
    base.trainable = True
    model.compile(adam, "mse")
    return compared(remembered, memory_of(adam))


def train_a_frozen_dropout() -> Outcome:
    """Freeze a base with Dropout, and train the head: does `fit` see the same features twice?"""
    base = base_with_dropout(rate=0.5)
    base.trainable = False
    model = with_head(base, training=False)
    model.compile(keras.optimizers.SGD(0.0), "mse")  # nothing learns: both losses should agree
    before = arrays_of(model.weights)
    losses = model.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"]
    return outcome(model, before, loss_1=losses[0], loss_2=losses[1])


def train_with_the_rate_at_zero() -> Outcome:
    """Freeze a base with Dropout, and set its rate to 0 before training the head."""
    base = base_with_dropout(rate=0.5)
    base.trainable = False
    for layer in base.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    model = with_head(base, training=False)
    model.compile(keras.optimizers.SGD(0.0), "mse")  # nothing learns: both losses should agree
    before = arrays_of(model.weights)
    losses = model.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"]
    return outcome(model, before, loss_1=losses[0], loss_2=losses[1])


def preprocess_twice() -> Outcome:
    """Scale images with `preprocess_input`, for a model that scales them itself as well."""
    model, scaled = classifier_of_images()
    fed = keras.applications.mobilenet_v2.preprocess_input(images.copy())
    before = arrays_of(model.weights)
    model.fit(fed, labels, verbose=0)
    seen = scaled.predict(fed, verbose=0)
    return outcome(model, before, lowest=float(seen.min()), highest=float(seen.max()))


def preprocess_once() -> Outcome:
    """Leave the scaling of images to the model."""
    model, scaled = classifier_of_images()
    before = arrays_of(model.weights)
    model.fit(images, labels, verbose=0)
    seen = scaled.predict(images, verbose=0)
    return outcome(model, before, lowest=float(seen.min()), highest=float(seen.max()))


def sigmoid_with_from_logits() -> Outcome:
    """End a model with a sigmoid, and tell the loss and the metric to expect logits."""
    inputs = keras.Input((FEATURES,))
    outputs = keras.layers.Dense(1, activation="sigmoid", name="head")(inputs)
    model = with_known_weights(keras.Model(inputs, outputs))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=[keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)])
    before = arrays_of(model.weights)
    model.fit(x, y > 0, verbose=0)
    inside = float(model.evaluate(x, y > 0, verbose=0)[0])
    outside = float(loss(y > 0, model.predict(x, verbose=0)))
    return outcome(model, before, class_1=class_1(model), loss_inside=inside, loss_outside=outside)


def logits_with_from_logits() -> Outcome:
    """End a model without an activation, which is what `from_logits=True` means."""
    inputs = keras.Input((FEATURES,))
    outputs = keras.layers.Dense(1, name="head")(inputs)
    model = with_known_weights(keras.Model(inputs, outputs))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=[keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)])
    before = arrays_of(model.weights)
    model.fit(x, y > 0, verbose=0)
    inside = float(model.evaluate(x, y > 0, verbose=0)[0])
    outside = float(loss(y > 0, model.predict(x, verbose=0)))
    return outcome(model, before, class_1=class_1(model), loss_inside=inside, loss_outside=outside)


def continue_from_the_last_epoch() -> Outcome:
    """Train three epochs, then go on with `initial_epoch=history.epoch[-1]`, up to epoch 6."""
    model = with_head(small_base())
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    first = model.fit(x, y, epochs=3, verbose=0)
    second = model.fit(x, y, epochs=6, initial_epoch=first.epoch[-1], verbose=0)
    epochs = (*first.epoch, *second.epoch)
    return outcome(model, before, epochs=epochs, steps=int(model.optimizer.iterations))


def continue_after_the_last_epoch() -> Outcome:
    """Train three epochs, then go on with `initial_epoch=len(history.epoch)`, up to epoch 6."""
    model = with_head(small_base())
    model.compile("sgd", "mse")
    before = arrays_of(model.weights)
    first = model.fit(x, y, epochs=3, verbose=0)
    second = model.fit(x, y, epochs=6, initial_epoch=len(first.epoch), verbose=0)
    epochs = (*first.epoch, *second.epoch)
    return outcome(model, before, epochs=epochs, steps=int(model.optimizer.iterations))
