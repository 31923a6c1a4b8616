"""The evidence behind the strategies: the same data in five ways, three sizes and three seeds.

`python -m lib.tools.record_runs first_evidence` trains the runs; each is in `data/evidence`, in a
folder with its id as name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log10
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lib.core import datasets, intervals, runs, strategies
from lib.core.errors import ConfigError
from lib.core.lab import store
from lib.core.lab.folder import read_run
from lib.core.reading import evaluation
from lib.core.runs import Run, TrainConfig
from lib.core.strategy import rule as strategy_rule
from lib.core.strategy.kinds import kind_of
from lib.core.strategy.rule import Situation

BoolArray = npt.NDArray[np.bool_]

# 96 pixels and two phases, so that two cores can record the whole grid in an afternoon. Every way
# of training sees each image equally often.
IMAGE_SIZE = 96
NUM_EPOCHS = 2 * strategy_rule.PHASE_EPOCHS
SEEDS = (0, 1, 2)
BACKBONE = "efficientnet_lite0"


@dataclass(frozen=True)
class Way:
    """One of the ways of training to compare; lib.core.strategy.rule.how says what it thaws.

    Args:
        id: Name in links and figures.
        title: Short name on the page.
    """

    id: str
    title: str


# From fully frozen to fully trained.
WAYS: dict[str, Way] = {
    way.id: way
    for way in (
        Way("head", "Head only"),
        Way("top", "Top layers"),
        Way("middle", "More top layers"),
        Way("everything", "Everything"),
        Way("scratch", "From scratch"),
    )
}

# Numbers of training images; the last one is all of OpenMoji, and a large number for two cores on
# the other datasets.
SIZES: dict[str, tuple[int, ...]] = {
    "openmoji_animals_food": (20, 60, 160),
    "elpv": (50, 200, 1_000),
    "cats_vs_dogs": (50, 200, 1_000),
}
# Recorded on a sample of its images, which does not ship with Thaw: the runs have its fingerprint.
PHOTOGRAPHS = "cats_vs_dogs"


def config(
    dataset: str,
    way: str,
    num_images: int,
    seed: int,
    *,
    backbone: str = BACKBONE,
    image_size: int = IMAGE_SIZE,
    data_fingerprint: str | None = None,
    max_train_images: int | None = None,
) -> TrainConfig:
    """Return the settings of a run of one way: a recorded one, or the same on other data.

    Args:
        dataset: Name of the dataset.
        way: Key of WAYS.
        seed: One of SEEDS, where it is recorded.
        backbone: Whose layers are thawed.
        image_size: In pixels.
        data_fingerprint: Of images that are not the registry's.
        max_train_images: Of those.

    Raises:
        ConfigError: If there is no such run.
    """
    strategy, thaw_from = strategy_rule.how(way, backbone)
    tuned = strategies.get(strategy).fine_tunes
    return runs.make_config(
        backbone=backbone,
        dataset=dataset,
        strategy=strategy,
        thaw_from=thaw_from or None,
        num_images=num_images,
        image_size=image_size,
        head_epochs=strategy_rule.PHASE_EPOCHS if tuned else NUM_EPOCHS,
        fine_tune_epochs=strategy_rule.PHASE_EPOCHS if tuned else 0,
        head_learning_rate=strategy_rule.HEAD_RATE,
        fine_tune_learning_rate=strategy_rule.FINE_TUNE_RATE,
        seed=seed,
        data_fingerprint=data_fingerprint,
        max_train_images=max_train_images,
    )


def way_of(config_: TrainConfig) -> str | None:
    """Return the way of training of a run on any data; None if it is none of WAYS."""
    asked = config_.strategy, config_.thaw_from
    return next((way for way in WAYS if strategy_rule.how(way, config_.backbone) == asked), None)


# --- Reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Tried:
    """One way of training on one dataset and number of images, over its seeds.

    Args:
        way: Key of WAYS.
        runs: Runs in the order of their seeds.
        correct: (seeds, test images), True where the predicted class is the true class; images in
            the order of their index, the same in every run on the dataset.
    """

    way: str
    runs: tuple[Run, ...]
    correct: BoolArray

    @property
    def test(self) -> tuple[float, ...]:
        """Test accuracy of each seed."""
        return tuple(float(share) for share in self.correct.mean(axis=1))

    @property
    def validation(self) -> tuple[float, ...]:
        """Validation accuracy of each seed after its last epoch."""
        return tuple(run.history[-1].val_accuracy for run in self.runs)

    @property
    def accuracy(self) -> float:
        """Mean test accuracy over the seeds."""
        return float(self.correct.mean())


@dataclass(frozen=True)
class Difference:
    """Test accuracy of one way minus that of another, with its 95 % interval.

    Args:
        first: Key of WAYS.
        second: Another key of WAYS.
        mean: First minus second, over all seeds and images, -1 to 1.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    first: str
    second: str
    mean: float
    low: float
    high: float

    @property
    def told_apart(self) -> bool:
        """True if the interval does not contain 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class Cell:
    """Everything recorded on one dataset with one number of images.

    Args:
        dataset: Key of SIZES.
        num_images: Number of training images.
        tried: Results by way, in the order of WAYS; only ways with all seeds.
    """

    dataset: str
    num_images: int
    tried: Mapping[str, Tried]

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The ways by test accuracy, best first; on a tie, the way that thaws less first."""
        return tuple(sorted(self.tried, key=lambda way: -self.tried[way].accuracy))

    @property
    def winner(self) -> str:
        """The way with the best test accuracy."""
        return self.ranking[0]

    def difference(self, first: str, second: str) -> Difference:
        """Compute one way minus another on the same test images.

        Args:
            first: Key of `tried`.
        """
        pair = self.tried[first].correct.astype(float) - self.tried[second].correct
        return Difference(first, second, float(pair.mean()), *intervals.crossed_interval(pair))

    @cached_property
    def lead(self) -> Difference:
        """The winner minus the runner-up."""
        return self.difference(*self.ranking[:2])

    @property
    def situation(self) -> Situation:
        """The answers to the questions of the page for this cell."""
        return situation_of(self.dataset, self.num_images)


