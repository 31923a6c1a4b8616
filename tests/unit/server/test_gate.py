"""What passes the gate in front of Streamlit, and what does not."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit

from lib.core.limits import MB
from lib.server import budget, gate, headers, origins
from lib.server.budget import Budget, Sweeper
from lib.server.gate import Gate

Answer = list[dict[str, Any]]
OWN = origins.from_settings("127.0.0.1", [], None, [])
HOST = (b"host", b"127.0.0.1:8501")


class Files:
    """Streamlit's store of uploaded files, as far as it is asked."""

    def __init__(self, **sizes: int) -> None:
        self.file_storage: dict[str, Any] = {
            name: {"file": SimpleNamespace(data=bytes(size))} for name, size in sizes.items()
        }

    def remove_session_files(self, session_id: str) -> None:
        self.file_storage.pop(session_id, None)


async def _streamlit(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind the gate: reads all of a body, or accepts and says whence it was asked."""
    if scope["type"] == "websocket":
        origin = dict(scope["headers"]).get(b"origin", b"none")
        await send({"type": "websocket.accept", "headers": [(b"origin", origin)]})
        return
    while (await receive()).get("more_body"):
        pass
    await send(
        {
            "type": "http.response.start",
            "status": 204,
            "headers": [(b"X-Frame-Options", b"ALLOWALL")],
        }
    )
    await send({"type": "http.response.body", "body": b""})


def make(
    files: Files | None = None, own: origins.Origins = OWN, app: Any = _streamlit
) -> tuple[Gate, Budget]:
    uploads = Budget(4 * MB, 10 * MB, lambda: files or Files())
    return Gate(app, uploads, own, [(b"x-frame-options", b"SAMEORIGIN")], 3 * MB, 4), uploads


def ask(
    asked: Gate,
    *lines: tuple[bytes, bytes],
    kind: str = "http",
    body: tuple[bytes, ...] = (b"",),
    path: str = "/",
    method: str = "GET",
    client: str = "127.0.0.1",
) -> Answer:
    """Send one request, and return what comes back; a body that ends early never comes."""
    scope = {
        "type": kind,
        "path": path,
        "method": method,
        "headers": [HOST, *lines],
        "scheme": "ws",
    }
    scope["client"] = (client, 1)
    answer: Answer = []
    chunks = list(body)

    async def receive() -> dict[str, Any]:
        if not chunks:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: Any) -> None:
        answer.append(message)

    asyncio.run(asked(scope, receive, send))
    return answer


def upload(asked: Gate, num_bytes: int, *, session: str = "mine", said: int | None = None) -> int:
    """Status of the answer to an upload."""
    length = b"%d" % (num_bytes if said is None else said)
    return int(
        ask(
            asked,
            (b"content-length", length),
            path=f"{gate.UPLOADS}{session}/id",
            method="PUT",
            body=(bytes(num_bytes),),
        )[0]["status"]
    )


# --- Uploads --------------------------------------------------------------------------------------


def test_a_session_may_upload_what_its_budget_has_and_no_more() -> None:
    asked, _ = make(Files(mine=2 * MB))
    assert upload(asked, 2 * MB) == 204
    assert upload(asked, 2 * MB + 1) == 413
    assert upload(asked, 2 * MB + 1, session="theirs") == 204


def test_all_sessions_together_have_a_budget_too() -> None:
    asked, _ = make(Files(a=4 * MB, b=4 * MB))
    assert upload(asked, 2 * MB) == 204
    assert upload(asked, 2 * MB + 1) == 413


def test_what_is_on_its_way_counts_and_is_given_back_at_the_end() -> None:
    asked, uploads = make()
    assert uploads.reserve("mine", 3 * MB) == ""
    assert upload(asked, 2 * MB) == 413
    uploads.release("mine", 3 * MB)
    assert upload(asked, 2 * MB) == 204
    assert upload(asked, 3 * MB) == 204  # The last one has been given back as well.


def test_an_upload_that_is_refused_is_not_read() -> None:
    async def unread(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("Streamlit was asked.")

    asked, _ = make(Files(mine=4 * MB), app=unread)
    assert upload(asked, 1) == 413
    assert upload(asked, 4 * MB, session="theirs") == 413
    lines = [(b"transfer-encoding", b"chunked")]
    assert ask(asked, *lines, path=f"{gate.UPLOADS}mine/id", method="PUT")[0]["status"] == 411


def test_an_upload_that_is_longer_than_it_said_ends_there() -> None:
    asked, uploads = make()
    assert upload(asked, 2 * MB, said=MB) == 408
    assert uploads.reserve("mine", 4 * MB) == ""


def test_an_upload_that_stops_coming_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "IDLE_S", 0.01)
    asked, uploads = make()
    answer = ask(
        asked, (b"content-length", b"1000"), path=f"{gate.UPLOADS}mine/id", method="PUT", body=()
    )
    assert answer[0]["status"] == 408
    assert uploads.reserve("mine", 4 * MB) == ""


def test_files_of_a_session_that_has_left_are_dropped_after_a_while() -> None:
    now, connected, closed = [0.0], {"here"}, []
    files = Files(here=MB, gone=MB)
    runtime = SimpleNamespace(
        is_active_session=lambda session: session in connected, close_session=closed.append
    )
    sweeper = Sweeper(runtime, files, lambda: now[0])
    sweeper.sweep()
    now[0] = budget.GRACE_S - 1
    sweeper.sweep()
    assert set(files.file_storage) == {"here", "gone"}
    connected.add("gone")
    sweeper.sweep()
    connected.remove("gone")
    now[0] = budget.GRACE_S
    sweeper.sweep()
    assert set(files.file_storage) == {"here", "gone"}, "Who comes back starts again."
    now[0] = 2 * budget.GRACE_S
    sweeper.sweep()
    assert set(files.file_storage) == {"here"}
    assert closed == ["gone"]


# --- Origins, hosts, headers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "is_accepted"),
    [
        (b"http://127.0.0.1:8501", True),
        (b"http://127.0.0.1:9999", False),
        (b"http://localhost:3000", False),
        (b"http://192.168.0.1:8501", False),
        (b"https://evil.example", False),
        (b"null", False),
        (b"http://[", False),
    ],
)
def test_a_websocket_is_for_pages_of_this_server(origin: bytes, is_accepted: bool) -> None:
    asked, _ = make()
    answer = ask(asked, (b"origin", origin), kind="websocket")
    assert (answer[0]["type"] == "websocket.accept") == is_accepted


def test_a_program_that_is_no_browser_may_open_a_websocket() -> None:
    assert ask(make()[0], kind="websocket")[0]["type"] == "websocket.accept"


def test_an_origin_of_the_settings_is_allowed_and_streamlit_need_not_ask_about_it() -> None:
    own = origins.from_settings("127.0.0.1", [], "thaw.example", ["https://moodle.example/"])
    for origin in (b"https://moodle.example", b"http://thaw.example"):
        answer = ask(make(own=own)[0], (b"origin", origin), kind="websocket")
        assert dict(answer[0]["headers"])[b"origin"] == b"http://127.0.0.1:8501"


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_on_loopback_the_server_answers_to_no_other_name(kind: str) -> None:
    asked, _ = make()
    for host in (b"evil.example:8501", b"", b"127.0.0.1.evil.example"):
        scope_host = [(b"host", host), (b"origin", b"http://" + host)]
        answer = _with_host(asked, scope_host, kind)
        assert answer[0].get("status", answer[0].get("code")) in (400, gate.POLICY_VIOLATION)
    assert _with_host(asked, [(b"host", b"localhost")], kind)[0].get("status", 204) == 204
    # No browser leaves it out; what looks whether the server is healthy does.
    assert _with_host(asked, [], kind)[0].get("status", 204) == 204


def _with_host(asked: Gate, lines: list[tuple[bytes, bytes]], kind: str) -> Answer:
    answer: Answer = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        answer.append(message)

    scope = {"type": kind, "path": "/", "method": "GET", "headers": lines, "client": ("::1", 1)}
    asyncio.run(asked(scope, receive, send))
    return answer


def test_in_a_room_the_server_answers_to_every_name_unless_the_settings_say_which() -> None:
    assert origins.from_settings("0.0.0.0", [], None, []).knows_host("thaw.example")
    assert origins.from_settings("0.0.0.0", [], "lab.example", []).knows_host("10.0.0.7:8501")
    only = origins.from_settings("0.0.0.0", ["*.example.org"], None, [])
    assert only.knows_host("thaw.example.org")
    assert not only.knows_host("evil.example")


def test_no_address_takes_the_place_of_all_others() -> None:
    accepted: list[str] = []

    async def stays(scope: Any, receive: Any, send: Any) -> None:
        accepted.append(scope["client"][0])
        await asyncio.Event().wait()

    async def crowd(*clients: str) -> None:
        asked, _ = make(app=stays)
        tasks = []
        for client in clients:
            scope = {"type": "websocket", "headers": [HOST], "client": (client, 1), "path": "/"}
            tasks.append(asyncio.create_task(asked(scope, _never, _nothing)))
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(crowd("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"))
    assert accepted == ["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]


_never: Callable[[], Awaitable[Any]] = asyncio.Event().wait


async def _nothing(message: Any) -> None:
    pass


def test_every_answer_carries_our_headers_and_not_those_of_others() -> None:
    start = ask(make()[0])[0]
    assert start["headers"] == [(b"x-frame-options", b"SAMEORIGIN")]


def test_the_policy_allows_the_scripts_that_stand_in_streamlits_page_and_no_others() -> None:
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    policy = dict(headers.security_headers(index))[b"content-security-policy"].decode()
    parts = dict(each.split(" ", 1) for each in policy.split("; "))
    assert parts["script-src"].count("'sha256-") == index.read_text("utf-8").count("<script>") > 0
    assert "unsafe-inline" not in parts["script-src"]
    assert "http" not in policy.replace("https", "http")
