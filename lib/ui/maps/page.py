"""Real images on the pooling page: their feature maps, and the decision that follows from them."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from lib.core import heads
from lib.core.maps import feature_maps, pooling_pairs, predictions
from lib.core.maps.feature_maps import Classifier, Decision, FeatureMaps
from lib.core.maps.pooling_pairs import HeadPair
from lib.core.maps.predictions import Answer
from lib.core.runs import Run
from lib.figures.maps import pooling_pairs as pairs_figure
from lib.ui import cache, glossary, link, run_names, shell, state, widgets
from lib.ui.maps import class_names, maps_link, subject
from lib.ui.maps.maps_link import IMAGENET
from lib.ui.maps.subject import OnScreen, Seen
from lib.ui.parts import base
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import ClassTile, Equation
from lib.ui.uploads import access, rights, single_image

_COMPONENT = base.component("feature_maps", '<section class="feature-maps"></section>')


def _take_over(key: str) -> None:
    """Store what the reader chose in a component; ignore invalid values."""
    sizes = {drawing.size_name(size): size for size in feature_maps.SIZES}
    match base.said(key, "choice"):
        case {"example": str(id_)} if id_ == subject.OWN or id_ in feature_maps.examples():
            state.choose(state.MAPS_EXAMPLE, id_)
        case {"size": str(name)} if name in sizes:
            state.choose(state.MAPS_SIZE, sizes[name])
        case {"channel": int(channel)} if 0 <= channel < feature_maps.NUM_CHANNELS:
            state.choose(state.MAPS_CHANNEL, channel)
            if key == state.MAPS_DECISION:
                state.choose(state.MAPS_SEE, "channel")
        case {"first": int(index)}:
            state.choose(state.MAPS_FIRST, index)


# --- Channels -------------------------------------------------------------------------------------


def show() -> None:
    """Show feature maps of real images, and how the averages become a decision."""

    @st.fragment
    def body() -> None:
        link.warn(maps_link.open_page())
        shown = _channels()
        if state.read(state.MAPS_SEE) == "decision":
            _decision(shown)
        maps_link.share()

    body()


def _channels() -> OnScreen:
    st.subheader("In practice: 1,280 feature maps of a real image", anchor=False)
    st.markdown(
        f"EfficientNet-Lite0 ends in 1,280 feature maps, one for each {glossary.term('channel')}. "
        "Each shows where in the image the network found one feature, and "
        f"{glossary.term('average_pooling', 'GAP')} reduces it to one number: how much of the "
        "feature there was."
    )
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        state.start_with(state.MAPS_SEE, next(iter(maps_link.SEE)))
        see = st.segmented_control(
            "Look at",
            list(maps_link.SEE),
            required=True,
            format_func=lambda id_: widgets.quiet(maps_link.SEE[id_]),
            key=state.MAPS_SEE,
            persist_state="session",
            wrap=True,
        )
    with right:
        own = single_image.own_image(state.MAPS_OWN_WIDGETS, place="expander")
    shown = subject.on_screen(own)
    is_own = shown.id == subject.OWN
    maps = shown.now.maps
    _COMPONENT(
        key=state.MAPS,
        data=drawing.channels(
            maps,
            _channel(maps),
            see=str(see),
            about="Your own image." if is_own else feature_maps.examples()[shown.id].about,
            picture=shown.now.picture,
            shape=shown.now.shape,
            choices=shown.choices,
            chosen=shown.id,
            others={size: seen.maps for size, seen in shown.seen.items()},
            dark=shell.is_dark(),
        ),
        on_choice_change=lambda: _take_over(state.MAPS),
    )
    st.caption("Your own image. It is stored nowhere." if is_own else subject.credit(shown.id))
    return shown


def _channel(maps: FeatureMaps) -> int:
    """Return the channel on screen: the chosen one, or the strongest."""
    chosen = state.read(state.MAPS_CHANNEL)
    return chosen if isinstance(chosen, int) else int(maps.ranking[0])


# --- Decision -------------------------------------------------------------------------------------


def _decision(shown: OnScreen) -> None:
    st.markdown(
        "The head is one Dense layer: a weighted sum of the averages. The same weights applied to "
        "the feature maps give a map of the decision, the class activation map, and its mean is "
        "the same sum. This is exact: **mean of the map + bias = logit**."
    )
    runs = {
        summary.id: summary
        for summary in rights.listed(cache.client().store.summaries())
        if summary.status == "finished"
        and feature_maps.reads_averages(summary.config)
        and access.may_see(summary.config.dataset)
    }
    heads_offered = {IMAGENET: "ImageNet, 1,000 classes"} | run_names.to_choose(runs.values())
    if (asked := link.get(state.LINK_CLASSIFIER)) and asked not in heads_offered:
        link.warn([f"No run {link.quoted(asked)} has a classifier for these feature maps."])
    state.keep_within(state.MAPS_HEAD, heads_offered)
    state.show_again(state.MAPS_HEAD, heads_offered)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head = st.selectbox(
            "Classifier",
            list(heads_offered),
            format_func=heads_offered.__getitem__,
            key=state.MAPS_HEAD,
            on_change=_show_what_it_knows,
            help="ImageNet's classifier, or a finished run that trained only a head on these maps. "
            "A fine-tuned run has feature maps of its own; the page Predict shows where it looks.",
        )
        run = None if head == IMAGENET else cache.client().store.open(head)
        described = _of_run(run, shown) if run else _imagenet(shown)
    if described is None:
        st.caption("The model of this run is not stored, so its decision cannot be explained.")
        return
    if run and shown.size != (run.config.image_size,) * 2:
        st.caption(
            f"This head was trained on {run.config.image_size} x {run.config.image_size} pixels. "
            "It accepts any size, because it sees only averages, but its answers may then differ."
        )
    _COMPONENT(
        key=state.MAPS_DECISION,
        data=described,
        on_choice_change=lambda: _take_over(state.MAPS_DECISION),
    )


def _show_what_it_knows() -> None:
    """Choose an image of the chosen run's dataset, at the run's input size."""
    head = state.read(state.MAPS_HEAD)
    run = cache.client().store.open(str(head)) if head != IMAGENET else None
    if run is None or state.read(state.MAPS_EXAMPLE) == subject.OWN:
        return
    of_dataset = [
        id_
        for id_, example in feature_maps.examples().items()
        if example.dataset == run.config.dataset
    ]
    if of_dataset and state.read(state.MAPS_EXAMPLE) not in of_dataset:
        state.choose(state.MAPS_EXAMPLE, of_dataset[0])
    size = (run.config.image_size, run.config.image_size)
    if size in feature_maps.SIZES:
        state.choose(state.MAPS_SIZE, size)


def _pick_two(
    of: tuple[str, str], options: list[int], top: Sequence[int], names: Sequence[str]
) -> tuple[int, int]:
    """Let the reader choose two classes to compare; by default the two most probable ones.

    Args:
        of: Image and head for which a choice is kept.
        options: Indices of the classes to choose from.
        top: Indices of the most probable classes.
        names: Names of all classes.
    """
    for key in (state.MAPS_FIRST, state.MAPS_SECOND):
        state.keep_within(key, options if state.read(state.MAPS_CLASSES_OF) == of else ())
    state.choose(state.MAPS_CLASSES_OF, of)
    state.start_with(state.MAPS_FIRST, top[0])
    state.start_with(state.MAPS_SECOND, top[1])
    first = st.selectbox("Class", options, format_func=lambda at: names[at], key=state.MAPS_FIRST)
    second = st.selectbox(
        "Compared with", options, format_func=lambda at: names[at], key=state.MAPS_SECOND
    )
    return int(first), int(second)


def _imagenet(shown: OnScreen) -> dict[str, Any]:
    """Describe the network's own decision between the classes of ImageNet."""
    maps, classifier = shown.now.maps, shown.now.classifier
    order = sorted(classifier.classes, key=lambda index: -maps.logits[index])
    question = "Five most probable classes"
    return _of_many(shown, IMAGENET, classifier, class_names.names(), order, maps, question)


