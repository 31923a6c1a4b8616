"""An archive is read without trusting it: bounded while it comes, and nothing of it leads out."""

import io
import stat
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.uploads import inbox
from lib.training.sources import zip_names, zip_reader
from lib.training.sources.class_folders import Candidate
from lib.training.sources.zip_reader import Archive

PNG = b"\x89PNG\r\n\x1a\n and so on"
UNIX = 3


def zipped(files: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", how) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return content.getvalue()


def opened(content: bytes) -> Archive:
    return Archive(io.BytesIO(content), len(content))


def read_all(content: bytes) -> dict[str, bytes]:
    """Class and name of every file that was read -> its bytes; the others are left out."""
    found = opened(content)
    return {
        f"{candidate.class_name}/{candidate.found.path[-1]}": data
        for candidate, data in reading(found)
    }


def reading(found: Archive) -> Iterator[tuple[Candidate, bytes]]:
    for candidate in found.layout.candidates:
        try:
            yield candidate, found.read(candidate.found.entry)
        except DataError:
            raise
        except ValueError as error:
            found.layout.leave(candidate.found, str(error), candidate.class_name)


def left_out(content: bytes) -> list[str]:
    found = opened(content)
    for _ in reading(found):
        pass
    return list(found.layout.left_out)


def class_names(content: bytes, encoding: str = "") -> tuple[str, ...]:
    return Archive(io.BytesIO(content), len(content), encoding).layout.class_names


def next_step(content: bytes) -> str:
    """What an archive that is refused tells its reader to do; "none" for one that is not."""
    try:
        read_all(content)
    except DataError as error:
        return error.next_step
    return "none"


# --- What is taken --------------------------------------------------------------------------------


def test_a_folder_per_class_is_read():
    content = zipped({"cat/1.png": PNG, "cat/2.png": PNG + b"2", "dog/1.png": PNG + b"3"})
    assert read_all(content) == {
        "cat/1.png": PNG,
        "cat/2.png": PNG + b"2",
        "dog/1.png": PNG + b"3",
    }


def test_one_folder_around_the_classes_is_taken_off():
    files = {"My pets/cat/1.png": PNG, "My pets/dog/1.png": PNG, "read me.txt": b"x"}
    assert set(read_all(zipped(files))) == {"cat/1.png", "dog/1.png"}
    assert left_out(zipped(files)) == ["read me.txt: not in the folder of a class"]


def test_what_lies_deeper_is_left_out_and_named():
    files = {"cat/1.png": PNG, "dog/1.png": PNG, "dog/young/2.png": PNG}
    assert set(read_all(zipped(files))) == {"cat/1.png", "dog/1.png"}
    assert left_out(zipped(files)) == ["dog/young/2.png: in a folder inside that of a class"]


def test_leftovers_of_macos_and_windows_are_ignored():
    junk = {
        "__MACOSX/cat/._1.png": b"x",
        "cat/.DS_Store": b"x",
        "cat/Thumbs.db": b"x",
        "dog/desktop.ini": b"x",
        ".git/config": b"x",
    }
    content = zipped(junk | {"cat/1.png": PNG, "dog/1.png": PNG})
    assert set(read_all(content)) == {"cat/1.png", "dog/1.png"}
    assert left_out(content) == []


def test_an_empty_folder_is_a_class_without_images():
    content = zipped({"pets/cat/1.png": PNG, "pets/dog/": b""})
    assert class_names(content) == ("cat",)
    assert left_out(content) == ["pets/dog: no usable image in it"]


@pytest.mark.parametrize("name", ["Кошки", "猫", "قطط", "กา", "żółw", "**bold** <i>", "= 1+1"])
def test_names_in_any_script_stay_what_they_are(name):
    assert set(read_all(zipped({f"{name}/1.png": PNG}))) == {f"{name}/1.png"}


def written_by_windows(files: Mapping[str, bytes], encoding: str) -> bytes:
    """An archive that does not say how its names are written."""

    class Entry(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
            return self.filename.encode(encoding), self.flag_bits & ~zip_names.UTF8_FLAG

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, data in files.items():
            made.writestr(Entry(name), data)
    return content.getvalue()


def test_names_in_utf8_that_do_not_say_so_are_read_as_utf8():
    content = written_by_windows({"Кошки/1.png": PNG, "猫/1.png": PNG}, "utf-8")
    assert opened(content).encodings == ("utf-8",)
    assert set(read_all(content)) == {"Кошки/1.png", "猫/1.png"}


WRITTEN = {
    "cp949": ("강아지사진", "고양이사진"),
    "cp932": ("予防の写真", "表の写真一"),
    "gbk": ("猫的照片", "狗的照片"),
    "big5": ("貓的照片", "狗的照片", "功"),
    "cp866": ("Кошки", "Собаки"),
    "cp1251": ("Кошки", "Собаки"),
    "cp850": ("Äpfel", "Brötchen"),
}


WRITTEN |= {
    "cp949 ": ("고양이", "강아지"),
    "cp932 ": ("桜", "梅", "松"),
    "gbk ": ("苹果", "香蕉"),
    "big5 ": ("蘋果", "香蕉"),
    "cp866 ": ("кот", "пёс"),
    "cp1251 ": ("яблоко", "груша"),
    "cp850 ": ("maçã", "pão"),
    "cp437 ": ("niño", "niña"),
}


@pytest.mark.parametrize("encoding", WRITTEN)
def test_the_code_page_of_windows_is_guessed_from_all_names_together(encoding):
    files = {f"{name}/{number}.png" for name in WRITTEN[encoding] for number in range(8)}
    content = written_by_windows(dict.fromkeys(files, PNG), encoding.strip())
    assert class_names(content) == tuple(sorted(WRITTEN[encoding]))
    assert set(read_all(content)) == files
    assert left_out(content) == []


def test_the_reader_may_choose_another_code_page():
    content = written_by_windows({"Кошки/1.png": PNG, "Собаки/1.png": PNG}, "cp866")
    assert {"cp866", "cp850", "cp437"} <= set(opened(content).encodings)
    assert "cp949" not in opened(content).encodings  # in it, these bytes are no text
    assert class_names(content, "cp437") == ("æ«íá¬¿", "è«Φ¬¿")
    assert opened(content).class_names("cp866") == ("Кошки", "Собаки")
    with pytest.raises(DataError, match="not in this encoding"):
        class_names(content, "cp949")


def test_names_of_which_the_archive_says_how_they_are_written_need_no_guess():
    assert opened(zipped({"Кошки/1.png": PNG, "cat/1.png": PNG})).encodings == ("utf-8",)


def with_unicode_path(checked: bytes) -> bytes:
    name, content = "кот/1.png", io.BytesIO()
    field = struct.pack("<BI", 1, zlib.crc32(checked)) + name.encode()
    with zipfile.ZipFile(content, "w") as made:
        entry = zipfile.ZipInfo("___/1.png")
        entry.extra = struct.pack("<HH", zip_names.UNICODE_PATH, len(field)) + field
        made.writestr(entry, PNG)
    return content.getvalue()


def test_the_unicode_path_is_read_where_it_belongs_to_the_name():
    assert set(read_all(with_unicode_path(b"___/1.png"))) == {"кот/1.png"}
    # Whoever renamed the entry since did not know of the field.
    assert set(read_all(with_unicode_path(b"old/1.png"))) == {"___/1.png"}


def test_half_of_a_character_is_no_separator():
    assert b"\\" in "予表".encode("cp932")
    content = written_by_windows({"予防/1.png": PNG, "表\\1.png": PNG}, "cp932")
    assert set(read_all(content)) == {"予防/1.png", "表/1.png"}


def test_a_name_that_begins_with_a_letter_and_a_colon_is_no_drive():
    assert class_names(zipped({"A: cats/1.png": PNG, "B: dogs/1.png": PNG})) == (
        "A: cats",
        "B: dogs",
    )


def test_windows_separators_are_separators():
    assert set(read_all(zipped({"cat\\1.png": PNG}))) == {"cat/1.png"}


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../evil.png", "cat/../../evil.png", "/etc/evil.png", "C:/evil.png", "..\\evil", "\\evil.png"],
)
def test_a_path_that_leads_out_refuses_the_whole_archive(name):
    with pytest.raises(DataError, match="leads out of it"):
        opened(zipped({"cat/1.png": PNG, name: PNG}))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (stat.S_IFLNK, "a link, which is not followed"),
        (stat.S_IFCHR, "not a file"),
        (stat.S_IFBLK, "not a file"),
        (stat.S_IFIFO, "not a file"),
        (stat.S_IFSOCK, "not a file"),
    ],
)
def test_links_and_devices_are_left_out_unread(kind, words):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        entry = zipfile.ZipInfo("cat/evil.png")
        entry.create_system = UNIX
        entry.external_attr = (kind | 0o777) << 16
        made.writestr(entry, "/etc/passwd")
        made.writestr("cat/1.png", PNG)
    assert left_out(content.getvalue()) == [f"cat/evil.png: {words}"]
    assert set(read_all(content.getvalue())) == {"cat/1.png"}


