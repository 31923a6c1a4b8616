"""Compares a Thaw run with the plain Keras tutorial.

python -m lib.tools.benchmark_training

The tutorial runs in one process and Thaw in another, one after the other, on the same images; the
time of importing TensorFlow is not counted. The variants are: (a) the tutorial: a frozen backbone
inside the model, `fit`, thaw, compile again, `fit`; (b) Thaw with an empty cache; (c) Thaw again in
the same process on the same data with another fine-tuning learning rate; (d) Thaw training only the
head, after another such run. Prints seconds, ratios to (a), and the share of time outside training
steps and forward passes, which are the floor; then the time of the same multiply-adds at the speed
of a matrix product. Fails if (a) and (b) have different final accuracies.
"""

import argparse
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.core import backbones, runs
from lib.core.runs import TrainConfig

CONFIGS: dict[str, TrainConfig] = {
    "tutorial": runs.make_config(),
    "cold": runs.make_config(),
    "again": runs.make_config(fine_tune_learning_rate=3e-5),
    "head only": runs.make_config(strategy="feature_extraction", head_learning_rate=2e-3),
}
# In the process of Thaw, in this order; what comes before "head only" is not in the table.
BEFORE_HEAD_ONLY = runs.make_config(strategy="feature_extraction")
# Side of the matrices whose product tells the speed of the machine.
MATRIX_SIDE = 2_048


