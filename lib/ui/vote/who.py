"""Who votes and who asks: a browser, by its reader's key. Nobody has a name."""

import streamlit as st

from lib.ui import cache, state
from lib.ui.uploads import reader


def asks() -> str:
    """Hash of the key by which a room is this reader's; "" for one who has no key."""
    return _followed(reader.owner())


def votes() -> str:
    """Hash of the key that has one answer; a reader who has no key is given one."""
    return _followed(reader.know())


def address() -> str:
    """The address that this reader comes from; "" for this machine, which may be a proxy."""
    return st.context.ip_address or ""


def _followed(now: str) -> str:
    """The same; where another tab was first, its key gets what this one's had."""
    before = state.read(state.VOTER)
    if before != now:
        if isinstance(before, str) and before and now:
            cache.rooms().are_one(before, now)
        state.choose(state.VOTER, now)
    return now
