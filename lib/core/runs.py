"""Runs: what was asked for, and what happened in each epoch."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from lib.core import backbones, datasets, heads, strategies
from lib.core.datasets import DatasetSpec
from lib.core.errors import ConfigError

# Part of every run's identity. Raise it when a change makes the same configuration compute
# something else; then every stored run is of an older version and is never taken for a new one.
TRAINING_VERSION = 1

# In a run's folder: its answer to each test image, and those images as one picture.
EVALUATION_FILE = "evaluation.json"
TEST_IMAGES_FILE = "test_images.webp"

BATCH_NORM_POLICIES: dict[str, str] = {
    "frozen": "Every BatchNormalization of the backbone stays frozen.",
    "thawed": "BatchNormalization is thawed with its neighbours.",
    "tutorial": "As the well-known tutorial does: base(x, training=False), which Keras 3 ignores.",
}

# id -> name on the page. SGD has the usual momentum of 0.9.
OPTIMIZERS: dict[str, str] = {"adam": "Adam", "rmsprop": "RMSprop", "sgd": "SGD with momentum"}

# Runs that ship with Thaw have a seed that the form does not start with: whoever presses Start for
# the first time is to see a run going on, and not one that is stored.
RECORDED_SEED = 0

# Nobody waits on a laptop for more training images than these, unless they ask for more.
USUAL_TRAIN_IMAGES = 1_000
MAX_EPOCHS = 200
MAX_DROPOUT = 0.9
MAX_HIDDEN_UNITS = 4_096
MAX_IMAGE_SIZE = 512
# Ids of runs come from a link or a command line, so they are checked.
RUN_ID_LENGTH = 16


@dataclass(frozen=True)
class Phase:
    """A stretch of epochs with the same layers thawed and the same learning rate.

    Args:
        name: "feature_extraction", "fine_tuning" or "from_scratch".
        num_epochs: How many.
        learning_rate: Of the optimizer.
        thaw_from: First thawed layer, where partial fine-tuning has one.
        step: Counts the fine-tuning phases of gradual unfreezing from 1.
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


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides how a run ends.

    Args:
        backbone: Id in backbones.BACKBONES.
        dataset: TFDS name, or "images-" and the fingerprint of a reader's own folder.
        num_images: Training images; validation and test have their own.
        image_size: Side of the square input in pixels.
        strategy: Id in strategies.STRATEGIES.
        thaw_from: First thawed layer of partial fine-tuning; "" for the other strategies. Several
            names with commas between them thaw gradually, each in a phase of its own.
        head_epochs: Epochs with the backbone frozen; 0 fine-tunes straight away.
        fine_tune_epochs: Epochs of each phase after thawing.
        head_learning_rate: For the head while the backbone is frozen, and from scratch.
        fine_tune_learning_rate: In the first phase after thawing.
        step_rate_factor: What each further phase multiplies the rate by.
        head_rate_factor: How much faster the head learns than the backbone while fine-tuning.
        optimizer: Key of OPTIMIZERS.
        batch_size: Images a step.
        batch_norm: Key of BATCH_NORM_POLICIES.
        dropout: Rate before the last layer of the head, 0 to 0.9.
        pooling: Key of heads.POOLINGS: what makes a vector of the feature map.
        hidden_units: Units of a Dense layer between the two; 0 for none.
        augmentation: True flips, turns, zooms and changes the contrast of training images.
        early_stopping: Epochs without a lower validation loss after which a phase ends; 0 never.
        seed: For the choice of images, their order, the head's first weights and dropout.
        data_fingerprint: Which version of the data.
        training_version: TRAINING_VERSION when the run was made.
    """

    backbone: str
    dataset: str
    num_images: int
    image_size: int
    strategy: str
    thaw_from: str
    head_epochs: int
    fine_tune_epochs: int
    head_learning_rate: float
    fine_tune_learning_rate: float
    batch_size: int
    batch_norm: str
    seed: int
    data_fingerprint: str
    optimizer: str = "adam"
    step_rate_factor: float = 1.0
    head_rate_factor: float = 1.0
    dropout: float = 0.0
    pooling: str = "gap"
    hidden_units: int = 0
    augmentation: bool = False
    early_stopping: int = 0
    training_version: int = TRAINING_VERSION

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of the run in order; one without epochs is left out."""
        if self.strategy == "from_scratch":
            planned = [Phase("from_scratch", self.head_epochs, self.head_learning_rate)]
        else:
            planned = [Phase("feature_extraction", self.head_epochs, self.head_learning_rate)]
            planned += [
                Phase(
                    "fine_tuning",
                    self.fine_tune_epochs,
                    self.fine_tune_learning_rate * self.step_rate_factor**step,
                    thaw_from,
                    step + 1,
                )
                for step, thaw_from in enumerate(self.thaw_from.split(","))
            ]
        return tuple(phase for phase in planned if phase.num_epochs)

    @property
    def num_epochs(self) -> int:
        """Epochs of all phases together."""
        return sum(phase.num_epochs for phase in self.phases)

    @property
    def catalogued(self) -> DatasetSpec | None:
        """The dataset in Thaw's registry; None where the images are a reader's own."""
        spec = datasets.DATASETS.get(self.dataset)
        return spec if spec and spec.fingerprint == self.data_fingerprint else None

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no white space. Equal configurations give equal text."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainConfig":
        """A configuration from the fields of config.json.

        Raises:
            ConfigError: If a field is missing, unknown or of the wrong type.
        """
        expected = {field.name: field.type for field in fields(cls)}
        if set(values) != set(expected):
            wrong = sorted(set(values) ^ set(expected))
            raise ConfigError(f"A run's configuration does not have exactly its fields: {wrong}.")
        checked: dict[str, Any] = {}
        for name, type_ in expected.items():
            value = values[name]
            allowed = (int, float) if type_ is float else (type_,)
            # In Python True is an int; in a configuration it is not.
            is_flag = isinstance(value, bool)
            if is_flag != (type_ is bool) or not isinstance(value, allowed):  # type: ignore[arg-type]
                raise ConfigError(f"{name} of a run's configuration cannot be {value!r}.")
            checked[name] = float(value) if type_ is float else value
        return cls(**checked)


