"""How long and on which images to train: steps, batches, image size, and the seconds it takes.

A dataset of few images has few steps in an epoch: with 26 images and a batch of 32 it has one. So
the length of training is given in steps here, and converted to the epochs that readers see.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from lib.core import backbones, strategies
from lib.core.config import MAX_EPOCHS
from lib.core.network.step_cost import backward_multiply_adds, multiply_adds

# The usual batch of the tutorials (tf-transfer). With few images it is smaller, so that an epoch
# has several steps; below 8 images a step is mostly noise.
LARGEST_BATCH, SMALLEST_BATCH = 32, 8
STEPS_AN_EPOCH = 4
# A head that cannot be solved, because it drops features, gets so many steps and epochs.
HEAD_STEPS, HEAD_EPOCHS = 300, 10
# A thawed phase ends when the validation loss has not improved for so many steps and epochs: on
# very few images an epoch is too short to tell.
PATIENCE_STEPS, PATIENCE_EPOCHS = 30, 3
# It has time for so many steps and epochs at least, and then is cut off.
THAWED_STEPS, THAWED_EPOCHS = 100, 20

# Sizes to choose from, smallest first. EfficientNet-Lite0 was published at 224.
IMAGE_SIZES = (96, 128, 160, 192, 224)
# Without another answer, a run may take so long on two cores.
USUAL_MINUTES = 5.0
# Seconds of two quiet x86-64 cores for a multiply-add of a frozen network, and for everything that
# does not depend on the number of images (thaw-measurements).
SECONDS_PER_MULTIPLY_ADD = 3e-11
START_S = 4.0
# Solving a head with its cross-validation: with few images it is repeated more often, so the first
# images cost the most.
SOLVING_S, SOLVING_S_AN_IMAGE = 1.0, 0.005


def batch_size(num_images: int) -> int:
    """Return the batch size for a number of training images: a power of 2 from 8 to 32.

    Example:

    >>> [batch_size(number) for number in (10, 26, 70, 1_000)]
    [8, 8, 16, 32]
    """
    steps = max(1, num_images // STEPS_AN_EPOCH)
    return max(SMALLEST_BATCH, min(LARGEST_BATCH, 2 ** int(math.log2(steps))))


def steps_an_epoch(num_images: int, batch: int) -> int:
    """Return the number of steps in an epoch.

    Example:

    >>> steps_an_epoch(26, 32), steps_an_epoch(26, 8)
    (1, 4)
    """
    return math.ceil(num_images / batch)


def head_epochs(num_images: int, batch: int) -> int:
    """Return the epochs of a head that is trained in steps.

    Example:

    >>> head_epochs(26, 8), head_epochs(1_000, 32)
    (75, 10)
    """
    floor = math.ceil(HEAD_STEPS / steps_an_epoch(num_images, batch))
    return min(MAX_EPOCHS, max(HEAD_EPOCHS, floor))


def thawed_epochs(num_images: int, batch: int) -> int:
    """Return the epochs after which a thawed phase is cut off.

    Example:

    >>> thawed_epochs(26, 8), thawed_epochs(1_000, 32)
    (25, 20)
    """
    floor = math.ceil(THAWED_STEPS / steps_an_epoch(num_images, batch))
    return min(MAX_EPOCHS, max(THAWED_EPOCHS, floor))


def patience(num_images: int, batch: int) -> int:
    """Return the epochs without a lower validation loss after which a thawed phase ends.

    Example:

    >>> patience(26, 8), patience(1_000, 32)
    (8, 3)
    """
    floor = math.ceil(PATIENCE_STEPS / steps_an_epoch(num_images, batch))
    return max(PATIENCE_EPOCHS, floor)


@dataclass(frozen=True)
class Work:
    """What a run is about to do.

    Args:
        backbone: Id of the backbone.
        strategy: Id of the strategy.
        thaw_from: First thawed layer of partial fine-tuning.
        num_images: Training images.
        num_others: Validation and test images together.
        thawed_epochs: Epochs with thawed layers, or from scratch.
        augmented_epochs: Epochs in which every layer runs, because the images change.
    """

    backbone: str
    strategy: str
    thaw_from: str
    num_images: int
    num_others: int
    thawed_epochs: int
    augmented_epochs: int = 0


def seconds(work: Work, image_size: int) -> float:
    """Predict how long a run takes on two quiet cores, nothing cached, in seconds.

    Frozen layers run once for every image. A thawed phase runs the layers from the first thawed one
    forward, and backward for the training images, in every epoch.

    Args:
        work: What the run does.
        image_size: Side of the images in pixels.

    Example:

    >>> few = Work("efficientnet_lite0", "feature_extraction", "", 26, 14, 0)
    >>> [round(seconds(few, size)) for size in (96, 224)]
    [5, 6]
    """
    cost = _multiply_adds(work.backbone, image_size, work.strategy, work.thaw_from)
    num_images = work.num_images + work.num_others
    once = cost.whole * num_images
    each = cost.thawed * num_images + cost.backward * work.num_images
    once += work.augmented_epochs * once
    return (
        START_S
        + solving_seconds(num_images)
        + SECONDS_PER_MULTIPLY_ADD * (once + work.thawed_epochs * each)
    )


def solving_seconds(num_images: int) -> float:
    """Predict how long the head of so many images is solved and cross-validated, in seconds."""
    return SOLVING_S + SOLVING_S_AN_IMAGE * num_images


@dataclass(frozen=True)
class _MultiplyAdds:
    """Multiply-adds of one image: all layers, the thawed ones and what is above them, backward."""

    whole: int
    thawed: int
    backward: int


@lru_cache(maxsize=1024)
def _multiply_adds(backbone: str, image_size: int, strategy: str, thaw_from: str) -> _MultiplyAdds:
    layers = backbones.load_layer_table(backbone, image_size)
    plan = strategies.final_plan(strategy, layers, thaw_from, "frozen")
    first = next((row.index for row in layers if row.params and not plan.is_frozen(row)), 0)
    return _MultiplyAdds(
        whole=sum(map(multiply_adds, layers)),
        thawed=sum(map(multiply_adds, layers[first:])),
        backward=backward_multiply_adds(layers, plan),
    )


def image_sizes(backbone: str) -> tuple[int, ...]:
    """Return the sizes worth comparing for a backbone, smallest first, its published one last.

    Example:

    >>> image_sizes("efficientnet_lite0"), image_sizes("xception")
    ((96, 128, 160, 192, 224), (96, 128, 160, 192, 224, 299))
    """
    spec = backbones.get(backbone)
    fit = [size for size in IMAGE_SIZES if spec.min_image_size <= size < spec.published_size]
    return (*fit, spec.published_size)


def image_size(work: Work, minutes: float = USUAL_MINUTES) -> int:
    """Return the largest size up to the backbone's published one for which there is time.

    Args:
        work: What the run does.
        minutes: Time for it.

    Returns:
        A size in pixels; the smallest of `image_sizes` if there is time for none.

    Example:

    >>> image_size(Work("efficientnet_lite0", "feature_extraction", "", 160, 80, 0))
    224
    """
    sizes = image_sizes(work.backbone)
    fit = [size for size in sizes if seconds(work, size) <= 60 * minutes]
    return max(fit, default=sizes[0])
