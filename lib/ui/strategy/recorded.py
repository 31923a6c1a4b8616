"""The answers of the recorded runs: a finding in words, and the figure behind it."""

from collections.abc import Callable, Sequence

import streamlit as st

from lib.core import backbones, datasets
from lib.core.evidence import choosing, findings, gains, grid
from lib.core.evidence.gains import Point
from lib.core.evidence.grid import EVERYTHING, HEAD, TOP, Recorded
from lib.core.reading import compare
from lib.core.strategy import evidence as first_grid
from lib.core.strategy import rule, similarity
from lib.figures.strategy import gains as figures
from lib.figures.strategy.gains import Placed, Row, Series
from lib.ui import glossary, shell, widgets
from lib.ui.strategy import evidence, resolution

IMAGES = "training images"
NOT_RECORDED = "Not recorded yet: {cells}. `python -m lib.tools.record_runs evidence --missing`"


def _finding(words: str) -> None:
    st.markdown(f"**{words}**")


def _drawn(
    key: str,
    series: Sequence[Series],
    x_title: str,
    y_title: str,
    ticks: Sequence[tuple[float, str]],
    *,
    logarithmic: bool = True,
) -> None:
    widgets.plot(
        figures.lines(
            series,
            x_title,
            y_title,
            ticks=ticks,
            logarithmic=logarithmic,
            dark=shell.is_dark(),
        ),
        key,
        figures.lines_alt(series),
    )


def _about(usual: Sequence[Recorded], more: str = "") -> None:
    seeds = max(
        (len(each.seeds(TOP, number)) for each in usual for number in _thawed(each)), default=0
    )
    words = (
        f"{backbones.get(grid.BACKBONE).title}, {grid.THAWED_SIZE} pixels, up to {seeds} seeds, "
        "each with test images of its own; bands are 95 % intervals over images and seeds, and a "
        f"hollow mark may be chance. {more}"
    )
    terms = ("seed", "test_images", "interval", "validation", "learning_rate")
    st.caption(glossary.offered(words, *terms))


def _thawed(recorded: Recorded) -> tuple[int, ...]:
    return grid.THAWED_SIZES[recorded.dataset]


def _image_ticks(numbers: Sequence[int]) -> list[tuple[float, str]]:
    """Ticks of an axis of images; those that would cover each other are left out."""
    found: list[tuple[float, str]] = []
    for number in sorted(set(numbers)):
        if not found or number >= 1.6 * found[-1][0]:
            found.append((float(number), f"{number:,}"))
    return found


def _over_images(title: str, points: Sequence[Point]) -> Series:
    return Series(
        title,
        tuple(float(point.num_images) for point in points),
        tuple(f"{point.num_images:,} images" for point in points),
        tuple(point.difference for point in points),
    )


def _gains_over_images(
    usual: Sequence[Recorded], of: Callable[[Recorded], tuple[Point, ...]], key: str, y_title: str
) -> None:
    found = [(each, of(each)) for each in usual]
    series = [_over_images(each.title, points) for each, points in found if points]
    if not series:
        return
    numbers = [point.num_images for _, points in found for point in points]
    _drawn(key, series, IMAGES, y_title, _image_ticks(numbers))
    missing = [
        f"{each.title} with {number:,}"
        for each, points in found
        for number in _thawed(each)
        if points and number not in {point.num_images for point in points}
    ]
    missing += [each.title for each, points in found if not points]
    if missing:
        st.caption(NOT_RECORDED.format(cells=", ".join(missing)))


# --- The questions --------------------------------------------------------------------------------


def when_thawing_pays(usual: Sequence[Recorded]) -> None:
    """Show what thawing gains over the number of images."""
    _finding(findings.of_thawing(usual))
    _gains_over_images(
        usual, gains.gain_of_thawing, "gain_of_thawing", "thawing minus head only, points"
    )
    _about(
        usual,
        "The validation images choose the learning rate, and whether the top layers or everything "
        "is thawed.",
    )


def what_pretraining_is_worth(usual: Sequence[Recorded]) -> None:
    """Show what pretraining gains over training from scratch."""
    _finding(findings.of_pretraining(usual))
    some = [each for each in usual if gains.gain_of_pretraining(each)]
    _gains_over_images(
        some,
        gains.gain_of_pretraining,
        "gain_of_pretraining",
        "head on pretrained minus from scratch, points",
    )
    for each in some:
        if words := findings.in_images(each):
            st.markdown(f"- {words}")
    _about(usual)


def how_deep(usual: Sequence[Recorded]) -> None:
    """Show what each cut gains."""
    shares = findings.shares(grid.BACKBONE)
    found = [
        (each, number, depths)
        for each in usual
        for number in _thawed(each)
        if len(depths := gains.depths(each, number, shares)) > len(gains.THAWED)
    ]
    if not found:
        _finding(findings.NOTHING)
        return
    # Of each dataset what was found with most images; the figure has the others too.
    of_most = {each[0].dataset: each for each in found}
    _finding(" ".join(findings.of_depth(*each) for each in of_most.values()))
    series = [
        Series(
            f"{each.title}, {number:,} images",
            tuple(100 * depth.thawed for depth in depths),
            tuple(f"{depth.thawed:.0%} of the parameters thawed" for depth in depths),
            tuple(depth.point.difference for depth in depths),
        )
        for each, number, depths in found
    ]
    places = sorted({x for each in series for x in each.x})
    ticks = [(x, f"{x:.0f} %") for x in places if x in (places[0], places[-1]) or 30 < x < 97]
    _drawn(
        "gain_of_depth",
        series,
        "share of the parameters that is thawed",
        "thawed minus head only, points",
        ticks,
        logarithmic=False,
    )
    _about(usual)


