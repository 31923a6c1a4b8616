"""How often a description alone is enough, and what trained classes do to it."""

import streamlit as st

from lib.core import intervals
from lib.core.zero_shot import animals, ranking
from lib.figures.zero_shot import trade_off
from lib.ui import glossary, shell, sources, widgets
from lib.ui.zero_shot.description import Asked

FEW = 5


def share(right: int, of: int) -> str:
    """Return a share with its 95 % interval.

    Example:

    >>> share(14, 76)
    '14 of 76, 18% (11 to 29%)'
    """
    low, high = intervals.wilson_interval(right, of)
    return f"{right} of {of}, {right / of:.0%} ({100 * low:.0f} to {high:.0%})"


def show(asked: Asked) -> None:
    """Show the leave-one-out figures and the two kinds of error.

    Args:
        asked: What the reader asks; its constant is marked in the figure.
    """
    found, of = ranking.leave_one_out(), len(animals.ANIMALS)
    first, few = (ranking.top(found.described, count) for count in (1, FEW))
    st.subheader("How often is a description enough?", anchor=False)
    st.markdown(
        f"Each of the {of} animals is left out in turn and described by the same table. On its "
        f"own photograph its class comes first for **{share(first, of)}** "
        f"and is among the first {FEW} for **{share(few, of)}**. "
        f"Guessing gives {1 / of:.1%} and {FEW / of:.1%}."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Trained classes shout down a described one**")
        st.markdown(
            "If the other animals keep the classes that the network was trained with, the same "
            f"photographs go to their described class for "
            f"**{share(ranking.top(found.trained, 1), of)}**. A trained class saw about 1,300 "
            f"photographs and gives high {glossary.term('logit', 'logits')}. The regression pulls "
            "every prediction towards the mean, so its logits stay low, and on any photograph some "
            "trained class is higher. The known cure is to take a constant off the trained classes."
        )
        sources.cite("chao-2016", "xian-2019")
        unseen, seen = found.accuracies(asked.constant)
        st.markdown(
            f"With **{asked.constant:.2f}** logits taken off, {unseen:.0%} of the left-out animals "
            f"and {seen:.0%} of the trained ones are recognised. Choose *trained classes* above to "
            "change the constant."
        )
    with right:
        st.markdown(
            f":green[━━] {trade_off.LEFT_OUT}   :gray[╍╍] {trade_off.TRAINED}   ┃ your constant"
        )
        widgets.plot(
            trade_off.trade_off(found, asked.constant, dark=shell.is_dark()),
            "zero_shot_trade_off",
            trade_off.trade_off_alt(found, asked.constant),
        )
    _details(of)


def _details(of: int) -> None:
    found = ranking.leave_one_out()
    with st.expander("All numbers, and what they do not show", icon=":material/table_rows:"):
        st.table(
            [
                {
                    "Question": question,
                    "First": share(ranking.top(places, 1), of),
                    f"Among the first {FEW}": share(ranking.top(places, FEW), of),
                }
                for question, places in (
                    ("The left-out class on its photograph, against descriptions", found.described),
                    ("The same, against trained classes", found.trained),
                    ("The right photograph in the ranking of the description", found.photographs),
                    ("The same with no attribute ticked", found.undescribed),
                )
            ],
            hide_index=True,
            border="horizontal",
        )
        st.markdown(
            "In brackets: 95 % intervals over the animals. There is one photograph of each, so one "
            "animal is more than one point. With the constant, one thing makes it look easier "
            "than it is: the photograph of the animal left out is the only one that has no trained "
            "class of its own, so a class that takes what nobody claims is often right. With many "
            "unknown classes at once this help is gone."
        )
        sources.cite("thaw-measurements")


def how() -> None:
    """Say how a description becomes a classifier."""
    with st.expander("How do words become a classifier?", icon=":material/function:"):
        st.markdown(
            "The last layer of the network has one vector of 1,280 weights and a bias for each "
            "class. "
            "**Ridge regression** fits these vectors to the ticks in the table, with the animal "
            "that is left out not among them. Its prediction for any other ticks is a new "
            "vector of weights, and so a new class. The photographs are one of each animal, which "
            "the network turns into 1,280 averages.\n\n"
            "**What is zero-shot here** is the class. The features below it are not: the network "
            f"was trained on all 1,000 classes of {glossary.term('imagenet')}, zebras among them. "
            "With features that "
            "never saw a zebra the results would be worse.\n\n"
            "**Place**: on each photograph all classes are compared, and this is where the "
            "described one stands. Logits of different photographs cannot be compared, so the "
            "ranking goes by place first and by **lead**, the logits ahead of the strongest other "
            "class, within a place."
        )
        st.markdown(
            "The table says what a usual photograph shows, so grass and snow count. It was "
            "written before anything was measured with it, and neither it nor the strength of the "
            "penalty was tuned."
        )
        sources.cite("lampert-2009", "romera-paredes-2015", "hoerl-kennard-1970", "xian-2019")
