"""Runs that have ended: choosing them, opening them from the link, and managing them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import streamlit as st

from lib.core import runs
from lib.core.config import names_of
from lib.core.errors import ConfigError
from lib.core.lab import bundle
from lib.core.lab.folder import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, read_meta
from lib.core.lab.store import RunSummary
from lib.core.runs import Run, TrainConfig
from lib.core.settings import Group
from lib.figures.reading import comparison, learning_curves
from lib.ui import cache, link, run_names, state, widgets
from lib.ui.uploads import access, reader

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

    Runs on another reader's images are included only if the link names them.
    """
    store = cache.client().store
    lines = store.summaries()
    mine = set(filter(access.is_mine, {line.config.dataset for line in lines}))
    linked = (store.summary(id_) for id_ in _asked() if runs.is_run_id(id_))
    known = [*(line for line in lines if line.config.dataset in mine), *filter(None, linked)]
    return {line.id: line for line in known if line.num_epochs}


def _asked() -> list[str]:
    """Return the ids in the link, not validated."""
    asked = link.get(state.RUNS) or link.get(state.RUN) or ""
    return list(dict.fromkeys(asked.split(",")))[:MAX_RUNS]


def picker(known: Mapping[str, RunSummary]) -> tuple[Run, ...]:
    """Let the reader choose runs, and write the choice into the link.

    Args:
        known: Runs by id, from known_runs.

    Returns:
        The chosen runs that have a history.
    """
    _open_link(known)
    state.keep_list_within(state.CHOSEN_RUNS, known)
    chosen = st.multiselect(
        "Runs",
        list(known),
        format_func=lambda id_: run_names.called(known[id_].config, known[id_].meta),
        key=state.CHOSEN_RUNS,
        persist_state="session",
        placeholder="Choose one to read it, or several to compare them",
        select_all=False,
    )
    widgets.last_problem(state.STORE_PROBLEM)
    state.choose(state.STORE_PROBLEM, None)  # show it only once
    _share(chosen)
    opened = (cache.stored_run(id_, known[id_].ended) for id_ in chosen)
    return tuple(run for run in opened if run and run.history)


def nothing_yet() -> None:
    """Show what this place is for if no run is chosen."""
    with st.container(border=True, height=learning_curves.HEIGHT, vertical_alignment="center"):
        st.markdown("#### The curves will be here", text_alignment="center")
        st.markdown(
            "Choose a run above to read it, or several to compare them. The training lab trains "
            "more.",
            text_alignment="center",
        )


def _open_link(known: Mapping[str, RunSummary]) -> None:
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
    """Return the initial choice: the training lab's first run, or else any run."""
    usual = runs.run_id(runs.make_config(seed=runs.RECORDED_SEED))
    return [usual] if usual in known else list(known)[:1]


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
    link.drop(other)
    if chosen:
        link.put(this, ",".join(chosen))
    else:
        link.drop(this)
    state.choose(state.OPENED_CURVES, ",".join(chosen))


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


# --- Managing runs --------------------------------------------------------------------------------


def manage(chosen: Sequence[Run]) -> None:
    """Let the reader name, annotate, export and delete the chosen run, or import a run."""
    reader.keep()
    with st.popover("Manage", icon=":material/folder_managed:"):
        if len(chosen) == 1:
            _look_after(chosen[0])
        else:
            st.caption("Choose one run to name, export or delete it.")
        st.file_uploader(
            "Import a run",
            type="zip",
            key=state.IMPORT_RUN,
            on_change=_import,
            max_upload_size=bundle.MAX_FILE_BYTES // 1_000_000,
            help="A file exported by any copy of Thaw: it holds only data, and all is checked.",
        )


def _look_after(run: Run) -> None:
    if not access.is_mine(run.config.dataset):
        st.caption("This run belongs to another reader: you can only read it.")
        return
    if run.recorded:
        st.caption("This run ships with Thaw: you can export it, but not name or delete it.")
    else:
        meta = read_meta(run.folder)
        st.text_input(
            "Name",
            meta.name,
            max_chars=MAX_NAME_LENGTH,
            key=f"{state.RUN_NAME}_{run.id}",
            placeholder=run_names.in_words(run.config),
        )
        st.text_area(
            "Note",
            meta.note,
            max_chars=MAX_NOTE_LENGTH,
            key=f"{state.RUN_NOTE}_{run.id}",
            height=90,
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        if not run.recorded:
            st.button(
                "Save",
                key=state.SAVE_RUN,
                icon=":material/save:",
                on_click=_rename,
                args=(run.id,),
            )
        if run.status == "finished":
            st.download_button(
                "Export",
                lambda: bundle.export_run(run),
                file_name=bundle.file_name(run),
                mime="application/zip",
                icon=":material/download:",
                key=state.EXPORT_RUN,
                on_click="ignore",
            )
        if not run.recorded and st.button("Delete", key=state.DELETE_RUN, icon=":material/delete:"):
            _ask_to_delete(run)


def _rename(run_id: str) -> None:
    with widgets.attempt(state.STORE_PROBLEM):
        cache.client().store.rename(
            run_id,
            name=str(state.read(f"{state.RUN_NAME}_{run_id}", "")),
            note=str(state.read(f"{state.RUN_NOTE}_{run_id}", "")),
        )
    # The browser identifies the chosen runs by their labels, so it needs the new label.
    state.choose(state.CHOSEN_RUNS, state.read(state.CHOSEN_RUNS))


@st.dialog("Delete this run?")
def _ask_to_delete(run: Run) -> None:
    what = widgets.verbatim(run_names.name(run))
    widgets.delete_or_keep(
        f"**{what}** and its trained model will be deleted from this computer.",
        "it",
        state.DELETE_SURELY,
        partial(_delete, run.id),
    )


def _delete(run_id: str) -> None:
    with widgets.attempt(state.STORE_PROBLEM):
        cache.client().store.delete(run_id)
        cache.client().forget(run_id)
        state.choose(state.CHOSEN_RUNS, None)
        link.drop(state.RUN)


def _import() -> None:
    """Import the uploaded file; an error is shown below the picker."""
    file: Any = state.read(state.IMPORT_RUN)
    with widgets.attempt(state.STORE_PROBLEM):
        if file is not None:
            run = bundle.import_run(file.getvalue(), cache.client().store, access.claim)
            state.choose(state.CHOSEN_RUNS, [run.id])