@pytest.mark.parametrize(
    "inner",
    [
        zipped({"x": b"x"}),
        b"\x1f\x8b\x08" + bytes(20),
        b"7z\xbc\xaf\x27\x1c" + bytes(20),
        b"Rar!\x1a\x07" + bytes(20),
        b"BZh9" + bytes(20),
        bytes(257) + b"ustar" + bytes(250),
    ],
)
def test_an_archive_in_the_archive_is_not_opened(inner):
    content = zipped({"cat/1.png": inner, "cat/2.png": PNG}, zipfile.ZIP_STORED)
    assert left_out(content) == ["cat/1.png: an archive inside the archive, which is not opened"]


def test_a_password_is_told():
    content = bytearray(zipped({"cat/1.png": PNG}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= zip_reader.ENCRYPTED_FLAG
    with pytest.raises(DataError, match="protected by a password"):
        opened(bytes(content))


def test_other_compressions_are_left_out():
    content = zipped({"cat/1.png": PNG * 9}, zipfile.ZIP_LZMA)
    assert left_out(content) == ["cat/1.png: packed in a way Thaw does not read"]


def test_10_000_files_are_read_and_one_more_is_not(monkeypatch):
    monkeypatch.setattr(zip_reader, "MAX_FILES", 5)
    files = {f"cat/{number}.png": PNG for number in range(5)} | {"__MACOSX/x": b"", "dog/": b""}
    assert len(opened(zipped(files)).layout.candidates) == 5
    with pytest.raises(DataError, match="more than 5 files"):
        opened(zipped(files | {"dog/1.png": PNG}))


def test_the_limits_are_those_of_the_page():
    assert zip_reader.MAX_FILES == 10_000
    assert zip_reader.MAX_UNPACKED_BYTES == 500_000_000
    assert zip_reader.MAX_RATIO == 100
    assert inbox.MAX_ARCHIVE_BYTES == 200_000_000


def test_an_archive_that_is_too_large_is_not_opened():
    with pytest.raises(DataError, match="more than 200 MB"):
        Archive(io.BytesIO(b""), inbox.MAX_ARCHIVE_BYTES + 1)


def test_a_blank_bitmap_is_taken_and_its_archive_too():
    blank = b"BM" + bytes(1920 * 1080 * 3)
    files = {f"{name}/{number}.bmp": blank for name in ("cat", "dog") for number in range(12)}
    assert len(read_all(zipped(files))) == 24


def test_a_file_beyond_100_to_1_is_left_out_and_named_and_the_rest_goes_on():
    suspicious = bytes(zip_reader.MIN_SUSPICIOUS_BYTES + 1)
    content = zipped({"cat/1.png": suspicious, "cat/2.png": PNG, "dog/1.png": PNG})
    assert set(read_all(content)) == {"cat/2.png", "dog/1.png"}
    assert left_out(content) == [
        "cat/1.png: a file that unpacks to more than 100 times its size, as no photographs do"
    ]


def test_an_archive_beyond_100_to_1_is_refused(monkeypatch):
    monkeypatch.setattr(zip_reader, "MIN_SUSPICIOUS_BYTES", 1_000_000)
    monkeypatch.setattr(zip_reader, "MIN_SUSPICIOUS_ARCHIVE_BYTES", 5_000_000)
    large = bytes(zip_reader.MIN_SUSPICIOUS_BYTES)
    files = {f"cat/{number}.png": large for number in range(5)}
    assert len(read_all(zipped(files))) == 5
    with pytest.raises(DataError, match="100 times its size"):
        opened(zipped(files | {"cat/5.png": b"1"}))


def test_a_file_that_is_too_large_does_not_refuse_the_others(monkeypatch):
    monkeypatch.setattr(zip_reader, "MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr(zip_reader, "MAX_UNPACKED_BYTES", 2_000)
    content = zipped({"cat/film.avi": bytes(3_000), "cat/1.png": PNG}, zipfile.ZIP_STORED)
    assert left_out(content) == ["cat/film.avi: larger than 0 MB"]


def lying(content: bytes, size: int) -> bytes:
    """The same archive, whose list says that its first file is smaller than it is."""
    place = content.index(b"PK\x01\x02") + 24
    return content[:place] + struct.pack("<I", size) + content[place + 4 :]


def test_a_false_size_in_the_list_does_not_help(monkeypatch):
    # zipfile itself reads no further than the list says, so nothing beyond it is ever unpacked.
    content = lying(zipped({"cat/1.png": bytes(50_000_000)}), 1_000)
    tracemalloc.start()
    try:
        left_out(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_what_is_unpacked_is_counted_while_it_comes(monkeypatch):
    noise = bytes(range(256)) * 400
    content = zipped({"cat/1.png": noise, "cat/2.png": noise + b"2"}, zipfile.ZIP_STORED)
    found = opened(content)
    monkeypatch.setattr(zip_reader, "MAX_UNPACKED_BYTES", 150_000)
    first, second = (candidate.found.entry for candidate in found.layout.candidates)
    assert found.read(first)
    with pytest.raises(DataError, match="unpacks to more than"):
        found.read(second)
    with pytest.raises(DataError, match="unpacks to more than"):
        opened(content)


def test_a_long_list_of_files_is_refused_before_it_is_read(monkeypatch):
    content = zipped({f"cat/{number}.png": b"" for number in range(500)})
    monkeypatch.setattr(zip_reader, "MAX_DIRECTORY_BYTES", 10_000)
    with pytest.raises(DataError, match="list of files in the archive is too long"):
        opened(content)


def test_overlapping_files_cannot_add_up():
    """Many entries that all point to the same bytes: the whole is counted against the archive."""
    content = zipped({"cat/1.png": bytes(range(256)) * 4_000}, zipfile.ZIP_STORED)
    directory = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry, count = content[directory:end], 300
    tail = bytearray(content[end:])
    struct.pack_into("<HHI", tail, 8, count, count, count * len(entry))
    bomb = content[:directory] + entry * count + bytes(tail)
    with pytest.raises(DataError, match=r"100 times its size|more than 500 MB"):
        read_all(bomb)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_told(content):
    assert next_step(content) in ("none", zip_reader.PACK_AGAIN)
    with suppress(DataError):
        assert opened(content).layout.candidates == ()


def test_a_cut_off_archive_is_told():
    content = zipped({"cat/1.png": PNG * 100}, zipfile.ZIP_STORED)
    with pytest.raises(DataError, match="not a whole zip archive"):
        opened(content[: len(content) // 2])


def test_a_damaged_file_is_left_out_and_the_others_are_not():
    content = bytearray(zipped({"cat/1.png": PNG * 9, "cat/2.png": PNG}, zipfile.ZIP_STORED))
    content[content.index(PNG) + 20] ^= 0xFF
    assert left_out(bytes(content)) == ["cat/1.png: damaged or cut off"]


def test_an_empty_file_is_left_out():
    assert left_out(zipped({"cat/1.png": b""})) == ["cat/1.png: empty"]


# --- Any input ------------------------------------------------------------------------------------

VALID = zipped({"a/cat/1.png": PNG * 5, "a/dog/2.png": PNG, "a/dog/": b"", "a/x.txt": b"text"})
PATIENT = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused_in_words(content):
    assert next_step(content)


@PATIENT
@given(
    st.lists(
        st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), min_size=1, max_size=12
    ),
    st.integers(0, len(VALID)),
)
def test_no_change_to_an_archive_does_more_than_be_refused_in_words(changes, cut):
    content = bytearray(VALID)
    for place, value in changes:
        content[place] = value
    for variant in (bytes(content), bytes(content[:cut]), bytes(content[cut:])):
        assert next_step(variant)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@PATIENT
@given(st.lists(st.text(min_size=1, max_size=20), max_size=5), st.binary(max_size=50))
def test_no_name_leads_out_or_breaks_anything(names, data):
    files = {"/".join(names[: number + 1]): data for number in range(len(names))}
    try:
        content = zipped(files)
    except (ValueError, IndexError):
        return  # zipfile itself writes no such name
    try:
        found = opened(content)
    except DataError:
        return
    for class_name in found.layout.class_names:
        assert class_name
        assert outside_text.can_be_shown(class_name)
        assert not set(class_name) & set("/\\")
        assert class_name not in (".", "..")
