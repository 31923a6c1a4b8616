"""Cost of a training step: multiply-adds, time relative to a frozen backbone, memory."""

from collections.abc import Sequence
from math import prod

from lib.core.backbones import LayerRow
from lib.core.freezing import FreezePlan

# Adam keeps two moving averages for each trainable parameter, and its step count and learning rate.
ADAM_SLOTS, ADAM_SCALARS = 2, 2
# Images of a batch through frozen layers: enough for all cores, and no more work than a fraction of
# a second, so that what is prepared can give way. How images fall into batches of these sizes
# changes no bit of their features (tests/oracle/test_prefix.py).
MIN_FEATURE_BATCH, MAX_FEATURE_BATCH = 8, 32
FEATURE_BATCH_MULTIPLY_ADDS = 6_400_000_000


def multiply_adds(row: LayerRow) -> int:
    """Count the multiply-adds of one layer in the forward pass of one image.

    Every matrix of a layer (the kernel of a convolution or a Dense layer) is applied once at
    each position of its output. Biases, BatchNormalization and activations are left out, as the
    papers do: they add a few per cent.

    Args:
        row: Row of the layer table for the input size.

    Example:

    >>> from lib.core.backbones import load_layer_table
    >>> multiply_adds(load_layer_table("vgg16", 224)[1])  # 3 x 3 x 3 x 64 at 224 x 224 positions
    86704128

    Reference:
        MobileNetV2, section 3.1 (mobilenet-v2).
    """
    matrices = sum(weight.size for weight in row.weights if len(weight.shape) > 1)
    return matrices * prod(row.output_shape[:-1])


def feature_batch_size(layers: Sequence[LayerRow]) -> int:
    """Number of images of a batch through the frozen layers of a backbone.

    Example:

    >>> from lib.core.backbones import load_layer_table
    >>> [feature_batch_size(load_layer_table("efficientnet_lite0", size)) for size in (128, 224)]
    [32, 16]
    """
    affordable = FEATURE_BATCH_MULTIPLY_ADDS // sum(map(multiply_adds, layers))
    return max(MIN_FEATURE_BATCH, min(MAX_FEATURE_BATCH, affordable))


def step_cost(row: LayerRow) -> tuple[int, int, int]:
    """Return the multiply-adds of a layer: forward, gradient of its weights, of its input."""
    forward = multiply_adds(row)
    return forward, forward, forward


def backward_multiply_adds(layers: Sequence[LayerRow], plan: FreezePlan) -> int:
    """Count the multiply-adds of the backward pass of one image.

    A thawed layer computes the gradient of its weights: as many multiply-adds as forward. A layer
    with a thawed layer before it also computes the gradient of its input: as many again.
    Backpropagation stops at the lowest thawed layer, so the layers before it cost nothing.

    Args:
        layers: Layer table, input side first.
        plan: Which layers are frozen.
    """
    live: set[str] = set()  # layers whose output depends on a trainable weight
    total = 0
    for row in layers:
        passes_on = any(source in live for source in row.inbound)
        learns = not plan.is_frozen(row) and row.trainable_params > 0
        if passes_on or learns:
            live.add(row.name)
        total += multiply_adds(row) * (passes_on + learns)
    return total


def relative_step_time(layers: Sequence[LayerRow], plan: FreezePlan) -> float:
    """Estimate the time of a training step relative to one with a frozen backbone.

    Only multiply-adds are counted: 1 for a frozen backbone, close to 3 if everything is
    thawed. The head is too small to matter.

    Args:
        layers: Layer table, input side first.
        plan: Which layers are frozen.

    Example:

    >>> from lib.core.backbones import load_layer_table
    >>> layers = load_layer_table("vgg16")
    >>> relative_step_time(layers, FreezePlan.all(layers))
    1.0
    """
    forward = sum(multiply_adds(row) for row in layers)
    return 1 + backward_multiply_adds(layers, plan) / forward


def adam_params(trainable: int) -> int:
    """Count Adam's own numbers, `Optimizer params` in model.summary(), for trainable parameters.

    Example:

    >>> adam_params(1281)
    2564
    """
    return ADAM_SLOTS * trainable + ADAM_SCALARS
