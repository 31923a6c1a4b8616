"""Compare strategies: each way of training on the reader's data, side by side, and what to do."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import streamlit as st

from lib.core import datasets
from lib.core.backbones import BackboneSpec
from lib.core.datasets import DatasetSpec, is_own
from lib.core.errors import ConfigError
from lib.core.lab import progress
from lib.core.reading import evaluation
from lib.core.runs import Run, TrainConfig
from lib.core.strategy import evidence, judgement, outcome
from lib.core.strategy.evidence import Evidence
from lib.core.strategy.judgement import Judgement
from lib.core.strategy.outcome import Judged
from lib.core.strategy.rule import Situation
from lib.figures.reading import comparison
from lib.ui import ask, cache, link, run_names, state, widgets
from lib.ui.lab import duration
from lib.ui.strategy import card, choices, planned
from lib.ui.strategy.planned import Planned
from lib.ui.uploads import access, reader, rights

SECONDS_BETWEEN_LOOKS = 1.0
# Further ids in a link are ignored.
MAX_RUNS = 10
# In pixels: the least width of a card, and the height of its curve.
CARD_WIDTH = 165
JUDGE = "lib.training.answers.judge:judge"
JUDGEMENTS_KEPT = 4
NO_SCRATCH = (
    "Training from scratch is left out: it needs many more images. On {title} with {num_images} "
    "training images it got {scratch} of the test images right, and the head alone {head}."
)


# --- Starting -------------------------------------------------------------------------------------


def button(plans: Sequence[Planned]) -> None:
    """Draw the button that starts the comparison, with the time that it takes.

    Args:
        plans: The runs to compare.
    """
    st.button(
        duration.labelled("Compare strategies", planned.total(plans)),
        icon=":material/stacked_line_chart:",
        key=state.STRATEGY_COMPARE,
        on_click=_start,
        args=(plans, ()),
        help=f"{len(plans)} runs, one after the other; those that are stored are opened.",
    )


def _start(plans: Sequence[Planned], known: Sequence[str]) -> None:
    """Start runs, and put their ids into the link behind the ids of others."""
    client = cache.client()
    with widgets.attempt(state.STRATEGY_PROBLEM):
        for each in plans:
            access.check(each.config)
        ids = client.submit_all([each.config for each in plans], owner=reader.know())
        link.put(state.TRIED, ",".join(dict.fromkeys([*known, *ids])))


# --- The comparison -------------------------------------------------------------------------------


def show(situation: Situation, dataset: DatasetSpec, backbone: BackboneSpec) -> None:
    """Show the runs of the link, and update them while they are training.

    Args:
        situation: The reader's answers, for a run from scratch that can be added.
        dataset: The chosen dataset, for the same.
        backbone: The chosen backbone, for the same.
    """
    text = link.get(state.TRIED)
    if not text:
        return
    client = cache.client()
    ids = list(dict.fromkeys(text.split(",")))[:MAX_RUNS]
    known = [id_ for id_ in ids if client.progress(id_) and _may_see(client.config(id_))]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("Strategies compared", anchor=False)
            st.button(
                "Close",
                icon=":material/close:",
                key=state.STRATEGY_PUT_AWAY,
                on_click=link.drop,
                args=(state.TRIED,),
            )
        if len(known) < len(ids):
            widgets.problem(
                ConfigError(
                    f"The link names {len(ids) - len(known)} runs that are not in this copy of "
                    "Thaw.",
                    "Press Compare strategies, or open the link on the computer that trained them.",
                )
            )
        if known:
            _body(known)
            with suppress(ConfigError):  # The dataset may have no training images.
                (scratch,) = planned.each_way(situation, dataset, backbone, ["scratch"])
                _scratch(known, situation, scratch)
    reader.keep()


def _body(ids: list[str]) -> None:
    going_on = any(not _ended(id_) for id_ in ids)

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if going_on else None)
    def body() -> None:
        if going_on and all(_ended(id_) for id_ in ids):
            st.rerun()
        _side_by_side(ids)

    body()


def _may_see(config: TrainConfig | None) -> bool:
    return config is not None and access.may_see(config.dataset)


def _ended(run_id: str) -> bool:
    now = cache.client().progress(run_id)
    return now is None or now.ended


def _side_by_side(ids: list[str]) -> None:
    drawn = {run.id: run for run in map(_so_far, ids) if run}
    finished = {id_: run for id_, run in drawn.items() if run.status == "finished"}
    judged = {id_: said for id_, run in finished.items() if (said := _judged(run))}
    waiting = [id_ for id_ in ids if not _ended(id_)]
    best = None
    if waiting:
        _progress(waiting, len(ids))
    else:
        by_way = {card.way_of(finished[id_].config): said for id_, said in judged.items()}
        best = _conclusion(by_way, finished)
    st.caption(_what(ids))
    lines = comparison.curves_of(list(drawn.values()), over_seeds=False)
    by_id = {line.runs[0].id: line for line in lines}
    with st.grid(min(len(ids), 5), min_column_width=CARD_WIDTH):
        for id_ in sorted(ids, key=_place):
            with st.container(border=True, gap="xsmall", height="stretch"):
                card.show(id_, by_id.get(id_), lines, judged.get(id_), best=id_ == best)
    if not waiting:
        choices.show({card.way_of(finished[id_].config): said for id_, said in judged.items()})
    failed = [now for id_ in ids if (now := cache.client().progress(id_)) and now.state == "failed"]
    if failed:
        # If one run fails, the others usually fail for the same reason: show the first one.
        words = f"{len(failed)} of {len(ids)} runs failed. {failed[0].message}"
        widgets.problem(ConfigError(words, failed[0].next_step))


def _conclusion(judged: Mapping[str, Judged], finished: Mapping[str, Run]) -> str | None:
    """Say what was found and what to do; return the id of the run to prefer."""
    way = outcome.winner(judged)
    best = next((id_ for id_, run in finished.items() if card.way_of(run.config) == way), None)
    if best is None:
        st.markdown(f"**{outcome.finding(judged)}**")
        return None
    state.choose(state.RECOMMENDED_RUN, best)
    said = st.empty()
    said.markdown(f"**{outcome.finding(judged)}**")
    next_step = outcome.next_step()
    # The forecast is that of the head.
    if way == outcome.BASELINE and _can_ask(finished[best].config):
        next_step = _forecast(finished[best].config, judged[way])
    if next_step:
        said.markdown(f"**{outcome.finding(judged)}** {next_step}")
    return best


def _forecast(config: TrainConfig, judged: Judged) -> str:
    """Say what more images would bring; "" while a worker measures it."""
    found = _judgement(config)
    if found is None:
        return ""
    # A cross-validated run is fitted to every image in the end.
    num_images = found.num_images if config.is_cross_validated else config.num_images
    same = num_images == found.num_images
    now = found.accuracy if same else judged.answers.accuracy
    return outcome.next_step(now, found.forecast, num_images=num_images)


def _can_ask(config: TrainConfig) -> bool:
    """True if this reader can use the dataset of a run, and its images are on this machine."""
    spec = access.spec(config.dataset)
    return spec is not None and cache.downloads().standing(spec).state == "ready"


def _judgement(config: TrainConfig) -> Judgement | None:
    """Return how good a head is with fewer and more images; None while a worker measures it."""
    spec = access.spec(config.dataset)
    if spec is None:
        return None
    found: Judgement | None = ask.ask(
        state.STRATEGY_FORECAST,
        (config.data_fingerprint, config.backbone, config.image_size),
        JUDGE,
        waiting="Fitting heads to fewer images, to say what more images would bring",
        keep=JUDGEMENTS_KEPT,
        read=judgement.from_dict,
        dataset=config.dataset,
        fingerprint=config.data_fingerprint if is_own(config.dataset) else "",
        backbone=config.backbone,
        sizes=[config.image_size],
        whole=judgement.judged_by(spec, "feature_extraction") == "cross_validation",
    )
    return found


def _progress(waiting: list[str], count: int) -> None:
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.progress((count - len(waiting)) / count, text=_words(waiting, count))
    theirs = list(filter(rights.look_after, waiting))
    if theirs:
        right.button("Cancel all", key=state.STRATEGY_CANCEL, on_click=_cancel, args=(theirs,))


def _what(ids: list[str]) -> str:
    """Describe the data of the runs, which may differ from the data of the current answers."""
    asked = [config for id_ in ids if (config := cache.client().config(id_))]
    return "; ".join(dict.fromkeys(map(run_names.without_way, asked)))


def _cancel(ids: list[str]) -> None:
    for id_ in filter(rights.look_after, ids):
        cache.client().cancel(id_)


def _words(waiting: list[str], count: int) -> str:
    """Say how many runs have ended, what the current one does, and how long the rest takes."""
    now, config = cache.client().progress(waiting[0]), cache.client().config(waiting[0])
    doing = f"{run_names.way_title(config)}: {now.words}" if now and config else ""
    configs = [cache.client().config(id_) for id_ in waiting]
    left = sum(duration.seconds_of(each) for each in configs if each)
    if now and config and now.seconds_left is not None:
        left += min(0.0, now.seconds_left - duration.seconds_of(config))
    return f"**{count - len(waiting)} of {count} done**, {progress.time_left(left)}. {doing}"


def _so_far(run_id: str) -> Run | None:
    """Return a run with the epochs so far; None before its first epoch has ended."""
    client = cache.client()
    now, config = client.progress(run_id), client.config(run_id)
    if now is None or config is None:
        return None
    stored = client.store.open(run_id) if now.ended else None
    if stored:
        return stored if stored.history else None
    return Run(run_id, config, now.history, {}, Path()) if now.history else None


def _judged(run: Run) -> Judged | None:
    answers = evaluation.load(run)
    return Judged(run.config.image_size, answers) if answers else None


def _place(run_id: str) -> int:
    """Sort key: the ways in their order, from fully frozen to fully trained."""
    config, ways = cache.client().config(run_id), list(evidence.WAYS)
    way = card.way_of(config) if config else ""
    return ways.index(way) if way in ways else len(ways)


# --- From scratch ---------------------------------------------------------------------------------


def _scratch(ids: list[str], situation: Situation, scratch: Planned) -> None:
    """Say why training from scratch is left out, what it would take, and offer it."""
    configs = [config for id_ in ids if (config := cache.client().config(id_))]
    same = run_names.without_way(scratch.config) in map(run_names.without_way, configs)
    if not same or "scratch" in map(card.way_of, configs):
        return
    words = what_scratch_took(cache.evidence(), situation)
    if words:
        st.caption(words)
    st.button(
        duration.labelled("Train from scratch too", scratch.seconds),
        icon=":material/add:",
        key=state.STRATEGY_SCRATCH,
        on_click=_start,
        args=([scratch], ids),
    )


def what_scratch_took(found: Evidence, situation: Situation) -> str:
    """Say what training from scratch reached on the most similar data; "" if nothing is recorded.

    Args:
        found: The recorded runs, of which those with the most images count.
        situation: The reader's answers.
    """
    nearest = found.nearest(situation)
    cells = [
        cell
        for cell in (found.of(nearest.dataset) if nearest else ())
        if {"scratch", "head"} <= set(cell.tried)
    ]
    if not cells:
        return ""
    most = max(cells, key=lambda cell: cell.num_images)
    return NO_SCRATCH.format(
        title=datasets.get(most.dataset).title,
        num_images=f"{most.num_images:,}",
        scratch=f"{most.tried['scratch'].accuracy:.0%}",
        head=f"{most.tried['head'].accuracy:.0%}",
    )
