"""The metadata of a JPEG or PNG file that matters: its EXIF orientation and its ICC profile.

They are read here, and all metadata is removed before Pillow sees the file. Pillow reads more than
Thaw needs, and refuses the whole file where a part cannot be read: an EXIF value that is not a
number, a text of over a megabyte in a PNG, an ICC profile that is cut off. Pillow's limit on texts
(MAX_TEXT_CHUNK) stays as it is, because it protects against texts that decompress to far more than
memory; here they are not decompressed at all.
"""

import re
import zlib
from typing import Literal

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
START_OF_SCAN, APP0, APP1, APP2, APP14, APP15, COMMENT = 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
# Shorter ones mean nothing to a JPEG decoder.
JFIF_BYTES, ADOBE_BYTES = 14, 12
EXIF_MARK, ICC_MARK = b"Exif\0\0", b"ICC_PROFILE\0"
XMP_MARKS = (b"http://ns.adobe.com/xap/1.0/\0", b"XML:com.adobe.xmp\0")
# ImageMagick keeps the EXIF block of a photograph in a text of a PNG, in hexadecimal digits.
RAW_EXIF_MARK = b"Raw profile type exif\0"
# The largest profiles in use, for print, have 3 MB.
MAX_UNPACKED = 8_000_000
ORIENTATION = 0x0112
# Bytes of a whole number by its type in EXIF.
NUM_BYTES = {1: 1, 3: 2, 4: 4}
IN_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


def split(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Separate the metadata of a file from its pixels.

    Args:
        data: Of any file; what is no JPEG or PNG comes back as it is.

    Returns:
        The file without metadata; and "exif", "xmp" and "icc_profile", as far as it has them.
    """
    if data.startswith(PNG):
        return _split_png(data)
    return _split_jpeg(data) if data.startswith(JPEG) else (data, {})


def _split_png(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    said: dict[str, bytes] = {}
    kept, at = [PNG], len(PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : end - 4]
        if kind == b"eXIf":
            said["exif"] = body
        elif kind == b"iCCP":  # a name, how it is packed, and the profile
            said["icc_profile"] = _unpacked(body.partition(b"\0")[2][1:])
        elif kind == b"iTXt" and body.startswith(XMP_MARKS):
            said["xmp"] = body
        elif kind in (b"tEXt", b"zTXt") and body.startswith(RAW_EXIF_MARK):
            text = body[len(RAW_EXIF_MARK) :]
            said.setdefault("exif", _from_digits(_unpacked(text[1:]) if kind == b"zTXt" else text))
        # A capital letter begins what no decoder may leave out.
        elif kind[:1].isupper() or (kind == b"tRNS" and _is_whole(data[at + 4 : end])):
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, data[at:])), said


def _is_whole(chunk: bytes) -> bool:
    return zlib.crc32(chunk[:-4]) == int.from_bytes(chunk[-4:], "big")


def _unpacked(packed: bytes) -> bytes:
    """Decompress zlib data; b"" where it is damaged or larger than any profile."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed, MAX_UNPACKED)
    except zlib.error:
        return b""
    return unpacked if unpacker.eof else b""


def _from_digits(text: bytes) -> bytes:
    """The EXIF block in a text of ImageMagick: its kind, its length, then its digits."""
    try:
        return bytes.fromhex("".join(text.decode("ascii").split("\n")[3:]))
    except ValueError:
        return b""


def _split_jpeg(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    exif, xmp, profile = b"", b"", dict[int, bytes]()
    kept, at = [JPEG], len(JPEG)
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        kind = data[at + 1]
        if kind == 0xFF:  # may stand before any mark
            at += 1
            continue
        if kind == START_OF_SCAN:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : end]
        if kind == APP1 and body.startswith(EXIF_MARK):
            exif += body[len(EXIF_MARK) :]
        elif kind == APP1 and body.startswith(XMP_MARKS):
            xmp += body
        elif kind == APP2 and body.startswith(ICC_MARK):  # the number of a piece, and of how many
            profile[int.from_bytes(body[12:13], "big")] = body[14:]
        # Only these two say how the pixels are coded.
        least = {APP0: JFIF_BYTES, APP14: ADOBE_BYTES}.get(kind, 0)
        if (least and len(body) >= least) or not (APP0 <= kind <= APP15 or kind == COMMENT):
            kept.append(data[at:end])
        at = end
    pieces = b"".join(profile[number] for number in sorted(profile))
    said = {"exif": exif, "xmp": xmp, "icc_profile": pieces}
    return b"".join((*kept, data[at:])), {name: part for name, part in said.items() if part}


def orientation(exif: bytes, xmp: bytes = b"") -> int:
    """The EXIF orientation, 1 to 8; 1, upright, where there is none that can be read.

    Only this tag is read, so that nothing else in the EXIF block can fail.

    Args:
        exif: The EXIF block of a file.
        xmp: Its XMP data, read where the EXIF block has no orientation.

    Example:

    >>> orientation(bytes.fromhex("4d4d002a00000008" "0001" "011200030000000100060000"))
    6
    """
    block = exif.removeprefix(EXIF_MARK)
    order: Literal["little", "big"] = "little" if block[:2] == b"II" else "big"

    def number(start: int, size: int) -> int:
        return int.from_bytes(block[start : start + size], order)

    start = number(4, 4)
    for at in range(start + 2, min(start + 2 + 12 * number(start, 2), len(block)), 12):
        if number(at, 2) == ORIENTATION:
            found = number(at + 8, NUM_BYTES.get(number(at + 2, 2), 0))
            return found if 1 <= found <= 8 else 1
    match = IN_XMP.search(xmp)
    return int(match[1]) if match else 1
