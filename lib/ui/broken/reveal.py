"""What was wrong with a case: where it can be seen, what it costs, and the line that differs."""

import streamlit as st

from lib.core.broken import claims
from lib.core.broken.store import Recorded
from lib.core.reading import diagnose
from lib.core.reading.diagnose import Finding
from lib.figures.reading import comparison, learning_curves
from lib.figures.reading.comparison import Curve
from lib.ui import glossary, shell, state, widgets
from lib.ui.broken import play


def show(recorded: Recorded, *, link: bool = True) -> None:
    """Show the answer of a case.

    Args:
        recorded: The case.
        link: Whether to offer its entry in the catalogue.
    """
    case, fault = recorded.case, recorded.case.what_is_wrong
    found = {each.kind: each for each in diagnose.diagnose(recorded.shown)}
    finding = found.get(case.finding)
    if fault:
        st.markdown(f"**{fault.name}.** {fault.does}")
    else:
        st.markdown("**Nothing is wrong.** The run only looks as if something were.")
    left, right = st.columns([2.3, 1], gap="medium")
    with left.container(gap="small"):
        st.markdown(f"**Where it can be seen.** {case.look}")
        _curves(recorded, epochs(recorded, finding))
    words = claims.claim(recorded).words
    with right:
        st.markdown(f"**What {'it costs' if fault else 'the runs show'}.** {words}")
        _diagnosis(recorded, finding, found)
        if link:
            st.button(
                "This case in the catalogue",
                type="tertiary",
                icon=":material/menu_book:",
                key=state.BROKEN_CASE,
                on_click=play.open_case,
                args=(case.id,),
            )
    if fault:
        st.markdown("**The line of code that differs**")
        st.code(f"- {fault.broken}\n+ {fault.mended}", language="diff", wrap_lines=True)


def epochs(recorded: Recorded, finding: Finding | None) -> tuple[int, int]:
    """Return the first and the last epoch in which a case can be seen.

    They are those of the finding that points at it, or else those after thawing where the fault
    needs it, or else all. A finding about the last epoch alone is about the whole run.

    Args:
        recorded: The case.
        finding: The finding about its run that points at it, if there is one.
    """
    if finding and finding.first_epoch < finding.last_epoch:
        return finding.first_epoch, finding.last_epoch
    fault, run = recorded.case.what_is_wrong, recorded.shown
    before = run.fine_tuning_starts_after if fault and "fine_tuning" in fault.needs else None
    return (before or 0) + 1, len(run.history)


def _curves(recorded: Recorded, marked: tuple[int, int]) -> None:
    """Show both runs over each other; where nothing is wrong, there is only one."""
    first, last = marked
    framed = f"Framed: epoch{'s' * (first != last)} {first}" + (
        f" to {last}." if first != last else "."
    )
    if recorded.case.is_healthy:
        run = recorded.shown
        figure = learning_curves.figure_of(run, dark=shell.is_dark(), marked=marked)
        alt = learning_curves.alt_text(run.config, run.history)
    else:
        lines = [Curve("broken", (recorded.shown,)), Curve("mended", (recorded.mended,))]
        figure = comparison.overlay(lines, dark=shell.is_dark(), marked=marked)
        alt = comparison.alt_text(lines)
    widgets.plot(figure, f"{state.BROKEN_CURVES}_revealed", alt)
    st.caption(
        f"{framed} {glossary.term('validation', 'Validation')} is the thick line, training the "
        f"thin one, over {glossary.term('epoch', 'epochs')}; below, the {glossary.term('loss')}."
    )


def _diagnosis(recorded: Recorded, finding: Finding | None, found: dict[str, Finding]) -> None:
    """Say which finding of the page Learning curves points at the fault, or why none does."""
    case = recorded.case
    if finding:
        words = f"The page Learning curves finds it: *{finding.title}*. {finding.explanation}"
    else:
        faults = ", ".join(f"*{each.title}*" for each in found.values() if each.severity == "fault")
        said = f"It finds instead: {faults}." if faults else "It finds no other fault."
        words = f"The page Learning curves does not find it. {case.why_no_finding} {said}"
    st.markdown(f"**What the diagnosis says.** {words}")
