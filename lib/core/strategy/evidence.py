"""The evidence behind the strategies: the same data in five ways, three sizes and three seeds.

`python -m lib.tools.record_runs evidence` trains the runs; each stands in `data/evidence` in a
folder named after it.
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

# 96 pixels and two phases, so that the whole grid is recorded in an afternoon on two cores. Each
# way of training sees every image equally often.
IMAGE_SIZE = 96
NUM_EPOCHS = 2 * strategy_rule.PHASE_EPOCHS
SEEDS = (0, 1, 2)
BACKBONE = "efficientnet_lite0"


@dataclass(frozen=True)
class Way:
    """One way of training that is compared; lib.core.strategy.rule.how says what it thaws.

    Args:
        id: Name in links and figures.
        title: Short name on the page.
    """

    id: str
    title: str


# From frozen to free.
WAYS: dict[str, Way] = {
    way.id: way
    for way in (
        Way("head", "Head only"),
        Way("top", "Top layers"),
        Way("middle", "From the middle"),
        Way("everything", "Everything"),
        Way("scratch", "From scratch"),
    )
}

# Training images of each dataset; the last is all that OpenMoji has, and a large number for two
# cores on the others.
SIZES: dict[str, tuple[int, ...]] = {
    "openmoji_animals_food": (20, 60, 160),
    "elpv": (50, 200, 1_000),
    "cats_vs_dogs": (50, 200, 1_000),
}
# Recorded on some of its images, which are not part of Thaw: the runs carry their fingerprint.
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
    """A run of one of the ways: one that is recorded, or the same on other data.

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
    """The way a run goes, whatever its data; None where it goes another."""
    asked = config_.strategy, config_.thaw_from
    return next((way for way in WAYS if strategy_rule.how(way, config_.backbone) == asked), None)


# --- Reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Tried:
    """One way of training on one dataset and number of images, over its seeds.

    Args:
        way: Key of WAYS.
        runs: In the order of their seeds.
        correct: (seeds, test images), True where the run's answer is the label; the images are in
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
        """Test accuracy, the mean over the seeds."""
        return float(self.correct.mean())


@dataclass(frozen=True)
class Difference:
    """Test accuracy of one way minus that of another, with what chance could have made of it.

    Args:
        first: Key of WAYS.
        second: The other.
        mean: First minus second, over all seeds and images, -1 to 1.
        low: Lower end of the 95 % interval.
        high: Upper end.
    """

    first: str
    second: str
    mean: float
    low: float
    high: float

    @property
    def told_apart(self) -> bool:
        """True where the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class Cell:
    """Everything recorded on one dataset with one number of images.

    Args:
        dataset: Key of SIZES.
        num_images: Training images.
        tried: By way, in the order of WAYS; only those with every seed.
    """

    dataset: str
    num_images: int
    tried: Mapping[str, Tried]

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The ways by their test accuracy, the best first; of equals the one that thaws less."""
        return tuple(sorted(self.tried, key=lambda way: -self.tried[way].accuracy))

    @property
    def winner(self) -> str:
        """The way that was best on the test images."""
        return self.ranking[0]

    def difference(self, first: str, second: str) -> Difference:
        """One way minus another on the same test images.

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
        """What the questions of the page would say of it."""
        return situation_of(self.dataset, self.num_images)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was recorded.

    Args:
        cells: By dataset, then by number of images; those where two ways or more can be compared.
        num_runs: Runs they rest on.
        num_missing: Runs of the grid that are not there, or not finished.
    """

    cells: tuple[Cell, ...]
    num_runs: int
    num_missing: int

    def of(self, dataset: str) -> tuple[Cell, ...]:
        """The cells of a dataset, fewest images first."""
        return tuple(cell for cell in self.cells if cell.dataset == dataset)

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that something was recorded on."""
        return tuple(dict.fromkeys(cell.dataset for cell in self.cells))

    def nearest(self, situation: Situation) -> Cell | None:
        """The cell most like a situation, of those in the same region; None where there is none.

        Ten times as many images are as far away as the other end of the scale of similarity.
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
    """What the questions of the page would say of a dataset of the app."""
    kind = kind_of(dataset)
    value = kind.value if kind else 1.0
    return Situation(num_images, value, datasets.get(dataset).num_classes)


def _way_in_grid(config_: TrainConfig) -> str | None:
    """The way of the grid a run belongs to; None where it is not one of its runs."""
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
    """Everything that was recorded, as far as it is there.

    Args:
        root: Folder of the run folders; where Thaw keeps them if None.
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
        # Every run on a dataset is tested on the same images, or they could not be compared.
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
