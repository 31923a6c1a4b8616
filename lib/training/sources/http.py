"""Downloads a file over HTTP in pieces, with resume, retries and a stall timeout."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.exceptions import RequestException

from lib.core.errors import DataError
from lib.core.files import outside_text

CONNECT_S = 5.0
# After this time without a byte, the connection is opened again.
STALL_S = 20.0
# Attempts in a row without progress; the pause doubles each time.
MAX_ATTEMPTS = 4
PAUSE_S = 1.0
CHUNK_BYTES = 1 << 16

# Called with bytes so far and total bytes, 0 if the server does not report them.
Report = Callable[[int, int], None]


class CancelledError(DataError):
    """The download was cancelled."""


def fetch(
    url: str, path: Path, *, report: Report, cancelled: Callable[[], bool], verify: bool = True
) -> requests.Response:
    """Download a file, or its missing rest.

    Downloaded bytes are kept after every kind of failure, for the next attempt.

    Args:
        url: URL of the file.
        path: Target file; existing content is the beginning of the file.
        report: Called for every piece.
        cancelled: Called for every piece; the download stops once it returns True.
        verify: Whether to verify the TLS certificate of the server.

    Returns:
        The last response, for its headers.

    Raises:
        DataError: If the server refuses, or the file remains incomplete.
        OSError: If it cannot be written.
    """
    attempts = 0
    while True:
        before = _size(path)
        try:
            return _attempt(url, path, report, cancelled, verify)
        except RequestException as error:
            reason = _reason(error)
        attempts = attempts + 1 if _size(path) <= before else 1
        if attempts >= MAX_ATTEMPTS:
            raise DataError(
                f"The download from {urlsplit(url).hostname} broke off after "
                f"{_size(path) / 1e6:,.1f} MB: {reason}.",
                "Start it again: it resumes where it stopped.",
            )
        _pause(PAUSE_S * 2 ** (attempts - 1), cancelled)


def _attempt(
    url: str, path: Path, report: Report, cancelled: Callable[[], bool], verify: bool
) -> requests.Response:
    have = _size(path)
    headers = {"Accept-Encoding": "identity"}  # so that Content-Length is the size of the file
    if have:
        headers["Range"] = f"bytes={have}-"
    with (
        requests.Session() as session,
        session.get(
            url, headers=headers, stream=True, timeout=(CONNECT_S, STALL_S), verify=verify
        ) as response,
    ):
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            # The file is complete, or the local content does not belong to it.
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return response
            path.unlink()
            raise RequestException("the file has changed")
        if response.status_code >= 500:
            raise RequestException(f"it answered {response.status_code}")
        if response.status_code >= 400:
            raise DataError(
                f"{urlsplit(url).hostname} refuses the file: it answered "
                f"{response.status_code} {response.reason}.",
                "It may have moved; choose another dataset.",
            )
        resumed = response.status_code == requests.codes.partial_content
        have = have if resumed else 0
        length = int(response.headers.get("Content-Length") or 0)
        total = have + length if length else 0
        with path.open("ab" if resumed else "wb") as file:
            for piece in response.iter_content(CHUNK_BYTES):
                if cancelled():
                    raise CancelledError("The download was cancelled.")
                file.write(piece)
                have += len(piece)
                report(have, total)
        if total and have < total:
            raise RequestException(f"it ended after {have:,} of {total:,} bytes")
        return response


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _reason(error: RequestException) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return f"nothing came for {STALL_S:g} s"
    if isinstance(error, requests.exceptions.ConnectionError) and "Read timed out" in str(error):
        return f"nothing came for {STALL_S:g} s"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "the connection was lost"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was lost"
    return outside_text.first_line(error)


def _pause(seconds: float, cancelled: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cancelled():
            raise CancelledError("The download was cancelled.")
        time.sleep(0.1)
