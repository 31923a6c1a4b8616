"""Reruns of a fragment that the server starts: at news of a run or a room, and after a pause.

A fragment with `run_every` looks at intervals: short ones cost the server a rerun each, for every
reader, also when there is nothing new. Here the server itself starts a rerun of the fragment when
an epoch has ended, by what Streamlit does when a source file has changed, and where none has for a
while, for what changes within an epoch. Long intervals stay, for a browser whose connection was
lost. A room that votes is followed in the same way: its host hears of every answer, its
participants of a new question and of the reveal.

After a gesture, only what confirms it is drawn at once. The rest of the page follows when the
reader pauses, so that quick gestures of many readers do not wait for it.
"""

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

from streamlit import runtime
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.scriptrunner_utils.script_run_context import (
    ThreadState,
    get_script_run_ctx,
)

from lib.jobs.client import Client

# A reader sees ten changes in a second as a movement; more would cost reruns and show no more.
SECONDS_BETWEEN_RERUNS = 0.1
# While a room answers, its answers need the server more than the bars on the projector do.
SECONDS_BETWEEN_RERUNS_OF_A_ROOM = 0.4
# A run that was prepared is in five states within half a second. Nobody reads their names, and
# drawing them is work for server and browser; a state that lasts is named.
SECONDS_UNTIL_A_STATE = 0.4
# Until the next try while a script runs in the session; it must not be pushed aside.
SECONDS_TO_WAIT = 0.02
# Sessions that follow at the same time; the one that began first looks at intervals only.
MAX_FOLLOWED = 500


@dataclass
class _Follower:
    """A fragment in a session that shows a run, or a room: its topic.

    Attributes:
        due: The rerun that waits; used in the event loop only.
        next_rerun: Earliest time of the next one, of the event loop.
    """

    topic: str
    session_id: str
    fragment_id: str
    due: asyncio.TimerHandle | None = None
    next_rerun: float = 0.0


class _Followers:
    """All fragments that show a topic, at most one for each session.

    Args:
        seconds: Between two reruns of one of them.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._by_session: dict[str, _Follower] = {}

    def add(self, follower: _Follower) -> None:
        with self._lock:
            known = self._by_session.get(follower.session_id)
            if known and (known.topic, known.fragment_id) == (
                follower.topic,
                follower.fragment_id,
            ):
                return
            self._by_session[follower.session_id] = follower
            while len(self._by_session) > MAX_FOLLOWED:
                del self._by_session[next(iter(self._by_session))]

    def forget(self, follower: _Follower) -> None:
        with self._lock:
            if self._by_session.get(follower.session_id) is follower:
                del self._by_session[follower.session_id]

    def tell(self, topic: str, patience: float = 0.0) -> None:
        """Have the fragments that show a topic run again; called in any thread.

        Args:
            patience: How many seconds that can wait.
        """
        with self._lock:
            told = [each for each in self._by_session.values() if each.topic == topic]
        for each in told:
            self._ask(each, patience)

    def look_again(self, session_id: str, seconds: float) -> None:
        """Have the fragment of a session run again, unless there is news before."""
        with self._lock:
            follower = self._by_session.get(session_id)
        if follower:
            self._ask(follower, seconds)

    def _ask(self, follower: _Follower, patience: float) -> None:
        session = _session(follower.session_id)
        if session is None:
            self.forget(follower)
        else:
            # Only the event loop may look at a session.
            loop: asyncio.AbstractEventLoop = session._event_loop
            loop.call_soon_threadsafe(self._wait, follower, session, loop, patience)

    def _wait(
        self, follower: _Follower, session: Any, loop: asyncio.AbstractEventLoop, seconds: float
    ) -> None:
        """Rerun the fragment after some seconds, or when it is due if that is sooner."""
        if follower.due:
            if follower.due.when() <= loop.time() + seconds:
                return
            follower.due.cancel()
        follower.due = loop.call_later(seconds, self._rerun, follower, session, loop)

    def _rerun(self, follower: _Follower, session: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Rerun the fragment as soon as the session has nothing else to do."""
        follower.due = None
        if not session.has_fragment(follower.fragment_id) and session._scriptrunner is None:
            self.forget(follower)
            return
        wait = max(
            follower.next_rerun - loop.time(),
            SECONDS_TO_WAIT if session._scriptrunner is not None else 0.0,
        )
        if wait > 0:
            self._wait(follower, session, loop, wait)
            return
        follower.next_rerun = loop.time() + self._seconds
        _start(session, follower.fragment_id)


