"""Faults of the machine while a server runs: a full disk, a home that is read-only, a kill."""

import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lib.server import gate
from lib.tools.attack import names
from lib.tools.attack import target as targets
from lib.tools.attack.registry import NotPossibleError, attack, hold
from lib.tools.attack.target import Target
from lib.tools.attack.visitor import Visitor, new_reader, upload_headers
from lib.ui import state

MB = 1_000_000
SMALL_DISK_MB = 40
# The words of the sentences with which a page says that it could not store something.
CANNOT = ("could not be stored", "free", "Make room", "cannot be stored", "could not be made")


@attack()
def a_full_disk_under_a_live_server(_: Target) -> str:
    """The disk of the home and of temporary files fills up while the server runs."""
    with _on_small_disk() as (server, disk):
        with Visitor(server, "learning_curves", reader=new_reader()).open() as page:
            _fill(server, disk)
            page.upload(state.IMPORT_RUN, [("run.zip", _run_file())])
            hold(any(words in page.text() for words in CANNOT), "The page does not say it.")
            # It is taken where there is another place for temporary files, and refused elsewhere.
            status = page.put(bytes(30 * MB)).status
        _open_all(server)
        _nsenter(server, "rm", "-f", str(disk / "full"))
        with Visitor(server, "learning_curves", reader=new_reader()).open() as page:
            page.upload(state.IMPORT_RUN, [("run.zip", _run_file())])
            hold("could not be stored" not in page.text(), "With room again it is not stored.")
    return f"a sentence; the pages open; an upload was answered by {status}"


@attack()
def a_home_that_cannot_be_written(_: Target) -> str:
    """The home becomes read-only while the server runs."""
    with _on_small_disk() as (server, disk):
        with Visitor(server, "learning_curves", reader=new_reader()).open() as page:
            _nsenter(server, "mount", "-o", "remount,ro", str(disk))
            page.upload(state.IMPORT_RUN, [("run.zip", _run_file())])
            hold(any(words in page.text() for words in CANNOT), "The page does not say it.")
        _open_all(server)
    return "a sentence; the pages open"


@attack()
def a_kill_in_the_middle_of_an_upload(_: Target) -> str:
    """The server is killed while it reads an upload, and started again on the same home."""
    with tempfile.TemporaryDirectory(prefix="thaw-attack-") as name:
        folder = Path(name)
        scratch = {"TMPDIR": str(folder)}
        with targets.running(folder, settings=scratch) as server:
            page = Visitor(server, "data", reader=new_reader()).open()
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                lines = [f"PUT {gate.UPLOADS}{page.session}/{uuid.uuid4()} HTTP/1.1"]
                lines += [f"Host: 127.0.0.1:{server.port}", f"Content-Length: {100 * MB}"]
                lines += [f"{name}: {value}" for name, value in upload_headers().items()]
                connection.sendall("\r\n".join([*lines, "", ""]).encode() + bytes(50 * MB))
                server.process.send_signal(signal.SIGKILL)
                server.process.wait(60)
        left = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"]
        large = [path.name for path in left if path.stat().st_size > MB]
        hold(not large, f"It left {', '.join(large)}.")
        with targets.running(folder, settings=scratch) as server:
            _open_all(server)
    return "nothing of the upload was left, and the pages open"


def _open_all(server: Target) -> None:
    """The pages that read and write the home."""
    for name in ("", "data", "training_lab", "learning_curves"):
        with Visitor(server, name).open():
            pass
    hold("Traceback" not in server.logged(), f"A traceback: {server.logged()[-1500:]}")


def _run_file() -> bytes:
    """An exported run with its model, small."""
    run = names.recorded(("animal", "food"))
    config = replace(run.config, seed=78)
    return names.run_file(run, config, {"name": "", "note": ""})


def _fill(server: Target, disk: Path) -> None:
    """Take all that is left of the small disk."""
    _nsenter(server, "sh", "-c", f"cat /dev/zero > {disk / 'full'} 2>/dev/null; true")


@contextmanager
def _on_small_disk() -> Iterator[tuple[Target, Path]]:
    """A server whose home and temporary files are on a disk of their own, which only it sees."""
    needed = ("unshare", "nsenter", "mount")
    if not all(map(shutil.which, needed)):
        raise NotPossibleError("needs unshare, nsenter and mount, which Linux has")
    with tempfile.TemporaryDirectory(prefix="thaw-attack-") as name:
        disk = Path(name) / "disk"
        disk.mkdir()
        enter = ("unshare", "--map-root-user", "--mount", "sh", "-c")
        mount = f'mount -t tmpfs -o size={SMALL_DISK_MB}m none "{disk}" && mkdir "{disk}/tmp" && '
        if subprocess.run([*enter, f"{mount} true"], capture_output=True, check=False).returncode:
            raise NotPossibleError("this account may not mount a disk of its own")
        settings = {"THAW_HOME": str(disk / "home"), "TMPDIR": str(disk / "tmp")}
        settings |= {"THAW_LIMITS": "laptop, free_mb=1"}
        prefix = (*enter, f'{mount} exec "$@"', "sh")
        with targets.running(Path(name) / "server", settings=settings, prefix=prefix) as server:
            yield server, disk


def _nsenter(server: Target, *command: str) -> None:
    """Run a command where the server sees its disk."""
    ids = ("--target", str(server.process.pid), "--mount", "--user", "--preserve-credentials")
    subprocess.run(["nsenter", *ids, *command], check=True, capture_output=True)
