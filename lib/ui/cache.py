"""Every cache of the web process, each bounded."""

import atexit

import streamlit as st

from lib.core import backbones, runs
from lib.core.backbones import LayerRow
from lib.core.lab import store
from lib.core.maps import pooling_pairs
from lib.core.maps.pooling_pairs import HeadPair
from lib.core.strategy import evidence as strategy_evidence
from lib.core.strategy.evidence import Evidence
from lib.core.uploads import retention
from lib.jobs.client import Client
from lib.jobs.downloads import Downloads


@st.cache_resource(max_entries=64, show_spinner=False)
def layer_table(backbone: str, image_size: int) -> tuple[LayerRow, ...]:
    """The layer table of a backbone at an input size; not to be changed."""
    return backbones.load_layer_table(backbone, image_size)


@st.cache_resource(max_entries=1, show_spinner=False)
def recorded_runs() -> tuple[runs.Run, ...]:
    """The runs that ship with Thaw; not to be changed."""
    return tuple(run for run in store.RunStore() if run.recorded)


@st.cache_resource(max_entries=1, show_spinner=False)
def head_pairs() -> tuple[HeadPair, ...]:
    """The recorded runs that differ in GAP against Flatten alone; not to be changed."""
    return pooling_pairs.pairs(recorded_runs())


@st.cache_resource(max_entries=1, show_spinner=False)
def evidence() -> Evidence:
    """What was recorded of every strategy; not to be changed."""
    return strategy_evidence.read()


class _Holder:
    """Streamlit's cache refuses what can be awaited, as a Dask client can."""

    def __init__(self) -> None:
        retention.tidy()  # what the last start left half made
        self.client = Client(store.RunStore())
        self.downloads = Downloads(self.client)
        atexit.register(self.client.close)


@st.cache_resource(max_entries=1, show_spinner=False)
def _holder() -> _Holder:
    return _Holder()


def client() -> Client:
    """The one client of this web process."""
    return _holder().client


def downloads() -> Downloads:
    """The downloads of datasets, the same for every reader."""
    return _holder().downloads


@st.cache_resource(max_entries=64, show_spinner=False)
def stored_run(run_id: str, ended: float) -> runs.Run | None:
    """A run that has ended, as it was when its result was written; not to be changed.

    Args:
        run_id: Its id.
        ended: When that was; the same id may be deleted and run again.
    """
    return client().store.open(run_id)
