"""Measures what reading metadata and profiles adds to the decoding of photographs.

python -m lib.tools.measure_decoding [--images N]

Decodes the same N photographs of one megapixel without a profile, with that of sRGB and with that
of Display P3, each as a run does and with Pillow alone, in turns. Prints the seconds of each and
their ratio.
"""

import argparse
import io
import os
import struct
import time
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms, ImageOps

from lib.tools import measure_own_images
from lib.training.images import decode

IMAGE_SIZE = 160
ROUNDS = 3
# Red, green and blue of Display P3 in CIE XYZ, adapted to the white D50 of ICC profiles.
P3 = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
# gamma, a, b, c and d of the curve of sRGB and Display P3 (ICC.1, parametric curve type 3).
CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def display_p3() -> bytes:
    """The ICC profile of a Display P3 photograph, as small as one can be."""
    curve = b"para" + struct.pack(">4xHxx", 3) + _fixed(*CURVE)
    tags = {f"{name}TRC": curve for name in "rgb"}
    tags |= {f"{n}XYZ": b"XYZ \0\0\0\0" + _fixed(*xyz) for n, xyz in zip("rgb", P3, strict=True)}
    return profile("RGB ", "XYZ ", tags)


def profile(colours: str, connection: str, tags: dict[str, bytes], device: str = "mntr") -> bytes:
    """An ICC profile.

    Args:
        colours: Signature of the colours of the image, four letters.
        connection: Signature of the colours they are converted to first.
        tags: Signature of each -> its bytes.
        device: Signature of what shows the colours: a monitor, or a printer, "prtr".
    """
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name.encode() + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    signatures = f"{device}{colours}{connection}".encode()
    header = struct.pack(">I4xI", start + len(body), 0x02400000) + signatures
    header = header.ljust(36, b"\0") + b"acsp" + bytes(28)
    return (header + _fixed(0.9642, 1.0, 0.8249)).ljust(128, b"\0") + table + body


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65_536) for value in values))


def with_pillow(data: bytes) -> object:
    """What Pillow does alone: without a limit, without profiles."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft(None, (2 * IMAGE_SIZE, 2 * IMAGE_SIZE))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        return np.asarray(upright.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BILINEAR))


def _seconds(decoded: Callable[[bytes], object], files: list[bytes]) -> float:
    began = time.perf_counter()
    for data in files:
        decoded(data)
    return time.perf_counter() - began


def main() -> None:
    """Make the photographs, decode them and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=240, help="default: %(default)s")
    args = parser.parse_args()
    photographs = [measure_own_images.photograph(number) for number in range(args.images)]
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, icc in (("no profile", b""), ("sRGB", srgb), ("Display P3", display_p3())):
        mark = b"ICC_PROFILE\0\1\1" + icc
        segment = b"\xff\xe2" + struct.pack(">H", 2 + len(mark)) + mark if icc else b""
        files = [data[:2] + segment + data[2:] for data in photographs]
        both: tuple[Callable[[bytes], object], ...] = (
            with_pillow,
            lambda data: decode.decode(data, IMAGE_SIZE),
        )
        rounds = [[_seconds(decoded, files) for decoded in both] for _ in range(ROUNDS)]
        pillow, ours = np.min(rounds, axis=0)
        print(f"{name:10}  {pillow:.2f} s with Pillow alone, {ours:.2f} s as a run does: "
              f"{ours / pillow:.2f} times")  # fmt: skip
    print(f"{args.images} photographs, best of {ROUNDS}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
