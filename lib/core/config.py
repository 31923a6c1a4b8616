"""The settings of a run: each one is defined once, with its default, bounds and texts.

Long because it holds one entry for each setting, in the order of the form.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from lib.core import datasets
from lib.core.backbones import BACKBONES
from lib.core.broken.faults import FAULTS
from lib.core.datasets import DatasetSpec
from lib.core.errors import ConfigError
from lib.core.heads import POOLINGS, SHORT_NAMES
from lib.core.settings import POSITIVE, Group, Setting, added_later, settings_of
from lib.core.strategies import STRATEGIES, cuts

# Part of every run's identity. Increase it when a change makes the same configuration compute
# something else: stored runs then have an older version and are never confused with new ones.
TRAINING_VERSION = 1

BATCH_NORM_POLICIES: dict[str, str] = {
    "frozen": "Every BatchNormalization of the backbone stays frozen.",
    "thawed": "BatchNormalization is thawed with its neighbours.",
    "tutorial": "As in the well-known tutorial: base(x, training=False), which Keras 3 ignores.",
}

# id -> name on the page. SGD has the usual momentum of 0.9.
OPTIMIZERS: dict[str, str] = {"adam": "Adam", "rmsprop": "RMSprop", "sgd": "SGD with momentum"}

# More training images would take too long on a laptop, so more are used only on request.
USUAL_TRAIN_IMAGES = 1_000
MAX_EPOCHS = 200
MAX_DROPOUT = 0.9
MAX_HIDDEN_UNITS = 4_096
MAX_IMAGE_SIZE = 512
# A stronger penalty leaves nothing of the head.
MAX_L2 = 100.0
# Passes over all images after which a head that is solved is taken as it is; it needs 10 to 60.
SOLVED_EPOCHS = 100
SOLVERS: dict[str, str] = {
    "steps": "With the optimizer, as many epochs as are set.",
    "solved": "Until nothing is left to gain: the loss of a head without a hidden layer has a "
    "single minimum, which L-BFGS finds in a few passes over all images. An epoch is one such "
    "pass.",
}
JUDGEMENTS: dict[str, str] = {
    "test_images": "Images that are kept apart and used once, at the end.",
    "cross_validation": "Each image is classified by heads that were not fitted to it, so every "
    "image is a test image. The head of the run is then fitted to all images. Only for a solved "
    "head on a frozen backbone.",
}


@dataclass(frozen=True)
class Phase:
    """Consecutive epochs with the same thawed layers and the same learning rate.

    Args:
        name: "feature_extraction", "fine_tuning" or "from_scratch".
        num_epochs: Number of epochs.
        learning_rate: Learning rate of the optimizer.
        thaw_from: First thawed layer of partial fine-tuning; otherwise "".
        step: Number of the fine-tuning phase of gradual unfreezing, from 1.
    """

    name: str
    num_epochs: int
    learning_rate: float
    thaw_from: str = ""
    step: int = 1

    @property
    def key(self) -> str:
        """Name of this phase among those of its run, such as "fine_tuning_2"."""
        return self.name if self.step == 1 else f"{self.name}_{self.step}"


_EPOCHS: dict[str, Any] = {
    "refusal": "{head_epochs} and {fine_tune_epochs} epochs cannot be run.",
    "next_step": "Use at least one epoch in all.",
}
_RATE: dict[str, Any] = {
    "least": POSITIVE,
    "next_step": "0.001 is a good start for a head, a tenth of that for fine-tuning.",
}
_FACTOR: dict[str, Any] = {"least": POSITIVE, "next_step": "1 changes nothing."}


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """All settings that determine the result of a run.

    Each field has its `Setting`. Comparisons and the form show them in this order.
    """

    backbone: str = Setting(
        label="Backbone",
        help="The pretrained network.",
        group=Group.CHOICE,
        choices={id_: spec.title for id_, spec in BACKBONES.items()},
    ).field("efficientnet_lite0")
    # The id of a reader's own images is "images-" and their fingerprint.
    dataset: str = Setting(
        label="Dataset",
        help="Name in TensorFlow Datasets.",
        group=Group.CHOICE,
        choices={id_: spec.title for id_, spec in datasets.DATASETS.items()},
    ).field("openmoji_animals_food")
    data_fingerprint: str = Setting(
        label="Version of the data", help="Version of the dataset.", group=Group.FOUND_OUT
    ).field()
    num_images: int = Setting(
        label="Training images",
        help="Images to train on. Validation and test images are extra.",
        command_help=f"Default: all, at most {USUAL_TRAIN_IMAGES:,}.",
        group=Group.DATA,
        least=1,
        refusal="{num_images} training images cannot be used.",
        next_step="Use at least one.",
        number_format=",",
    ).field()
    image_size: int = Setting(
        label="Image size",
        help="Side of the square input.",
        command_help="Default: the backbone's own.",
        group=Group.DATA,
        unit="pixels",
        most=MAX_IMAGE_SIZE,
        refusal="Images of {image_size} pixels are larger than Thaw trains on.",
        next_step=f"Use at most {MAX_IMAGE_SIZE}.",
    ).field()
    strategy: str = Setting(
        label="Strategy",
        help="Which layers are trained, and in which order.",
        group=Group.CHOICE,
        choices={id_: spec.title for id_, spec in STRATEGIES.items()},
    ).field("partial_fine_tuning")
    judged_by: str = Setting(
        label="Judged by",
        help="The images on which the accuracy of the run is measured.",
        group=Group.DATA,
        added=11,
        choices={"test_images": "test images kept apart", "cross_validation": "cross-validation"},
        about_choices=JUDGEMENTS,
        refusal="A run cannot be judged by {judged_by!r}.",
        next_step=f"Choose one of: {', '.join(JUDGEMENTS)}.",
    ).field("test_images")
    # "" for strategies without such a layer.
    thaw_from: str = Setting(
        label="Thaw from",
        help="The second phase trains this layer and all layers after it.",
        command_help="For partial_fine_tuning, and for gradual_fine_tuning, which then thaws the "
        "rest. Several names with commas between them thaw gradually, each in a phase of its own. "
        "Default: the backbone's own.",
        group=Group.FINE_TUNING,
    ).field()
    head_solver: str = Setting(
        label="Head is trained",
        help="How the head is trained while the backbone is frozen.",
        group=Group.HEAD_PHASE,
        added=9,
        choices={"steps": "epoch by epoch", "solved": "until it is solved"},
        about_choices=SOLVERS,
        refusal="Thaw has no way of training a head called {head_solver!r}.",
        next_step=f"Choose one of: {', '.join(SOLVERS)}.",
    ).field("steps")
    head_epochs: int = Setting(
        label="Head epochs",
        help="Passes over all training images; with fine-tuning, those before layers are thawed.",
        group=Group.HEAD_PHASE,
        label_alone="Epochs",
        **_EPOCHS,
    ).field(10)
    fine_tune_epochs: int = Setting(
        label="Fine-tuning epochs",
        help="Passes over all training images after thawing, in each fine-tuning phase.",
        group=Group.FINE_TUNING,
        **_EPOCHS,
    ).field(10)
    head_learning_rate: float = Setting(
        label="Head learning rate",
        help="Size of each step. A head with random weights can use a large one.",
        group=Group.HEAD_PHASE,
        label_alone="Learning rate",
        refusal="A learning rate is a positive number; for head it is {head_learning_rate}.",
        **_RATE,
    ).field(1e-3)
    fine_tune_learning_rate: float = Setting(
        label="Fine-tuning learning rate",
        help="Lower than the head's, so that pretrained features change gently.",
        group=Group.FINE_TUNING,
        refusal="A learning rate is a positive number; for fine-tuning it is "
        "{fine_tune_learning_rate}.",
        **_RATE,
    ).field(1e-4)
    step_rate_factor: float = Setting(
        label="Step learning-rate multiplier",
        help="Each further phase of gradual unfreezing multiplies the learning rate by this; "
        "1 keeps it.",
        group=Group.THAWING,
        added=2,
        refusal="step_rate_factor is a positive number; it is {step_rate_factor}.",
        **_FACTOR,
    ).field(1.0)
    head_rate_factor: float = Setting(
        label="Head learning-rate multiplier",
        help="In fine-tuning, the head's learning rate is this factor times the backbone's.",
        group=Group.THAWING,
        added=3,
        refusal="head_rate_factor is a positive number; it is {head_rate_factor}.",
        **_FACTOR,
    ).field(1.0)
    optimizer: str = Setting(
        label="Optimizer",
        help="The rule that updates the weights from the gradients.",
        group=Group.OPTIMIZER,
        added=1,
        choices=OPTIMIZERS,
        refusal="Thaw has no optimizer called {optimizer!r}.",
        next_step=f"Choose one of: {', '.join(OPTIMIZERS)}.",
    ).field("adam")
    batch_size: int = Setting(
        label="Batch size",
        help="Images in each training step.",
        group=Group.OPTIMIZER,
        least=1,
        refusal="A batch of {batch_size} images cannot be trained on.",
    ).field(32)
    batch_norm: str = Setting(
        label="BatchNormalization",
        help="Whether BatchNormalization of the backbone is trained.",
        group=Group.THAWING,
        choices={policy: policy for policy in BATCH_NORM_POLICIES},
        about_choices=BATCH_NORM_POLICIES,
        refusal="Thaw has no BatchNormalization policy called {batch_norm!r}.",
        next_step=f"Choose one of: {', '.join(BATCH_NORM_POLICIES)}.",
    ).field("frozen")
    pooling: str = Setting(
        label="Pooling",
        help="How the feature map becomes a vector.",
        group=Group.HEAD,
        added=5,
        choices={id_: words for id_, (words, _) in POOLINGS.items()},
        short_choices=SHORT_NAMES,
    ).field("gap")
    hidden_units: int = Setting(
        label="Hidden units",
        help="Units of a Dense layer with ReLU between pooling and the logits. 0: none.",
        group=Group.HEAD,
        added=6,
        most=MAX_HIDDEN_UNITS,
        refusal="A hidden layer of {hidden_units:,} units is larger than Thaw builds.",
        next_step=f"Use at most {MAX_HIDDEN_UNITS:,}.",
        zero_is_off=True,
        number_format=",",
    ).field(0)
    dropout: float = Setting(
        label="Dropout",
        help="Share of the features that the head drops in each training step, 0 to 0.9.",
        group=Group.HEAD,
        added=4,
        most=MAX_DROPOUT,
        refusal="A dropout rate of {dropout} cannot be used.",
        next_step=f"It lies from 0 to {MAX_DROPOUT}.",
    ).field(0.0)
    l2: float = Setting(
        label="L2 penalty",
        help="This number times the sum of the squared weights of the head's Dense layers is added "
        "to the loss while training; the curves show the loss without it. 0: none, but a head that "
        "is solved then chooses it by cross-validation of the training images.",
        group=Group.REGULARISATION,
        added=10,
        most=MAX_L2,
        refusal="An L2 penalty of {l2} cannot be used.",
        next_step=f"It lies from 0 to {MAX_L2:g}.",
    ).field(0.0)
    augmentation: bool = Setting(
        label="Augmentation",
        help="Flip, rotate, zoom and change the contrast, differently in every epoch. The outputs "
        "of the frozen layers then change in every epoch and cannot be cached, so a run takes "
        "several times longer.",
        group=Group.REGULARISATION,
        added=7,
    ).field(False)
    early_stopping: int = Setting(
        label="Early stopping",
        help="A phase ends after this many epochs without a lower validation loss. 0: never.",
        group=Group.REGULARISATION,
        added=8,
        unit="epochs",
        refusal="Early stopping after {early_stopping} epochs cannot be used.",
        next_step="0 switches it off.",
        zero_is_off=True,
    ).field(0)
    restore_best_weights: bool = Setting(
        label="Restore the best weights",
        help="With early stopping: a phase ends with the weights of its epoch with the lowest "
        "validation loss. Without this, it ends with those of its last epoch, after several "
        "epochs that were no better.",
        group=Group.REGULARISATION,
        added=12,
    ).field(False)
    fault: str = Setting(
        label="Fault on purpose",
        help="What is wrong with the run on purpose, so that it can be seen what that looks like.",
        group=Group.COMMAND_LINE,
        added=13,
        choices={"": "not broken", **{id_: fault.name for id_, fault in FAULTS.items()}},
        short_choices={id_: fault.short for id_, fault in FAULTS.items()},
        refusal="Thaw has no fault called {fault!r}.",
        next_step=f"Choose one of: {', '.join(FAULTS)}.",
    ).field("")
    seed: int = Setting(
        label="Seed",
        help="For the choice of images, their order, the head's initial weights and dropout. The "
        "same seed gives the same run on this machine.",
        group=Group.SEED,
        most=2**31 - 1,
        refusal="A seed of {seed} cannot be used.",
        next_step="Use 0 to 2,147,483,647.",
    ).field(1)
    training_version: int = Setting(
        label="Version of the training code",
        help="TRAINING_VERSION when the run was made.",
        group=Group.FOUND_OUT,
    ).field(TRAINING_VERSION)

    @property
    def acting(self) -> "TrainConfig":
        """The settings that training uses: those of the run, with the values of its fault.

        The fault itself stays in them only if training has to act it out.
        """
        fault = FAULTS.get(self.fault)
        if fault is None:
            return self
        kept = fault.id if fault.is_acted else ""
        return replace(self, **fault.settings(vars(self)), fault=kept)

    @property
    def mended(self) -> "TrainConfig":
        """The same configuration without its fault."""
        return replace(self, fault="") if self.fault else self

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of the run in order, without phases of no epochs."""
        used = self.acting
        if used.strategy == "from_scratch":
            planned = [Phase("from_scratch", used.head_epochs, used.head_learning_rate)]
        else:
            planned = [Phase("feature_extraction", used.head_epochs, used.head_learning_rate)]
            planned += [
                Phase(
                    "fine_tuning",
                    used.fine_tune_epochs,
                    used.fine_tune_learning_rate * used.step_rate_factor**step,
                    thaw_from,
                    step + 1,
                )
                for step, thaw_from in enumerate(cuts(used.strategy, used.thaw_from))
            ]
        return tuple(phase for phase in planned if phase.num_epochs)

    @property
    def can_be_solved(self) -> bool:
        """True if the head phase is a convex problem on features that are computed once.

        With augmentation, the head is solved on the images as they are; fine-tuning augments them.
        """
        only_head = self.strategy == "feature_extraction"
        return (
            self.strategy != "from_scratch"
            and self.head_epochs > 0
            and not (self.hidden_units or self.dropout or (only_head and self.augmentation))
        )

    @property
    def is_cross_validated(self) -> bool:
        """True if every image is a test image, and the head is then fitted to all of them."""
        return self.judged_by == "cross_validation"

    @property
    def num_epochs(self) -> int:
        """Epochs of all phases together."""
        return sum(phase.num_epochs for phase in self.phases)

    @property
    def catalogued(self) -> DatasetSpec | None:
        """The dataset in Thaw's registry; None for a reader's own images."""
        spec = datasets.DATASETS.get(self.dataset)
        return spec if spec and spec.fingerprint == self.data_fingerprint else None

    def uses(self, name: str) -> bool:
        """Return False if a setting does not apply to this strategy and its value is unused."""
        if name == "fine_tune_learning_rate":
            return self.fine_tune_epochs > 0
        if name in ("head_learning_rate", "head_epochs"):
            return self.head_solver != "solved"
        return name != "thaw_from" or self.thaw_from != ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as config.json holds them.

        A setting that was added later is omitted at its default, so that old run ids stay valid.
        """
        later = added_later(type(self)).items()
        return {name: value for name, value in vars(self).items() if (name, value) not in later}

    def to_json(self) -> str:
        """Return canonical JSON: sorted keys, no white space; equal configurations, equal text."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainConfig":
        """Make a configuration from the fields of config.json.

        Raises:
            ConfigError: If a field is missing, unknown or of the wrong type.
        """
        values = added_later(cls) | dict(values)
        types = {field.name: field.type for field in fields(cls)}
        if set(values) != set(types):
            wrong = sorted(set(values) ^ set(types))
            raise ConfigError(f"A run's configuration does not have exactly its fields: {wrong}.")
        checked: dict[str, Any] = {}
        for name, type_ in types.items():
            value = values[name]
            allowed = (int, float) if type_ is float else (type_,)
            # In Python True is an int, but a configuration must not mix them.
            is_flag = isinstance(value, bool)
            if is_flag != (type_ is bool) or not isinstance(value, allowed):  # type: ignore[arg-type]
                raise ConfigError(f"{name} of a run's configuration cannot be {value!r}.")
            checked[name] = float(value) if type_ is float else value
        return cls(**checked)


SETTINGS: dict[str, Setting] = settings_of(TrainConfig)
TYPES: dict[str, Any] = {field.name: field.type for field in fields(TrainConfig)}
# Settings whose default does not depend on other settings.
DEFAULTS: dict[str, Any] = {
    field.name: field.default for field in fields(TrainConfig) if field.default is not MISSING
}


def names_of(*groups: Group) -> tuple[str, ...]:
    """Return the names of the settings of some groups, one group after the other.

    Example:

    >>> names_of(Group.OPTIMIZER, Group.DATA)
    ('optimizer', 'batch_size', 'num_images', 'image_size', 'judged_by')
    """
    return tuple(
        name for group in groups for name, setting in SETTINGS.items() if setting.group is group
    )
