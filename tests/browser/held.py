"""A connection that holds what the server says, as a slow one does."""

import re

from playwright.sync_api import Page, WebSocketRoute

QUIET_MS = 1_000


class HeldConnection:
    """The connection of a page that is not open yet."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._browser: WebSocketRoute | None = None
        self._held: list[str | bytes] | None = None  # None while nothing is held
        page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, browser: WebSocketRoute) -> None:
        self._browser, server = browser, browser.connect_to_server()
        browser.on_message(server.send)
        server.on_message(self._say)

    def _say(self, said: str | bytes) -> None:
        if self._held is not None:
            self._held.append(said)
        elif self._browser:
            self._browser.send(said)

    def hold(self) -> None:
        """Let nothing of the server arrive from now on."""
        self._held = []

    def wait_for_answer(self) -> None:
        """Wait for more of the server's messages, until a second has passed without one."""
        assert self._held is not None
        before, now = len(self._held), -1
        while now != len(self._held) or now == before:
            now = len(self._held)
            self._page.wait_for_timeout(QUIET_MS)

    def release(self) -> None:
        """Let all of it arrive, and what comes later."""
        held, self._held = self._held or [], None
        for said in held:
            self._say(said)
