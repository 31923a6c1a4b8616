"""The memory of a run, estimated from its configuration."""

import re
from typing import Any

import pytest

from lib.core import backbones, datasets, runs, strategies
from lib.core.network import run_memory, too_large
from lib.core.network.too_large import TooLargeError
from lib.tools import measure_memory

DRAWINGS = datasets.get("openmoji_animals_food")
# The run of the report: 1.3 billion parameters.
HUGE: dict[str, Any] = {"image_size": 512, "pooling": "flatten", "hidden_units": 4096}
# Three quarters of 16 GB.
LAPTOP_BYTES = 12_000_000_000
# With a batch of 32 images of 224 pixels, they need more than that.
TOO_LARGE_FOR_A_LAPTOP = {
    ("convnext_tiny", "full_fine_tuning"),
    ("convnext_tiny", "gradual_fine_tuning"),
    ("convnext_tiny", "from_scratch"),
}
# Peak of resident memory, tensorflow-cpu 2.21.0, Linux, two cores (docs/benchmarks.md).
MEASURED_GB = {
    "default": 0.842,
    "head only": 0.808,
    "head only, 1,000 images of 224 pixels": 1.598,
    "Flatten, 1,024 units": 1.891,
    "Flatten, 4,096 units, top layers": 6.444,
    "Flatten, 2,048 units, 224 pixels": 7.704,
    "everything, 224 pixels": 2.175,
    "everything, 224 pixels, augmentation": 2.302,
    "everything, 512 pixels": 6.695,
    "everything, 1,000 images of 224 pixels": 4.631,
    "head solved, Flatten, 1,000 images of 160 pixels": 2.473,
    "from scratch, MobileNetV2": 2.118,
    "from scratch, VGG16": 3.624,
    "from scratch, Xception, 96 pixels": 2.299,
    "from scratch, ResNet50": 4.620,
    "from scratch, EfficientNet-B0, batch of 16": 2.776,
    "from scratch, MobileNetV3 Small": 1.918,
    "from scratch, DenseNet121": 5.926,
    "from scratch, InceptionV3, 128 pixels": 2.042,
    "from scratch, ConvNeXt-Tiny, batch of 8": 5.797,
    "from scratch, ConvNeXt-Tiny, 96 pixels": 3.577,
}


def total(**asked: Any) -> int:
    config = runs.make_config(**asked)
    return run_memory.estimate(config, datasets.get(config.dataset)).total


def test_a_run_of_more_than_a_billion_parameters_is_refused_with_a_setting_that_helps() -> None:
    config = runs.make_config(**HUGE, strategy="feature_extraction")
    with pytest.raises(TooLargeError) as caught:
        too_large.check(config, DRAWINGS, LAPTOP_BYTES)
    assert re.fullmatch(
        r"This run would need about 7\d\.\d GB of memory, and a run on this machine may use "
        r"12\.0 GB\. Use global average pooling instead of Flatten: it would then need about "
        r"1\.\d GB\.",
        caught.value.in_words(),
    )
    pooled = runs.make_config(**{**HUGE, "pooling": "gap"}, strategy="feature_extraction")
    too_large.check(pooled, DRAWINGS, LAPTOP_BYTES)


@pytest.mark.parametrize(
    ("asked", "help_"),
    [
        ({"image_size": 512, "strategy": "full_fine_tuning", "batch_size": 256}, "Use images of"),
        ({"image_size": 32, "strategy": "from_scratch", "batch_size": 65_536}, "Use batches of"),
        ({"dataset": "cats_vs_dogs", "num_images": 18_000, "image_size": 512}, "Use at most"),
        ({"pooling": "gap", "hidden_units": 4096, "image_size": 512}, None),
    ],
)
def test_what_is_proposed_follows_from_what_takes_the_most(
    asked: dict[str, Any], help_: str | None
) -> None:
    config = runs.make_config(**asked)
    data = datasets.get(config.dataset)
    if help_ is None:
        too_large.check(config, data, LAPTOP_BYTES)
        return
    with pytest.raises(TooLargeError) as caught:
        too_large.check(config, data, LAPTOP_BYTES)
    assert caught.value.next_step.startswith(help_)


def test_where_no_setting_is_enough_the_next_step_says_so() -> None:
    with pytest.raises(TooLargeError, match=r"may use 0\.5 GB") as caught:
        too_large.check(runs.make_config(), DRAWINGS, 500_000_000)
    assert caught.value.next_step == "Use smaller images, fewer of them, or a smaller backbone."


@pytest.mark.parametrize("strategy", strategies.STRATEGIES)
@pytest.mark.parametrize("backbone", backbones.BACKBONES)
def test_the_usual_run_of_every_backbone_is_accepted_on_a_laptop(
    backbone: str, strategy: str
) -> None:
    config = runs.make_config(backbone=backbone, strategy=strategy, dataset="cats_vs_dogs")
    data = datasets.get("cats_vs_dogs")
    if (backbone, strategy) in TOO_LARGE_FOR_A_LAPTOP:
        with pytest.raises(TooLargeError) as caught:
            too_large.check(config, data, LAPTOP_BYTES)
        assert caught.value.next_step.startswith("Use images of at most")
        return
    too_large.check(config, data, LAPTOP_BYTES)


@pytest.mark.parametrize("kind", measure_memory.KINDS)
def test_the_estimate_is_close_to_the_measured_peak(kind: str) -> None:
    estimate = measure_memory.estimated(measure_memory.KINDS[kind]) / 1e9
    ratio = estimate / MEASURED_GB[kind]
    assert measure_memory.LEAST_RATIO <= ratio <= measure_memory.MOST_RATIO


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({"image_size": 224}, {}),
        ({"batch_size": 128, "strategy": "full_fine_tuning"}, {"strategy": "full_fine_tuning"}),
        ({"strategy": "full_fine_tuning", "image_size": 224}, {"image_size": 224}),
        ({"hidden_units": 4096, "pooling": "flatten"}, {"pooling": "flatten"}),
        (
            {"hidden_units": 2048, "pooling": "flatten", "optimizer": "adam"},
            {"hidden_units": 2048, "pooling": "flatten", "optimizer": "sgd"},
        ),
        (
            {"dataset": "elpv", "num_images": 1_000, "strategy": "from_scratch"},
            {"dataset": "elpv", "num_images": 100, "strategy": "from_scratch"},
        ),
        ({"batch_norm": "thawed", "image_size": 224}, {"image_size": 224}),
    ],
)
def test_more_of_anything_needs_more(more: dict[str, Any], less: dict[str, Any]) -> None:
    assert total(**more) > total(**less)
