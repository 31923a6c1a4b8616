"""A server of one's own for the browser tests, and what they ask of its processes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

PROJECT = Path(__file__).resolve().parents[2]
# When a test gives up waiting for what will never be; a busy machine is no failure.
PATIENCE_S = 120.0

# Read by every Python process of the server: names of other machines are not known, so that a
# test means the same on a machine with a network and without.
NO_NETWORK = """
import socket

_ask = socket.getaddrinfo


def _only_this_machine(host, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    if name and name not in ("localhost", socket.gethostname()) and not _is_number(name):
        raise socket.gaierror(socket.EAI_NONAME, "No network in the browser tests")
    return _ask(host, *args, **kwargs)


def _is_number(name):
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        return True
    return False


socket.getaddrinfo = _only_this_machine
"""


@dataclass(frozen=True)
class Server:
    """A running app.

    Args:
        url: Of its home page, without a slash at the end.
        process: The web process.
        log: Everything the web process, the engine and the workers wrote.
    """

    url: str
    process: psutil.Process
    log: Path

    @property
    def engine(self) -> psutil.Process | None:
        """The engine; None where none has been started."""
        children = [child for child in self.process.children() if _is_engine(child)]
        assert len(children) <= 1, f"More than one engine: {children}"
        return children[0] if children else None


def _is_engine(process: psutil.Process) -> bool:
    try:
        return "lib.jobs.engine" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def is_alive(process: psutil.Process) -> bool:
    """False for one that has ended, also where nobody has asked how."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition that no browser can see."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"Not within {PATIENCE_S:g} s: {what}"
        time.sleep(0.02)


@contextmanager
def running_app(folder: Path, code: str = "", **settings: str) -> Iterator[Server]:
    """Start the app on a free port; afterwards nothing of it may be left.

    Args:
        folder: For THAW_HOME, Keras's home and the log; used again, it is the same reader's.
        code: Run in every Python process of the server when it starts.
        settings: Further environment variables.
    """
    (folder / "sitecustomize.py").write_text(NO_NETWORK + code, "utf-8")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("THAW_")
    }
    environment |= {
        "THAW_HOME": str(folder / "home"),
        "KERAS_HOME": str(folder / "keras"),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])),
        **settings,
    }
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    log = folder / "server.log"
    with log.open("ab") as file:
        server = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _is_healthy(url, server), f"{url} answers, see {log}")
        yield Server(url, psutil.Process(server.pid), log)
    finally:
        end(server)


def end(server: subprocess.Popen[bytes]) -> None:
    """End the web process as a terminal that is closed does; engine and workers must follow."""
    if server.poll() is not None:
        return
    others = psutil.Process(server.pid).children(recursive=True)
    server.terminate()
    try:
        server.wait(PATIENCE_S)
    finally:
        server.kill()  # does nothing to one that has ended
    _, left = psutil.wait_procs(others, PATIENCE_S)
    for process in left:
        process.kill()
    assert not left, f"The app left processes behind: {left}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_healthy(url: str, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None, "The server ended while it started."
    try:
        with urlopen(f"{url}/_stcore/health", timeout=1) as answer:
            return bool(answer.read() == b"ok")
    except (URLError, OSError):
        return False
