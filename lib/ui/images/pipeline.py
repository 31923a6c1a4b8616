"""The path of one image to a network, on the page Data: every step and its effect."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from lib.code import tf_data
from lib.core import backbones
from lib.core.backbones import BackboneSpec, Preprocessing
from lib.core.datasets import DatasetSpec
from lib.core.files import outside_text
from lib.core.maps import feature_maps, predictions
from lib.figures.images import histogram
from lib.ui import ask, shell, state, widgets
from lib.ui.maps import class_names, subject
from lib.ui.parts import base
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import Choice
from lib.ui.parts.prediction import component as prediction_board
from lib.ui.parts.prediction import payload as prediction_payload
from lib.ui.parts.tiles import component as tiles
from lib.ui.parts.tiles.component import Row, Tile

WAITING_HEIGHT = 900
ANSWERS_KEPT = 6
OF_DATASET = "dataset"
# Photographs that ship with Thaw: unlike many datasets' images, they are not square.
PHOTOGRAPHS = ("cat", "espresso")
# In pixels on the page: a laptop shows eight small tiles in a row, a phone two middle ones.
SMALL, MIDDLE, LARGE = 100, 168, 200
WAYS = {
    "stretched": ("Stretched", "Complete, but distorted. Thaw's runs do this."),
    "cropped": ("Cropped", "Not distorted, but the edges are cut off."),
    "padded": ("Padded", "Complete and not distorted, but part of the input is empty."),
}


def show(dataset: DatasetSpec) -> None:
    """Show the steps for an image of the dataset or a photograph that ships with Thaw.

    Args:
        dataset: The chosen dataset, which is on this machine.
    """

    @st.fragment
    def body() -> None:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            index = _number(dataset)
            about = "For the random augmentation in step 3."
            seed = widgets.seed("Augmentation seed", state.PIPELINE_SEED, 0, about)
            with st.container(width=240):
                backbone = widgets.backbone_picker()
        above = st.container()
        example = _example()
        said = ask.ask(
            state.PIPELINE,
            (dataset.fingerprint, example or index, backbone.image_size, seed),
            "lib.training.answers.dataset:pipeline",
            waiting="A worker is opening the image",
            room=WAITING_HEIGHT,
            keep=ANSWERS_KEPT,
            **_asked(dataset, example, index),
            image_size=backbone.image_size,
            seed=seed,
        )
        of_dataset = (dataset.fingerprint, index, backbone.image_size, seed)
        with above:
            _picker(index, ask.answers(state.PIPELINE).get(of_dataset), example)
        if said is None:
            return
        _stored(dataset, example, index, said)
        _resized(backbone, said)
        _augmented(said)
        _rescaled(dataset, backbone, example, index, said)
        _batched(backbone)
        _code(dataset, backbone, seed)
        widgets.show_source(Preprocessing.apply)

    body()


# --- Choosing the image -----------------------------------------------------------------------


def _number(dataset: DatasetSpec) -> int:
    key = f"{state.PIPELINE_NUMBER}_{dataset.fingerprint}"
    number = st.number_input(
        f"Image of {dataset.num_images:,}",
        0,
        dataset.num_images - 1,
        step=1,
        key=key,
        on_change=state.choose,
        args=(state.PIPELINE_IMAGE, OF_DATASET),
        width=170,
    )
    st.button(
        "Another",
        key=f"{key}_another",
        icon=":material/casino:",
        on_click=_another,
        args=(key, dataset.num_images),
    )
    return int(number)


def _another(key: str, num_images: int) -> None:
    state.choose(key, random.randrange(num_images))
    state.choose(state.PIPELINE_IMAGE, OF_DATASET)


def _example() -> str:
    """Return the id of the shipped photograph on screen; "" for an image of the dataset."""
    chosen = state.read(state.PIPELINE_IMAGE)
    return str(chosen) if chosen in PHOTOGRAPHS else ""


def _asked(dataset: DatasetSpec, example: str, index: int) -> dict[str, Any]:
    """Return the arguments with which a worker finds the image."""
    return {
        "dataset": dataset.id,
        "fingerprint": dataset.fingerprint,
        "index": index,
        "image": feature_maps.examples()[example].picture() if example else b"",
    }


def _picker(index: int, known: Mapping[str, Any] | None, example: str) -> None:
    """Let the reader choose the image of the dataset, once it is decoded, or a photograph."""
    thumbnail = drawing.data_uri(known["stretched"]) if known else ""
    choices = [Choice(OF_DATASET, f"Image {index:,}", thumbnail)]
    choices += [subject.shipped()[id_] for id_ in PHOTOGRAPHS]
    drawn = prediction_payload.picker(choices, example or OF_DATASET)
    prediction_board.show(drawn, state.PIPELINE_PICKER, _take_over)


def _take_over() -> None:
    """Store the image that the reader chose in the browser; ignore invalid values."""
    match base.said(state.PIPELINE_PICKER, "choice"):
        case {"id": str(id_)} if id_ in (OF_DATASET, *PHOTOGRAPHS):
            state.choose(state.PIPELINE_IMAGE, id_)


# --- The steps ----------------------------------------------------------------------------------


def _stored(dataset: DatasetSpec, example: str, index: int, said: Mapping[str, Any]) -> None:
    st.subheader("1  As stored", anchor=False)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        with st.container(width=LARGE + 2):
            tiles.show(
                [Row([Tile(said["preview"], "The image as it is stored")])],
                state.PIPELINE_STORED,
                LARGE,
            )
        width, height = said["size"]
        shape = " × ".join(str(side) for side in said["shape"])
        array = int(np.prod(said["shape"])) * np.dtype(said["dtype"]).itemsize
        with st.container(width=420):
            st.markdown(
                f"{said['kind']}, **{width:,} × {height:,} pixels**, {said['size_bytes']:,} bytes "
                f"in the file.\n\nDecoded: an array of {shape}, `{said['dtype']}`, **from "
                f"{said['low']:,} to {said['high']:,}**, {array:,} bytes in memory."
            )
            if example:
                st.caption(subject.credit(example))
            else:
                name = outside_text.in_markdown(dataset.class_names[said["label"]])
                st.markdown(f"The true class is {name}, label {said['label']}.")
                widgets.attribution(dataset)


def _resized(backbone: BackboneSpec, said: Mapping[str, Any]) -> None:
    side = backbone.image_size
    st.subheader(f"2  Resized to {side} × {side}", anchor=False)
    width, height = said["size"]
    ways = [
        Tile(said[way], f"The image {way}", title, words) for way, (title, words) in WAYS.items()
    ]
    tiles.show([Row(ways)], state.PIPELINE_WAYS, MIDDLE)
    if width == height:
        st.caption(
            "This image is square, so all three are the same. The photographs above are not square."
        )


def _augmented(said: Mapping[str, Any]) -> None:
    st.subheader("3  Augmented, if the run asks for it", anchor=False)
    st.markdown(
        "In training, each image is flipped, rotated, zoomed and changed in contrast at random, "
        "anew in every epoch, so the network cannot memorise it. Validation and test images are "
        "never changed. These are eight random draws of the layers that Thaw trains with."
    )
    draws = [Tile(draw, f"Draw {number}") for number, draw in enumerate(said["augmented"], start=1)]
    tiles.show([Row(draws)], state.PIPELINE_DRAWS, SMALL)


def _rescaled(
    dataset: DatasetSpec,
    backbone: BackboneSpec,
    example: str,
    index: int,
    said: Mapping[str, Any],
) -> None:
    how, pixels = backbone.preprocessing, said["pixels"]
    st.subheader(f"4  Rescaled for {backbone.title}", anchor=False)
    st.markdown(f"A network expects the value range of its training: {predictions.in_words(how)}.")
    values = how.apply(pixels)
    low, high = how.value_range
    built_in = how == backbones.BUILT_IN
    twice = st.toggle(
        "Apply it twice, a common mistake",
        key=state.PIPELINE_TWICE,
        disabled=built_in,
        help="This network rescales its input itself, so nothing is applied." if built_in else None,
    )
    before, after = st.columns(2, gap="medium")
    with before:
        st.markdown(f"**Before: {pixels.min():,} to {pixels.max():,}**, integers from 0 to 255")
        _histogram(pixels, (0.0, 255.0), "value, 0 to 255", "before")
    with after:
        if twice and not built_in:
            values = how.apply(values)
            narrow = how.apply(np.array([[low] * 3, [high] * 3]))
            st.markdown(
                f"**After twice: {_say(values.min())} to {_say(values.max())}**, "
                f"expected {_say(low)} to {_say(high)}"
            )
            axis = min(low, float(narrow.min())), max(high, float(narrow.max()))
        else:
            found = f"{_say(values.min())} to {_say(values.max())}"
            st.markdown(f"**After: {found}**, expected {_say(low)} to {_say(high)}")
            axis = low, high
        _histogram(values, axis, "input of the network", "after")
    if twice and not built_in:
        _twice(dataset, backbone, example, index)


def _say(value: float) -> str:
    """Format a number with four significant digits and a true minus sign."""
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def _histogram(
    values: npt.NDArray[Any], value_range: tuple[float, float], title: str, place: str
) -> None:
    widgets.plot(
        histogram.values(values, value_range, title, dark=shell.is_dark()),
        f"{state.PIPELINE}_{place}",
        histogram.values_alt_text(values, title),
    )


def _twice(dataset: DatasetSpec, backbone: BackboneSpec, example: str, index: int) -> None:
    """Show the predictions for an image that was rescaled twice."""
    said = ask.ask(
        state.TWICE,
        (dataset.fingerprint, example or index),
        "lib.training.answers.dataset:preprocessed_twice",
        waiting="The network is classifying the images",
        room=150,
        keep=ANSWERS_KEPT,
        **_asked(dataset, example, index),
    )
    if said is None:
        return
    names = class_names.names()
    rows = (("Rescaled once", "once"), ("Rescaled twice", "twice"), ("Not rescaled", "never"))
    lines = ["| Input | Prediction of the ImageNet classifier | Probability |", "|---|---|---:|"]
    for title, key in rows:
        best, probability = said[key]
        lines.append(f"| {title} | {names[best]} | {probability:.1%} |")
    st.markdown("\n".join(lines))
    common, times = said["common"]
    st.markdown(
        f"Of {said['asked']:,} other images of this dataset, **{said['changed']:,} get another "
        f"prediction** when they are rescaled twice, {times:,} of them {names[common]}. There is "
        "no error message; the predictions are just wrong."
    )
    if backbone.id != feature_maps.BACKBONE:
        st.caption("Predicted by EfficientNet-Lite0, whose classifier ships with Thaw.")


def _batched(backbone: BackboneSpec) -> None:
    side, size = backbone.image_size, tf_data.BATCH_SIZE
    st.subheader("5  Batched", anchor=False)
    megabytes = size * side * side * 3 * 4 / 1e6
    st.markdown(
        f"{size} images form one array of **{size} × {side} × {side} × 3**, `float32`, "
        f"{megabytes:.1f} MB: images, height, width, channels. Weights are updated once per batch."
    )


def _code(dataset: DatasetSpec, backbone: BackboneSpec, seed: int) -> None:
    with st.expander("The whole pipeline as tf.data code", icon=":material/code:"):
        st.code(
            tf_data.code(
                dataset,
                backbone,
                image_size=backbone.image_size,
                num_images=dataset.max_train_images,
                seed=seed,
            ),
            # No highlighting: its colours have too little contrast.
            language=None,
        )
        st.caption(
            "Thaw decodes with Pillow, so that every machine gets the same pixels. TensorFlow's "
            "resizing differs by at most 1 of 255, and by more for large JPEG files, which Pillow "
            "decodes at a fraction of their size. Only Thaw applies the EXIF orientation and the "
            "colour profile of a photograph, puts transparent images on white and reads AVIF."
        )
