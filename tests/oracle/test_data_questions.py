"""What a worker says of a dataset and of one image of it, found out in another way here."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib.core import backbones, datasets, splits
from lib.core.errors import DataError
from lib.core.images import inspection, training_images
from lib.core.images.inspection import Look
from lib.core.images.near_duplicates import ALIKE, COPY, SAME
from lib.core.maps import feature_maps
from lib.core.uploads import inbox, own_datasets, retention
from lib.tools import export_looks, export_training_images
from lib.training.answers import dataset as dataset_answers
from lib.training.answers import training_images as training_images_answer
from lib.training.images import decode
from lib.training.sources import own_dataset as making
from lib.training.sources import pipeline

OFFLINE = [spec for spec in datasets.DATASETS.values() if spec.offline]
OPENMOJI = datasets.get("openmoji_animals_food")
NETWORK = 224


def picture(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A picture unlike any of another seed: smooth, coloured, and of much contrast."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def own(pictures: Mapping[str, list[bytes]]) -> own_datasets.OwnDataset:
    """A dataset of a reader's own, as an upload makes it."""
    named = {
        name: [(f"{number:02d}", data) for number, data in enumerate(files)]
        for name, files in pictures.items()
    }
    made = own_datasets.get(making.prepare(inbox.pack(named), "0" * 64, "Mine"))
    assert made is not None
    return made


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thaw_home: Path) -> None:
    """Own datasets of each test apart; the prepared ones are those of the session."""
    monkeypatch.setattr(own_datasets, "root", lambda: tmp_path / "images")


def found_in(dataset: own_datasets.OwnDataset) -> Look:
    return Look.from_worker(dataset_answers.look(dataset.id, dataset.fingerprint))


# --- A look -------------------------------------------------------------------------------


def test_what_ships_of_the_drawings_is_what_a_worker_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "DATASETS", {OPENMOJI.id: OPENMOJI})
    assert export_looks.main(["--check"]) == 0


@pytest.mark.thorough
def test_what_ships_is_what_a_worker_finds() -> None:
    assert export_looks.main(["--check"]) == 0


@pytest.mark.thorough
def test_all_training_images_that_ship_are_those_of_a_run() -> None:
    assert export_training_images.main(["--check"]) == 0


def test_the_training_images_that_ship_are_those_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "DATASETS", {OPENMOJI.id: OPENMOJI})
    assert export_training_images.main(["--check"]) == 0
    which = (OPENMOJI.id, OPENMOJI.fingerprint, 30, 1)
    shipped = training_images.shipped(*which)
    asked = training_images_answer.some(*which)
    train = splits.split(dataset_answers.labels(*which[:2])["labels"], 30, 1).train
    assert set(shipped) <= set(train.tolist())
    assert set(asked) <= set(train.tolist())
    assert len(asked) == 12


