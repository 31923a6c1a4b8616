"""The pieces of the page "Predict": an image, what ImageNet's classifier says, what a run says."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from lib.core import backbones, datasets, heads, strategies
from lib.core.errors import ConfigError
from lib.core.lab import store as run_store
from lib.core.lab.store import RunSummary
from lib.core.maps import feature_maps, predictions
from lib.core.maps.feature_maps import Classifier, FeatureMaps
from lib.core.maps.predictions import Answer, Shown
from lib.core.runs import Run, TrainConfig, is_run_id
from lib.ui import ask, cache, link, shell, state, widgets
from lib.ui.maps import class_names
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import Choice
from lib.ui.parts.prediction import component as prediction_board
from lib.ui.parts.prediction import payload as prediction_payload
from lib.ui.parts.prediction.payload import Panel
from lib.ui.uploads import access, single_image

OWN = "own"
# Each is an image of at most 512 x 512 pixels and its maps: a few hundred kB.
ANSWERS_KEPT = 6
SIZE = (predictions.IMAGENET_SIZE, predictions.IMAGENET_SIZE)
HEAD_ONLY = "feature_extraction"
# In pixels: seven pictures in a row; and what an answer will take, while a worker is asked for it.
PICKER_WIDTH = 640
PRETRAINED_HEIGHT = 900
ANSWER_HEIGHT = 560


# --- The image ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Subject:
    """The image on screen.

    Args:
        example: Id of a shipped image; "" for the reader's own.
        data: The file.
        digest: Of the file, to know it again.
        credit: Who made it, under which licence; or what happens to the reader's own.
    """

    example: str
    data: bytes
    digest: str
    credit: str


@lru_cache(maxsize=16)
def _example(id_: str) -> Subject:
    example = feature_maps.examples()[id_]
    data = example.picture()
    credit = f"{example.about} {example.attribution} {example.licence}."
    return Subject(id_, data, hashlib.sha256(data).hexdigest(), credit)


def _called(subject: Subject) -> str:
    """The image in a word or two."""
    return feature_maps.examples()[subject.example].title if subject.example else "your image"


@lru_cache(maxsize=1)
def _choices() -> tuple[Choice, ...]:
    return tuple(
        Choice(id_, example.title, drawing.data_uri(example.thumbnail()))
        for id_, example in feature_maps.examples().items()
    )


def image_picker() -> Subject:
    """Choose one of the shipped images or one's own; the same image goes through every network."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
    ):
        # On a narrow screen it takes the whole line, and the button the next.
        shipped = st.container(width=PICKER_WIDTH)
        with st.container(width="content"):
            data = single_image.own_image(state.PREDICT_OWN)
    own = None
    if data is not None:
        own = Subject("", data, hashlib.sha256(data).hexdigest(), single_image.PRIVACY)
        # A new image is the one to look at; one that was there before may wait its turn.
        if state.read(state.PREDICT_DIGEST) != own.digest:
            state.choose(state.PREDICT_IMAGE, OWN)
    state.choose(state.PREDICT_DIGEST, own.digest if own else None)
    known = feature_maps.examples()
    chosen = state.read(state.PREDICT_IMAGE)
    if chosen not in known and not (chosen == OWN and own):
        chosen = next(iter(known))
    choices = [*_choices()]
    if own:
        choices.append(Choice(OWN, "Your image", _thumbnail(own)))
    with shipped:
        drawn = prediction_payload.picker(choices, str(chosen))
        prediction_board.show(drawn, state.PREDICT_PICKER, _take_over)
    return own if own and chosen == OWN else _example(str(chosen))


def _thumbnail(own: Subject) -> str:
    """The reader's image once a worker has decoded it."""
    said = ask.known(state.PREDICT_IMAGENET, own.digest)
    return drawing.data_uri(single_image.png(said["image"]), "png") if said else ""


