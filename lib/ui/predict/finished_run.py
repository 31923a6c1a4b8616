"""A finished run on the page Predict: its choice, and its model's prediction for the image."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lib.core import backbones, datasets, strategies
from lib.core.errors import ConfigError
from lib.core.lab.folder import MODEL_FILE
from lib.core.lab.store import RunSummary
from lib.core.maps import feature_maps, predictions
from lib.core.maps.predictions import Answer, Shown
from lib.core.runs import Run, TrainConfig, is_run_id
from lib.ui import ask, cache, link, run_names, shell, state, widgets
from lib.ui.maps.subject import OWN, Subject
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.prediction import component as prediction_board
from lib.ui.parts.prediction import payload as prediction_payload
from lib.ui.parts.prediction.payload import Panel
from lib.ui.predict.page import ANSWERS_KEPT, as_shown, called
from lib.ui.uploads import access, single_image

HEAD_ONLY = "feature_extraction"
# In pixels: the height to reserve for an answer.
ANSWER_HEIGHT = 560


def picker() -> Run | None:
    """Let the reader choose a finished run with a stored model; a link may name any."""
    store = cache.client().store
    asked = link.get(state.RUN)
    linked = store.summary(asked) if asked is not None and is_run_id(asked) else None
    if linked and not access.may_see(linked.config.dataset):
        widgets.problem(
            ConfigError(
                "The run of the link was trained on another reader's images, so its model is not "
                "shown to others.",
                "Its owner can share it; the page Learning curves shows its curves.",
            )
        )
        asked = linked = None
    lines = [each for each in store.summaries() if access.is_mine(each.config.dataset)]
    finished = {each.id: each for each in (*lines, linked) if each and each.status == "finished"}
    if asked is not None and asked not in finished:
        widgets.problem(
            ConfigError(
                "The link names a finished run that this copy of Thaw does not have.",
                "Choose one below, or open the link on the computer where the run was trained.",
            )
        )
        asked = None
    offered = {
        each.id: each
        for each in sorted(finished.values(), key=_in_order)
        if each.id == asked or _has_model(each)
    }
    if not offered:
        return None
    names = run_names.to_choose(offered.values())
    if asked is not None and link.once(state.RUN, state.PREDICT_LINK):
        state.choose(state.PREDICT_RUN, asked)
    state.keep_within(state.PREDICT_RUN, offered)
    chosen = st.selectbox(
        "Run",
        list(offered),
        format_func=lambda id_: names[id_],
        key=state.PREDICT_RUN,
        on_change=_follow_choice,
    )
    return cache.stored_run(chosen, offered[chosen].ended)


def _follow_choice() -> None:
    """Write the chosen run into the link."""
    link.follow(state.RUN, str(state.read(state.PREDICT_RUN)), state.PREDICT_LINK)


def _folder(summary: RunSummary) -> Path:
    store = cache.client().store
    return (store.recorded_root if summary.recorded else store.root) / summary.id


def _has_model(summary: RunSummary) -> bool:
    return (_folder(summary) / "model" / MODEL_FILE).is_file()


def _in_order(summary: RunSummary) -> tuple[object, ...]:
    """Sort key: the reader's own runs first, newest on top, then recorded runs by dataset."""
    config = summary.config
    if not summary.recorded:
        return (False, -summary.ended)
    known = list(datasets.DATASETS)
    place = known.index(config.dataset) if config.dataset in known else len(known)
    # First the runs whose prediction needs no worker.
    tuned = strategies.get(config.strategy).fine_tunes
    return (True, place, tuned, -config.num_images, config.pooling != "gap", summary.id)


@dataclass(frozen=True, eq=False)
class Explained:
    """The prediction of a run's model for an image.

    Args:
        picture: The image as a data URI.
        shown: The image as the model received it.
        after: Prediction of the final model.
        before: Prediction before fine-tuning; None if it is not stored or is the same.
    """

    picture: str
    shown: Shown
    after: Answer
    before: Answer | None = None

    @classmethod
    def from_worker(cls, said: Mapping[str, Any]) -> "Explained":
        """Convert the answer of lib.training.inference.predict."""
        return cls(
            drawing.data_uri(single_image.png(said["image"]), "png"),
            as_shown(said),
            predictions.from_worker(said),
            predictions.from_worker(said["before"]) if said["before"] else None,
        )


