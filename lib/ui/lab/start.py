"""The buttons of the training lab that start a run, follow it, or open it where it is stored."""

import time

import streamlit as st

from lib.core import runs
from lib.core.errors import ThawError
from lib.core.lab import folder
from lib.core.runs import TrainConfig
from lib.ui import cache, link, state
from lib.ui.lab import duration, ready
from lib.ui.uploads import access, reader, rights

# What the main button says.
START, FOLLOW, OPEN = "Start run", "Follow run", "Open stored run"
NEXT_SEED = "Run with the next seed"


def start_button(wanted: TrainConfig | None, shown: str | None) -> ThawError | None:
    """Draw the button that starts the run of the controls, or opens it if it is stored.

    Args:
        wanted: The run that the controls describe; None if a setting is invalid.
        shown: Id of the run on screen.

    Returns:
        Why the run cannot be started; None if it can.
    """
    client = cache.client()
    # The engine takes some seconds to start: begin while the reader looks at the page.
    client.start()
    words, icon = offer(wanted, shown)
    again = words == NEXT_SEED
    # A stored run is there at once, and one that is going on says itself how long it still takes.
    takes = duration.seconds_of(wanted) if wanted and words == START else 0
    here = wanted is not None and runs.run_id(wanted) == shown
    too_large = _too_large(wanted) if words == START else None
    clicked = st.button(
        duration.labelled(words, takes),
        # A finished run on screen has a next step of its own.
        type="secondary" if again else "primary",
        icon=f":material/{icon}:",
        key=state.START,
        disabled=wanted is None or (words == FOLLOW and here) or too_large is not None,
    )
    live = words in (OPEN, NEXT_SEED) and _run_again(wanted)
    offered = with_next_seed(wanted) if wanted and again else wanted
    if not (clicked or live) or wanted is None or offered is None:
        if offered and words in (START, NEXT_SEED):
            ready.prepare(offered)
        return too_large
    try:
        if clicked:
            wanted = offered
        access.check(wanted)
        if live:
            folder.begin_anew(client.store.folder(runs.run_id(wanted)))
        run_id = client.submit(wanted, owner=reader.know())
    except ThawError as error:
        return error
    # If the seed has changed, the controls must follow it, as they do for any link.
    state.choose(state.OPENED_RUN, None if again and clicked else run_id)
    if live or words in (START, NEXT_SEED):
        state.choose(state.STARTED, (run_id, f"{time.time_ns()}"))
    link.put(state.RUN, run_id)
    st.rerun()
    return None


def offer(wanted: TrainConfig | None, shown: str | None) -> tuple[str, str]:
    """Return the words and the icon of the main button.

    Args:
        wanted: The run that the controls describe; None if a setting is invalid.
        shown: Id of the run on screen.
    """
    known = cache.client().trained(wanted) if wanted else None
    if known and not known.ended:
        return FOLLOW, "visibility"
    if wanted and known and known.state == "finished":
        here = runs.run_id(wanted) == shown
        return (NEXT_SEED, "play_arrow") if here else (OPEN, "folder_open")
    return START, "play_arrow"


def _run_again(wanted: TrainConfig | None) -> bool:
    """Draw the button that trains a stored run once more, for its reader; True if clicked.

    It is for a lecturer who has rehearsed a run and now shows it. A run that ships with Thaw, or
    another reader's, stays as it is.
    """
    if wanted is None:
        return False
    stored = cache.client().store.open(runs.run_id(wanted))
    if stored is None or stored.recorded or not rights.look_after(stored.id):
        return False
    return st.button(
        "Run again live",
        icon=":material/replay:",
        key=state.RUN_AGAIN,
        disabled=_too_large(wanted) is not None,
        help="Trains it once more and replaces the stored result.",
    )


def _too_large(wanted: TrainConfig | None) -> ThawError | None:
    """Why this machine cannot train a run; None if it can."""
    if wanted:
        try:
            cache.client().check(wanted)
        except ThawError as error:
            return error
    return None


def with_next_seed(config: TrainConfig) -> TrainConfig:
    """Return the same run with the next seed for which no finished run exists."""
    client = cache.client()
    while True:
        config = runs.with_seed(config, config.seed + 1)
        known = client.trained(config)
        if known is None or known.state != "finished":
            return config
