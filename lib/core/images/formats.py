"""Which image files Thaw accepts, and what to say about others: by content, never by name."""

FORMATS = ("JPEG", "PNG", "WebP", "GIF", "BMP", "AVIF")
LISTED = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
# Name in Pillow -> name on the page.
NAMES = {name.upper(): name for name in FORMATS}

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8")
# Other formats that people have: offset of their signature, signatures, and name. AVIF and HEIC
# share a container; its brand tells which of the two it is.
_OTHERS = (
    (4, (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1"), "a HEIC image"),
    (0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "a TIFF image or the raw file of a camera"),
    (0, (b"8BPS",), "a Photoshop file"),
    (4, (b"jP  ", b"ftypcrx"), "an image in JPEG 2000 or the raw file of a camera"),
    (0, (b"\xff\x0a", b"\0\0\0\x0cJXL "), "a JPEG XL image"),
    (0, (b"%PDF",), "a PDF file"),
    (4, (b"ftyp",), "a video"),
)


def why_not(data: bytes) -> str:
    """Say why a file could not be opened as one of FORMATS, as a part of a sentence.

    Example:

    >>> why_not(b"....ftypheic")
    'a HEIC image, which Thaw does not read: save it as JPEG'
    """
    if data.startswith(_BEGINNINGS):
        return "damaged or cut off"
    for start, beginnings, name in _OTHERS:
        if data[start : start + 12].startswith(beginnings):
            if name == "a video":
                return f"{name}, and no {LISTED} image"
            return f"{name}, which Thaw does not read: save it as JPEG"
    return f"not a {LISTED} image"