def _explained(run: Run, subject: Subject, *, final: bool) -> Explained | None:
    """Return a run's prediction; while a worker computes it, show so here and return None."""
    own = subject.id == OWN
    if not own and (answer := predictions.from_shipped_maps(run, subject.id)):
        shown = predictions.shown_example(subject.id, run.config.image_size)
        return Explained(drawing.data_uri(subject.data), shown, answer)
    said: Explained | None = ask.ask(
        state.PREDICT_ANSWER,
        (run.id, subject.digest),
        "lib.training.inference:predict",
        waiting="The model of this run is classifying the image",
        room=ANSWER_HEIGHT,
        keep=ANSWERS_KEPT,
        read=Explained.from_worker,
        run_folder=run.id,
        config=asdict(run.config),
        image=subject.data,
        phase=None if final else HEAD_ONLY,
    )
    return said


def answer(run: Run, subject: Subject) -> None:
    """Show the prediction of a run's model, before and after fine-tuning if both are stored."""
    final = (run.folder / "model" / MODEL_FILE).is_file()
    if not final and not (run.folder / "model" / f"{HEAD_ONLY}.npz").is_file():
        widgets.problem(
            ConfigError(
                "The trained model of this run is not stored here, so it cannot classify images.",
                "Open it in the training lab and run it with the next seed; its code is below.",
            )
        )
        return
    found = _explained(run, subject, final=final)
    if found is None:
        return
    names, side = tuple(run.result["class_names"]), run.config.image_size
    # One prediction leaves room beside it for its explanation; two take the whole width.
    if found.before is None:
        answers, rest = st.columns(2, gap="medium")
        steps = words = rest
    else:
        answers = st.container()
        steps, words = st.columns([5, 4], gap="medium", vertical_alignment="center")
    drawn = prediction_payload.board(
        found.picture,
        (side, side),
        _panels(run, names, found, final=final),
        label=f"Prediction of run {run.id} for {called(subject)}",
        chosen=found.after.best,
        dark=shell.is_dark(),
    )
    with answers:
        prediction_board.show(drawn, state.PREDICT_ANSWER)
    with steps:
        _went_through(run.config, found.shown)
    with words:
        st.caption(_how(found.after, names))
        if found.before is not None:
            st.caption(f"Before fine-tuning: {_how(found.before, names)}")
        _unlike(run, subject)


def _panels(run: Run, names: Sequence[str], found: Explained, *, final: bool) -> list[Panel]:
    few = len(names) <= prediction_payload.MAX_CLASSES
    shown = range(len(names)) if few else found.after.ranking(prediction_payload.MAX_CLASSES)
    strategy = strategies.get(run.config.strategy)
    if not final:
        title = "At the end of feature extraction; the fine-tuned model is not stored"
    elif strategy.fine_tunes:
        title = "After fine-tuning"
    else:
        title = "Frozen backbone, trained head" if strategy.pretrained else "From scratch"
    panels = [_panel(title, names, found.after, shown)]
    if found.before is not None:
        panels.insert(0, _panel("Before fine-tuning", names, found.before, shown))
    return panels


def _panel(title: str, names: Sequence[str], answer: Answer, shown: Sequence[int]) -> Panel:
    share = drawing.percent(float(answer.probabilities[answer.best]))
    return Panel(
        title, f"{names[answer.best]}, {share}", prediction_payload.lines(answer, names, shown)
    )


def _how(answer: Answer, names: Sequence[str]) -> str:
    """Explain the map; for a class activation map, show its exact sum."""
    if answer.how != "cam":
        return (
            "The map is Grad-CAM: each channel is weighted by its gradient of the logit. The head "
            "is not one Dense layer on averages, so the map is an approximation, not an exact sum."
        )
    mean, bias, logit = (predictions.signed(v, 3) for v in answer.sum_of(answer.best))
    return (
        f"The map is the class activation map, and it is exact: its mean {mean} plus the bias "
        f"{bias} is the logit of {names[answer.best]}, {logit}."
    )


def _went_through(config: TrainConfig, shown: Shown) -> None:
    """Show the preprocessing, step by step."""
    how = backbones.get(config.backbone).preprocessing
    rows = predictions.steps_table(shown, how)
    lines = ["| Preprocessing | Shape | Values |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    st.markdown("\n".join(lines))


def _unlike(run: Run, subject: Subject) -> None:
    """Say whether a shipped image resembles the training images of the run."""
    data = datasets.DATASETS.get(run.config.dataset)
    example = feature_maps.examples().get(subject.id)
    if data is None or example is None:
        return
    if example.dataset == data.id:
        st.caption(f"A test image of {data.title}, true class {example.label}: never trained on.")
    else:
        st.caption(
            f"The run was trained on other images ({data.title}). It knows {data.num_classes} "
            "classes and must predict one of them, so its confidence means little here."
        )
