"""The short lessons below the model summary."""

from functools import lru_cache

from lib.core import backbones
from lib.core.network import imagenet_facts
from lib.ui.sources import Lesson

STEP_TIME = """\
A step runs forward through every layer and backward to the lowest thawed one. The forward pass
costs the multiply-adds of each layer. In the backward pass a thawed layer needs as many again for
the gradient of its weights, and every layer above a thawed one as many again for the gradient of
its input. Below the lowest thawed layer the backward pass costs nothing.

This is an estimate: memory, activations and the machine matter too. Steps with Adam on 16 images of
128 pixels, BatchNormalization frozen, measured on two CPU cores relative to head only
(`python -m lib.tools.measure_step`, docs/benchmarks.md):

| | estimated | measured |
|---|---:|---:|
| MobileNetV2, top layers | 1.9 × | 1.6 × |
| MobileNetV2, everything | 3.0 × | 2.7 × |
| ResNet50, top layers | 1.4 × | 1.6 × |
| ResNet50, everything | 3.0 × | 3.3 × |

For other networks the estimate is worse: with everything thawed, VGG16 took 4.8 times as long and
Xception 4.3 times, where the estimate is 3.0. The training lab is faster than this: it runs the
frozen part once and not in every step.
"""

LESSONS: tuple[Lesson, ...] = (
    (
        "What does freezing do?",
        "`layer.trainable = False` takes a layer's weights out of `model.trainable_weights`. The "
        "layer still computes, but the optimizer never updates it. So freezing moves parameters "
        "from trainable to non-trainable and never changes the total. The weights learned on "
        "ImageNet stay as they are.",
        ("keras-transfer",),
    ),
    (
        "Why does BatchNormalization have non-trainable parameters?",
        "It has four vectors. The optimizer learns `gamma` and `beta`; the moving mean and "
        "variance are statistics, updated from every batch while the layer is thawed, without any "
        "gradient. They count as non-trainable and still change: the purple cells. With few "
        "images they drift away from what the frozen layers expect, so they are frozen here "
        "unless you thaw them.",
        ("keras-transfer",),
    ),
    (
        "`trainable` is not `training`",
        "`trainable` says which weights an optimizer may change. `training` is the argument of a "
        "call: dropout and BatchNormalization behave differently in training and in inference. "
        "There is one exception: a BatchNormalization with `trainable = False` always runs in "
        "inference mode. In Keras 3, `base(x, training=False)` alone does not hold during "
        "`fit()`, so the code here freezes every BatchNormalization explicitly.",
        ("keras-transfer",),
    ),
    (
        "Why compile after every change?",
        "`compile()` fixes which weights a training step changes. If you thaw layers afterwards, "
        "`model.summary()` shows the new counts at once, but `fit()` silently goes on training "
        "the old weights. So change `trainable`, then compile, then fit. Compiling also resets "
        "the optimizer's state.",
        ("keras-transfer",),
    ),
    (
        "A model inside a model",
        "`base` is one layer of `model`: `model.summary()` prints it as one row, and "
        "`base.layers` are the rows of this table. `base.trainable = False` reaches "
        "every one of them. `base.trainable = True` does nothing if it is already true: frozen "
        "layers inside stay frozen. So set each layer explicitly.",
        ("keras-transfer",),
    ),
    (
        "What does a cut inside a residual block do?",
        "A residual block adds its output to its input. With a cut between the two branches, one "
        "branch is trained and the other is not. Training works, and the counts are right, but "
        "two tensors cross the cut instead of one, so the frozen part is not a network of its "
        "own. The well-known `fine_tune_at = 100` of MobileNetV2 is such a cut.",
        ("tf-transfer",),
    ),
    (
        "What does `include_top=False` leave out?",
        "The classifier for the thousand classes of ImageNet. Your classes are others, so a new "
        "head takes its place. For VGG16 that is nine tenths of all parameters: its classifier "
        "looks at every position of the last feature map. Without it, the network takes images of "
        "other sizes too.",
        ("keras-transfer",),
    ),
)


@lru_cache(maxsize=64)
def about(backbone: str) -> str:
    """Return paper, accuracy, input and classifier parameters of a backbone as Markdown.

    Args:
        backbone: Id of the backbone.
    """
    spec, published = backbones.get(backbone), imagenet_facts.get(backbone)
    low, high = spec.preprocessing.value_range
    with_top = imagenet_facts.params_with_top(backbone)
    without = with_top - imagenet_facts.classifier_params(backbone)
    smallest = f"{spec.min_image_size} x {spec.min_image_size}"
    rows = {
        "Paper": f"[{published.paper}]({published.address}), {spec.year}",
        "ImageNet top-1": f"{published.accuracy} % at {published.image_size} pixels "
        f"([{published.accuracy_source}]({published.accuracy_address}))",
        "Input": f"{spec.preprocessing.order}, {low:.3g} to {high:.3g} after preprocessing",
        "Smallest input": f"{smallest}: {published.min_size_reason}",
        "`include_top=True`": f"{with_top:,} parameters with its classifier",
        "`include_top=False`": f"{without:,} without: {without / with_top:.1%} of them",
    }
    lines = [f"| {name} | {words} |" for name, words in rows.items()]
    return "\n".join([spec.about, "", "| | |", "|---|---|", *lines])
