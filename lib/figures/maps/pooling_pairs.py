"""GAP compared with Flatten: learning curves of two runs, and test accuracies of all pairs."""

from collections.abc import Sequence

import plotly.graph_objects as go

from lib.core.maps import pooling_pairs
from lib.core.maps.pooling_pairs import HeadPair
from lib.core.runs import Run
from lib.figures import theme

HEIGHT = 300
ROW_HEIGHT = 62
# Flatten is dashed, so that the lines can be told apart without colour.
DASH = "7px,4px"
# Labels at the right edge that are closer than this share of the axis are moved apart.
LABEL_DISTANCE = 0.11
SIDE_BY_SIDE = 0.16


def _colour(name: str, colours: theme.Palette) -> str:
    return colours.heat if name == "GAP" else colours.ink


def curves(pair: HeadPair, measure: str = "loss", *, dark: bool = False) -> go.Figure:
    """Learning curves of both heads: training as a thin line, validation as a thick one.

    Args:
        measure: "loss" or "accuracy".
    """
    colours = theme.palette(dark)
    figure = go.Figure()
    values = [
        getattr(record, key)
        for run in pair.runs.values()
        for record in run.history
        for key in (measure, f"val_{measure}")
    ]
    low, high = (0.0, max(values) * 1.05) if measure == "loss" else (min(0.5, *values), 1.02)
    for name, run in pair.runs.items():
        for key, title, width in (
            (measure, "training", theme.THIN_LINE_WIDTH),
            (f"val_{measure}", "validation", theme.LINE_WIDTH),
        ):
            figure.add_scatter(
                x=[record.epoch for record in run.history],
                y=[getattr(record, key) for record in run.history],
                mode="lines",
                name=f"{name} {title}",
                line={
                    "color": _colour(name, colours),
                    "width": width,
                    "dash": "solid" if name == "GAP" else DASH,
                },
                hovertemplate=f"{name} {title} %{{y:.3f}}<extra></extra>",
            )
    for (name, run), y in zip(pair.runs.items(), _places(pair, measure, low, high), strict=True):
        last = run.history[-1]
        figure.add_annotation(
            x=last.epoch,
            y=y,
            text=f"<b>{name}</b> {getattr(last, f'val_{measure}'):.2f}",
            font={"color": _colour(name, colours)},
            showarrow=False,
            xanchor="left",
            xshift=8,
        )
    num_epochs = max(len(run.history) for run in pair.runs.values())
    figure.update_xaxes(
        title_text="epoch", showgrid=False, nticks=7, range=[0.5, max(num_epochs, 2) + 0.2]
    )
    figure.update_yaxes(title_text=measure, range=[low, high], nticks=5)
    margin = {"l": 64, "r": 104, "t": 12, "b": 52}
    return theme.apply(figure, dark=dark, height=HEIGHT, margin=margin, hovermode="x unified")


def _places(pair: HeadPair, measure: str, low: float, high: float) -> list[float]:
    """Heights of the labels of the two validation curves, moved apart if they would overlap."""
    ends = [getattr(run.history[-1], f"val_{measure}") for run in pair.runs.values()]
    room = LABEL_DISTANCE * (high - low)
    if abs(ends[0] - ends[1]) >= room:
        return ends
    middle, sign = sum(ends) / 2, 1 if ends[0] >= ends[1] else -1
    middle = min(max(middle, low + room / 2), high - room / 2)
    return [middle + sign * room / 2, middle - sign * room / 2]


def curves_alt(pair: HeadPair, measure: str) -> str:
    """A text alternative to the figure of a pair, in one sentence."""
    parts = [
        f"{name} ends with training {measure} {getattr(run.history[-1], measure):.3f} and "
        f"validation {measure} {getattr(run.history[-1], f'val_{measure}'):.3f}"
        for name, run in pair.runs.items()
    ]
    return f"{pair.title}: {'; '.join(parts)}."


def intervals(found: Sequence[HeadPair], *, dark: bool = False) -> go.Figure:
    """Test accuracy of every run with its 95 % interval.

    Args:
        found: The pairs, from the top row down.
    """
    colours = theme.palette(dark)
    figure = go.Figure()
    for name, shift in (("GAP", SIDE_BY_SIDE), ("Flatten", -SIDE_BY_SIDE)):
        runs = [pair.runs[name] for pair in found]
        bounds = [run.result["test_interval_95"] for run in runs]
        accuracies = [run.result["test_accuracy"] for run in runs]
        figure.add_scatter(
            x=accuracies,
            y=[len(found) - 1 - row + shift for row in range(len(found))],
            mode="markers",
            name=name,
            marker={
                "size": 13,
                "symbol": "circle" if name == "GAP" else "square-open",
                "color": _colour(name, colours),
                "line": {"width": 3, "color": _colour(name, colours)},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - at for at, (_, high) in zip(accuracies, bounds, strict=True)],
                "arrayminus": [at - low for at, (low, _) in zip(accuracies, bounds, strict=True)],
                "color": _colour(name, colours),
                "thickness": 3,
                "width": 6,
            },
            customdata=[[low, high] for low, high in bounds],
            hovertemplate=f"{name} %{{x:.3f}}, %{{customdata[0]:.3f}} to %{{customdata[1]:.3f}}"
            "<extra></extra>",
        )
    figure.update_xaxes(title_text="test accuracy, with its 95 % interval", nticks=6)
    figure.update_yaxes(
        tickvals=[len(found) - 1 - row for row in range(len(found))],
        ticktext=[_row_title(pair) for pair in found],
        showgrid=False,
        range=[-0.6, len(found) - 0.4],
    )
    return theme.apply(
        figure,
        dark=dark,
        height=80 + ROW_HEIGHT * len(found),
        margin={"l": 150, "r": 20, "t": 40, "b": 56},
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
    )


def _row_title(pair: HeadPair) -> str:
    data, _, images = pair.title.rpartition(", ")
    return f"{data}<br>{images.removesuffix(' training images')} images"


def intervals_alt(found: Sequence[HeadPair]) -> str:
    """A text alternative to the figure of all pairs, one sentence for each."""
    return " ".join(
        f"{pair.title}: GAP {_accuracy(pair.gap)}, Flatten {_accuracy(pair.flatten)}."
        for pair in found
    )


def _accuracy(run: Run) -> str:
    low, high = run.result["test_interval_95"]
    return f"{run.result['test_accuracy']:.3f} ({low:.3f} to {high:.3f})"


def heads_words(pair: HeadPair) -> str:
    """The numbers of parameters of the two heads, in words."""
    sizes = [pooling_pairs.head_params(run) for run in (pair.gap, pair.flatten)]
    return f"{sizes[0]:,} parameters against {sizes[1]:,}"