def _take_over() -> None:
    """The image the reader chose in the browser, before the next run; nonsense is left out."""
    component: Any = state.read(state.PREDICT_PICKER, {})
    choice = component.get("choice") if isinstance(component, Mapping) else None
    if isinstance(choice, Mapping) and (
        choice.get("id") == OWN or choice.get("id") in feature_maps.examples()
    ):
        state.choose(state.PREDICT_IMAGE, choice["id"])


# --- The pretrained model -------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Seen:
    """An image as the ImageNet classifier was shown it, and what came out.

    Args:
        shown: As it was shown.
        picture: Its address.
        maps: The last feature map, with the logits.
        classifier: Weights of its first classes at least.
    """

    shown: Shown
    picture: str
    maps: FeatureMaps
    classifier: Classifier


@lru_cache(maxsize=16)
def _seen_example(id_: str) -> Seen:
    """Without a worker: all of it ships with Thaw."""
    return Seen(
        predictions.shown_example(id_, predictions.IMAGENET_SIZE),
        drawing.data_uri(feature_maps.examples()[id_].picture()),
        feature_maps.load(id_, SIZE),
        feature_maps.imagenet_classifier(),
    )


def _seen_own(said: Mapping[str, Any]) -> Seen:
    maps = FeatureMaps(
        SIZE, np.asarray(said["maps"], np.float64), np.asarray(said["logits"], np.float64)
    )
    classes = tuple(int(index) for index in said["classes"])
    kernel, bias = (np.asarray(said[f"{name}_top"], np.float64) for name in ("kernel", "bias"))
    return Seen(
        _shown(said),
        drawing.data_uri(single_image.png(said["image"]), "png"),
        maps,
        Classifier(classes, kernel, bias),
    )


def _shown(said: Mapping[str, Any]) -> Shown:
    """What a worker said of an image; the first of its steps begins with the format."""
    format_ = str(said["steps"][0]["text"]).partition(",")[0]
    width, height = said["size"]
    return predictions.shown(said["image"], (int(width), int(height)), format_)


def pretrained(subject: Subject) -> None:
    """The five likeliest of 1,000 classes, where they come from, and the four steps to them."""
    if subject.example:
        seen = _seen_example(subject.example)
    else:
        said = ask.ask(
            state.PREDICT_IMAGENET,
            subject.digest,
            "lib.training.answers.imagenet:predict",
            waiting="The network is looking at your image",
            height=PRETRAINED_HEIGHT,
            keep=ANSWERS_KEPT,
            image=subject.data,
        )
        if said is None:
            return
        seen = _seen_own(said)
    names, top = class_names.names(), seen.maps.top()
    shares = seen.maps.probabilities
    panel = Panel(
        "EfficientNet-Lite0, trained on ImageNet, says",
        f"{names[top[0]]}, {drawing.percent(float(shares[top[0]]))}",
        tuple(
            prediction_payload.ClassLine(
                index,
                names[index],
                float(shares[index]),
                feature_maps.decide(seen.maps, *seen.classifier.column(index)).cam,
            )
            for index in top
        ),
    )
    drawn = prediction_payload.board(
        seen.picture,
        SIZE,
        [panel],
        label=f"What the ImageNet classifier says of {_called(subject)}",
        chosen=top[0],
        dark=shell.is_dark(),
    )
    prediction_board.show(drawn, state.PREDICT_IMAGENET)
    st.caption(subject.credit)
    how = backbones.get(feature_maps.BACKBONE).preprocessing
    _lesson(predictions.lesson(seen.shown, how, top[0], float(shares[top[0]]), names[top[0]]))


def _lesson(steps: Sequence[predictions.Step]) -> None:
    """A row a step: its name, the line of code that does it, and what it made of this image."""
    with st.container(border=True, gap="xsmall"):
        for number, step in enumerate(steps, start=1):
            name, code, result = st.columns([1.1, 4.8, 2.9], vertical_alignment="center")
            name.markdown(f"**{number} {step.title}**")
            # In one colour: those of the highlighter are too faint beside text.
            code.code(step.code, language=None, wrap_lines=True)
            with result.container(gap=None):
                st.markdown(step.result)
                st.caption(step.shape)
    with st.expander("The four steps with any network of Keras", icon=":material/code:"):
        st.code(predictions.PRETRAINED_CODE, language="python")


