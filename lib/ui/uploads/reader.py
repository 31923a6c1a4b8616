"""Who reads: a random key in a cookie of their browser, so that their own images stay theirs.

There are no accounts. The key is made when a reader first comes to where own images are taken in;
it is never in a link, and only its hash is stored (lib/core/uploads/own_datasets.py).
"""

import re
import secrets

import streamlit as st

from lib.core.uploads import own_datasets
from lib.ui import state
from lib.ui.parts import base
from lib.ui.parts.reader_cookie import component as reader_cookie

COOKIE = "thaw_reader"
KEY_BYTES = 32
PATTERN = r"[A-Za-z0-9_-]{43}"
# Longer than anything of theirs is kept.
COOKIE_SECONDS = 90 * 86_400


def owner() -> str:
    """The hash by which this reader's images and runs are theirs; "" for one who has none."""
    key = _key()
    return own_datasets.hashed(key) if key else ""


def know() -> str:
    """The same; a reader who has none is given a key."""
    if not _key():
        state.choose(state.READER, secrets.token_urlsafe(KEY_BYTES))
    return owner()


def keep() -> None:
    """See that the reader's browser keeps their key, where they have one."""
    if not _key() or st.context.cookies.get(COOKIE) == _key():
        return
    reader_cookie.keep(COOKIE, _key(), PATTERN, COOKIE_SECONDS, on_other=_adopt)


def _key() -> str:
    """The key of this session, else the one its browser came with."""
    for key in (state.read(state.READER), st.context.cookies.get(COOKIE)):
        if isinstance(key, str) and re.fullmatch(PATTERN, key):
            return key
    return ""


def _adopt() -> None:
    """Another tab of this browser was first: be the same reader."""
    key = base.said(state.READER_COOKIE, "key")
    if isinstance(key, str) and re.fullmatch(PATTERN, key):
        state.choose(state.READER, key)
