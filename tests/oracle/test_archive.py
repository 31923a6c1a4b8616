"""An archive is read without trusting it: bounded while it comes, and nothing of it leads out."""

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.core.errors import DataError
from lib.core.uploads import inbox
from lib.training.sources import zip_reader
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
    """Name of every file that was read -> its bytes; the others are left out."""
    found = opened(content)
    data = {}
    for member in found.members:
        try:
            data[f"{member.class_name}/{member.name.rpartition('/')[2]}"] = found.read(member)
        except DataError:
            raise
        except ValueError as error:
            found.left_out.append(f"{member.name}: {error}")
    return data


def left_out(content: bytes) -> list[str]:
    found = opened(content)
    for member in found.members:
        try:
            found.read(member)
        except DataError:
            raise
        except ValueError as error:
            found.left_out.append(f"{member.name}: {error}")
    return found.left_out


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
    found = opened(zipped({"train/cat/1.png": PNG, "test/cat/1.png": PNG}))
    assert found.members == ()
    assert found.left_out == [
        "train/cat/1.png: in a folder inside that of a class",
        "test/cat/1.png: in a folder inside that of a class",
    ]
    assert found.class_names == ("test", "train")


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
    assert opened(content).class_names == ("cat", "dog")


@pytest.mark.parametrize("name", ["Кошки", "猫", "قطط", "กา", "żółw", "**bold** <i>", "= 1+1"])
def test_names_in_any_script_stay_what_they_are(name):
    assert set(read_all(zipped({f"{name}/1.png": PNG}))) == {f"{name}/1.png"}


def test_names_in_utf8_that_do_not_say_so_are_read_as_utf8():
    content = zipped({"Кошки/1.png": PNG})
    # The flag that says so, in the entry and in the list.
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(mark) + at
        flags = struct.unpack("<H", content[place : place + 2])[0] & ~zip_reader.UTF8_FLAG
        content = content[:place] + struct.pack("<H", flags) + content[place + 2 :]
    assert set(read_all(content)) == {"Кошки/1.png"}


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
    assert len(opened(zipped(files)).members) == 5
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


def test_compression_beyond_100_to_1_is_refused_by_what_the_list_says():
    with pytest.raises(DataError, match="100 times its size"):
        opened(zipped({"cat/1.png": bytes(1_000_000)}))


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
    assert found.read(found.members[0])
    with pytest.raises(DataError, match="unpacks to more than"):
        found.read(found.members[1])
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
        assert opened(content).members == ()


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
    for member in found.members:
        assert member.class_name
        assert member.class_name.isprintable()
        assert not set(member.class_name) & set("/\\")
        assert member.class_name not in (".", "..")
