"""The page Predict: the image, and the prediction of ImageNet's classifier for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.core import backbones
from lib.core.maps import feature_maps, predictions
from lib.core.maps.predictions import Shown
from lib.ui import ask, glossary, link, shell, state
from lib.ui.maps import class_names
from lib.ui.maps import subject as subjects
from lib.ui.maps.subject import OWN, Seen, Subject
from lib.ui.parts import base
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import Choice
from lib.ui.parts.prediction import component as prediction_board
from lib.ui.parts.prediction import payload as prediction_payload
from lib.ui.parts.prediction.payload import Panel
from lib.ui.uploads import single_image

# Each answer is an image of at most 512 x 512 pixels and its maps: a few hundred kB.
ANSWERS_KEPT = 6
SIZE = (predictions.IMAGENET_SIZE, predictions.IMAGENET_SIZE)
# In pixels: seven pictures in a row, and the height to reserve for an answer.
PICKER_WIDTH = 640
PRETRAINED_HEIGHT = 400


# --- The image ------------------------------------------------------------------------------


def image_picker(first: str | None, *, own_first: bool) -> tuple[Subject, DeltaGenerator]:
    """Let the reader choose a shipped or an own image, which then goes through every network.

    Args:
        first: Id of the example to show until the reader chooses; None for the first of all.
        own_first: True if the reader came to show an image of their own to a run of their own.

    Returns:
        The chosen image, and the place for the choice of the run.
    """
    _open_link()
    if own_first:
        # All shipped images fit into one line; on a narrow screen they come before the upload.
        rest, mine = st.columns([5, 3], gap="medium")
        with mine.container(border=True):
            own = Subject.of_file(single_image.own_image(state.PREDICT_OWN, place="open"))
        shipped, run = rest.container(), rest.container()
    else:
        with st.container(
            horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
        ):
            # On a narrow screen the images take a whole line, and the button the next one.
            shipped = st.container(width=PICKER_WIDTH)
            with st.container(width="content"):
                own = Subject.of_file(single_image.own_image(state.PREDICT_OWN))
        run = st.container()
    chosen = subjects.picked(own, state.PREDICT_IMAGE, state.PREDICT_DIGEST, first)
    choices = [*subjects.shipped().values()]
    if own:
        # Its thumbnail is known once a worker has decoded it.
        seen, _ = ask.answers(state.PREDICT_IMAGENET).get(own.digest, (None, None))
        choices.append(Choice(OWN, "Your image", seen.picture if seen else ""))
    with shipped:
        drawn = prediction_payload.picker(choices, chosen.id)
        prediction_board.show(drawn, state.PREDICT_PICKER, _take_over)
    return chosen, run


def _open_link() -> None:
    """Choose the image that the link names."""
    asked = link.once(state.LINK_IMAGE, state.PREDICT_LINK_IMAGE)
    if asked in feature_maps.examples():
        state.choose(state.PREDICT_IMAGE, asked)
    elif asked is not None:
        link.warn([f"There is no image {link.quoted(asked)} here."])
        link.drop(state.LINK_IMAGE)


def _take_over() -> None:
    """Store the image that the reader chose in the browser; ignore invalid values."""
    match base.said(state.PREDICT_PICKER, "choice"):
        case {"id": str(id_)} if id_ in feature_maps.examples():
            state.choose(state.PREDICT_IMAGE, id_)
            link.follow(state.LINK_IMAGE, id_, state.PREDICT_LINK_IMAGE)
        case {"id": str(id_)} if id_ == OWN:
            # A reader's own image is in no link.
            state.choose(state.PREDICT_IMAGE, id_)
            link.drop(state.LINK_IMAGE)


def called(subject: Subject) -> str:
    """Return a short name of the image."""
    own = subject.id == OWN
    return "your image" if own else feature_maps.examples()[subject.id].title


def truth(subject: Subject, names: Sequence[str], best: int, dataset: str | None = None) -> str:
    """Say in one sentence whether an answer is right; "" where the true class is not known.

    Args:
        subject: The image.
        names: The classes that the network can answer.
        best: Index of its answer.
        dataset: What the network was trained on; None for ImageNet, whose classes have other
            meanings than the true class of an example, so that it can only be missing there.
    """
    example = feature_maps.examples().get(subject.id)
    if example is None or not example.label:
        return ""
    if dataset is None:
        return "" if example.label in names else f"ImageNet has no class “{example.label}”."
    if example.dataset != dataset:
        return ""
    verdict = "Right" if names[best] == example.label else "Wrong"
    return f"{verdict}: the true class is {example.label}."


def as_shown(said: Mapping[str, Any]) -> Shown:
    """Convert the image that lib.training.inference passed to a network."""
    width, height = said["size"]
    return predictions.shown(said["image"], (int(width), int(height)), str(said["format"]))


# --- The pretrained model -------------------------------------------------------------------


def _from_worker(said: Mapping[str, Any]) -> tuple[Seen, Shown]:
    return Seen.from_worker(said), as_shown(said)


def _looked_at(subject: Subject) -> tuple[Seen, Shown] | None:
    """Return the classifier's output; while a worker computes it, show so here and return None."""
    if subject.id != OWN:
        shown = predictions.shown_example(subject.id, predictions.IMAGENET_SIZE)
        return subjects.seen_example(subject.id, SIZE), shown
    answer: tuple[Seen, Shown] | None = ask.ask(
        state.PREDICT_IMAGENET,
        subject.digest,
        subjects.TASK,
        waiting="The network is classifying your image",
        room=PRETRAINED_HEIGHT,
        keep=ANSWERS_KEPT,
        read=_from_worker,
        image=subject.data,
        height=SIZE[0],
        width=SIZE[1],
    )
    return answer


