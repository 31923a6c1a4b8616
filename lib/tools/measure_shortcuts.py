"""Compares the speed of Thaw's optimized computations with plain Keras.

python -m lib.tools.measure_shortcuts [backbone ...] [--rounds N] [--image-size PX]

Prints, for each backbone, the milliseconds of a forward pass and of a training step in Keras and in
Thaw, and the speed-up. In the training step, all layers except BatchNormalization are thawed.
"""

import argparse
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from lib.core import backbones
from lib.core.freezing import FreezePlan
from lib.tools.measure_step import step_times_s, training_step
from lib.training import model as models
from lib.training.engine.prefix import FrozenForward
from lib.training.engine.steps import Examples, PhaseTrainer, make_optimizer

BATCH_SIZE = 16


def forward_passes(backbone: str, image_size: int) -> dict[str, Callable[[], object]]:
    """A forward pass of one network in inference mode, on the same images."""
    model = models.build_architecture(backbone, image_size)
    images = tf.random.normal((BATCH_SIZE, image_size, image_size, 3))
    in_keras = tf.function(lambda: model(images, training=False), jit_compile=False)
    in_thaw = FrozenForward(model)
    return {
        "Keras": lambda: in_keras().numpy(),
        "Thaw": lambda: in_thaw.of_batch(images)[0].numpy(),
    }


def training_steps(backbone: str, image_size: int) -> dict[str, Callable[[], object]]:
    """A training step with Adam on random images."""
    layers = backbones.load_layer_table(backbone, image_size)
    plan = FreezePlan.none().with_batch_norm_frozen(layers)
    base = models.build_architecture(backbone, image_size)
    models.apply_freeze_plan(base, plan)
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    trainer = PhaseTrainer(
        keras.Model(base.input, keras.layers.Dense(1)(pooled)),
        make_optimizer("adam", 1e-5),
        batch_size=BATCH_SIZE,
        prepare=lambda tensors, training: tensors[0],
    )
    images = np.random.default_rng(0).normal(size=(BATCH_SIZE, image_size, image_size, 3))
    order = np.arange(BATCH_SIZE)
    examples = Examples.make((images.astype(np.float32),), order % 2)
    return {
        "Keras": training_step(backbone, image_size, plan, BATCH_SIZE),
        "Thaw": lambda: trainer.train_epoch(examples, order, lambda done: None),
    }


def main() -> None:
    """Print one line for each backbone."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_shortcuts")
    parser.add_argument(
        "backbones", nargs="*", default=tuple(backbones.BACKBONES), metavar="backbone"
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--image-size", type=int, default=96)
    options = parser.parse_args()
    print("| | forward: Keras, ms | Thaw, ms | times faster | step: Keras | Thaw | times faster |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for backbone in options.backbones:
        size = max(options.image_size, backbones.get(backbone).min_image_size)
        cells = []
        for ways in (forward_passes(backbone, size), training_steps(backbone, size)):
            times_s = step_times_s(ways, options.rounds)
            ratio = times_s["Keras"] / times_s["Thaw"]
            cells += [f"{times_s[name] * 1000:.0f}" for name in ways] + [f"{ratio:.2f}"]
        print(f"| {backbones.get(backbone).title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
