"""Wrong codes of the last minute, so that nobody finds a room by trying codes in bulk."""

from collections import deque
from collections.abc import Callable

from lib.core.errors import VoteError

WINDOW_S = 60.0
# Wrong codes within the window. A reader mistypes one or two of them. With 30 a minute, all codes
# of four letters (lib/core/voting/rooms.py) take three days.
BY_BROWSER, BY_ADDRESS, BY_ALL = 5, 10, 30


class Tries:
    """Counts wrong codes: by browser, by address and all together.

    Not thread-safe by itself: the rooms hold their lock around it.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # Time, browser and address of each; it never grows beyond BY_ALL.
        self._wrong: deque[tuple[float, str, str]] = deque()

    def check(self, browser: str, address: str) -> None:
        """Refuse a further code, right or wrong: a right one would be an answer as well.

        Args:
            browser: Hash of the key of the reader.
            address: Of the machine that asks; "" where it says nothing, as behind a proxy.

        Raises:
            VoteError: If too many wrong ones came within the last minute.
        """
        while self._wrong and self._clock() - self._wrong[0][0] >= WINDOW_S:
            self._wrong.popleft()
        from_browser = sum(each[1] == browser for each in self._wrong)
        from_address = sum(bool(address) and each[2] == address for each in self._wrong)
        if from_browser >= BY_BROWSER or from_address >= BY_ADDRESS:
            raise VoteError(
                "Too many wrong codes came from here.",
                "Wait a minute, then type the code that is on the projector.",
            )
        if len(self._wrong) >= BY_ALL:
            raise VoteError(
                "Too many wrong codes are being tried on this server.",
                "Wait a minute, then type the code that is on the projector.",
            )

    def count(self, browser: str, address: str) -> None:
        """Count a code as wrong."""
        self._wrong.append((self._clock(), browser, address))
