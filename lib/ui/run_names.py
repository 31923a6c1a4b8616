"""Names of runs: in lists to choose from, in headings and beside figures."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from lib.core import backbones, heads, runs, strategies
from lib.core.config import SETTINGS
from lib.core.errors import ConfigError
from lib.core.lab.folder import RunMeta, read_meta
from lib.core.lab.store import RunSummary
from lib.core.reading import compare
from lib.core.runs import Run, TrainConfig
from lib.core.strategy import evidence
from lib.ui.uploads import access, pickers

# These settings come first, in words of their own; the others follow if they are not the default.
SAID_FIRST = ("dataset", "strategy", "num_images", "seed", "backbone")


def name(run: Run) -> str:
    """Return the reader's name for a run, or else its settings in words."""
    return called(run.config, read_meta(run.folder))


def meta(run: Run) -> RunMeta:
    """Return the name and note of a run; empty for readers who may see its numbers only."""
    may_see = access.may_see(run.config.dataset)
    return read_meta(run.folder) if may_see else RunMeta()


def called(config: TrainConfig, meta: RunMeta, words: str = "") -> str:
    """Return the name of a run if the current reader may see it, or else a description.

    Args:
        config: Settings of the run.
        meta: Name and note that its owner gave it.
        words: The description; by default the settings in words.
    """
    if meta.name and access.may_see(config.dataset):
        return meta.name
    return words or in_words(config)


def in_words(config: TrainConfig) -> str:
    """Describe a run by its data, strategy, images, seed, and settings that are not the default.

    Args:
        config: Settings of the run.
    """
    return f"{access.title(config.dataset)}, {_settings_in_words(config)}"


@lru_cache(maxsize=4096)
def _settings_in_words(config: TrainConfig) -> str:
    words = [compare.setting(config, "strategy").lower(), f"{config.num_images:,} images"]
    usual = _usual(config)
    for field, setting in SETTINGS.items():
        value = getattr(config, field)
        if field in SAID_FIRST or usual is None or value == getattr(usual, field):
            continue
        told = compare.setting(config, field)
        words.append(
            told
            if told[:1].isalpha() and told not in ("on", "off")
            else f"{setting.label.lower()} {told}"
        )
    words.append(f"seed {config.seed}")
    return ", ".join(words)


def _usual(config: TrainConfig) -> TrainConfig | None:
    """Return the default settings for the same data and strategy; None if they are unknown."""
    try:
        return runs.make_config(
            backbone=config.backbone,
            dataset=config.dataset,
            strategy=config.strategy,
            num_images=config.num_images,
            data_fingerprint=config.data_fingerprint,
            max_train_images=config.num_images,
        )
    except ConfigError:
        return None


# --- In lists to choose from ------------------------------------------------------------------


def to_choose(offered: Iterable[RunSummary]) -> dict[str, str]:
    """Return a label for each run in a list; equal labels are made distinct by the run's id."""
    words = {each.id: _line(each) for each in offered}
    times = Counter(words.values())
    return {id_: f"{text}, {id_[:6]}" if times[text] > 1 else text for id_, text in words.items()}


def _line(summary: RunSummary) -> str:
    config = summary.config
    words = ", ".join(
        (
            access.title(config.dataset),
            backbones.get(config.backbone).title,
            strategies.get(config.strategy).title.lower(),
            *([heads.SHORT_NAMES[config.pooling]] if config.pooling != "gap" else []),
            _images(config),
            f"{summary.num_epochs} epochs",
            f"seed {config.seed}",
        )
    )
    named = called(config, summary.meta, words)
    return f"{named} (recorded)" if summary.recorded else named


def of_head(summary: RunSummary) -> str:
    """Return the label of a run among runs that trained a head on the same feature maps."""
    config = summary.config
    words = f"{access.title(config.dataset)}, {_images(config)}, {summary.num_epochs} epochs"
    named = called(config, summary.meta, words)
    return f"{named}, recorded" if summary.recorded else named


def _images(config: TrainConfig) -> str:
    return f"{config.num_images:,} images of {config.image_size} px"


# --- In sentences -----------------------------------------------------------------------------


def on_screen(config: TrainConfig) -> str:
    """Describe the one run on screen, in Markdown."""
    return (
        f"{backbones.get(config.backbone).title} on {pickers.dataset_name(config.dataset)}, "
        f"{config.num_images:,} training images of {config.image_size} px, "
        f"{strategies.get(config.strategy).title.lower()}, seed {config.seed}."
    )


def without_way(config: TrainConfig) -> str:
    """Describe what runs with several ways of training have in common, in Markdown."""
    return (
        f"{pickers.dataset_name(config.dataset)}, {config.num_images:,} training images of "
        f"{config.image_size} pixels, {backbones.get(config.backbone).title}"
    )


def way_title(config: TrainConfig) -> str:
    """Return the title of the run's way of training in the evidence, or else its strategy."""
    way = evidence.way_of(config)
    return evidence.WAYS[way].title if way else config.strategy.replace("_", " ").capitalize()
