"""Every cache of the web process, each bounded."""

import atexit

import streamlit as st

from lib.core import backbones, limits, runs
from lib.core.backbones import LayerRow
from lib.core.evidence import grid as strategy_grid
from lib.core.evidence.grid import Recorded
from lib.core.lab import store
from lib.core.maps import pooling_pairs
from lib.core.maps.pooling_pairs import HeadPair
from lib.core.strategy import evidence as strategy_evidence
from lib.core.strategy.evidence import Evidence
from lib.core.uploads import retention
from lib.core.voting.rooms import Rooms
from lib.jobs.client import Client
from lib.jobs.downloads import Downloads
from lib.ui import live


@st.cache_resource(max_entries=64, show_spinner=False)
def layer_table(backbone: str, image_size: int) -> tuple[LayerRow, ...]:
    """Load the layer table of a backbone at an input size. Callers must not change it."""
    return backbones.load_layer_table(backbone, image_size)


@st.cache_resource(max_entries=1, show_spinner=False)
def recorded_runs() -> tuple[runs.Run, ...]:
    """Load the runs that ship with Thaw. Callers must not change them."""
    return tuple(run for run in store.RunStore() if run.recorded)


@st.cache_resource(max_entries=1, show_spinner=False)
def head_pairs() -> tuple[HeadPair, ...]:
    """Find the recorded runs that differ only in GAP or Flatten. Callers must not change them."""
    return pooling_pairs.pairs(recorded_runs())


@st.cache_resource(max_entries=1, show_spinner=False)
def evidence() -> Evidence:
    """Load the recorded runs of every strategy. Callers must not change them."""
    return strategy_evidence.read()


@st.cache_resource(max_entries=1, show_spinner=False)
def grid() -> tuple[Recorded, ...]:
    """Load the runs on folds, of the usual backbone first. Callers must not change them."""
    return strategy_grid.read()


class _Holder:
    """Holds the client: Streamlit's cache refuses awaitable objects such as a Dask client."""

    def __init__(self) -> None:
        self.client = Client(store.RunStore())
        # Scratch directories that the last process left behind.
        retention.tidy()
        self.client.store.tidy()
        self.downloads = Downloads(self.client)
        atexit.register(self.client.close)


@st.cache_resource(max_entries=1, show_spinner=False)
def _holder() -> _Holder:
    return _Holder()


def client() -> Client:
    """Return the one client of this web process."""
    return _holder().client


def downloads() -> Downloads:
    """Return the downloads of datasets, which all readers share."""
    return _holder().downloads


@st.cache_resource(max_entries=1, show_spinner=False)
def rooms() -> Rooms:
    """Return the rooms that vote, which end with this process."""
    figures = limits.current()
    return Rooms(figures.rooms, figures.voters, live.tell_room)


@st.cache_resource(max_entries=64, show_spinner=False)
def stored_run(run_id: str, ended: float) -> runs.Run | None:
    """Open a run that has ended. Callers must not change it.

    Args:
        run_id: Id of the run.
        ended: Time of its end, part of the cache key: a deleted run may be trained again.
    """
    return client().store.open(run_id)
