"""What a run reads: datasets, folders of images, and what goes wrong with both."""

import dataclasses
import io
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from lib.core.datasets import DATASETS
from lib.core.errors import DataError
from lib.core.files import reachability
from lib.core.images import download_status, samples
from lib.tools import export_samples
from lib.training.images import decode as images
from lib.training.sources import pipeline
from tests.unit.jobs_support import PATIENCE_S

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One THAW_HOME for the module, under a name that is easy to get wrong."""
    return tmp_path_factory.mktemp("Thaw home [ü]")


@pytest.fixture(autouse=True)
def _thaw_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(home))


def load(dataset: str, num_images: int = 20, **options) -> pipeline.LoadedData:
    options = {"image_size": 32, "seed": 1} | options
    return pipeline.load_data(dataset, num_images=num_images, **options)


# --- The offline datasets -------------------------------------------------------------------------


def test_openmoji_loads_in_three_stratified_parts():
    data = load("openmoji_animals_food", num_images=100, image_size=96)
    assert data.class_names == ("animal", "food")
    assert data.left_out == ()
    for part, size in ((data.train, 100), (data.validation, 40), (data.test, 40)):
        assert part.images.shape == (size, 96, 96, 3)
        assert part.images.dtype == np.uint8
        assert part.labels.dtype == np.int64
        assert part.labels.mean() == 0.5


def test_no_image_is_in_two_parts():
    data = load("openmoji_animals_food", num_images=160, image_size=64)
    every = np.concatenate([data.train.images, data.validation.images, data.test.images])
    assert len({image.tobytes() for image in every}) == 240


def test_the_same_seed_loads_the_same_images_and_another_seed_others():
    one, same, other = (load("openmoji_animals_food", seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.train.images, same.train.images)
    assert not np.array_equal(one.train.images, other.train.images)
    assert np.array_equal(one.test.images, other.test.images)


def test_labels_belong_to_their_images(home):
    data = load("openmoji_animals_food", image_size=224)  # their own size: nothing is resized
    builder = tfds.builder("openmoji_animals_food", data_dir=home / "datasets")
    truth = {
        image.tobytes(): label
        for image, label in builder.as_dataset(
            split="train", as_supervised=True
        ).as_numpy_iterator()
    }
    for part in (data.train, data.validation, data.test):
        for image, label in zip(part.images, part.labels, strict=True):
            assert truth[image.tobytes()] == label


def test_a_dataset_of_thaw_opens_without_the_hundreds_of_modules_of_tfds(monkeypatch):
    def forbidden():
        raise AssertionError("imported")

    monkeypatch.setattr("tensorflow_datasets.core.registered._import_legacy_builders", forbidden)
    assert load("openmoji_animals_food").class_names == ("animal", "food")
    with pytest.raises(AssertionError, match="imported"):
        load("no_such_dataset")


def test_grey_photographs_become_three_equal_channels():
    data = load("elpv")
    assert data.train.images.shape == (20, 32, 32, 3)
    assert (data.train.images[..., :1] == data.train.images).all()
    assert data.test.labels.mean() == pytest.approx(715 / 2_223, abs=0.01)


def test_progress_counts_every_image_once_and_decoded_ones_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("lib.training.sources.feature_cache.cache_folder", lambda: tmp_path)
    seen: list[tuple[int, int]] = []

    def loaded():
        seen.clear()
        return load(
            "openmoji_animals_food", progress=lambda done, total: seen.append((done, total))
        )

    first = loaded()
    assert seen == [(done, 100) for done in range(1, 101)]
    again = loaded()
    assert seen == [(100, 100)]
    for name in ("train", "validation", "test"):
        for old, new in zip(
            dataclasses.astuple(getattr(first, name)),
            dataclasses.astuple(getattr(again, name)),
            strict=True,
        ):
            np.testing.assert_array_equal(old, new)


def test_with_another_seed_only_training_images_are_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("lib.training.sources.feature_cache.cache_folder", lambda: tmp_path)
    totals: list[int] = []
    sets = [
        load("openmoji_animals_food", seed=seed, progress=lambda done, total: totals.append(total))
        for seed in (1, 2)
    ]
    first, second = sets
    assert totals == [len(first.train) + len(first.validation) + len(first.test)] * 100 + [
        len(second.train)
    ] * len(second.train)
    assert set(first.train.indices) != set(second.train.indices)
    for name in ("validation", "test"):
        np.testing.assert_array_equal(getattr(first, name).images, getattr(second, name).images)
    # What is left of a whole set is used; what is gone is decoded again.
    (entry,) = [
        each
        for each in tmp_path.iterdir()
        if np.array_equal(np.load(each / "2.npy"), first.validation.indices)
    ]
    shutil.rmtree(entry)
    totals.clear()
    again = load("openmoji_animals_food", seed=1, progress=lambda done, total: totals.append(total))
    assert totals == [len(first.validation)] * len(first.validation)
    np.testing.assert_array_equal(again.validation.images, first.validation.images)


def test_a_description_says_what_a_configuration_needs():
    found = pipeline.describe_dataset("openmoji_animals_food")
    spec = DATASETS["openmoji_animals_food"]
    assert found == pipeline.DatasetDescription(
        spec.id, spec.fingerprint, spec.class_names, spec.num_images
    )
    assert found.max_train_images == spec.max_train_images


@pytest.mark.thorough
def test_nothing_is_printed_where_the_result_goes(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    load("openmoji_animals_food")
    assert capsys.readouterr().out == ""


PREPARE = """
import random, sys
random.seed(1)  # As a run's seed does; TFDS draws the name of its temporary folder from it.
from lib.training.sources import pipeline
data = pipeline.load_data("openmoji_animals_food", num_images=20, image_size=32, seed=1)
print(data.train.images.sum())
"""


@pytest.mark.thorough
def test_two_processes_may_prepare_a_dataset_at_once(tmp_path):
    # What a process leaves that was killed while it prepared.
    folder = tmp_path / "datasets" / "openmoji_animals_food"
    (folder / "incomplete.ABC123_1.0.0").mkdir(parents=True)
    (folder / ".lock").touch()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE],
            env=os.environ | {"THAW_HOME": str(tmp_path)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=400) for process in both]
    expected = load("openmoji_animals_food").train.images.sum()
    assert [out.strip() for out, _ in said] == [str(expected)] * 2, said
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "1.0.0"]


def test_a_home_that_cannot_be_written_is_told_in_words(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"could not be prepared in .*: .*Not a directory"):
        load("openmoji_animals_food")


@pytest.mark.thorough
def test_the_committed_samples_are_test_images_of_their_datasets():
    for dataset in ("openmoji_animals_food", "elpv"):
        found = list(export_samples.differences(DATASETS[dataset], samples.FOLDER / dataset))
        assert found == []


def test_a_sample_that_was_changed_or_lost_is_found(tmp_path):
    spec = DATASETS["openmoji_animals_food"]
    shutil.copytree(samples.FOLDER / spec.id, tmp_path / "samples")
    (tmp_path / "samples" / "animal" / "01.png").unlink()
    (tmp_path / "samples" / "picture.png").unlink()
    Image.new("RGB", (96, 96)).save(tmp_path / "samples" / "food" / "12.png")
    (tmp_path / "samples" / "food" / "13.png").write_bytes(b"")
    assert list(export_samples.differences(spec, tmp_path / "samples")) == [
        f"{spec.id}/animal/01.png: missing",
        f"{spec.id}/food/13.png: not expected",
        f"{spec.id}/food/12.png: other pixels",
        f"{spec.id}/picture.png: missing",
    ]


# --- Datasets that download -----------------------------------------------------------------------


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Without a network: the addresses that were tried, and in vain."""
    addresses: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], *_args: object, **_options: object) -> None:
        addresses.append(address)
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return addresses


