"""The measured similarity of images to ImageNet, on the page Strategy."""

from dataclasses import replace

import streamlit as st

from lib.core import datasets
from lib.core.datasets import DatasetSpec, is_own
from lib.core.errors import ThawError
from lib.core.features import image_map
from lib.core.features.probes import Probes
from lib.core.strategy import rule, similarity
from lib.core.strategy.similarity import Scores
from lib.figures.strategy import similarity as figures
from lib.figures.strategy.similarity import Place
from lib.ui import ask, cache, shell, sources, state, widgets
from lib.ui.features import dataset as at_every_depth
from lib.ui.features.words import finding
from lib.ui.parts.image_map import component as curve
from lib.ui.strategy import answers

WAITING_HEIGHT = 90
ANSWERS_KEPT = 8
# If the answer and the measurement differ by less, they agree, whatever the interval.
CLOSE = 0.1
TASK = "lib.training.answers.similarity:measure"


def show(dataset: DatasetSpec, said: float) -> None:
    """Show the measured similarity, and whether it agrees with the reader's answer.

    Args:
        dataset: The chosen dataset, of the registry or the reader's own.
        said: The reader's answer, on the scale of similarity.on_scale.
    """
    scores = _scores(dataset)
    if scores is None:
        return
    place = similarity.on_scale(scores)
    st.markdown(f":material/straighten: {in_words(scores, said)}")
    if abs(said - place) > CLOSE:
        st.button(
            f"Answer {place:.2f} instead",
            key=state.SIMILARITY_TAKE,
            icon=":material/check:",
            on_click=_take,
            args=(dataset, round(place, 2)),
        )
    with st.expander("Measured instead of guessed: the similarity", icon=":material/straighten:"):
        left, right = st.columns(2, gap="medium")
        with left:
            _scale(dataset, scores, said)
        with right:
            every = at_every_depth.known(dataset)
            if every is None:
                _depths(scores)
            else:
                _every_depth(every.probes)
        st.markdown(
            earlier_in_words(scores)
            if every is None
            else f"**Which features to use?** {finding(every.probes)}"
        )
        st.page_link(
            shell.PAGES["features"].path,
            label="Every depth, and the images as a map",
            icon=shell.PAGES["features"].icon,
            query_params={state.LINK_DATASET: dataset.id},
        )
        _details(scores)


def _take(dataset: DatasetSpec, place: float) -> None:
    """Replace the reader's answer by the measurement."""
    situation = answers.read(dataset).situation
    answers.answer(dataset.id, replace(situation, similarity=place))


def known(dataset: DatasetSpec) -> Scores | None:
    """Return a measurement that ships with Thaw or that this session made; None if there is none.

    Raises:
        StoreError: If the shipped measurements are damaged.
    """
    shipped = similarity.references().get(dataset.id)
    # The photographs of cats and dogs are measured on a sample.
    if shipped and dataset.id in datasets.DATASETS:
        return shipped
    return ask.answers(state.SIMILARITY).get(dataset.fingerprint)


def _scores(dataset: DatasetSpec) -> Scores | None:
    """Return the measurement; if there is none, show how to get one and return None."""
    try:
        return known(dataset) or _asked(dataset)
    except ThawError as error:
        widgets.problem(error)
        return None


def _asked(dataset: DatasetSpec) -> Scores | None:
    """Offer to measure; return the worker's answer, or None while there is none."""
    num_images = min(similarity.MAX_IMAGES, dataset.num_images)
    if cache.downloads().standing(dataset).state != "ready":
        st.markdown("Nothing can be measured before the images are on this machine.")
        st.page_link(shell.PAGES["data"].path, label="Download them", icon=":material/download:")
        return None
    asked = f"{state.SIMILARITY}_asked_{dataset.fingerprint}"
    if not state.read(asked):
        st.markdown(
            "You can measure the similarity instead of guessing it: a frozen ImageNet network "
            f"computes features of up to {num_images:,} images, and small models show how useful "
            "they are. That takes ten to twenty seconds. Test images are not used."
        )
        st.button(
            "Measure similarity",
            key=state.SIMILARITY_MEASURE,
            icon=":material/straighten:",
            on_click=state.choose,
            args=(asked, True),
        )
        return None
    answer: Scores | None = ask.ask(
        state.SIMILARITY,
        dataset.fingerprint,
        TASK,
        waiting=f"Computing features of up to {num_images:,} images with EfficientNet-Lite0",
        room=WAITING_HEIGHT,
        keep=ANSWERS_KEPT,
        read=similarity.parse,
        dataset=dataset.id,
        fingerprint=dataset.fingerprint if is_own(dataset.id) else "",
    )
    return answer


