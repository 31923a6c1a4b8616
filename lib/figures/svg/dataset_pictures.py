"""Drawings in the spirit of a dataset, for one whose images are not on this machine.

Eight tiles of 96 units, as in the pictures of the datasets that are here. They are drawn by Thaw
and show none of the dataset's images, whose licences may not allow that; the page says so.
"""

from collections.abc import Callable, Sequence
from math import cos, pi, sin
from random import Random

TILE, COLUMNS, ROWS = 96, 4, 2
GAP = 3

Draw = Callable[[int, Random], str]


def known() -> tuple[str, ...]:
    """The ids of the datasets that have a drawing."""
    return tuple(_DRAWN)


def svg(dataset: str) -> str:
    """The picture of a dataset, 381 x 189 units.

    Raises:
        KeyError: If the dataset has no drawing.
    """
    draw = _DRAWN[dataset]
    tiles = []
    for place in range(COLUMNS * ROWS):
        down, across = divmod(place, COLUMNS)
        # Seeded, so that the picture is the same at every visit.
        inside = draw(place, Random(f"{dataset} {place}"))
        side = TILE - GAP
        tiles.append(
            f'<svg x="{across * TILE}" y="{down * TILE}" width="{side}" height="{side}" '
            f'viewBox="0 0 96 96">{inside}</svg>'
        )
    width, height = COLUMNS * TILE - GAP, ROWS * TILE - GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">{"".join(tiles)}</svg>'
    )


# --- Shapes ---------------------------------------------------------------------------------


def _ground(colour: str) -> str:
    return f'<rect width="96" height="96" fill="{colour}"/>'