@dataclass(frozen=True, eq=False)
class Evidence:
    """The recorded runs.

    Args:
        cells: Cells by dataset, then by number of images, with at least two ways to compare.
        num_runs: Number of runs in the cells.
        num_missing: Number of runs of the grid that are missing or not finished.
    """

    cells: tuple[Cell, ...]
    num_runs: int
    num_missing: int

    def of(self, dataset: str) -> tuple[Cell, ...]:
        """Return the cells of a dataset, fewest images first."""
        return tuple(cell for cell in self.cells if cell.dataset == dataset)

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets with recorded runs."""
        return tuple(dict.fromkeys(cell.dataset for cell in self.cells))

    def nearest(self, situation: Situation) -> Cell | None:
        """Return the cell nearest to a situation in the same region; None if there is none.

        A factor of ten in images counts as much as the whole scale of similarity.
        """
        region = strategy_rule.region_of(situation)
        near = [cell for cell in self.cells if strategy_rule.region_of(cell.situation) is region]

        def distance(cell: Cell) -> float:
            other = cell.situation
            return abs(log10(other.num_images / situation.num_images)) + abs(
                other.similarity - situation.similarity
            )

        return min(near, key=distance, default=None)


def situation_of(dataset: str, num_images: int) -> Situation:
    """Return the answers to the questions of the page for a dataset of the registry."""
    kind = kind_of(dataset)
    value = kind.value if kind else 1.0
    return Situation(num_images, value, datasets.get(dataset).num_classes)


def _way_in_grid(config_: TrainConfig) -> str | None:
    """Return the way of a run of the grid; None if the run does not belong to the grid."""
    way = way_of(config_)
    if way is None or config_.dataset not in SIZES:
        return None
    try:
        asked = config(
            config_.dataset,
            way,
            config_.num_images,
            config_.seed,
            data_fingerprint=config_.data_fingerprint,
            max_train_images=config_.num_images,
        )
    except ConfigError:
        return None
    return way if asked == config_ else None


def read(root: Path | None = None) -> Evidence:
    """Read the recorded runs that exist.

    Args:
        root: Folder of the run folders; by default the one that ships with Thaw.
    """
    root = store.RunStore().evidence_root if root is None else root
    found: dict[tuple[str, int, str], dict[int, tuple[Run, BoolArray]]] = {}
    num_images_tested: dict[str, npt.NDArray[np.int64]] = {}
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        run = read_run(folder, recorded=True)
        way = _way_in_grid(run.config) if run and run.id == folder.name else None
        answers = evaluation.load(run) if run and way else None
        if run is None or way is None or answers is None or not run.history:
            continue
        order = np.argsort(answers.index)
        # All runs on a dataset must be tested on the same images to be comparable.
        tested = num_images_tested.setdefault(run.config.dataset, answers.index[order])
        if np.array_equal(tested, answers.index[order]):
            key = (run.config.dataset, run.config.num_images, way)
            found.setdefault(key, {})[run.config.seed] = run, answers.correct[order]
    cells, used = [], 0
    for dataset, sizes in SIZES.items():
        for num_images in sizes:
            tried = {
                way: _tried(way, seeds)
                for way in WAYS
                if set(SEEDS) <= set(seeds := found.get((dataset, num_images, way), {}))
            }
            if len(tried) > 1:
                cells.append(Cell(dataset, num_images, tried))
                used += len(SEEDS) * len(tried)
    asked = len(SEEDS) * len(WAYS) * sum(map(len, SIZES.values()))
    return Evidence(tuple(cells), used, asked - used)


def _tried(way: str, seeds: Mapping[int, tuple[Run, BoolArray]]) -> Tried:
    return Tried(
        way, tuple(seeds[seed][0] for seed in SEEDS), np.stack([seeds[seed][1] for seed in SEEDS])
    )