# --- In words -------------------------------------------------------------------------------------


def in_words(scores: Scores, said: float) -> str:
    """Say where the images lie on the scale, and whether the reader's answer agrees.

    Args:
        scores: The measurement.
        said: The reader's answer, on the same scale.
    """
    place = similarity.on_scale(scores)
    low, high = similarity.scale_interval(scores)
    measured = (
        f"Measured on {scores.num_images:,} images the similarity is **{place:.2f}**, 95 % "
        f"interval {low:.2f} to {high:.2f}. The answer above says {said:.2f}."
    )
    apart = said - place
    if abs(apart) <= CLOSE:
        return f"{measured} They agree."
    if low <= said <= high:
        return f"{measured} They agree within the interval."
    side = "more" if apart > 0 else "less"
    words = f"{measured} :material/warning: **They disagree**: it is {abs(apart):.2f} {side}."
    border = rule.SIMILAR
    if (place >= border) != (said >= border):
        named = "similar" if place >= border else "dissimilar"
        words += (
            f" By measurement these images are {named}, on the other side of the border at "
            f"{border:g}, where the rule gives another recommendation."
        )
    return words


def earlier_in_words(scores: Scores) -> str:
    """Say whether features of an earlier layer are better than the late ones, with the numbers."""
    late = scores.depths[-1]
    best = similarity.best_earlier(scores)
    late_share = scores.share(late.probe_correct).value
    if best is None:
        return (
            f"**Which features to use?** The late ones, of `{late.layer}`: no earlier depth gets "
            f"more than their {late_share:.1%} of the images right."
        )
    found = scores.against_late(best)
    numbers = (
        f"{scores.share(best.probe_correct).value:.1%} of the images right with features of "
        f"`{best.layer}` and {late_share:.1%} with the late ones; difference "
        f"{100 * found.difference:.1f} points, 95 % interval {100 * found.low:+.1f} to "
        f"{100 * found.high:+.1f}"
    )
    if found.told_apart:
        return (
            f"**Which features to use?** Those of an earlier layer: {numbers}. The layers after it "
            "are too specific to ImageNet for these images."
        )
    return (
        f"**Which features to use?** {best.name.capitalize()} ones are better, but this may be "
        f"chance: {numbers}. A head on an earlier layer is worth a try."
    )


# --- Figures --------------------------------------------------------------------------------------


def _scale(dataset: DatasetSpec, scores: Scores, said: float) -> None:
    places = scale_places(dataset, scores, said)
    st.markdown("**Between random pixels, 0, and everyday photographs, 1**")
    widgets.plot(
        figures.scale(places, rule.SIMILAR, dark=shell.is_dark()),
        "similarity_scale",
        figures.scale_alt(places),
    )


def scale_places(dataset: DatasetSpec, scores: Scores, said: float) -> list[Place]:
    """Return the rows of the scale, the most similar first and the reader's answer last.

    Args:
        dataset: The measured dataset.
        scores: The measurement.
        said: The reader's answer.
    """
    rows = [
        Place(
            datasets.DATASETS[name].title if name in datasets.DATASETS else "Random pixels",
            similarity.on_scale(reference),
        )
        for name, reference in similarity.references().items()
        if name != dataset.id
    ]
    # The name of a reader's own images is untrusted, and Plotly interprets some markup.
    title = "Your images" if is_own(dataset.id) else dataset.title
    rows.append(Place(title, similarity.on_scale(scores), similarity.scale_interval(scores)))
    rows.sort(key=lambda place: -place.value)
    return [*rows, Place("Your answer", said, said=True)]


