"""The doors of Home: three ways to begin, and a card for each page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from lib.ui import shell, state


@dataclass(frozen=True)
class Door:
    """A card that is a link as a whole.

    Args:
        title: What the reader wants, as the name of the link.
        sentence: What is behind it.
        page: Key of shell.PAGES.
        icon: Material icon.
        link: Parameters of the link to it.
    """

    title: str
    sentence: str
    page: str
    icon: str
    link: Mapping[str, str] = field(default_factory=dict)


FIRST = (
    Door(
        "Show it to a class",
        "Lessons for a projector, with questions to the room and speaker notes.",
        "lessons",
        ":material/co_present:",
    ),
    Door(
        "Learn it step by step",
        "The tour: transfer learning in ten minutes, from nothing to a trained network.",
        "home",
        ":material/school:",
        {state.LESSON: "tour", state.LESSON_STEP: "1"},
    ),
    Door(
        "I have photographs",
        "Forty are enough to teach a network of your own.",
        "data",
        ":material/add_photo_alternate:",
        {state.SHOW: "Your own images"},
    ),
)
PAGES = {
    "lessons": "The course in steps: predict, then see; for one reader or for a room.",
    "data": "Look at what goes into a run, step by step from the file to the batch.",
    "features": "See what each depth of a network finds, from edges to things.",
    "model_summary": "Freeze layers of well-known networks, and watch their parameter counts.",
    "trainable": "Predict what one training step changes, then see it happen in Keras.",
    "global_average_pooling": "Change one cell of a feature map and follow it into the vector and "
    "the decision; then do the same with a photograph.",
    "strategy": "Answer a few questions about your data, and see which layers to thaw and what "
    "recorded runs on similar data showed.",
    "training_lab": "Train a network on real images in under half a minute, and see in the curves "
    "where fine-tuning starts and whether it helped.",
    "learning_curves": "Read what the curves of a run show, what to change next, and whether the "
    "difference between two runs is more than chance.",
    "predict": "Show a network your own image: its prediction, its confidence, where it looked.",
    "zero_shot": "Describe an animal in ticks, and see whose photograph it picks without having "
    "seen one; then compare a name, a few images and a trained head.",
}


def show(doors: tuple[Door, ...]) -> None:
    """Draw cards in a row, each a link as a whole."""
    with st.grid(3, min_column_width=240):
        for door in doors:
            spec = shell.PAGES[door.page]
            # Cards are found by this key in lib/ui/shell.css.
            with st.container(
                border=True,
                height="stretch",
                gap=None,
                key=f"door_{door.title}".lower().replace(" ", "_"),
            ):
                st.page_link(
                    spec.path,
                    label=f"**{door.title}**",
                    icon=door.icon,
                    query_params=dict(door.link) or None,
                )
                st.markdown(door.sentence)


def of_pages() -> tuple[Door, ...]:
    """Return a door for each page."""
    return tuple(
        Door(shell.PAGES[name].title, sentence, name, shell.PAGES[name].icon)
        for name, sentence in PAGES.items()
    )
