"""The findings beside the curves, each with its epochs and one suggested change."""

from collections.abc import Sequence

import streamlit as st

from lib.core import runs
from lib.core.reading import diagnose
from lib.core.reading.diagnose import Finding
from lib.core.runs import Run, TrainConfig
from lib.ui import cache, state, widgets
from lib.ui.uploads import access

ICONS = {
    "fault": ":material/warning:",
    "note": ":material/info:",
    "good": ":material/check_circle:",
}


def chosen(run: Run, findings: Sequence[Finding]) -> Finding | None:
    """Return the chosen finding, by default the first one.

    Args:
        run: The run of the page.
        findings: The findings of this run.
    """
    kind = state.read(_key(run))
    by_kind = {finding.kind: finding for finding in findings}
    return by_kind.get(str(kind)) or next(iter(findings), None)


def show(run: Run, findings: Sequence[Finding]) -> None:
    """Show the list of findings, and explain the chosen one.

    Args:
        run: The run of the page.
        findings: The findings of this run.
    """
    if not findings:
        st.markdown("**What the curves say**")
        st.markdown(
            ":material/check_circle: No problem found: training and validation agree, and both "
            "curves have levelled off."
        )
        return
    by_kind = {finding.kind: finding for finding in findings}
    state.keep_within(_key(run), by_kind)
    kind = st.radio(
        "What the curves say",
        list(by_kind),
        format_func=lambda kind: f"{ICONS[by_kind[kind].severity]} {by_kind[kind].title}",
        captions=[_epochs(finding) for finding in findings],
        key=_key(run),
        help="The figure frames the epochs of the chosen finding.",
    )
    finding = by_kind[str(kind)]
    st.markdown(finding.explanation)
    if finding.suggestion:
        _suggestion(run, finding)


def _key(run: Run) -> str:
    return f"{state.FINDING}_{run.id}"


def _epochs(finding: Finding) -> str:
    if finding.first_epoch == finding.last_epoch:
        return f"epoch {finding.first_epoch}"
    return f"epochs {finding.first_epoch} to {finding.last_epoch}"


def _suggestion(run: Run, finding: Finding) -> None:
    """Offer to queue the suggested run; then link to it, or compare it once it has ended."""
    assert finding.suggestion
    if not access.is_mine(run.config.dataset):
        st.caption(f"{finding.suggestion.words}: only the images' owner can run this.")
        return
    config = diagnose.suggested_config(run.config, finding.suggestion)
    id_ = runs.run_id(config)
    now = cache.client().progress(id_)
    if now is None or now.state in ("cancelled", "failed", "interrupted"):
        st.button(
            finding.suggestion.words,
            key=f"{state.QUEUE}_{run.id}_{finding.kind}",
            icon=":material/playlist_add:",
            help="Queues the same run with only this change.",
            wrap=True,
            on_click=_queue,
            args=(config,),
        )
        widgets.last_problem(state.QUEUE_PROBLEM)
    elif now.state == "finished":
        st.caption(f"{finding.suggestion.words}: done.")
        st.page_link(
            "pages/learning_curves.py",
            label="Compare the two",
            icon=":material/compare_arrows:",
            query_params={state.RUNS: f"{run.id},{id_}"},
        )
    else:
        st.caption(f"{finding.suggestion.words}: {now.words.lower()}.")
        st.page_link(
            "pages/training_lab.py",
            label="Watch it in the training lab",
            icon=":material/science:",
            query_params={state.RUN: id_},
        )


def _queue(config: TrainConfig) -> None:
    with widgets.attempt(state.QUEUE_PROBLEM):
        access.check(config)
        cache.client().submit(config, owner=state.session_id())
