"""Who is asked by a server: every name that it looks up and every address that it connects to."""

import os
from pathlib import Path

FILE = "asked.txt"

# For sitecustomize.py, which every Python process of the server reads when it starts.
WATCH = f"""
import ipaddress
import os
import sys

_ASKED = os.path.join(os.path.dirname(os.path.abspath(__file__)), {FILE!r})


def _is_here(host):
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name in ("", "localhost", "<broadcast>") or name == os.uname().nodename:
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback or name == "0.0.0.0"
    except ValueError:
        return False


def _watch(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not _is_here(host):
        with open(_ASKED, "a") as file:
            file.write(str(host) + chr(10))


sys.addaudithook(_watch)
"""


def settings(folder: Path) -> dict[str, str]:
    """Environment variables for a server that is watched.

    Args:
        folder: Where `asked` reads afterwards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(WATCH, "utf-8")
    paths = filter(None, (str(folder), os.environ.get("PYTHONPATH")))
    return {"PYTHONPATH": os.pathsep.join(paths)}


def asked(folder: Path) -> list[str]:
    """The hosts outside this machine that were asked so far."""
    path = folder / FILE
    return sorted(set(path.read_text("utf-8").split())) if path.exists() else []
