"""The settings that go with a strategy, a number of images and a backbone.

The page Strategy recommends them, and the training lab starts with them.
"""

from typing import Any

from lib.core import backbones, runs, strategies
from lib.core.backbones import BackboneSpec
from lib.core.config import MAX_EPOCHS, SOLVED_EPOCHS, USUAL_TRAIN_IMAGES
from lib.core.datasets import DatasetSpec
from lib.core.runs import TrainConfig
from lib.core.strategy import judgement, lengths
from lib.core.strategy.settings_table import Recipe

# As in the tutorials: the head at Adam's default rate (keras-transfer), thawed layers at a tenth of
# it (tf-transfer). The recorded evidence uses the same values.
HEAD_RATE = 1e-3
FINE_TUNE_RATE = 1e-4
# Wrong labels cancel out in a larger batch (rolnick-2017), and are learned last (arpit-2017).
NOISY_BATCH_SIZE = 64
NOISY_DROPOUT = 0.2
# Validation and test images together, for each training image.
OTHERS_SHARE = 0.5


def settings(
    strategy: str,
    thaw_from: str,
    num_images: int,
    backbone: str,
    *,
    minutes: float | None = None,
    noisy: bool = False,
    augmentation: bool = False,
) -> dict[str, Any]:
    """Return the settings that go with a strategy: the arguments of Recipe, except for the way.

    Args:
        strategy: Id of the strategy.
        thaw_from: First thawed layer of partial fine-tuning.
        num_images: Number of training images that there are.
        backbone: Id of the backbone.
        minutes: Time for a run on two cores; None for lengths.USUAL_MINUTES.
        noisy: True if many labels are wrong.
        augmentation: True to augment images in thawed phases.
    """
    spec = strategies.get(strategy)
    num_images = min(num_images, USUAL_TRAIN_IMAGES)
    batch = NOISY_BATCH_SIZE if noisy else lengths.batch_size(num_images)
    solved = spec.pretrained and not noisy  # Noisy labels want dropout.
    phases = len(strategies.cuts(strategy, thaw_from)) * spec.fine_tunes  # They share the epochs.
    thawed = phases and -(-lengths.thawed_epochs(num_images, batch) // phases)
    in_steps = min(lengths.head_epochs(num_images, batch), MAX_EPOCHS - thawed * phases)
    head_epochs = SOLVED_EPOCHS if solved else in_steps
    work = lengths.Work(
        backbone=backbone,
        strategy=strategy,
        thaw_from=thaw_from,
        num_images=num_images,
        num_others=round(num_images * OTHERS_SHARE),
        thawed_epochs=thawed * phases if spec.pretrained else head_epochs,
        augmented_epochs=(thawed * phases + head_epochs * (not solved)) * augmentation,
    )
    published = backbones.get(backbone).published_size
    image_size = lengths.image_size(work, minutes or lengths.USUAL_MINUTES)
    return {
        "strategy": strategy,
        "thaw_from": thaw_from,
        "head_learning_rate": HEAD_RATE,
        "fine_tune_learning_rate": FINE_TUNE_RATE if spec.fine_tunes else 0.0,
        "head_epochs": head_epochs,
        "fine_tune_epochs": thawed,
        "augmentation": augmentation,
        "batch_norm": "frozen",
        "batch_size": batch,
        "dropout": NOISY_DROPOUT if noisy else 0.0,
        "early_stopping": lengths.patience(num_images, batch) if thawed or noisy else 0,
        "restore_best_weights": bool(thawed or noisy),
        "image_size": image_size,
        "published_size": published,
        "head_solver": "solved" if solved else "steps",
        "steps_an_epoch": lengths.steps_an_epoch(num_images, batch),
        "seconds": lengths.seconds(work, image_size),
        "published_seconds": lengths.seconds(work, published),
    }


def config(
    recipe: Recipe,
    dataset: DatasetSpec,
    backbone: BackboneSpec,
    *,
    num_images: int,
    seed: int,
    image_size: int | None = None,
) -> TrainConfig:
    """Return the run of a recipe on a dataset.

    Args:
        recipe: The settings.
        dataset: Spec of the dataset.
        backbone: Spec of the backbone.
        num_images: Training images that the reader wants; there may be fewer.
        seed: Seed of the run.
        image_size: The size that a judgement has chosen; by default the recipe's.

    Raises:
        ConfigError: If the dataset has no training images.
    """
    return runs.make_config(
        backbone=backbone.id,
        dataset=dataset.id,
        data_fingerprint=dataset.fingerprint,
        max_train_images=dataset.max_train_images,
        num_images=min(num_images, dataset.max_train_images, USUAL_TRAIN_IMAGES),
        image_size=image_size or recipe.image_size,
        strategy=recipe.strategy,
        thaw_from=recipe.thaw_from or None,
        head_solver=recipe.head_solver,
        head_epochs=recipe.head_epochs,
        fine_tune_epochs=recipe.fine_tune_epochs,
        head_learning_rate=recipe.head_learning_rate,
        fine_tune_learning_rate=recipe.fine_tune_learning_rate or FINE_TUNE_RATE,
        batch_size=recipe.batch_size,
        batch_norm=recipe.batch_norm,
        dropout=recipe.dropout,
        augmentation=recipe.augmentation,
        early_stopping=recipe.early_stopping,
        restore_best_weights=recipe.restore_best_weights,
        judged_by=judgement.judged_by(dataset, recipe.strategy),
        seed=seed,
    )
