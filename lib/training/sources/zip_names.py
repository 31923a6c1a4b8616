"""In which code page the names in a zip archive are written.

An archive says so of a name with a flag, which means UTF-8, or with a second name in its "Unicode
path extra field". Windows does neither: it writes the code page of its language, and its reader has
to guess.

Reference:
    PKWARE, APPNOTE.TXT, 4.4.4 (flag 11), 4.6.9 (field 0x7075) and appendix D.
"""

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable

import charset_normalizer

UTF8_FLAG = 0x800
UNICODE_PATH = 0x7075
# Codec of Python -> what a reader chooses by.
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp949": "Korean (CP949)",
    "cp932": "Japanese (Shift-JIS)",
    "gbk": "Simplified Chinese (GBK)",
    "big5": "Traditional Chinese (Big5)",
    "cp866": "Cyrillic, as DOS writes it (CP866)",
    "cp1251": "Cyrillic, as Windows writes it (CP1251)",
    "cp850": "Western European (CP850)",
    "cp437": "English (CP437)",
}

# What most letters of a language begin with there: the name of a letter, or the first byte of two.
# Korean has its syllables there, and the others the characters of their first level.
EVERYDAY: dict[str, str | range | tuple[int, ...]] = {
    "cp949": range(0xB0, 0xC9),
    "cp932": (0x82, 0x83, *range(0x88, 0x99)),
    "gbk": range(0xB0, 0xD8),
    "big5": range(0xA4, 0xC7),
    "cp866": "CYRILLIC",
    "cp1251": "CYRILLIC",
    "cp850": "LATIN",
    "cp437": "LATIN",
}


def raw(entry: zipfile.ZipInfo) -> bytes:
    """The name of an entry as it is in the archive; of one that is known, in UTF-8."""
    known = _known(entry)
    # zipfile takes what it does not know for CP437, in which every byte is a character.
    return entry.orig_filename.encode("cp437") if known is None else known.encode("utf-8")


def decoded(entry: zipfile.ZipInfo, encoding: str) -> str:
    """The name of an entry.

    Args:
        entry: Of the archive.
        encoding: Of the names of which the archive does not say it.

    Raises:
        UnicodeError: If it is not in this encoding.
    """
    known = _known(entry)
    return raw(entry).decode(encoding) if known is None else known


def guesses(entries: Iterable[zipfile.ZipInfo]) -> tuple[str, ...]:
    """The encodings that all names can be in, the likeliest first.

    Args:
        entries: Of the archive. All names together decide.

    Returns:
        Keys of ENCODINGS: UTF-8 alone where it fits, as nothing else fits it by chance.
    """
    # The whole paths: a guess is better with the ASCII around the other characters.
    names = {raw(entry) for entry in entries if _known(entry) is None}
    text = b"\n".join(sorted(name for name in names if not name.isascii()))
    fitting = [encoding for encoding in ENCODINGS if _fits(text, encoding)]
    if fitting[0] == "utf-8":
        return ("utf-8",)
    likely = charset_normalizer.from_bytes(
        text, threshold=1.0, cp_isolation=fitting, preemptive_behaviour=False
    )
    order = dict.fromkeys([match.encoding for match in likely if match.encoding in fitting])
    # Of two names it is often too little to tell languages by; sorted() keeps its order else.
    return tuple(sorted(order | dict.fromkeys(fitting), key=lambda each: -_common(text, each)))


def _known(entry: zipfile.ZipInfo) -> str | None:
    """The name of an entry where the archive says how it is written; else None."""
    if entry.flag_bits & UTF8_FLAG:
        return entry.orig_filename
    return _unicode_path(entry)


def _unicode_path(entry: zipfile.ZipInfo) -> str | None:
    """What the extra field says, if it was written for the name that the entry still has."""
    name, extra = entry.orig_filename.encode("cp437"), entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        content, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and content[:5] == struct.pack("<BI", 1, zlib.crc32(name)):
            try:
                return content[5:].decode("utf-8")
            except UnicodeError:
                return None
    return None


def _fits(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeError:
        return False
    return True


def _common(text: bytes, encoding: str) -> float:
    """Share of the other characters than ASCII that are everyday letters, with one decimal."""
    others = [letter for letter in text.decode(encoding) if not letter.isascii()]
    everyday = EVERYDAY[encoding]
    if isinstance(everyday, str):
        found = [letter for letter in others if unicodedata.name(letter, "").startswith(everyday)]
    else:
        found = [letter for letter in others if letter.encode(encoding)[0] in everyday]
    return round(len(found) / len(others), 1)
