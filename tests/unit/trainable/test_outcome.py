"""Two outcomes agree if the same arrays moved, equally far, and the other numbers are equal."""

from dataclasses import replace

import pytest

from lib.core.trainable.outcome import Array, Outcome, same

KERNEL = Array("base/first/kernel", 4, 0.1, True)
MEAN = Array("base/bn/moving_mean", 4, 0.2, False)
HERE = Outcome("3.15.1", (KERNEL, MEAN), {"steps": 3, "loss_1": 2.0, "epochs": (0, 1)})


def test_an_outcome_survives_being_sent() -> None:
    assert Outcome.from_dict(HERE.to_dict()) == HERE


def test_the_version_of_keras_and_the_last_digits_do_not_matter() -> None:
    other = replace(HERE, keras="4.0", arrays=(replace(KERNEL, moved=0.10001), MEAN))
    assert same(HERE, other)


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, arrays=(replace(KERNEL, moved=0.0), MEAN)),
        replace(HERE, arrays=(replace(KERNEL, moved=0.2), MEAN)),
        replace(HERE, arrays=(replace(KERNEL, trainable=False), MEAN)),
        replace(HERE, arrays=(KERNEL,)),
        replace(HERE, facts={**HERE.facts, "steps": 4}),
        replace(HERE, facts={**HERE.facts, "epochs": (0, 1, 1)}),
        replace(HERE, facts={**HERE.facts, "loss_1": "none"}),
        replace(HERE, facts={}),
    ],
)
def test_anything_else_matters(other: Outcome) -> None:
    assert not same(HERE, other)
    assert not same(other, HERE)


def test_a_moving_mean_is_a_statistic_and_a_kernel_is_none() -> None:
    assert MEAN.is_statistic
    assert not KERNEL.is_statistic


def test_what_moved_is_found_by_the_beginning_of_its_name() -> None:
    still = Outcome("3", (replace(KERNEL, moved=0.0), MEAN))
    assert still.moved() == ("base/bn/moving_mean",)
    assert still.moved("base/first") == ()
