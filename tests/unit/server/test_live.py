"""News of a run reaches a browser that does not ask for it, on a real server."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from lib.ui import live
from tests.speeds import PATIENCE_S

PROJECT = Path(__file__).resolve().parents[3]
# A page that shows how many epochs there are. What stands for the client tells ten of them, each
# once the one before it has been drawn, so a lost one would be the last.
SCRIPT = """
import threading

import streamlit as st

from lib.ui import live


class Client:
    def __init__(self):
        self.epochs, self.drawn = 0, threading.Event()

    def tell(self, news):
        self.news = news

    def train(self):
        while self.epochs < 10:
            self.drawn.wait()
            self.drawn.clear()
            self.epochs += 1
            self.news("another run", False)
            self.news("run", True)
            self.news("run", False)


client = st.session_state.setdefault("client", Client())
whole_page = st.session_state["runs"] = st.session_state.get("runs", 0) + 1


@st.fragment
def curves():
    live.follow(client, "run")
    st.text(f"epoch {client.epochs}, page {whole_page}")
    client.drawn.set()


curves()
threading.Thread(target=client.train, daemon=True).start()
"""

# A run that goes through five states at once, and stays in the last one.
STATES = """
import streamlit as st

from lib.ui import live


class Client:
    def tell(self, news):
        self.news = news


states = st.session_state.setdefault("states", [])


@st.fragment
def heading():
    client = Client()
    live.follow(client, "run")
    st.text(f"state {len(states)}")
    while len(states) < 5:
        states.append(len(states))
        client.news("run", True)


heading()
"""

# A page that shows a room as its host or as a participant, and a part that tells its news.
ROOM = """
import streamlit as st

from lib.ui import live

news = st.session_state.setdefault("news", [])


@st.fragment
def vote():
    live.follow_room("KTMW", as_host=%s)
    st.text(f"news {len(news)}")


@st.fragment
def tell():
    if live.is_rerun_alone():
        # An answer first, and then the reveal.
        news.append("reveal" if news else "answer")
        live.tell_room("KTMW", news[-1] == "reveal")
    st.text(f"told {len(news)}")


vote()
tell()
"""

# A run of which there is no news.
LOOKS = """
import streamlit as st

from lib.ui import live


class Client:
    def tell(self, news):
        pass


looks = st.session_state.setdefault("looks", [])


@st.fragment
def heading():
    live.follow(Client(), "run")
    looks.append(None)
    st.text(f"look {len(looks)}")
    if len(looks) < 3:  # Of later ones, a slow server would leave some out.
        live.look_again(0.05)


heading()
"""

# A page of two parts: what confirms a gesture, and what is around it.
PARTS = """
import streamlit as st

from lib.ui import live

drawn = st.session_state.setdefault("drawn", {"strip": 0, "page": 0})


@st.fragment
def strip(around):
    drawn["strip"] += 1
    st.text(f"strip {drawn['strip']}")
    if live.is_rerun_alone():
        live.rerun_after_pause(around)


@st.fragment
def page():
    drawn["page"] += 1
    st.text(f"page {drawn['page']}")
    strip(live.current_fragment())


