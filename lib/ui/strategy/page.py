"""What a recommendation sets and why, where the borders lie, and what recorded runs show."""

import streamlit as st

from lib.core import datasets, runs
from lib.core.evidence import borders, choosing, grid, verdicts
from lib.core.maps import feature_maps as examples
from lib.core.strategy import rule
from lib.core.strategy.rule import Recommendation, Situation
from lib.ui import cache, glossary, sources
from lib.ui.strategy import answers


def attribution() -> None:
    """Show who made the pictures along the scale."""
    shown = [examples.examples()[id_] for id_ in answers.PICTURES.values()]
    words = dict.fromkeys(f"{each.attribution} {each.licence}." for each in shown)
    st.caption(f"Pictures: {' '.join(words)} The other pictures of the scale are drawn for Thaw.")


def tried(advice: Recommendation, situation: Situation) -> None:
    """Show the recorded runs on the data most similar to the reader's, and the caveat.

    Args:
        advice: The recommendation.
        situation: The reader's answers.
    """
    usual = [each for each in cache.grid() if each.backbone == grid.BACKBONE]
    field = choosing.nearest(choosing.fields(usual), situation)
    if field is None:
        st.markdown(":material/science: No runs are recorded in this field of the map.")
    else:
        said = verdicts.of_field(field, advice.way)
        icon = ":material/warning:" if said.contradicts else ":material/science:"
        st.markdown(f"{icon} **Tried.** {glossary.offered(said.words, 'thaw')}")
    st.markdown(f":material/info: **Caveat.** {advice.caveat}")


def settings(advice: Recommendation) -> None:
    """Show every recommended setting with its reason, and what to watch for."""
    with st.expander("What it sets, and why", icon=":material/tune:"):
        st.table(
            [
                {
                    "Setting": f"**{each.name}**",
                    "Value": each.value,
                    "Why": each.why,
                    "Source": sources.link(each.source),
                }
                for each in advice.settings
            ],
            hide_index=True,
            border="horizontal",
        )
        st.markdown(f"**Watch for.** {advice.watch_for}")
        sources.cite(*advice.sources)


def time_taken() -> str:
    """Return the recorded times of thawing everything and of the head only, on the same images.

    The runs of the evidence share cached results, so their times cannot be compared.
    """
    took: dict[tuple[str, int, int], dict[str, float]] = {}
    for run in cache.recorded_runs():
        config = run.config
        if config == runs.make_config(
            dataset=config.dataset,
            strategy=config.strategy,
            num_images=config.num_images,
            image_size=config.image_size,
            seed=config.seed,
        ):
            which = (config.dataset, config.num_images, config.image_size)
            took.setdefault(which, {})[config.strategy] = run.result["wall_time_s"]
    both = {
        which: seconds
        for which, seconds in took.items()
        if {"feature_extraction", "full_fine_tuning"} <= set(seconds)
    }
    if not both:
        return ""
    dataset, num_images, _ = which = max(both, key=lambda each: each[1])
    return (
        f"Recorded on {datasets.get(dataset).title}, {num_images:,} images: the head only took "
        f"{both[which]['feature_extraction']:.0f} s, thawing everything "
        f"{both[which]['full_fine_tuning']:.0f} s."
    )


def where_borders_lie(situation: Situation) -> None:
    """Show where the borders of the map lie, and their sources."""
    usual = [each for each in cache.grid() if each.backbone == grid.BACKBONE]
    with st.expander("Where are the borders, and why?", icon=":material/straighten:"):
        st.table(
            [
                {
                    "Border": "Many images",
                    "Where": f"from {situation.large_from:,} here",
                    "Why there": f"{rule.LARGE_NUM_IMAGES:,}, and at least "
                    f"{rule.LARGE_PER_CLASS} for each class: a convention, because the rule "
                    f"itself gives no number. {borders.size_in_words(borders.size(usual))}",
                    "Source": sources.link("thaw-measurements"),
                },
                {
                    "Border": "Similar",
                    "Where": f"from {rule.SIMILAR:g} on a scale of 0 to 1",
                    "Why there": "The middle of the scale: a convention. "
                    f"{borders.similarity_in_words(borders.similarity(usual))}",
                    "Source": sources.link("cs231n-transfer"),
                },
                {
                    "Border": "Wrong labels",
                    "Where": f"{rule.NOISY_FACTOR} times as many images",
                    "Why there": "That more are needed is measured; the factor is a convention.",
                    "Source": sources.link("rolnick-2017"),
                },
                {
                    "Border": "Little time",
                    "Where": f"less than {rule.HEAD_ONLY_MINUTES:g} minute",
                    "Why there": f"A convention. {time_taken()}",
                    "Source": sources.link("thaw-measurements"),
                },
                {
                    "Border": "A phone",
                    "Where": f"up to {rule.MAX_PHONE_PARAMS / 1e6:g} million parameters",
                    "Why there": "The backbones that were made for one have fewer.",
                    "Source": sources.link("efficientnet-lite"),
                },
            ],
            hide_index=True,
            border="horizontal",
        )
        st.markdown(
            f"Near a border, within a factor of {rule.NEAR_FACTOR:g} in images or "
            f"{rule.NEAR_SIMILARITY:g} on the scale, try the strategies on both sides."
        )
