"""Finding runs in the list: by dataset, strategy, what their curves show, and whose they are."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from lib.core import strategies
from lib.core.lab.store import RunSummary
from lib.core.reading import diagnose
from lib.core.reading.facts import KINDS
from lib.ui import cache, state
from lib.ui.uploads import access

ANY = "Any"
RECORDED, OTHERS = "Shipped with Thaw", "Trained or imported here"


def matching(known: Mapping[str, RunSummary]) -> tuple[str, ...]:
    """Draw the filters, which the link restores, and return the ids of the runs that pass them.

    Args:
        known: Runs by id.
    """
    titles = {line.config.dataset: access.title(line.config.dataset) for line in known.values()}
    with st.popover("Find", icon=":material/search:"):
        dataset = _choose("Dataset", list(dict.fromkeys(titles.values())), state.FIND_DATASET)
        strategy = _choose(
            "Strategy", [each.title for each in strategies.STRATEGIES.values()], state.FIND_STRATEGY
        )
        shows = _choose(
            "What the curves show", [title for _, title in KINDS.values()], state.FIND_SHOWS
        )
        whose = _choose("Origin", [OTHERS, RECORDED], state.FIND_WHOSE)
        tests: list[Callable[[RunSummary], bool]] = []
        if dataset != ANY:
            tests.append(lambda line: titles[line.config.dataset] == dataset)
        if strategy != ANY:
            tests.append(lambda line: strategies.get(line.config.strategy).title == strategy)
        if whose != ANY:
            tests.append(lambda line: line.recorded == (whose == RECORDED))
        if shows != ANY:  # The slowest one comes last.
            tests.append(lambda line: shows in _shown(line.id, line.ended))
        found = tuple(id_ for id_, line in known.items() if all(test(line) for test in tests))
        st.caption(f"{len(found):,} of {len(known):,} runs are in the list.")
    return found


def _choose(label: str, options: Sequence[str], key: str) -> str:
    state.keep_within(key, [ANY, *options])
    return str(
        st.selectbox(label, [ANY, *options], key=key, bind="query-params", filter_mode="contains")
    )


@st.cache_data(max_entries=2_048, show_spinner=False)
def _shown(run_id: str, ended: float) -> frozenset[str]:
    """Titles of the findings about a run.

    Args:
        run_id: Id of the run.
        ended: Time of its end, part of the cache key.
    """
    run = cache.stored_run(run_id, ended)
    return frozenset(finding.title for finding in diagnose.diagnose(run)) if run else frozenset()