page()
"""


@pytest.fixture
def port(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """Of a server that runs a script."""
    script = tmp_path / "script.py"
    script.write_text(request.param)
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    options = ["--server.headless=true", "--server.address=127.0.0.1", f"--server.port={number}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", number), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < end
                assert server.poll() is None
                time.sleep(0.05)
        yield number
    finally:
        server.terminate()
        server.wait()


class Browser:
    """A session that sees texts, and asks for nothing unless it is told to."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.seen: list[str] = []
        self.fragments: dict[str, str] = {}  # first word of a text -> id of its fragment

    async def rerun(self, fragment: str = "") -> None:
        wanted = BackMsg()
        wanted.rerun_script.query_string = ""
        wanted.rerun_script.fragment_id = self.fragments.get(fragment, "")
        await self._connection.send(wanted.SerializeToString())

    async def until(self, text: str) -> None:
        """Read on until a text has been seen."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.seen:
                message = ForwardMsg()
                message.ParseFromString(await self._connection.recv())
                if message.delta.new_element.WhichOneof("type") == "text":
                    body = message.delta.new_element.text.body
                    self.fragments[body.split()[0]] = message.delta.fragment_id
                    self.seen.append(body)


def browse(port: int, visit: Callable[[Browser], Awaitable[None]]) -> list[str]:
    """Open the page, do what a visit is about, and return the texts in the order they came."""

    async def session() -> list[str]:
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=[websockets.Subprotocol("streamlit")],
            proxy=None,
        ) as connection:
            browser = Browser(connection)
            await browser.rerun()
            await visit(browser)
            return browser.seen

    return asyncio.run(session())


@pytest.mark.parametrize("port", [SCRIPT], indirect=True, ids=["run"])
def test_every_epoch_reaches_a_page_that_does_not_ask_and_only_its_fragment_runs(port: int) -> None:
    seen = browse(port, lambda browser: browser.until("epoch 10, page 1"))
    every = [f"epoch {epoch}, page 1" for epoch in range(11)]
    # Where the browser is slow, Streamlit leaves out a text that the next one has replaced.
    assert seen == [text for text in every if text in seen]


@pytest.mark.parametrize("port", [STATES], indirect=True, ids=["states"])
def test_a_state_that_lasts_reaches_the_page_and_those_on_the_way_to_it_do_not(port: int) -> None:
    seen = browse(port, lambda browser: browser.until("state 5"))
    # The first may be left out, as above.
    assert seen[-1] == "state 5"
    assert set(seen) <= {"state 0", "state 5"}


@pytest.mark.parametrize("port", [LOOKS], indirect=True, ids=["looks"])
def test_a_page_looks_again_where_there_is_no_news(port: int) -> None:
    assert browse(port, lambda browser: browser.until("look 3"))[-1] == "look 3"


def following(monkeypatch: pytest.MonkeyPatch) -> tuple[live._Followers, Any, list[float]]:
    """One follower, an event loop without a clock, and when its fragment was rerun."""

    class Loop:
        now = 0.0

        def __init__(self) -> None:
            self.due: list[tuple[float, Callable[..., None], Any]] = []

        def time(self) -> float:
            return self.now

        def call_later(self, seconds: float, what: Callable[..., None], *arguments: Any) -> Any:
            due = (self.now + seconds, what, arguments)
            self.due.append(due)
            return SimpleNamespace(when=lambda: due[0], cancel=lambda: self.due.remove(due))

        def call_soon_threadsafe(self, what: Callable[..., None], *arguments: Any) -> None:
            what(*arguments)

        def go_on_until(self, end: float) -> None:
            while due := [each for each in self.due if each[0] <= end]:
                first = min(due, key=lambda each: each[0])
                self.due.remove(first)
                self.now = first[0]
                first[1](*first[2])

    loop, reruns = Loop(), []
    session = SimpleNamespace(
        _event_loop=loop, _scriptrunner=None, has_fragment=lambda fragment_id: True
    )
    monkeypatch.setattr(live, "_session", lambda id_: session)
    monkeypatch.setattr(live, "_start", lambda *_: reruns.append(loop.now))
    followers = live._Followers(0.1)
    followers.add(live._Follower("run", "session", "fragment"))
    return followers, loop, reruns


def test_an_epoch_does_not_wait_for_the_state_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    followers, loop, reruns = following(monkeypatch)
    followers.tell("run", 0.4)
    loop.go_on_until(0.2)
    assert reruns == []
    loop.now = 0.2
    for _ in range(3):
        followers.tell("run")
        followers.tell("run", 0.4)
    loop.go_on_until(1.0)
    assert reruns == [0.2]
    loop.now = 1.0
    followers.tell("run", 0.4)
    loop.go_on_until(2.0)
    assert reruns == [0.2, 1.4]


def test_a_look_is_left_out_where_there_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    followers, loop, reruns = following(monkeypatch)
    followers.look_again("session", 1.0)
    followers.look_again("another session", 0.1)
    loop.go_on_until(0.2)
    loop.now = 0.2
    followers.tell("run")
    loop.go_on_until(0.3)
    assert reruns == [0.2]
    loop.now = 0.3
    # As the fragment does when it is rerun, and a second time by a gesture of the reader.
    followers.look_again("session", 1.0)
    followers.look_again("session", 1.0)
    loop.go_on_until(3.0)
    assert reruns == [0.2, 1.3]


async def hear(browser: Browser, first: str) -> None:
    """Tell the news of a room one after the other, each when the one before has been seen."""
    await browser.until("told 0")
    await browser.rerun("told")
    await browser.until(first)
    await browser.until("told 1")
    await browser.rerun("told")
    await browser.until("news 2")


def only_news(seen: list[str]) -> list[str]:
    return [text for text in seen if text.startswith("news")]


@pytest.mark.parametrize("port", [ROOM % True], indirect=True, ids=["host"])
def test_the_host_of_a_room_hears_of_an_answer_and_of_the_reveal(port: int) -> None:
    seen = browse(port, lambda browser: hear(browser, "news 1"))
    assert only_news(seen) == ["news 0", "news 1", "news 2"]


@pytest.mark.parametrize("port", [ROOM % False], indirect=True, ids=["participant"])
def test_a_participant_hears_of_the_reveal(port: int) -> None:
    seen = browse(port, lambda browser: hear(browser, "told 1"))
    assert only_news(seen) == ["news 0", "news 2"]


def test_an_answer_is_told_to_no_participant(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(live._rooms, "tell", told.append)
    live.tell_room("KTMW", False)
    assert told == ["KTMW/host"]
    live.tell_room("KTMW", True)
    assert told == ["KTMW/host", "KTMW/host", "KTMW"]


@pytest.mark.parametrize("port", [PARTS], indirect=True, ids=["parts"])
def test_a_gesture_reruns_what_confirms_it_and_the_rest_once_after_the_last_one(port: int) -> None:
    async def visit(browser: Browser) -> None:
        await browser.until("strip 1")
        for gesture in (2, 3, 4):
            await browser.rerun("strip")
            await browser.until(f"strip {gesture}")
        await browser.until("page 2")
        await browser.until("strip 5")

    strips = [text for text in browse(port, visit) if text != "page 2"]
    assert strips == ["page 1", *(f"strip {number}" for number in range(1, 6))]


def test_a_pause_is_longer_while_many_readers_make_gestures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Handle:
        def cancel(self) -> None:
            pass

    class Loop:
        waits: ClassVar[list[float]] = []

        def call_later(self, seconds: float, *_: Any) -> Handle:
            self.waits.append(seconds)
            return Handle()

    monkeypatch.setattr(live, "_waiting", {})
    for reader in [*range(50), 0]:
        live._wait(SimpleNamespace(id=str(reader)), "page", Loop())
    first, last = Loop.waits[0], Loop.waits[-1]
    assert first == live.PAUSE_S
    assert last == pytest.approx(live.PAUSE_S * (1 + 50 / live.READERS_AT_ONCE))
    # Until a script of the session has ended, it looks again soon, however many there are.
    live._wait(SimpleNamespace(id="0"), "page", Loop(), live.SECONDS_TO_WAIT)
    assert Loop.waits[-1] == live.SECONDS_TO_WAIT
