"""The bar below the curves: replays the run epoch by epoch, and downloads the figure.

All of it happens in the browser: a replay needs no request, and the Plotly that drew the figure
also makes the picture file. Picture files have the light theme, for paper.
"""

from dataclasses import fields
from typing import Any

from lib.figures import theme
from lib.ui import shell, state
from lib.ui.parts import base

_HTML = """
<section class="bar" aria-label="Replay and download">
  <button class="replay"></button>
  <input type="range" min="1" step="1" aria-label="Epochs drawn" />
  <output></output>
  <span class="files" role="group" aria-label="Download">
    <button class="svg" title="The figure as SVG, for print">SVG</button>
    <button class="png" title="The figure as PNG, for slides">PNG</button>
    <button class="csv" title="The numbers as CSV">CSV</button>
  </span>
</section>
"""

_COMPONENT = base.component("figure_bar", _HTML)


def payload(
    figure_key: str, drawn: str, epochs: int, title: str, file_name: str, csv: str
) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        figure_key: Streamlit key of the figure.
        drawn: A text that changes whenever the figure changes.
        epochs: Number of epochs of the longest run.
        title: Title in picture files.
        file_name: Name of downloaded files, without extension.
        csv: The numbers of the figure.
    """
    dark, light = theme.DARK, theme.LIGHT
    pairs = {
        getattr(dark, field.name): getattr(light, field.name) for field in fields(theme.Palette)
    }
    paper = {colour: pairs[colour] for colour in pairs if isinstance(colour, str)}
    paper |= dict(zip(dark.runs, light.runs, strict=True))
    return {
        "figure": f".st-key-{figure_key} .js-plotly-plot",
        "drawn": drawn,
        "epochs": epochs,
        "title": title,
        "fileName": file_name,
        "csv": csv,
        "colours": paper if shell.is_dark() else {},
    }


def show(figure_key: str, drawn: str, epochs: int, title: str, file_name: str, csv: str) -> None:
    """Draw the bar of a figure; the arguments are those of `payload`."""
    data = payload(figure_key, drawn, epochs, title, file_name, csv)
    _COMPONENT(key=state.FIGURE_BAR, data=data, height="content")
