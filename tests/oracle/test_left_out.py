"""Whatever of a reader's is left out or changed, the reader is told (docs/decisions/0010)."""

import io
import os
import stat
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lib.code import keras_run
from lib.core import runs
from lib.core.errors import DataError
from lib.core.uploads import inbox, own_datasets
from lib.core.uploads.own_datasets import OwnDataset
from lib.training import run, task
from lib.training.answers import take_home
from lib.training.sources import folder as image_folder
from lib.training.sources import own_dataset, pipeline, zip_reader
from tests.oracle.test_archive import written_by_windows

ROOT = Path(__file__).parents[2]
DECISION = (ROOT / "docs/decisions/0010-what-is-left-out.md").read_text("utf-8")
UPLOADS = ROOT / "tests/data/uploads"
ANNA = own_datasets.hashed("key of Anna")
Files = Mapping[str, bytes]


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))


def png(seed: int, side: int = 24) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def pictures(*folders: str, num: int = 12) -> dict[str, bytes]:
    return {
        f"{folder}/{number:02d}.png": png(100 * place + number)
        for place, folder in enumerate(folders)
        for number in range(num)
    }


def huge() -> bytes:
    file = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(file, "PNG")
    return file.getvalue()


GOOD = pictures("cat", "dog")
IN_PARTS = pictures("train/cat", "train/dog", "val/cat", "val/dog")
# What a reader has besides two classes of images, or instead -> the words of the decision.
SAME: dict[str, tuple[Files, str]] = {
    "deeper": (GOOD | {"cat/young/1.png": png(990)}, "in a folder inside that of a class"),
    "beside": (GOOD | {"1.png": png(990)}, "not in the folder of a class"),
    "no image": (GOOD | {"docs/read me.txt": b"text"}, "no usable image in it"),
    "a run": (
        GOOD | {"my_run/config.json": b"{}", "my_run/result.json": b"{}"},
        "the folder of a run of Thaw",
    ),
    "hidden": (GOOD | {".birds/1.png": png(990)}, "hidden, because its name begins with a dot"),
    "copy": (GOOD | {"dog/copy.png": GOOD["cat/00.png"]}, "the same image as"),
    "text": (GOOD | {"dog/notes.txt": b"text"}, "not a JPEG, PNG, WebP, GIF, BMP or AVIF image"),
    "format": (
        GOOD | {"dog/1.heic": b"\0\0\0 ftypheic"},
        "which Thaw does not read: save it as JPEG",
    ),
    "damaged": (GOOD | {"dog/cut.png": png(990)[:99]}, "damaged or cut off"),
    "empty": (GOOD | {"dog/empty.png": b""}, "empty"),
    "pixels": (GOOD | {"dog/huge.png": huge()}, "more than 40 megapixels"),
    "large": (GOOD | {"dog/large.png": bytes(3_000)}, "larger than"),
    "renamed": (pictures("cat", "c\u200bat", "dog"), "is called"),
    "around": (pictures("pets/cat", "pets/dog"), "The folders of the classes were found in"),
    "splits": (IN_PARTS, "The folders say which split an image is in"),
    "no test": (IN_PARTS, "a sixth of the training images is kept for that"),
    "in two": (
        IN_PARTS | {"train/cat/copy.png": IN_PARTS["val/cat/00.png"]},
        "in more than one split",
    ),
}


def link_and_file(link: zipfile.ZipInfo, kind: int) -> Callable[[zipfile.ZipFile], None]:
    link.create_system, link.external_attr = 3, (kind | 0o777) << 16
    return lambda archive: archive.writestr(link, "somewhere")


ONLY_ZIP: dict[str, tuple[Callable[[zipfile.ZipFile], None], str]] = {
    "link": (
        link_and_file(zipfile.ZipInfo("cat/link.png"), stat.S_IFLNK),
        "a link, which is not followed",
    ),
    "pipe": (link_and_file(zipfile.ZipInfo("cat/pipe.png"), stat.S_IFIFO), "not a file"),
    "suspicious": (
        lambda archive: archive.writestr("cat/1.bmp", bytes(300_000), zipfile.ZIP_DEFLATED),
        "unpacks to more than 100 times its size",
    ),
    "archive": (
        lambda archive: archive.writestr("cat/1.png", b"PK\x03\x04 and so on"),
        "an archive inside the archive, which is not opened",
    ),
    "compression": (
        lambda archive: archive.writestr("cat/1.png", png(990), zipfile.ZIP_LZMA),
        "packed in a way Thaw does not read",
    ),
}


