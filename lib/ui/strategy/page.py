"""What a recommendation sets and why, where the borders lie, and what recorded runs show."""

import streamlit as st

from lib.core import backbones, datasets, runs
from lib.core.maps import feature_maps as examples
from lib.core.strategy import rule, verdict
from lib.core.strategy.evidence import Cell, Evidence
from lib.core.strategy.rule import Recommendation, Situation
from lib.ui import cache, sources
from lib.ui.strategy import answers


def attribution() -> None:
    """Show who made the pictures along the scale."""
    shown = [examples.examples()[id_] for id_ in answers.PICTURES.values()]
    words = dict.fromkeys(f"{each.attribution} {each.licence}." for each in shown)
    st.caption(f"Pictures: {' '.join(words)}")


def tried(advice: Recommendation, situation: Situation) -> None:
    """Show the caveat, and the recorded runs on the data most similar to the reader's.

    Args:
        advice: The recommendation.
        situation: The reader's answers.
    """
    st.markdown(f":material/info: **Caveat.** {advice.caveat}")
    cell = cache.evidence().nearest(situation)
    if cell is None:
        st.markdown(":material/science: No runs are recorded in this field of the map.")
        return
    says = verdict.of(cell)
    icon = ":material/warning:" if says.contradicts else ":material/science:"
    backbone = backbones.get(cell.tried[cell.winner].runs[0].config.backbone).title
    st.markdown(f"{icon} **Tried** with {backbone} on {cell_title(cell)}. {says.in_words}")


def cell_title(cell: Cell) -> str:
    """Return a short description of a cell's data."""
    return f"{datasets.get(cell.dataset).title}, {cell.num_images:,} images"


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


def thawing_pays(found: Evidence) -> str:
    """Return the gain of thawing everything over the head only, by dataset and number of images."""
    parts = []
    for dataset in found.datasets:
        gains = [
            f"{100 * gain.mean:+.1f} with {cell.num_images:,} images"
            + ("" if gain.told_apart else " (may be chance)")
            for cell in found.of(dataset)
            if {"everything", "head"} <= set(cell.tried)
            for gain in [cell.difference("everything", "head")]
        ]
        if gains:
            parts.append(f"{datasets.get(dataset).title}: {', '.join(gains)}")
    if not parts:
        return ""
    return f"Recorded gain of thawing everything over the head only, in points: {'; '.join(parts)}."


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


def borders(situation: Situation) -> None:
    """Show where the borders of the map lie, and their sources."""
    with st.expander("Where are the borders, and why?", icon=":material/straighten:"):
        st.table(
            [
                {
                    "Border": "Many images",
                    "Where": f"from {situation.large_from:,} here",
                    "Why there": f"{rule.LARGE_NUM_IMAGES:,}, and at least "
                    f"{rule.LARGE_PER_CLASS} for each class: a convention, because the rule "
                    f"itself gives no number. {thawing_pays(cache.evidence())}",
                    "Source": sources.link("thaw-measurements"),
                },
                {
                    "Border": "Similar",
                    "Where": f"from {rule.SIMILAR:g} on a scale of 0 to 1",
                    "Why there": "The middle of the scale: a convention.",
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
