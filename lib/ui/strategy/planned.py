"""The runs that the page can start: the recommended one, one for each way, and their time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from lib.core.backbones import BackboneSpec
from lib.core.datasets import DatasetSpec
from lib.core.runs import TrainConfig
from lib.core.strategy import evidence, recipes, rule
from lib.core.strategy.rule import Recommendation, Situation
from lib.core.strategy.settings_table import Recipe
from lib.ui import cache
from lib.ui.lab import duration

# One of the seeds of the evidence.
SEED = 1


@dataclass(frozen=True)
class Planned:
    """A run that may be started.

    Args:
        way: Key of evidence.WAYS.
        config: Its settings.
    """

    way: str
    config: TrainConfig

    @property
    def seconds(self) -> float:
        """How long it takes from now on; 0 if it is stored."""
        known = cache.client().trained(self.config)
        return 0.0 if known and known.state == "finished" else duration.seconds_of(self.config)


def recommended(
    advice: Recommendation, situation: Situation, dataset: DatasetSpec, backbone: BackboneSpec
) -> Planned:
    """Return the run that a recommendation describes, on the chosen dataset.

    Raises:
        ConfigError: If the dataset has no training images.
    """
    config = recipes.config(advice, dataset, backbone, num_images=situation.num_images, seed=SEED)
    return Planned(advice.way, config)


def ways(situation: Situation) -> tuple[str, ...]:
    """Return the ways worth comparing: from scratch only if there are many images."""
    return tuple(way for way in evidence.WAYS if way != "scratch" or situation.is_large)


def each_way(
    situation: Situation, dataset: DatasetSpec, backbone: BackboneSpec, which: Collection[str]
) -> tuple[Planned, ...]:
    """Return one run for each way of training, which differ in nothing else.

    All have images of one size, the largest for which every way has time. None augments images:
    that takes several times longer, and on few images changes little.

    Args:
        which: Keys of evidence.WAYS.

    Raises:
        ConfigError: If the dataset has no training images.
    """
    num_images = min(situation.num_images, max(1, dataset.max_train_images))
    of_way = {}
    for way in evidence.WAYS:
        strategy, thaw_from = rule.how(way, backbone.id)
        limits: dict[str, Any] = {"minutes": situation.minutes, "noisy": situation.noisy}
        settings = recipes.settings(strategy, thaw_from, num_images, backbone.id, **limits)
        of_way[way] = Recipe(way=way, **settings)
    size = min(recipe.image_size for way, recipe in of_way.items() if way != "scratch")
    return tuple(
        Planned(
            way,
            recipes.config(
                of_way[way], dataset, backbone, num_images=num_images, seed=SEED, image_size=size
            ),
        )
        for way in which
    )


# --- Their time -----------------------------------------------------------------------------------


def total(plans: Iterable[Planned]) -> float:
    """Predict how long some runs take, one after the other, in seconds."""
    return sum(each.seconds for each in plans)
