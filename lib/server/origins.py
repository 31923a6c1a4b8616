"""Which names this server answers to, and the pages of which addresses may talk to it.

Streamlit takes a websocket from every page of this machine, whatever its port, and asks an address
outside for its own external address before it refuses another one. Here both is decided before
Streamlit sees the request, from the request and the settings alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Origins:
    """What the settings allow.

    Args:
        hosts: Host names that the server answers to; empty: to any.
        origins: Origins beside the server's own ("https://thaw.example.org").
    """

    hosts: frozenset[str]
    origins: frozenset[str]

    def knows_host(self, host: str | None) -> bool:
        """True if a request with this Host is meant for this server.

        A page of somebody else can have its own name point to this machine. The browser then takes
        this server for that page's; only the name tells. A program that is not a browser, such as
        one that looks whether the server is healthy, may send none.
        """
        if host is None:
            return True
        name = _host_name(host)
        return bool(name) and (not self.hosts or any(_fits(name, each) for each in self.hosts))

    def knows_origin(self, origin: str | None, host: str | None) -> bool:
        """True if a page of this origin may open a websocket: with port, it has to be our own.

        Programs that are not browsers send none.
        """
        if origin is None:
            return True
        try:
            own = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        return bool(own) and (own == (host or "").lower() or origin.lower() in self.origins)


def from_settings(
    address: str | None, hosts: Iterable[str], server_address: str | None, origins: Iterable[str]
) -> Origins:
    """What Streamlit's settings allow.

    Args:
        address: `server.address`, where the server listens.
        hosts: `server.allowedHosts`.
        server_address: `browser.serverAddress`, if somebody set it.
        origins: `server.corsAllowedOrigins`.

    Example:

    >>> own = from_settings("127.0.0.1", [], None, [])
    >>> own.knows_host("localhost:8501"), own.knows_host("evil.example:8501")
    (True, False)
    """
    named = {each.strip().lower().rstrip(".") for each in hosts}
    more = {each.strip().lower().rstrip("/") for each in origins}
    if server_address:
        named.add(_host_name(urlsplit(server_address).netloc or server_address))
        more |= {
            f"{scheme}://{urlsplit(server_address).netloc or server_address}".lower()
            for scheme in ("http", "https")
        }
    if (address or "").lower() in LOOPBACK:
        named |= {*LOOPBACK, *(urlsplit(each).hostname or "" for each in more)}
    elif not hosts:
        named = set()
    return Origins(frozenset(named - {""}), frozenset(more))


def _host_name(host: str | None) -> str:
    try:
        return (urlsplit(f"//{host or ''}").hostname or "").lower().rstrip(".")
    except ValueError:
        return ""


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)
