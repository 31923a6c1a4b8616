"""The short lessons below the model summary."""

from functools import lru_cache

from lib.core import backbones
from lib.core.network import imagenet_facts
from lib.ui.sources import Lesson

STEP_TIME = """\
A step goes forward through every layer and back to the lowest thawed one. Forward costs each layer
its multiply-adds. On the way back a thawed layer spends as many on the gradient of its weights, and
every layer with something thawed below it as many again to pass the gradient on. Below the lowest
thawed layer the way back costs nothing.

It is an estimate: memory, activations and the machine count too. Steps with Adam on 16 images of
128 pixels, BatchNormalization frozen, measured on two CPU cores against head only
(`python -m lib.tools.measure_step`, docs/benchmarks.md):

| | estimated | measured |
|---|---:|---:|
| MobileNetV2, top layers | 1.9 × | 1.6 × |
| MobileNetV2, everything | 3.0 × | 2.7 × |
| ResNet50, top layers | 1.4 × | 1.6 × |
| ResNet50, everything | 3.0 × | 3.3 × |

Others were further off: VGG16 took 4.8 times as long with everything thawed, where 3.0 is
estimated, Xception 4.3. The training lab is faster than this: it runs the frozen part once and not
in every step.
"""

LESSONS: tuple[Lesson, ...] = (
    (
        "What does freezing do?",
        "`layer.trainable = False` takes a layer's weights out of `model.trainable_weights`. The "
        "layer still computes; the optimizer just never touches it. So freezing moves parameters "
        "from trainable to non-trainable and never changes the total. What was learned on "
        "ImageNet stays as it is.",
        ("keras-transfer",),
    ),
    (
        "Why does BatchNormalization have non-trainable parameters?",
        "It has four vectors. The optimizer learns `gamma` and `beta`; the moving mean and "
        "variance are statistics, updated from every batch while the layer is thawed, without any "
        "gradient. They count as non-trainable and move all the same: the purple cells. On few "
        "images they drift away from what the frozen layers expect, so they are frozen here "
        "unless you thaw them.",
        ("keras-transfer",),
    ),
    (
        "`trainable` is not `training`",
        "`trainable` says which weights an optimizer may change. `training` is the argument of a "
        "call: dropout and BatchNormalization behave differently in training and in inference. "
        "They meet in one place: a BatchNormalization with `trainable = False` runs in inference "
        "mode whatever it is called with. In Keras 3 `base(x, training=False)` alone does not "
        "survive `fit()`, so the code here freezes every BatchNormalization by name.",
        ("keras-transfer",),
    ),
    (
        "Why compile after every change?",
        "`compile()` fixes which weights a training step changes. Thaw afterwards and "
        "`model.summary()` shows the new counts at once, while `fit()` goes on training the old "
        "ones, without a word. So: change `trainable`, then compile, then fit. It costs the "
        "optimizer's memory of earlier steps.",
        ("keras-transfer",),
    ),
    (
        "A model inside a model",
        "`base` is one layer of `model`: `model.summary()` prints it as one row, and "
        "`base.layers` are the rows of this table. `base.trainable = False` reaches "
        "every one of them. `base.trainable = True` does nothing where it is true already: a few "
        "frozen layers inside stay frozen. Set each layer, and nothing is left to guess.",
        ("keras-transfer",),
    ),
    (
        "What does a cut inside a residual block do?",
        "A residual block adds its result to what came in. Cut between the two and one branch "
        "learns while its partner cannot. It trains, and the counts are right, but two tensors "
        "cross the cut instead of one, and the frozen part is no longer a network of its own. "
        "The well-known `fine_tune_at = 100` of MobileNetV2 is such a cut.",
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
    """Paper, accuracy and input of a backbone, and what its classifier would add, as Markdown.

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