def test_the_check_notices_another_label(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = dataset_answers.look

    def other(dataset: str, fingerprint: str) -> dict[str, object]:
        said = truth(dataset, fingerprint)
        said["labels"] = 1 - said["labels"]
        return said

    monkeypatch.setattr(dataset_answers, "look", other)
    monkeypatch.setattr(datasets, "DATASETS", {OPENMOJI.id: OPENMOJI})
    assert export_looks.main(["--check"]) == 1


def test_labels_are_those_a_run_is_split_by() -> None:
    said = dataset_answers.labels(OPENMOJI.id, OPENMOJI.fingerprint)
    run = pipeline.load_data(OPENMOJI.id, num_images=30, image_size=32, seed=5)
    parts = splits.split(said["labels"], 30, 5)
    for name in ("train", "validation", "test"):
        part = getattr(run, name)
        assert getattr(parts, name).tolist() == part.indices.tolist()
        assert said["labels"][part.indices].tolist() == part.labels.tolist()


def test_copies_are_told_from_pictures_that_look_alike() -> None:
    first, second, third = picture(1), picture(2), picture(3)
    pictures = {
        "ant": [saved(picture(seed)) for seed in range(10, 20)],
        "bee": [saved(picture(seed)) for seed in range(20, 30)],
    }
    pictures["ant"] += [saved(first), saved(second), saved(third, "JPEG", quality=95)]
    # The same picture in another file, smaller, and saved with loss.
    half = second.resize((80, 60), Image.Resampling.BILINEAR)
    pictures["bee"] += [saved(first, "JPEG", quality=60), saved(half), saved(picture(4))]
    dataset = own(pictures)
    found = found_in(dataset)
    copies = [pair for pair in found.pairs if pair.kind != ALIKE]
    # Ten of each come before them, class by class.
    assert {(pair.first, pair.second) for pair in copies} == {(10, 23), (11, 24)}
    assert {pair.kind for pair in copies} == {COPY}
    assert found.num_pairs.get(COPY) == 2


def test_the_same_pixels_are_called_so() -> None:
    # As a folder keeps them: two files whose bytes differ, of the same pixels.
    arrays = {0: picture(1), 1: picture(2), 2: picture(1)}
    encoded = {index: saved(image, compress_level=3 * index) for index, image in arrays.items()}
    small = {index: np.asarray(image.resize((96, 96))) for index, image in arrays.items()}
    source = decode.ImageSource(
        ("a", "b"),
        np.zeros(3, np.int64),
        lambda wanted: ((index, encoded[index]) for index in sorted(wanted)),
    )
    (pair,) = dataset_answers._pairs(source, small)
    assert (pair.first, pair.second, pair.distance, pair.kind) == (0, 2, 0, SAME)
    assert encoded[0] != encoded[2]


def test_no_picture_of_the_offline_datasets_comes_twice() -> None:
    for spec in OFFLINE:
        found = inspection.shipped(spec.id, spec.fingerprint)
        assert found is not None
        assert set(found.num_pairs) <= {ALIKE}


def test_sizes_and_counts_are_those_of_the_files() -> None:
    sizes = [(40 + 10 * number, 60) for number in range(8)]
    pictures = {
        "ant": [saved(picture(seed, size)) for seed, size in enumerate(sizes)],
        "bee": [saved(picture(50 + seed, (70, 70))) for seed in range(7)],
    }
    found = found_in(own(pictures))
    assert found.sizes.tolist() == [*map(list, sizes), *[[70, 70]] * 7]
    assert found.counts.tolist() == [8, 7]
    assert found.class_names == ("ant", "bee")
    assert found.is_all


def test_what_could_not_be_used_is_named() -> None:
    pictures = {
        "ant": [*[saved(picture(seed)) for seed in range(7)], b"no image", saved(picture(9))[:300]],
        "bee": [saved(picture(50 + seed)) for seed in range(7)],
    }
    found = found_in(own(pictures))
    assert found.counts.tolist() == [7, 7]
    assert len(found.left_out) == 2
    assert all("ant" in line for line in found.left_out)


def test_an_image_that_is_damaged_on_disk_is_left_out_and_the_rest_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded = [saved(picture(seed)) for seed in range(6)]
    encoded[4] = encoded[4][:200]
    source = decode.ImageSource(
        ("a", "b"), np.arange(6) % 2, lambda wanted: ((at, encoded[at]) for at in sorted(wanted))
    )
    monkeypatch.setattr(dataset_answers, "_source", lambda dataset, fingerprint: source)
    found = Look.from_worker(dataset_answers.look("elpv", ""))
    assert found.looked_at.tolist() == [0, 1, 2, 3, 5]
    assert found.left_out == ("image 4: damaged or cut off",)


def test_of_a_large_dataset_a_sample_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        inspection, "sample", lambda num_images, count=40: frozenset(range(0, 240, 6))
    )
    found = Look.from_worker(dataset_answers.look(OPENMOJI.id, OPENMOJI.fingerprint))
    assert len(found.looked_at) == 40
    assert not found.is_all
    assert len(found.labels) == 240


