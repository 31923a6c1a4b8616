"""The reliability diagram: is 80 % of the predictions with a confidence of 80 % correct?"""

import plotly.graph_objects as go

from lib.core.reading.evaluation import Calibration
from lib.figures import theme

HEIGHT = 340
# Diameters of a point in pixels; its area shows the number of images in the bin.
SMALLEST, LARGEST = 9, 34


def figure(calibration: Calibration, *, dark: bool = False) -> go.Figure:
    """One point for each confidence bin, compared with the diagonal; its size shows the count."""
    colours = theme.palette(dark)
    bins = calibration.bins
    most = max(each.num_images for each in bins)
    figure = go.Figure(
        [
            go.Scatter(
                x=[0, 1],
                y=[0, 1],
                mode="lines",
                line={"color": colours.muted, "width": 2, "dash": "dot"},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=[each.confidence for each in bins],
                y=[each.accuracy for each in bins],
                mode="markers",
                cliponaxis=False,
                marker={
                    "size": [
                        SMALLEST + (LARGEST - SMALLEST) * (each.num_images / most) ** 0.5
                        for each in bins
                    ],
                    "color": colours.ink,
                    "opacity": 1,
                },
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [each.interval[1] - each.accuracy for each in bins],
                    "arrayminus": [each.accuracy - each.interval[0] for each in bins],
                    "color": colours.muted,
                    "thickness": 2,
                    "width": 6,
                },
                customdata=[(each.num_images, *each.interval) for each in bins],
                hovertemplate="%{customdata[0]:,} images: sure at %{x:.0%}, right at %{y:.0%} "
                "(%{customdata[1]:.0%} to %{customdata[2]:.0%})<extra></extra>",
            ),
        ]
    )
    lowest = min((0.5, *(each.low for each in bins)))
    figure.update_xaxes(title_text="confidence", range=[lowest, 1.02], tickformat=".0%")
    figure.update_yaxes(title_text="share that is right", range=[0, 1.03], tickformat=".0%")
    margin = {"l": 64, "r": 16, "t": 12, "b": 52}
    return theme.apply(figure, dark=dark, height=HEIGHT, margin=margin, hovermode="closest")


def alt_text(calibration: Calibration) -> str:
    """A text alternative to the diagram, in one sentence."""
    return (
        f"Reliability diagram of {len(calibration.bins)} ranges of confidence: confidence and "
        f"accuracy are {calibration.expected_error * 100:.1f} points apart on average."
    )
