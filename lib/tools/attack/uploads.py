"""What one client can send in files."""

import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from lib.core import limits
from lib.server import budget, gate
from lib.tools.attack.registry import attack, hold
from lib.tools.attack.target import Target, until
from lib.tools.attack.visitor import Visitor, multipart, upload_headers

MB = 1_000_000
# What one session may have in memory, and as much again while the last file is read.
MAX_GROWTH_MB = limits.LAPTOP.uploads_mb_each + 60


@attack(alone=True)
def uploads_without_an_uploader(target: Target) -> str:
    """One client sends 900 MB to its own session, with no uploader on its page."""
    with Visitor(target).open() as visitor:
        before = target.memory_mb()
        answers = [visitor.put(bytes(150 * MB)).status for _ in range(6)]
        grown = target.memory_mb() - before
    hold(answers.count(204) == 2, f"The answers were {answers}.")
    hold(grown < MAX_GROWTH_MB, f"{grown:.0f} MB more in memory.")
    return f"{answers}, {grown:.0f} MB more in memory"


@attack(alone=True, short=False)
def uploads_of_a_tab_that_left(target: Target) -> str:
    """A client sends 300 MB and leaves; nobody else comes or goes."""
    before = target.memory_mb()
    with Visitor(target).open() as visitor:
        for _ in range(2):
            visitor.put(bytes(150 * MB))
    until(
        lambda: target.memory_mb() - before < 150,
        "what was uploaded is dropped",
        budget.GRACE_S + 60,
    )
    return f"{target.memory_mb() - before:.0f} MB more in memory afterwards"


@attack(alone=True, short=False)
def uploads_of_many_tabs(target: Target) -> str:
    """Eight tabs of one client send 150 MB each, twice, at the same time."""
    visitors = [Visitor(target).open() for _ in range(8)]
    before = target.memory_mb()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda each: each.put(bytes(150 * MB)).status, visitors * 2))
    grown = target.memory_mb() - before
    for visitor in visitors:
        visitor.close()
    most = limits.LAPTOP.uploads_mb * 1.3
    hold(grown < most, f"{grown:.0f} MB more in memory, {answers}.")
    hold(set(answers) == {204, 413}, f"The answers were {answers}.")
    return f"{answers.count(413)} of {len(answers)} refused, {grown:.0f} MB more in memory"


@attack()
def uploads_that_are_not_announced(target: Target) -> str:
    """A file comes without its length, with a false one, and to a session of somebody else."""
    with Visitor(target).open() as visitor:
        path = f"{gate.UPLOADS}{visitor.session}/{uuid.uuid4()}"

        def chunks() -> Iterator[bytes]:
            for _ in range(50):
                yield bytes(MB)

        status = target.ask("PUT", path, chunks(), upload_headers()).status
        hold(status == 411, f"A file without a length was answered by {status}.")
        headers = upload_headers() | {"Content-Length": str(10**15)}
        status = target.ask("PUT", path, b"", headers).status
        hold(status == 413, f"A file of a petabyte was answered by {status}.")
        status = visitor.put(bytes(MB), session=str(uuid.uuid4())).status
        hold(status == 400, f"A file for a session that is not there was answered by {status}.")
    return "411, 413 and 400"


@attack(alone=True, short=False)
def uploads_that_never_end(target: Target) -> str:
    """Files are announced and not sent, and one is cut off in its middle."""
    with Visitor(target).open() as visitor:
        held = []
        for _ in range(2):
            held.append(_begin(target, visitor.session, 200 * MB, 1_000))
        hold(visitor.put(bytes(30 * MB)).status == 413, "What was announced was not counted.")
        _begin(target, visitor.session, 1_000, 500).close()
        until(
            lambda: visitor.put(bytes(30 * MB)).status == 204,
            "what never came is given up",
            gate.IDLE_S + 30,
        )
        for connection in held:
            connection.close()
    hold("Traceback" not in target.logged(), "A traceback is in the log.")
    return f"given up after {gate.IDLE_S:.0f} s"


def _begin(target: Target, session: str, announced: int, sent: int) -> socket.socket:
    """Announce an upload, and send the beginning of it."""
    connection = socket.create_connection(("127.0.0.1", target.port))
    lines = [
        f"PUT {gate.UPLOADS}{session}/{uuid.uuid4()} HTTP/1.1",
        f"Host: 127.0.0.1:{target.port}",
    ]
    lines += [f"{name}: {value}" for name, value in upload_headers().items()]
    lines += [f"Content-Length: {announced}", "", ""]
    connection.sendall("\r\n".join(lines).encode() + multipart("file.zip", bytes(sent))[:sent])
    return connection
