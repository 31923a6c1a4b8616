"""The findings beside the curves, each with its epochs and one suggested change."""

from collections.abc import Mapping, Sequence

import streamlit as st

from lib.core import runs
from lib.core.reading import curves, diagnose
from lib.core.reading.diagnose import Finding
from lib.core.runs import Run, TrainConfig
from lib.ui import cache, glossary, link, state, widgets
from lib.ui.uploads import access, reader

# More would hide the first one.
MAX_FIRST = 3
ICONS = {
    "fault": ":material/warning:",
    "note": "",
    "good": ":material/check_circle:",
}


# What curves.headline speaks of where a run was fine-tuned: the gain, and whether it is certain.
OF_THE_HEADLINE = (
    "fine_tuning_destroyed",
    "fine_tuning_helped",
    "fine_tuning_did_nothing",
    "too_few_validation_images",
)


def of_run(run: Run) -> tuple[Finding, ...]:
    """Return the findings of a run: faults first, then what the headline speaks of.

    Args:
        run: A run with at least one epoch.
    """
    found = diagnose.diagnose(run)
    if curves.fine_tuning_gain(run.history) is None:
        return found

    def place(finding: Finding) -> tuple[bool, bool]:
        return finding.severity != "fault", finding.kind not in OF_THE_HEADLINE

    return tuple(sorted(found, key=place))


def open_link(run: Run, findings: Sequence[Finding]) -> None:
    """Choose the finding that the link names; before the figure, which frames its epochs.

    Args:
        run: The run of the page.
        findings: The findings of this run.
    """
    asked = link.once(state.LINK_FINDING, _opened(run))
    kinds = [finding.kind for finding in findings]
    if asked in kinds:
        state.choose(_key(run), asked)
    state.keep_within(_key(run), kinds)


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
        st.markdown("**Show in the curves**")
        st.markdown(
            ":material/check_circle: No problem found: training and validation agree, and both "
            "curves have levelled off."
        )
        return
    by_kind = {finding.kind: finding for finding in findings}
    shown = _offered(run, by_kind)
    kind = st.radio(
        "Show in the curves",
        shown,
        format_func=lambda kind: f"{ICONS[by_kind[kind].severity]} {by_kind[kind].title}".strip(),
        key=_key(run),
        help="The figure frames the epochs of the chosen finding.",
    )
    if kind != shown[0] or link.get(state.LINK_FINDING):
        link.follow(state.LINK_FINDING, str(kind), _opened(run))
    finding = by_kind[str(kind)]
    explained = glossary.offered(finding.explanation, *glossary.TERMS)
    framed = ", in the dotted frame" * bool(state.read(state.MARK_FINDING, True))
    st.markdown(f"**{_epochs(finding)}{framed}.** {explained}")
    if finding.suggestion:
        _suggestion(run, finding)
    if len(findings) > MAX_FIRST:
        st.toggle(f"All {len(findings)} findings", key=state.EVERY_FINDING, bind="query-params")


def _offered(run: Run, by_kind: Mapping[str, Finding]) -> list[str]:
    """Return the kinds of the findings to choose from: the first ones, or all if asked for."""
    kinds = list(by_kind)
    if state.read(state.EVERY_FINDING):
        return kinds
    now = state.read(_key(run))
    return (
        kinds[:MAX_FIRST] if now not in kinds[MAX_FIRST:] else [*kinds[: MAX_FIRST - 1], str(now)]
    )


def _key(run: Run) -> str:
    return f"{state.FINDING}_{run.id}"


def _opened(run: Run) -> str:
    """Key of the finding that the link named last."""
    return f"{_key(run)}_in_link"


def _epochs(finding: Finding) -> str:
    if finding.first_epoch == finding.last_epoch:
        return f"Epoch {finding.first_epoch}"
    return f"Epochs {finding.first_epoch} to {finding.last_epoch}"


def _suggestion(run: Run, finding: Finding) -> None:
    """Offer to queue the suggested run; then link to it, or compare it once it has ended."""
    assert finding.suggestion
    if not access.is_mine(run.config.dataset):
        st.caption(f"{finding.suggestion.words}: only the images' owner can run this.")
        return
    config = diagnose.suggested_config(run.config, finding.suggestion)
    id_ = runs.run_id(config)
    now = cache.client().trained(config)
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
        # A link to the page that is open would leave its address as it is.
        if st.button(
            "Compare the two",
            key=f"{state.COMPARE_WITH}_{finding.kind}",
            icon=":material/compare_arrows:",
            on_click=state.choose,
            args=(state.CHOSEN_RUNS, [run.id, id_]),
        ):
            st.rerun()
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
        cache.client().submit(config, owner=reader.know())
