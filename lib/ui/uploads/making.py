"""An upload that a worker makes a dataset of: how far it is, and what only the reader knows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.uploads import inbox, retention
from lib.ui import cache, state, widgets
from lib.ui.uploads import access, reader

TASK = "lib.training.sources.own_dataset:prepare"
SECONDS_BETWEEN_LOOKS = 0.3


@dataclass
class Making:
    """An upload that a worker is making a dataset of.

    Args:
        upload: Its name in the store.
        question: The request to the worker; None if another session made it.
        before: Ids of the datasets that existed before.
    """

    upload: str
    question: Any = None
    before: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """True once the dataset exists, or a reason why it cannot be made."""
        if self.question is None:
            going_on = self.upload in inbox.uploads_of(reader.owner())
            waits = inbox.problem(self.upload) or inbox.question(self.upload)
            return not going_on or waits is not None
        return bool(self.question.ended)


def begin(put: Callable[[], str], title: str) -> None:
    """Store an upload where a worker finds it, and ask for a dataset.

    What was refused stays in the form, to be mended there.
    """
    with widgets.attempt(state.OWN_PROBLEM):
        retention.check_room(reader.owner())
        _ask_worker(put(), title)
        state.choose(state.OWN_ROUND, int(str(state.read(state.OWN_ROUND, 0))) + 1)


def show() -> bool:
    """Show the upload that a worker makes a dataset of; False if there is none."""
    making = state.read(state.OWN_MAKING)
    if not isinstance(making, Making):
        before = tuple(each.id for each in access.mine())
        going_on = inbox.uploads_of(reader.owner())
        making = Making(going_on[0], before=before) if going_on else None
        state.choose(state.OWN_MAKING, making)
    if making is None:
        return False
    asked = inbox.question(making.upload) if making.ended else None
    if asked:
        _ask_reader(making, asked)
    else:
        _progress(making)
    return True


def _ask_worker(upload: str, title: str, **choices: Any) -> None:
    client = cache.client()
    client.start()
    question = client.ask(
        TASK,
        owner=f"{state.session_id()} own images",
        asked_by=reader.owner(),
        upload=upload,
        reader=reader.owner(),
        title=title,
        **choices,
    )
    state.choose(state.OWN_MAKING, Making(upload, question))


def _ask_reader(making: Making, asked: inbox.Question) -> None:
    """Ask what only the reader knows, before the dataset is made."""
    choices: dict[str, Any] = {}
    if asked.encodings:
        titles = {each: f"{title}: {', '.join(names)}" for each, title, names in asked.encodings}
        choices["encoding"] = st.selectbox(
            "The names in this archive are written in",
            list(titles),
            format_func=titles.__getitem__,
            key=state.OWN_ENCODING,
        )
        st.caption(
            "The archive does not say it, so the first is a guess. Choose the one in which the "
            "names of your classes are right."
        )
    if asked.parts:
        uses = ", ".join(
            f"{outside_text.in_markdown(name)} for {use}" for name, use in asked.parts.items()
        )
        st.markdown(f"The folders of this archive look like splits: {uses}.")
        choices["with_parts"] = st.radio(
            "What are they?",
            [True, False],
            format_func={
                True: "Splits: each image is used for what its folder says",
                False: "No splits: put the images of each class together, and Thaw splits them",
            }.__getitem__,
            key=state.OWN_PARTS,
        )
    with st.container(horizontal=True):
        if st.button("Make the dataset", type="primary", icon=":material/check:"):
            with widgets.attempt(state.OWN_PROBLEM):
                inbox.answer(making.upload)
                _ask_worker(making.upload, asked.title, **choices)
            st.rerun()
        _stop_button(making)


def _stop_button(making: Making) -> None:
    if st.button("Stop", icon=":material/close:"):
        inbox.discard(making.upload)
        state.choose(state.OWN_MAKING, None)
        st.rerun()


def _progress(making: Making) -> None:
    """Show how far the worker is, and at the end the dataset or why there is none."""

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
    def look() -> None:
        if making.ended:
            _end(making)
            st.rerun()
        done, total = inbox.num_done(making.upload)
        position = making.question.position if making.question else ""
        words = f"Looking at image {done + 1:,} of {total:,}" if total else position
        st.progress(done / total if total else 0.0, text=words or "A worker opens the upload")

    look()
    _stop_button(making)


def _end(making: Making) -> None:
    if inbox.question(making.upload):
        return  # The reader has to be asked first.
    state.choose(state.OWN_MAKING, None)
    error = making.question.error if making.question else inbox.problem(making.upload)
    inbox.discard(making.upload)
    if error:
        state.choose(state.OWN_PROBLEM, error)
    elif making.question:
        state.choose(state.OWN_SHOTS, {})
        state.choose(state.OWN_MADE, making.question.answer)
    elif made := [each.id for each in access.mine() if each.id not in making.before]:
        state.choose(state.OWN_MADE, made[0])
    else:
        error = DataError("The upload ended without a new dataset.", "Upload it again.")
        state.choose(state.OWN_PROBLEM, error)