def test_the_table_of_the_decision_names_each_and_nothing_else() -> None:
    table = [line.split("|")[2].strip() for line in DECISION.splitlines() if line.startswith("|")]
    made = {words for _, words in (*SAME.values(), *ONLY_ZIP.values())}
    assert set(table) - {"Words", "---"} == made


def saved(files: Files, folder: Path) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zipped(files: Files, also: Callable[[zipfile.ZipFile], None] = lambda _: None) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        also(archive)
    return content.getvalue()


def made_of(content: bytes, **choices: object) -> OwnDataset:
    upload = inbox.receive(io.BytesIO(content), ANNA)
    made = own_datasets.get(own_dataset.prepare(upload, ANNA, "pets", **choices))
    assert made
    assert made.num_left_out == len(made.left_out)
    return made


def told(made: OwnDataset) -> str:
    """What the page says of a dataset."""
    return "\n".join((*made.left_out, *made.said))


@pytest.fixture
def _small_limits(monkeypatch) -> None:
    """So that a large file need not be large."""
    monkeypatch.setattr(zip_reader, "MIN_SUSPICIOUS_BYTES", 200_000)
    for module in (image_folder, zip_reader):
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 400_000)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.usefixtures("_small_limits")
@pytest.mark.parametrize("name", SAME)
def test_a_folder_and_a_zip_tell_the_same(name: str, tmp_path, monkeypatch) -> None:
    files, words = SAME[name]
    if name == "large":
        for module in (image_folder, zip_reader):
            monkeypatch.setattr(module, "MAX_FILE_BYTES", 2_500)
    found = image_folder.describe_folder(saved(files, tmp_path / "images"))
    made = made_of(zipped(files), with_parts=True)
    assert words in told(made)
    assert found.left_out == made.left_out
    assert set(made.said) <= set(found.said)
    assert len([line for line in found.said if words in line]) == 1
    assert found.given == () or sum(made.num_given) == len(found.given)


@pytest.mark.usefixtures("_small_limits")
@pytest.mark.parametrize("name", ONLY_ZIP)
def test_what_only_a_zip_can_hold_is_told(name: str) -> None:
    also, words = ONLY_ZIP[name]
    assert words in told(made_of(zipped(GOOD, also)))


# --- On the command line --------------------------------------------------------------------------


@pytest.fixture
def trained(monkeypatch) -> list[Path]:
    """The folders that would have been trained on."""
    asked: list[Path] = []

    def train(config, report, *, folder, images):
        asked.append(images)
        return SimpleNamespace(result={"dataset": config.dataset})

    monkeypatch.setattr(task, "train", train)
    return asked


def command_line(images: Path, tmp_path: Path) -> int:
    asked = ["--backbone", "efficientnet_lite0", "--strategy", "feature_extraction"]
    return run.main([*asked, "--images", str(images), "--out", str(tmp_path / "run")])


def test_nothing_is_said_where_nothing_is_left_out(tmp_path, trained, capsys) -> None:
    assert command_line(saved(GOOD, tmp_path / "images"), tmp_path) == 0
    assert capsys.readouterr().err == ""


def test_folders_come_first_then_files_with_their_number_and_the_first_reason(
    tmp_path, trained, capsys
) -> None:
    more = {"dog/a.txt": b"text", "dog/b.png": b"", "docs/read me.txt": b"text"}
    assert command_line(saved(GOOD | more, tmp_path / "images"), tmp_path) == 0
    assert capsys.readouterr().err == (
        "1 folder was left out: docs: no usable image in it. 2 files were left out, the first of "
        "them dog/a.txt: not a JPEG, PNG, WebP, GIF, BMP or AVIF image.\n"
    )


def test_a_class_of_which_nothing_can_be_used_ends_the_command(tmp_path, trained, capsys) -> None:
    more = {f"bird/{number}.heic": b"\x00\x00\x00 ftypheic" for number in range(8)}
    with pytest.raises(SystemExit) as ended:
        command_line(saved(GOOD | more, tmp_path / "images"), tmp_path)
    assert ended.value.code == 2
    assert trained == []
    assert capsys.readouterr().err == (
        "Nothing in the folder of the class 'bird' can be used; the first file is bird/0.heic: a "
        "HEIC image, which Thaw does not read: save it as JPEG. Convert its images to JPEG or PNG, "
        "or take the folder out.\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links need POSIX")
