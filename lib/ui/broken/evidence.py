"""The pieces of evidence about a recorded run, each a sentence above its figure or table."""

from collections.abc import Callable, Mapping

import streamlit as st

from lib.core import backbones
from lib.core.broken.cases import Case
from lib.core.broken.game import EVIDENCE
from lib.core.broken.store import MAX_MOST_WRONG, TILE_PIXELS, Recorded
from lib.core.config import SETTINGS
from lib.core.files import outside_text
from lib.core.reading import compare, curves
from lib.core.runs import TrainConfig
from lib.core.settings import Group
from lib.figures.images import histogram
from lib.figures.reading import confusion, moved_layers
from lib.figures.svg import gallery
from lib.ui import glossary, shell, widgets

# In pixels: a small matrix, and a large one.
NARROW, WIDE = 420, 720
# Images side by side, their width together in pixels, the size of the letters below them, in the
# units of TILE_PIXELS, and columns of such a line. They are large enough on a telephone.
IMAGES_A_ROW, IMAGES_WIDTH, LETTERS, CAPTION = 3, 420, 12, 15
SPLITS = {"train": "training", "validation": "validation", "test": "test"}
PHASES = {
    "feature_extraction": "Head only",
    "fine_tuning": "Layers thawed",
    "from_scratch": "From random weights",
}
# Found out or the same for everybody: no clue.
NO_CLUE = ("fault", "seed", "training_version", "data_fingerprint")


def show(key: str, recorded: Recorded, place: str | None = None) -> None:
    """Show a piece of evidence about the run that is shown.

    Args:
        key: Key of EVIDENCE.
        recorded: A recorded case.
        place: Key of its place on the page, if the focus may go there.
    """
    each = EVIDENCE[key]
    with st.container(border=True, gap="small", key=place):
        with st.container(gap=None):
            st.markdown(f"#### {each.title}")
            st.markdown(each.says)
        _DRAWN[key](recorded)


def _train(recorded: Recorded) -> None:
    said = recorded.evidence.train_as_validation
    st.table(
        [
            {
                "Images": words,
                "Accuracy": f"{said[f'{name}accuracy']:.3f}",
                "Loss": f"{said[f'{name}loss']:.3f}",
            }
            for name, words in (
                ("seen_", "Training, measured during the last epoch"),
                ("", "Training, evaluated after it"),
                ("validation_", "Validation, evaluated after it"),
            )
        ],
        hide_index=True,
        width="content",
    )


def _confusion(recorded: Recorded) -> None:
    matrix = recorded.evidence.confusion["matrix"]
    names = recorded.evidence.confusion["class_names"]
    classes = (
        confusion.most_confused(matrix)
        if len(names) > confusion.MAX_NUMBERED
        else range(len(names))
    )
    with st.container(width=WIDE if len(names) > 3 else NARROW):
        widgets.plot(
            confusion.figure(matrix, names, classes=classes, dark=shell.is_dark()),
            _key("confusion", recorded),
            confusion.alt_text(matrix, names),
        )


def _wrong(recorded: Recorded) -> None:
    wrong = recorded.evidence.most_wrong
    if not wrong:
        st.markdown("Every test image was classified correctly.")
        return
    captions = [
        [
            f"said {outside_text.shown(each['predicted'], CAPTION - 5)}",
            f"{each['probability'] * 100:.0f} %",
            f"is {outside_text.shown(each['label'], CAPTION - 3)}",
        ]
        for each in wrong
    ]
    drawn = gallery.svg(
        recorded.evidence.sprite,
        range(len(wrong)),
        captions,
        dark=shell.is_dark(),
        tile=TILE_PIXELS,
        columns=IMAGES_A_ROW,
        tiles_a_row=MAX_MOST_WRONG,
        size=LETTERS,
    )
    in_words = "; ".join(", ".join(each) for each in captions)
    with st.container(width=IMAGES_WIDTH):
        st.image(drawn, width="stretch", alt=f"Test images: {in_words}")
    st.caption(
        f"The prediction, its {glossary.term('confidence')}, and the true class."
        f"{widgets.credit(recorded.shown.config.dataset)}"
    )


