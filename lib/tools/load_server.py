"""Load test of a running app with many simultaneous sessions, without a browser. Loopback only.

python -m lib.tools.load_server --port PORT [--readers N] [--gestures N] [--think SECONDS]

Every session opens the model summary of MobileNetV2 and moves the cut repeatedly. Prints the time
from a gesture to the end of the script run on the server, as one line of JSON.
"""

import argparse
import asyncio
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

PAGE = "model_summary"
BACKBONE = "mobilenet_v2"
# The cuts to select, among them both ends and 100, the value of the TensorFlow tutorial.
CUTS = (100, 60, 130, 0, 154, 98, 107)
# Longer than any answer of a working server.
TIMEOUT_S = 60.0


@dataclass
class Reader:
    """One session, which sends and receives the same messages as a browser tab."""

    url: str
    times_s: list[float] = field(default_factory=list)
    link: str = f"backbone={BACKBONE}"
    component: str = ""
    answered: int = 0
    _socket: Any = None
    _page_hash: str = ""
    _gesture: int = 0
    _fragment: str = ""
    _known: set[str] = field(default_factory=set)

    async def open(self) -> None:
        """Connect and load the page."""
        self._socket = await websockets.connect(
            self.url,
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=None,
            proxy=None,
            open_timeout=TIMEOUT_S,
        )
        await self._run([])

    async def close(self) -> None:
        """Close the connection."""
        await self._socket.close()

    async def move_cut(self, cut: int) -> None:
        """Move the cut as a click on the strip does, and wait for the end of the run.

        Args:
            cut: Index of the first thawed layer.
        """
        self._gesture += 1
        gesture = {"backbone": BACKBONE, "cut": cut, "by_hand": [], "number": self._gesture}
        trigger = WidgetState(
            id=f"$$STREAMLIT_INTERNAL_KEY_{self.component}__events",
            json_trigger_value=json.dumps([{"event": "gesture", "value": gesture}]),
        )
        before = time.perf_counter()
        await self._run([trigger])
        self.times_s.append(time.perf_counter() - before)
        if self.answered != self._gesture:
            raise RuntimeError(f"Gesture {self._gesture} was not answered, {self.answered} was.")

    async def rerun(self) -> None:
        """Run the whole page again, as a widget outside of every fragment does."""
        before, fragment = time.perf_counter(), self._fragment
        self._fragment = ""
        await self._run([])
        self._fragment = fragment
        self.times_s.append(time.perf_counter() - before)

    async def _run(self, widgets: Sequence[WidgetState]) -> None:
        message = BackMsg()
        wanted = message.rerun_script
        wanted.query_string, wanted.fragment_id = self.link, self._fragment
        if self._page_hash:
            wanted.page_script_hash = self._page_hash
        else:
            wanted.page_name = PAGE
        wanted.cached_message_hashes.extend(self._known)
        wanted.widget_states.widgets.extend(widgets)
        await self._socket.send(message.SerializeToString())
        async with asyncio.timeout(TIMEOUT_S):
            # The server also reruns the rest of the page by itself, after a pause.
            while not (self._is_end(await self._socket.recv()) and self.answered >= self._gesture):
                pass

    def _is_end(self, raw: bytes) -> bool:
        """Process a message of the server; returns True if it ends the script run."""
        message = ForwardMsg()
        message.ParseFromString(raw)
        kind = message.WhichOneof("type")
        if message.metadata.cacheable and message.hash:
            self._known.add(message.hash)
        if kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.link = message.page_info_changed.query_string
        elif kind == "delta":
            element = message.delta.new_element
            if element.WhichOneof("type") == "exception":
                raise RuntimeError(f"The page failed: {element.exception.message}")
            if element.WhichOneof("type") == "bidi_component":
                data = json.loads(element.bidi_component.json or "{}")
                if "gesture" in data:  # The strip, and not the frame of the page.
                    self.component = element.bidi_component.id
                    self._fragment = message.delta.fragment_id
                    self.answered = data["gesture"]
        return kind == "script_finished" and message.script_finished in (
            ForwardMsg.FINISHED_SUCCESSFULLY,
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
        )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of all does not exceed.

    Example:

    >>> percentile([3.0, 1.0, 2.0], 0.95)
    3.0
    """
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


async def load(port: int, readers: int, gestures: int, think_s: float) -> list[float]:
    """Seconds of every gesture of every reader.

    Args:
        port: Of the server on this machine.
        readers: Sessions at once.
        gestures: Each reader's.
        think_s: Seconds a reader waits between two gestures.
    """
    crowd = [Reader(f"ws://127.0.0.1:{port}/_stcore/stream") for _ in range(readers)]
    await asyncio.gather(*(reader.open() for reader in crowd))

    async def use(reader: Reader, place: int) -> None:
        for turn in range(gestures):
            await reader.move_cut(CUTS[(place + turn) % len(CUTS)])
            await asyncio.sleep(think_s)

    await asyncio.gather(*(use(reader, place) for place, reader in enumerate(crowd)))
    await asyncio.gather(*(reader.close() for reader in crowd))
    return [seconds for reader in crowd for seconds in reader.times_s]


def main() -> None:
    """Print the times as JSON."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.load_server")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--gestures", type=int, default=6)
    parser.add_argument("--think", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args()
    began = time.perf_counter()
    times_s = asyncio.run(load(options.port, options.readers, options.gestures, options.think))
    print(
        json.dumps(
            {
                "readers": options.readers,
                "gestures": len(times_s),
                "wall_time_s": round(time.perf_counter() - began, 2),
                "median_s": round(percentile(times_s, 0.5), 4),
                "p95_s": round(percentile(times_s, 0.95), 4),
                "max_s": round(max(times_s), 4),
            }
        )
    )


if __name__ == "__main__":
    main()
