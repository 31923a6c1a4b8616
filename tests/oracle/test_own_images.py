"""What a reader uploads becomes a dataset, whatever is among it, and all of it or nothing."""

import io
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lib.core import runs
from lib.core.errors import DataError, StoreError, ThawError
from lib.core.files import outside_text
from lib.core.lab.store import RunStore
from lib.core.uploads import inbox, own_datasets, retention
from lib.training.images import decode
from lib.training.sources import folder, pipeline
from lib.training.sources import own_dataset as making
from tests.unit.jobs_support import PATIENCE_S

PROJECT = Path(__file__).resolve().parents[2]
ANNA, BERT = own_datasets.hashed("key of Anna"), own_datasets.hashed("key of Bert")
EXIF_ORIENTATION, UPSIDE_DOWN_LEFT = 0x0112, 6
GPS = 0x8825


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def image(seed: int, size=(40, 30), mode="RGB") -> Image.Image:
    colours = random.Random(seed)
    made = Image.new("RGB", size, tuple(colours.randrange(256) for _ in range(3)))
    made.putpixel((seed % size[0], 0), (255, 255, 255))
    return made.convert(mode)


def encoded(made: Image.Image, form: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    made.save(file, form, **options)
    return file.getvalue()


def pictures(*classes: str, num: int = 12) -> dict[str, bytes]:
    """Enough of each class, no two alike."""
    return {
        f"{name}/{number:02d}.png": encoded(image(100 * place + number))
        for place, name in enumerate(classes)
        for number in range(num)
    }


def upload(files: Mapping[str, bytes]) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    content.seek(0)
    return inbox.receive(content, ANNA)


def prepare(files: Mapping[str, bytes], reader: str = ANNA, title: str = "pets") -> str:
    name = upload(files)
    try:
        return making.prepare(name, reader, title)
    finally:
        refused = own_datasets.root() / name
        if refused.exists():
            # Nothing of it stays but the reason, until its reader has seen that.
            kept = {path.name for path in refused.iterdir()}
            assert "problem.json" in kept <= {"owner.json", "problem.json", "progress.json"}
            inbox.discard(name)


def left() -> list[str]:
    """What there is under THAW_HOME/images besides whose things are."""
    return [path.name for path in own_datasets.root().iterdir() if path.name != "owners"]


# --- A dataset like any other ---------------------------------------------------------------------


def test_a_zip_becomes_a_dataset_that_loads_as_any_other():
    name = prepare(pictures("cat", "dog"))
    made = own_datasets.get(name)
    assert made.class_names == ("cat", "dog")
    assert made.counts == (12, 12)
    assert made.left_out == ()
    described = folder.describe_folder(own_datasets.folder(name))
    assert (described.dataset, described.fingerprint) == (made.id, made.fingerprint)
    assert described.max_train_images == made.max_train_images
    # No folder is given: whoever asks for the dataset finds it.
    data = pipeline.load_data(
        name, num_images=10, image_size=32, seed=1, fingerprint=made.fingerprint
    )
    assert data.class_names == ("cat", "dog")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [10, 4, 4]
    assert len(left()) == 1


def test_the_same_pictures_of_two_readers_are_two_datasets():
    files = pictures("cat", "dog")
    anna, bert = prepare(files), prepare(files, BERT)
    assert anna != bert
    assert own_datasets.get(anna).fingerprint != own_datasets.get(bert).fingerprint
    assert prepare(files) == anna
    assert [each.id for each in own_datasets.owned_by(BERT)] == [bert]


def test_the_split_does_not_hang_on_the_random_part_of_the_names():
    files = pictures("cat", "dog")
    wanted = {"num_images": 10, "image_size": 32, "seed": 1}
    one, other = (pipeline.load_data(prepare(files, who), **wanted) for who in (ANNA, BERT))
    np.testing.assert_array_equal(one.train.images, other.train.images)
    np.testing.assert_array_equal(one.test.indices, other.test.indices)


def test_a_dataset_that_was_deleted_is_named_in_the_error():
    name = prepare(pictures("cat", "dog"))
    retention.delete(name, ANNA)
    with pytest.raises(DataError, match="not on this machine"):
        pipeline.load_data(name, num_images=10, image_size=32, seed=1)


# --- Images of all kinds --------------------------------------------------------------------------


def kept(data: bytes) -> np.ndarray:
    """The pixels of an image as it is kept."""
    return np.asarray(Image.open(io.BytesIO(decode.kept(data)))).astype(int)


def assert_one_colour(data: bytes, colour: tuple[int, int, int]) -> None:
    pixels = kept(data)
    assert pixels.shape[-1] == 3
    assert np.abs(pixels - colour).max() <= 4


RED = (200, 30, 40)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF"])
def test_each_format_is_read(form):
    assert_one_colour(encoded(Image.new("RGB", (20, 20), RED), form), RED)


def test_webp_is_read():
    assert_one_colour(encoded(Image.new("RGB", (20, 20), RED), "WEBP", lossless=True), RED)


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(form):
    first, second = Image.new("RGB", (20, 20), RED), Image.new("RGB", (20, 20), "white")
    options = {"lossless": True} if form == "WEBP" else {}
    data = encoded(first, form, save_all=True, append_images=[second], **options)
    assert_one_colour(data, RED)


def test_palette_grey_and_one_bit_images_become_rgb():
    assert_one_colour(encoded(Image.new("RGB", (20, 20), RED).quantize(4)), RED)
    assert_one_colour(encoded(Image.new("L", (20, 20), 77)), (77, 77, 77))
    assert_one_colour(encoded(Image.new("1", (20, 20), 1)), (255, 255, 255))


def test_16_bits_are_scaled_and_not_cut():
    data = encoded(Image.fromarray(np.full((20, 20), 128 << 8, np.uint16)))
    assert_one_colour(data, (128, 128, 128))


def test_cmyk_becomes_rgb():
    assert_one_colour(encoded(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "JPEG"), (255, 0, 0))


def test_what_is_transparent_is_on_white():
    assert_one_colour(encoded(Image.new("RGBA", (20, 20), (*RED, 0))), (255, 255, 255))
    palette = Image.new("P", (20, 20), 0)
    assert_one_colour(encoded(palette, "GIF", transparency=0), (255, 255, 255))


def test_an_image_is_turned_as_its_camera_says_and_says_nothing_else_any_more():
    wide = Image.new("RGB", (30, 20), RED)
    wide.paste((0, 0, 255), (0, 0, 10, 20))
    exif = wide.getexif()
    exif[EXIF_ORIENTATION] = UPSIDE_DOWN_LEFT
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    said = {"comment": b"At home", "xmp": b"<x:xmpmeta/>", "icc_profile": b"of my camera"}
    data = encoded(wide, "JPEG", exif=exif, quality=95, dpi=(300, 300), **said)
    original = Image.open(io.BytesIO(data))
    assert original.getexif().get_ifd(GPS)
    assert said.keys() <= original.info.keys()
    stored = Image.open(io.BytesIO(decode.kept(data)))
    assert stored.size == (20, 30)
    assert np.asarray(stored)[3, 10, 2] > 200  # what was on the left is on top
    assert not stored.getexif()
    # What every JPEG of Pillow says, and no more.
    assert stored.info == Image.open(io.BytesIO(encoded(wide, "JPEG"))).info


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), (1, 1)),
        ((300, 200), (300, 200)),
        ((1152, 864), (683, 512)),
        ((864, 1152), (512, 683)),
        ((6000, 600), (2048, 205)),
        ((5000, 1), (2048, 1)),
    ],
)
def test_an_image_is_kept_no_larger_than_needed(size, expected):
    assert Image.open(io.BytesIO(decode.kept(encoded(Image.new("RGB", size))))).size == expected


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_every_kind_of_bad_file_is_named_and_the_rest_goes_on():
    good = encoded(image(7), "JPEG")
    copy = encoded(image(100))
    files = pictures("cat", "dog") | {
        "cat/cut off.jpg": good[: len(good) // 2],
        "cat/empty.png": b"",
        "cat/text.jpg": b"this is a text",
        "cat/huge.png": encoded(Image.new("1", (10_000, 10_000))),
        "cat/drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "cat/tiff.tif": encoded(image(8), "TIFF"),
        "cat/wrongly named.gif": encoded(image(5_000), "PNG"),
        "cat/tiny.png": encoded(Image.new("RGB", (1, 1), RED)),
        "dog/copy of a cat.png": encoded(image(0)),
        "dog/copy.png": copy,
        "Thumbs.db": b"x",
        "notes.txt": b"x",
    }
    made = own_datasets.get(prepare(files))
    # The wrongly named and the tiny one are images all the same.
    assert made.counts == (14, 12)
    assert sorted(made.left_out) == [
        "cat/cut off.jpg: damaged or cut off",
        "cat/drawing.svg: not a JPEG, PNG, WebP, GIF, BMP or AVIF image",
        "cat/empty.png: empty",
        "cat/huge.png: more than 40 megapixels",
        "cat/text.jpg: not a JPEG, PNG, WebP, GIF, BMP or AVIF image",
        "cat/tiff.tif: a TIFF image or the raw file of a camera, which Thaw does not read: "
        "save it as JPEG",
        "dog/copy of a cat.png: the same image as cat/00.png",
        "dog/copy.png: the same image as dog/00.png",
        "notes.txt: not in the folder of a class",
    ]
    assert made.num_left_out == 9


# --- Classes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "at least 2 folders with images, one per class; it holds none"),
        ({"cat/1.png": encoded(image(1))}, "at least 2 folders .* it holds only 'cat'"),
        (pictures("cat"), "at least 2 folders .* it holds only 'cat'"),
        (pictures("cat") | {"dog/": b""}, "it holds only 'cat'"),
        (pictures("cat") | {"dog/1.png": b"x"}, "it holds only 'cat'"),
        (pictures("cat", num=20) | {"dog/1.png": encoded(image(999))}, "class 'dog' has no image"),
        (pictures(*map(str, range(51)), num=6), "holds 51 classes; Thaw trains on at most 50"),
    ],
    ids=["nothing", "one image", "one class", "empty", "no images", "one of a class", "21"],
)
def test_classes_that_cannot_be_used_are_told_in_a_sentence(files, words):
    with pytest.raises(DataError, match=words) as error:
        prepare(files)
    assert error.value.next_step
    assert left() == []


