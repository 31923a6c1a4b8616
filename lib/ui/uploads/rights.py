"""What a reader may do with a run, and which parts of it they see.

Everybody sees the numbers of a run. The reader who started or imported it may also cancel, name,
annotate and delete it, and so may whoever has the key of the server. A run on own images belongs
to the owner of the images.
docs/security.md says this to readers.
"""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

import streamlit as st

from lib.core import datasets as registry
from lib.core import runs
from lib.core.errors import StoreError
from lib.core.lab import lecturer
from lib.core.lab import owner as owners
from lib.core.lab.folder import RunMeta, read_meta
from lib.core.lab.owner import RunOwner
from lib.core.lab.store import RunSummary
from lib.core.runs import Run, TrainConfig
from lib.core.uploads import own_datasets
from lib.ui import cache
from lib.ui.uploads import access, reader

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Headers that a proxy between the reader and this server adds.
BETWEEN = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


# --- Who ------------------------------------------------------------------------------------------


def is_lecturer() -> bool:
    """Return True if this reader has the key of the server and may manage all runs."""
    return lecturer.HERE.is_one(reader.owner())


def is_alone() -> bool:
    """Return True on a laptop with one reader.

    Nobody else can reach the server, and nobody else has a run or images here.
    """
    headers = st.context.headers
    name = urlsplit(f"//{headers.get('Host', LOOPBACK[0])}").hostname
    if st.get_option("server.address") not in LOOPBACK or name not in LOOPBACK:
        return False
    if any(each in headers for each in BETWEEN):
        return False
    readers = owners.readers(cache.client().store.folders())
    readers |= {each.owner for each in own_datasets.all_datasets()}
    return readers <= {reader.owner()}


def look_after(run_id: str) -> bool:
    """Return True if this reader may cancel, name, annotate and delete a run.

    A run without an owner was made by an earlier version of Thaw, or its folder was copied here.
    On a laptop its one reader may manage it; in a room, only whoever has the key of the server.
    """
    config = cache.client().config(run_id)
    if config is None:
        return False
    if is_lecturer():
        return True
    owner = cache.client().owner(run_id)
    if owner is None and not registry.is_own(config.dataset):
        return is_alone()
    return _is_theirs(owner, config)


def _is_theirs(owner: RunOwner | None, config: TrainConfig) -> bool:
    if registry.is_own(config.dataset):
        return access.is_mine(config.dataset)
    return bool(owner and owner.reader == reader.owner())


def check(run_id: str) -> None:
    """Refuse what only the owner of a run may do to it.

    Raises:
        StoreError: If the run belongs to another reader.
    """
    if cache.client().config(run_id) is not None and not look_after(run_id):
        raise StoreError(
            "This run belongs to another reader.", "Ask them, or train one of your own."
        )


# --- What they see --------------------------------------------------------------------------------


def words(run: Run) -> RunMeta:
    """Return the name and note of a run, as far as this reader may read them."""
    meta = read_meta(run.folder)
    owner = None if run.recorded else owners.read_owner(run.folder)
    return meta if run.recorded or _may_read(owner, run.config) else _without_words(meta)


def _may_read(owner: RunOwner | None, config: TrainConfig) -> bool:
    if not access.may_see(config.dataset):
        return is_lecturer()
    # The names and notes of runs of earlier versions were open to everybody, and still are.
    return owner is None or owner.shared or _is_theirs(owner, config) or is_lecturer()


def _without_words(meta: RunMeta) -> RunMeta:
    return RunMeta(imported=meta.imported)


def seen(summary: RunSummary) -> RunSummary:
    """Return a run of a list as this reader may see it: without its name and note if need be."""
    if summary.recorded or _may_read(summary.owner, summary.config):
        return summary
    return replace(summary, meta=_without_words(summary.meta))


def listed(summaries: Iterable[RunSummary]) -> list[RunSummary]:
    """Return the runs that this reader's lists show.

    Two kinds are left out: runs on another reader's images, and runs that another reader imported
    and does not share, because nobody here knows where those come from.
    """
    return [seen(each) for each in summaries if each.recorded or _is_listed(each)]


def _is_listed(summary: RunSummary) -> bool:
    if is_lecturer():
        return True
    owner = summary.owner
    if registry.is_own(summary.config.dataset):
        return access.is_mine(summary.config.dataset)
    hidden = summary.meta.imported and owner and not owner.shared
    return not hidden or _is_theirs(owner, summary.config)


def id_here(asked: str) -> str:
    """Return the id under which the run of a link is stored here.

    An imported run gets an id of its own, so the link that came with its file names another id.
    Such a link opens the imported run as long as nobody has trained the original run here.
    """
    client = cache.client()
    if not runs.is_run_id(asked) or client.progress(asked):
        return asked
    imports = (each for each in listed(client.store.summaries()) if each.meta.imported)
    return next((each.id for each in imports if runs.run_id(each.config) == asked), asked)
