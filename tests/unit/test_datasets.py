"""The dataset registry is complete and consistent, and so are its sample images."""

import re

import pytest

from lib.core import datasets
from lib.core.errors import ConfigError
from lib.core.images import samples

every_dataset = pytest.mark.parametrize("spec", datasets.DATASETS.values(), ids=lambda s: s.id)

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Of one dataset.
MAX_SAMPLE_BYTES = 500_000


@every_dataset
def test_a_dataset_is_registered_under_its_own_id_with_every_field_filled(spec):
    assert datasets.DATASETS[spec.id] is spec
    for field in ("title", "licence", "attribution", "source", "about"):
        assert getattr(spec, field).strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", spec.version)


@every_dataset
def test_class_names_are_distinct_and_at_least_two(spec):
    assert spec.num_classes == len(set(spec.class_names)) >= 2


@every_dataset
def test_a_dataset_is_either_offline_or_says_what_it_downloads(spec):
    assert spec.offline == (spec.download_mb == 0)


def test_the_first_dataset_needs_no_network():
    assert next(iter(datasets.DATASETS.values())).offline


def test_the_version_is_part_of_the_fingerprint():
    assert datasets.get("openmoji_animals_food").fingerprint == "openmoji_animals_food/1.0.0"


def test_openmoji_leaves_160_training_images_and_elpv_1483():
    assert datasets.get("openmoji_animals_food").max_train_images == 160
    assert datasets.get("elpv").max_train_images == 1_483


def test_an_unknown_dataset_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="no dataset called 'cat_vs_dogs'") as error:
        datasets.get("cat_vs_dogs")
    assert "cats_vs_dogs" in error.value.next_step


@every_dataset
def test_offline_datasets_and_no_others_have_twelve_samples_of_each_class(spec):
    paths = samples.sample_paths(spec.id)
    if not spec.offline:
        assert paths == {}
        return
    assert tuple(paths) == spec.class_names
    for files in paths.values():
        assert len(files) == 12
        assert all(path.read_bytes().startswith(PNG_SIGNATURE) for path in files)


def test_no_path_leads_out_of_the_samples():
    assert samples.sample_paths("../layer_tables") == {}


def test_the_samples_of_a_dataset_are_small_and_name_their_makers():
    for spec in datasets.DATASETS.values():
        if spec.offline:
            text = (samples.FOLDER / spec.id / "ATTRIBUTION.txt").read_text("utf-8")
            files = [path for path in (samples.FOLDER / spec.id).rglob("*") if path.is_file()]
            assert 0 < sum(path.stat().st_size for path in files) < MAX_SAMPLE_BYTES
            assert spec.attribution in text
            assert spec.licence in text
