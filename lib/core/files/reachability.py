"""Checks within seconds whether hosts can be reached, even if they never answer."""

import socket
import threading
import time
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

Address = tuple[str, int]

# A firewall that drops packets would otherwise hang for minutes.
PREFLIGHT_S = 4.0


def address(url: str) -> Address:
    """Return host and port of a URL.

    Example:

    >>> address("https://www.cs.toronto.edu/~kriz/cifar.html")
    ('www.cs.toronto.edu', 443)
    """
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def reachable(addresses: Iterable[Address]) -> set[Address]:
    """Return the addresses that accept a connection, within PREFLIGHT_S.

    Nothing is sent. Behind a proxy, only the connection to the proxy is checked.

    Args:
        addresses: Pairs (host, port).
    """
    wanted = set(addresses)
    proxies = urllib.request.getproxies()
    proxy = proxies.get("https") or proxies.get("http")
    asked = {address(proxy)} if proxy else wanted
    answered: set[Address] = set()

    def connect(each: Address) -> None:
        with suppress(OSError), socket.create_connection(each, PREFLIGHT_S):
            answered.add(each)

    # In threads, because the timeout does not apply to a name server that does not answer.
    attempts = [threading.Thread(target=connect, args=(each,), daemon=True) for each in asked]
    for attempt in attempts:
        attempt.start()
    end = time.monotonic() + PREFLIGHT_S
    for attempt in attempts:
        attempt.join(max(0.0, end - time.monotonic()))
    if proxy:
        return wanted if answered else set()
    return wanted & answered
