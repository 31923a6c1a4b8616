"""The server that is attacked: started as the README says, with a THAW_HOME of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[3]
# Longer than anything takes on a busy machine.
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Answer:
    """What the server says to an HTTP request: headers with their names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Target:
    """A running server.

    Args:
        port: On 127.0.0.1.
        home: Its THAW_HOME.
        log: Everything that the server, its engine and its workers wrote.
        process: The web process.
    """

    port: int
    home: Path
    log: Path
    process: psutil.Process

    @property
    def origin(self) -> str:
        """What a browser on its pages sends as Origin."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Answer:
        """Send one HTTP request over a connection of its own.

        A server may answer and hang up before it has read the body: its answer counts.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience_s)
        try:
            try:
                connection.request(method, path, body=body, headers=dict(headers or {}))
            except (BrokenPipeError, ConnectionResetError):
                if connection.sock is None:
                    raise
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def is_healthy(self) -> bool:
        """True while the server answers."""
        try:
            return self.ask("GET", "/_stcore/health", patience_s=30).body == b"ok"
        except OSError:
            return False

    def memory_mb(self) -> float:
        """Memory of the web process that is its own, in MB."""
        return self.process.memory_info().rss / 1e6

    def logged(self) -> str:
        """What the server wrote so far."""
        return self.log.read_text("utf-8", "replace")


def until(condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something is true.

    Raises:
        TimeoutError: If it does not become true.
    """
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"Not within {patience_s:g} s: {what}")
        time.sleep(0.05)


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    settings: Mapping[str, str] | None = None,
    prefix: tuple[str, ...] = (),
) -> Iterator[Target]:
    """Start a server on a free port; afterwards nothing of it is left.

    Args:
        folder: For its THAW_HOME ("home") and its log; two servers of one folder share a home.
        arguments: Further ones for `streamlit run app.py`.
        settings: Further environment variables.
        prefix: A command that the server is started by, such as one that takes the network away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("THAW_")
    }
    environment |= {"THAW_HOME": str(folder / "home"), "TF_CPP_MIN_LOG_LEVEL": "2"}
    environment |= settings or {}
    port = _free_port()
    command = [*prefix, sys.executable, "-m", "streamlit", "run", "app.py"]
    command += ["--server.port", str(port), "--server.headless", "true"]
    command += arguments
    log = folder / f"server-{port}.log"
    with log.open("ab") as file:
        server = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    target = Target(port, folder / "home", log, psutil.Process(server.pid))
    try:
        until(lambda: server.poll() is not None or _listens(port), f"the server starts, see {log}")
        if server.poll() is not None:
            raise OSError(f"The server ended at once: {target.logged()[-2000:]}")
        yield target
    finally:
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the web process; its engine and its workers follow, or are ended."""
    others = []
    if server.poll() is None:
        others = psutil.Process(server.pid).children(recursive=True)
        server.send_signal(signal.SIGTERM)
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    for process in psutil.wait_procs(others, 30)[1]:
        process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().read() == b"ok"
    except OSError:
        return False