def _of_run(run: Run, shown: OnScreen) -> dict[str, Any] | None:
    """Describe the decision of a run's head between its own classes."""
    classifier = feature_maps.run_classifier(run)
    if classifier is None:
        return None
    maps, names = shown.now.maps, run.result["class_names"]
    answer = predictions.from_maps(maps, classifier)
    if len(answer.logits) == 1:
        return _of_two(feature_maps.decide(maps, *classifier.column(1)), names, shown.now)
    order = answer.ranking(len(names))
    return _of_many(shown, run.id, classifier, names, order, answer, "Most probable classes")


def _of_many(
    shown: OnScreen,
    head: str,
    classifier: Classifier,
    names: Sequence[str],
    order: Sequence[int],
    answer: FeatureMaps | Answer,
    question: str,
) -> dict[str, Any]:
    """Describe a decision with one logit per class: the most probable classes, and two of them.

    Args:
        shown: The image on screen.
        head: Id of the head.
        classifier: Weights of the head for the classes in `order`.
        names: Names of all classes.
        order: Classes to choose from, the most probable first.
        answer: Logits and probabilities of all classes; the network's own if it is FeatureMaps.
        question: Label of the most probable classes.
    """
    maps = shown.now.maps
    top = maps.top() if answer is maps else order[: feature_maps.TOP]
    first, second = _pick_two((shown.id, head), list(order), top, names)

    def made(index: int) -> Decision:
        return feature_maps.decide(maps, *classifier.column(index))

    def equation(title: str, result: str, decision: Decision, logit: float) -> Equation:
        said = f"Output of the network: {logit:.4f}.".replace("-", "−") if answer is maps else ""
        return Equation(title, result, decision, said)

    one, other, logits = made(first), made(second), answer.logits
    between = f"{names[first]} against {names[second]}"
    return drawing.decision(
        maps.size,
        picture=shown.now.picture,
        shape=shown.now.shape,
        tiles=[
            ClassTile(index, names[index], made(index), float(answer.probabilities[index]))
            for index in top
        ],
        first=first,
        question=question,
        equations=[
            equation(names[first], "logit", one, logits[first]),
            equation(names[second], "logit", other, logits[second]),
            equation(between, "difference", one - other, logits[first] - logits[second]),
        ],
        averages=maps.averages,
        dark=shell.is_dark(),
    )


