"""Pieces that more than one page shows."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from lib.core import backbones, datasets, strategies
from lib.core.datasets import DatasetSpec
from lib.core.errors import ThawError
from lib.core.images import download_status
from lib.core.strategies import StrategySpec
from lib.core.uploads.own_datasets import is_own
from lib.ui import own_images, state


def quiet(text: str) -> str:
    """A label for a segmented control.

    Streamlit writes the chosen segment in the primary colour, which white has to be readable on
    as well; in the dark appearance no colour can do both.
    """
    return f":gray[{text}]"


def verbatim(text: str) -> str:
    """Text from outside within Markdown: as code, whatever it says."""
    # Nothing within ends it: its fence is longer than any in the text.
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}"


def backbone_picker() -> backbones.BackboneSpec:
    """Choose the backbone. The choice follows the reader from page to page."""
    state.keep_within(state.BACKBONE, backbones.BACKBONES)
    chosen = st.selectbox(
        "Backbone",
        list(backbones.BACKBONES),
        format_func=lambda id_: backbones.BACKBONES[id_].title,
        key=state.BACKBONE,
        persist_state="session",
    )
    return backbones.get(chosen)


def dataset_picker() -> DatasetSpec:
    """Choose the dataset, of the registry or of the reader's own.

    The choice follows the reader from page to page.
    """
    known = datasets.DATASETS | {spec.id: spec for spec in own_images.datasets()}
    state.keep_within(state.DATASET, known)
    chosen = st.selectbox(
        "Dataset",
        list(known),
        format_func=lambda id_: _dataset_words(known[id_]),
        key=state.DATASET,
        persist_state="session",
    )
    return known[chosen]


def dataset_name(dataset: str) -> str:
    """What a dataset is called, within Markdown."""
    title = own_images.title(dataset)
    return verbatim(title) if is_own(dataset) else title


def card(label: str, value: str, note: str) -> None:
    """A number with its name above and what it means below."""
    with st.container(border=True, height="stretch", gap=None):
        st.metric(label, value)
        st.caption(note)


def problem(error: ThawError) -> None:
    """An expected failure: one sentence and a next step."""
    st.warning(f"{error.message}\n\n{error.next_step}".strip(), icon=":material/info:")


def delete_or_keep(what: str, it: str, key: str, delete: Callable[[], None]) -> None:
    """What a dialog asks before something is gone; either answer closes it.

    Args:
        what: What will be gone, in Markdown.
        it: What the buttons call it: "it" or "them".
        key: Of the button that deletes.
        delete: What that one does.
    """
    st.markdown(what)
    with st.container(horizontal=True):
        answers = (
            st.button(f"Delete {it}", key=key, type="primary", on_click=delete),
            st.button(f"Keep {it}"),
        )
    if any(answers):
        st.rerun()


def attribution(dataset: DatasetSpec) -> None:
    """Who made the images and under which licence; wherever the images are."""
    st.caption(f"{dataset.attribution} {dataset.licence}.")


def show_source(*functions: Callable[..., Any]) -> None:
    """The code that made the numbers above, as it runs."""
    with st.expander("The code behind these numbers", icon=":material/code:"):
        for function in functions:
            st.code(inspect.getsource(function), language="python")


def _dataset_words(spec: DatasetSpec) -> str:
    if download_status.standing(spec).state == "ready":
        return spec.title
    return f"{spec.title} ({spec.download_mb:,} MB to download)"


def strategy_picker() -> StrategySpec:
    """Choose the strategy. The choice follows the reader from page to page."""
    state.keep_within(state.STRATEGY, strategies.STRATEGIES)
    state.start_with(state.STRATEGY, "partial_fine_tuning")
    chosen = st.segmented_control(
        "Strategy",
        list(strategies.STRATEGIES),
        required=True,
        format_func=lambda id_: quiet(strategies.STRATEGIES[id_].title),
        key=state.STRATEGY,
        persist_state="session",
        help="\n\n".join(f"**{s.title}**: {s.about}" for s in strategies.STRATEGIES.values()),
        wrap=True,
    )
    return strategies.get(str(chosen))


# key -> (title, address); the whole list with what was taken from each is docs/sources.md.
SOURCES: dict[str, tuple[str, str]] = {
    "keras-transfer": (
        "Keras guide, Transfer learning and fine-tuning",
        "https://keras.io/guides/transfer_learning/",
    ),
    "tf-transfer": (
        "TensorFlow tutorial, Transfer learning and fine-tuning",
        "https://www.tensorflow.org/tutorials/images/transfer_learning",
    ),
    "cs231n-transfer": (
        "CS231n notes, Transfer Learning",
        "https://cs231n.github.io/transfer-learning/",
    ),
    "imagehash": ("ImageHash", "https://github.com/JohannesBuchner/imagehash"),
    "tf-shuffle": (
        "TensorFlow API, tf.data.Dataset.shuffle",
        "https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle",
    ),
    "yosinski-2014": (
        "Yosinski et al. 2014, How transferable are features in deep neural networks?",
        "https://arxiv.org/abs/1411.1792",
    ),
    "raghu-2019": (
        "Raghu et al. 2019, Transfusion: Understanding Transfer Learning for Medical Imaging",
        "https://arxiv.org/abs/1902.07208",
    ),
    "kumar-2022": (
        "Kumar et al. 2022, Fine-Tuning can Distort Pretrained Features and Underperform "
        "Out-of-Distribution",
        "https://arxiv.org/abs/2202.10054",
    ),
    "arpit-2017": (
        "Arpit et al. 2017, A Closer Look at Memorization in Deep Networks",
        "https://arxiv.org/abs/1706.05394",
    ),
    "rolnick-2017": (
        "Rolnick et al. 2017, Deep Learning is Robust to Massive Label Noise",
        "https://arxiv.org/abs/1705.10694",
    ),
    "you-2021": (
        "You et al. 2021, LogME: Practical Assessment of Pre-trained Models for Transfer Learning",
        "https://arxiv.org/abs/2102.11005",
    ),
    "alain-2016": (
        "Alain and Bengio 2016, Understanding intermediate layers using linear classifier probes",
        "https://arxiv.org/abs/1610.01644",
    ),
    "efficientnet-lite": (
        "Higher accuracy on vision models with EfficientNet-Lite",
        "https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html",
    ),
    "cs231n-training": (
        "CS231n notes, Learning and evaluation",
        "https://cs231n.github.io/neural-networks-3/",
    ),
    "guo-2017": (
        "Guo et al. 2017, On Calibration of Modern Neural Networks",
        "https://arxiv.org/abs/1706.04599",
    ),
    "network-in-network": ("Network In Network", "https://arxiv.org/abs/1312.4400"),
    "vgg16": (
        "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        "https://arxiv.org/abs/1409.1556",
    ),
    "googlenet": ("Going Deeper with Convolutions", "https://arxiv.org/abs/1409.4842"),
    "cam": (
        "Learning Deep Features for Discriminative Localization",
        "https://arxiv.org/abs/1512.04150",
    ),
    "grad-cam": (
        "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
        "https://arxiv.org/abs/1610.02391",
    ),
    "position-information": (
        "How Much Position Information Do Convolutional Neural Networks Encode?",
        "https://arxiv.org/abs/2001.08248",
    ),
    "spatial-pyramid-pooling": (
        "Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition",
        "https://arxiv.org/abs/1406.4729",
    ),
}


def sources(*keys: str) -> None:
    """Where a claim comes from."""
    links = "; ".join(map(source_link, keys))
    # A caption would fade the links below a contrast of 4.5:1.
    st.markdown(f":small[Source: {links}]")


def source_link(key: str) -> str:
    """A source in a table: its title as a link; what Thaw measured has no address."""
    if key not in SOURCES:
        return "Thaw's own recorded runs"
    title, address = SOURCES[key]
    return f"[{title}]({address})"
