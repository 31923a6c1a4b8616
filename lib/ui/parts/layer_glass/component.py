"""A layer under the glass: its switch, and the three lists from which its weights are read.

After a gesture the browser computes the lists at once from the table of live Keras; the server
computes them again, and its numbers replace them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from lib.ui.parts import base

_HTML = """
<section class="glass" aria-label="A layer and its lists of weights">
  <div class="controls"></div>
  <p class="finding" role="status"></p>
  <p class="note"></p>
  <div class="lists"></div>
  <details>
    <summary>Which code prints these lists?</summary>
    <div class="code"></div>
  </details>
</section>
"""

_COMPONENT = base.component("layer_glass", _HTML)


def show(data: Mapping[str, Any], key: str, on_gesture: Callable[[], None]) -> None:
    """Draw a layer of lib.ui.trainable.glass.

    Args:
        data: What to draw.
        key: Of this place on the page.
        on_gesture: Called before the next rerun if the reader has changed something.
    """
    _COMPONENT(key=key, data=data, on_gesture_change=on_gesture, height="content")