def _of_two(made: Decision, names: Sequence[str], seen: Seen) -> dict[str, Any]:
    """Describe a decision with one logit: above 0 it is the second class, below 0 the first."""
    below, above = heads.softmax([made.logit]).tolist()
    said = f"Prediction: {names[1]} with {drawing.percent(above)}, 1 / (1 + e^−logit)."
    if above < below:
        said = f"Prediction: {names[0]} with {drawing.percent(below)}, 1 − 1 / (1 + e^−logit)."
    return drawing.decision(
        seen.maps.size,
        picture=seen.picture,
        shape=seen.shape,
        tiles=[],
        first=1,
        question="",
        equations=[Equation(f"{names[1]} against {names[0]}", "logit", made, said)],
        averages=seen.maps.averages,
        dark=shell.is_dark(),
    )


# --- Recorded -------------------------------------------------------------------------------------


def show_recorded() -> None:
    """Show recorded runs that differ only in the head: curves, test accuracies and a verdict."""
    found = cache.head_pairs()
    if not found:
        with st.container(border=True):
            st.markdown(
                "Two runs that differ only in their head will be compared here. Train one with "
                "**GAP** and one with **Flatten** in the training lab."
            )
            st.page_link("pages/training_lab.py", label="Training lab", icon=":material/science:")
        return
    st.markdown(f"**{pooling_pairs.headline(found)}**")
    st.markdown(
        "Each figure shows two recorded runs with the same frozen EfficientNet-Lite0, images, "
        "seed and epochs. Only the head differs. Training is the thin line, validation the thick "
        "one; Flatten is dashed. Its sum has 9 or 16 times as many terms, so at the same learning "
        "rate it also learns faster."
    )
    _recorded_figures(found)


@st.fragment
def _recorded_figures(found: tuple[HeadPair, ...]) -> None:
    state.start_with(state.HEAD_MEASURE, "loss")
    measure = str(
        st.segmented_control(
            "Curves of",
            ("loss", "accuracy"),
            required=True,
            format_func=widgets.quiet,
            key=state.HEAD_MEASURE,
        )
    )
    # Row by row, so that a narrow screen shows them below each other in this order.
    columns = [column for _ in found[::2] for column in st.columns(2)]
    for column, pair in zip(columns, found, strict=False):
        with column, st.container(gap="small"):
            st.markdown(f"**{pair.title}**  \n{pairs_figure.heads_words(pair)}")
            widgets.plot(
                pairs_figure.curves(pair, measure, dark=shell.is_dark()),
                f"head_pair_{pair.gap.id}",
                pairs_figure.curves_alt(pair, measure),
            )
            st.caption(pooling_pairs.verdict(pair))
    widgets.plot(
        pairs_figure.intervals(found, dark=shell.is_dark()),
        "head_pair_intervals",
        pairs_figure.intervals_alt(found),
    )
