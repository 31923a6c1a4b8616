"""CLIP in one picture: images and texts become directions in one space, and the nearest pair up."""

from html import escape

from lib.figures import theme

# Upright and narrow, so that its words can be read on a telephone too.
WIDTH, HEIGHT = 392, 452
TEXTS = ("a photo of a horse", "a photo of a zebra", "a photo of a tiger")
# The text that the photograph is nearest to in the picture; no measured number is drawn.
MATCH = 1
# Ends of the directions, of the texts and of the photograph, all from one origin.
_ORIGIN = (40, 418)
_ENDS = ((110, 262), (240, 268), (346, 362))
_PHOTOGRAPH = (276, 284)


def _words(x: float, y: float, text: str, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="{colour}"{weight}>'
        f"{escape(text)}</text>"
    )


def _box(x: int, y: int, width: int, text: str, stroke: str, ink: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="40" rx="8" fill="none" '
        f'stroke="{stroke}" stroke-width="2"/>{_words(x + width / 2, y + 26, text, ink)}'
    )


def _line(start: tuple[int, int], end: tuple[int, int], look: str) -> str:
    return f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" {look}/>'


def svg(*, dark: bool = False) -> str:
    """Draw both encoders and the space.

    Args:
        dark: True for the dark theme.
    """
    colours = theme.palette(dark)
    arrow = f'stroke="{colours.muted}" stroke-width="2" marker-end="url(#tip)"'
    parts = []
    for place, text in enumerate(TEXTS):
        top = 4 + 48 * place
        parts.append(_box(2, top, 164, text, colours.grid, colours.ink))
        parts.append(_line((168, top + 20), (210, 72), arrow))
    parts += [
        _box(214, 52, 140, "text encoder", colours.ink, colours.ink),
        _box(2, 160, 164, "a photograph", colours.grid, colours.ink),
        _line((168, 180), (210, 180), arrow),
        _box(214, 160, 140, "image encoder", colours.ink, colours.ink),
        f'<path d="M354 72H376V236" fill="none" {arrow}/>',
        _line((284, 202), (284, 236), arrow),
        f'<path d="M40 226V418H388" fill="none" stroke="{colours.grid}" stroke-width="2"/>',
    ]
    for place, (text, end) in enumerate(zip(TEXTS, _ENDS, strict=True)):
        chosen = place == MATCH
        colour = colours.heat if chosen else colours.muted
        look = f'stroke="{colour}" stroke-width="{4 if chosen else 2}"'
        name = f"“{text.rsplit(' ', 1)[-1]}”"
        parts.append(_line(_ORIGIN, end, look))
        parts.append(_words(end[0], end[1] - 9, name, colour, bold=chosen))
    look = f'stroke="{colours.ink}" stroke-width="4" stroke-dasharray="9 6"'
    parts.append(_line(_ORIGIN, _PHOTOGRAPH, look))
    parts.append(
        _words(_PHOTOGRAPH[0] + 44, _PHOTOGRAPH[1] + 16, "photograph", colours.ink, bold=True)
    )
    parts.append(_words(214, 444, "the smallest angle is the answer", colours.muted))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        'font-family="sans-serif" font-size="16">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8Z" fill="{colours.muted}"/></marker>'
        f"</defs>{''.join(parts)}</svg>"
    )


def alt() -> str:
    """Describe the picture in one sentence."""
    return (
        "A text encoder turns three sentences into three directions in one space, an image encoder "
        "turns a photograph into a direction in the same space, and the photograph's direction is "
        f"nearest to that of the sentence “{TEXTS[MATCH]}”."
    )