def test_folders_that_are_links_are_refused_with_that_reason(tmp_path, trained, capsys) -> None:
    saved(GOOD, tmp_path / "real")
    (tmp_path / "links").mkdir()
    for name in ("cat", "dog"):
        os.symlink(tmp_path / "real" / name, tmp_path / "links" / name)
    with pytest.raises(SystemExit):
        command_line(tmp_path / "links", tmp_path)
    assert capsys.readouterr().err.endswith(
        "it holds none. 2 folders were left out, the first of them cat: a link, which is not "
        "followed. Put copies of the images in the place of the links.\n"
    )


MACOS = "cat/Screenshot 2024-01-0{} at 9.00.00\u202fAM.png"
PERSIAN = ("سیب\u200cزمینی", "هویج", "پیاز")


def test_names_of_macos_and_persian_names_are_taken(tmp_path) -> None:
    screenshots = {MACOS.format(number): png(990 + number) for number in range(8)}
    found = image_folder.describe_folder(
        saved(screenshots | pictures("bird", "dog"), tmp_path / "screenshots")
    )
    assert found.class_names == ("bird", "cat", "dog")
    assert (found.left_out, found.said) == ((), ())
    files = pictures(*PERSIAN)
    found = image_folder.describe_folder(saved(files, tmp_path / "persian"))
    assert set(found.class_names) == set(PERSIAN)
    assert (found.left_out, found.said) == ((), ())
    made = made_of(zipped(files))
    assert set(made.class_names) == set(PERSIAN)
    assert told(made) == ""


# --- Folders that are splits ----------------------------------------------------------------------


def test_images_stay_in_the_split_that_their_folder_says(tmp_path) -> None:
    files = pictures("train/cat", "train/dog") | pictures("val/a", "val/b", num=0)
    files |= {
        f"{part}/{pet}/{n}.png": png(7_000 + 100 * i + 10 * j + n)
        for i, part in enumerate(("val", "test"))
        for j, pet in enumerate(("cat", "dog"))
        for n in range(4)
    }
    found = image_folder.describe_folder(saved(files, tmp_path / "images"))
    made = made_of(zipped(files), with_parts=True)
    assert found.max_train_images == made.max_train_images == 24
    assert made.num_given == (24, 8, 8)
    by_folder = pipeline.load_data(
        found.dataset, num_images=24, image_size=24, seed=1, folder=tmp_path / "images"
    )
    uploaded = pipeline.load_data(made.id, num_images=24, image_size=24, seed=1)
    for data in (by_folder, uploaded):
        sizes = [len(part) for part in (data.train, data.validation, data.test)]
        assert sizes == [24, 8, 8]
    parts = {"train": by_folder.train, "val": by_folder.validation, "test": by_folder.test}
    for part, images in parts.items():
        expected = {
            np.asarray(Image.open(io.BytesIO(data))).tobytes()
            for name, data in files.items()
            if name.startswith(part)
        }
        assert {image.tobytes() for image in images.images} == expected


def test_put_together_they_are_another_dataset_that_thaw_splits() -> None:
    given, mixed = (made_of(zipped(IN_PARTS), with_parts=choice) for choice in (True, False))
    assert given.fingerprint != mixed.fingerprint
    assert mixed.num_given == ()
    assert mixed.num_images == given.num_images == 48
    assert mixed.max_train_images == 32


def test_the_reader_is_asked_before_there_is_a_dataset() -> None:
    upload = inbox.receive(io.BytesIO(zipped(IN_PARTS)), ANNA)
    assert own_dataset.prepare(upload, ANNA, "pets") == ""
    assert inbox.question(upload) == inbox.Question(
        "pets", [], {"train": "training", "val": "validation"}
    )
    assert own_datasets.get(own_dataset.prepare(upload, ANNA, "pets", with_parts=True))
    assert inbox.question(upload) is None


# --- Uploads that readers had ---------------------------------------------------------------------

