"""Times the first step of a graph: `python -m lib.tools.measure_first_step [backbone ...]`.

Each backbone is thawed whole, with BatchNormalization frozen, and traced; then its step is run with
and without the rewrite that lib.training.graphs leaves out: the first one, and 15 more that take
turns.
"""

import argparse
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lib.core import backbones
from lib.core.freezing import FreezePlan
from lib.core.heads import HeadSpec
from lib.tools.measure_step import step_times_s
from lib.training import model as models
from lib.training import prefix
from lib.training.head import build_head, build_pooling
from lib.training.loop import Examples, PhaseTrainer, make_optimizer

DEFAULT_BACKBONES = ("efficientnet_lite0", "mobilenet_v2", "resnet50")
ROUNDS = 15


def traced(backbone: str, image_size: int, batch_size: int) -> Any:
    """A step of full fine-tuning on random images: traced, not yet run."""
    keras.utils.set_random_seed(0)
    layers = backbones.load_layer_table(backbone, image_size)
    base = models.build_architecture(backbone, image_size)
    models.apply_freeze_plan(base, FreezePlan.none().with_batch_norm_frozen(layers))
    head, shape = HeadSpec(), base.output.shape[1:]
    trainer = PhaseTrainer(
        keras.Sequential([base, build_pooling(head, shape), build_head(head, shape, seed=0)]),
        make_optimizer("adam", 1e-5),
        batch_size=batch_size,
        prepare=lambda tensors, training: prefix.packed(tensors),
    )
    rng = np.random.default_rng(0)
    images = rng.normal(size=(batch_size, image_size, image_size, 3)).astype(np.float32)
    examples = Examples.make((images,), np.arange(batch_size) % 2)
    every = tf.range(batch_size, dtype=tf.int64)
    function = trainer._traced(trainer._train_function, examples, tf.TensorSpec((None,), tf.int64))
    return lambda: float(function(examples.tensors, examples.labels, every)[0])


def main() -> None:
    """Print one line a backbone."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_first_step")
    parser.add_argument("backbones", nargs="*", default=DEFAULT_BACKBONES, metavar="backbone")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--image-size", type=int, default=128)
    options = parser.parse_args()
    for backbone in options.backbones:
        step = traced(backbone, options.image_size, options.batch_size)

        def run(as_traced: bool, step: Any = step) -> float:
            # Read at every call: a graph is made ready once for each of the two.
            tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": as_traced})
            loss: float = step()
            return loss

        ways = {"rewritten": lambda: run(False), "as traced": lambda: run(True)}
        first_s = step_times_s(ways, 1)
        later_s = step_times_s(ways, ROUNDS)
        for way in ways:
            print(
                f"{backbone}, {way}: first step {first_s[way]:.2f} s, "
                f"then {later_s[way] * 1000:.0f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