def run_id(config: TrainConfig) -> str:
    """Name of a run: the same configuration always has the same one.

    Returns:
        The first 16 hex digits of the SHA-256 of the canonical JSON, which carries the
        versions of the data and of the training code.
    """
    return hashlib.sha256(config.to_json().encode()).hexdigest()[:RUN_ID_LENGTH]


def is_run_id(text: str) -> bool:
    """True where the text could be a run id: 16 lower-case hex digits."""
    return len(text) == RUN_ID_LENGTH and set(text) <= set("0123456789abcdef")


def make_config(
    *,
    backbone: str = "efficientnet_lite0",
    dataset: str = "openmoji_animals_food",
    strategy: str = "partial_fine_tuning",
    num_images: int | None = None,
    image_size: int | None = None,
    thaw_from: str | None = None,
    head_epochs: int = 10,
    fine_tune_epochs: int = 10,
    head_learning_rate: float = 1e-3,
    fine_tune_learning_rate: float = 1e-4,
    batch_size: int = 32,
    batch_norm: str = "frozen",
    seed: int = 1,
    optimizer: str = "adam",
    step_rate_factor: float = 1.0,
    head_rate_factor: float = 1.0,
    dropout: float = 0.0,
    pooling: str = "gap",
    hidden_units: int = 0,
    augmentation: bool = False,
    early_stopping: int = 0,
    data_fingerprint: str | None = None,
    max_train_images: int | None = None,
) -> TrainConfig:
    """A checked configuration, with what does not matter to its strategy left out.

    So two readers who mean the same run ask for the same run.

    Args:
        num_images: All training images of the dataset where None, at most USUAL_TRAIN_IMAGES.
        image_size: The backbone's own where None.
        thaw_from: The backbone's own where None.
        data_fingerprint: Taken from the dataset registry where None.
        max_train_images: Taken from the dataset registry where None.

    Raises:
        ConfigError: If a value cannot be used; the text says what was expected.
    """
    spec = backbones.get(backbone)
    strategies.get(strategy)
    if data_fingerprint is None or max_train_images is None:
        data = datasets.get(dataset)
        data_fingerprint, max_train_images = data.fingerprint, data.max_train_images
    if num_images is None:
        num_images = min(max_train_images, USUAL_TRAIN_IMAGES)
    image_size = spec.image_size if image_size is None else image_size
    layers = backbones.load_layer_table(backbone, image_size)
    if strategy == "partial_fine_tuning":
        names = (spec.thaw_from if thaw_from is None else thaw_from).replace(" ", "").split(",")
        depths = [backbones.layer_index(layers, name) for name in names]
        if depths != sorted(set(depths), reverse=True):
            raise ConfigError(
                "Gradual unfreezing goes from the top downwards; the layers named are "
                f"{', '.join(names)}.",
                "Name each once, the one nearest to the head first.",
            )
        thaw_from = ",".join(names)
    else:
        thaw_from = ""
    if min(head_epochs, fine_tune_epochs) < 0:
        raise ConfigError(
            f"{head_epochs} and {fine_tune_epochs} epochs cannot be run.",
            "Use at least one epoch in all.",
        )
    if strategy == "feature_extraction":
        fine_tune_epochs = 0
    if strategy == "from_scratch":
        head_epochs, fine_tune_epochs = head_epochs + fine_tune_epochs, 0
    if not fine_tune_epochs:
        fine_tune_learning_rate, head_rate_factor = 0.0, 1.0
    if "," not in thaw_from:
        step_rate_factor = 1.0
    if strategy in ("feature_extraction", "from_scratch"):
        batch_norm_used = "frozen" if strategy == "feature_extraction" else "thawed"
    else:
        batch_norm_used = batch_norm
    config = TrainConfig(
        backbone=backbone,
        dataset=dataset,
        num_images=num_images,
        image_size=image_size,
        strategy=strategy,
        thaw_from=thaw_from,
        head_epochs=head_epochs,
        fine_tune_epochs=fine_tune_epochs,
        head_learning_rate=float(head_learning_rate),
        fine_tune_learning_rate=float(fine_tune_learning_rate),
        batch_size=batch_size,
        batch_norm=batch_norm_used,
        seed=seed,
        data_fingerprint=data_fingerprint,
        optimizer=optimizer,
        step_rate_factor=float(step_rate_factor),
        head_rate_factor=float(head_rate_factor),
        dropout=float(dropout),
        pooling=pooling,
        hidden_units=hidden_units,
        augmentation=augmentation,
        early_stopping=early_stopping,
    )
    if batch_norm not in BATCH_NORM_POLICIES:
        raise ConfigError(
            f"Thaw has no BatchNormalization policy called {batch_norm!r}.",
            f"Choose one of: {', '.join(BATCH_NORM_POLICIES)}.",
        )
    check(config, max_train_images)
    return config


