"""Recorded results of every strategy: accuracy by data size, and the rule's recommendation."""

from collections.abc import Sequence
from math import log10

import plotly.graph_objects as go

from lib.core import datasets
from lib.core.strategy import evidence, verdict
from lib.core.strategy.evidence import Cell, Difference
from lib.core.zero_shot.recorded import Share
from lib.figures import marks, theme

HEIGHT = 330
ROW_HEIGHT, ROWS_MARGIN = 56, 66
# Measure -> its title. The keys are part of links.
MEASURES = {"test": "Test accuracy", "validation": "Validation accuracy"}
# Three lines are orange, so each strategy also has its own symbol.
SYMBOLS = {
    "head": "circle",
    "top": "triangle-up",
    "middle": "diamond",
    "everything": "square",
    "scratch": "cross",
}
# The same symbols as characters, for the legend.
GLYPHS = {"head": "●", "top": "▲", "middle": "◆", "everything": "■", "scratch": "✚"}
DASHES = {"head": "solid", "top": "dot", "middle": "dash", "everything": "solid", "scratch": "dot"}
BAND_OPACITY = 0.14
# Classifiers that no labelled image was used for: their symbols and glyphs.
NO_IMAGES = {"Words as they are": "star-open", "Words, calibrated": "star"}
NO_IMAGES_GLYPHS = {"Words as they are": "☆", "Words, calibrated": "★"}
# Factors that shift points of the same data size apart on the logarithmic axis.
SHIFT = {"head": 0.9, "top": 0.95, "middle": 1.0, "everything": 1.05, "scratch": 1.1}
# A logarithmic axis has no 0: no image stands so far left of the fewest, as a factor.
ZERO_FACTOR = 0.4


def accuracies(
    cells: Sequence[Cell],
    measure: str,
    lowest: float,
    *,
    no_images: Sequence[tuple[str, Share]] = (),
    dark: bool = False,
) -> go.Figure:
    """Accuracy of every strategy against the number of images, with the range over seeds.

    Args:
        cells: Cells of one dataset, smallest data size first.
        lowest: Start of the accuracy axis, 0 to 1, the same for all datasets.
        no_images: Name and accuracy of classifiers without a labelled image, with 95 % intervals.
    """
    colours = theme.palette(dark)
    drawn = go.Figure()
    for way in evidence.WAYS.values():
        at = [(cell.num_images, cell.tried[way.id]) for cell in cells if way.id in cell.tried]
        if not at:
            continue
        colour = marks.way_colour(way.id, colours)
        x = [num_images * SHIFT[way.id] for num_images, _ in at]
        seeds = [getattr(tried, measure) for _, tried in at]
        _add_band(drawn, x, seeds, colour)
        drawn.add_scatter(
            x=x,
            y=[sum(each) / len(each) for each in seeds],
            mode="lines+markers",
            name=way.title,
            line={"color": colour, "width": theme.LINE_WIDTH - 1, "dash": DASHES[way.id]},
            marker={
                "size": 11,
                "symbol": SYMBOLS[way.id],
                "color": colour,
                "line": {"width": 1, "color": colours.paper},
            },
            customdata=[
                (num_images, min(each), max(each))
                for (num_images, _), each in zip(at, seeds, strict=True)
            ],
            hovertemplate=f"{way.title}, %{{customdata[0]:,}} images: <b>%{{y:.3f}}</b> "
            "(%{customdata[1]:.3f} to %{customdata[2]:.3f})<extra></extra>",
        )
    sizes = [float(cell.num_images) for cell in cells]
    ticks = [sizes[0] * ZERO_FACTOR] * bool(no_images) + sizes
    _add_no_images(drawn, no_images, ticks[0], colours.ink)
    drawn.update_xaxes(
        title_text="training images",
        type="log",
        range=[log10(ticks[0] * 0.75), log10(ticks[-1] * 1.35)],
        tickvals=ticks,
        ticktext=["0"] * bool(no_images) + [f"{each:,.0f}" for each in sizes],
    )
    drawn.update_yaxes(tickformat=".0%", range=[lowest - 0.02, 1.015], nticks=6)
    margin = {"l": 54, "r": 10, "t": 8, "b": 52}
    return theme.apply(drawn, dark=dark, height=HEIGHT, margin=margin)