def _inputs(recorded: Recorded) -> None:
    said = recorded.evidence.input_histogram
    backbone = backbones.get(recorded.shown.config.backbone).title
    st.markdown(
        f"From {said['min']:.4g} to {said['max']:.4g}, in the mean {said['mean']:.3g}. {backbone} "
        f"expects {said['expected_min']:.3g} for black to {said['expected_max']:.3g} for white."
    )
    expected = said["expected_min"], said["expected_max"]
    widgets.plot(
        histogram.counted(said["edges"], said["counts"], expected, dark=shell.is_dark()),
        _key("inputs", recorded),
        f"Histogram of the values that reach the network: from {said['min']:.4g} to "
        f"{said['max']:.4g}; expected from {expected[0]:.4g} to {expected[1]:.4g}.",
    )


def _moved(recorded: Recorded) -> None:
    changes = curves.changes(recorded.shown)
    still = sum(not each.moved for each in changes)
    st.markdown(
        f"In the last phase, {len(changes) - still} of {len(changes)} layers of the backbone "
        f"changed; {still} did not change at all."
    )
    widgets.plot(
        moved_layers.figure(changes, dark=shell.is_dark()),
        _key("moved", recorded),
        moved_layers.alt_text(changes),
    )


def _counts(recorded: Recorded) -> None:
    st.table(
        [
            {
                "Phase": _phase(phase),
                "Total": f"{counts['total']:,}",
                "Trainable": f"{counts['trainable']:,}",
                "Non-trainable": f"{counts['non_trainable']:,}",
            }
            for phase, counts in recorded.evidence.counts.items()
        ],
        hide_index=True,
        width="content",
    )


def _phase(key: str) -> str:
    return PHASES.get(key, PHASES["fine_tuning"])


def _overlap(recorded: Recorded) -> None:
    files, pixels = (recorded.evidence.overlap[kind] for kind in ("files", "pixels"))
    st.table(
        [
            {
                "Splits": " and ".join(SPLITS[split] for split in pair.split("_")).capitalize(),
                "The same file": f"{number:,}",
                "Identical pixels": f"{pixels[pair]:,}",
            }
            for pair, number in files.items()
        ],
        hide_index=True,
        width="content",
    )


def _balance(recorded: Recorded) -> None:
    names = recorded.evidence.confusion["class_names"]
    rows = [
        {"Class": widgets.in_a_table(name)}
        | {
            SPLITS[split].capitalize(): f"{counts[place]:,}"
            for split, counts in recorded.evidence.balance.items()
        }
        for place, name in enumerate(names)
    ]
    st.table(rows, hide_index=True, width="content")


def _settings(recorded: Recorded) -> None:
    config = recorded.shown.config
    rows = settings(recorded.case, config)
    half = -(-len(rows) // 2)
    for column, part in zip(st.columns(2), (rows[:half], rows[half:]), strict=True):
        column.table([{"Setting": label, "Value": value} for label, value in part], hide_index=True)


def settings(case: Case, config: TrainConfig) -> list[tuple[str, str]]:
    """Return the settings of a run in words, as its author would read them: without its fault.

    A fault that only changes settings is in them; one that training acts out is not.

    Args:
        case: The case.
        config: Configuration of its run.
    """
    fault = case.what_is_wrong
    said = config.mended if fault is None or fault.is_acted else config.acting
    return [
        (each.label, words)
        for name, each in SETTINGS.items()
        if name not in NO_CLUE and each.group is not Group.FOUND_OUT
        if (words := compare.setting(said, name)) != compare.MISSING
    ]


def _key(kind: str, recorded: Recorded) -> str:
    return f"broken_{kind}_{recorded.case.id}"


_DRAWN: Mapping[str, Callable[[Recorded], None]] = {
    "train": _train,
    "confusion": _confusion,
    "wrong": _wrong,
    "inputs": _inputs,
    "moved": _moved,
    "counts": _counts,
    "overlap": _overlap,
    "balance": _balance,
    "settings": _settings,
}
