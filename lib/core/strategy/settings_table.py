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
        batch_size: Images per step.
        dropout: Dropout rate in the head.
        early_stopping: Epochs without a lower validation loss after which a phase ends; 0 never.
        restore_best_weights: True if it ends with the weights of its best epoch.
        image_size: Side of the images in pixels.
        published_size: Side of the images on which the backbone was trained.
        head_solver: Key of config.SOLVERS.
        steps_an_epoch: Steps of the optimizer in an epoch.
        seconds: Predicted seconds of the run on two quiet cores.
        published_seconds: The same at the published size.
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
    batch_size: int
    dropout: float
    early_stopping: int
    restore_best_weights: bool
    image_size: int
    published_size: int
    head_solver: str
    steps_an_epoch: int
    seconds: float
    published_seconds: float

    @property
    def fine_tune_steps(self) -> int:
        """Steps of the optimizer after thawing, if the phase is not stopped early."""
        return self.fine_tune_epochs * self.steps_an_epoch

    @property
    def head_steps(self) -> int | None:
        """Steps of the optimizer with a frozen backbone; None if the head is solved."""
        return None if self.head_solver == "solved" else self.head_epochs * self.steps_an_epoch


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
        _image_size(recipe),
        _freeze_plan(recipe),
        _head(recipe),
        Setting(
            "Fine-tuning",
            f"Learning rate {recipe.fine_tune_learning_rate:g}, at most {recipe.fine_tune_epochs} "
            f"epochs ({recipe.fine_tune_steps:,} steps)",
            "A tenth of the head's rate: pretrained weights are to be adjusted, not replaced. The "
            "phase ends when the validation loss has not fallen for "
            f"{recipe.early_stopping} epochs; the weights are then those of its best epoch.",
            "tf-transfer",
        )
        if recipe.fine_tune_epochs
        else None,
        _augmentation(recipe),
        _batch_norm(layers),
        _batch_size(recipe),
        Setting(
            "Dropout",
            f"{recipe.dropout:g}",
            "A network first learns what the labels have in common, and memorises wrong labels "
            "later.",
            "arpit-2017",
        )
        if recipe.dropout
        else None,
    ]
    return tuple(setting for setting in found if setting)


def _image_size(recipe: Recipe) -> Setting:
    name, value = "Image size", f"{recipe.image_size} pixels"
    if recipe.image_size == recipe.published_size:
        why = (
            "The size of the images on which the backbone was trained: its filters look for parts "
            "of that size. With a smaller one a run is faster and mostly less accurate."
        )
    else:
        why = (
            f"The largest size for which there is time: about {_time(recipe.seconds)} on two "
            f"cores. The backbone was trained at {recipe.published_size} pixels, which would take "
            f"about {_time(recipe.published_seconds)}; a smaller size mostly costs accuracy."
        )
    return Setting(name, value, why, "thaw-measurements")


def _time(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"


def _head(recipe: Recipe) -> Setting:
    if recipe.head_solver == "solved":
        return Setting(
            "Head",
            "Solved, with an L2 penalty chosen by cross-validation",
            "On frozen features the loss of the head has a single minimum, so nothing is left to "
            "chance: it is found in a few passes over all images, in a second.",
            "thaw-measurements",
        )
    return Setting(
        "Head",
        f"Learning rate {recipe.head_learning_rate:g}, {recipe.head_epochs} epochs "
        f"({recipe.head_steps:,} steps)",
        "The head starts from random weights; its first gradients would distort a backbone that is "
        "trained at the same time.",
        "kumar-2022",
    )


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
    name, value = "Batch size", f"{recipe.batch_size}"
    if recipe.dropout:
        why = "Wrong labels cancel out in a larger batch."
        return Setting(name, value, why, "rolnick-2017")
    if not recipe.fine_tune_epochs:
        why = "It does not matter for a solved head: each pass is over all images."
        return Setting(name, value, why, "thaw-measurements")
    why = f"So an epoch has {recipe.steps_an_epoch} steps; with few images and a large batch it "
    return Setting(name, value, why + "would have one or two.", "thaw-measurements")