@dataclass(frozen=True, eq=False)
class Pretrained:
    """What ImageNet's classifier says of the image.

    Args:
        shown: The image as the network received it.
        index: The most probable class.
        share: Its probability.
        name: Its name.
    """

    shown: Shown
    index: int
    share: float
    name: str


def pretrained(subject: Subject) -> Pretrained | None:
    """Show the most probable of 1,000 classes with their maps; None while a worker is busy."""
    answer = _looked_at(subject)
    if answer is None:
        return None
    seen, shown = answer
    names, top = class_names.names(), seen.maps.top()
    shares = seen.maps.probabilities
    panel = Panel(
        f"Before: EfficientNet-Lite0 with the 1,000 classes of {glossary.term('imagenet')}",
        f"{names[top[0]]}, {drawing.percent(float(shares[top[0]]))}",
        tuple(
            prediction_payload.ClassLine(
                index,
                names[index],
                float(shares[index]),
                feature_maps.decide(seen.maps, *seen.classifier.column(index)).cam,
            )
            for index in top
        ),
        truth(subject, names, top[0]),
    )
    drawn = prediction_payload.board(
        seen.picture,
        SIZE,
        [panel],
        label=f"Prediction of the ImageNet classifier for {called(subject)}",
        chosen=top[0],
        dark=shell.is_dark(),
    )
    prediction_board.show(drawn, state.PREDICT_IMAGENET)
    st.caption(single_image.PRIVACY if subject.id == OWN else subjects.credit(subject.id))
    return Pretrained(shown, top[0], float(shares[top[0]]), names[top[0]])


def steps(said: Pretrained | None) -> None:
    """Show the four steps from the file to the name of a class, with their results."""
    st.markdown(
        "It knows only the 1,000 classes of ImageNet, and it always predicts one of them, even for "
        "a drawing or a solar cell, which belongs to none. A new head can use the features that it "
        "learned for this task, such as edges, fur and metal."
    )
    if said is not None:
        how = backbones.get(feature_maps.BACKBONE).preprocessing
        _lesson(predictions.lesson(said.shown, how, said.index, said.share, said.name))


def _lesson(steps: Sequence[predictions.Step]) -> None:
    """Show a row for each step: its name, its line of code, and its result for this image."""
    with st.container(border=True, gap="xsmall"):
        for number, step in enumerate(steps, start=1):
            name, code, result = st.columns([1.1, 4.8, 2.9], vertical_alignment="center")
            name.markdown(f"**{number} {step.title}**")
            # No highlighting: its colours have too little contrast.
            code.code(step.code, language=None, wrap_lines=True)
            with result.container(gap=None):
                st.markdown(step.result)
                st.caption(step.shape)
    with st.expander("The four steps with any network of Keras", icon=":material/code:"):
        st.code(predictions.PRETRAINED_CODE, language="python")
        st.caption(
            "`load_img` ignores the EXIF orientation and the colour profile of a photograph; Thaw "
            "applies both."
        )