@pytest.mark.parametrize("dataset", [spec.id for spec in DATASETS.values() if not spec.offline])
def test_without_a_network_a_dataset_is_refused_after_one_try(dataset, tried):
    """TFDS itself tries again and again, for 205 seconds."""
    with pytest.raises(DataError, match=f"^{dataset} has to be downloaded first") as error:
        load(dataset)
    assert 0 < len(tried) == len(set(tried))
    assert "openmoji_animals_food" in error.value.next_step


def test_a_network_that_never_answers_is_given_up(monkeypatch):
    the_end, answered = threading.Event(), []

    def never_answer(address: tuple[str, int], *_args: object, **_options: object) -> None:
        the_end.wait(PATIENCE_S)
        answered.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", never_answer)
    # tests/unit/images/test_download_status.py says how long it really is.
    monkeypatch.setattr(reachability, "PREFLIGHT_S", 0.1)
    try:
        with pytest.raises(DataError, match="cannot be reached"):
            load("cats_vs_dogs")
        assert answered == []
    finally:
        the_end.set()


def test_a_proxy_is_asked_in_place_of_the_host(monkeypatch):
    asked: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], _timeout: float) -> None:
        asked.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    with pytest.raises(DataError, match="cannot be reached"):
        load("cats_vs_dogs")
    assert asked == [("proxy.example", 3128)]


