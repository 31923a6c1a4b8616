"""What a stranger can ask for, from where, and what the server asks the network."""

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from websockets.exceptions import InvalidStatus

from lib.core import datasets
from lib.tools.attack import target as targets
from lib.tools.attack import watched
from lib.tools.attack.registry import attack, hold
from lib.tools.attack.target import Target
from lib.tools.attack.visitor import Visitor

FOREIGN_ORIGINS = (
    "https://evil.example",
    "http://evil.example:{port}",
    "http://127.0.0.1:{other}",
    "http://localhost:{other}",
    "http://[::1]:{other}",
    "null",
    "file://",
    "http://127.0.0.1:{port}.evil.example",
)
HEADERS = {
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
# A refusal takes no longer; asking the network took up to two seconds.
SOON_S = 1.0


@attack()
def websockets_from_foreign_pages(target: Target) -> str:
    """Pages of other hosts and of other ports of this machine open a websocket."""
    began = time.monotonic()
    for pattern in FOREIGN_ORIGINS:
        origin = pattern.format(port=target.port, other=target.port + 1)
        hold(not _opens(target, origin), f"A page of {origin} could open a websocket.")
    seconds = (time.monotonic() - began) / len(FOREIGN_ORIGINS)
    hold(seconds < SOON_S, f"Each refusal took {seconds:.1f} s.")
    hold(_opens(target, target.origin), "The server's own page cannot open a websocket.")
    return f"{len(FOREIGN_ORIGINS)} origins refused, in {seconds * 1000:.0f} ms each"


@attack()
def names_that_point_to_this_machine(target: Target) -> str:
    """A page whose host name was made to point to 127.0.0.1 asks for pages and a websocket."""
    host = f"evil.example:{target.port}"
    status = target.ask("GET", "/", headers={"Host": host}).status
    hold(status == 400, f"A page was answered by {status} under a foreign name.")
    headers = {"Host": host}
    hold(not _opens(target, f"http://{host}", headers), "A websocket was opened.")
    return "refused under a foreign name"


@attack()
def frames_sniffing_and_scripts(target: Target) -> str:
    """A foreign page puts a page in a frame, or has its content taken for something else."""
    for path in ("/", "/data", "/_stcore/health", "/_stcore/host-config", "/no/such/page"):
        headers = target.ask("GET", path).headers
        for name, value in HEADERS.items():
            hold(headers.get(name) == value, f"{path} has {name}: {headers.get(name)}.")
        policy = headers.get("content-security-policy", "")
        hold("frame-ancestors 'self'" in policy, f"{path} has no rule for frames.")
        scripts = policy.partition("script-src ")[2].partition(";")[0]
        hold("'unsafe" not in scripts and "http" not in scripts, f"Scripts: {scripts}.")
    return f"{len(HEADERS) + 1} headers with every answer"


@attack()
def addresses_of_a_megabyte(target: Target) -> str:
    """Addresses and headers of a megabyte, and a link of 60 kB in the protocol."""
    for line in (b"GET /?run=" + b"a" * 1_000_000, b"GET / HTTP/1.1\r\nHost: " + b"a" * 1_000_000):
        with socket.create_connection(("127.0.0.1", target.port), 30) as connection:
            connection.settimeout(30)
            try:
                connection.sendall(line + b" HTTP/1.1\r\n\r\n")
                answer = connection.recv(100)
            except OSError:
                answer = b"hung up"
            hold(b" 200 " not in answer, f"It was answered by {answer!r}.")
    before = target.memory_mb()
    for page in ("training_lab", "learning_curves", "predict", "strategy", "model_summary"):
        names = ("run", "runs", "data", "backbone", "thaw", "hand", "tried", "images")
        query = "&".join(f"{name}={'9,' * 4_000}" for name in names)
        with Visitor(target, page, query) as visitor:
            began = time.monotonic()
            visitor.open()
            seconds = time.monotonic() - began
        hold(seconds < 20, f"{page} took {seconds:.0f} s.")
    return f"{target.memory_mb() - before:.0f} MB more in memory"


@attack()
def messages_that_are_none(target: Target) -> str:
    """Websocket messages of 30 MB, of text, and of random bytes."""
    before = target.memory_mb()
    for message in (bytes(30_000_000), "text", b"\xff" * 1_000, b""):
        with Visitor(target).open() as visitor:
            visitor.socket.send(message)
            visitor.socket.close()
    grown = target.memory_mb() - before
    hold(grown < 150, f"{grown:.0f} MB more in memory.")
    return f"{grown:.0f} MB more in memory"


@attack(alone=True)
def connections_that_say_nothing(target: Target) -> str:
    """1,500 connections are opened, and send half a line each."""
    with _raised_limit(), ExitStack() as stack:
        for _ in range(1_500):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", target.port)))
            connection.sendall(b"GET / HT")
        with Visitor(target, "training_lab").open() as visitor:
            hold(visitor.elements, "No page could be opened meanwhile.")
        files = target.process.num_fds()
    hold("Too many open files" not in target.logged(), "The server ran out of files.")
    return f"a page opened beside them, {files:,} files open"


@attack(alone=True)
def tabs_without_end(target: Target) -> str:
    """One client opens 400 tabs at once."""
    with _raised_limit(), ExitStack() as stack:
        before, opened = target.memory_mb(), 0
        for _ in range(400):
            try:
                stack.enter_context(Visitor(target))
                opened += 1
            except (OSError, InvalidStatus):
                pass
        hold(opened < 400, "All 400 were taken.")
        grown = target.memory_mb() - before
    return f"{opened} were taken, {grown:.0f} MB more in memory"


@attack(short=False)
def what_the_server_asks(_: Target) -> str:
    """The server is watched while it starts for a room and every page is opened."""
    from lib.ui.shell import PAGES

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = ("--server.address", "0.0.0.0")
        settings = watched.settings(folder / "watch")
        with targets.running(folder / "server", *arguments, settings=settings) as server:
            for page in PAGES:
                with Visitor(server, "" if page == "home" else page).open():
                    pass
            for origin in ("https://evil.example", f"http://10.1.2.3:{server.port}"):
                _opens(server, origin)
        asked = set(watched.asked(folder / "watch"))
    # While the catalogue is on screen, it looks whether the hosts of the datasets answer.
    hosts = {spec.host for spec in datasets.DATASETS.values()}
    hold(asked <= hosts, f"It asked {', '.join(sorted(asked - hosts))}.")
    return f"nobody, except {len(asked)} hosts of the catalogue of datasets"


def _opens(target: Target, origin: str, headers: dict[str, str] | None = None) -> bool:
    try:
        with Visitor(target, origin=origin, headers=headers):
            return True
    except InvalidStatus:
        return False


@contextmanager
def _raised_limit() -> Iterator[None]:
    """As many open files as this account may have."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