def _rate_is_usable(rate: float) -> bool:
    return math.isfinite(rate) and rate > 0


def check(config: TrainConfig, max_train_images: int) -> None:
    """Refuse a configuration that cannot be run.

    Raises:
        ConfigError: With what was expected and what came.
    """
    rates = {"head": config.head_learning_rate}
    if config.fine_tune_epochs:
        rates["fine-tuning"] = config.fine_tune_learning_rate
    for name, rate in rates.items():
        if not _rate_is_usable(rate):
            raise ConfigError(
                f"A learning rate is a positive number; for {name} it is {rate}.",
                "0.001 is a good start for a head, a tenth of that for fine-tuning.",
            )
    for name, factor in (
        ("step_rate_factor", config.step_rate_factor),
        ("head_rate_factor", config.head_rate_factor),
    ):
        if not _rate_is_usable(factor):
            raise ConfigError(f"{name} is a positive number; it is {factor}.", "1 changes nothing.")
    if config.optimizer not in OPTIMIZERS:
        raise ConfigError(
            f"Thaw has no optimizer called {config.optimizer!r}.",
            f"Choose one of: {', '.join(OPTIMIZERS)}.",
        )
    if not 0 <= config.dropout <= MAX_DROPOUT:
        raise ConfigError(
            f"A dropout rate of {config.dropout} cannot be used.",
            f"It lies from 0 to {MAX_DROPOUT}.",
        )
    heads.HeadSpec(config.pooling, config.hidden_units)  # raises for what cannot be built
    if config.hidden_units > MAX_HIDDEN_UNITS:
        raise ConfigError(
            f"A hidden layer of {config.hidden_units:,} units is larger than Thaw builds.",
            f"Use at most {MAX_HIDDEN_UNITS:,}.",
        )
    if config.early_stopping < 0:
        raise ConfigError(
            f"Early stopping after {config.early_stopping} epochs cannot be used.",
            "0 switches it off.",
        )
    if config.num_images < 1:
        raise ConfigError(
            f"{config.num_images} training images cannot be used.", "Use at least one."
        )
    if config.num_images > max_train_images:
        raise ConfigError(
            f"{config.num_images:,} training images were asked for and the dataset has "
            f"{max_train_images:,} once validation and test have theirs.",
            f"Ask for at most {max_train_images:,}.",
        )
    if not config.num_epochs:
        raise ConfigError(
            f"{config.head_epochs} and {config.fine_tune_epochs} epochs cannot be run.",
            "Use at least one epoch in all.",
        )
    if config.num_epochs > MAX_EPOCHS:
        raise ConfigError(
            f"{config.num_epochs} epochs are more than Thaw runs.", f"Use at most {MAX_EPOCHS}."
        )
    if config.image_size > MAX_IMAGE_SIZE:
        raise ConfigError(
            f"Images of {config.image_size} pixels are larger than Thaw trains on.",
            f"Use at most {MAX_IMAGE_SIZE}.",
        )
    if config.batch_size < 1:
        raise ConfigError(f"A batch of {config.batch_size} images cannot be trained on.")
    if not 0 <= config.seed < 2**31:
        raise ConfigError(f"A seed of {config.seed} cannot be used.", "Use 0 to 2,147,483,647.")


