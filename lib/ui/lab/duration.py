"""How long a run will take, and how a button says so before it is pressed."""

from lib.core import splits
from lib.core.runs import TrainConfig
from lib.core.strategy import lengths
from lib.core.strategy.lengths import Work
from lib.ui.uploads import access


def seconds_of(config: TrainConfig) -> float:
    """Predict how long a run takes, nothing cached, in seconds; 0 if its dataset is not here."""
    spec = access.spec(config.dataset)
    if spec is None:
        return 0.0
    thawed = sum(each.num_epochs for each in config.phases if each.name != "feature_extraction")
    augmented = thawed if config.head_solver == "solved" else config.num_epochs
    return lengths.seconds(
        Work(
            backbone=config.backbone,
            strategy=config.strategy,
            thaw_from=config.thaw_from.partition(",")[0],
            num_images=config.num_images,
            num_others=2 * splits.evaluation_size(spec.num_images),
            thawed_epochs=thawed,
            augmented_epochs=augmented if config.augmentation else 0,
        ),
        config.image_size,
    )


def labelled(words: str, seconds: float) -> str:
    """Return the label of a button that starts something: what it does, and how long that takes.

    Example:

    >>> labelled("Run this", 7.8), labelled("Run this", 363), labelled("Run this", 0)
    ('Run this, about 8 s', 'Run this, about 6 min', 'Run this')
    """
    if not seconds:
        return words
    if seconds < 90:
        return f"{words}, about {max(1, round(seconds))} s"
    return f"{words}, about {round(seconds / 60)} min"
