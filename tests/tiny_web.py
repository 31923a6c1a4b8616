"""A dataset that is downloaded from a server of this machine, which can misbehave."""

import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

from lib.core.datasets import DatasetSpec

# The address of the archive, and its checksum where it is not the true one.
URL_VARIABLE, SHA_VARIABLE = "TINY_WEB_URL", "TINY_WEB_SHA256"
NUM_IMAGES = 24
SPEC = DatasetSpec(
    id="tiny_web",
    title="Tiny",
    version="1.0.0",
    num_images=NUM_IMAGES,
    class_names=("noise", "night"),
    licence="None",
    attribution="Made by a test.",
    source="tfds-catalog",
    about="Images of a test.",
    citation="A test, 2026.",
    address="https://example.org/",
    kind="spectrogram",
    kind_reason="Noise is no picture of anything.",
    download_mb=1,
    host=os.environ.get(URL_VARIABLE, "http://127.0.0.1/").split("/")[2],
)


def archive() -> bytes:
    """Two classes of twelve images, a megabyte in all."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zip_file:
        for number in range(NUM_IMAGES):
            noise = np.random.default_rng(number).integers(0, 256, (120, 120, 3), dtype=np.uint8)
            png = io.BytesIO()
            Image.fromarray(noise // (1 + 3 * (number % 2))).save(png, "PNG")
            name = f"{SPEC.class_names[number % 2]}/{number:02}.png"
            zip_file.writestr(zipfile.ZipInfo(name), png.getvalue())
    return file.getvalue()


ARCHIVE = archive()
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()


@dataclass
class Behaviour:
    """What the server does.

    Args:
        content: What it has.
        status: What it answers; 200 where all is well.
        ranges: Whether it can begin in the middle.
        breaks: So many times it ends the connection after `piece` bytes.
        stalls: So many times it goes silent after `piece` bytes, until the test ends.
        piece: In bytes.
        pause_s: Between pieces, where it is slow.
        asked: The ranges it was asked for, "" for the whole file.
        paths: Those of the addresses it was asked for.
    """

    content: bytes = ARCHIVE
    status: int = 200
    ranges: bool = True
    breaks: int = 0
    stalls: int = 0
    piece: int = 200_000
    pause_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def server() -> Iterator[tuple[str, Behaviour]]:
    """Address of the archive, and what its server does."""
    behaviour, the_end = Behaviour(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            behaviour.asked.append(wanted)
            behaviour.paths.append(self.path)
            start = int(wanted[6:].rstrip("-")) if wanted and behaviour.ranges else 0
            size = len(behaviour.content)
            if start >= size:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = behaviour.content[start:]
            self.send_response(206 if start else behaviour.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if behaviour.status != 200:
                return
            for begin in range(0, len(body), behaviour.piece):
                self.wfile.write(body[begin : begin + behaviour.piece])
                if behaviour.breaks:
                    behaviour.breaks -= 1
                    self.connection.close()
                    return
                if behaviour.stalls:
                    behaviour.stalls -= 1
                    the_end.wait()
                    return
                if the_end.wait(behaviour.pause_s):
                    return

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # whoever was cancelled has hung up

    with Server(("127.0.0.1", 0), Handler) as http:
        # How often the server looks whether the test has ended; usually every half second.
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/tiny.zip", behaviour
        the_end.set()
        http.shutdown()
