"""Training from the frozen prefix gives the numbers of the whole model, within rounding."""

import math

import keras
import numpy as np
import pytest

from lib.core import backbones, runs
from lib.core.freezing import FreezePlan
from lib.core.lab.folder import RunWriter, read_run
from lib.training import model as models
from lib.training.engine.network import Network
from lib.training.engine.phases import PhaseRunner
from lib.training.engine.run_log import RunLog
from lib.training.network import head as heads
from lib.training.sources import pipeline
from tests.speeds import thorough_beyond

SIZE, NUM_IMAGES, BATCH_SIZE = 64, 24, 10  # The last batch of an epoch is a short one.
STEPS_AN_EPOCH = math.ceil(NUM_IMAGES / BATCH_SIZE)
# Both ways add the same float32 numbers, but not always in the same order: where TensorFlow does
# not use oneDNN (on a processor without AVX512-VNNI and the like), its own convolutions divide a
# sum among the threads by the number of images, and features are made of more images at a time than
# a step takes. The rounding error of a sum of n terms grows with the square root of n (Higham and
# Mary 2019), and every step adds its own. The longest sum is the head's, over 1,280 channels.
# Measured without oneDNN in the fourth epoch, with BatchNormalization thawed: 2.1e-5 of the 5.1e-5
# that are allowed. With oneDNN or on one thread both ways were equal to the last bit.
FLOAT32_EPSILON = 2.0**-23
LONGEST_SUM = 1_280
TOLERANCE_AN_EPOCH = STEPS_AN_EPOCH * math.sqrt(LONGEST_SUM) * FLOAT32_EPSILON  # 1.3e-5, relative
# Or else nothing was learned and the numbers are equal for no reason; a share of the first loss.
LEARNED = 0.01

# Block 12 of EfficientNet-Lite0 adds its input to its result: from its depthwise convolution on,
# two tensors cross.
BLOCK_BOUNDARY, INSIDE_A_BLOCK = "block_12_expand_conv", "block_12_depthwise_conv"
SCATTERED = {"block_9_project_conv", "block_12_expand_conv", "block_14_project_bn", "top_conv"}

# What is asked for, what a plan of its own thaws, and how many tensors then cross.
CASES = {
    "feature extraction": ({"strategy": "feature_extraction", "head_epochs": 3}, None, 1),
    "block boundary": ({"thaw_from": BLOCK_BOUNDARY}, None, 1),
    "inside a block": ({"thaw_from": INSIDE_A_BLOCK}, None, 2),
    "batch norm thawed": ({"thaw_from": INSIDE_A_BLOCK, "batch_norm": "thawed"}, None, 2),
    "scattered": ({"thaw_from": BLOCK_BOUNDARY}, SCATTERED, 2),
}


def config_of(**asked):
    defaults = {
        "num_images": NUM_IMAGES,
        "image_size": SIZE,
        "batch_size": BATCH_SIZE,
        "head_epochs": 2,
        "fine_tune_epochs": 2,
        "fine_tune_learning_rate": 3e-4,
        "seed": 5,
    }
    return runs.make_config(**defaults | asked)


@pytest.fixture(scope="module")
def data():
    return pipeline.load_data(
        "openmoji_animals_food", num_images=NUM_IMAGES, image_size=SIZE, seed=5
    )


def plan_of(config, thawed):
    if thawed is None:
        return None
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    names = FreezePlan.all(layers).frozen
    assert thawed <= names
    return FreezePlan(names - thawed)


def history_of(config, data, folder, *, use_prefix, plan=None):
    keras.utils.set_random_seed(config.seed)
    log = RunLog(config, lambda event: None, lambda: False)
    log.facts["split_sizes"] = {"train": len(data.train), "validation": len(data.validation)}
    backbone = models.build_backbone(config.backbone, config.image_size, weights="imagenet")
    network = Network(config, 1, backbone, use_prefix=use_prefix, plan=plan)
    runner = PhaseRunner(log, RunWriter(folder, config), network, data)
    for phase in config.phases:
        runner.run(phase)
    assert (runner.network.parts.prefix is not None) == use_prefix
    return read_run(folder).history, runner


def numbers(record):
    return [record.loss, record.accuracy, record.val_loss, record.val_accuracy]


def within_rounding(expected, epoch):
    return pytest.approx(expected, rel=epoch * TOLERANCE_AN_EPOCH)


# With BatchNormalization thawed, two tensors cross as well; with it frozen inside a block, a run is
# compared with `fit` below.
@pytest.mark.parametrize("case", thorough_beyond(["batch norm thawed"], CASES))
def test_split_training_gives_every_number_of_whole_model_training(case, data, tmp_path):
    asked, thawed, num_crossing = CASES[case]
    config = config_of(**asked)
    plan = plan_of(config, thawed)
    split, runner = history_of(config, data, tmp_path / "a", use_prefix=True, plan=plan)
    whole, _ = history_of(config, data, tmp_path / "b", use_prefix=False, plan=plan)
    assert len(runner.network.cut) == num_crossing
    assert len(split) == len(whole) == config.num_epochs
    for one, other in zip(split, whole, strict=True):
        assert numbers(one) == within_rounding(numbers(other), one.epoch), f"epoch {one.epoch}"
    assert abs(split[0].loss - split[-1].loss) > LEARNED * split[0].loss


def keras_fit(config, data):
    """The same run as a Keras tutorial would write it: one model, `compile`, `fit`."""
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    spec = backbones.get(config.backbone)
    backbone = models.build_backbone(config.backbone, config.image_size, weights="imagenet")
    shape = layers[-1].output_shape
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    head = heads.build_head(heads.HeadSpec(), shape, seed=config.seed)
    model = keras.Model(backbone.input, head(pooled))
    x, validation_x = (
        spec.preprocessing.apply(part.images) for part in (data.train, data.validation)
    )
    y, validation_y = data.train.labels[:, None], data.validation.labels[:, None]
    order = np.random.default_rng(config.seed)
    plans = {
        "feature_extraction": FreezePlan.all(layers),
        "fine_tuning": FreezePlan.from_layer(layers, config.thaw_from).with_batch_norm_frozen(
            layers
        ),
    }
    rows = []
    for phase in config.phases:
        for layer in backbone.layers:
            layer.trainable = layer.name not in plans[phase.name].frozen
        model.compile(
            keras.optimizers.Adam(phase.learning_rate),
            keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)],
            jit_compile=False,
        )
        for _ in range(phase.num_epochs):
            chosen = order.permutation(len(x))
            history = model.fit(
                x[chosen],
                y[chosen],
                batch_size=config.batch_size,
                shuffle=False,
                validation_data=(validation_x, validation_y),
                verbose=0,
            ).history
            names = ("loss", "accuracy", "val_loss", "val_accuracy")
            rows.append([history[name][0] for name in names])
    return rows


# tests/oracle/test_take_home.py compares every epoch of a run with `fit` as well: with that of the
# script of the run, to as many digits as it prints.
@pytest.mark.thorough
def test_a_run_gives_every_number_of_keras_fit(data, tmp_path):
    config = config_of(thaw_from=INSIDE_A_BLOCK)
    ours, _ = history_of(config, data, tmp_path, use_prefix=True)
    for record, row in zip(ours, keras_fit(config, data), strict=True):
        assert numbers(record) == within_rounding(row, record.epoch), f"epoch {record.epoch}"
