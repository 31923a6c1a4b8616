"""The recorded runs behind the rule: the two-by-two table as measured, and accuracy by size."""

import streamlit as st

from lib.core import datasets, intervals, splits
from lib.core.images import inspection
from lib.core.strategy import evidence, rule, verdict
from lib.core.strategy.evidence import Cell, Evidence
from lib.core.strategy.prose import REGIONS, Region
from lib.core.zero_shot import recorded
from lib.core.zero_shot.recorded import Share
from lib.figures.strategy import evidence as figures
from lib.ui import cache, shell, state, widgets

# The name of each way's colour in Streamlit, as in the theme.
COLOURS = {"head": "blue", "scratch": "gray"}
# As on the map: similar above, many images on the right.
ORDER = (("small_similar", "large_similar"), ("small_dissimilar", "large_dissimilar"))


def show() -> None:
    """Show the rule as measured, then every accuracy behind it."""
    found = cache.evidence()
    if not found.cells:
        st.markdown("No run is recorded in this copy of Thaw, so the rule has no evidence here.")
        return
    st.markdown(headline(found))
    with st.expander("Accuracy over the number of images", icon=":material/show_chart:"):
        _accuracies(found)
        st.caption(about(found))
        for dataset in found.datasets:
            if caution := _caution(dataset):
                st.caption(caution)
    with st.expander("The rule against the best of the others", icon=":material/compare_arrows:"):
        for pair in ORDER:
            for column, region in zip(st.columns(2), pair, strict=True):
                with column.container(border=True, height="stretch", gap="xsmall"):
                    _field(found, REGIONS[region])
        widgets.plot(
            figures.margins(found.cells, dark=shell.is_dark()),
            "strategy_margins",
            figures.margins_alt(found.cells),
        )
        st.caption(
            "Each line is a 95 % confidence interval over test images and seeds. If it crosses the "
            "middle, the difference may be chance, and the mark is hollow."
        )
    with st.expander("The same results as a table", icon=":material/table_rows:"):
        st.table([_row(cell, id_) for cell in found.cells for id_ in cell.tried], hide_index=True)


def _caution(dataset: str) -> str:
    """Warn that test images are nearly the same as training images, if the inspection found any."""
    spec = datasets.get(dataset)
    seen = inspection.shipped(dataset, spec.fingerprint)
    alike = inspection.test_images_alike(seen) if seen else 0
    if not seen or not alike:
        return ""
    return (
        f"{spec.title}: {alike} of the {splits.evaluation_size(spec.num_images):,} test images are "
        "nearly the same as one that a run may train on, as the page Data shows: the accuracies "
        "may be better than on new images. This affects all ways of training."
    )


def headline(found: Evidence) -> str:
    """Summarise the evidence for the rule in one or two sentences.

    Args:
        found: Evidence with at least one cell.
    """
    says = [verdict.of(cell) for cell in found.cells]
    first = sum(each.winner == each.rule for each in says)
    wrong = sum(each.contradicts for each in says)
    words = (
        f"In **{first} of {len(says)}** comparisons the recommendation of the rule was the best on "
        f"the test images; in **{wrong}** another way was better by more than chance"
    )
    rest = len(says) - first - wrong
    return f"{words}, and in the other {rest} it may be chance." if rest else f"{words}."


def _field(found: Evidence, region: Region) -> None:
    """Show one field of the two-by-two table: the rule's recommendation and the results."""
    st.markdown(f"**{region.where.capitalize()}**")
    st.markdown(f"The rule: {way(region.way)}")
    cells = [cell for cell in found.cells if rule.region_of(cell.situation) is region]
    for cell in cells:
        says = verdict.of(cell)
        icon = "warning" if says.contradicts else "check" if says.winner == says.rule else "balance"
        st.markdown(
            f":material/{icon}: **{datasets.get(cell.dataset).title}, {cell.num_images:,} "
            f"images.** {says.in_words}"
        )
    if not cells:
        st.markdown("Nothing is recorded here.")


