"""Where phones find the page on which a room votes."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PAGE = "vote"
PORT = 8501
# An address of a private network that no packet is ever sent to: only the way there is looked up.
SOMEWHERE = ("10.255.255.255", 1)


@dataclass(frozen=True)
class Address:
    """Where phones find the page, or would.

    Args:
        url: Of the page; "" where this machine has no address in a network.
        is_open: True if the server can be reached from other machines.
    """

    url: str
    is_open: bool

    @property
    def to_type(self) -> str:
        """What somebody types: a browser adds "http://" itself.

        Example:

        >>> Address("http://192.168.1.7:8501/vote", True).to_type
        '192.168.1.7:8501/vote'
        """
        return self.url.removeprefix("http://")

    def with_code(self, code: str) -> str:
        """The link that a QR code holds.

        Example:

        >>> Address("http://192.168.1.7:8501/vote", True).with_code("KTMW")
        'http://192.168.1.7:8501/vote?room=KTMW'
        """
        return f"{self.url}?room={code}"


def find(seen: str, page: str, listens_on: str, named: str, own: str) -> Address:
    """Find the address for phones.

    Args:
        seen: The address of the host's page in their browser.
        page: Path of that page without slashes; "" for the home page.
        listens_on: Address on which the server listens; "" for all of this machine.
        named: The name that somebody gave the server in its settings; "" for none.
        own: Address of this machine in its network; "" for none.

    Example:

    >>> find("http://localhost:8501/data", "data", "0.0.0.0", "", "192.168.1.7").url
    'http://192.168.1.7:8501/vote'
    """
    parts = urlsplit(seen or f"http://localhost:{PORT}/")
    path = parts.path.rstrip("/")
    if page:
        path = path.removesuffix(f"/{page}")
    is_open = True
    host, port = parts.hostname or LOOPBACK[0], f":{parts.port}" if parts.port else ""
    if host in LOOPBACK:
        # What stands in the host's browser leads a phone to itself.
        is_open = listens_on not in LOOPBACK
        name = urlsplit(f"//{named}").hostname or own
        host = own if name in LOOPBACK else name
        if not host:
            return Address("", False)
    if ":" in host:
        host = f"[{host}]"
    return Address(urlunsplit((parts.scheme, host + port, f"{path}/{PAGE}", "", "")), is_open)


def of_this_machine() -> str:
    """The address of this machine in the network that it would ask others through.

    Nothing is sent. "" where it is in no network.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
            found = str(probe.getsockname()[0])
        except OSError:
            return ""
    return "" if found.startswith(("127.", "0.")) else found
