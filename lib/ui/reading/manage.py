"""What a reader does to a run that has ended: name, note, share, export, delete, import."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from lib.core.errors import ConfigError
from lib.core.files import outside_text
from lib.core.lab import bundle, lecturer, owner, room
from lib.core.lab.folder import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, read_meta
from lib.core.runs import Run
from lib.ui import cache, link, run_names, state, widgets
from lib.ui.uploads import access, reader, rights


def show(chosen: Sequence[Run]) -> None:
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
        _lecturer()


def _look_after(run: Run) -> None:
    is_theirs = not run.recorded and rights.look_after(run.id)
    if run.recorded:
        st.caption("This run ships with Thaw: you can export it, but not name or delete it.")
    elif is_theirs:
        _words(run)
    else:
        st.caption("This run belongs to another reader: you can only read it.")
    with st.container(horizontal=True, vertical_alignment="center"):
        if is_theirs:
            st.button(
                "Save",
                key=state.SAVE_RUN,
                icon=":material/save:",
                on_click=_rename,
                args=(run.id,),
            )
        # The file of a run holds its model and its test images.
        if run.status == "finished" and access.may_see(run.config.dataset):
            with_meta = rights.words(run) == read_meta(run.folder)
            st.download_button(
                "Export",
                lambda: bundle.export_run(run, with_meta=with_meta),
                file_name=bundle.file_name(run),
                mime="application/zip",
                icon=":material/download:",
                key=state.EXPORT_RUN,
                on_click="ignore",
            )
        if is_theirs and st.button("Delete", key=state.DELETE_RUN, icon=":material/delete:"):
            _ask_to_delete(run)


def _words(run: Run) -> None:
    """Let the reader name and annotate a run, and say whether others see that."""
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
    whose = owner.read_owner(run.folder)
    if whose and not rights.is_alone():
        st.toggle(
            "Share it with everybody here",
            whose.shared,
            key=f"{state.SHARE_RUN}_{run.id}",
            on_change=_share_run,
            args=(run.id,),
            help="Off: others see its numbers. On: its name and note as well, and an imported run "
            "is in everybody's list.",
        )


def _rename(run_id: str) -> None:
    with widgets.attempt(state.STORE_PROBLEM):
        rights.check(run_id)
        cache.client().store.rename(
            run_id,
            name=str(state.read(f"{state.RUN_NAME}_{run_id}", "")),
            note=str(state.read(f"{state.RUN_NOTE}_{run_id}", "")),
        )


def _share_run(run_id: str) -> None:
    with widgets.attempt(state.STORE_PROBLEM):
        rights.check(run_id)
        shared = bool(state.read(f"{state.SHARE_RUN}_{run_id}"))
        owner.share(cache.client().store.folder(run_id), shared)


def _lecturer() -> None:
    """Let whoever started the server look after the runs of all."""
    if rights.is_lecturer():
        st.caption("You look after all runs here.")
    elif not rights.is_alone():
        st.text_input(
            "Key of the server",
            type="password",
            key=state.LECTURER_KEY,
            on_change=_welcome,
            help="Whoever started Thaw finds it in the terminal, and can then cancel, name and "
            "delete all runs.",
        )


def _welcome() -> None:
    typed = str(state.read(state.LECTURER_KEY, ""))
    state.choose(state.LECTURER_KEY, "")
    with widgets.attempt(state.STORE_PROBLEM):
        if typed.strip() and not lecturer.HERE.welcome(typed, reader.know()):
            raise ConfigError(
                "This is not the key of this server.",
                "The terminal in which Thaw was started shows it; each start has another one.",
            )


@st.dialog("Delete this run?")
def _ask_to_delete(run: Run) -> None:
    what = outside_text.in_markdown(run_names.name(run))
    widgets.delete_or_keep(
        f"**{what}** and its trained model will be deleted from this computer.",
        "it",
        state.DELETE_SURELY,
        partial(_delete, run.id),
    )


def _delete(run_id: str) -> None:
    with widgets.attempt(state.STORE_PROBLEM):
        rights.check(run_id)
        cache.client().store.delete(run_id)
        cache.client().forget(run_id)
        state.choose(state.CHOSEN_RUNS, None)
        link.drop(state.RUN)


def _import() -> None:
    """Import the uploaded file; an error is shown below the picker."""
    file: Any = state.read(state.IMPORT_RUN)
    with widgets.attempt(state.STORE_PROBLEM):
        if file is not None:
            store = cache.client().store
            room.check_kept(store.root, reader.know(), size_bytes=file.size, imported=True)
            run = bundle.import_run(file.getvalue(), store, access.claim, reader.know())
            state.choose(state.CHOSEN_RUNS, [run.id])