def keras_tutorial(config: TrainConfig) -> dict[str, Any]:
    """Transfer learning as the tutorials write it, with the images in Thaw's order.

    Long because it is one script without functions, as in the tutorials.
    """
    import keras
    import numpy as np
    import tensorflow as tf

    from lib.core.heads import HeadSpec
    from lib.training import model as models
    from lib.training.network.head import build_head
    from lib.training.sources import pipeline

    started, cpu_started = time.perf_counter(), time.process_time()
    data = pipeline.load_data(
        config.dataset, num_images=config.num_images, image_size=config.image_size, seed=config.seed
    )
    preprocessing = backbones.get(config.backbone).preprocessing
    order = np.random.default_rng(config.seed)

    def training_set(num_epochs: int) -> tf.data.Dataset:
        orders = [order.permutation(len(data.train)) for _ in range(num_epochs)]
        images = tf.constant(preprocessing.apply(data.train.images))
        labels = tf.constant(data.train.labels[:, None])
        batches = tf.data.Dataset.from_tensor_slices(np.stack(orders)).flat_map(
            lambda epoch: tf.data.Dataset.from_tensor_slices(epoch).batch(config.batch_size)
        )
        pairs = batches.map(lambda chosen: (tf.gather(images, chosen), tf.gather(labels, chosen)))
        return pairs.prefetch(tf.data.AUTOTUNE)

    base = models.build_backbone(config.backbone, config.image_size, weights="imagenet")
    inputs = keras.Input(base.input.shape[1:])
    features = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
    head = build_head(HeadSpec(), base.output.shape[1:], seed=config.seed)
    model = keras.Model(inputs, head(features))
    validation = tf.data.Dataset.from_tensor_slices(
        (preprocessing.apply(data.validation.images), data.validation.labels[:, None])
    ).batch(config.batch_size)

    def fit(num_epochs: int, learning_rate: float) -> tuple[float, dict[str, list[float]]]:
        begun = time.perf_counter()
        model.compile(
            keras.optimizers.Adam(learning_rate),
            keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)],
            jit_compile=False,
        )
        history = model.fit(
            training_set(num_epochs),
            epochs=num_epochs,
            shuffle=False,  # The data are already shuffled.
            steps_per_epoch=-(-len(data.train) // config.batch_size),
            validation_data=validation,
            verbose=0,
        ).history
        return time.perf_counter() - begun, history

    base.trainable = False
    head_s, _ = fit(config.head_epochs, config.head_learning_rate)
    base.trainable = True
    names = [layer.name for layer in base.layers]
    for layer in base.layers[: names.index(config.thaw_from)]:
        layer.trainable = False
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    _, history = fit(config.fine_tune_epochs, config.fine_tune_learning_rate)
    return {
        "total_s": time.perf_counter() - started,
        "cpu_s": time.process_time() - cpu_started,
        "head_s": head_s,
        "val_accuracy": history["val_accuracy"][-1],
        "val_loss": history["val_loss"][-1],
    }


# Of the steps and forward passes of a run.
_seconds: list[float] = []


def _timed(function: Callable[..., Any]) -> Callable[..., Any]:
    def measured(*args: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args)
        finally:
            _seconds.append(time.perf_counter() - began)

    return measured


def _time_steps() -> None:
    """From now on, measure every step and forward pass of this process."""
    from lib.training.engine import prefix, steps

    trace, make_forward = steps.PhaseTrainer._traced, prefix.FrozenForward.__init__

    def traced(self: Any, *args: Any) -> Any:
        return _timed(trace(self, *args))

    def forward(self: Any, *args: Any, **more: Any) -> None:
        make_forward(self, *args, **more)
        self._forward = _timed(self._forward.get_concrete_function())

    steps.PhaseTrainer._traced = traced  # type: ignore[method-assign, assignment]
    prefix.FrozenForward.__init__ = forward  # type: ignore[method-assign]


def thaw(config: TrainConfig) -> dict[str, Any]:
    """The same as a Thaw run."""
    from lib.training import task

    _seconds.clear()
    with tempfile.TemporaryDirectory() as folder:
        started, cpu_started = time.perf_counter(), time.process_time()
        # In a separate folder, because a run that exists in the store would not be trained again.
        run = task.train(config, lambda event: None, folder=Path(folder))
        total_s = time.perf_counter() - started
    return {
        "total_s": total_s,
        "cpu_s": time.process_time() - cpu_started,
        "head_s": sum(r.wall_time_s for r in run.history if r.phase == "feature_extraction"),
        "floor_s": sum(_seconds),
        "other_share": 1 - sum(_seconds) / total_s,
        "seconds": run.result["seconds"],
        "val_accuracy": run.history[-1].val_accuracy,
        "val_loss": run.history[-1].val_loss,
    }


def _all_of_thaw() -> dict[str, Any]:
    """Every variant of Thaw, in one process."""
    gc.freeze()  # as in lib.training.run and in a worker
    _time_steps()
    found: dict[str, Any] = {way: thaw(CONFIGS[way]) for way in ("cold", "again")}
    thaw(BEFORE_HEAD_ONLY)
    found["head only"] = thaw(CONFIGS["head only"])
    return found | {"matrix_s": _at_matrix_speed(CONFIGS["cold"])}


def _at_matrix_speed(config: TrainConfig) -> float:
    """Seconds for the multiply-adds of a run at the speed of a large matrix product."""
    import tensorflow as tf

    from lib.core import datasets, splits
    from lib.core.network.step_cost import multiply_adds
    from lib.training.engine.measuring import STEP_TO_FORWARD

    layers = backbones.load_layer_table(config.backbone, config.image_size)
    cut = backbones.layer_index(layers, config.thaw_from)
    below, above = (sum(map(multiply_adds, part)) for part in (layers[:cut], layers[cut:]))
    train = config.num_images
    other = splits.evaluation_size(datasets.get(config.dataset).num_images)
    per_epoch = (STEP_TO_FORWARD * train + other) * above
    work = (train + 2 * other) * (below + above) + config.fine_tune_epochs * per_epoch
    matrix = tf.random.normal((MATRIX_SIDE, MATRIX_SIDE))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        tf.matmul(matrix, matrix).numpy()
        times.append(time.perf_counter() - began)
    return float(work * min(times) / MATRIX_SIDE**3)


def measure(way: str, home: str) -> dict[str, Any]:
    """Measure the tutorial, or all variants of Thaw, in a separate process."""
    done = subprocess.run(
        [sys.executable, "-m", "lib.tools.benchmark_training", "--way", way],
        env={**os.environ, "THAW_HOME": home, "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _one(process: str) -> dict[str, Any]:
    # Imports and dataset preparation are done before the measurement.
    from lib.training import task  # noqa: F401
    from lib.training.sources import pipeline

    pipeline.describe_dataset(CONFIGS["tutorial"].dataset)
    return keras_tutorial(CONFIGS["tutorial"]) if process == "tutorial" else _all_of_thaw()


def _report(rounds: list[dict[str, Any]]) -> None:
    def median(way: str, name: str) -> float:
        return statistics.median(measured[way][name] for measured in rounds)

    # On a busy machine, CPU seconds are more reliable than wall time.
    print(
        "| | s | times faster | CPU s | times less | head epochs, s | times faster | floor, s "
        "| other work |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for way in CONFIGS:
        total, cpu, head = (
            statistics.median(m["tutorial"][name] / m[way][name] for m in rounds)
            for name in ("total_s", "cpu_s", "head_s")
        )
        floor = other = ""
        if way != "tutorial":
            floor, other = f"{median(way, 'floor_s'):.2f}", f"{median(way, 'other_share'):.0%}"
        print(
            f"| {way} | {median(way, 'total_s'):.1f} | {total:.1f} "
            f"| {median(way, 'cpu_s'):.1f} | {cpu:.1f} "
            f"| {median(way, 'head_s'):.2f} | {head:.0f} | {floor} | {other} |"
        )
    at_speed = statistics.median(m["matrix_s"] for m in rounds)
    print(f"The multiply-adds of a cold run, at the speed of a matrix product: {at_speed:.2f} s.")


def main() -> int:
    """Print a table; returns 1 if the accuracies of the tutorial and Thaw differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--way", choices=("tutorial", "thaw"), help="measure one, print JSON")
    options = parser.parse_args()
    if options.way:
        print(json.dumps(_one(options.way)))
        return 0
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as home:
            tutorial = measure("tutorial", home)
            # Images that the tutorial has decoded are removed from the cache.
            shutil.rmtree(Path(home) / "features")
            rounds.append({"tutorial": tutorial} | measure("thaw", home))
        print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)
    _report(rounds)
    one_image = 1 / 40
    apart = max(abs(m["tutorial"]["val_accuracy"] - m["cold"]["val_accuracy"]) for m in rounds)
    print(f"Final validation accuracy of the tutorial and of Thaw: {apart:.3f} apart.")
    return int(apart > one_image + 1e-6)


if __name__ == "__main__":
    sys.exit(main())
