"""The settings of a recommendation as a table: each line with its reason and its source."""

from dataclasses import dataclass

from lib.core.backbones import LayerRow


@dataclass(frozen=True)
class Recipe:
    """The settings of a recommendation.

    Args:
        way: Key of evidence.WAYS.
        strategy: Id of the strategy.
        thaw_from: First thawed layer of the backbone; "" if all or nothing is thawed.
        head_learning_rate: Learning rate of Adam while only the head is trained.
        fine_tune_learning_rate: Learning rate after thawing; 0 if nothing is thawed.
        head_epochs: Epochs with a frozen backbone.
        fine_tune_epochs: Epochs after thawing; 0 if nothing is thawed.
        augmentation: True if training images are flipped, rotated and zoomed.
        batch_norm: Key of runs.BATCH_NORM_POLICIES.
        batch_size: Images per step; None if it does not matter.
        dropout: Dropout rate in the head.
        early_stopping: Epochs without a lower validation loss after which a phase ends; 0 never.
    """

    way: str
    strategy: str
    thaw_from: str
    head_learning_rate: float
    fine_tune_learning_rate: float
    head_epochs: int
    fine_tune_epochs: int
    augmentation: bool
    batch_norm: str
    batch_size: int | None
    dropout: float
    early_stopping: int


@dataclass(frozen=True)
class Setting:
    """One line of the table.

    Args:
        name: Name on the page.
        value: Value in words.
        why: Reason, one sentence.
        source: Key in docs/sources.md.
    """

    name: str
    value: str
    why: str
    source: str


def settings_table(recipe: Recipe, layers: tuple[LayerRow, ...]) -> tuple[Setting, ...]:
    """Return all settings of a recipe, in the order in which a run uses them."""
    found = [
        _freeze_plan(recipe),
        Setting(
            "Head, learning rate",
            f"{recipe.head_learning_rate:g} for {recipe.head_epochs} epochs",
            "The head starts from random weights; its first gradients would distort a backbone "
            "that is trained at the same time.",
            "kumar-2022",
        ),
        Setting(
            "Fine-tuning, learning rate",
            f"{recipe.fine_tune_learning_rate:g} for {recipe.fine_tune_epochs} epochs",
            "A tenth of the head's: pretrained weights are to be adjusted, not replaced.",
            "tf-transfer",
        )
        if recipe.fine_tune_epochs
        else None,
        _augmentation(recipe),
        _batch_norm(layers),
        _batch_size(recipe),
        Setting(
            "Early stopping, dropout",
            f"After {recipe.early_stopping} epochs, {recipe.dropout:g}",
            "A network first learns what the labels have in common, and memorises wrong labels "
            "later.",
            "arpit-2017",
        )
        if recipe.early_stopping
        else None,
    ]
    return tuple(setting for setting in found if setting)


def _freeze_plan(recipe: Recipe) -> Setting:
    return Setting(
        "Freeze plan",
        *{
            "head": ("Everything frozen", "Only the new head is trained.", "keras-transfer"),
            "top": (
                f"Thaw from {recipe.thaw_from}",
                "Lower layers detect edges and textures, which every image has; upper ones detect "
                "objects.",
                "yosinski-2014",
            ),
            "middle": (
                f"Thaw from {recipe.thaw_from}",
                "The less similar the images are to photographs of objects, the fewer layers can "
                "be reused.",
                "yosinski-2014",
            ),
            "everything": (
                "Nothing frozen",
                "Every layer starts from pretrained weights and may change.",
                "cs231n-transfer",
            ),
        }[recipe.way],
    )


def _augmentation(recipe: Recipe) -> Setting:
    if recipe.augmentation:
        why = "With few images and many thawed weights, it adds flipped and zoomed variants."
        return Setting("Augmentation", "On", why, "tf-transfer")
    if recipe.fine_tune_epochs:
        why = "There are enough images; try it next if the validation accuracy falls."
        return Setting("Augmentation", "Off", why, "tf-transfer")
    why = (
        "Frozen layers run once for each image; augmented images would make every epoch several "
        "times longer."
    )
    return Setting("Augmentation", "Off", why, "thaw-measurements")


def _batch_norm(layers: tuple[LayerRow, ...]) -> Setting:
    if any(row.is_batch_norm for row in layers):
        why = "Its statistics come from a million images; if thawed, small batches overwrite them."
        return Setting("BatchNormalization", "Frozen", why, "keras-transfer")
    why = "This backbone has no such layers."
    return Setting("BatchNormalization", "None", why, "keras-transfer")


def _batch_size(recipe: Recipe) -> Setting:
    if recipe.batch_size:
        why = "Wrong labels cancel out in a larger batch."
        return Setting("Batch size", f"{recipe.batch_size}", why, "rolnick-2017")
    why = "It matters only if BatchNormalization is trained or many labels are wrong."
    return Setting("Batch size", "Any, such as 32", why, "keras-transfer")
