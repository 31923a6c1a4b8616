"""Runs that need more memory than there is: refused, with the setting that would help."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from lib.core import backbones
from lib.core.config import TrainConfig
from lib.core.errors import ConfigError
from lib.core.network import run_memory
from lib.core.network.run_memory import Data, RunMemory

# A configuration that needs less, and the words that propose it.
Change = tuple[TrainConfig, str]
# Sides in pixels that are proposed, the largest first.
USUAL_SIDES = (384, 256, 224, 192, 160, 128, 96, 64)


class TooLargeError(ConfigError):
    """A run needs more memory than it may use."""


def check(config: TrainConfig, data: Data, limit_bytes: int) -> None:
    """Refuse a run that needs more memory than it may use.

    Args:
        config: A valid configuration.
        data: Its dataset.
        limit_bytes: What its process may use.

    Raises:
        TooLargeError: If it needs more; the next step is a setting that would help.
    """
    needed = run_memory.estimate(config, data)
    if needed.total > limit_bytes:
        raise TooLargeError(
            f"This run would need about {in_gb(needed.total)} GB of memory, and a run on this "
            f"machine may use {in_gb(limit_bytes)} GB.",
            _what_helps(config, data, limit_bytes, needed),
        )


def in_gb(num_bytes: float) -> str:
    """Bytes in units of 1,000,000,000, as text.

    Example:

    >>> in_gb(38_440_000_000)
    '38.4'
    """
    return f"{num_bytes / 1e9:,.1f}"


def _what_helps(config: TrainConfig, data: Data, limit_bytes: int, needed: RunMemory) -> str:
    """The first change that makes the run small enough, as a sentence."""
    ways: tuple[Callable[[TrainConfig], Iterator[Change]], ...]
    of_model, of_data = needed.weights + needed.optimizer, needed.images + needed.features
    if of_model >= max(of_data, needed.activations):
        ways = (_pooled, _fewer_units, _smaller_images)
    elif of_data >= needed.activations:
        ways = (_fewer_images, _smaller_images, _pooled)
    else:
        ways = (_smaller_images, _smaller_batches)
    for way in ways:
        for changed, words in way(config):
            total = run_memory.estimate(changed, data).total
            if total <= limit_bytes:
                return f"{words}: it would then need about {in_gb(total)} GB."
    return "Use smaller images, fewer of them, or a smaller backbone."


def _pooled(config: TrainConfig) -> Iterator[Change]:
    if config.pooling == "flatten":
        yield replace(config, pooling="gap"), "Use global average pooling instead of Flatten"


def _fewer_units(config: TrainConfig) -> Iterator[Change]:
    for units in _halves(config.hidden_units):
        yield replace(config, hidden_units=units), f"Use at most {units:,} hidden units"


def _fewer_images(config: TrainConfig) -> Iterator[Change]:
    for number in _halves(config.num_images):
        yield replace(config, num_images=number), f"Use at most {number:,} training images"


def _smaller_batches(config: TrainConfig) -> Iterator[Change]:
    for size in _halves(config.batch_size):
        yield replace(config, batch_size=size), f"Use batches of at most {size} images"


def _smaller_images(config: TrainConfig) -> Iterator[Change]:
    least = backbones.get(config.backbone).min_image_size
    for side in USUAL_SIDES:
        if least <= side < config.image_size:
            yield replace(config, image_size=side), f"Use images of at most {side} pixels"


def _halves(number: int) -> Iterator[int]:
    while number := number // 2:
        yield number
