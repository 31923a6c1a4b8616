"""Splits on the page Data: the use of each image, and a way of splitting that leaks."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import streamlit as st

from lib.core import splits
from lib.core.datasets import DatasetSpec
from lib.core.errors import ThawError
from lib.core.images import inspection, shuffle_leak
from lib.core.splits import IntArray
from lib.figures.images import leak
from lib.ui import ask, shell, sources, state, widgets
from lib.ui.parts.dots import component as dots
from lib.ui.parts.dots import payload as drawing

WAITING_HEIGHT = 320
LABELS_KEPT = 4
# Enough to show the leak: by then nearly every validation image has been trained on.
NUM_EPOCHS = 10
# A browser animates this many smoothly; the shares are the same as with all images.
MAX_LEAK_IMAGES = 2_400
BUFFERS = {
    0: "all images",
    shuffle_leak.KERAS_BUFFER: f"{shuffle_leak.KERAS_BUFFER} images, as Keras does",
}


def labels_of(dataset: DatasetSpec) -> IntArray | None:
    """Return the class of every image; while a worker reads them, show so here and return None."""
    shipped = inspection.shipped(dataset.id, dataset.fingerprint)
    if shipped is not None:
        return shipped.labels
    labels: IntArray | None = ask.ask(
        state.DATA_LABELS,
        dataset.fingerprint,
        "lib.training.answers.dataset:labels",
        waiting="Reading the classes of the images",
        room=WAITING_HEIGHT,
        keep=LABELS_KEPT,
        read=lambda said: np.asarray(said["labels"], np.int64),
        dataset=dataset.id,
        fingerprint=dataset.fingerprint,
    )
    return labels


def show(dataset: DatasetSpec) -> None:
    """Show the split of a dataset, and demonstrate how the split of many tutorials leaks.

    Args:
        dataset: The chosen dataset, which is on this machine.
    """
    labels = labels_of(dataset)
    if labels is None:
        return
    _sections(dataset, labels)


@st.fragment
def _sections(dataset: DatasetSpec, labels: IntArray) -> None:
    try:
        _split(dataset, labels)
    except ThawError as error:
        widgets.problem(error)
    else:
        _leak(dataset, labels)


def _split(dataset: DatasetSpec, labels: IntArray) -> None:
    st.subheader("Every image has one use", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = dataset.max_train_images
        key = f"{state.SPLIT_IMAGES}_{dataset.fingerprint}"
        state.start_with(key, min(most, max(dataset.num_classes, round(most / 2))))
        num_images = st.number_input(
            f"Training images, of {most:,}", dataset.num_classes, most, step=1, key=key, width=220
        )
        about = "Chooses the training images. Validation and test images do not depend on it."
        seed = widgets.seed("Seed", state.SPLIT_SEED, 1, about)
    given = splits.given_of(dataset.num_given)
    parts = splits.split(labels, int(num_images), seed, dataset.class_names, given)
    described = drawing.split_dots(parts, labels, dataset.class_names, dark=shell.is_dark())
    dots.show(described, state.SPLIT_DOTS)
    counts = inspection.per_class(parts, labels, dataset.num_classes)
    stratified = "" if dataset.num_given else f"**Stratified**: {_stratified(counts)} "
    st.markdown(
        f"{stratified}**Disjoint**: the list of "
        "images is divided before anything is shuffled or read, so no image is in two splits. "
        "**The same for every run**: the seed chooses the training images only, and with the same "
        "seed a smaller training set is part of a larger one. So two runs can be compared."
    )
    if dataset.num_given:
        st.markdown(
            "In this dataset the folders say which split an image is in, so each class has the "
            "share that they give it. A split without a folder gets a sixth of the training images."
        )
    with st.expander(f"Images of each class, seed {seed}", icon=":material/table_rows:"):
        st.table(
            [
                {"Class": widgets.in_a_table(name)}
                | {title.capitalize(): int(of[label]) for title, of in counts.items()}
                for label, name in enumerate(dataset.class_names)
            ],
            hide_index=True,
            border="horizontal",
        )


def _stratified(counts: Mapping[str, IntArray]) -> str:
    """How alike the shares of the classes came out, in one sentence; with few images, not very.

    Args:
        counts: Images of each class in each split, from inspection.per_class.
    """
    sizes = sum(counts.values())
    validate, test = (_from_to(counts[name] / sizes) for name in ("validation", "test"))
    return (
        "the classes have their shares of each split as evenly as whole images allow: of a class, "
        f"{validate} of the images validate and {test} test."
    )


def _from_to(shares: npt.NDArray[np.float64]) -> str:
    low, high = (f"{share:.0%}".replace("%", " %") for share in (shares.min(), shares.max()))
    return low if low == high else f"{low} to {high}"


def _leak(dataset: DatasetSpec, labels: IntArray) -> None:
    st.subheader("What goes wrong with shuffle, take and skip", anchor=False)
    shown = np.array(sorted(inspection.sample(len(labels), MAX_LEAK_IMAGES)), np.int64)
    num_images, num_validation = len(shown), splits.evaluation_size(len(shown))
    text, picture = st.columns([1, 1.15], gap="medium")
    with text:
        st.markdown(
            "Many tutorials split like this. `shuffle` has a new order every time the data is "
            "read, and it is read twice an epoch: once to train, once to validate. So `take` and "
            "`skip` divide two different orders, and a validation image may be one the network "
            "has just been trained on. The accuracy then measures memorisation."
        )
        buffer = st.selectbox(
            "Shuffled within a buffer of",
            list(BUFFERS),
            format_func=BUFFERS.__getitem__,
            key=state.LEAK_BUFFER,
            help="`image_dataset_from_directory` shuffles within eight batches of 32 images.",
        )
        # No highlighting: its colours have too little contrast.
        st.code(
            shuffle_leak.code(num_images, num_validation, buffer), language=None, wrap_lines=True
        )
    epochs = shuffle_leak.take_and_skip(
        num_images,
        num_validation,
        num_epochs=NUM_EPOCHS,
        seed=int(state.read(state.SPLIT_SEED, 1)),  # type: ignore[call-overload]
        buffer_size=buffer,
    )
    first, last = epochs[0], epochs[-1]
    with picture:
        st.markdown(
            f"**After one epoch {len(first.seen):,} of {num_validation:,} validation images have "
            f"been trained on, after {last.epoch} {_all_or(len(last.seen), num_validation)}.**"
        )
        widgets.plot(
            leak.figure(epochs, dark=shell.is_dark()),
            state.LEAK_FIGURE,
            leak.alt_text(epochs),
        )
    described = drawing.leak_dots(epochs, labels[shown], dataset.class_names, dark=shell.is_dark())
    dots.show(described, state.LEAK_DOTS)
    sample = "" if num_images == len(labels) else f" A sample of {num_images:,} images is shown."
    st.caption(
        f"Drawn with seed {state.read(state.SPLIT_SEED, 1)}, as tf.data draws.{sample} In the "
        "TensorFlow tutorial the same happens between its test and its validation images."
    )
    sources.cite("tf-transfer", "tf-shuffle")
    widgets.show_source(splits.split, shuffle_leak.take_and_skip, shuffle_leak.trained_on)


def _all_or(number: int, total: int) -> str:
    return f"all {total:,}" if number == total else f"{number:,}"
