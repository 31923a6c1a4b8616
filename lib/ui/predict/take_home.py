"""Downloads of a run: its code at once, its folder and its model after a worker has made them."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import streamlit as st

from lib.code import keras_run, torch_run
from lib.core.errors import ThawError
from lib.core.lab.folder import MODEL_FILE
from lib.core.runs import Run
from lib.ui import ask, state, widgets
from lib.ui.parts.prediction import component as prediction_board

FOLDER_TEXT = """\
Everything that is needed to repeat this run without Thaw: the script, the notebook, the package
versions, and the images in the same splits. {backbone}Thaw itself is not needed.
"""
BACKBONE_TEXT = "It includes the backbone's pretrained weights, because Keras does not have them. "
MODEL_TEXT = """\
The trained network as one file: it takes images from 0 to 255 and returns probabilities. Open it
with `keras.saving.load_model("model.keras")`. It holds numbers and names of layers, and no code
that runs when it is opened.
"""


def take_home(run: Run) -> None:
    """Offer the files that a worker makes, and script, notebook and PyTorch code."""
    try:
        script, notebook = keras_run.script(run), keras_run.notebook(run)
        torch = torch_run.code(run)
    except ThawError as error:
        widgets.problem(error)
        return
    if broken := keras_run.of_a_broken_run(run.config):
        st.markdown(broken)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        backbone = BACKBONE_TEXT if keras_run.needs_backbone_file(run.config) else ""
        _prepared(
            run,
            "The whole folder",
            FOLDER_TEXT.format(backbone=backbone),
            slot=state.PREPARE_FOLDER,
            task="lib.training.answers.take_home:take_home",
            file_name=f"thaw-{run.id}.zip",
            mime="application/zip",
            arguments={"texts": keras_run.texts(run)},
        )
    with right.container(border=True, height="stretch"):
        stored = (run.folder / "model" / MODEL_FILE).is_file()
        _prepared(
            run,
            "The trained model",
            MODEL_TEXT if stored else "The trained model of this run is not stored here.",
            slot=state.PREPARE_MODEL,
            task="lib.training.inference:export_keras",
            file_name=f"thaw-{run.id}.keras",
            mime="application/octet-stream",
            arguments={"run_folder": run.id},
            possible=stored,
        )
    as_script, as_notebook, as_torch = st.tabs(
        [widgets.quiet(name) for name in ("Keras script", "Notebook", "PyTorch")]
    )
    with as_script:
        st.caption(
            "Plain Keras, from the images to the accuracy: with the same seed, order and versions "
            "it reaches the result of this run."
        )
        _code(script, keras_run.SCRIPT)
    with as_notebook:
        st.caption("The same code in cells, for Jupyter or Colab.")
        _download("Download notebook", notebook, keras_run.NOTEBOOK, "application/x-ipynb+json")
        for section in keras_run.sections(run):
            with st.expander(section.title):
                st.markdown(section.text)
                st.code(section.code, language="python")
    with as_torch:
        st.caption(
            "The same freeze plan for torchvision's ResNet50, for comparison: what freezes a layer "
            "there, and why that does not freeze its BatchNorm statistics."
        )
        _code(torch, "train_torch.py")


def _code(text: str, file_name: str) -> None:
    _download(f"Download {file_name}", text, file_name, "text/x-python")
    prediction_board.show(
        {"kind": "code", "label": file_name, "text": text}, key=f"code_{file_name}"
    )


def _download(label: str, data: str | bytes | Callable[[], str], file_name: str, mime: str) -> None:
    st.download_button(
        label,
        data,
        file_name=file_name,
        mime=mime,
        icon=":material/download:",
        on_click="ignore",
        key=f"download_{file_name}",
    )


def _prepared(
    run: Run,
    title: str,
    text: str,
    *,
    slot: str,
    task: str,
    file_name: str,
    mime: str,
    arguments: dict[str, Any],
    possible: bool = True,
) -> None:
    """Offer a file that a worker makes on request, and then a button to download it."""
    st.markdown(f"**{title}**")
    st.markdown(text)
    wanted = f"{slot}_wanted"
    if state.read(wanted) != run.id:
        if st.button("Prepare", key=slot, icon=":material/inventory_2:", disabled=not possible):
            state.choose(wanted, run.id)
            st.rerun()
        return
    said = ask.ask(
        slot,
        run.id,
        task,
        waiting="Packing" if slot == state.PREPARE_FOLDER else "Saving the model",
        config=asdict(run.config),
        **arguments,
    )
    if said is not None:
        megabytes = len(said["file"]) / 1e6
        _download(f"Download {file_name} ({megabytes:.1f} MB)", said["file"], file_name, mime)
