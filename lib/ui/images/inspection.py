"""Inspection of a dataset on the page Data: its classes, image sizes and duplicates."""

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
    """Inspect a dataset; while a worker does so, show its progress here and return None."""
    shipped = inspection.shipped(dataset.id, dataset.fingerprint)
    if shipped is not None:
        return shipped
    look: Look | None = ask.ask(
        state.LOOK,
        dataset.fingerprint,
        "lib.training.answers.dataset:look",
        waiting=f"Inspecting {min(dataset.num_images, inspection.MAX_LOOKED_AT):,} images",
        room=WAITING_HEIGHT,
        keep=ANSWERS_KEPT,
        read=Look.from_worker,
        dataset=dataset.id,
        fingerprint=dataset.fingerprint,
    )
    return look


def show(dataset: DatasetSpec) -> None:
    """Show samples, class balance, sizes, copies and unusable files of a dataset.

    Args:
        dataset: The chosen dataset, which is on this machine.
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
    st.caption(f"A worker inspected {how_many} images in {found.seconds:.1f} s.")
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
    """Show pictures that occur twice, above all in two different splits."""
    st.subheader("The same picture twice", anchor=False)
    st.markdown(
        "A training picture that is also a test picture makes a network look better than it is. "
        "A **perceptual hash** is 64 bits that describe roughly what a picture looks like; pairs "
        f"that differ in at most {near_duplicates.MAX_DISTANCE} bits are then compared pixel by "
        "pixel."
    )
    parts = inspection.every_use(found.labels, found.given)
    crossing = near_duplicates.across(found.pairs, parts) if parts else ()
    copies = [pair for pair in found.pairs if pair.kind != near_duplicates.ALIKE]
    if crossing:
        st.warning(
            f"{len(crossing):,} {'pictures are' if len(crossing) > 1 else 'picture is'} in two "
            "splits at once, so a score on them means little. Keep one of each pair.",
            icon=":material/warning:",
        )
    elif copies:
        several = len(copies) > 1
        st.markdown(
            f"{len(copies):,} {'pairs are' if several else 'pair is'} the same picture, "
            f"{'each ' if several else ''}within one split."
        )
    else:
        st.markdown(f"No picture occurs twice among the {len(found.looked_at):,} inspected ones.")
    if copies:
        _pairs(found, copies, parts, "copies")
    _alike(found, parts)


def _alike(found: Look, parts: Splits | None) -> None:
    """Show nearly alike pairs; their pixels cannot tell whether they show the same thing."""
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
            "Their hashes are close, but they are not copies (the correlation of their pixels is "
            f"below {near_duplicates.COPY_CORRELATION}). Simple images often look alike. But two "
            "photographs of one object, neighbouring slices or frames of one video leak as copies "
            "do, and only somebody who knows the images can decide: please look at them."
        )
        if parts:
            st.markdown(
                f"**{trained:,} of the {len(parts.test):,} test images** are nearly the same as "
                "an image that a run may train on."
            )
        _pairs(found, alike, parts, "alike")


def _pairs(
    found: Look, pairs: Sequence[near_duplicates.Pair], parts: Splits | None, key: str
) -> None:
    """Show the first pairs side by side, and the splits that they are in."""
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
        st.markdown("Every file could be opened, and none was left out.")
        return
    files = "1 file" if len(found.left_out) == 1 else f"{len(found.left_out):,} files"
    st.markdown(f"{files} cannot be used. Runs use the rest.")
    with st.container(height=min(220, 40 + 28 * len(found.left_out)), border=True):
        st.text("\n".join(found.left_out))
