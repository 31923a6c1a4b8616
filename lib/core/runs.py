"""Runs: their validated configuration, and the record of each epoch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from lib.core import backbones, datasets, heads, strategies
from lib.core.backbones import LayerRow
from lib.core.broken import faults

# Other programs find these names here too (docs/design.md).
from lib.core.config import BATCH_NORM_POLICIES as BATCH_NORM_POLICIES
from lib.core.config import DEFAULTS, SETTINGS, SOLVED_EPOCHS
from lib.core.config import MAX_DROPOUT as MAX_DROPOUT
from lib.core.config import MAX_EPOCHS as MAX_EPOCHS
from lib.core.config import MAX_HIDDEN_UNITS as MAX_HIDDEN_UNITS
from lib.core.config import MAX_IMAGE_SIZE as MAX_IMAGE_SIZE
from lib.core.config import OPTIMIZERS as OPTIMIZERS
from lib.core.config import TRAINING_VERSION as TRAINING_VERSION
from lib.core.config import USUAL_TRAIN_IMAGES as USUAL_TRAIN_IMAGES
from lib.core.config import Phase as Phase
from lib.core.config import TrainConfig as TrainConfig
from lib.core.errors import ConfigError

# In a run's folder: its prediction for each test image, and those images as one picture.
EVALUATION_FILE = "evaluation.json"
TEST_IMAGES_FILE = "test_images.webp"
# The validation images of which history.jsonl says whether they were right after each epoch.
WATCHED_IMAGES_FILE = "watched_images.webp"
# As many as a page shows beside the curves.
MAX_WATCHED = 12

# Runs that ship with Thaw have another seed than the default of the form, so that a reader who
# presses Start for the first time sees a new run and not a stored one.
RECORDED_SEED = 0
# Run ids come from links and command lines, so they are validated.
RUN_ID_LENGTH = 16


def run_id(config: TrainConfig) -> str:
    """Return the id of a run: equal configurations have equal ids.

    Returns:
        The first 16 hex digits of the SHA-256 of the canonical JSON, which includes the
        versions of the data and of the training code.
    """
    return hashlib.sha256(config.to_json().encode()).hexdigest()[:RUN_ID_LENGTH]


def is_run_id(text: str) -> bool:
    """Return True if the text has the form of a run id: 16 lower-case hex digits."""
    return len(text) == RUN_ID_LENGTH and set(text) <= set("0123456789abcdef")


def make_config(*, max_train_images: int | None = None, **asked: Any) -> TrainConfig:
    """Make a validated configuration in which unused settings have fixed values.

    So equivalent requests give the same run id.

    Args:
        max_train_images: Limit of num_images; by default from the dataset registry.
        asked: Fields of TrainConfig by name. A missing field or None means the default: for
            num_images all training images of the dataset, at most USUAL_TRAIN_IMAGES; for
            image_size and thaw_from the backbone's; for data_fingerprint the registry's.

    Raises:
        ConfigError: If a value cannot be used; the message says what was expected.
    """
    values = DEFAULTS | {name: value for name, value in asked.items() if value is not None}
    spec = backbones.get(values["backbone"])
    strategies.get(values["strategy"])
    if "data_fingerprint" not in values or max_train_images is None:
        data = datasets.get(values["dataset"])
        values["data_fingerprint"], max_train_images = data.fingerprint, data.max_train_images
    own = {
        "num_images": min(max_train_images, USUAL_TRAIN_IMAGES),
        "image_size": spec.image_size,
        "thaw_from": spec.thaw_from,
    }
    config = TrainConfig.from_dict(own | values)
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    # These may be overwritten below.
    for name in ("head_epochs", "fine_tune_epochs", "batch_norm", "head_solver", "judged_by"):
        _check_setting(config, name)
    config = _without_what_does_not_matter(config, layers)
    check(config, max_train_images)
    return config


def _without_what_does_not_matter(config: TrainConfig, layers: Sequence[LayerRow]) -> TrainConfig:
    """Set the settings that the strategy ignores to fixed values."""
    thaw_from = ""
    if strategies.get(config.strategy).has_cut:
        thaw_from = ",".join(_top_down(config.thaw_from.replace(" ", "").split(","), layers))
    changes: dict[str, Any] = {"thaw_from": thaw_from}
    if config.strategy == "feature_extraction":
        changes |= {"fine_tune_epochs": 0, "batch_norm": "frozen"}
    if config.strategy == "from_scratch":
        every = config.head_epochs + config.fine_tune_epochs
        changes |= {"head_epochs": every, "fine_tune_epochs": 0, "batch_norm": "thawed"}
    config = replace(config, **changes)
    if not config.can_be_solved:
        config = replace(config, head_solver="steps")
    solved = config.head_solver == "solved"
    if solved:
        rate = DEFAULTS["head_learning_rate"]
        config = replace(config, head_epochs=SOLVED_EPOCHS, head_learning_rate=rate)
    if not (solved and config.strategy == "feature_extraction"):
        config = replace(config, judged_by="test_images")
    if not config.fine_tune_epochs:
        config = replace(config, fine_tune_learning_rate=0.0, head_rate_factor=1.0)
    if not config.early_stopping:
        config = replace(config, restore_best_weights=False)
    in_steps = len(strategies.cuts(config.strategy, thaw_from)) > 1
    return config if in_steps else replace(config, step_rate_factor=1.0)


def _top_down(names: list[str], layers: Sequence[LayerRow]) -> list[str]:
    """Check that layer names are ordered from the head to the input, and return them."""
    depths = [backbones.layer_index(layers, name) for name in names]
    if depths != sorted(set(depths), reverse=True):
        raise ConfigError(
            "Gradual unfreezing goes from the top downwards; the layers named are "
            f"{', '.join(names)}.",
            "Name each once, the one nearest to the head first.",
        )
    return names


def _check_setting(config: TrainConfig, name: str) -> None:
    setting = SETTINGS[name]
    if setting.refusal and config.uses(name) and not setting.allows(getattr(config, name)):
        raise setting.error(config)


def check(config: TrainConfig, max_train_images: int) -> None:
    """Validate a configuration.

    Raises:
        ConfigError: If it cannot be run; the message says what was expected and received.
    """
    heads.HeadSpec(config.pooling, config.hidden_units)  # raises if the head cannot be built
    for name in SETTINGS:
        _check_setting(config, name)
    if config.num_images > max_train_images:
        raise ConfigError(
            f"{config.num_images:,} training images were asked for and the dataset has "
            f"{max_train_images:,} once validation and test have theirs.",
            f"Ask for at most {max_train_images:,}.",
        )
    if config.fault and (refusal := faults.refusal(config.fault, vars(config))):
        raise refusal
    if not config.num_epochs:
        raise SETTINGS["head_epochs"].error(config)
    # A head that is solved has a limit of its own.
    asked = config.num_epochs - (SOLVED_EPOCHS if config.head_solver == "solved" else 0)
    if asked > MAX_EPOCHS:
        raise ConfigError(f"{asked} epochs are more than Thaw runs.", f"Use at most {MAX_EPOCHS}.")


@dataclass(frozen=True)
class EpochRecord:
    """One line of history.jsonl.

    Args:
        epoch: Number of the epoch, counted from 1 over all phases.
        phase: "feature_extraction", "fine_tuning" or "from_scratch".
        loss: Mean training loss during the epoch.
        accuracy: Training accuracy during the epoch, 0 to 1.
        val_loss: Mean validation loss after the epoch.
        val_accuracy: Validation accuracy after the epoch, 0 to 1.
        learning_rate: Learning rate of the optimizer.
        wall_time_s: Duration of the epoch in seconds, with validation.
        step: Number of the fine-tuning phase, from 1.
        right: For each watched validation image, 1 if its prediction after the epoch is correct and
            0 if not; "" if the run watches none.
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
    right: str = ""

    def to_line(self) -> str:
        """Return the line of history.jsonl, without what the run does not watch."""
        values = asdict(self)
        if not self.right:
            del values["right"]
        return json.dumps(values) + "\n"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "EpochRecord":
        """Make a record from one line of history.jsonl; unknown fields are ignored.

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
        record = cls(**checked)
        if len(record.right) > MAX_WATCHED or not set(record.right) <= {"0", "1"}:
            raise TypeError(f"right of an epoch cannot be {record.right[:20]!r}.")
        return record


@dataclass(frozen=True)
class Run:
    """A run as stored in its folder.

    Args:
        id: Id of the run.
        config: Its settings.
        history: One record per epoch, in order.
        result: Content of result.json; empty if the run did not end.
        folder: Path of its folder.
        recorded: True if it ships with Thaw.
        imported: True if it came as a file and was not trained here.
    """

    id: str
    config: TrainConfig
    history: tuple[EpochRecord, ...]
    result: Mapping[str, Any]
    folder: Path
    recorded: bool = False
    imported: bool = False

    @property
    def status(self) -> str:
        """ "finished", "cancelled", "failed", or "interrupted" if no end was written."""
        status = self.result.get("status")
        return status if status in ("finished", "cancelled", "failed") else "interrupted"

    @property
    def restored(self) -> dict[str, int]:
        """Epoch whose weights were restored at the end of a phase, by the key of the phase."""
        known = self.result.get("restored", {}).items()
        return {key: epoch for key, epoch in known if 1 <= epoch <= len(self.history)}

    @property
    def final(self) -> EpochRecord | None:
        """The epoch whose weights the run ended with; None without epochs."""
        if not self.history or not self.config.phases:
            return None
        epoch = self.restored.get(self.config.phases[-1].key, len(self.history))
        return self.history[epoch - 1]

    @property
    def fine_tuning_starts_after(self) -> int | None:
        """Number of epochs before fine-tuning; None if no fine-tuning followed a head phase."""
        names = [record.phase for record in self.history]
        return names.index("fine_tuning") or None if "fine_tuning" in names else None


def with_seed(config: TrainConfig, seed: int) -> TrainConfig:
    """Return the same configuration with another seed."""
    return replace(config, seed=seed)
