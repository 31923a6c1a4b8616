"""What is done today, and the three strategies side by side."""

import base64

import streamlit as st

from lib.core import backbones, freezing, heads, strategies
from lib.core.config import TrainConfig
from lib.core.freezing import FreezePlan
from lib.core.zero_shot import animals, few_shot
from lib.figures.zero_shot import one_space
from lib.ui import glossary, shell, sources, state

PICTURE_WIDTH = one_space.WIDTH


def clip() -> None:
    """Show images and texts in one space, in one picture and a few sentences."""
    st.subheader("What is done today: any sentence is a class", anchor=False)
    left, right = st.columns([1, 1.2], gap="medium")
    with left:
        picture = base64.b64encode(one_space.svg(dark=shell.is_dark()).encode()).decode("ascii")
        st.image(f"data:image/svg+xml;base64,{picture}", width=PICTURE_WIDTH, alt=one_space.alt())
    with right:
        st.markdown(
            "**CLIP** (2021) trains an image encoder and a text encoder together, on 400 million "
            "pictures with the text found beside them, so that a picture and its text point in "
            "the same direction of one space. A new class needs only a sentence: the answer is "
            "the sentence whose direction is nearest. It scored 76% on ImageNet without one of "
            "its training images."
        )
        st.markdown(
            f"It generalises both ideas above. The {len(animals.ATTRIBUTES)} ticks become any "
            "text, and the ridge regression becomes the text encoder: both map a description to "
            "the weights of a class. The sum over names becomes a sentence for each class."
        )
        st.markdown(
            "Its weights are not part of Thaw: every number on this page comes from a network that "
            "was trained on ImageNet's labels alone."
        )
        sources.cite("radford-2021", "frome-2013")


def strategies_table() -> None:
    """Compare feature extraction, fine-tuning and zero-shot: what is trained, on what, how fast."""
    st.subheader("Three strategies side by side", anchor=False)
    spec = backbones.get(TrainConfig.backbone)
    layers = backbones.load_layer_table(spec.id)
    total = freezing.count_params(layers, FreezePlan.none()).total
    head = heads.dense_params(layers[-1].output_shape[-1], 1)
    extraction = strategies.get("feature_extraction").title
    st.table(
        [
            {
                "Strategy": f"**{extraction}**",
                "What is trained": f"a new {glossary.term('head')}: {head:,} "
                f"{glossary.term('parameter', 'parameters')} for two classes",
                "Labelled images": f"from {few_shot.SHOTS[0]} of each class on; better with more",
                "Cost": "one pass over the images, then seconds",
                "Where": f"[Training lab](training_lab?{state.LINK_DATASET}=openmoji_animals_food)",
            },
            {
                "Strategy": "**Fine-tuning**",
                "What is trained": f"the head and the upper layers or all of them: up to "
                f"{total + head:,} parameters",
                "Labelled images": "hundreds, the more the less they are like ImageNet's",
                "Cost": "every step runs forwards and backwards through the "
                f"{glossary.term('thaw', 'thawed')} layers",
                "Where": "[Strategy](strategy)",
            },
            {
                "Strategy": "**Zero-shot**",
                "What is trained": "nothing, or a small regression on descriptions",
                "Labelled images": "none; a name or a description that the network's classes share",
                "Cost": "one pass over the images",
                "Where": "this page",
            },
        ],
        hide_index=True,
        border="horizontal",
    )
    st.caption(f"Parameters of {spec.title} at {spec.image_size} pixels.")
