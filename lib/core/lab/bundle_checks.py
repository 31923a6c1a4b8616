"""Checks that the files of an imported run are such as a run of Thaw could have written.

Each check receives one file. It returns the content of the file or raises the reason for rejection.
Long because every field of every file of a run is checked here, and nowhere else.
"""

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from typing import Any

import numpy as np

from lib.core import backbones, datasets, heads, intervals, runs
from lib.core.config import MAX_L2, SOLVED_EPOCHS
from lib.core.errors import ConfigError
from lib.core.files import outside_text
from lib.core.lab import command, versions
from lib.core.lab.folder import RunMeta
from lib.core.reading import evaluation, test_images
from lib.core.runs import EVALUATION_FILE, EpochRecord, TrainConfig

MAX_CLASSES = 1_000
MAX_TEXT_LENGTH = 200
MAX_IMAGES = 1_000_000
MAX_SECONDS = 10_000_000.0
MAX_LOSS = 1e30
MAX_LIST_LENGTH = 10_000
HEAD = "head"


class RefusedError(ValueError):
    """Rejection reason, as a clause."""


def quoted(text: str) -> str:
    """Return a text from outside, shortened and made harmless, in quotation marks."""
    return f'"{outside_text.shown(text)}"'


def json_of(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """Return the fields of a JSON file in which every number is finite."""

    def refuse(constant: str) -> float:
        raise ValueError(constant)

    try:
        values = json.loads(files[name].decode(), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{name} is not JSON of finite numbers") from error
    if not isinstance(values, dict):
        raise RefusedError(f"{name} does not hold fields")
    return values


def config_of(values: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration, if this version of Thaw could have made it."""
    try:
        config = TrainConfig.from_dict(values)
        if not all(_is_text(value) for value in values.values() if isinstance(value, str)):
            raise RefusedError("a text of config.json is too long or cannot be shown")
        if not datasets.is_possible(config.dataset):
            raise RefusedError(f"config.json names no dataset of Thaw: {quoted(config.dataset)}")
        if not 1 <= config.training_version <= runs.TRAINING_VERSION:
            raise RefusedError("it was made by a later version of Thaw")
        known = config.catalogued
        most = known.max_train_images if known else MAX_IMAGES
        made = runs.make_config(**asdict(config), max_train_images=most)
    except (ConfigError, OverflowError) as error:
        words = error.message if isinstance(error, ConfigError) else "a number is too large"
        raise RefusedError(f"config.json is not one of Thaw: {words.rstrip('.')}") from error
    if made != config:
        raise RefusedError("config.json holds settings that do not belong together")
    return config


def history_of(content: bytes, config: TrainConfig) -> tuple[EpochRecord, ...]:
    """Return the epochs, if they are numbered from 1, match the phases and have valid numbers."""
    records = []
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError as error:
        raise RefusedError("history.jsonl is not text") from error
    if not 0 < len(lines) <= config.num_epochs:
        raise RefusedError(f"it has {len(lines)} epochs where {config.num_epochs} were asked for")
    for number, line in enumerate(lines, start=1):
        values = json_of({"history.jsonl": line.encode()}, "history.jsonl")
        try:
            record = EpochRecord.from_dict(values)
        except (KeyError, TypeError) as error:
            raise RefusedError(f"a field of epoch {number} is missing or wrong") from error
        if set(values) - set(asdict(record)) or record.epoch != number:
            raise RefusedError(f"epoch {number} of history.jsonl is not what it should be")
        in_range = (
            0 <= record.accuracy <= 1
            and 0 <= record.val_accuracy <= 1
            and 0 <= record.loss <= MAX_LOSS
            and 0 <= record.val_loss <= MAX_LOSS
            and 0 <= record.wall_time_s <= MAX_SECONDS
        )
        if not in_range:
            raise RefusedError(f"a number of epoch {number} is out of range")
        records.append(record)
    if len({len(record.right) for record in records}) > 1:
        raise RefusedError("the epochs do not watch the same images")
    _check_phases(records, config)
    return tuple(records)


def _check_phases(records: list[EpochRecord], config: TrainConfig) -> None:
    """Check that each phase occurs once, in order, at its learning rate, and not too long."""
    had = [
        (name, step, list(members))
        for (name, step), members in groupby(records, lambda each: (each.phase, each.step))
    ]
    planned = config.phases
    if [(name, step) for name, step, _ in had] != [(each.name, each.step) for each in planned]:
        raise RefusedError("its phases are not those of its configuration")
    for (_, _, members), phase in zip(had, planned, strict=True):
        too_many = len(members) > phase.num_epochs
        solved = phase.name == "feature_extraction" and config.head_solver == "solved"
        may_be_short = solved or config.early_stopping
        if too_many or (len(members) < phase.num_epochs and not may_be_short):
            raise RefusedError(f"{phase.key} has {len(members)} epochs, not {phase.num_epochs}")
        if any(not math.isclose(each.learning_rate, phase.learning_rate) for each in members):
            raise RefusedError(f"the learning rate of {phase.key} is not what was asked for")


def meta_of(values: Mapping[str, Any]) -> RunMeta:
    """Return the name and the note, if the page would have accepted them."""
    try:
        return RunMeta.from_dict(values)
    except ConfigError as error:
        raise RefusedError(f"meta.json says: {error.message.rstrip('.')}") from error


# --- result.json ----------------------------------------------------------------------------------


Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= MAX_TEXT_LENGTH
        and outside_text.can_be_shown(value)
    )


def _is_number(low: float, high: float) -> Check:
    # Comparisons with NaN are False. In Python True is a number; here it is refused.
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    )


def _is_count(high: int) -> Check:
    return lambda value: isinstance(value, int) and _is_number(0, high)(value)


def _is_list(of: Check, longest: int = MAX_LIST_LENGTH) -> Check:
    return lambda value: (
        isinstance(value, list) and len(value) <= longest and all(of(each) for each in value)
    )


def _is_interval(value: Any) -> bool:
    return _is_list(_share, 2)(value) and len(value) == 2


def _is_mapping(of: Check, longest: int = MAX_LIST_LENGTH) -> Check:
    """Check a dict with text keys and values of one kind."""
    return lambda value: (
        isinstance(value, dict)
        and len(value) <= longest
        and all(_is_text(key) and of(each) for key, each in value.items())
    )


def _has(**fields: Check) -> Check:
    """Check a dict that has exactly these fields."""
    return lambda value: (
        isinstance(value, dict)
        and set(value) == set(fields)
        and all(check(value[name]) for name, check in fields.items())
    )


_share, _loss = _is_number(0, 1), _is_number(0, MAX_LOSS)
_params, _seconds = _is_count(10**12), _is_number(0, MAX_SECONDS)
_images = _is_count(MAX_IMAGES)
_counts, _value = _is_list(_images, MAX_CLASSES), _is_number(-1e6, 1e6)

# Field of result.json -> its check. A finished run has all fields except those in OPTIONAL.
RESULT_FIELDS: dict[str, Check] = {
    "status": lambda value: value == "finished",
    "run_id": _is_text,
    "class_names": _is_list(_is_text, MAX_CLASSES),
    "split_sizes": _has(train=_images, validation=_images, test=_images),
    "test_accuracy": _share,
    "test_correct": _images,
    "test_interval_95": _is_interval,
    "test_loss": _loss,
    "params": _is_mapping(_has(total=_params, trainable=_params, non_trainable=_params)),
    "moved": _is_mapping(_is_mapping(_loss)),
    "moved_statistics": _is_mapping(_is_mapping(_loss)),
    "seconds": _is_mapping(_seconds),
    "wall_time_s": _seconds,
    "versions": versions.are_versions,
    "hardware": _has(
        system=_is_text,
        machine=_is_text,
        cpu_count=_is_count(100_000),
        devices=_is_list(_is_text, 100),
    ),
    "left_out": _is_list(_is_text),
    "model_bytes": _params,
    "weights_sha256": _is_text,
    "command": lambda value: isinstance(value, str),  # compared with the configuration below
    "l2": _is_number(0, MAX_L2),
    "cross_validation": _has(num_folds=_is_count(100), num_repeats=_is_count(100)),
    "stopped_early": _is_mapping(_is_count(runs.MAX_EPOCHS + SOLVED_EPOCHS)),
    "restored": _is_mapping(_is_count(runs.MAX_EPOCHS + SOLVED_EPOCHS)),
    "train_evaluated": _is_mapping(_has(loss=_loss, accuracy=_share)),
    "images": _has(
        input=_has(low=_value, high=_value, expected_low=_value, expected_high=_value),
        overlap=_has(train_validation=_images, train_test=_images, validation_test=_images),
        classes=_has(train=_counts, validation=_counts, test=_counts),
    ),
    "shift": _has(auc=_share, low=_share, high=_share, num_train=_images, num_validation=_images),
}
OPTIONAL = frozenset(
    {"stopped_early", "restored", "train_evaluated", "shift", "weights_sha256", "command", "l2"}
    | {"cross_validation", "images"}
)


def _sizes_fit(sizes: Mapping[str, int], config: TrainConfig) -> bool:
    if config.is_cross_validated:  # Every image is in each of them.
        return len(set(sizes.values())) == 1 and sizes["train"] > config.num_images
    # Images of a class that is rare on purpose are left out.
    fewer = bool(config.fault) and 0 < sizes["train"] < config.num_images
    as_asked = fewer or sizes["train"] == config.num_images
    return as_asked and min(sizes["test"], sizes["validation"]) > 0


def result_of(
    values: dict[str, Any], config: TrainConfig, history: tuple[EpochRecord, ...]
) -> dict[str, Any]:
    """Return the result, if its fields are known, in range, and agree with the other files."""
    for name in sorted(set(values) ^ set(RESULT_FIELDS)):
        if name in values:
            raise RefusedError(f"result.json has the unknown field {quoted(name)}")
        if name not in OPTIONAL:
            raise RefusedError(f"result.json lacks the field {name}")
    for name, value in values.items():
        if not RESULT_FIELDS[name](value):
            raise RefusedError(f"the field {name} of result.json cannot be used")
    sizes, correct = values["split_sizes"], values["test_correct"]
    phases = [phase.key for phase in config.phases]
    known, expected = config.catalogued, command.command(config)
    agrees = {
        "run_id": values["run_id"] == runs.run_id(config),
        "split_sizes": _sizes_fit(sizes, config),
        "command": values.get("command", expected) == expected,
        "cross_validation": ("cross_validation" in values) == config.is_cross_validated,
        "test_accuracy": 0 <= correct <= sizes["test"]
        and abs(values["test_accuracy"] * sizes["test"] - correct) < 0.01,
        "test_interval_95": correct <= sizes["test"] > 0
        and np.allclose(
            values["test_interval_95"], intervals.wilson_interval(correct, sizes["test"]), atol=1e-6
        ),
        "class_names": len(set(values["class_names"])) == len(values["class_names"]) >= 2
        and (known is None or tuple(values["class_names"]) == known.class_names),
        "params": set(values["params"]) == set(phases),
        "stopped_early": all(
            key in phases and 0 < epoch <= len(history)
            for key, epoch in values.get("stopped_early", {}).items()
        ),
        "restored": all(
            config.restore_best_weights and key in phases and 0 < epoch <= len(history)
            for key, epoch in values.get("restored", {}).items()
        ),
        "train_evaluated": set(values.get("train_evaluated", {})) <= set(phases),
        "moved": set(values["moved"]) <= set(phases),
        "moved_statistics": set(values["moved_statistics"]) <= set(phases),
    }
    for name, true in agrees.items():
        if not true:
            raise RefusedError(f"the field {name} of result.json does not fit the rest")
    return values


# --- Predictions, pictures and weights ------------------------------------------------------------


def check_evaluation(values: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Check the predictions for the test images: their number and accuracy match the result."""
    try:
        found = evaluation.parse(values, result["class_names"])
    except (ValueError, OverflowError) as error:
        raise RefusedError(f"{EVALUATION_FILE} cannot be used") from error
    if set(values) != {"test"}:
        raise RefusedError(f"{EVALUATION_FILE} has an unknown field")
    if (found.num_images, found.num_correct) != (
        result["split_sizes"]["test"],
        result["test_correct"],
    ):
        raise RefusedError(f"{EVALUATION_FILE} does not fit result.json")


def check_picture(content: bytes, name: str, num_images: int) -> None:
    """Check the size of a WebP picture before anything decodes it: it must match its tiles."""
    size = test_images.webp_size(content)
    least, height = test_images.sheet_size(num_images)
    most, _ = test_images.sheet_size(test_images.TILES_A_ROW)
    if size is None or size[1] != height or not least <= size[0] <= most:
        raise RefusedError(f"{name} is not the picture of {num_images} images")


def check_model(content: bytes, config: TrainConfig, num_classes: int) -> None:
    """Check weights: finite float32 arrays in the shapes of head and backbone, nothing pickled."""
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    expected = {
        f"{row.name}/{index}": tuple(weight.shape)
        for row in layers
        for index, weight in enumerate(row.weights)
    }
    head = heads.HeadSpec(
        config.acting.pooling, config.hidden_units, config.dropout, heads.outputs_for(num_classes)
    )
    expected |= {
        f"{HEAD}/{index}": shape
        for index, shape in enumerate(_head_shapes(head, layers[-1].output_shape))
    }
    found = set()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if name in found:
                    raise ValueError(name)
                found.add(name)
                _check_array(archive, entry, expected[name])
        if not {name for name in expected if name.startswith(f"{HEAD}/")} <= found:
            raise ValueError(HEAD)
    except Exception as error:
        # A damaged archive can raise almost any exception in NumPy and zipfile.
        raise RefusedError("its model is damaged or of another architecture") from error


def _check_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shape: tuple[int, ...]) -> None:
    """Check the header of a .npy file before reading it: a false one could demand any memory.

    Raises:
        ValueError: If it is not a finite float32 array of this shape.
    """
    num_bytes = 4 * math.prod(shape)
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(entry.filename)
        header = np.lib.format.read_array_header_1_0(file)
        if header != (shape, False, np.dtype(np.float32)):
            raise ValueError(entry.filename)
        values = file.read(num_bytes + 1)
        if len(values) != num_bytes or not np.isfinite(np.frombuffer(values, np.float32)).all():
            raise ValueError(entry.filename)


def _head_shapes(head: heads.HeadSpec, feature_shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Shapes of the weights of a head, in the order of Keras."""
    (inputs,) = heads.pooled_shape(head, feature_shape)
    for units in filter(None, (head.hidden_units, head.outputs)):
        yield inputs, units
        yield (units,)
        inputs = units
