"""The curves: one run with its findings, or several runs side by side."""

from collections.abc import Sequence
from statistics import fmean

import streamlit as st

from lib.core.config import SETTINGS
from lib.core.files import outside_text
from lib.core.intervals import PairedDifference
from lib.core.reading import compare, curves, diagnose, evaluation, examples, watched
from lib.core.runs import Run
from lib.figures.reading import comparison, learning_curves
from lib.figures.reading.axes import View
from lib.figures.reading.comparison import Curve
from lib.ui import curve_words, glossary, run_names, shell, state, widgets
from lib.ui.parts.figure_bar import component as figure_bar
from lib.ui.parts.figure_bar.component import Files
from lib.ui.reading import findings
from lib.ui.uploads import access

# The link uses these keys.
AXES = {"epochs": "Epochs", "seconds": "Seconds", "images": "Images"}
OTHER_IMAGES = "The two runs were tested on different images, so they cannot be compared."
SMOOTHINGS = {0.0: "Off", 0.5: "Some", 0.8: "Much", 0.95: "Most"}


@st.fragment
def one(run: Run) -> None:
    """Show a run: its curves, its findings, and the downloads.

    Args:
        run: A run with at least one epoch.
    """
    found = findings.of_run(run)
    with st.container(key="curves_headline", horizontal=True, vertical_alignment="center"):
        st.subheader(curves.headline(run), anchor=False)
        view, mark = _view(several=False)
    left, right = st.columns([2.3, 1], gap="medium")
    findings.open_link(run, found)
    finding = findings.chosen(run, found) if mark else None
    marked = (finding.first_epoch, finding.last_epoch) if finding else None
    with left.container(gap="small"):
        widgets.plot(
            learning_curves.figure_of(run, dark=shell.is_dark(), view=view, marked=marked),
            state.CURVES,
            learning_curves.alt_text(run.config, run.history),
        )
        imported = "This run was imported from a file and not trained here." * run.imported
        stopped = curves.why_it_stopped(run)
        below = curve_words.below(run.config)
        st.caption(" ".join(filter(None, (below, _words(below), stopped, imported))))
        note = run_names.meta(run).note
        if note:
            st.text(note)
    with right:
        figure_bar.show(
            state.CURVES,
            f"{run.id} {view} {marked}",
            run.history,
            files=Files(run_names.name(run), f"thaw-{run.id}", curves.to_csv([run])),
            picture=watched.picture(run.folder) if access.may_see(run.config.dataset) else b"",
        )
        with st.container(key="findings_of_run"):
            findings.show(run, found)


@st.fragment
def several(chosen: Sequence[Run]) -> None:
    """Show runs side by side: in one figure or several, and in a table of their differences.

    Args:
        chosen: At least two runs, each with at least one epoch.
    """
    called = {run.id: name for run in chosen if (name := run_names.meta(run).name)}
    lines = comparison.curves_of(
        chosen, over_seeds=bool(state.read(state.OVER_SEEDS)), called=called
    )
    found, words = _compared(lines) if len(lines) == len(chosen) == 2 else (None, "")
    with st.container(key="curves_headline", horizontal=True, vertical_alignment="center"):
        if found:
            with st.container(key="pair_of_runs_headline"):
                st.subheader(found.headline(*_names(lines)), anchor=False)
        else:
            st.subheader(_difference(chosen), anchor=False)
        view, _ = _view(several=True)
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
            max((run.history for run in chosen), key=len),
            files=Files(_difference(chosen), "thaw-comparison", curves.to_csv(chosen)),
        )
        thin = ", training the thin one" if len(lines) <= comparison.MAX_WITH_TRAINING else ""
        below = f"{glossary.term('validation', 'Validation')} is the thick line{thin}."
        if found:
            below += f" {_difference(chosen)}."
        st.caption(f"{below} {_words(below)}")
    if words:
        with st.container(key="pair_of_runs"):
            st.markdown(words)
    _table(lines)


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
            mark = st.toggle(
                "Frame the chosen finding", True, key=state.MARK_FINDING, bind="query-params"
            )
    return View(str(axis), float(smoothing), bool(log)), mark


def _words(below: str) -> str:
    """Offer the terms in the names of the examples."""
    return glossary.words(" ".join(each.title for each in examples.EXAMPLES.values()), below)


def _difference(chosen: Sequence[Run]) -> str:
    left_out = comparison.followers(chosen)
    labels = [SETTINGS[name].label for name in compare.differing(chosen) if name not in left_out]
    if not labels:
        return f"{len(chosen)} runs"
    return f"{len(chosen)} runs, with different settings: {', '.join(labels)}"


def _small_multiples(lines: Sequence[Curve], view: View) -> None:
    with st.grid(3, min_column_width=260):
        for place, line in enumerate(lines):
            with st.container(gap=None):
                st.markdown(f"**{_name(line.label)}**")
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
        if any(run.imported for run in runs.values()):
            origins = {"imported" if run.imported else "trained here" for run in line.runs}
            first = {"Origin": " and ".join(sorted(origins))} | first
        table.append({"Run": _name(line.label, cell=True)} | first | results | settings)
    st.table(table, hide_index=True, border="horizontal")
    st.caption(
        "Final and best are accuracies on the validation images. Over several seeds they are "
        "means, with the smallest and the largest value in brackets."
    )


def _name(label: str, *, cell: bool = False) -> str:
    """The name of a curve in Markdown; what a reader may have typed is shown as it is.

    Args:
        cell: True for a cell of a table, where a long name may break.
    """
    if all(each.isalnum() or each in " ,.-" for each in label):
        return label
    return widgets.in_a_table(label) if cell else outside_text.in_markdown(label)


def _mean(values: Sequence[float | None], form: str = ".3f") -> str:
    known = [value for value in values if value is not None]
    if not known:
        return compare.MISSING
    spread = f" [{min(known):{form}}, {max(known):{form}}]" if len(known) > 1 else ""
    return f"{fmean(known):{form}}{spread}"


def _count(number: int | None) -> str:
    return compare.MISSING if number is None else f"{number:,}"


def _compared(lines: Sequence[Curve]) -> tuple[PairedDifference | None, str]:
    """Compare two runs on their test images, and say what was found; "" without answers to them."""
    first, second = (evaluation.load(line.runs[0]) for line in lines)
    if first is None or second is None:
        return None, ""
    try:
        found = evaluation.compare(first, second)
    except ValueError:
        return None, OTHER_IMAGES
    return found, found.in_words(*_names(lines))


def _names(lines: Sequence[Curve]) -> list[str]:
    return [_name(line.label) for line in lines]
