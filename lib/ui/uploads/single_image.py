"""The reader's own image: from a file or the camera to bytes, which only a worker decodes."""

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from lib.core.images import formats

MAX_MEGABYTES = 10
PRIVACY = (
    f"{formats.LISTED}, at most {MAX_MEGABYTES} MB and 40 megapixels. It is looked at once, in "
    "memory, and stored nowhere."
)


def own_image(key: str, *, place: str = "popover") -> bytes | None:
    """Let the reader choose an image of their own.

    Every file is accepted: the worker that decodes it (lib.training.images.single_image) finds out
    what it is. With a list of extensions the browser would refuse some photographs by their names,
    and a worker explains better why a file cannot be used.

    Args:
        key: Prefix of the keys of the widgets, so that two pages can have one each.
        place: "popover" for a button with a panel, which must stay open during the upload;
            "expander" for a panel that the reader may close meanwhile; "open" without a panel, if
            it is the first thing on the page.

    Returns:
        Content of the file; None if there is none, or if the reader has removed it.
    """
    if place == "open":
        file = _widgets(key, "Show it an image of yours", PRIVACY)
    else:
        panel = st.popover if place == "popover" else st.expander
        with panel("Your own image", icon=":material/add_photo_alternate:"):
            file = _widgets(key, "From a file")
            st.caption(PRIVACY)
    return None if file is None else file.getvalue()


def _widgets(key: str, label: str, about: str | None = None) -> Any:
    file = st.file_uploader(label, key=f"{key}_file", max_upload_size=MAX_MEGABYTES, help=about)
    # Drawn only when asked for: the browser asks for permission as soon as it is there.
    if st.toggle("From the camera", key=f"{key}_use_camera"):
        file = st.camera_input("Camera", key=f"{key}_camera") or file
    return file


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """An image that a worker sent back, as a file for the browser.

    Input shape: (height, width, 3), RGB.
    """
    height, width, _ = pixels.shape
    # Every line begins with the number of its filter: 0, none.
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = pixels.reshape(height, 3 * width)

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    # 8 bits per channel, colour type 2: RGB.
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)),
            chunk(b"IEND", b""),
        )
    )
