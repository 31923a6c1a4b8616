"""Home: what Thaw is, and where to start."""

import streamlit as st

from lib.core import datasets, freezing, heads, runs, strategies
from lib.core.images import samples
from lib.figures.svg import backbone_strip
from lib.ui import cache, shell, widgets

STARTS = {
    "data": "Look at what goes into a run, step by step from the file to the batch; forty "
    "photographs of your own are enough.",
    "model_summary": "Freeze layers of well-known networks, and watch their parameter counts.",
    "global_average_pooling": "Change one cell of a feature map and follow it into the vector and "
    "the decision; then do the same with a photograph.",
    "strategy": "Answer a few questions about your data, and see which layers to thaw and what "
    "recorded runs on similar data showed.",
    "training_lab": "Train a network on real images in under half a minute, and see in the curves "
    "where fine-tuning starts and whether it helped.",
    "learning_curves": "Read what the curves of a run show, what to change next, and whether the "
    "difference between two runs is more than chance.",
    "predict": "Show a network your own image: its prediction, its confidence, where it looked.",
}

shell.page("home")

# --- Numbers ----------------------------------------------------------------
config = runs.make_config()
layers = cache.layer_table(config.backbone, config.image_size)
head = heads.count_params(heads.HeadSpec(), layers[-1].output_shape)

# --- Result -----------------------------------------------------------------
st.markdown(
    "A network that has seen a million photographs already knows edges, fur and wheels. "
    "**Transfer learning** puts a small new *head* on it and asks how many of its other layers "
    "should be trained too. Here is one such network, EfficientNet-Lite0, with three strategies. "
    "The width of a layer is its number of parameters, :blue[frozen] or :orange[trainable]."
)
for id_ in ("feature_extraction", "partial_fine_tuning", "full_fine_tuning"):
    strategy = strategies.get(id_)
    plan = strategies.final_plan(id_, layers, config.thaw_from, "frozen")
    counts = freezing.count_params(layers, plan) + head
    with st.container(border=True, gap="xsmall"):
        left, right = st.columns([1, 2.4], vertical_alignment="center")
        left.metric(strategy.title, f":orange[{counts.trainable:,}]")
        right.image(
            backbone_strip.svg(layers, plan, dark=shell.is_dark()),
            width="stretch",
            alt=f"{strategy.title}: {counts.trainable_share:.1%} of the parameters are trainable",
        )
        right.caption(
            f"{counts.trainable_share:.2%} of {counts.total:,} parameters learn. {strategy.about}"
        )

# --- Where to start ---------------------------------------------------------
with st.grid(4, min_column_width=200):
    for name, sentence in STARTS.items():
        spec = shell.PAGES[name]
        with st.container(border=True, height="stretch"):
            st.page_link(spec.path, label=f"**{spec.title}**")
            st.markdown(sentence)

# --- Real images ------------------------------------------------------------
dataset = datasets.get("openmoji_animals_food")
pictures = samples.sample_paths(dataset.id)
with st.container(horizontal=True, gap="small"):
    for name, paths in pictures.items():
        for path in paths[:5]:
            st.image(str(path), width=64, alt=name)
widgets.attribution(dataset)
