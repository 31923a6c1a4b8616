"""The bar of a figure of curves: replays the run epoch by epoch, and downloads the figure.

All of it happens in the browser: a replay needs no request, and the Plotly that drew the figure
also makes the picture file. Picture files have the light theme, for paper. While a run is training,
its epochs are drawn one after the other, no faster than an eye can follow. The bar then brings
their curves itself, because Streamlit makes a new figure whenever one changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any

from lib.core.runs import EpochRecord
from lib.figures import theme
from lib.ui import shell, state
from lib.ui.parts import base
from lib.ui.parts.feature_maps import payload as drawing

_HTML = """
<section class="bar" aria-label="Replay and download">
  <span class="controls">
    <button class="replay"></button>
    <input type="range" min="1" step="1" aria-label="Epochs drawn" />
  </span>
  <output></output>
  <label class="paced"><input type="checkbox" />Draw without delay</label>
  <div class="watched" hidden><p></p><div class="tiles"></div></div>
  <span class="files" role="group" aria-label="Download">
    <button class="svg" title="The figure as SVG, for print">SVG</button>
    <button class="png" title="The figure as PNG, for slides">PNG</button>
    <button class="csv" title="The numbers as CSV">CSV</button>
  </span>
</section>
"""

_COMPONENT = base.component("figure_bar", _HTML)


@dataclass(frozen=True)
class Growing:
    """The curves of a run that is training. Streamlit has drawn the same figure without epochs.

    Args:
        figure: The figure with all epochs so far, as JSON of Plotly.
        alt: Its text alternative.
        mark: `datarevision` of the figure without epochs, by which the browser knows it.
    """

    figure: str
    alt: str
    mark: str


@dataclass(frozen=True)
class Files:
    """What can be downloaded.

    Args:
        title: Title in picture files.
        name: Name of downloaded files, without extension.
        csv: The numbers of the figure.
    """

    title: str
    name: str
    csv: str


def payload(
    figure_key: str,
    drawn: str,
    history: Sequence[EpochRecord],
    *,
    run: str = "",
    live: bool = False,
    growing: Growing | None = None,
    fresh: str = "",
    files: Files | None = None,
    picture: bytes = b"",
) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        figure_key: Streamlit key of the figure.
        drawn: A text that changes whenever the figure changes.
        history: The epochs of the run so far, or those of the longest run of several.
        run: Id of the run, while it may be training.
        live: True while the run is training.
        growing: Its curves, while it is training.
        fresh: Names the start of a run by this reader, so that it is once drawn from its first
            epoch; "" for a run that they have not started.
        files: What can be downloaded; None for nothing.
        picture: The watched images of the run as a WebP file; empty if there are none to show.
    """
    dark, light = theme.DARK, theme.LIGHT
    pairs = {
        getattr(dark, field.name): getattr(light, field.name) for field in fields(theme.Palette)
    }
    paper = {colour: pairs[colour] for colour in pairs if isinstance(colour, str)}
    paper |= dict(zip(dark.runs, light.runs, strict=True))
    in_phases = groupby(history, lambda each: (each.phase, each.step))
    return {
        "figure": f".st-key-{figure_key} .js-plotly-plot",
        "drawn": drawn,
        "epochs": len(history),
        "phases": [place for place, (_, members) in enumerate(in_phases) for _ in members],
        "run": f"{run} {fresh}" if run else "",
        "live": live,
        "growing": vars(growing) if growing else None,
        "fresh": fresh,
        "files": vars(files) if files else None,
        "colours": paper if shell.is_dark() else {},
        "watched": {
            "picture": drawing.data_uri(picture),
            "right": [record.right for record in history],
        }
        if picture
        else None,
    }


def show(figure_key: str, drawn: str, history: Sequence[EpochRecord], **more: Any) -> None:
    """Draw the bar of a figure; the arguments are those of `payload`."""
    _COMPONENT(key=state.FIGURE_BAR, data=payload(figure_key, drawn, history, **more))
