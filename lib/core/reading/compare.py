"""Comparison of runs: the settings that differ, and the results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lib.core import datasets
from lib.core.config import SETTINGS
from lib.core.reading import curves
from lib.core.runs import Run, TrainConfig

# Shown for a setting that does not apply.
MISSING = "–"


def differing(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the names of the settings that differ between runs, in the order of SETTINGS."""
    configs = [run.config for run in runs]
    names = [name for name in SETTINGS if len({getattr(each, name) for each in configs}) > 1]
    # A data fingerprint is specific to its dataset, so it adds nothing if the datasets differ.
    if "dataset" in names and "data_fingerprint" in names:
        names.remove("data_fingerprint")
    return tuple(names)


def setting(config: TrainConfig, name: str) -> str:
    """Describe the value of a setting in words.

    Args:
        name: Key of SETTINGS.
    """
    value = getattr(config, name)
    if not config.uses(name):
        return MISSING
    if name == "dataset" and datasets.is_own(value):
        return datasets.anonymous(value)
    if name == "dataset" and value not in datasets.DATASETS:
        return datasets.unknown(value)
    return SETTINGS[name].words(value)


def label(run: Run, names: Sequence[str]) -> str:
    """Return a short label of a run: the settings that differ, or its id if none does.

    Args:
        names: Names of the settings that differ, from `differing`.
    """
    parts = []
    for name in names:
        words = setting(run.config, name)
        if words == MISSING:
            continue
        # A word such as "Flatten" needs no label; a number does.
        plain = words[0].isdigit() or words in ("on", "off")
        parts.append(f"{SETTINGS[name].label.lower()} {words}" if plain else words)
    return ", ".join(parts) or run.id


@dataclass(frozen=True)
class Row:
    """One run in a table of runs.

    Args:
        run: The run.
        label: Short label.
        settings: Settings that differ, label -> value in words.
        final: Validation accuracy of the last epoch; None without epochs.
        best: Validation accuracy of the best epoch.
        best_epoch: Number of the best epoch, from 1.
        test_accuracy: Test accuracy; None if the run did not finish.
        test_interval: 95 % interval of the test accuracy, by Wilson's score.
        trained: Number of parameters trained in the last phase; None if unknown.
        seconds: Wall time of the whole run; None if unknown.
    """

    run: Run
    label: str
    settings: dict[str, str]
    final: float | None
    best: float | None
    best_epoch: int | None
    test_accuracy: float | None
    test_interval: tuple[float, float] | None
    trained: int | None
    seconds: float | None


def rows(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Return the different settings and the results of runs, in their order."""
    names = differing(runs)
    return tuple(_row(run, names) for run in runs)


def _row(run: Run, names: Sequence[str]) -> Row:
    best = curves.best_epoch(run.history) if run.history else None
    interval = run.result.get("test_interval_95")
    phases = run.config.phases
    last = phases[-1].key if phases else ""
    return Row(
        run=run,
        label=label(run, names),
        settings={SETTINGS[name].label: setting(run.config, name) for name in names},
        final=run.final.val_accuracy if run.final else None,
        best=best.val_accuracy if best else None,
        best_epoch=best.epoch if best else None,
        test_accuracy=run.result.get("test_accuracy"),
        test_interval=(interval[0], interval[1]) if interval else None,
        trained=run.result.get("params", {}).get(last, {}).get("trainable"),
        seconds=run.result.get("wall_time_s"),
    )


# --- Over seeds -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Runs that differ only in their seed.

    Args:
        label: Short label.
        runs: Runs in the order of their seeds.
    """

    label: str
    runs: tuple[Run, ...]


def groups(runs: Sequence[Run]) -> tuple[Group, ...]:
    """Group runs that differ only in their seed, in the order of the first run of each group."""
    together: dict[TrainConfig, list[Run]] = {}
    for run in runs:
        together.setdefault(replace(run.config, seed=0), []).append(run)
    names = tuple(name for name in differing(runs) if name != "seed")
    return tuple(
        Group(
            label(members[0], names) if names else setting(config, "strategy"),
            tuple(sorted(members, key=lambda run: run.config.seed)),
        )
        for config, members in together.items()
    )


@dataclass(frozen=True)
class BandPoint:
    """A curve of several runs at one epoch.

    Args:
        epoch: Counted from 1.
        mean: Mean over the runs.
        low: Smallest value. With three to five seeds, the range says more than an interval that
            assumes a distribution.
        high: Largest value.
        num_runs: Number of runs that have this epoch.
    """

    epoch: int
    mean: float
    low: float
    high: float
    num_runs: int


def band(runs: Sequence[Run], name: str) -> tuple[BandPoint, ...]:
    """Return mean and range of a curve over several runs, epoch by epoch.

    Runs that early stopping ended before an epoch are left out of the mean of that epoch.

    Args:
        name: "accuracy", "val_accuracy", "loss" or "val_loss".
    """
    at: dict[int, list[float]] = {}
    for run in runs:
        for record in run.history:
            at.setdefault(record.epoch, []).append(getattr(record, name))
    return tuple(
        BandPoint(epoch, sum(values) / len(values), min(values), max(values), len(values))
        for epoch, values in sorted(at.items())
    )


# --- On one axis ----------------------------------------------------------------------------------


def aligned(runs: Sequence[Run], axis: str = "epochs") -> tuple[tuple[float, ...], ...]:
    """Return the position of each epoch of each run, so that fine-tuning starts at 0 in all runs.

    A run without fine-tuning starts together with the run whose fine-tuning starts last.

    Args:
        axis: Key of curves.AXES.
    """
    lines = [curves.fine_tuning_position(run, axis) for run in runs]
    furthest = max((line for line in lines if line is not None), default=0.0)
    return tuple(
        tuple(x - (furthest if line is None else line) for x in curves.positions(run, axis))
        for run, line in zip(runs, lines, strict=True)
    )