REAL = {
    "cards_12_each.zip": ("<18 yrs", ">18 yrs", "बिल्ला", "बिल्ली"),
    "long_names.zip": (
        "Animalia_Arthropoda_Insecta_Le...ymphalidae_Vanessa_atalanta",
        "Animalia_Arthropoda_Insecta_Le..._Nymphalidae_Vanessa_cardui",
        "Other",
    ),
    "one_blank_bmp.zip": ("cat", "dog"),
    "kaggle_archive.zip": ("daisy", "rose"),
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_upload_keeps_its_classes(name: str, tmp_path) -> None:
    content = (UPLOADS / name).read_bytes()
    made = made_of(content)
    assert set(made.class_names) == set(REAL[name])
    assert made.left_out == ()
    with zipfile.ZipFile(UPLOADS / name) as archive:
        archive.extractall(tmp_path / "images")
    found = image_folder.describe_folder(tmp_path / "images")
    assert set(found.class_names) == set(REAL[name])
    assert sum(made.counts) == found.num_images == len(archive.infolist())


@pytest.mark.parametrize(
    ("name", "encoding", "class_names"),
    [
        ("cp949_korean.zip", "cp949", ("강아지사진", "고양이사진")),
        ("shiftjis_5c.zip", "cp932", ("予防の写真", "表の写真一")),
    ],
)
def test_names_of_windows_are_guessed_and_the_reader_is_asked(name, encoding, class_names) -> None:
    content = (UPLOADS / name).read_bytes()
    upload = inbox.receive(io.BytesIO(content), ANNA)
    assert own_dataset.prepare(upload, ANNA, "pets") == ""
    question = inbox.question(upload)
    assert question
    (first, _, read), *others = question.encodings
    assert first == encoding
    assert others
    assert tuple(read) == class_names
    made = own_datasets.get(own_dataset.prepare(upload, ANNA, "pets", encoding=encoding))
    assert made
    assert made.class_names == class_names


def test_where_every_encoding_gives_the_same_classes_nobody_is_asked() -> None:
    files = {name.replace("/", "/фото "): data for name, data in GOOD.items()}
    made = made_of(written_by_windows(files, "cp866"))
    assert made.class_names == ("cat", "dog")


def test_a_refusal_names_the_first_reason_and_what_would_help() -> None:
    files = pictures("here/cat", "here/dog", "there/cat", "there/dog")
    with pytest.raises(DataError, match=r"first of them here/cat/00\.png: in a") as error:
        made_of(zipped(files))
    assert "directly holds one folder of images per class" in error.value.next_step


# --- From the upload to the script ----------------------------------------------------------------


@pytest.mark.parametrize("content", ["cards", "splits"])
def test_classes_keep_their_names_from_the_upload_to_the_script(
    content: str, tmp_path, monkeypatch
) -> None:
    if content == "cards":
        made = made_of((UPLOADS / "cards_12_each.zip").read_bytes())
    else:
        folders = [f"{part}/{name}" for part in ("train", "test") for name in ("C", "C++", "C#")]
        made = made_of(zipped(pictures(*folders)), with_parts=True)
    config = runs.make_config(
        dataset=made.id,
        data_fingerprint=made.fingerprint,
        max_train_images=made.max_train_images,
        num_images=12,
        image_size=32,
        strategy="feature_extraction",
    )
    data = pipeline.load_data(made.id, num_images=12, image_size=32, seed=config.seed)
    assert data.class_names == made.class_names
    saved(
        {f"images/{name}": data for name, data in take_home.split_images(config)},
        tmp_path / "taken",
    )
    last = runs.EpochRecord(1, "feature_extraction", 0.1, 0.9, 0.2, 0.9, 1e-3, 1.0)
    result = {"class_names": list(data.class_names), "test_accuracy": 0.9, "versions": {}}
    finished = runs.Run(runs.run_id(config), config, (last,), result, tmp_path)
    settings, images, *_ = keras_run.sections(finished)
    monkeypatch.chdir(tmp_path / "taken")
    names: dict[str, object] = {}
    exec(f"{settings.code}\n{images.code}", names)
    assert tuple(names["CLASS_NAMES"]) == made.class_names
    for split in ("train", "validation", "test"):
        part = getattr(data, split)
        assert np.array_equal(names[f"{split}_images"], part.images)
        assert np.array_equal(names[f"{split}_labels"], part.labels)
