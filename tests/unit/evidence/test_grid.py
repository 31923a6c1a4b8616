"""The recorded evidence is read whole, and is what its plan says."""

import json

import pytest

from lib.core import datasets
from lib.core.evidence import folds, grid
from lib.core.evidence.grid import EVERYTHING, HEAD, TOP, Line

# What all recorded evidence, old and new, may take.
MOST_BYTES = 8_000_000


def line(**changed):
    usual = {
        "way": HEAD,
        "num_images": 20,
        "seed": 0,
        "image_size": 128,
        "rate": 0.0,
        "l2": 0.01,
        "epochs": 0,
        "steps": 0,
        "core_s": 1.0,
        "validation": 0.9,
        "val_loss": 0.3,
        "answers": grid.packed([0, 1, 1]),
    }
    return Line(**usual | changed)


def write(folder, lines, dataset="elpv"):
    labels = [0, 1] * 8
    path = grid.file_of(dataset, folder=folder)
    path.parent.mkdir(parents=True)
    first = grid.head_line(dataset, grid.BACKBONE, labels, {"versions": {"keras": "3"}})
    path.write_text("".join(f"{each}\n" for each in (first, *lines)))
    return path


def test_a_line_survives_its_file(tmp_path):
    one = line(answers=grid.packed([1, 0, 1]))
    found = grid.read_file(write(tmp_path, [one.to_json()]))
    assert found.lines == (one,)
    assert found.dataset == "elpv"
    assert found.facts["versions"] == {"keras": "3"}
    assert found.labels.tolist() == [0, 1] * 8
    assert one.said.tolist() == [1, 0, 1]


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path):
    whole = line().to_json()
    assert len(grid.read_file(write(tmp_path, [whole, whole[:40]])).lines) == 1


def test_an_answer_is_right_where_it_is_the_label_of_its_test_image(tmp_path):
    found = grid.read_file(write(tmp_path, []))
    tested = found.test_images(0)
    said = found.labels[tested].copy()
    said[0] = 1 - said[0]
    right = found.correct(line(answers=grid.packed(said)))
    assert right.tolist() == [False] + [True] * (len(tested) - 1)


def test_each_run_has_the_rate_that_its_own_validation_images_prefer(tmp_path):
    tried = [
        line(way=TOP, rate=1e-3, val_loss=0.5),
        line(way=TOP, rate=1e-4, val_loss=0.2),
        line(way=TOP, rate=1e-3, val_loss=0.1, seed=1),
        line(way=TOP, rate=1e-4, val_loss=0.3, seed=1),
        # A single rate was tried so far.
        line(way=TOP, rate=1e-3, val_loss=0.1, seed=2),
        # Neither another number of images nor another size counts.
        line(way=TOP, rate=1e-5, val_loss=0.01, num_images=50),
        line(way=TOP, rate=1e-5, val_loss=0.01, image_size=224),
    ]
    found = grid.read_file(write(tmp_path, [each.to_json() for each in tried]))
    assert {seed: each.rate for seed, each in found.seeds(TOP, 20).items()} == {0: 1e-4, 1: 1e-3}
    assert (found.rate(TOP, 20, 0), found.rate(TOP, 20, 1), found.rate(TOP, 20, 2)) == (
        1e-4,
        1e-3,
        0,
    )
    assert list(found.seeds(TOP, 20, rate=1e-3)) == [0, 1, 2]
    assert found.rate(EVERYTHING, 20, 0) == 0


# --- What ships -----------------------------------------------------------------------------------


@pytest.fixture(
    scope="module", params=grid.read(), ids=lambda each: f"{each.backbone} {each.dataset}"
)
def recorded(request):
    return request.param


def test_the_labels_of_a_dataset_are_those_of_its_registry(recorded):
    spec = datasets.get(recorded.dataset)
    assert set(recorded.labels) == set(range(spec.num_classes))
    if recorded.dataset != grid.PHOTOGRAPHS:
        assert len(recorded.labels) == spec.num_images


def test_every_run_answers_every_image_of_its_fold_once(recorded):
    assert len(recorded.by_key) == len(recorded.lines)
    for each in recorded.lines:
        assert len(each.said) == len(recorded.test_images(each.seed))
        assert set(each.said) <= set(recorded.labels)


def test_heads_are_recorded_for_every_number_of_images_and_ten_seeds(recorded):
    if recorded.backbone != grid.BACKBONE:
        pytest.skip("Only part of the grid is recorded with another backbone.")
    for number in grid.SIZES[recorded.dataset]:
        assert tuple(recorded.seeds(HEAD, number)) == grid.SEEDS


def test_thawed_runs_are_of_at_least_128_pixels_and_start_from_a_recorded_head(recorded):
    for each in recorded.lines:
        if each.way in (HEAD, grid.SCRATCH):
            continue
        assert each.image_size >= 128
        head = recorded.by_key[HEAD, each.num_images, each.seed, each.image_size, 0.0]
        assert each.l2 == head.l2
        assert each.rate in grid.RATES


@pytest.mark.parametrize("dataset", grid.SIZES)
def test_the_most_images_are_left_beside_the_fold(dataset):
    spec = datasets.get(dataset)
    number = 1_600 if dataset == grid.PHOTOGRAPHS else spec.num_images
    assert max(grid.SIZES[dataset]) <= folds.most_images(number)
    assert set(grid.THAWED_SIZES[dataset]) <= set(grid.SIZES[dataset])
    assert min(grid.SIZES[dataset]) == 5 * spec.num_classes


def test_all_evidence_is_smaller_than_eight_megabytes():
    folder = grid.FOLDER.parent
    files = [*grid.FOLDER.rglob("*"), *(folder / "evidence").rglob("*")]
    assert sum(path.stat().st_size for path in files if path.is_file()) < MOST_BYTES


def test_a_line_has_no_more_than_its_fields():
    assert set(json.loads(line().to_json())) == set(Line.__dataclass_fields__)
