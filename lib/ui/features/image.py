"""One image at all depths: which image, what the channels answer, and further channels."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from lib.core.errors import DataError
from lib.core.features import depths, filters, looks
from lib.core.features.looks import Look
from lib.core.maps import feature_maps
from lib.figures import theme
from lib.ui import ask, sources, state, widgets
from lib.ui.features import choices, dataset, words
from lib.ui.maps import subject as subjects
from lib.ui.maps.subject import OWN, Subject
from lib.ui.parts import base
from lib.ui.parts.feature_depths import component as board
from lib.ui.parts.feature_depths.component import Shown
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import Choice
from lib.ui.parts.first_filters import component as first_filters
from lib.ui.parts.tiles import component as tiles
from lib.ui.parts.tiles.component import Row, Tile
from lib.ui.uploads import pickers, single_image

# Filters of the stem that find edges and whose patches show one: the page opens with the first of
# them that an image excites.
SHOW_EDGES = (14, 10, 29, 13)
# In pixels: two strips of patches side by side.
STRIP_WIDTH = 400
KEPT = 4
OWN_ABOUT = "Your own image."


@st.fragment
def show() -> None:
    """Draw the image at all depths; a gesture reruns only this fragment."""
    above, below = st.container(), st.container(horizontal=True, vertical_alignment="center")
    with below:
        own = Subject.of_file(single_image.own_image(state.FEATURES_OWN))
    subject = subjects.picked(own, state.FEATURES_IMAGE, state.FEATURES_DIGEST)
    choices.change(image=subject.id)
    with below:
        st.caption(
            f"{OWN_ABOUT} It is stored nowhere."
            if subject.id == OWN
            else subjects.credit(subject.id)
        )
    with above:
        shown, answers = _shown(subject)
        opened, times = choices.opened()
        board.show(
            board.payload(
                shown,
                _offered(own),
                subject.id,
                {"depth": opened.depth, "channel": opened.channel, "times": times},
                _sentences(),
                first_channels(shown.looks[choices.FIRST_DEPTH]),
            ),
            _take_over,
        )
    widgets.on_demand(
        "More channels of this depth",
        f"{state.FEATURES_CHANNEL}_more",
        partial(_further, subject),
        icon=":material/grid_on:",
    )
    _filters(answers)
    choices.share()


def _sentences() -> list[tuple[str, str]]:
    """Return for each depth what it knows, and what was measured on the chosen dataset."""
    spec = dataset.chosen()
    state.choose(state.FEATURES_SAID, dataset.said_above())
    found, title = dataset.known(spec), pickers.dataset_name(spec.id)
    return [
        (words.knows(depth), words.measured_here(found.probes, title, place) if found else "")
        for place, depth in enumerate(depths.depths())
    ]


def first_channels(look: Look) -> dict[str, int]:
    """Return the channels that are open before the reader chooses, if not the strongest ones.

    In the stem that is a filter that finds edges, or else lines. The strongest one is often about
    colour, and a photograph has that nearly everywhere.

    Args:
        look: What the stem answers to the image.
    """
    kinds = filters.load()["pretrained"].kinds
    wanted = [
        *SHOW_EDGES,
        *(
            channel
            for name in ("edge", "spot")
            for channel in look.channels
            if kinds[channel].name == name
        ),
    ]
    found = [channel for channel in wanted if channel in look.channels]
    return {choices.FIRST_DEPTH: found[0]} if found else {}


def _offered(own: Subject | None) -> list[Choice]:
    """Return the images to choose from; the reader's own comes last."""
    found = list(subjects.shipped().values())
    if own is not None:
        seen = ask.answers(state.FEATURES_LOOK).get(own.digest)
        found.append(Choice(OWN, "Your image", seen[0].picture if seen else ""))
    return found


def _take_over() -> None:
    choices.accept(base.said(state.FEATURE_DEPTHS, "choice"))


def _shown(subject: Subject) -> tuple[Shown, bytes]:
    """Return what the channels answer to the image, and the answers of the first filters.

    Until a worker has looked at the reader's own image, a shipped one stays on screen.
    """
    if subject.id == OWN:
        said = ask.ask(
            state.FEATURES_LOOK,
            subject.digest,
            "lib.training.answers.features:look",
            waiting="The network is looking at your image",
            keep=KEPT,
            read=_from_worker,
            # An error of the image itself would only occur again.
            final=DataError,
            image=subject.data,
        )
        if said is not None:
            shown, answers = said
            return shown, answers
    id_ = subject.id if subject.id != OWN else choices.FIRST_IMAGE
    example = feature_maps.examples()[id_]
    return (
        Shown(drawing.data_uri(example.picture()), example.about, looks.example(id_)),
        looks.answers(id_),
    )


