"""Where phones find the page on which a room votes."""

import socket

import pytest

from lib.core.voting import address
from lib.core.voting.address import Address

OWN = "192.168.1.7"


@pytest.mark.parametrize(
    ("seen", "page", "listens_on", "named", "found"),
    [
        # On loopback only: what phones would find.
        ("http://localhost:8501/data", "data", "127.0.0.1", "", ("http://192.168.1.7:8501", False)),
        ("", "", "127.0.0.1", "localhost", ("http://192.168.1.7:8501", False)),
        # In the network, opened by its host under a name that means this machine.
        ("http://localhost:8501/", "", "0.0.0.0", "", ("http://192.168.1.7:8501", True)),
        ("http://127.0.0.1:80/a", "a", "", "thaw.lan", ("http://thaw.lan:80", True)),
        # As its host has it: an address of the network, a name, or that of a proxy with a path.
        ("http://10.0.0.3:8501/data", "data", "0.0.0.0", "", ("http://10.0.0.3:8501", True)),
        (
            "https://thaw.example.org/course/data",
            "data",
            "127.0.0.1",
            "",
            ("https://thaw.example.org/course", True),
        ),
        ("http://[fd00::7]:8501/", "", "::", "", ("http://[fd00::7]:8501", True)),
    ],
)
def test_phones_are_sent_to_where_they_find_the_server(
    seen: str, page: str, listens_on: str, named: str, found: tuple[str, bool]
) -> None:
    url, is_open = found
    assert address.find(seen, page, listens_on, named, OWN) == Address(f"{url}/vote", is_open)


def test_a_machine_in_no_network_has_no_address_for_phones() -> None:
    assert address.find("http://localhost:8501/", "", "0.0.0.0", "", "") == Address("", False)


def test_the_address_of_this_machine_is_no_address_of_its_own_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not address.of_this_machine().startswith("127.")

    def unreachable(*_: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    assert address.of_this_machine() == ""