# --- A finished run -------------------------------------------------------------------------


def run_picker() -> Run | None:
    """Choose among the finished runs whose model is stored; the link may name any finished one."""
    store = cache.client().store
    asked = link.get(state.RUN)
    linked = store.summary(asked) if asked is not None and is_run_id(asked) else None
    if linked and not access.may_see(linked.config.dataset):
        widgets.problem(
            ConfigError(
                "The run of the link was made from another reader's images, so its model is not "
                "shown to others.",
                "Its owner can share it; its curves are in the learning curves.",
            )
        )
        asked = linked = None
    lines = [each for each in store.summaries() if access.is_mine(each.config.dataset)]
    finished = {each.id: each for each in (*lines, linked) if each and each.status == "finished"}
    if asked is not None and asked not in finished:
        widgets.problem(
            ConfigError(
                "The link names a run that this copy of Thaw does not have finished.",
                "Choose one below, or open the link where the run was made.",
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
    names = _names(offered.values())
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
    """The link names the run on screen from the first choice on."""
    link.follow(state.RUN, str(state.read(state.PREDICT_RUN)), state.PREDICT_LINK)


def _folder(summary: RunSummary) -> Path:
    store = cache.client().store
    return (store.recorded_root if summary.recorded else store.root) / summary.id


def _has_model(summary: RunSummary) -> bool:
    return (_folder(summary) / "model" / run_store.MODEL_FILE).is_file()


def _in_order(summary: RunSummary) -> tuple[object, ...]:
    """The reader's own runs first, newest on top; then the recorded ones as the datasets come."""
    config = summary.config
    if not summary.recorded:
        return (False, -summary.ended)
    known = list(datasets.DATASETS)
    place = known.index(config.dataset) if config.dataset in known else len(known)
    # First those that a page can answer for without a worker.
    tuned = strategies.get(config.strategy).fine_tunes
    return (True, place, tuned, -config.num_images, config.pooling != "gap", summary.id)


def _names(offered: Iterable[RunSummary]) -> dict[str, str]:
    """What the list calls each run; the id tells apart what would read the same."""
    words = {each.id: _words(each) for each in offered}
    times = Counter(words.values())
    return {id_: f"{text}, {id_[:6]}" if times[text] > 1 else text for id_, text in words.items()}


def _words(summary: RunSummary) -> str:
    """A run in a line of the list."""
    config = summary.config
    words = summary.meta.name or ", ".join(
        (
            access.title(config.dataset),
            backbones.get(config.backbone).title,
            strategies.get(config.strategy).title.lower(),
            *([heads.SHORT_NAMES[config.pooling]] if config.pooling != "gap" else []),
            f"{config.num_images:,} images of {config.image_size} px",
            f"{summary.num_epochs} epochs",
            f"seed {config.seed}",
        )
    )
    return f"{words} (recorded)" if summary.recorded else words


def run_answer(run: Run, subject: Subject) -> None:
    """What the model of a run says of the image, before and after fine-tuning where it has both."""
    config = run.config
    final = (run.folder / "model" / run_store.MODEL_FILE).is_file()
    first = (run.folder / "model" / f"{HEAD_ONLY}.npz").is_file()
    if not final and not first:
        widgets.problem(
            ConfigError(
                "The trained model of this run is not stored here, so it cannot be asked.",
                "Open it in the training lab and run it with the next seed; its code is below.",
            )
        )
        return
    names = tuple(run.result["class_names"])
    after = predictions.from_shipped_maps(run, subject.example) if subject.example else None
    before = None
    if after is not None:
        shown = predictions.shown_example(subject.example, config.image_size)
        picture = drawing.data_uri(subject.data)
    else:
        said = ask.ask(
            state.PREDICT_ANSWER,
            (run.id, subject.digest),
            "lib.training.inference:predict",
            waiting="The model of this run is looking at the image",
            height=ANSWER_HEIGHT,
            keep=ANSWERS_KEPT,
            run_folder=run.id,
            config=asdict(config),
            image=subject.data,
            phase=None if final else HEAD_ONLY,
        )
        if said is None:
            return
        after = predictions.from_worker(said)
        before = predictions.from_worker(said["before"]) if said["before"] else None
        shown, picture = _shown(said), drawing.data_uri(single_image.png(said["image"]), "png")
    panels = _panels(run, names, before, after, final=final)
    # One answer leaves room beside it for how it came about; two take the whole width.
    if before is None:
        answers, rest = st.columns(2, gap="medium")
        steps = words = rest
    else:
        answers = st.container()
        steps, words = st.columns([5, 4], gap="medium", vertical_alignment="center")
    drawn = prediction_payload.board(
        picture,
        (config.image_size, config.image_size),
        panels,
        label=f"What run {run.id} says of {_called(subject)}",
        chosen=after.best,
        dark=shell.is_dark(),
    )
    with answers:
        prediction_board.show(drawn, state.PREDICT_ANSWER)
    with steps:
        _went_through(config, shown)
    with words:
        st.caption(_how(after, names))
        if before is not None:
            st.caption(f"Before fine-tuning: {_how(before, names)}")
        _unlike(run, subject)


def _panels(
    run: Run, names: Sequence[str], before: Answer | None, after: Answer, *, final: bool
) -> list[Panel]:
    few = len(names) <= prediction_payload.MAX_CLASSES
    shown = range(len(names)) if few else after.ranking(prediction_payload.MAX_CLASSES)
    strategy = strategies.get(run.config.strategy)
    if not final:
        title = "At the end of feature extraction; the fine-tuned model is not stored"
    elif strategy.fine_tunes:
        title = "After fine-tuning"
    else:
        title = "Frozen backbone, trained head" if strategy.pretrained else "From scratch"
    panels = [_panel(title, names, after, shown)]
    if before is not None:
        panels.insert(0, _panel("Before fine-tuning", names, before, shown))
    return panels


def _panel(title: str, names: Sequence[str], answer: Answer, shown: Sequence[int]) -> Panel:
    share = drawing.percent(float(answer.probabilities[answer.best]))
    return Panel(
        title, f"{names[answer.best]}, {share}", prediction_payload.lines(answer, names, shown)
    )


def _how(answer: Answer, names: Sequence[str]) -> str:
    """What the map is, and for a class activation map the sum that it is."""
    if answer.how != "cam":
        return (
            "The map is Grad-CAM: each channel weighed by how much the logit rises with it. The "
            "head is more than one Dense layer on averages, so it is a reading and no exact sum."
        )
    mean, bias, logit = (predictions.signed(v, 3) for v in answer.sum_of(answer.best))
    return (
        f"The map is the class activation map, and exact: its mean {mean} and the bias {bias} are "
        f"the logit of {names[answer.best]}, {logit}."
    )


def _went_through(config: TrainConfig, shown: Shown) -> None:
    """The preprocessing, step by step."""
    how = backbones.get(config.backbone).preprocessing
    rows = predictions.steps_table(shown, how)
    lines = ["| Preprocessing | Shape | Values |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    st.markdown("\n".join(lines))


def _unlike(run: Run, subject: Subject) -> None:
    """What to think of an answer about a shipped image, which may be unlike the run's own."""
    data = datasets.DATASETS.get(run.config.dataset)
    example = feature_maps.examples().get(subject.example)
    if data is None or example is None:
        return
    if example.dataset == data.id:
        st.caption(f"A test image of {data.title}, {example.label}: no run was trained on it.")
    else:
        st.caption(
            f"The run was trained on other images ({data.title}). It knows {data.num_classes} "
            "classes and has to name one of them, so being sure says little here."
        )