# --- One image ----------------------------------------------------------------------------


def test_an_image_of_a_dataset_is_shown_as_it_is_and_as_a_run_sees_it() -> None:
    said = dataset_answers.pipeline(OPENMOJI.id, OPENMOJI.fingerprint, 3, b"", 96, 0)
    run = pipeline.load_data(OPENMOJI.id, num_images=160, image_size=96, seed=0)
    parts = (run.train, run.validation, run.test)
    (expected,) = (
        part.images[place] for part in parts for place in np.flatnonzero(part.indices == 3)
    )
    assert np.array_equal(said["pixels"], expected)
    assert np.array_equal(decoded(said["stretched"]), expected)
    assert (said["kind"], said["size"], said["shape"]) == (
        "PNG, RGB, with transparency",
        (224, 224),
        (224, 224, 4),
    )
    assert (said["dtype"], said["low"], said["high"]) == ("uint8", 0, 255)
    assert said["label"] == dataset_answers.labels(OPENMOJI.id, "")["labels"][3]


def test_the_three_ways_of_resizing_are_what_they_are_called() -> None:
    # Left half red, right half blue, a green line at both ends.
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:, :150, 0], pixels[:, 150:, 2] = 255, 255
    pixels[:, :20] = pixels[:, -20:] = (0, 255, 0)
    said = dataset_answers.pipeline(
        OPENMOJI.id, OPENMOJI.fingerprint, 0, saved(Image.fromarray(pixels)), 60, 0
    )
    ways = {way: decoded(said[way]) for way in ("stretched", "cropped", "padded")}
    assert {array.shape for array in ways.values()} == {(60, 60, 3)}
    green = {way: np.all(array == (0, 255, 0), axis=-1).any() for way, array in ways.items()}
    assert green == {"stretched": True, "cropped": False, "padded": True}
    # A third of the height is picture, the rest is empty.
    empty = np.all(ways["padded"] == 0, axis=(1, 2))
    assert empty.tolist() == [True] * 20 + [False] * 20 + [True] * 20
    assert (said["label"], said["size"]) == (-1, (300, 100))


def test_draws_are_those_of_the_layers_and_of_the_seed() -> None:
    first, again, other = (
        [
            decoded(draw)
            for draw in dataset_answers.pipeline(OPENMOJI.id, "", 0, b"", 64, seed)["augmented"]
        ]
        for seed in (1, 1, 2)
    )
    assert len(first) == dataset_answers.NUM_DRAWS
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert len({draw.tobytes() for draw in first}) == len(first)


@pytest.mark.parametrize("index", [-1, 240])
def test_an_image_that_is_not_there_is_one_sentence(index: int) -> None:
    with pytest.raises(DataError, match=f"There is no image {index} in this dataset"):
        dataset_answers.pipeline(OPENMOJI.id, OPENMOJI.fingerprint, index, b"", 64, 0)


def test_bytes_that_are_no_image_are_one_sentence() -> None:
    with pytest.raises(DataError, match="This image cannot be used"):
        dataset_answers.pipeline(OPENMOJI.id, OPENMOJI.fingerprint, 0, b"no image", 64, 0)


@pytest.mark.parametrize("question", [dataset_answers.labels, dataset_answers.look])
def test_nothing_is_downloaded_for_a_question(question) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match="is not on this machine yet"):
        question("tf_flowers", "tf_flowers/3.0.1")


def test_images_that_were_deleted_are_not_remembered() -> None:
    pictures = {
        name: [saved(picture(seed)) for seed in range(start, start + 7)]
        for name, start in (("ant", 0), ("bee", 50))
    }
    dataset = own(pictures)
    assert len(dataset_answers.labels(dataset.id, dataset.fingerprint)["labels"]) == 14
    retention.delete(dataset.id, "0" * 64)
    with pytest.raises(DataError, match="These images are not on this machine"):
        dataset_answers.labels(dataset.id, dataset.fingerprint)