def what_a_wrong_choice_costs(usual: Sequence[Recorded]) -> None:
    """Show what each way of choosing loses."""
    of = choosing.fields(usual)
    chosen = {
        (field.recorded.dataset, field.num_images): _rules_way(field.recorded, field.num_images)
        for field in of
    }
    found = findings.policies(of, chosen)
    _finding(findings.of_choices(found))
    if not found:
        return
    rows = [Row(findings.POLICIES[each.id], each.lost, each.low, each.high) for each in found]
    widgets.plot(
        figures.rows(rows, "points below the best choice", dark=shell.is_dark()),
        "lost_by_choice",
        figures.rows_alt(rows),
    )
    st.caption(
        f"Means over {found[0].num_fields} fields: a dataset with a number of images. The best "
        "choice is the one that the validation images prefer, and the worst one that they like "
        "least, so on the test images another one can be ahead or behind."
    )
    table = [
        {
            "Data": f"{field.recorded.title}, {field.num_images:,} images",
            **{
                title: f"{gains.accuracy(field.recorded, field.ways[way]):.3f}"
                if way in field.ways
                else compare.MISSING
                for way, title in (
                    (HEAD, "Head only"),
                    (TOP, "Top layers"),
                    (EVERYTHING, "Everything"),
                )
            },
            "The rule": first_grid.WAYS[chosen[field.recorded.dataset, field.num_images]].title,
            "Seeds": str(len(field.ways[HEAD])),
        }
        for field in of
    ]
    with st.expander("The same as a table", icon=":material/table_rows:"):
        st.table(table, hide_index=True)


def _rules_way(recorded: Recorded, num_images: int) -> str:
    """What the rule chooses, as one of the recorded ways: more top layers count as everything."""
    way = rule.recommend(first_grid.situation_of(recorded.dataset, num_images)).way
    return way if way in (HEAD, TOP) else EVERYTHING


def which_rate(usual: Sequence[Recorded]) -> None:
    """Show what everything thawed gains at each learning rate."""
    _finding(findings.of_rates(usual))
    found = [(each, gains.of_rates(each)) for each in usual]
    series = [
        Series(
            f"{each.title}, {grid.RATE_SIZES[each.dataset]:,} images",
            tuple(rate for rate, _ in points),
            tuple(f"learning rate {rate:g}" for rate, _ in points),
            tuple(point.difference for _, point in points),
        )
        for each, points in found
        if len(points) > 1
    ]
    if not series:
        return
    words = ("the head's", "a tenth", "a hundredth")
    ticks = list(zip(grid.RATES, words, strict=True))
    _drawn(
        "gain_of_rate",
        series,
        "learning rate with everything thawed",
        "everything thawed minus head only, points",
        ticks,
    )
    _about(usual)


def are_larger_images_better(usual: Sequence[Recorded]) -> None:
    """Show what larger images gain, beside what thawing gains."""
    _finding(findings.of_resolution(usual))
    series, thawing = [], []
    for each in usual:
        number = findings.resolution_images(each)
        points = gains.gain_of_resolution(each, number)
        name = f"{each.title}, {number:,} images"
        if len(points) > 1:
            series.append(
                Series(
                    name,
                    tuple(float(size) for size, _ in points),
                    tuple(f"{size} pixels" for size, _ in points),
                    tuple(point.difference for _, point in points),
                )
            )
        if pair := findings.resolution_and_thawing(each):
            gain = pair[1].difference
            thawing.append(Row(name, gain.mean, gain.low, gain.high))
    if series:
        _drawn(
            "gain_of_resolution",
            series,
            "image size, pixels",
            f"head only, minus at {grid.THAWED_SIZE} pixels, points",
            [(float(size), str(size)) for size in grid.HEAD_SIZES],
        )
    if thawing:
        st.markdown(f"Beside it, what thawing gains at {grid.THAWED_SIZE} pixels:")
        widgets.plot(
            figures.rows(thawing, "thawing minus head only, points", dark=shell.is_dark()),
            "gain_beside_resolution",
            figures.rows_alt(thawing),
        )
    _about(usual)
    resolution.show()


def measured(dataset: str) -> float | None:
    """Return the measured similarity of a dataset, 0 to 1; None if it was not measured."""
    scores = similarity.references().get(dataset)
    return similarity.on_scale(scores) if scores else None


def does_similarity_tell(usual: Sequence[Recorded]) -> None:
    """Show what thawing gains over the measured similarity."""
    points = gains.similarity_and_gain(usual, measured)
    _finding(findings.of_similarity(points))
    if not points:
        return
    named = [
        Placed(
            f"{datasets.get(dataset).title}, {point.num_images:,}",
            value,
            *similarity.scale_interval(similarity.references()[dataset]),
            point.difference,
        )
        for dataset, value, point in points
    ]
    widgets.plot(
        figures.over_similarity(named, dark=shell.is_dark()),
        "gain_over_similarity",
        figures.over_similarity_alt(named),
    )
    _about(
        usual,
        "Each dataset with the most images on which layers were thawed; the line across is the "
        "interval of its similarity.",
    )


def first_runs(usual: Sequence[Recorded]) -> None:
    """Show the earlier runs, at 96 pixels."""
    del usual  # The earlier grid has runs of its own.
    evidence.show()
