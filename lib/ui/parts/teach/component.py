"""A drawing, two answers to it, and the network as a strip that ends in its new head."""

from collections.abc import Callable, Mapping
from typing import Any

from lib.ui import state
from lib.ui.parts import base

_HTML = """
<section class="teach" aria-label="Teach a network">
  <div class="lesson">
    <img class="drawing" alt="A drawing of a cat">
    <div class="answer before">
      <h2></h2><p class="said"></p><div class="bars"></div>
    </div>
    <div class="answer after" role="status">
      <h2></h2><p class="said"></p><div class="bars"></div>
    </div>
  </div>
  <p class="count"><strong></strong> <span></span></p>
  <div class="strip">
    <div class="cells" aria-hidden="true"></div>
    <div class="cut"><span class="cut-words"></span></div>
    <button class="knob" role="slider" aria-label="What is trained" aria-valuemin="0"></button>
  </div>
  <div class="under">
    <span class="of-backbone"></span>
    <div><span class="of-head"></span><span class="scale"></span></div>
  </div>
</section>
"""

_COMPONENT = base.component("teach", _HTML)


def show(data: Mapping[str, Any], on_teach: Callable[[], None]) -> None:
    """Draw it.

    Args:
        data: What lib.ui.home.lesson describes.
        on_teach: Called before the next rerun when the reader has pressed the button.
    """
    _COMPONENT(key=state.TEACH_BOARD, data=data, on_teach_change=on_teach)
