"""Measures training steps, to check the estimates of lib.core.network.step_cost.

python -m lib.tools.measure_step [backbone ...] [--rounds N] [--batch-size N] [--image-size PX]

Prints the estimated and the measured step time of three freeze plans, relative to head-only.
"""

import argparse
import time
from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from lib.core import backbones
from lib.core.freezing import FreezePlan
from lib.core.network import step_cost
from lib.training import model as models

# The backbones measured in docs/benchmarks.md.
DEFAULT_BACKBONES = ("mobilenet_v2", "resnet50")


def plans(backbone: str, image_size: int) -> dict[str, FreezePlan]:
    """Plans for head only, top layers and everything, always with frozen BatchNormalization."""
    layers = backbones.load_layer_table(backbone, image_size)
    top = FreezePlan.from_layer(layers, backbones.get(backbone).thaw_from)
    return {
        "head only": FreezePlan.all(layers),
        "top layers": top.with_batch_norm_frozen(layers),
        "everything": FreezePlan.none().with_batch_norm_frozen(layers),
    }


def training_step(
    backbone: str, image_size: int, plan: FreezePlan, batch_size: int
) -> Callable[[], object]:
    """A traced training step with Adam on random images."""
    keras.utils.set_random_seed(0)
    base = models.build_architecture(backbone, image_size)
    models.apply_freeze_plan(base, plan)
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(1)(pooled))
    variables = model.trainable_variables
    optimizer = keras.optimizers.Adam(1e-5)
    optimizer.build(variables)
    images = tf.random.normal((batch_size, image_size, image_size, 3))
    labels = tf.constant(np.arange(batch_size) % 2, tf.float32)[:, None]

    @tf.function(jit_compile=False)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    step()
    return lambda: float(step())


def step_times_s(steps: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Shortest seconds of each step. Steps alternate, so that other load affects all equally."""
    shortest = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            begin = time.perf_counter()
            step()
            shortest[name] = min(shortest[name], time.perf_counter() - begin)
    return shortest


def main() -> None:
    """Print one line for each backbone and plan."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_step")
    parser.add_argument("backbones", nargs="*", default=DEFAULT_BACKBONES, metavar="backbone")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--image-size", type=int, default=128)
    options = parser.parse_args()
    for backbone in options.backbones:
        layers = backbones.load_layer_table(backbone, options.image_size)
        chosen = plans(backbone, options.image_size)
        steps = {
            name: training_step(backbone, options.image_size, plan, options.batch_size)
            for name, plan in chosen.items()
        }
        measured_s = step_times_s(steps, options.rounds)
        for name, plan in chosen.items():
            print(
                f"{backbone}, {name}: estimated {step_cost.relative_step_time(layers, plan):.2f}, "
                f"measured {measured_s[name] / measured_s['head only']:.2f} "
                f"({measured_s[name] * 1000:.0f} ms)",
                flush=True,
            )


if __name__ == "__main__":
    main()