def _spot(x: float, y: float, r: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{colour}"/>'


def _oval(x: float, y: float, rx: float, ry: float, colour: str, turn: float = 0) -> str:
    return (
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{colour}" '
        f'transform="rotate({turn:.0f} {x:.1f} {y:.1f})"/>'
    )


def _area(points: Sequence[tuple[float, float]], colour: str) -> str:
    at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{at}" fill="{colour}"/>'


def _line(path: str, colour: str, width: float) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


# --- Datasets -------------------------------------------------------------------------------

FUR = ("#b98a5a", "#6d6a68", "#e0b877", "#3d3a3a", "#c9743f", "#d8cfc4", "#8c5a33", "#a9a29a")
ROOMS = ("#8fa5a0", "#c7b8a3", "#6f8f5d", "#a8b7c9", "#b6a58c", "#7d8f6b", "#c9bfae", "#90785f")


def _pet(place: int, chance: Random, *, cat: bool, ground: str) -> str:
    fur = FUR[place % len(FUR)]
    x, y = 48 + chance.uniform(-5, 5), 54 + chance.uniform(-4, 4)
    parts = [_ground(ground), _oval(x, 104, 34, 26, fur)]
    for side in (-1, 1):
        if cat:
            ear = [(x + side * 25, y - 8), (x + side * 24, y - 38), (x + side * 5, y - 22)]
            parts.append(_area(ear, fur))
        else:
            parts.append(_oval(x + side * 26, y - 2, 9, 21, "#4a3a2e", side * -14))
    parts += [_oval(x, y, 27, 24, fur), _oval(x, y + 11, 12, 9, "#f2e9df")]
    for side in (-1, 1):
        parts += [_spot(x + side * 10, y - 5, 3.6, "#1d1a18")]
        if cat:
            parts.append(_line(f"M{x + side * 8} {y + 10}l{side * 22} -3", "#f4eee6", 1))
    nose = "#c77b78" if cat else "#1d1a18"
    return "".join([*parts, _oval(x, y + 6, 4 if cat else 6, 3 if cat else 4.5, nose)])


def _cats_and_dogs(place: int, chance: Random) -> str:
    return _pet(place, chance, cat=place % 2 == 0, ground=ROOMS[place])


def _breeds(place: int, chance: Random) -> str:
    return _pet(place * 3 + 2, chance, cat=place < COLUMNS, ground=ROOMS[-1 - place])


FLOWERS = (  # petals, length, width, colour, middle
    (22, 30, 3.5, "#f4c20d", "#e0a800"),
    (16, 30, 6, "#f7f7f2", "#f0b400"),
    (5, 24, 15, "#d8334a", "#8c1c2e"),
    (18, 32, 7, "#f2a900", "#4a2c13"),
    (9, 22, 14, "#c2185b", "#7b0f3a"),
)


def _flowers(place: int, chance: Random) -> str:
    petals, length, width, colour, middle = FLOWERS[place % len(FLOWERS)]
    x, y = 48 + chance.uniform(-8, 8), 44 + chance.uniform(-6, 6)
    parts = [_ground("#4f7a3a"), _line(f"M{x} {y}Q{x + 8} 80 {x + 2} 100", "#2f5a24", 5)]
    for petal in range(petals):
        turn = 2 * pi * petal / petals
        reach = length / 2 + 4
        at = x + reach * cos(turn), y + reach * sin(turn)
        parts.append(_oval(*at, length / 2, width, colour, 360 * petal / petals))
    return "".join([*parts, _spot(x, y, 9, middle)])


def _leaves(place: int, chance: Random) -> str:
    parts = [_ground("#8a7a5c"), _oval(48, 48, 40, 30, "#4f8a34", 60)]
    parts.append(_line("M22 90L74 8M36 68l-18-6M36 68l12 14M50 46L26 36M50 46l20 14", "#7fb45f", 2))
    kind = place % 3
    for _ in range((0, 14, 9)[kind]):
        x, y = 48 + chance.uniform(-18, 18), 48 + chance.uniform(-26, 26)
        if kind == 1:
            parts.append(_spot(x, y, chance.uniform(1.5, 3), "#7a3b12"))
        else:
            size = chance.uniform(4, 8)
            spot = [(x - size, y), (x, y - size * 0.7), (x + size, y + 2), (x - 1, y + size)]
            parts.append(_area(spot, "#a98b4f"))
    return "".join(parts)


FIELDS = ("#7d9a4f", "#b7a367", "#5f7f3d", "#a58c54", "#8fae5c", "#c2b280")


def _from_above(place: int, chance: Random) -> str:
    if place == 1:  # a forest
        trees = [
            _spot(
                chance.uniform(0, 96),
                chance.uniform(0, 96),
                7,
                chance.choice(("#274d26", "#31602f")),
            )
            for _ in range(90)
        ]
        return _ground("#234523") + "".join(trees)
    if place == 4:  # the sea
        return _ground("#1d3f5e") + _line("M0 30q24 8 48 0t48 0M0 66q24 8 48 0t48 0", "#2a5478", 3)
    if place == 6:  # houses
        roofs = [
            f'<rect x="{x + 2}" y="{y + 2}" width="9" height="8" '
            f'fill="{chance.choice(("#b5573c", "#8d8d8d", "#a9765c"))}"/>'
            for x in range(0, 96, 16)
            for y in range(0, 96, 14)
        ]
        return _ground("#7f8f63") + "".join(roofs) + _line("M0 41H96M46 0V96", "#cfcac0", 3)
    parts = [_ground("#8fa05a")]
    for x in range(0, 96, 32):
        for y in range(0, 96, 24):
            colour = chance.choice(FIELDS)
            parts.append(f'<rect x="{x}" y="{y}" width="31" height="23" fill="{colour}"/>')
    if place in (2, 7):  # a river
        parts.append(_line("M-4 20C30 30 20 60 52 60S80 90 100 92", "#35617f", 11))
    if place in (3, 5):  # a road
        parts.append(_line("M-4 86L100 10", "#d8d3c8", 5))
    return (
        f'<g transform="rotate({chance.choice((0, 6, -8))} 48 48) scale(1.1)">{"".join(parts)}</g>'
    )


def _cells(place: int, chance: Random) -> str:
    x, y = 48 + chance.uniform(-4, 4), 48 + chance.uniform(-4, 4)
    turn = chance.uniform(0, 180)
    parts = [_ground("#000000"), _oval(x, y, 40, chance.uniform(31, 38), "#d9a3a0", turn)]
    parts.append(_oval(x - 4, y - 3, 26, 22, "#e3b4b0", turn))
    if place % 2 == 0:  # with a parasite
        at = x + chance.uniform(-14, 14), y + chance.uniform(-12, 12)
        parts += [_spot(*at, 9, "#8b4a86"), _spot(at[0] + 2, at[1] - 1, 4.5, "#cf97a8")]
        parts.append(_spot(at[0] + 8, at[1] - 5, 3, "#5b2a63"))
    return "".join(parts)


# Each letter is a cell of a coarse picture: things of CIFAR-10 as one sees them at 32 pixels.
COARSE = (
    (
        "#8fb7d8",
        "#e9edf0",
        ("....w...", "....ww..", "w...ww..", "wwwwwwww", "w...ww..", "....ww.."),
    ),
    (
        "#9aa28f",
        "#b3302a",
        (".........", "..www....", ".ww.ww...", "wwwwwwww.", "wwwwwwww.", ".k....k.."),
    ),
    (
        "#8eb27a",
        "#8a5a36",
        ("...w.....", "..www....", "wwwwww...", "..wwwww..", "...w.....", "...w....."),
    ),
    (
        "#a58f78",
        "#d9a15c",
        (".w...w...", ".wwwww...", ".wkwkw...", ".wwwww...", "..www....", "..wwww..."),
    ),
    (
        "#7f9a5b",
        "#9b6a3c",
        ("w.w......", ".ww......", ".www.....", "..wwwww..", "..wwwww..", "..w...w.."),
    ),
    (
        "#b8a98e",
        "#5c4632",
        ("..www....", ".wkwkw...", ".wwwww.w.", "..wwwwww.", "..wwwww..", "..w...w.."),
    ),
    (
        "#5f8f4a",
        "#88c04b",
        (".........", ".kw..wk..", ".wwwwww..", "wwwwwwww.", "w.wwww.w.", "ww....ww."),
    ),
    (
        "#5b87ad",
        "#d7d9d6",
        ("....w....", "...kw....", "...kww...", ".........", "wwwwwwwww", ".wwwwwww."),
    ),
)


def _coarse(place: int, chance: Random) -> str:
    ground, colour, rows = COARSE[place]
    side = 10.7
    parts = [_ground(ground)]
    for row in range(9):
        for column in range(9):
            letter = rows[row - 2][column : column + 1] if 2 <= row < 8 else ""
            x, y = column * side, row * side
            if letter in ("w", "k"):
                fill, opacity = (colour, 1.0) if letter == "w" else ("#1b1b1b", 1.0)
            else:
                fill, opacity = chance.choice(("#ffffff", "#000000")), chance.uniform(0, 0.12)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="10.8" height="10.8" fill="{fill}" '
                f'fill-opacity="{opacity:.2f}"/>'
            )
    return "".join(parts)


