"""How far each depth carries: the stored measurements and what follows from them."""

import json
from dataclasses import replace

import pytest

from lib.core import datasets
from lib.core.errors import StoreError
from lib.core.features import image_map, probes
from lib.core.features.probes import Probe, Probes
from lib.ui.features import words

BLOCKS = ("stem", *(f"block_{n}" for n in range(16)), "top")


def of(correct: list[int], *, only: dict[int, int] | None = None) -> Probes:
    """Measurements of 100 images; by default the worse head is right about nothing of its own."""
    last = correct[-1]
    rows = []
    for place, (block, count) in enumerate(zip(BLOCKS, correct, strict=True)):
        own = (only or {}).get(place, max(0, count - last))
        rows.append(Probe(block, count, own, own - (count - last), 250))
    return Probes("toy", "", (50, 50), tuple(rows))


def test_the_numbers_of_every_measured_dataset_fit_its_map() -> None:
    measured = set(probes.shipped()) & set(image_map.names())
    assert measured == {spec.id for spec in datasets.DATASETS.values() if spec.offline}
    for name in measured:
        found, made = probes.shipped()[name], image_map.load(name)
        assert found.fingerprint == datasets.get(name).fingerprint
        assert len(made.labels) == found.num_images
        near = [found.neighbours(row) for row in found.rows]
        assert near == pytest.approx(made.neighbours, abs=1e-5)


def test_classes_come_apart_with_the_depth_on_all_shipped_images() -> None:
    for found in probes.shipped().values():
        assert found.share(found.rows[-1]).low > found.share(found.rows[0]).value
        assert found.neighbours(found.rows[-1]) > found.neighbours(found.rows[0])


def test_the_best_depth_is_the_last_of_several() -> None:
    assert of([60] * 17 + [70]).best == 17
    assert of([60] * 12 + [70] * 6).best == 17
    assert of([60] * 8 + [90] + [70] * 9).best == 8


def test_enough_is_the_first_depth_whose_interval_reaches_the_best_accuracy() -> None:
    # 90 of 100 has an interval up to 0.945, and 85 of 100 one up to 0.907.
    assert of([50] * 5 + [84, 85] + [90] * 11).enough == 6
    assert of([50] * 5 + [84, 84] + [90] * 11).enough == 7


def test_the_sentence_names_the_middle_only_if_it_is_better() -> None:
    assert "at the end of the network" in words.finding(of([60] * 17 + [70]))
    sure = words.finding(of([60] * 8 + [95] + [70] * 9))
    assert "the middle is better than the top" in sure
    assert "after block 7" in sure
    chance = words.finding(of([60] * 8 + [71] + [70] * 9, only={8: 10}))
    assert "within chance" in chance
    assert "can start at layer 69" in words.meaning(of([60] * 8 + [95] + [70] * 9))


@pytest.mark.parametrize(
    ("change", "words_"),
    [
        ({"class_counts": (0, 0)}, "images of some classes"),
        ({"rows": ()}, "Expected the depths"),
    ],
)
def test_impossible_measurements_are_refused(change: dict, words_: str) -> None:
    with pytest.raises(ValueError, match=words_):
        replace(of([60] * 18), **change)


def test_impossible_counts_are_refused_and_a_damaged_file_is_one_sentence(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = probes.to_dict(of([60] * 18))
    assert probes.to_dict(probes.parse(json.loads(json.dumps(sound)))) == sound
    for field, value in (("correct", 101), ("only", 5), ("neighbours", 501)):
        broken = json.loads(json.dumps(sound))
        broken["rows"][3][field] = value
        with pytest.raises(StoreError, match="cannot be used"):
            probes.parse(broken)
    monkeypatch.setattr(probes, "FILE", tmp_path / "probes.json")
    probes.shipped.cache_clear()
    with pytest.raises(StoreError, match="missing or damaged"):
        probes.shipped()
    probes.shipped.cache_clear()
