"""How many bytes may be uploaded: a budget for each session, and one for all.

Streamlit keeps an uploaded file in the memory of the web process, and takes one from every session
that is connected, whether or not its page has an uploader. So it is counted here what is kept and
what is on its way, before the body of an upload is read.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, MutableMapping
from typing import Protocol

from lib.core.limits import MB

# A reader who loses the connection for so long finds what they had uploaded; Streamlit would keep
# it for 120 s, and then to the next time that anybody leaves.
GRACE_S = 90.0
SWEEP_S = 10.0


class _File(Protocol):
    @property
    def data(self) -> bytes: ...


class UploadedFiles(Protocol):
    """What is asked of Streamlit's store of uploaded files."""

    file_storage: MutableMapping[str, dict[str, _File]]

    def remove_session_files(self, session_id: str) -> None:
        """Drop all files of a session."""


class Sessions(Protocol):
    """What is asked of Streamlit's runtime."""

    def is_active_session(self, session_id: str) -> bool:
        """True while somebody is connected."""

    def close_session(self, session_id: str) -> None:
        """End a session, with everything that it holds."""


class Budget:
    """Bytes of uploaded files that may be in memory.

    Args:
        session_bytes: For one session.
        all_bytes: For all sessions together.
        files: Returns Streamlit's store of uploaded files.
    """

    def __init__(
        self, session_bytes: int, all_bytes: int, files: Callable[[], UploadedFiles]
    ) -> None:
        self.session_bytes, self.all_bytes = session_bytes, all_bytes
        self._files = files
        self._coming: Counter[str] = Counter()

    def reserve(self, session: str, num_bytes: int) -> str:
        """Set bytes aside for an upload that is about to be read.

        Returns:
            "" where there is room; otherwise why there is none, as a sentence with a next step.
        """
        kept = {
            id_: sum(len(file.data) for file in list(files.values()))
            for id_, files in list(self._files().file_storage.items())
        }
        own = kept.get(session, 0) + self._coming[session]
        if own + num_bytes > self.session_bytes:
            return (
                f"This tab may hold {self.session_bytes // MB} MB of uploaded files. "
                "Remove one, or open the page again."
            )
        if sum(kept.values()) + self._coming.total() + num_bytes > self.all_bytes:
            return "Too many files are being uploaded. Try again in a few minutes."
        self._coming[session] += num_bytes
        return ""

    def release(self, session: str, num_bytes: int) -> None:
        """Give back what was set aside: the upload has been taken in, or has ended."""
        self._coming[session] -= num_bytes
        if not self._coming[session]:
            del self._coming[session]


class Sweeper:
    """Drops the files of sessions that have ended.

    Args:
        sessions: Streamlit's runtime.
        files: Its store of uploaded files.
        clock: Seconds.
    """

    def __init__(
        self, sessions: Sessions, files: UploadedFiles, clock: Callable[[], float]
    ) -> None:
        self._sessions, self._files, self._clock = sessions, files, clock
        self._gone_since: dict[str, float] = {}

    def sweep(self) -> None:
        """Look once; on Streamlit's event loop."""
        now = self._clock()
        held = list(self._files.file_storage)
        gone = [each for each in held if not self._sessions.is_active_session(each)]
        self._gone_since = {each: self._gone_since.get(each, now) for each in gone}
        for session, since in self._gone_since.items():
            if now - since >= GRACE_S:
                # With its session state, which may hold the same bytes; and for a session that
                # Streamlit has already forgotten, the files alone.
                self._sessions.close_session(session)
                self._files.remove_session_files(session)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()