def _depths(scores: Scores) -> None:
    st.markdown("**Accuracy with features of three depths**")
    widgets.plot(
        figures.depths(scores, dark=shell.is_dark()),
        "similarity_depths",
        figures.depths_alt(scores),
    )
    st.caption(
        "The network stays frozen. A linear probe is the smallest head on its features; nearest "
        "neighbours vote without any head."
    )


def _every_depth(found: Probes) -> None:
    """Show what the page Features shows: the accuracy of a head at every depth."""
    st.markdown("**Accuracy with features of every depth**")
    best = found.depth(found.best).block
    opened = {"depth": best, "projection": image_map.PROJECTIONS[0], "times": 0}
    curve.show(
        curve.payload("Accuracy by depth", None, [], found, opened=opened, dark=shell.is_dark()),
        state.SIMILARITY_DEPTHS,
    )
    st.caption("The network stays frozen; a head is fitted to the features of each depth.")


def _details(scores: Scores) -> None:
    """Show every number, its meaning, and the definition of the scale."""
    st.markdown("**What was measured, and what the scale means**")
    st.table(
        [
            {
                "Depth": f"**{depth.name.capitalize()}**, `{depth.layer}`",
                "Linear probe": _share(scores, depth.probe_correct),
                "Neighbours": _share(scores, depth.neighbours_correct),
                "LogME": f"{depth.logme:.3f}",
            }
            for depth in scores.depths
        ],
        hide_index=True,
        border="horizontal",
    )
    st.markdown(_measures_in_words(scores))
    st.markdown(_scale_in_words(scores))
    sources.cite("alain-2016", "you-2021")


def _measures_in_words(scores: Scores) -> str:
    sure = scores.sureness
    return (
        f"- **Linear probe**: cross-validation, fitted to {similarity.NUM_FOLDS - 1} of "
        f"{similarity.NUM_FOLDS} parts of the images and tested on the other. Always predicting "
        f"the largest class would give {scores.chance:.3f}. In brackets: 95 % intervals.\n"
        f"- **Neighbours**: the vote of the {similarity.NUM_NEIGHBOURS} most similar of the other "
        "images; nothing is fitted.\n"
        "- **LogME**: the evidence of the labels, averaged over all linear heads, so that a better "
        "fit raises it and a more complex one lowers it. Higher is better; compare it only "
        "between depths of one dataset.\n"
        "- **Confidence**: the classifier of ImageNet gives the most probable of its 1,000 classes "
        f"a probability of {sure.value:.3f} on average [{sure.low:.2f}, {sure.high:.2f}]. Its "
        f"entropy is {scores.entropy:.2f}, where 1 would be a blind guess."
    )


def _scale_in_words(scores: Scores) -> str:
    sure, gained = similarity.parts(scores)
    early, late = similarity.mistakes(scores)
    photographs = similarity.references()[similarity.PHOTOGRAPHS]
    before, after = similarity.mistakes(photographs)
    depth = (
        "the probe makes no mistake on early features, so depth cannot gain anything."
        if gained is None
        else f"the probe gets {early:,} images wrong on early features and {late:,} on late ones; "
        f"for the photographs {before:,} and {after:,}. The gain is {gained:.2f}."
    )
    return (
        "**The scale is a convention**: the mean of two shares. Random pixels have 0 in both, and "
        f"{photographs.num_images:,} photographs of cats and dogs have 1.\n\n"
        f"- *Confidence* of that classifier: {sure:.2f}.\n"
        f"- *Gain from depth*: {depth}\n\n"
        "Other shares or another network would change the values in between, so read them as near "
        f"or far, not to the second digit. Every dataset is measured with EfficientNet-Lite0 at "
        f"{similarity.IMAGE_SIZE} pixels, whatever backbone is chosen above."
    )


def _share(scores: Scores, correct: int) -> str:
    share = scores.share(correct)
    return f"{share.value:.3f} [{share.low:.2f}, {share.high:.2f}]"