def test_two_and_twenty_classes_can_be_used():
    for names in (["a", "b"], [f"{number:02d}" for number in range(20)]):
        assert own_datasets.get(prepare(pictures(*names))).class_names == tuple(names)


def test_an_empty_class_is_named():
    made = own_datasets.get(prepare(pictures("cat", "dog") | {"bird/": b""}))
    assert made.class_names == ("cat", "dog")
    assert made.left_out == ("bird: no usable image in it",)


def test_names_in_any_script_are_class_names():
    names = ("**bold**", "<i>x", "<p>x", "A: cats", "C", "C++", "Кошки", "قطط", "猫")
    made = own_datasets.get(prepare(pictures(*names)))
    assert sorted(made.class_names) == sorted(names)
    assert made.said == ()
    assert folder.source_of(made.id).class_names == made.class_names
    # In their order on disk, where names are those that every file system takes.
    on_disk = own_datasets.folder(made.id).iterdir()
    assert sorted(path.name for path in on_disk) == sorted(outside_text.folder_names(sorted(names)))


def test_single_files_become_the_same_as_a_zip():
    files = {
        name: [(f"{number}.png", encoded(image(100 * place + number))) for number in range(12)]
        for place, name in enumerate(("cat", "dog"))
    }
    assert making.prepare(inbox.pack(files, ANNA), ANNA, "") == prepare(pictures("cat", "dog"))
    assert own_datasets.owned_by(ANNA)[0].title == "cat, dog"