@pytest.mark.thorough
def test_preprocessing_twice_changes_what_a_network_says() -> None:
    cat = feature_maps.examples()["cat"].picture()
    said = dataset_answers.preprocessed_twice(OPENMOJI.id, OPENMOJI.fingerprint, 0, cat)
    maps = feature_maps.load("cat", (NETWORK, NETWORK))
    assert said["once"][0] == maps.top()[0]
    assert said["once"][1] == pytest.approx(float(maps.probabilities.max()), abs=1e-3)
    assert said["twice"][0] != said["once"][0]
    assert said["twice"][1] < 0.1 < said["once"][1]
    assert said["asked"] == dataset_answers.NUM_ASKED_TWICE
    assert 0.9 * said["asked"] <= said["changed"] <= said["asked"]
    assert 1 <= said["common"][1] <= said["asked"]
    # What the page says of the range.
    how = backbones.get("efficientnet_lite0").preprocessing
    twice = how.apply(how.apply(np.array([0, 255])[:, np.newaxis].repeat(3, axis=1)))
    assert (twice.min(), twice.max()) == pytest.approx((-0.99994, -0.98438), abs=1e-5)


def odd_images() -> dict[str, tuple[bytes, tuple[int, int], str]]:
    """Name -> a file, its size upright, and the type of what is stored."""
    base = picture(1, (60, 40))
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = Image.fromarray((np.arange(2_400, dtype=np.uint16) * 27).reshape(40, 60))
    made = {
        "grey": (saved(base.convert("L")), (60, 40), "uint8"),
        "palette": (saved(base.convert("P")), (60, 40), "uint8"),
        "black and white": (saved(base.convert("1")), (60, 40), "bool"),
        "transparent": (saved(base.convert("RGBA")), (60, 40), "uint8"),
        "CMYK": (saved(base.convert("CMYK"), "JPEG"), (60, 40), "uint8"),
        "GIF": (saved(base, "GIF"), (60, 40), "uint8"),
        "BMP": (saved(base, "BMP"), (60, 40), "uint8"),
        "WebP": (saved(base, "WEBP"), (60, 40), "uint8"),
        "16 bits": (saved(deep), (60, 40), "uint16"),
        "one pixel": (saved(picture(1, (1, 1))), (1, 1), "uint8"),
        "long": (saved(picture(1, (3_000, 2))), (3_000, 2), "uint8"),
    }
    file = io.BytesIO()
    base.save(file, "JPEG", exif=turned)
    return made | {"turned": (file.getvalue(), (40, 60), "uint8")}


@pytest.mark.parametrize("name", odd_images())
def test_odd_images_go_through_the_pipeline_as_training_sees_them(name: str) -> None:
    data, size, dtype = odd_images()[name]
    said = dataset_answers.pipeline(OPENMOJI.id, OPENMOJI.fingerprint, 0, data, 32, 0)
    assert (said["size"], said["dtype"]) == (size, dtype)
    assert np.array_equal(said["pixels"], decode.decode(data, 32))
    assert {decoded(said[way]).shape for way in ("cropped", "padded")} == {(32, 32, 3)}
    width, height = decoded(said["preview"]).shape[1::-1]
    assert max(width, height) <= dataset_answers.PREVIEW_SIZE
    assert said["low"] <= said["high"]


@pytest.mark.parametrize("cut", [0, 1, 30, 200, 1_000])
def test_a_file_that_is_cut_off_is_one_sentence(cut: int) -> None:
    with pytest.raises(DataError, match="This image cannot be used"):
        dataset_answers.pipeline(
            OPENMOJI.id, OPENMOJI.fingerprint, 0, saved(picture(1))[:cut] or b"x", 32, 0
        )


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_of_too_many_pixels_is_one_sentence_and_quick() -> None:
    huge = saved(Image.new("1", (10_000, 10_000)))
    with pytest.raises(DataError, match="more than 40 megapixels"):
        dataset_answers.pipeline(OPENMOJI.id, OPENMOJI.fingerprint, 0, huge, 32, 0)