def _session(session_id: str) -> Any:
    """A session that a browser is connected to; None if there is none."""
    if not runtime.exists():
        return None
    # AppTest has a stand-in for the runtime, without sessions that a server could rerun.
    sessions = getattr(runtime.get_instance(), "_session_mgr", None)
    found = sessions.get_active_session_info(session_id) if sessions else None
    return found.session if found else None


def _start(session: Any, fragment_id: str) -> None:
    """Rerun a fragment of a session in which no script runs; called in the event loop."""
    state = ClientState()
    state.CopyFrom(session._client_state)
    # Widgets keep the values that the session has.
    state.ClearField("widget_states")
    state.fragment_id, state.is_auto_rerun = fragment_id, True
    session.request_rerun(state)


def _add(followers: _Followers, topic: str) -> bool:
    """Let the calling fragment follow a topic; False outside of a fragment."""
    context, fragment_id = get_script_run_ctx(), current_fragment()
    if context is None or not fragment_id:
        return False
    followers.add(_Follower(topic, context.session_id, fragment_id))
    return True


_runs = _Followers(SECONDS_BETWEEN_RERUNS)
_rooms = _Followers(SECONDS_BETWEEN_RERUNS_OF_A_ROOM)


def follow(client: Client, run_id: str) -> None:
    """Rerun the calling fragment of this session whenever there is news of a run.

    Args:
        client: It tells the news.
        run_id: Id of the run that the fragment shows; it replaces an earlier one.
    """
    if _add(_runs, run_id):
        client.tell(_tell_run)


def look_again(seconds: float) -> None:
    """Rerun the calling fragment, which follows a run, if there is no news for some seconds."""
    if (context := get_script_run_ctx()) is not None:
        _runs.look_again(context.session_id, seconds)


def _tell_run(run_id: str, in_passing: bool) -> None:
    _runs.tell(run_id, SECONDS_UNTIL_A_STATE if in_passing else 0.0)


def follow_room(code: str, *, as_host: bool = False) -> None:
    """Rerun the calling fragment of this session whenever there is news of a room that votes.

    Args:
        code: Of the room; it replaces an earlier one.
        as_host: True to hear of every answer.
    """
    _add(_rooms, _topic(code, for_all=not as_host))


def tell_room(code: str, for_all: bool) -> None:
    """Tell the host of a room that there is news, or its participants as well; in any thread."""
    _rooms.tell(_topic(code, for_all=False))
    if for_all:
        _rooms.tell(_topic(code, for_all=True))


def _topic(code: str, *, for_all: bool) -> str:
    return code if for_all else f"{code}/host"


# --- After a pause --------------------------------------------------------------------------------

# Longer than between two of several quick gestures, and too short to be noticed after the last.
PAUSE_S = 0.35
# The server is late with the next gestures of many readers. So many of them make a pause twice as
# long: what is drawn for somebody who has not paused would make it later still.
READERS_AT_ONCE = 10
# Session -> the rerun that waits; used in the event loop only.
_waiting: dict[str, asyncio.TimerHandle] = {}


def current_fragment() -> str:
    """The id of the fragment that is being drawn; "" outside of one."""
    return (ThreadState.get().fragment_id or "") if get_script_run_ctx() else ""


def is_rerun_alone() -> bool:
    """True if the fragment that is being drawn was rerun by itself, and not what is around it."""
    context = get_script_run_ctx()
    return context is not None and current_fragment() in (context.fragment_ids_this_run or ())


def rerun_after_pause(fragment_id: str) -> None:
    """Rerun another fragment of this session once its reader has made no gesture for a moment.

    Args:
        fragment_id: From `current_fragment`; it replaces an earlier one.
    """
    context = get_script_run_ctx()
    session = _session(context.session_id) if context else None
    if session is not None and fragment_id:
        loop: asyncio.AbstractEventLoop = session._event_loop
        loop.call_soon_threadsafe(_wait, session, fragment_id, loop)


def _wait(
    session: Any, fragment_id: str, loop: asyncio.AbstractEventLoop, seconds: float | None = None
) -> None:
    if seconds is None:
        seconds = PAUSE_S * (1 + len(_waiting) / READERS_AT_ONCE)
    if earlier := _waiting.pop(session.id, None):
        earlier.cancel()
    _waiting[session.id] = loop.call_later(seconds, _end_of_pause, session, fragment_id, loop)


def _end_of_pause(session: Any, fragment_id: str, loop: asyncio.AbstractEventLoop) -> None:
    del _waiting[session.id]
    if session._scriptrunner is not None:
        _wait(session, fragment_id, loop, SECONDS_TO_WAIT)
    elif _session(session.id) is session:
        _start(session, fragment_id)
