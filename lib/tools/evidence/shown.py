"""The runs that pages show first, and with which lessons teach: what `record_runs lessons` trains.

A new one is an entry here; `python -m lib.tools.record_runs lessons --missing` trains it.
"""

from functools import partial
from typing import Any

from lib.core import runs
from lib.core.runs import TrainConfig

_config = partial(runs.make_config, seed=runs.RECORDED_SEED)

# The run shown first in the lab; then each strategy with few images that are similar to ImageNet,
# and with many images that are not.
STRATEGIES: tuple[TrainConfig, ...] = (
    *tuple(
        _config(dataset=dataset, strategy=strategy, num_images=num_images, image_size=size)
        for dataset, num_images, size in (("openmoji_animals_food", 160, 128), ("elpv", 1000, 96))
        for strategy in ("partial_fine_tuning", "feature_extraction", "full_fine_tuning")
    ),
    _config(strategy="from_scratch"),
    # Small enough to be stored with its models before and after fine-tuning.
    _config(thaw_from="top_conv"),
)
# The effect of pooling on accuracy: the same head with GAP and with Flatten.
HEADS: tuple[TrainConfig, ...] = tuple(
    _config(
        dataset=dataset,
        strategy="feature_extraction",
        num_images=num_images,
        image_size=size,
        head_epochs=30,
        pooling=pooling,
    )
    for dataset, numbers, size in (
        ("openmoji_animals_food", (20, 160), 128),
        ("elpv", (50, 1000), 96),
    )
    for num_images in numbers
    for pooling in ("gap", "flatten")
)
# Deliberately bad runs, each with one setting changed compared with a good run. The comments name
# the findings that lib.core.reading.diagnose must report.
BROKEN: dict[str, TrainConfig] = {
    # learning_rate_too_high, fine_tuning_destroyed. Beside CONFIGS[0]: a hundred times its rate.
    "Rate a hundred times too high": _config(num_images=160, fine_tune_learning_rate=1e-2),
    # learning_rate_too_low, fine_tuning_did_nothing. Beside CONFIGS[0]: a thousandth of its rate.
    "Rate a thousand times too low": _config(num_images=160, fine_tune_learning_rate=1e-7),
    # learning_rate_too_low. Beside the GAP run of 160 images: a hundredth of its rate.
    "Head's rate a hundred times too low": _config(
        strategy="feature_extraction", num_images=160, head_epochs=30, head_learning_rate=1e-5
    ),
    # overfitting from soon after thawing: everything thawed for 20 epochs on 50 solar cells.
    "Fifty images, everything thawed": _config(
        dataset="elpv",
        strategy="full_fine_tuning",
        num_images=50,
        image_size=96,
        fine_tune_epochs=20,
    ),
    # batch_norm_lag: base(x, training=False) as in the tutorial, with a high learning rate
    # (accuracy 0.98 during the epoch, 0.87 for the same images evaluated after it).
    "BatchNormalization as the tutorial has it": _config(
        dataset="elpv",
        strategy="full_fine_tuning",
        num_images=100,
        image_size=96,
        fine_tune_learning_rate=1e-3,
        batch_norm="tutorial",
    ),
    # learning_rate_too_high, fine_tuning_destroyed, on a dataset that benefits from fine-tuning: in
    # the end the network predicts "functional" for every image (0.68, the share of that class).
    "Solar cells forgotten": _config(
        dataset="elpv",
        strategy="full_fine_tuning",
        num_images=200,
        image_size=96,
        fine_tune_learning_rate=1e-3,
    ),
    # underfitting: 32 pixels and a dropout of 0.9 prevent the head from learning.
    "32 pixels and nearly all dropout": _config(
        dataset="elpv",
        strategy="feature_extraction",
        num_images=1_000,
        image_size=32,
        head_epochs=20,
        dropout=0.9,
    ),
}
# Runs to show: each beside one that differs from it in one thing.
_DIGITS: dict[str, Any] = {"dataset": "digits", "image_size": 128, "head_solver": "solved"}
_UNTIL_BEST: dict[str, Any] = {"early_stopping": 5, "restore_best_weights": True}
# Epoch by epoch, so that a curve shows where it turns; the same number of epochs in both.
_BY_STEPS: dict[str, Any] = {"head_solver": "steps", "early_stopping": 0, "batch_size": 16}
_TWENTY_EPOCHS = _DIGITS | _BY_STEPS | {"head_epochs": 20}
_FORTY_EPOCHS = _DIGITS | _BY_STEPS | {"head_epochs": 40}
SHOWN: dict[str, TrainConfig] = {
    "1,000 digits, everything thawed": _config(
        **_DIGITS,
        **_UNTIL_BEST,
        strategy="full_fine_tuning",
        num_images=1_000,
    ),
    "1,000 digits, head only": _config(**_DIGITS, strategy="feature_extraction", num_images=1_000),
    # The features are destroyed in the first epoch, and learned again more slowly.
    "200 digits, thawed at the head's rate": _config(
        **_DIGITS,
        **_UNTIL_BEST,
        strategy="partial_fine_tuning",
        num_images=200,
        fine_tune_learning_rate=1e-3,
        fine_tune_epochs=20,
        batch_size=16,
    ),
    "200 digits, head only": _config(**_DIGITS, strategy="feature_extraction", num_images=200),
    # All ten seeds of the recorded evidence agree (tests/unit/evidence/test_shown_runs.py).
    "200 digits, then everything thawed": _config(
        **_TWENTY_EPOCHS, strategy="full_fine_tuning", num_images=200, fine_tune_epochs=20
    ),
    "200 digits, head for 40 epochs": _config(
        **_FORTY_EPOCHS, strategy="feature_extraction", num_images=200
    ),
    "50 digits, then thawed too fast": _config(
        **_TWENTY_EPOCHS,
        strategy="partial_fine_tuning",
        num_images=50,
        fine_tune_learning_rate=1e-3,
        fine_tune_epochs=20,
    ),
    "50 digits, head for 40 epochs": _config(
        **_FORTY_EPOCHS, strategy="feature_extraction", num_images=50
    ),
    # Beside "BatchNormalization as the tutorial has it", from which nothing else differs.
    "The same with BatchNormalization frozen": _config(
        dataset="elpv",
        strategy="full_fine_tuning",
        num_images=100,
        image_size=96,
        fine_tune_learning_rate=1e-3,
    ),
}
CONFIGS = tuple(dict.fromkeys((*STRATEGIES, *HEADS, *BROKEN.values(), *SHOWN.values())))
NAMES = {runs.run_id(config): name for name, config in (BROKEN | SHOWN).items()}
CHEAPEST = STRATEGIES[1]