# --- All of it or nothing -------------------------------------------------------------------------


def test_an_archive_that_is_refused_leaves_nothing():
    with pytest.raises(DataError, match="leads out of it"):
        prepare(pictures("cat", "dog") | {"../evil.png": b"x"})
    assert left() == []


def test_an_upload_that_is_taken_back_stops_the_worker(monkeypatch):
    monkeypatch.setattr(making, "SECONDS_BETWEEN_WORDS", 0.0)
    name = upload(pictures("cat", "dog"))
    say = inbox.say_done

    def say_and_take_back(upload_, done, total):
        if done == 5:
            inbox.discard(upload_)
        return say(upload_, done, total)

    monkeypatch.setattr(inbox, "say_done", say_and_take_back)
    with pytest.raises(DataError, match="taken back"):
        making.prepare(name, ANNA, "pets")
    assert left() == []


def test_reading_for_too_long_is_told(monkeypatch):
    monkeypatch.setattr(making, "LIMIT_S", -1.0)
    with pytest.raises(DataError, match="takes more than"):
        prepare(pictures("cat", "dog"))
    assert left() == []


def test_a_disk_that_is_full_leaves_nothing(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="No space left on device"):
        prepare(pictures("cat", "dog"))
    assert left() == []


PREPARING = """
import sys
from lib.training.sources import own_dataset
own_dataset.prepare(sys.argv[1], "owner", "pets")
"""


