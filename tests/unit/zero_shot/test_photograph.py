"""What is made of a worker's answer about the reader's own photograph."""

import numpy as np
import pytest

from lib.core.zero_shot import animals, classifier
from lib.ui.zero_shot import photograph


def answer(index: int, logit: float = 20.0) -> photograph.Photograph:
    """As lib.training.answers.imagenet.feature_map answers where one class is certain."""
    logits = np.zeros(1000, np.float32)
    logits[index] = logit
    return photograph.from_worker({"image": np.zeros((2, 2, 3), np.uint8), "logits": logits})


def test_the_logits_are_those_of_the_animals_in_their_order() -> None:
    zebra = animals.ANIMALS["zebra"]
    found = answer(zebra.index)
    assert found.logits.shape == (len(animals.ANIMALS),)
    assert int(found.logits.argmax()) == list(animals.ANIMALS).index("zebra")
    assert found.picture.startswith("data:image/png;base64,")
    assert found.in_words().endswith("sees zebra in it (100%).")


def test_an_image_that_is_no_animal_is_said_to_be_none() -> None:
    words = answer(967).in_words()
    assert "sees espresso in it" in words
    assert "It is probably no animal" in words


def test_a_photograph_is_the_last_of_the_ranking() -> None:
    found = answer(animals.ANIMALS["zebra"].index)
    rows = found.fold(0).trained
    assert len(rows) == len(classifier.logits()) + 1
    assert rows[-1].max() == pytest.approx(0)
