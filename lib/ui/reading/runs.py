"""Runs that have ended: choosing them, and opening them from the link."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields

import streamlit as st

from lib.core import runs
from lib.core.config import names_of
from lib.core.errors import ConfigError
from lib.core.lab.store import RunSummary
from lib.core.runs import Run, TrainConfig
from lib.core.settings import Group
from lib.figures.reading import comparison, learning_curves
from lib.ui import cache, link, run_names, state, widgets
from lib.ui.reading import filters, gallery
from lib.ui.uploads import rights

# Further runs in a link are ignored: nobody can read fifty lines in one figure.
MAX_RUNS = 40
# Groups of similar runs to compare with: label -> the settings that may differ.
NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "Other seeds": ("seed",),
    "Other strategies": ("strategy", *comparison.FOLLOWERS),
    "Other heads": names_of(Group.HEAD),
    "Other numbers of images": ("num_images",),
}


# --- Choosing -------------------------------------------------------------------------------------


def known_runs() -> dict[str, RunSummary]:
    """Return all runs that have ended with at least one epoch, by id.

    Runs on another reader's images, and what another reader imported, are included only if the
    link names them.
    """
    store = cache.client().store
    also = dict.fromkeys([*_asked(), *gallery.example_ids()])
    linked = (store.summary(id_) for id_ in also if runs.is_run_id(id_))
    known = [*rights.listed(store.summaries()), *map(rights.seen, filter(None, linked))]
    return {line.id: line for line in known if line.num_epochs}


def _asked() -> list[str]:
    """Return the ids in the link, not validated."""
    asked = link.get(state.RUNS) or link.get(state.RUN) or ""
    return list(dict.fromkeys(map(rights.id_here, asked.split(",")[:MAX_RUNS])))


def picker(known: Mapping[str, RunSummary]) -> tuple[Run, ...]:
    """Let the reader choose runs, and write the choice into the link.

    Args:
        known: Runs by id, from known_runs.

    Returns:
        The chosen runs that have a history.
    """
    state.keep_list_within(state.CHOSEN_RUNS, known)
    found = filters.matching(known)
    labels = run_names.to_choose(known.values())
    state.show_again(state.CHOSEN_RUNS, labels)
    chosen = st.multiselect(
        "Runs",
        _in_order(known, found),
        format_func=labels.__getitem__,
        key=state.CHOSEN_RUNS,
        persist_state="session",
        placeholder="All runs: choose one to read it, or several to compare them",
        label_visibility="collapsed",
        select_all=False,
    )
    widgets.last_problem(state.STORE_PROBLEM)
    state.choose(state.STORE_PROBLEM, None)  # show it only once
    _share(chosen)
    opened = (cache.stored_run(id_, known[id_].ended) for id_ in chosen)
    return tuple(run for run in opened if run and run.history)


def _in_order(known: Mapping[str, RunSummary], found: Collection[str]) -> list[str]:
    """Order the runs of the list: the reader's, newest first, then recorded ones by their name.

    Runs that are chosen stay in the list, whatever the filters say.
    """
    now = state.read(state.CHOSEN_RUNS)
    kept = {*found, *(now if isinstance(now, list) else [])}
    mine = [id_ for id_, line in known.items() if not line.recorded]
    recorded = [id_ for id_, line in known.items() if line.recorded]
    recorded.sort(
        key=lambda id_: (
            not known[id_].meta.name,
            run_names.called(known[id_].config, known[id_].meta),
        )
    )
    return [id_ for id_ in (*mine, *recorded) if id_ in kept]


def nothing_yet() -> None:
    """Show what this place is for if no run is chosen."""
    with st.container(border=True, height=learning_curves.HEIGHT, vertical_alignment="center"):
        st.markdown("#### The curves will be here", text_alignment="center")
        st.markdown(
            "Click one of the runs above, or choose several in the list to compare them. The "
            "training lab trains more.",
            text_alignment="center",
        )


def open_link(known: Mapping[str, RunSummary]) -> None:
    """Choose the runs of the link, once and before the picker is drawn."""
    asked = link.get(state.RUNS) or link.get(state.RUN)
    if asked is None:
        if state.read(state.CHOSEN_RUNS) is None:
            state.choose(state.CHOSEN_RUNS, _first(known))
        return
    if state.read(state.OPENED_CURVES) == asked:
        return
    ids = _asked()
    there = [id_ for id_ in ids if id_ in known]
    state.choose(state.CHOSEN_RUNS, there or _first(known))
    missing = [id_ for id_ in ids if id_ not in known]
    if missing:
        _say_missing(missing)


def _first(known: Mapping[str, RunSummary]) -> list[str]:
    """Return the initial choice: the recommended run, the lab's first one, or else any run."""
    usual = runs.run_id(runs.make_config(seed=runs.RECORDED_SEED))
    wanted = (state.read(state.RECOMMENDED_RUN), usual, *known)
    return [id_ for id_ in wanted if isinstance(id_, str) and id_ in known][:1]


def _say_missing(ids: Sequence[str]) -> None:
    going_on = [
        id_ for id_ in ids if (now := cache.client().progress(id_)) is not None and not now.ended
    ]
    if going_on:
        widgets.problem(
            ConfigError("A run of the link has not ended.", "Watch it in the training lab.")
        )
        st.page_link(
            "pages/training_lab.py",
            label="Open it in the training lab",
            icon=":material/science:",
            query_params={state.RUN: going_on[0]},
        )
        return
    what = "a run" if len(ids) == 1 else f"{len(ids)} runs"
    widgets.problem(
        ConfigError(
            f"The link names {what} that this copy of Thaw does not have.",
            "Choose from the list, or import the exported run.",
        )
    )


def _share(chosen: Sequence[str]) -> None:
    """Write the choice into the link."""
    this, other = (state.RUN, state.RUNS) if len(chosen) == 1 else (state.RUNS, state.RUN)
    before, now = state.read(state.OPENED_CURVES), ",".join(chosen)
    if before not in (None, now) and (link.get(this) or link.get(other)) != now:
        # The reader has chosen other runs, which have findings and images of their own.
        link.drop(state.LINK_FINDING)
        link.drop(state.LINK_SHOWN_IMAGES)
    link.drop(other)
    if chosen:
        link.put(this, now)
    else:
        link.drop(this)
    state.choose(state.OPENED_CURVES, now)


def compare_with(run: Run, known: Mapping[str, RunSummary]) -> None:
    """Offer to compare a run with all stored runs that differ from it in one respect.

    Args:
        run: The run on screen.
        known: Runs by id, from known_runs.
    """
    options = {
        words: ids
        for words, differ in NEIGHBOURS.items()
        if len(ids := _alike(run, known.values(), differ)) > 1
    }
    with st.popover("Compare with", icon=":material/compare_arrows:", disabled=not options):
        for words, ids in options.items():
            st.button(
                f"{words}, {len(ids) - 1}",
                key=f"{state.COMPARE_WITH}_{words}",
                on_click=state.choose,
                args=(state.CHOSEN_RUNS, ids),
                width="stretch",
            )


def _alike(run: Run, lines: Iterable[RunSummary], differ: Collection[str]) -> list[str]:
    """Return the run and the runs that differ from it only in some settings, at most MAX_RUNS."""
    same = [field.name for field in fields(TrainConfig) if field.name not in differ]
    others = [
        line.id
        for line in lines
        if line.id != run.id
        and all(getattr(line.config, name) == getattr(run.config, name) for name in same)
    ]
    return [run.id, *others][:MAX_RUNS]
