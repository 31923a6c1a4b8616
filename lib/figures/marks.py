"""The mark and the colour of each way of training, on the map and in the evidence."""

from lib.figures import theme

# Outlines of the marks in a square from -1 to 1; with the colour they say which way won.
MARKS = {
    "head": "M0 -1A1 1 0 1 1 0 1A1 1 0 1 1 0 -1Z",
    "top": "M0 -1.1L1.1 0.9L-1.1 0.9Z",
    "middle": "M0 -1.2L1.2 0L0 1.2L-1.2 0Z",
    "everything": "M-0.9 -0.9H0.9V0.9H-0.9Z",
    "scratch": "M-1 -0.4H-0.4V-1H0.4V-0.4H1V0.4H0.4V1H-0.4V0.4H-1Z",
}


def way_colour(way: str, colours: theme.Palette) -> str:
    """Cold where the backbone stays frozen, warm where any of it learns, ink from scratch."""
    return {"head": colours.frozen, "scratch": colours.ink}.get(way, colours.trainable)
