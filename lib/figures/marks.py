"""The marker and the colour of each strategy, on the strategy map and in the evidence."""

from lib.figures import theme

# SVG paths of the markers in a square from -1 to 1. Shape and colour show the best strategy.
MARKS = {
    "head": "M0 -1A1 1 0 1 1 0 1A1 1 0 1 1 0 -1Z",
    "top": "M0 -1.1L1.1 0.9L-1.1 0.9Z",
    "middle": "M0 -1.2L1.2 0L0 1.2L-1.2 0Z",
    "everything": "M-0.9 -0.9H0.9V0.9H-0.9Z",
    "scratch": "M-1 -0.4H-0.4V-1H0.4V-0.4H1V0.4H0.4V1H-0.4V0.4H-1Z",
}


def way_colour(way: str, colours: theme.Palette) -> str:
    """Blue for a frozen backbone, orange for a thawed one, black for training from scratch."""
    return {"head": colours.frozen, "scratch": colours.ink}.get(way, colours.trainable)
