"""The parameters that averaging saves, and the accuracy that it costs: two parts of one page."""

from itertools import pairwise

import streamlit as st

from lib.core import backbones, datasets, heads
from lib.core.heads import HeadSpec
from lib.core.maps import channel_threshold
from lib.core.maps.channel_threshold import ChannelLine, Measured
from lib.core.network import imagenet_facts
from lib.figures.maps import channel_threshold as line_figure
from lib.figures.maps import pooling_params
from lib.ui import cache, shell, state, widgets
from lib.ui.network import controls
from lib.ui.network.plan import MAX_CLASSES

# Initial position of the slider, where Flatten is better.
FIRST_CHANNELS = 4


@st.fragment
def show_params() -> None:
    """Show the parameters of the head for a backbone, an input size and a number of classes."""
    # --- Controls ---
    with st.container(horizontal=True, vertical_alignment="bottom"):
        spec = widgets.backbone_picker()
        image_size = controls.image_size(spec)
        num_classes = st.number_input(
            "Classes",
            min_value=2,
            max_value=MAX_CLASSES,
            key=state.NUM_CLASSES,
            persist_state="session",
            width=130,
        )

    # --- Numbers ---
    shape = cache.layer_table(spec.id, image_size)[-1].output_shape
    specs = heads.compared(heads.outputs_for(num_classes))
    totals = {name: heads.count_params(head, shape).total for name, head in specs.items()}
    least = min(totals.values())

    # --- Result ---
    height, width, channels = shape
    st.markdown(
        f"The last feature map of {spec.title} at {image_size} pixels: "
        f"**{height} × {width} × {channels:,}**."
    )
    for column, (name, head) in zip(st.columns(3), specs.items(), strict=True):
        sums = " + ".join(words for _, words, _ in heads.arithmetic(head, shape)).replace("x", "×")
        times = totals[name] / least
        share = f"{times:,.0f} times as many: " if times > 1 else ""
        with column:
            widgets.card(name, f"{totals[name]:,}", f"{share}{sums}")
    left, right = st.columns(2)
    names, values = list(totals), list(totals.values())
    dark = shell.is_dark()
    with left:
        widgets.plot(
            pooling_params.against_size(specs, spec.id, image_size, dark=dark),
            "params_against_size",
            pooling_params.alt_text(f"input size, {image_size} pixels", names, values),
        )
    with right:
        widgets.plot(
            pooling_params.against_channels(specs, (height, width), channels, dark=dark),
            "params_against_channels",
            pooling_params.alt_text(f"channels, {channels:,}", names, values),
        )
    st.caption(_vgg16())


def _vgg16() -> str:
    """Return the parameters of the best-known head with Flatten, as a sum."""
    published = imagenet_facts.get("vgg16")
    shape = backbones.load_layer_table("vgg16", published.image_size)[-1].output_shape
    (inputs,) = heads.pooled_shape(HeadSpec("flatten"), shape)
    sizes = (inputs, *published.hidden_units, imagenet_facts.NUM_CLASSES)
    terms = [heads.dense_params(*pair) for pair in pairwise(sizes)]
    share = 100 * sum(terms) / imagenet_facts.params_with_top("vgg16")
    return (
        f"VGG16 as published feeds {' × '.join(map(str, shape))} values into three Dense layers: "
        f"{' + '.join(f'{term:,}' for term in terms)} = {sum(terms):,} parameters, "
        f"{share:.0f} % of the whole network."
    )


@st.fragment
def show_line() -> None:
    """Show where Flatten is the better choice: accuracy by number of channels, interactively."""
    lines = channel_threshold.lines()
    # --- Controls ---
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = st.segmented_control(
            "Images",
            list(lines),
            format_func=lambda id_: widgets.quiet(
                f"{datasets.get(id_).title}, {lines[id_].num_images:,}"
            ),
            key=state.LINE_DATASET,
            persist_state="session",
            required=True,
            default=next(iter(lines)),
        )
        line = lines[str(dataset)]
        channels = st.select_slider(
            f"Channels kept of {line.rows[-1].channels:,}",
            [row.channels for row in line.rows],
            value=FIRST_CHANNELS,
            key=state.CHANNELS_KEPT,
            persist_state="session",
        )

    # --- Numbers ---
    chosen = next(row for row in line.rows if row.channels == channels)

    # --- Result ---
    left, right = st.columns([3, 2])
    with left:
        widgets.plot(
            line_figure.figure(line, chosen, dark=shell.is_dark()),
            "channel_line",
            line_figure.alt_text(line, chosen),
        )
    shape = (line.height, line.width, chosen.channels)
    with right:
        for pooling, accuracy in (("flatten", chosen.flatten), ("gap", chosen.gap)):
            params = heads.count_params(HeadSpec(pooling), shape).total
            widgets.card(
                f"{heads.SHORT_NAMES[pooling]} + Dense",
                f"{100 * accuracy:.1f} %",
                f"{params:,} parameters on {' × '.join(f'{side:,}' for side in shape)}",
            )
    st.markdown(verdict(line, chosen))
    st.caption(
        f"EfficientNet-Lite0 at {line.image_size} pixels with a random choice of its channels; "
        f"means over {line.num_draws} random choices of channels and images, tested on "
        f"{line.num_tested:,} other images. `python -m lib.tools.measure_channels`"
    )


def verdict(line: ChannelLine, chosen: Measured) -> str:
    """Say which head is better with this number of channels, and where the threshold lies.

    Args:
        line: The measurement.
        chosen: The row on screen.
    """
    points = f"{100 * abs(chosen.flatten - chosen.gap):.1f} points"
    here = {
        "flatten": f"With {chosen.channels:,}, **Flatten** is better by {points}: so few averages "
        "carry too little information, and positions help.",
        "gap": f"With {chosen.channels:,}, **GAP** is better by {points}: its averages carry "
        "enough information, and the larger head overfits.",
        "": f"With {chosen.channels:,}, the difference may be chance: choose **GAP**, because it "
        "has fewer parameters.",
    }[chosen.better]
    times = line.height * line.width
    return (
        f"{here} With these {line.num_images:,} images the threshold lies between "
        f"{line.flatten_up_to:,} and {line.gap_from:,} channels: above it Flatten is never better "
        f"by more than chance, and GAP has {times} times fewer weights."
    )
