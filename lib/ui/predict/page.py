"""The page Predict: the image, and the prediction of ImageNet's classifier for it."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from lib.core import backbones
from lib.core.maps import feature_maps, predictions
from lib.core.maps.predictions import Shown
from lib.ui import ask, shell, state
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
PRETRAINED_HEIGHT = 900


# --- The image ------------------------------------------------------------------------------


def image_picker() -> Subject:
    """Let the reader choose a shipped or an own image, which then goes through every network."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
    ):
        # On a narrow screen the images take a whole line, and the button the next one.
        shipped = st.container(width=PICKER_WIDTH)
        with st.container(width="content"):
            own = Subject.of_file(single_image.own_image(state.PREDICT_OWN))
    chosen = subjects.picked(own, state.PREDICT_IMAGE, state.PREDICT_DIGEST)
    choices = [*subjects.shipped().values()]
    if own:
        # Its thumbnail is known once a worker has decoded it.
        seen, _ = ask.answers(state.PREDICT_IMAGENET).get(own.digest, (None, None))
        choices.append(Choice(OWN, "Your image", seen.picture if seen else ""))
    with shipped:
        drawn = prediction_payload.picker(choices, chosen.id)
        prediction_board.show(drawn, state.PREDICT_PICKER, _take_over)
    return chosen


def _take_over() -> None:
    """Store the image that the reader chose in the browser; ignore invalid values."""
    match base.said(state.PREDICT_PICKER, "choice"):
        case {"id": str(id_)} if id_ == OWN or id_ in feature_maps.examples():
            state.choose(state.PREDICT_IMAGE, id_)


def called(subject: Subject) -> str:
    """Return a short name of the image."""
    own = subject.id == OWN
    return "your image" if own else feature_maps.examples()[subject.id].title


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


def pretrained(subject: Subject) -> None:
    """Show the five most probable of 1,000 classes with their maps, and the steps to them."""
    answer = _looked_at(subject)
    if answer is None:
        return
    seen, shown = answer
    names, top = class_names.names(), seen.maps.top()
    shares = seen.maps.probabilities
    panel = Panel(
        "Prediction of EfficientNet-Lite0, trained on ImageNet",
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
    how = backbones.get(feature_maps.BACKBONE).preprocessing
    _lesson(predictions.lesson(shown, how, top[0], float(shares[top[0]]), names[top[0]]))


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
