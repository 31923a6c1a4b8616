"""Drawings of datasets: one for each that is downloaded, the same at every visit."""

from xml.etree import ElementTree

import pytest

from lib.core.datasets import DATASETS
from lib.figures.svg import dataset_pictures

DOWNLOADED = [id_ for id_, spec in DATASETS.items() if not spec.offline]


def test_every_dataset_that_is_downloaded_has_a_drawing_and_no_other() -> None:
    assert sorted(dataset_pictures.known()) == sorted(DOWNLOADED)


@pytest.mark.parametrize("id_", DOWNLOADED)
def test_a_drawing_is_eight_tiles_that_differ_and_stay_the_same(id_: str) -> None:
    picture = dataset_pictures.svg(id_)
    assert picture.count("<svg x=") == 8
    drawn = [ElementTree.tostring(tile) for tile in ElementTree.fromstring(picture)]
    assert len(set(drawn)) == 8
    assert dataset_pictures.svg(id_) == picture
