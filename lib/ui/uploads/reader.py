"""Who the reader is: a random key in a cookie of their browser, so that own images stay private.

There are no accounts. The key is made when a reader first opens the section for own images, starts
or imports a run, or votes. It is never in a link, and only its hash is stored
(lib/core/uploads/own_datasets.py).
"""

import re
import secrets
from functools import partial

import streamlit as st

from lib.core.uploads import own_datasets
from lib.ui import cache, state
from lib.ui.parts import base
from lib.ui.parts.reader_cookie import component as reader_cookie

COOKIE = "thaw_reader"
KEY_BYTES = 32
PATTERN = r"[A-Za-z0-9_-]{43}"
# Longer than any images or runs of a reader are kept.
COOKIE_SECONDS = 90 * 86_400


def owner() -> str:
    """Return the hash of this reader's key, which marks their images and runs; "" without a key."""
    key = _key()
    return own_datasets.hashed(key) if key else ""


def know() -> str:
    """Return the hash of this reader's key, after making a key for a reader without one."""
    if not _key():
        state.choose(state.READER, secrets.token_urlsafe(KEY_BYTES))
    return owner()


def keep(place: str = "") -> None:
    """Have the reader's browser store their key, if they have one.

    Args:
        place: Where on the page this is done, if the page does it in several places.
    """
    if not _key() or st.context.cookies.get(COOKIE) == _key():
        return
    widget = f"{state.READER_COOKIE}_{place}" if place else state.READER_COOKIE
    reader_cookie.keep(
        widget, COOKIE, _key(), PATTERN, COOKIE_SECONDS, on_other=partial(_adopt, widget)
    )


def _key() -> str:
    """Return the key of this session, or else the one in the browser's cookie."""
    for key in (state.read(state.READER), st.context.cookies.get(COOKIE)):
        if isinstance(key, str) and re.fullmatch(PATTERN, key):
            return key
    return ""


def _adopt(widget: str) -> None:
    """Take over the key that another tab of this browser stored first."""
    before, key = owner(), base.said(widget, "key")
    if isinstance(key, str) and re.fullmatch(PATTERN, key):
        state.choose(state.READER, key)
        if before:
            cache.client().hand_over(before, owner())
