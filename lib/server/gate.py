"""The gate: every request passes it before Streamlit sees it.

It is middleware in the sense of ASGI: it is called with what is asked for, a function that returns
what comes in, and one that takes what goes out.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.server.budget import Budget
from lib.server.origins import LOOPBACK, Origins

UPLOADS = "/_stcore/upload_file/"
# An upload that sends nothing for so long has ended, and one that is slower than this on the whole.
IDLE_S = 30.0
SLOWEST_BYTES_PER_S = 50_000
# Beside the file, the body of an upload has the lines of its form.
MAX_FORM_BYTES = 100_000

UNKNOWN_NAME = (
    "Thaw does not answer to the name in this address. Who started it can tell it the name: "
    "--browser.serverAddress NAME"
)
POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013


class _TooSlowError(Exception):
    """The body of an upload does not come, or is longer than was said."""


class Gate:
    """See the module.

    Args:
        app: What stands behind the gate.
        budget: For uploads.
        origins: Who may ask.
        headers: For every answer.
        max_file_bytes: Of one upload.
        max_tabs: That are open at the same time. Half of them for one address, so that nobody shuts
            out all others; this machine's own may be that of a proxy, and has no share.
    """

    def __init__(
        self,
        app: ASGIApp,
        budget: Budget,
        origins: Origins,
        headers: Sequence[tuple[bytes, bytes]],
        max_file_bytes: int,
        max_tabs: int,
    ) -> None:
        self._app, self._budget, self._origins = app, budget, origins
        self._headers, self._max_file_bytes = list(headers), max_file_bytes
        self._max_tabs = max_tabs
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, self._with_headers(send))
        else:
            await self._app(scope, receive, send)

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name for name, _ in self._headers}
                theirs = [each for each in message["headers"] if each[0].lower() not in ours]
                message = {**message, "headers": [*theirs, *self._headers]}
            await send(message)

        return sending

    # --- Websockets -----------------------------------------------------------------------------

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if not (self._origins.knows_host(host) and self._origins.knows_origin(origin, host)):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        address = scope["client"][0] if scope.get("client") else ""
        if self._open.total() >= self._max_tabs or (
            address not in LOOPBACK and self._open[address] >= self._max_tabs // 2
        ):
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        self._open[address] += 1
        try:
            await self._app(_as_own(scope, host), receive, send)
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    # --- HTTP -----------------------------------------------------------------------------------

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._origins.knows_host(Headers(scope=scope).get("host")):
            await PlainTextResponse(UNKNOWN_NAME, 400)(scope, receive, send)
        elif scope["method"] == "PUT" and UPLOADS in scope["path"]:
            await self._upload(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an upload on if there is room for it; nothing of its body has been read."""
        session = scope["path"].rpartition(UPLOADS)[2].partition("/")[0]
        length = Headers(scope=scope).get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            await PlainTextResponse("Say how long the file is.", 411)(scope, receive, send)
            return
        num_bytes = int(length)
        if num_bytes > self._max_file_bytes + MAX_FORM_BYTES:
            await PlainTextResponse("The file is too large.", 413)(scope, receive, send)
            return
        if refusal := self._budget.reserve(session, num_bytes):
            await PlainTextResponse(refusal, 413)(scope, receive, send)
            return
        try:
            await self._app(scope, _paced(receive, num_bytes), send)
        except (_TooSlowError, ClientDisconnect):
            # Nobody waits for an answer any more, or nobody has deserved one.
            answer = PlainTextResponse("The upload did not arrive.", 408, {"connection": "close"})
            await answer(scope, receive, send)
        finally:
            self._budget.release(session, num_bytes)


def _paced(receive: Receive, num_bytes: int) -> Receive:
    """What comes in, as long as it keeps coming, and no more of it than was said."""
    end = time.monotonic() + IDLE_S + num_bytes / SLOWEST_BYTES_PER_S
    had = 0

    async def receiving() -> Message:
        nonlocal had
        try:
            left = min(IDLE_S, end - time.monotonic())
            message = await asyncio.wait_for(receive(), max(left, 0.0))
        except TimeoutError as error:
            raise _TooSlowError from error
        had += len(message.get("body", b""))
        if had > num_bytes:
            raise _TooSlowError
        return message

    return receiving


def _as_own(scope: Scope, host: str | None) -> Scope:
    """The same request, from a page of this server.

    The origin has been checked. Streamlit would check one that it does not know again, and for that
    ask the network what this machine's address is outside.
    """
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    headers = [
        (name, f"{scheme}://{host}".encode() if name.lower() == b"origin" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}
