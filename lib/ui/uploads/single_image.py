"""The reader's own image: from a file or the camera to bytes, which only a worker decodes."""

import struct
import zlib

import numpy as np
import numpy.typing as npt
import streamlit as st

from lib.core.images import formats

MAX_MEGABYTES = 10
PRIVACY = (
    f"{formats.LISTED}, at most {MAX_MEGABYTES} MB and 40 megapixels. It is looked at once, in "
    "memory, and stored nowhere."
)


def own_image(key: str, *, popover: bool = True) -> bytes | None:
    """Let the reader choose an image of their own.

    Any file is taken, whatever it is called: what it is is found out where it is decoded, in a
    worker (lib.training.images.single_image). A list of endings would have the browser refuse
    some photographs by their names, and say of others less than a worker can.

    Args:
        key: Begins the keys of the widgets, so that two pages can have one each.
        popover: True for a button, whose panel has to stay open while a file is on its way; False
            for a line of its own, which can be folded up meanwhile.

    Returns:
        The file; None while there is none, and again once it is taken away.
    """
    place = st.popover if popover else st.expander
    with place("Your own image", icon=":material/add_photo_alternate:"):
        file = st.file_uploader("From a file", key=f"{key}_file", max_upload_size=MAX_MEGABYTES)
        # Drawn only when asked for: the browser asks for permission as soon as it is there.
        if st.toggle("From the camera", key=f"{key}_use_camera"):
            file = st.camera_input("Camera", key=f"{key}_camera") or file
        st.caption(PRIVACY)
    return None if file is None else file.getvalue()


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

    # 8 bits a channel, colour type 2: RGB.
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)),
            chunk(b"IEND", b""),
        )
    )
