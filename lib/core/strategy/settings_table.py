"""Everything a recommendation sets, as a table: each line with its reason and its source."""

from dataclasses import dataclass

from lib.core.backbones import LayerRow


@dataclass(frozen=True)
class Recipe:
    """How to train: what a recommendation sets.

    Args:
        way: Key of evidence.WAYS.
        strategy: Id of the strategy.
        thaw_from: First thawed layer of the backbone; "" where all or nothing is thawed.
        head_learning_rate: Of Adam while the head learns alone.
        fine_tune_learning_rate: After that; 0 where nothing is thawed.
        head_epochs: With the backbone frozen.
        fine_tune_epochs: After that; 0 where nothing is thawed.
        augmentation: True where training images are to be flipped, turned and zoomed.
        batch_norm: Key of runs.BATCH_NORM_POLICIES.
        batch_size: Images a step; None where it does not matter.
        dropout: Rate in the head.
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
    """One thing a recommendation sets.

    Args:
        name: As on the page.
        value: In words.
        why: In a sentence.
        source: Key in docs/sources.md.
    """

    name: str
    value: str
    why: str
    source: str


def settings_table(recipe: Recipe, layers: tuple[LayerRow, ...]) -> tuple[Setting, ...]:
    """Everything a recipe sets, in the order a run meets it."""
    found = [
        _freeze_plan(recipe),
        Setting(
            "Head, learning rate",
            f"{recipe.head_learning_rate:g} for {recipe.head_epochs} epochs",
            "The head starts from random weights; a backbone that learned along would be distorted "
            "by its first gradients.",
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
            "A network learns what labels have in common first, and the wrong ones by heart "
            "after that.",
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
            "head": ("Everything frozen", "Only the new head learns.", "keras-transfer"),
            "top": (
                f"Thaw from {recipe.thaw_from}",
                "Lower layers see edges and textures, which every image has; upper ones see "
                "things.",
                "yosinski-2014",
            ),
            "middle": (
                f"Thaw from {recipe.thaw_from}",
                "The further the images are from photographs of things, the fewer layers carry "
                "over.",
                "yosinski-2014",
            ),
            "everything": (
                "Nothing frozen",
                "Pretrained weights are the start, and every layer may leave it.",
                "cs231n-transfer",
            ),
        }[recipe.way],
    )


def _augmentation(recipe: Recipe) -> Setting:
    if recipe.augmentation:
        why = "With few images and many thawed weights, flips, turns and zooms make more of them."
        return Setting("Augmentation", "On", why, "tf-transfer")
    if recipe.fine_tune_epochs:
        why = "There are images enough; it is the next thing to try where validation falls."
        return Setting("Augmentation", "Off", why, "tf-transfer")
    why = (
        "Frozen layers run once for each image; new versions of it would make every epoch several "
        "times longer."
    )
    return Setting("Augmentation", "Off", why, "thaw-measurements")


def _batch_norm(layers: tuple[LayerRow, ...]) -> Setting:
    if any(row.is_batch_norm for row in layers):
        why = "Its statistics come from a million images; thawed, small batches overwrite them."
        return Setting("BatchNormalization", "Frozen", why, "keras-transfer")
    why = "This backbone has no such layers."
    return Setting("BatchNormalization", "None", why, "keras-transfer")


def _batch_size(recipe: Recipe) -> Setting:
    if recipe.batch_size:
        why = "Wrong labels cancel out in a larger batch."
        return Setting("Batch size", f"{recipe.batch_size}", why, "rolnick-2017")
    why = "It matters where BatchNormalization learns along, or many labels are wrong."
    return Setting("Batch size", "Any, such as 32", why, "keras-transfer")