@pytest.mark.thorough
def test_a_kill_in_the_middle_leaves_no_half_dataset(home):
    large = {
        name: encoded(image(number, (2_000, 1_500)), "JPEG")
        for number, name in enumerate(pictures("cat", "dog", num=100))
    }
    name = upload(large)
    environment = os.environ | {"THAW_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen([sys.executable, "-c", PREPARING, name], env=environment)
    try:
        end = time.monotonic() + PATIENCE_S
        while len(list(own_datasets.root().glob(".making-*/pictures/*/*.jpg"))) < 5:
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert own_datasets.owned_by("owner") == ()
    retention.tidy()
    # The upload is of this process, which lives, and could ask once more; the half is gone.
    assert left() == [name]
    inbox.discard(name)
    assert left() == []


# --- Runs on them ---------------------------------------------------------------------------------


def config_on(name: str, **asked) -> runs.TrainConfig:
    made = own_datasets.get(name)
    return runs.make_config(
        dataset=name,
        data_fingerprint=made.fingerprint,
        max_train_images=made.max_train_images,
        strategy="feature_extraction",
        head_epochs=1,
        image_size=64,
        num_images=10,
        **asked,
    )


def test_a_run_finds_the_images_and_shows_them_only_while_they_are_there():
    from lib.training import task

    name = prepare(pictures("cat", "dog"))
    store = RunStore()
    run = task.train(config_on(name), lambda event: None, store=store)
    assert run.status == "finished"
    assert (run.folder / runs.TEST_IMAGES_FILE).exists()

    def delete_while_evaluating(event):
        if event.get("state") == "evaluating":
            retention.delete(name, ANNA)

    later = task.train(config_on(name, seed=2), delete_while_evaluating, store=store)
    assert later.status == "finished"
    for each in (run, later):
        assert not (each.folder / runs.TEST_IMAGES_FILE).exists()
    # Nor are maps of the images left in the cache of frozen layers.
    assert not list((own_datasets.root().parent / "features").glob("*/manifest.json"))
    with pytest.raises(ThawError, match="not on this machine"):
        task.train(replace(later.config, seed=3), lambda event: None, store=store)


# --- Any input ------------------------------------------------------------------------------------

FILES = [
    encoded(image(1), "PNG"),
    encoded(image(2), "JPEG"),
    encoded(image(3), "JPEG", progressive=True),
    encoded(image(4), "WEBP"),
    encoded(image(5), "GIF"),
    encoded(image(6), "BMP"),
    encoded(image(7, mode="P"), "PNG"),
    encoded(image(8, mode="CMYK"), "JPEG"),
    encoded(Image.fromarray(np.full((9, 9), 9999, np.uint16)), "PNG"),
    encoded(image(9), "GIF", save_all=True, append_images=[image(10), image(11)]),
    encoded(image(12), "PNG", pnginfo=None, optimize=True),
]
PATIENT = settings(
    deadline=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def try_all(data: bytes) -> None:
    """Whatever comes, there is an image or a reason."""
    for look in (decode.kept, decode.check, lambda data: decode.decode(data, 32)):
        with suppress(ValueError):
            look(data)


@PATIENT
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12),
    st.floats(0, 1),
)
def test_no_change_to_an_image_does_more_than_leave_it_out(data, changes, cut):
    changed = bytearray(data)
    for share, value in changes:
        changed[int(share * (len(data) - 1))] = value
    try_all(bytes(changed))
    try_all(bytes(changed[: int(cut * len(data))]))


@PATIENT
@given(st.sampled_from([b"", *(data[:20] for data in FILES)]), st.binary(max_size=200))
def test_no_bytes_do_more_than_be_left_out(head, data):
    try_all(head + data)


@settings(PATIENT, max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(["cat/1.png", "cat/2.jpg", "dog/1", "x", "a/b/c.png", "../x", "bird/"]),
        st.one_of(st.binary(max_size=60), st.sampled_from(FILES)),
    )
)
def test_whatever_is_in_an_archive_it_is_refused_in_words_or_a_dataset(files):
    with suppress(ThawError):
        prepare(files)
    assert not [name for name in left() if name.startswith(".")]
