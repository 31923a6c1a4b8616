"""A finished run on the page Predict: its choice, and its model's prediction for the image."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lib.core import datasets, strategies
from lib.core.broken import inputs
from lib.core.errors import ConfigError
from lib.core.files import outside_text
from lib.core.lab.folder import MODEL_FILE
from lib.core.lab.store import RunSummary
from lib.core.maps import feature_maps, predictions
from lib.core.maps.predictions import Answer, Shown
from lib.core.runs import Run, TrainConfig, is_run_id
from lib.ui import ask, cache, glossary, link, run_names, shell, state, widgets
from lib.ui.maps.subject import OWN, Subject
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.prediction import component as prediction_board
from lib.ui.parts.prediction import payload as prediction_payload
from lib.ui.parts.prediction.payload import Panel
from lib.ui.predict.page import ANSWERS_KEPT, as_shown, called, truth
from lib.ui.uploads import access, pickers, rights, single_image

HEAD_ONLY = "feature_extraction"
# In pixels: the height to reserve for an answer.
ANSWER_HEIGHT = 560


def offered() -> dict[str, RunSummary]:
    """Return the finished runs with a stored model, best first; a link may name any."""
    store = cache.client().store
    asked = link.get(state.RUN)
    asked = None if asked is None else rights.id_here(asked)
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
    lines = [*rights.listed(store.summaries()), *([rights.seen(linked)] if linked else [])]
    finished = {
        each.id: each
        for each in lines
        if each.status == "finished" and access.may_see(each.config.dataset)
    }
    if asked is not None and asked not in finished:
        widgets.problem(
            ConfigError(
                "The link names a finished run that this copy of Thaw does not have.",
                "Choose one below, or open the link on the computer where the run was trained.",
            )
        )
        asked = None
    found = {
        each.id: each
        for each in sorted(finished.values(), key=_in_order)
        if each.id == asked or _has_model(each)
    }
    opened = asked is not None and link.once(state.RUN, state.PREDICT_LINK)
    if opened:
        state.choose(state.PREDICT_RUN, asked)
    state.keep_within(state.PREDICT_RUN, found)
    if found and (opened or asked is None):
        chosen = str(state.read(state.PREDICT_RUN, next(iter(found))))
        state.choose(state.PREDICT_RUN_FIRST, not found[chosen].recorded)
    return found


def comes_first() -> bool:
    """Return True if the page begins with the run, because it opened with one of the reader's own.

    With a recorded run it begins with the lesson. Another choice of run moves nothing.
    """
    return bool(state.read(state.PREDICT_RUN_FIRST))


def first_image(offered: Mapping[str, RunSummary]) -> str | None:
    """Return the example that shows what the chosen run learned: the first one of its dataset.

    Args:
        offered: Runs by id, the first of them chosen at first.

    Returns:
        None if no example is of this dataset.
    """
    chosen = offered.get(str(state.read(state.PREDICT_RUN, next(iter(offered), None))))
    if chosen is None:
        return None
    examples = feature_maps.examples().items()
    return next((id_ for id_, each in examples if each.dataset == chosen.config.dataset), None)


def picker(offered: Mapping[str, RunSummary]) -> Run | None:
    """Let the reader choose a run; None if none is offered.

    Args:
        offered: Runs by id, the first of them chosen at first.
    """
    if not offered:
        return None
    names = run_names.to_choose(offered.values())
    state.show_again(state.PREDICT_RUN, names)
    chosen = st.selectbox(
        "Run",
        list(names),
        format_func=names.__getitem__,
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
    """Sort key: the reader's own runs first, then recorded runs by dataset.

    Of the reader's own, the recommended one is on top, then the newest. One from scratch shows how
    little it learned; it is not what a reader wants to ask first, even if it ended last.
    """
    config = summary.config
    if not summary.recorded:
        is_other = summary.id != state.read(state.RECOMMENDED_RUN)
        return (False, is_other, not strategies.get(config.strategy).pretrained, -summary.ended)
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


def answer(run: Run, subject: Subject) -> Explained | None:
    """Show the prediction of a run's model, beside that of the pretrained network.

    Returns:
        The prediction; None while a worker computes it, or if no model is stored.
    """
    final = (run.folder / "model" / MODEL_FILE).is_file()
    if not final and not (run.folder / "model" / f"{HEAD_ONLY}.npz").is_file():
        widgets.problem(
            ConfigError(
                "The trained model of this run is not stored here, so it cannot classify images.",
                "Open it in the training lab and run it with the next seed; its code is below.",
            )
        )
        return None
    found = _explained(run, subject, final=final)
    if found is None:
        return None
    names = tuple(run.result["class_names"])
    correct = truth(subject, names, found.after.best, run.config.dataset)
    shown = _shown(names, found)
    panel = _panel(f"After: {_title(run, final=final)}", names, found.after, shown, correct)
    _board(run, subject, found, [panel], state.PREDICT_ANSWER)
    _unlike(run, subject)
    return found


def _board(run: Run, subject: Subject, found: Explained, panels: Sequence[Panel], key: str) -> None:
    side = run.config.image_size
    drawn = prediction_payload.board(
        found.picture,
        (side, side),
        panels,
        label=f"Prediction of run {run.id} for {called(subject)}",
        chosen=found.after.best,
        dark=shell.is_dark(),
    )
    prediction_board.show(drawn, key)


def fine_tuning(run: Run, subject: Subject, found: Explained) -> None:
    """Show the prediction before and after fine-tuning; the run has stored both."""
    before = found.before
    if before is None:
        st.markdown("This run has stored one model, so there is nothing to compare with it.")
        return
    names = tuple(run.result["class_names"])
    shown = _shown(names, found)
    panels = [
        _panel(title, names, each, shown, truth(subject, names, each.best, run.config.dataset))
        for title, each in (("Before fine-tuning", before), ("After fine-tuning", found.after))
    ]
    _board(run, subject, found, panels, state.PREDICT_FINE_TUNING)
    st.caption(f"Before fine-tuning: {_how(before, names)}")


def details(run: Run, found: Explained) -> None:
    """Show what the model received, and how exact its map is."""
    left, right = st.columns([5, 4], gap="medium")
    with left:
        _went_through(run.config, found.shown)
    with right:
        st.markdown(_how(found.after, tuple(run.result["class_names"])))


def _shown(names: Sequence[str], found: Explained) -> Sequence[int]:
    """Return the classes that get a bar."""
    few = len(names) <= prediction_payload.MAX_CLASSES
    return range(len(names)) if few else found.after.ranking(prediction_payload.MAX_CLASSES)


def _title(run: Run, *, final: bool) -> str:
    """Return what the model on screen is."""
    strategy = strategies.get(run.config.strategy)
    if not final:
        return "feature extraction; the fine-tuned model is not stored"
    if strategy.fine_tunes:
        return "fine-tuned on this run's images"
    if strategy.pretrained:
        return "with a head trained in this run"
    return "trained from scratch in this run"


def _panel(
    title: str, names: Sequence[str], answer: Answer, shown: Sequence[int], correct: str
) -> Panel:
    share = drawing.percent(float(answer.probabilities[answer.best]))
    return Panel(
        title,
        f"{names[answer.best]}, {share}",
        prediction_payload.lines(answer, names, shown),
        correct,
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
        f"{bias} is the logit of {outside_text.in_markdown(names[answer.best])}, {logit}."
    )


def _went_through(config: TrainConfig, shown: Shown) -> None:
    """Show the preprocessing, step by step."""
    how = inputs.preprocessing_of(config)
    rows = predictions.steps_table(shown, how)
    lines = ["| Preprocessing | Shape | Values |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    st.markdown("\n".join(lines))


def _unlike(run: Run, subject: Subject) -> None:
    """Say whether a shipped image resembles the training images of the run."""
    example = feature_maps.examples().get(subject.id)
    if example is None:
        return
    name = pickers.dataset_name(run.config.dataset)
    if example.dataset == run.config.dataset:
        test_image = glossary.term("test_images", "test image")
        st.caption(f"A {test_image} of {name}, true class {example.label}: never trained on.")
    else:
        st.caption(
            f"The run was trained on other images ({name}). It knows "
            f"{len(run.result['class_names'])} classes and must predict one of them, so its "
            "confidence means little here."
        )
