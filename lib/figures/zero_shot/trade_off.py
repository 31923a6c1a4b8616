"""Two accuracies against the constant that is taken off the trained classes."""

import plotly.graph_objects as go

from lib.core.zero_shot import ranking
from lib.core.zero_shot.ranking import LeaveOneOut
from lib.figures import theme

HEIGHT = 300
LEFT_OUT, TRAINED = "left-out animals", "trained animals"


def trade_off(found: LeaveOneOut, constant: float, *, dark: bool = False) -> go.Figure:
    """Draw how many left-out and how many trained animals are recognised.

    Args:
        found: Every animal left out in turn.
        constant: The reader's, marked by a line, in logits.
        dark: True for the dark theme.
    """
    colours = theme.palette(dark)
    at = ranking.constants()
    both = [found.accuracies(each) for each in at]
    drawn = go.Figure()
    for place, (name, colour, dash) in enumerate(
        ((LEFT_OUT, colours.heat, "solid"), (TRAINED, colours.muted, "dash"))
    ):
        drawn.add_scatter(
            x=at,
            y=[pair[place] for pair in both],
            mode="lines",
            line={"color": colour, "width": theme.LINE_WIDTH, "dash": dash},
            hovertemplate=f"{name}, %{{x:.2f}} taken off: <b>%{{y:.1%}}</b><extra></extra>",
        )
    drawn.add_vline(x=constant, line={"color": colours.ink, "width": theme.THIN_LINE_WIDTH})
    drawn.update_xaxes(title_text="logits taken off the trained classes", range=[-0.15, at[-1]])
    drawn.update_yaxes(tickformat=".0%", range=[-0.02, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1])
    return theme.apply(drawn, dark=dark, height=HEIGHT, margin={"l": 54, "r": 12, "t": 8, "b": 52})


def trade_off_alt(found: LeaveOneOut, constant: float) -> str:
    """Describe the figure in one sentence."""
    unseen, seen = found.accuracies(constant)
    none = found.accuracies(0)
    return (
        f"Share of animals that are recognised: with nothing taken off {none[0]:.0%} of the "
        f"left-out and {none[1]:.0%} of the trained animals; with {constant:g} logits taken off "
        f"the trained classes {unseen:.0%} and {seen:.0%}."
    )