SKIN = ("#c68863", "#8d5a3b", "#e3b18d", "#a86f4b")


def _hands(place: int, chance: Random) -> str:
    skin, kind = SKIN[place % len(SKIN)], place % 3
    parts = [_ground("#f4f4f4"), f'<rect x="0" y="40" width="36" height="22" fill="{skin}"/>']
    parts.append(_oval(46, 50, 20, 19, skin))
    lengths = ((), (80, 86, 86, 80), (88, 88))[kind]
    for finger, end in enumerate(lengths):
        spread = (finger - (len(lengths) - 1) / 2) * (11 if kind == 1 else 22)
        parts.append(_line(f"M52 {50 + spread * 0.5}L{end} {50 + spread}", skin, 8.5))
    if kind == 0:
        parts.append(_line("M56 40q6 1 6 5M57 48q7 1 7 4M56 56q6 1 6 4", "#00000055", 1.5))
    parts.append(_line("M40 38L54 30", skin, 9))
    return f'<g transform="rotate({chance.uniform(-12, 12):.0f} 48 48)">{"".join(parts)}</g>'


_DRAWN: dict[str, Draw] = {
    "cats_vs_dogs": _cats_and_dogs,
    "tf_flowers": _flowers,
    "oxford_iiit_pet": _breeds,
    "beans": _leaves,
    "eurosat": _from_above,
    "malaria": _cells,
    "cifar10": _coarse,
    "rock_paper_scissors": _hands,
}