@dataclass(frozen=True)
class EpochRecord:
    """One line of history.jsonl.

    Args:
        epoch: Counted from 1 over all phases.
        phase: "feature_extraction", "fine_tuning" or "from_scratch".
        loss: Mean over the training images, during the epoch.
        accuracy: Of the training images, during the epoch, 0 to 1.
        val_loss: Mean over the validation images, after the epoch.
        val_accuracy: Of the validation images, after the epoch, 0 to 1.
        learning_rate: Of the optimizer.
        wall_time_s: Seconds this epoch took, validation included.
        step: Which of several fine-tuning phases, from 1.
    """

    epoch: int
    phase: str
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    wall_time_s: float
    step: int = 1

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "EpochRecord":
        """A record from one line of history.jsonl; fields it does not know are left out.

        Raises:
            KeyError: If a field is missing.
            TypeError: If one is of the wrong type.
        """
        checked: dict[str, Any] = {}
        for field in fields(cls):
            if field.name not in values and field.default is not MISSING:
                continue
            value = values[field.name]
            allowed = (int, float) if field.type is float else (field.type,)
            if isinstance(value, bool) or not isinstance(value, allowed):  # type: ignore[arg-type]
                raise TypeError(f"{field.name} of an epoch cannot be {value!r}.")
            checked[field.name] = value
        return cls(**checked)


@dataclass(frozen=True)
class Run:
    """A run as its folder tells it.

    Args:
        id: Its name.
        config: What was asked for.
        history: One record an epoch, in order.
        result: What result.json holds; empty where the run did not end.
        folder: Where it is.
        recorded: True where it ships with Thaw.
    """

    id: str
    config: TrainConfig
    history: tuple[EpochRecord, ...]
    result: Mapping[str, Any]
    folder: Path
    recorded: bool = False

    @property
    def status(self) -> str:
        """ "finished", "cancelled", "failed", or "interrupted" where nobody wrote an end."""
        status = self.result.get("status")
        return status if status in ("finished", "cancelled", "failed") else "interrupted"

    @property
    def fine_tuning_starts_after(self) -> int | None:
        """Number of epochs before fine-tuning, or None where none began after a head phase."""
        names = [record.phase for record in self.history]
        return names.index("fine_tuning") or None if "fine_tuning" in names else None


def with_seed(config: TrainConfig, seed: int) -> TrainConfig:
    """The same configuration with another seed."""
    return replace(config, seed=seed)
