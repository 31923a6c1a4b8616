"""The curves: one run with its findings, or several runs side by side."""

from collections.abc import Sequence
from statistics import fmean

import streamlit as st

from lib.core.config import SETTINGS
from lib.core.reading import compare, curves, diagnose, evaluation
from lib.core.runs import Run
from lib.figures.reading import comparison, learning_curves
from lib.figures.reading.axes import View
from lib.figures.reading.comparison import Curve
from lib.ui import run_names, shell, state, widgets
from lib.ui.parts.figure_bar import component as figure_bar
from lib.ui.reading import findings

# The link uses these keys.
AXES = {"epochs": "Epochs", "seconds": "Seconds", "images": "Images"}
SMOOTHINGS = {0.0: "Off", 0.5: "Some", 0.8: "Much", 0.95: "Most"}


@st.fragment
def one(run: Run) -> None:
    """Show a run: its curves, its findings, and the downloads.

    Args:
        run: A run with at least one epoch.
    """
    found = diagnose.diagnose(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(curves.headline(run), anchor=False)
        view, mark = _view(several=False)
    left, right = st.columns([2.3, 1], gap="medium")
    finding = findings.chosen(run, found) if mark else None
    marked = (finding.first_epoch, finding.last_epoch) if finding else None
    with left.container(gap="xsmall"):
        widgets.plot(
            learning_curves.figure_of(run, dark=shell.is_dark(), view=view, marked=marked),
            state.CURVES,
            learning_curves.alt_text(run.config, run.history),
        )
        figure_bar.show(
            state.CURVES,
            f"{run.id} {view} {marked}",
            len(run.history),
            run_names.name(run),
            f"thaw-{run.id}",
            curves.to_csv([run]),
        )
        st.caption("Validation is the thick line, training the thin one.")
        note = run_names.meta(run).note
        if note:
            st.text(note)
    with right:
        findings.show(run, found)


@st.fragment
def several(chosen: Sequence[Run]) -> None:
    """Show runs side by side: in one figure or several, and in a table of their differences.

    Args:
        chosen: At least two runs, each with at least one epoch.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_difference(chosen), anchor=False)
        view, _ = _view(several=True)
    lines = comparison.curves_of(chosen, over_seeds=bool(state.read(state.OVER_SEEDS)))
    if state.read(state.SMALL_MULTIPLES):
        _small_multiples(lines, view)
    else:
        aligned = bool(state.read(state.ALIGNED))
        widgets.plot(
            comparison.overlay(lines, dark=shell.is_dark(), view=view, aligned=aligned),
            state.CURVES,
            comparison.alt_text(lines),
        )
        figure_bar.show(
            state.CURVES,
            f"{[line.label for line in lines]} {view} {aligned}",
            max(len(run.history) for run in chosen),
            _difference(chosen),
            "thaw-comparison",
            curves.to_csv(chosen),
        )
        thin = ", training the thin one" if len(lines) <= comparison.MAX_WITH_TRAINING else ""
        st.caption(f"Validation is the thick line{thin}. The letters refer to the table.")
    _table(lines)
    if len(chosen) == 2:
        st.markdown(_paired(*chosen))


def _view(*, several: bool) -> tuple[View, bool]:
    """Let the reader choose how the curves are drawn; the link has all of these choices.

    Returns:
        The view, and whether to frame the epochs of the chosen finding.
    """
    with st.popover("View", icon=":material/tune:"):
        axis = st.radio(
            "Axis",
            list(AXES),
            horizontal=True,
            format_func=AXES.__getitem__,
            key=state.AXIS,
            bind="query-params",
        )
        smoothing = st.select_slider(
            "Smoothing",
            list(SMOOTHINGS),
            format_func=SMOOTHINGS.__getitem__,
            key=state.SMOOTHING,
            bind="query-params",
            help="A moving average within each phase. The points show the measured values.",
        )
        log = st.toggle("Logarithmic loss", key=state.LOG_LOSS, bind="query-params")
        if several:
            st.toggle("One figure per run", key=state.SMALL_MULTIPLES, bind="query-params")
            st.toggle("Align at the start of fine-tuning", key=state.ALIGNED, bind="query-params")
            st.toggle("Mean over seeds, with range", key=state.OVER_SEEDS, bind="query-params")
            mark = False
        else:
            mark = st.toggle("Frame the chosen finding", True, key=state.MARK_FINDING)
    return View(str(axis), float(smoothing), bool(log)), mark


def _difference(chosen: Sequence[Run]) -> str:
    left_out = comparison.followers(chosen)
    names = [
        # BatchNormalization keeps its capitals.
        title if title[1:] != title[1:].lower() else title.lower()
        for name in compare.differing(chosen)
        for title in [SETTINGS[name].label]
        if name not in left_out
    ]
    if not names:
        return f"{len(chosen)} runs"
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{len(chosen)} runs that differ in {listed}"


def _small_multiples(lines: Sequence[Curve], view: View) -> None:
    with st.grid(3, min_column_width=260):
        for place, line in enumerate(lines):
            with st.container(gap=None):
                st.markdown(f"**{line.letter}** {line.label}")
                widgets.plot(
                    comparison.small(line, place, lines, dark=shell.is_dark(), view=view),
                    f"{state.CURVES}_{place}",
                    comparison.alt_text([line]),
                )


def _table(lines: Sequence[Curve]) -> None:
    """Show what differs and the results; over several seeds the mean and the range."""
    runs = {run.id: run for line in lines for run in line.runs}
    rows = {row.run.id: row for row in compare.rows(list(runs.values()))}
    later = {SETTINGS[name].label for name in comparison.followers(list(runs.values()))}
    names = {line.letter: run_names.meta(line.runs[0]).name for line in lines}
    table = []
    for line in lines:
        members = [rows[run.id] for run in line.runs]
        settings = dict(members[0].settings)
        if len(lines) < len(runs):
            settings.pop("Seed", None)
            settings["Seeds"] = f"{len(members)}"
        interval = members[0].test_interval
        found = diagnose.diagnose(line.runs[0])
        results = {
            "Final": _mean([row.final for row in members]),
            "Best": _mean([row.best for row in members]),
            "Test": _mean([row.test_accuracy for row in members]),
            "95 % interval": f"{interval[0]:.2f}–{interval[1]:.2f}"
            if interval and len(members) == 1
            else compare.MISSING,
            "Parameters trained": _count(members[0].trained),
            "Seconds": _mean([row.seconds for row in members], ".0f"),
            "Finding": found[0].title if found else "No problem",
        }
        first = {name: words for name, words in settings.items() if name not in later}
        called = {"Name": names[line.letter] or compare.MISSING} if any(names.values()) else {}
        table.append({"": line.letter} | called | first | results | settings)
    st.table(table, hide_index=True, border="horizontal")
    st.caption(
        "Final and best are accuracies on the validation images. Over several seeds they are "
        "means, with the smallest and the largest value in brackets."
    )


def _mean(values: Sequence[float | None], form: str = ".3f") -> str:
    known = [value for value in values if value is not None]
    if not known:
        return compare.MISSING
    spread = f" [{min(known):{form}}, {max(known):{form}}]" if len(known) > 1 else ""
    return f"{fmean(known):{form}}{spread}"


def _count(number: int | None) -> str:
    return compare.MISSING if number is None else f"{number:,}"


def _paired(first: Run, second: Run) -> str:
    """Say whether the difference of two runs on the test images is more than chance."""
    answers = [evaluation.load(run) for run in (first, second)]
    if answers[0] is None or answers[1] is None:
        return ""
    try:
        return evaluation.compare(answers[0], answers[1]).in_words("run A", "run B")
    except ValueError:
        return "The two runs were tested on different images, so they cannot be compared."