def way(id_: str) -> str:
    """Return the title of a way of training with its coloured mark, as in the figures.

    Args:
        id_: Key of evidence.WAYS.
    """
    return f":{COLOURS.get(id_, 'orange')}[{figures.GLYPHS[id_]}] {evidence.WAYS[id_].title}"


def _accuracies(found: Evidence) -> None:
    measure = st.segmented_control(
        "Measured on",
        list(figures.MEASURES),
        format_func=lambda id_: widgets.quiet(f"{id_.capitalize()} images"),
        key=state.STRATEGY_MEASURE,
        persist_state="session",
        default="test",
        required=True,
    )
    measure = str(measure)
    # Words are tested on the test images only.
    words = {id_: no_images(id_) if measure == "test" else () for id_ in found.datasets}
    all_words = [each for shares in words.values() for each in shares]
    marks = [f":gray[{mark}] {name}" for name, mark in figures.NO_IMAGES_GLYPHS.items()]
    legend = [*(way(id_) for id_ in evidence.WAYS), *(marks if all_words else [])]
    st.markdown("   ".join(legend))
    if all_words:
        st.markdown(
            ":small[At 0 images, names of ImageNet's classes replace the training images: see "
            "[Zero-shot](zero_shot).]"
        )
    lowest = figures.lowest(found.cells, measure, all_words)
    with st.grid(3, min_column_width=260):
        for dataset in found.datasets:
            cells = found.of(dataset)
            with st.container(gap="xsmall"):
                st.markdown(f"**{datasets.get(dataset).title}**")
                widgets.plot(
                    figures.accuracies(
                        cells, measure, lowest, no_images=words[dataset], dark=shell.is_dark()
                    ),
                    f"strategy_accuracies_{dataset}",
                    figures.accuracies_alt(cells, measure, words[dataset]),
                )


def no_images(dataset: str) -> tuple[tuple[str, Share], ...]:
    """Return the accuracies of words on the test images of a dataset; empty without a word.

    Args:
        dataset: Name of the dataset.
    """
    found = recorded.read().get(dataset)
    shares = [found.zero_shot(calibrated=each) for each in (False, True)] if found else []
    return tuple(
        (name, share) for name, share in zip(figures.NO_IMAGES, shares, strict=False) if share
    )


def _row(cell: Cell, id_: str) -> dict[str, str]:
    tried = cell.tried[id_]
    num_images = tried.correct.shape[1]
    low, high = intervals.wilson_interval(int(tried.correct[0].sum()), num_images)
    return {
        "Dataset": datasets.get(cell.dataset).title,
        "Images": f"{cell.num_images:,}",
        "Way": evidence.WAYS[id_].title,
        "Test, mean": f"{tried.accuracy:.3f}",
        "Each seed": ", ".join(f"{each:.3f}" for each in tried.test),
        "95 % interval, first seed": f"{low:.2f} to {high:.2f}",
        "Validation, mean": f"{sum(tried.validation) / len(tried.validation):.3f}",
        "Runs": " ".join(
            f"[{run.config.seed}](training_lab?{state.RUN}={run.id})" for run in tried.runs
        ),
    }


def about(found: Evidence) -> str:
    """Describe how the runs were recorded, and how many are missing."""
    missing = (
        f" {found.num_missing} more runs of the grid are not recorded yet, and are left out."
        if found.num_missing
        else ""
    )
    each = rule.PHASE_EPOCHS
    return (
        f"{found.num_runs} recorded runs of EfficientNet-Lite0: images of {evidence.IMAGE_SIZE} "
        f"pixels, {evidence.NUM_EPOCHS} epochs in all, the last {each} of them with thawed layers "
        f"if the way thaws any, {len(evidence.SEEDS)} seeds, no augmentation. The bands show the "
        f"range over the seeds.{missing} `python -m lib.tools.record_runs first_evidence`"
    )
