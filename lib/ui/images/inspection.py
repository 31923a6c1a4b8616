"""A look at a dataset on the page Data: its classes, its sizes, and the same picture twice."""

from collections.abc import Sequence

import streamlit as st

from lib.core.datasets import DatasetSpec
from lib.core.images import inspection, near_duplicates
from lib.core.images.inspection import Look
from lib.core.splits import Splits
from lib.figures.images import histogram
from lib.ui import ask, shell, sources, state, widgets
from lib.ui.parts.tiles import component as tiles

WAITING_HEIGHT = 420
ANSWERS_KEPT = 2
TILE = 84  # px on the page


def look_at(dataset: DatasetSpec) -> Look | None:
    """What is in a dataset; None while a worker is looking, which is said here."""
    shipped = inspection.shipped(dataset.id, dataset.fingerprint)
    if shipped is not None:
        return shipped
    look: Look | None = ask.ask(
        state.LOOK,
        dataset.fingerprint,
        "lib.training.answers.dataset:look",
        waiting=f"Looking at {min(dataset.num_images, inspection.MAX_LOOKED_AT):,} images",
        room=WAITING_HEIGHT,
        keep=ANSWERS_KEPT,
        read=Look.from_worker,
        dataset=dataset.id,
        fingerprint=dataset.fingerprint,
    )
    return look


def show(dataset: DatasetSpec) -> None:
    """Samples, class balance, sizes, copies and what was left out.

    Args:
        dataset: The chosen one, which is on this machine.
    """
    found = look_at(dataset)
    if found is None:
        return
    _samples(dataset, found)
    left, right = st.columns(2, gap="medium")
    with left:
        _balance(found)
    with right:
        _sizes(found)
    _copies(found)
    _left_out(found)
    total = f"{len(found.labels):,}"
    how_many = (
        f"all {total}" if found.is_all else f"a sample of {len(found.looked_at):,} of {total}"
    )
    st.caption(f"A worker looked at {how_many} images, in {found.seconds:.1f} s.")
    sources.cite("imagehash")
    widgets.show_source(near_duplicates.close_pairs, near_duplicates.correlation)


def _samples(dataset: DatasetSpec, found: Look) -> None:
    st.subheader("A few images of each class", anchor=False)
    rows = [
        tiles.Row(
            [_tile(found, index) for index in found.samples(label)],
            title=name,
            note=f"{found.counts[label]:,} images",
        )
        for label, name in enumerate(found.class_names)
    ]
    tiles.show(rows, f"{state.LOOK}_samples", TILE)
    widgets.attribution(dataset)


def _balance(found: Look) -> None:
    st.subheader("Class balance", anchor=False)
    widgets.plot(
        histogram.class_bars(found.counts.tolist(), found.class_names, dark=shell.is_dark()),
        f"{state.LOOK}_balance",
        (
            "Images of each class: "
            + ", ".join(f"{n} {c:,}" for n, c in zip(found.class_names, found.counts, strict=True))
        ),
    )
    st.markdown(found.balance_in_words())


def _sizes(found: Look) -> None:
    st.subheader("Image sizes", anchor=False)
    if len(found.sizes):
        widgets.plot(
            histogram.sizes(found.sizes, dark=shell.is_dark()),
            f"{state.LOOK}_sizes",
            f"Width against height. {found.sizes_in_words()}",
        )
    kinds = "; ".join(f"{count:,} {kind}" for kind, count in found.kinds.items())
    st.markdown(
        f"{found.sizes_in_words()} {kinds}. All of them are stretched to one square size before "
        "a network sees them."
    )


def _copies(found: Look) -> None:
    """The same picture twice, and above all in two splits."""
    st.subheader("The same picture twice", anchor=False)
    st.markdown(
        "A picture that was trained on and comes up in the test again makes a network look better "
        "than it is. A **perceptual hash** is 64 bits that say roughly what a picture looks like; "
        f"pairs that differ in at most {near_duplicates.MAX_DISTANCE} of them are compared by "
        "their pixels."
    )
    parts = inspection.every_use(found.labels)
    crossing = near_duplicates.across(found.pairs, parts) if parts else ()
    copies = [pair for pair in found.pairs if pair.kind != near_duplicates.ALIKE]
    if crossing:
        st.warning(
            f"{len(crossing):,} {'pictures are' if len(crossing) > 1 else 'picture is'} in two "
            "splits at once, so a score on them says little. Keep one of each pair.",
            icon=":material/warning:",
        )
    elif copies:
        several = len(copies) > 1
        st.markdown(
            f"{len(copies):,} {'pairs are' if several else 'pair is'} the same picture, "
            f"{'each ' if several else ''}within one split."
        )
    else:
        st.markdown(f"No picture comes twice among the {len(found.looked_at):,} looked at.")
    if copies:
        _pairs(found, copies, parts, "copies")
    _alike(found, parts)


def _alike(found: Look, parts: Splits | None) -> None:
    """Pairs of which the pixels do not say whether they show the same thing."""
    alike = [pair for pair in found.pairs if pair.kind == near_duplicates.ALIKE]
    if not alike:
        return
    number = found.num_pairs[near_duplicates.ALIKE]
    words = "pair is" if number == 1 else "pairs are"
    if sum(found.num_pairs.values()) >= near_duplicates.MAX_PAIRS:
        words = "pairs or more are"
    trained = near_duplicates.trained_alike(alike, parts) if parts else 0
    with st.expander(
        f"{number:,} {words} nearly alike",
        icon=":material/compare:",
    ):
        st.markdown(
            "Their hashes are close, and their pixels are not those of one picture (correlated by "
            f"less than {near_duplicates.COPY_CORRELATION}). Plain things just look alike. But two "
            "photographs of one thing, neighbouring slices of it or frames of one film leak as "
            "copies do, and only somebody who knows the images can tell: have a look."
        )
        if parts:
            st.markdown(
                f"**{trained:,} of the {len(parts.test):,} test images** are nearly like one of "
                "the images a run may train on."
            )
        _pairs(found, alike, parts, "alike")


def _pairs(
    found: Look, pairs: Sequence[near_duplicates.Pair], parts: Splits | None, key: str
) -> None:
    """The first of some pairs side by side, and in which splits they are."""
    crossing = near_duplicates.across(pairs, parts, near_duplicates.KINDS) if parts else ()
    where = {pair: f", in {one} and {other}" for pair, one, other in crossing}
    rows = [
        tiles.Row(
            [_tile(found, index) for index in (pair.first, pair.second)],
            title=f"{pair.first:,} and {pair.second:,}",
            note=f"{near_duplicates.KINDS[pair.kind]}{where.get(pair, '')}; "
            f"{pair.distance} bits differ",
        )
        for pair in pairs
        if {pair.first, pair.second} <= found.thumbnails.keys()
    ]
    tiles.show(rows[: inspection.MAX_PAIRS_SHOWN], f"{state.LOOK}_{key}", TILE, flow=True)


def _tile(found: Look, index: int) -> tiles.Tile:
    name = found.class_names[found.labels[index]]
    return tiles.Tile(found.thumbnails[index], f"{name}, image {index:,}")


def _left_out(found: Look) -> None:
    st.subheader("Left out", anchor=False)
    if not found.left_out:
        st.markdown("Every file could be opened, and nothing was left out.")
        return
    files = "1 file" if len(found.left_out) == 1 else f"{len(found.left_out):,} files"
    st.markdown(f"{files} cannot be used. Runs go on with the rest.")
    with st.container(height=min(220, 40 + 28 * len(found.left_out)), border=True):
        st.text("\n".join(found.left_out))