def _from_worker(said: Mapping[str, Any]) -> tuple[Shown, bytes]:
    """Convert the answer of lib.training.answers.features.look; the raw image is not kept."""
    found = {
        depth.block: Look(
            tuple(int(channel) for channel in said[f"{depth.block}_channels"]),
            np.asarray(said[f"{depth.block}_maps"], np.uint8),
        )
        for depth in depths.depths()
    }
    picture = drawing.data_uri(single_image.png(said["image"]), "png")
    return Shown(picture, OWN_ABOUT, found), said["answers"]


# --- Further channels -----------------------------------------------------------------------------


def _further(subject: Subject) -> None:
    """Offer the other channels of the depth: those with patches, and any other by its number."""
    now = choices.read()
    depth = next(each for each in depths.depths() if each.block == now.depth)
    known = looks.channels()[depth.block]
    st.markdown(
        f"**`{depth.block}`: the {len(known.chosen)} most selective of its {depth.channels:,} "
        "channels**, each with the nine patches where it is strongest. A patch is as large as "
        "the receptive field; from block 9 on that is the whole image."
    )
    rows = [
        Row(
            [
                Tile(
                    looks.strip(depth, channel, depths.IMAGE_SIZE).picture,
                    f"Patches where channel {channel} is strongest",
                    f"Channel {channel}",
                )
            ]
        )
        for channel in known.chosen
    ]
    tiles.show(
        rows, f"{state.FEATURES_CHANNEL}_tiles", STRIP_WIDTH, flow=True, parts=looks.NUM_PATCHES
    )
    _any_channel(subject, depth)
    st.caption(
        "The patches come from the drawings, the solar cells and the two photographs that ship "
        "with Thaw. OpenMoji drawings: CC BY-SA 4.0. ELPV solar cells: CC BY-NC-SA 4.0."
    )


def _any_channel(subject: Subject, depth: depths.Depth) -> None:
    key = f"{state.FEATURES_CHANNEL}_{depth.block}"
    state.start_with(key, choices.read().channel or 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = int(
            st.number_input("Any other channel", 0, depth.channels - 1, step=1, key=key, width=170)
        )
        asked = f"{state.FEATURES_CHANNEL}_asked"
        st.button(
            "Show it",
            key=f"{state.FEATURES_CHANNEL}_show",
            icon=":material/search:",
            on_click=state.choose,
            args=(asked, (subject.digest, depth.block, wanted)),
        )
    if state.read(asked) != (subject.digest, depth.block, wanted):
        return
    said = ask.ask(
        state.FEATURES_CHANNEL,
        (subject.digest, depth.block, wanted),
        "lib.training.answers.features:channel",
        waiting=f"Finding where channel {wanted} is strongest",
        keep=KEPT,
        image=subject.data,
        block=depth.block,
        channel=wanted,
        colour=_rgb(theme.LIGHT.heat),
    )
    if said is not None:
        st.markdown(f"**Channel {wanted}**, over the image, and the patches where it is strongest")
        over = Tile(said["over"], f"Channel {wanted} over the image")
        patches = Tile(said["patches"], f"Patches where channel {wanted} is strongest")
        tiles.show([Row([over])], f"{state.FEATURES_CHANNEL}_over", 160)
        tiles.show(
            [Row([patches])],
            f"{state.FEATURES_CHANNEL}_patches",
            STRIP_WIDTH,
            parts=looks.NUM_PATCHES,
        )


def _rgb(colour: str) -> list[int]:
    """Return red, green and blue, 0 to 255.

    Example:

    >>> _rgb("#00795A")
    [0, 121, 90]
    """
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


# --- First filters --------------------------------------------------------------------------------


def _filters(answers: bytes) -> None:
    shown = filters.load()["pretrained"]
    kinds = [kind.name for kind in shown.kinds]
    st.header("The first filters are pictures", anchor="filters")
    with st.container(key="filters_found"):
        st.markdown(
            f"**Of the {len(kinds)} filters of the stem, {kinds.count('edge')} find edges and "
            f"{kinds.count('colour')} find colours.** Each is a picture of 3 x 3 pixels in red, "
            "green and blue, because it works on the image itself. Below it is its answer to the "
            "image. A filter of a later layer has one plane for each channel of the layer before, "
            "dozens or hundreds, so it cannot be looked at as a picture. The patches where it is "
            "strongest can."
        )
    first_filters.show(shown, "first_filters", answers)
    sources.cite("zeiler-2014", "frei-chen-1977")
