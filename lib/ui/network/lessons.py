"""The short lessons below the model summary."""

from functools import lru_cache

import streamlit as st

from lib.core import backbones
from lib.core.network import imagenet_facts
from lib.ui import sources

STEP_TIME = """\
A training step runs forward through every layer and backward to the lowest thawed one. Forward, it
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

WITHOUT_TOP = """\
`include_top=False` leaves out the classifier for the thousand classes of ImageNet. Your classes are
others, so a new head takes its place. For VGG16 the classifier is nine tenths of all parameters: it
looks at every position of the last feature map. Without it, the network takes images of other sizes
too.
"""


def without_top() -> None:
    """Say what `include_top=False` leaves out, with its source."""
    st.markdown(WITHOUT_TOP)
    sources.cite("keras-transfer")


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
