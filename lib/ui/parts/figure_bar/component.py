"""The bar below the curves: draw the run again epoch by epoch, and take the figure along.

All of it happens in the browser: a replay asks the server for nothing, and a picture is made by the
Plotly that drew the figure. Pictures are in the light appearance, for paper.
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
    """What the browser gets.

    Args:
        figure_key: Streamlit key of the figure.
        drawn: Changes whenever the figure does.
        epochs: Of the longest run in it.
        title: Above the figure on paper.
        file_name: Of what is downloaded, without its ending.
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