def _add_band(
    drawn: go.Figure, x: Sequence[float], seeds: Sequence[Sequence[float]], colour: str
) -> None:
    hidden = {"x": x, "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    drawn.add_scatter(**hidden, y=[min(each) for each in seeds])
    drawn.add_scatter(
        **hidden,
        y=[max(each) for each in seeds],
        fill="tonexty",
        fillcolor=theme.faint(colour, BAND_OPACITY),
    )


def _add_no_images(
    drawn: go.Figure, no_images: Sequence[tuple[str, Share]], at: float, colour: str
) -> None:
    for name, share in no_images:
        drawn.add_scatter(
            x=[at],
            y=[share.value],
            mode="markers",
            marker={"size": 13, "symbol": NO_IMAGES[name], "color": colour, "line": {"width": 2}},
            error_y={
                "array": [share.high - share.value],
                "arrayminus": [share.value - share.low],
                "width": 0,
            },
            hovertemplate=f"{name}, 0 images: <b>%{{y:.3f}}</b> "
            f"({share.low:.3f} to {share.high:.3f})<extra></extra>",
        )


def lowest(
    cells: Sequence[Cell], measure: str, no_images: Sequence[tuple[str, Share]] = ()
) -> float:
    """The lowest accuracy of any seed, rounded down to a multiple of 0.1.

    Args:
        cells: At least one cell.
        no_images: Of all datasets; the lower ends of their intervals count.
    """
    least = min(
        [
            *(share.low for _, share in no_images),
            *(
                value
                for cell in cells
                for tried in cell.tried.values()
                for value in getattr(tried, measure)
            ),
        ]
    )
    return int(least * 10) / 10


def accuracies_alt(
    cells: Sequence[Cell], measure: str, no_images: Sequence[tuple[str, Share]] = ()
) -> str:
    """A text alternative to the figure, in one sentence."""
    parts = [f"0 images: {name} {share.value:.3f}" for name, share in no_images]
    for cell in cells:
        ways = (
            f"{evidence.WAYS[way].title} {_mean(getattr(tried, measure)):.3f}"
            for way, tried in cell.tried.items()
        )
        parts.append(f"{cell.num_images:,} images: {', '.join(ways)}")
    return f"{MEASURES[measure]}, means of the seeds. {'; '.join(parts)}."


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# --- The recommendation compared with the other strategies ----------------------------------------


def against(cell: Cell) -> Difference | None:
    """Accuracy of the recommended strategy minus the best other one; None if not recorded."""
    rule = verdict.of(cell).rule
    if rule not in cell.tried:
        return None
    other = next(way for way in cell.ranking if way != rule)
    return cell.difference(rule, other)


def margins(cells: Sequence[Cell], *, dark: bool = False) -> go.Figure:
    """Accuracy difference of the recommended and the best other strategy, with 95 % intervals.

    Args:
        cells: The rows, from top to bottom.
    """
    colours = theme.palette(dark)
    rows = [(cell, found) for cell in cells if (found := against(cell))]
    drawn = go.Figure()
    drawn.add_vline(x=0, line={"color": colours.ink, "width": 2})
    for place, (cell, found) in enumerate(rows):
        colour = marks.way_colour(found.first, colours)
        points = [100 * value for value in (found.low, found.mean, found.high)]
        drawn.add_scatter(
            x=[points[0], points[2]],
            y=[place, place],
            mode="lines",
            line={"color": colour, "width": theme.LINE_WIDTH},
            hoverinfo="skip",
        )
        drawn.add_scatter(
            x=[points[1]],
            y=[place],
            mode="markers",
            marker={
                "size": 14,
                "symbol": SYMBOLS[found.first] + ("" if found.told_apart else "-open"),
                "color": colour,
                "line": {"width": 3, "color": colour},
            },
            hovertemplate=f"{row_words(cell, found)}: <b>%{{x:+.1f}} points</b>, "
            f"{points[0]:+.1f} to {points[2]:+.1f}<extra></extra>",
        )
    widest = max([1.0, *(100 * abs(end) for _, found in rows for end in (found.low, found.high))])
    drawn.update_xaxes(
        title_text="← the other is ahead   points   the rule is ahead →",
        range=[-widest * 1.05, widest * 1.05],
    )
    for place, (cell, found) in enumerate(rows):
        theme.name_row(drawn, row_words(cell, found), place, colours)
    drawn.update_yaxes(visible=False, range=[len(rows) - 0.6, -0.8])
    height = ROW_HEIGHT * len(rows) + ROWS_MARGIN
    margin = {"l": 8, "r": 12, "t": 4, "b": 56}
    return theme.apply(drawn, dark=dark, height=height, margin=margin)


def row_words(cell: Cell, found: Difference) -> str:
    """Label of a row: the data, the recommended strategy, and the one it is compared with."""
    rule, other = evidence.WAYS[found.first].title, evidence.WAYS[found.second].title
    return f"{datasets.get(cell.dataset).title}, {cell.num_images:,}: {rule} against {other}"


def margins_alt(cells: Sequence[Cell]) -> str:
    """A text alternative to the figure, in one sentence."""
    rows = "; ".join(
        f"{row_words(cell, found)} {100 * found.mean:+.1f}, 95 % interval {100 * found.low:+.1f} "
        f"to {100 * found.high:+.1f}"
        for cell in cells
        if (found := against(cell))
    )
    return f"What the rule says minus the best other way, in points of test accuracy: {rows}."
