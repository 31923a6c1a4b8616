"""A room votes: phones and a projector as real sessions of a server of their own, no browser.

python -m lib.tools.measure_vote [--phones N] [--within SECONDS]

A lecturer asks the room, the phones come in at once, as after a QR code, and answer within the
given time. Prints one line of JSON: how many answers were counted, the share of them that was
confirmed on its phone within a second, and how far the bars were behind.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from lib.core.lessons import schema
from lib.tools.attack import target
from lib.tools.load_server import percentile
from lib.ui import pages, state
from lib.ui.lessons import registry

# Longer than any answer of a working server.
TIMEOUT_S = 60.0
CONFIRMED = "Your answer: **"


def host_page() -> tuple[str, str]:
    """Path and link of a page with a question, as a lecturer opens it: the first one that ships."""
    for lesson in registry.shipped().values():
        for number, step in enumerate(lesson.steps, start=1):
            if step.question:
                path = Path(pages.PAGES[step.page].path)
                link = f"{schema.LESSON}={lesson.id}&{schema.STEP}={number}&{schema.PRESENT}=1"
                return "" if path.stem == "app" else path.stem, f"{link}&{step.state}"
    raise LookupError("No lesson asks anything.")


@dataclass
class Tab:
    """One session, which sends and receives the same messages as a tab of a browser.

    Args:
        port: Of the server on this machine.
        page: Path of the page.
        link: What stands behind "?" in its address.
    """

    port: int
    page: str
    link: str
    # Key of a button -> its id and its fragment.
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    # Every state of a vote that came, with the time at which it came.
    boards: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    confirmed_at: float = 0.0
    _socket: Any = None
    _page_hash: str = ""
    _cache: dict[str, ForwardMsg] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _timed: set[str] = field(default_factory=set)

    async def open(self) -> None:
        """Connect, and ask for the page."""
        self._socket = await websockets.connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=None,
            proxy=None,
            open_timeout=TIMEOUT_S,
        )
        self._tasks.append(asyncio.create_task(self._listen()))
        await self._rerun()

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        await self._socket.close()

    async def press(self, key: str) -> None:
        """Press a button, without waiting for what follows."""
        id_, fragment = self.buttons[key]
        await self._rerun(WidgetState(id=id_, trigger_value=True), fragment=fragment)

    async def until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait until what has come makes something true.

        Raises:
            TimeoutError: If it does not become true.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not is_so():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise TimeoutError(f"Not within {TIMEOUT_S:g} s: {what}") from error

    async def _rerun(self, *widgets: WidgetState, fragment: str = "", timed: bool = False) -> None:
        message = BackMsg()
        wanted = message.rerun_script
        wanted.query_string, wanted.fragment_id = self.link, fragment
        wanted.is_auto_rerun = timed
        if self._page_hash:
            wanted.page_script_hash = self._page_hash
        else:
            wanted.page_name = self.page
        wanted.cached_message_hashes.extend(self._cache)
        wanted.widget_states.widgets.extend(widgets)
        await self._socket.send(message.SerializeToString())

    async def _look(self, fragment: str, seconds: float) -> None:
        """Rerun a fragment at intervals, as a browser does where a page asks for it."""
        while True:
            await asyncio.sleep(seconds)
            await self._rerun(fragment=fragment, timed=True)

    async def _listen(self) -> None:
        async for raw in self._socket:
            message = ForwardMsg()
            message.ParseFromString(raw)
            if message.WhichOneof("type") == "ref_hash":
                known = self._cache[message.ref_hash]
                known.metadata.CopyFrom(message.metadata)
                message = known
            elif message.metadata.cacheable and message.hash:
                self._cache[message.hash] = message
            self._take(message)
            self._changed.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page_hash = message.new_session.page_script_hash or self._page_hash
        elif kind == "page_info_changed":
            self.link = message.page_info_changed.query_string
        elif kind == "auto_rerun" and message.auto_rerun.fragment_id not in self._timed:
            auto = message.auto_rerun
            self._timed.add(auto.fragment_id)
            self._tasks.append(asyncio.create_task(self._look(auto.fragment_id, auto.interval)))
        elif kind == "delta":
            self._draw(message.delta)

    def _draw(self, delta: Any) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise RuntimeError(f"The page failed: {element.exception.message}")
        if kind == "button":
            # "$$ID-<hash>-<key>"
            key = element.button.id.split("-", 2)[-1]
            self.buttons[key] = (element.button.id, delta.fragment_id)
        elif kind == "markdown" and CONFIRMED in element.markdown.body:
            self.confirmed_at = self.confirmed_at or time.perf_counter()
        elif kind == "bidi_component":
            data = json.loads(element.bidi_component.json or "{}")
            if "answered" in data:
                self.boards.append((time.perf_counter(), data))


@dataclass(frozen=True)
class Vote:
    """What was measured, in seconds.

    Args:
        inside: From the link to the answers on screen, of each phone.
        confirmed: From the press to its confirmation, of each phone.
        behind: From the time at which so many answers were confirmed to the bars that have them.
        revealed: From the press of the host to the truth, of each phone.
        counted: Answers on the projector at the end.
    """

    inside: list[float]
    confirmed: list[float]
    behind: list[float]
    revealed: list[float]
    counted: int


async def vote(port: int, num_phones: int, within_s: float) -> Vote:
    """Let a room vote once.

    Args:
        port: Of the server on this machine.
        num_phones: Sessions that answer, each once.
        within_s: From the first press to the last one, evenly.
    """
    projector = Tab(port, *host_page())
    await projector.open()
    await projector.until(lambda: state.VOTE_ASK in projector.buttons, "the room can be asked")
    await projector.press(state.VOTE_ASK)
    await projector.until(lambda: projector.boards, "the question is on the projector")
    question = projector.boards[-1][1]
    link = f"{state.LINK_ROOM}={question['door']['code']}"
    phones = [Tab(port, "vote", link) for _ in range(num_phones)]
    num_answers = len(question["answers"])
    inside = await asyncio.gather(*(_enter(phone, num_answers) for phone in phones))
    pressed = await asyncio.gather(
        *(
            _answer(phone, 1 + place % num_answers, place * within_s / num_phones)
            for place, phone in enumerate(phones)
        )
    )
    await projector.until(lambda: projector.boards[-1][1]["answered"] >= num_phones, "all counted")
    counts = [each["count"] for each in projector.boards[-1][1]["answers"]]
    expected = [len(range(place, num_phones, num_answers)) for place in range(num_answers)]
    if counts != expected:
        raise RuntimeError(f"The projector shows {counts}, and {expected} were given.")
    began = time.perf_counter()
    await projector.press(state.VOTE_REVEAL)
    await asyncio.gather(*map(_see_truth, phones))
    done = Vote(
        inside=list(inside),
        confirmed=[phone.confirmed_at - at for phone, at in zip(phones, pressed, strict=True)],
        behind=_behind(sorted(phone.confirmed_at for phone in phones), projector.boards),
        revealed=[phone.boards[0][0] - began for phone in phones],
        counted=sum(counts),
    )
    await asyncio.gather(*(tab.close() for tab in (projector, *phones)))
    return done


async def _enter(phone: Tab, num_answers: int) -> float:
    began = time.perf_counter()
    await phone.open()
    last = f"{state.VOTE_ANSWER}_1_{num_answers}"
    await phone.until(lambda: last in phone.buttons, "the answers are there")
    return time.perf_counter() - began


async def _answer(phone: Tab, place: int, wait_s: float) -> float:
    """Press an answer after a while; returns when."""
    await asyncio.sleep(wait_s)
    pressed = time.perf_counter()
    await phone.press(f"{state.VOTE_ANSWER}_1_{place}")
    await phone.until(lambda: phone.confirmed_at, "the answer is confirmed")
    return pressed


async def _see_truth(phone: Tab) -> None:
    await phone.until(lambda: phone.boards, "the truth is on the phone")


def _behind(confirmed: list[float], boards: list[tuple[float, dict[str, Any]]]) -> list[float]:
    """How long after each confirmation the projector had as many answers."""
    return [
        max(0.0, next(at for at, data in boards if data["answered"] >= number) - when)
        for number, when in enumerate(confirmed, start=1)
    ]


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_vote")
    parser.add_argument("--phones", type=int, default=60)
    parser.add_argument("--within", type=float, default=5.0, metavar="SECONDS")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="thaw-vote-") as folder,
        target.running(Path(folder)) as server,
    ):
        done = asyncio.run(vote(server.port, options.phones, options.within))
    in_time = sum(seconds <= 1 for seconds in done.confirmed)
    print(
        json.dumps(
            {
                "phones": options.phones,
                "within_s": options.within,
                "counted": done.counted,
                "confirmed_within_1_s": round(in_time / options.phones, 3),
                "confirmed_median_s": round(percentile(done.confirmed, 0.5), 3),
                "confirmed_p95_s": round(percentile(done.confirmed, 0.95), 3),
                "bars_behind_max_s": round(max(done.behind), 3),
                "truth_p95_s": round(percentile(done.revealed, 0.95), 3),
                "inside_p95_s": round(percentile(done.inside, 0.95), 3),
            }
        )
    )


if __name__ == "__main__":
    main()
