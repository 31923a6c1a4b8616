"""The row of images that a run will learn from, beside the button that starts it."""

from collections.abc import Mapping

from lib.core.images import download_status, training_images
from lib.core.runs import TrainConfig
from lib.ui import ask, state
from lib.ui.parts.tiles import component as tiles
from lib.ui.parts.tiles.component import Row, Tile
from lib.ui.uploads import access

TILE = 40  # px on the page
SHOWN = 8  # in one row, also beside three buttons
ANSWERS_KEPT = 4


def show(config: TrainConfig) -> None:
    """Show a few of the images that a run will learn from, if they are on this machine.

    Args:
        config: The run that the controls describe.
    """
    pictures = _pictures(config)
    if not pictures:
        return
    number = f"{config.num_images:,} images"
    if config.is_cross_validated:
        number = "all images"
    # A solved head and an early stop end before the last epoch.
    may_end = "at most " if config.early_stopping or config.head_solver == "solved" else ""
    title = (
        f"It will learn from {number} of {config.image_size} pixels, in {may_end}"
        f"{config.num_epochs:,} epochs, for example:"
    )
    alt = f"Image {{:,}} of {access.title(config.dataset)}"
    # Spread over all of them, because they come class by class.
    some = list(pictures.items())
    some = [some[place * len(some) // SHOWN] for place in range(SHOWN)][: len(some)]
    row = Row([Tile(data, alt.format(index)) for index, data in dict(some).items()], title)
    tiles.show([row], state.TRAINING_IMAGES, TILE)


def _pictures(config: TrainConfig) -> Mapping[int, bytes]:
    """A few training images, index -> WebP file: shipped ones, or else a worker's answer."""
    which = (config.dataset, config.data_fingerprint, config.num_images, config.seed)
    shipped = training_images.shipped(*which)
    spec = access.spec(config.dataset)
    if shipped or spec is None or download_status.standing(spec).state != "ready":
        return shipped
    dataset, fingerprint, num_images, seed = which
    answer: Mapping[int, bytes] | None = ask.ask(
        state.TRAINING_IMAGES_QUESTION,
        which,
        "lib.training.answers.training_images:some",
        waiting="Looking for its training images",
        keep=ANSWERS_KEPT,
        dataset=dataset,
        fingerprint=fingerprint,
        num_images=num_images,
        seed=seed,
    )
    return answer or {}
