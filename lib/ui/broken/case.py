"""A case of the round: its curves, the answers, the evidence, and after the answer the reveal."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from lib.core import datasets
from lib.core.broken import game, store
from lib.core.broken.game import EVIDENCE, Game
from lib.core.broken.store import Recorded
from lib.core.runs import TrainConfig
from lib.figures.reading import learning_curves
from lib.ui import glossary, shell, state, widgets
from lib.ui.broken import evidence, play, reveal


def show(now: Game) -> None:
    """Draw the case on screen.

    Args:
        now: A round whose score is not on screen.
    """
    recorded = store.load(now.case)
    assert recorded, f"{now.case} is in a round and not recorded"
    if now.turn.answer:
        _answered(now, recorded)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(key=state.BROKEN_HEADING, width="content"):
            st.subheader(f"Case {now.place + 1} of {len(now.cases)}", anchor=False)
        st.caption(f"Round {now.seed}. {_points(now)}", width="stretch")
    spec = datasets.get(recorded.shown.config.dataset)
    st.markdown(
        f"This network should tell apart the {spec.num_classes} classes of **{spec.title}**."
    )
    # First what can be found out, then what to say of it: also the order of the keyboard.
    left, middle, right = st.columns([1.9, 0.9, 1.1], gap="medium")
    with left.container(gap="small"):
        _curves(recorded)
    with middle:
        _ask_for_evidence(now)
    with right:
        _answers(now)
        st.caption(_words(now, recorded.shown.config))
    _shown_evidence(now, recorded)


def _curves(recorded: Recorded) -> None:
    """Show the curves of a case, without its learning rates, which are evidence."""
    run = recorded.shown
    widgets.plot(
        learning_curves.figure_of(run, dark=shell.is_dark(), rates=False),
        state.BROKEN_CURVES,
        learning_curves.alt_text(run.config, run.history),
    )
    st.caption(_below(run.config))


def _below(config: TrainConfig) -> str:
    """Say what is drawn, in few words. Which line is which stands below the axis."""
    words = (
        f"Accuracy and {glossary.term('loss')} after each {glossary.term('epoch')}, on "
        f"{glossary.term('validation', 'validation')} and on training images."
    )
    if config.strategy == "from_scratch":
        return words
    words = f"{words} Blue: {glossary.term('head')} only"
    if len(config.phases) < 2:
        return f"{words}."
    return f"{words}; orange: {glossary.term('fine_tuning')}."


def _words(now: Game, config: TrainConfig) -> str:
    """Offer the words of the field in the answers, the evidence and the figure.

    A label of a radio button or of a button cannot explain its words itself.

    Args:
        now: The round.
        config: Configuration of the run on screen.
    """
    said = [play.ANSWERS[each] for each in play.offered(now.case)]
    said += [each.title for each in EVIDENCE.values()]
    if len(config.phases) > 1:
        said.append("thawed")  # the name of a phase in the figure
    return glossary.words(" ".join(said), _below(config))


def _points(now: Game) -> str:
    right = {id_: play.right(id_) for id_ in now.cases}
    score = now.score(right)
    rule = (
        f"A right answer gives {now.turn.left} points, a wrong one costs {game.COST_OF_WRONG}; "
        f"each piece of evidence costs {game.COST_OF_EVIDENCE}."
    )
    return f"{rule} You have {score}." if now.place else rule


def _answers(now: Game) -> None:
    """Let the reader choose one answer, and name it."""
    key = f"{state.BROKEN_ANSWER}_{now.seed}_{now.case}"
    st.markdown("**2 Name the fault**")
    chosen = st.radio(
        "What is wrong?",
        play.offered(now.case),
        index=None,
        format_func=play.ANSWERS.__getitem__,
        key=key,
        label_visibility="collapsed",
    )
    st.button(
        "Submit",
        type="primary",
        key=state.BROKEN_NAME,
        disabled=chosen is None,
        on_click=_change,
        args=(lambda current: game.answer(current, str(state.read(key))),),
    )


def _ask_for_evidence(now: Game) -> None:
    """Offer the pieces of evidence."""
    st.markdown("**1 Ask for evidence**")
    with st.container(horizontal=True, gap="xsmall"):
        for key, each in EVIDENCE.items():
            seen = key in now.turn.evidence
            st.button(
                each.title,
                icon=":material/check:" if seen else None,
                key=f"{state.BROKEN_EVIDENCE}_{key}",
                help=each.says if seen else f"{each.says} It costs a point.",
                on_click=_ask,
                args=(key,),
            )


def _shown_evidence(now: Game, recorded: Recorded) -> None:
    """Show the pieces of evidence that were asked for, the newest first."""
    # The one that was asked for last, also if it was paid for before.
    first = asked_last(now)
    if first:
        evidence.show(first, recorded, place=state.BROKEN_SHOWN)
    for key in reversed(now.turn.evidence):
        if key != first:
            evidence.show(key, recorded)


def asked_last(now: Game) -> str:
    """Return the piece of evidence that the reader asked for last in this case; "" if none."""
    _, key = asked()
    seen = now.turn.evidence
    return key if key in seen else seen[-1] if seen else ""


def asked() -> tuple[int, str]:
    """Return how often the reader has asked for evidence in this session, and for which last."""
    said = state.read(state.BROKEN_ASKED)
    return said if isinstance(said, tuple) else (0, "")


def _ask(key: str) -> None:
    """Open a piece of evidence, or show it again: in callbacks."""
    state.choose(state.BROKEN_ASKED, (asked()[0] + 1, key))
    _change(lambda current: game.ask(current, key))


def _answered(now: Game, recorded: Recorded) -> None:
    """Show whether the answer was right, and what was wrong with the run."""
    answer, right = now.turn.answer, play.right(now.case)
    points = now.turn.points(right)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(key=state.BROKEN_HEADING):
            words = "Right" if answer == right else "It was something else"
            st.subheader(f"{words}: {play.signed(points)} points", anchor=False)
        last = now.place + 1 == len(now.cases)
        st.button(
            "See the score" if last else "Next case",
            type="primary",
            icon=":material/arrow_forward:",
            key=state.BROKEN_NEXT,
            on_click=_change,
            args=(game.go_on,),
        )
    if answer != right:
        st.markdown(f"You said: ~~{play.ANSWERS[answer]}~~")
    reveal.show(recorded)


def _change(step: Callable[[Game], Game]) -> None:
    """Go on in the round: in callbacks."""
    now = play.read()
    play.write(replace(now, game=step(now.game)))