def test_a_disk_that_is_too_full_is_found_before_the_download(monkeypatch):
    monkeypatch.setattr(
        download_status.shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**9)
    )
    with pytest.raises(DataError, match=r"takes about 2\.7 GB .* and 1\.0 GB are free"):
        load("cats_vs_dogs")


def test_an_unknown_name_is_refused_with_close_ones_and_nobody_is_asked(tried):
    with pytest.raises(DataError, match="TFDS has no dataset called 'cat_vs_dogs'") as error:
        load("cat_vs_dogs")
    assert tried == []
    assert "cats_vs_dogs" in error.value.next_step


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ("imdb_reviews", "does not pair an image with a class"),
        ("eurosat/all", "does not pair an image with a class"),
        ("eurosat/gbr", "no configuration called 'gbr'"),
        ("imagenet2012", "has to be downloaded by hand"),
        ("../openmoji_animals_food", "TFDS has no dataset called"),
        ("", "TFDS has no dataset called ''"),
        ("images-0123456789ab", "not on this machine"),
    ],
)
def test_a_dataset_that_cannot_be_used_is_refused_in_words(dataset, words):
    with pytest.raises(DataError, match=words):
        load(dataset)


@pytest.mark.parametrize("spec", DATASETS.values(), ids=lambda spec: spec.id)
def test_the_registry_says_what_tfds_says(spec, tmp_path):
    builder = tfds.builder(spec.id, data_dir=tmp_path)
    assert str(builder.version) == spec.version
    names = builder.info.features["label"].names
    # The names of CIFAR-10 are in its archive.
    assert names == (list("0123456789") if spec.id == "cifar10" else list(spec.class_names))
    sizes = {url: info.size for url, info in (builder.url_infos or {}).items()}
    if spec.id == "eurosat":  # Its other configuration downloads another archive.
        sizes = {url: size for url, size in sizes.items() if url.endswith("/EuroSAT.zip")}
    assert spec.download_mb == -(-sum(sizes.values()) // 1_000_000)
    assert {urlsplit(url).hostname for url in sizes} == ({spec.host} if spec.host else set())


# --- One image ------------------------------------------------------------------------------------


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def painted(seed: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_every_format_and_mode_becomes_rgb(kind, mode):
    image = painted(1).convert(mode)
    if kind in ("JPEG", "WEBP") and mode in ("P", "1"):
        image = image.convert("RGB")
    pixels = images.decode(encoded(image, kind), 16)
    assert pixels.shape == (16, 16, 3)
    assert pixels.dtype == np.uint8
    assert 60 < pixels.mean() < 200


def test_the_camera_turned_sideways_is_turned_back():
    left_black = Image.new("RGB", (40, 40), "white")
    left_black.paste("black", (0, 0, 20, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # The camera was turned: to be shown, turn by 90 degrees clockwise.
    pixels = images.decode(encoded(left_black, "JPEG", exif=exif), 40)
    assert pixels[5, 20].max() < 10
    assert pixels[35, 20].min() > 245


def test_behind_what_is_transparent_is_white():
    assert (images.decode(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0))), 8) == 255).all()


def test_sixteen_bit_grey_keeps_its_shades():
    grey = Image.fromarray(np.full((8, 8), 128 * 256, np.uint16))
    assert (images.decode(encoded(grey), 8) == 128).all()


def test_cmyk_photographs_become_rgb():
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    pixel = images.decode(encoded(red, "JPEG"), 8)[4, 4]
    assert pixel[0] > 200
    assert pixel[1] < 60


def test_of_an_animation_the_first_frame_counts():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert tuple(images.decode(data, 8)[4, 4]) == (255, 0, 0)


def test_a_photograph_is_stretched_to_a_square():
    wide = Image.new("RGB", (60, 20), "black")
    wide.paste("white", (30, 0, 60, 20))
    pixels = images.decode(encoded(wide), 20)
    assert pixels[:, :9].max() == 0
    assert pixels[:, 11:].min() == 255


def test_forty_megapixels_are_the_limit(monkeypatch):
    assert images.MAX_PIXELS == 40_000_000
    monkeypatch.setattr(images, "MAX_PIXELS", 1_200)
    assert images.decode(encoded(painted(1, (40, 30))), 8).shape == (8, 8, 3)
    with pytest.raises(ValueError, match="more than 0 megapixels"):
        images.decode(encoded(painted(1, (40, 31))), 8)


# --- A folder of images ---------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of twelve images."""
    for label, name in enumerate(("cats", "dogs")):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(12):
            data = encoded(painted(100 * label + number), "JPEG")
            (tmp_path / "images" / name / f"{number:02}.jpg").write_bytes(data)
    return tmp_path / "images"


def load_folder(folder: Path, num_images: int = 10) -> pipeline.LoadedData:
    return load(pipeline.describe_folder(folder).dataset, num_images, folder=folder)


def test_a_folder_holds_a_class_in_each_folder(folder):
    found = pipeline.describe_folder(folder)
    assert found.class_names == ("cats", "dogs")
    assert found.num_images == 24
    assert found.max_train_images == 16
    assert found.files[:2] == ("cats/00.jpg", "cats/01.jpg")
    assert found.labels == (0,) * 12 + (1,) * 12
    assert found.left_out == ()
    assert found.dataset == f"images-{found.fingerprint[:12]}"


def test_the_images_of_a_folder_load_as_those_of_a_dataset_do(folder):
    data = load_folder(folder)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [10, 4, 4]
    by_pixels = {
        images.decode((folder / name / f"{number:02}.jpg").read_bytes(), 32).tobytes(): label
        for label, name in enumerate(("cats", "dogs"))
        for number in range(12)
    }
    for part in (data.train, data.validation, data.test):
        for image, label in zip(part.images, part.labels, strict=True):
            assert by_pixels[image.tobytes()] == label


def test_the_fingerprint_follows_names_and_bytes(folder):
    before = pipeline.describe_folder(folder).fingerprint
    assert pipeline.describe_folder(folder).fingerprint == before
    (folder / "cats" / "00.jpg").rename(folder / "cats" / "99.jpg")
    renamed = pipeline.describe_folder(folder).fingerprint
    (folder / "cats" / "01.jpg").write_bytes(encoded(painted(999), "JPEG"))
    changed = pipeline.describe_folder(folder).fingerprint
    assert len({before, renamed, changed}) == 3


# Of the committed samples, as the version c67504d described them.
FINGERPRINTS = {
    "openmoji_animals_food": "59c77f992742bc28d1ab01916a7c455fbc90fab7d317d32a3a9d871c2a5175e9",
    "elpv": "f1a9d14283ea89843eac5e179d6386ff306e5694e2adc373bd718b0ac67d72cc",
}


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_a_folder_of_plain_names_has_the_fingerprint_of_the_version_before(name):
    found = pipeline.describe_folder(samples.FOLDER / name)
    assert found.fingerprint == FINGERPRINTS[name]
    assert found.num_images == 24


def test_a_folder_that_has_changed_is_not_taken_for_the_one_asked_for(folder):
    dataset = pipeline.describe_folder(folder).dataset
    (folder / "cats" / "new.png").write_bytes(encoded(painted(999)))
    with pytest.raises(DataError, match="are not those this run was asked for"):
        load(dataset, 10, folder=folder)


HOSTILE = {
    "empty.jpg": (b"", "empty"),
    "text.jpg": (b"This is no image at all.", "not a JPEG, PNG, WebP, GIF, BMP or AVIF image"),
    "notes.txt": (b"Remember the milk.", "not a JPEG, PNG, WebP, GIF, BMP or AVIF image"),
    "drawing.svg": (b"<svg xmlns='x'/>", "not a JPEG, PNG, WebP, GIF, BMP or AVIF image"),
    "cut_off.jpg": (encoded(painted(5, (200, 200)), "JPEG")[:4_000], "damaged or cut off"),
    "cut_off.png": (encoded(painted(5, (200, 200)))[:4_000], "damaged or cut off"),
    "bomb.png": (png_claiming(100_000, 100_000), "more than 40 megapixels"),
    "large.png": (png_claiming(8_000, 5_001), "more than 40 megapixels"),
    "short.png": (png_claiming(2_000, 2_000), "damaged or cut off"),
    "signature.png": (b"\x89PNG\r\n\x1a\n", "damaged or cut off"),
    "tiff.jpg": (
        encoded(painted(6), "TIFF"),
        "a TIFF image or the raw file of a camera, which Thaw does not read: save it as JPEG",
    ),
    "copy.jpg": (encoded(painted(0), "JPEG"), "the same image as cats/00.jpg"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_used_is_left_out_and_named(folder, name):
    data, reason = HOSTILE[name]
    (folder / "dogs" / name).write_bytes(data)
    found = pipeline.describe_folder(folder)
    assert found.left_out == (f"dogs/{name}: {reason}",)
    assert found.num_images == 24


def test_a_run_goes_on_with_the_images_that_are_left(folder):
    for name, (data, _) in HOSTILE.items():
        (folder / "dogs" / name).write_bytes(data)
    data = load_folder(folder)
    assert len(data.left_out) == len(HOSTILE)
    assert len(data.test) == 4


def test_what_file_managers_leave_behind_is_not_mentioned(folder):
    (folder / "__MACOSX" / "cats").mkdir(parents=True)
    (folder / "__MACOSX" / "cats" / "._00.jpg").write_bytes(b"junk")
    (folder / ".git").mkdir()
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._00.jpg"):
        (folder / name).write_bytes(b"junk")
        (folder / "cats" / name).write_bytes(b"junk")
    found = pipeline.describe_folder(folder)
    assert found.left_out == ()
    assert found.class_names == ("cats", "dogs")


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need POSIX")
def test_links_and_pipes_are_never_opened(folder, tmp_path):
    outside = tmp_path / "secret.png"
    outside.write_bytes(encoded(painted(77)))
    (folder / "cats" / "link.png").symlink_to(outside)
    (folder / "more").symlink_to(folder / "cats")
    os.mkfifo(folder / "cats" / "pipe.png")
    found = pipeline.describe_folder(folder)
    assert found.left_out == (
        "more: a link, which is not followed",
        "cats/link.png: a link, which is not followed",
        "cats/pipe.png: not a file",
    )
    assert found.said == (
        "1 folder was left out: more: a link, which is not followed. 2 files were left out, the "
        "first of them cats/link.png: a link, which is not followed.",
    )


def test_what_does_not_belong_to_a_class_is_named(folder):
    (folder / "loose.png").write_bytes(encoded(painted(77)))
    (folder / "notes").mkdir()
    (folder / "notes" / "read me.txt").write_text("text")
    (folder / ".hidden").mkdir()
    (folder / "cats" / "kittens").mkdir()
    (folder / "cats" / "kittens" / "one.png").write_bytes(encoded(painted(78)))
    assert pipeline.describe_folder(folder).left_out == (
        ".hidden: hidden, because its name begins with a dot",
        "notes: no usable image in it",
        "cats/kittens/one.png: in a folder inside that of a class",
        "loose.png: not in the folder of a class",
    )


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="such names need Linux")
def test_names_that_would_break_a_line_are_taken_and_never_shown(folder):
    Path(os.fsdecode(os.fsencode(folder) + b"/cats/\xff.png")).write_bytes(encoded(painted(77)))
    (folder / "dogs" / "two\nlines.png").write_bytes(encoded(painted(78)))
    (folder / "dogs" / "two\nempty.png").touch()
    found = pipeline.describe_folder(folder)
    assert found.num_images == 26
    assert found.left_out == ("dogs/two?empty.png: empty",)
    assert len(load_folder(folder).test) == 4


def test_a_missing_folder_is_told_in_words(tmp_path):
    with pytest.raises(DataError, match=r"^There is no folder .*nowhere"):
        pipeline.describe_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("names", "words"), [((), "it holds none"), (("cats",), "it holds only 'cats'")]
)
def test_fewer_than_two_classes_are_refused(tmp_path, names, words):
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.png").write_bytes(encoded(painted(1)))
    with pytest.raises(DataError, match=f"at least 2 folders .* {words}") as error:
        pipeline.describe_folder(tmp_path)
    assert "directly inside it" in error.value.next_step


def test_fifty_classes_are_taken_and_fifty_one_refused(tmp_path):
    for label in range(51):
        (tmp_path / f"class_{label:02}").mkdir()
        for number in range(6):
            data = encoded(painted(100 * label + number, (4, 4)))
            (tmp_path / f"class_{label:02}" / f"{number}.png").write_bytes(data)
    with pytest.raises(DataError, match="holds 51 classes; Thaw trains on at most 50"):
        pipeline.describe_folder(tmp_path)
    (tmp_path / "class_50").rename(tmp_path / ".class_50")
    assert len(pipeline.describe_folder(tmp_path).class_names) == 50


def test_a_class_with_too_few_images_to_split_is_named(folder):
    (folder / "rare").mkdir()
    (folder / "rare" / "one.png").write_bytes(encoded(painted(77)))
    with pytest.raises(DataError, match="The class 'rare' has no image among the"):
        pipeline.describe_folder(folder)


def test_large_images_are_decoded_one_at_a_time(monkeypatch):
    monkeypatch.setattr(images, "LARGE_PIXELS", 1_000)
    small, large = encoded(painted(1, (20, 20))), encoded(painted(2, (40, 40)))
    decoded: list[tuple[int, ...]] = []

    def decode(data):
        decoded.append(images.decode(data, 8).shape)

    waiting = threading.Thread(target=decode, args=(large,))
    with images.opened(large):
        waiting.start()
        passing = threading.Thread(target=decode, args=(small,))
        passing.start()
        passing.join()
        waiting.join(0.2)
        assert len(decoded) == 1
    waiting.join()
    assert len(decoded) == 2
