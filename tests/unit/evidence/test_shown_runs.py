"""The runs to show are what their names say, beyond chance."""

import pytest

from lib.core import runs
from lib.core.evidence import grid
from lib.core.evidence.grid import EVERYTHING, HEAD, TOP
from lib.core.lab.folder import read_run
from lib.core.lab.store import RunStore
from lib.core.reading import evaluation
from lib.tools.evidence import shown


def answers(name):
    run = read_run(RunStore().recorded_root / runs.run_id(shown.SHOWN[name]), recorded=True)
    return evaluation.load(run)


def test_the_clear_gain_is_one_and_the_clear_loss_too():
    gain = evaluation.compare(
        answers("1,000 digits, head only"),
        answers("1,000 digits, everything thawed"),
    )
    assert gain.low > 0
    loss = evaluation.compare(
        answers("200 digits, head only"),
        answers("200 digits, thawed at the head's rate"),
    )
    assert loss.high < 0


@pytest.mark.parametrize(
    ("thawed", "beside", "way", "num_images", "rate", "sign"),
    [
        (
            "200 digits, then everything thawed",
            "200 digits, head for 40 epochs",
            *(EVERYTHING, 200, None, 1),
        ),
        (
            "50 digits, then thawed too fast",
            "50 digits, head for 40 epochs",
            *(TOP, 50, grid.RATES[0], -1),
        ),
    ],
)
def test_ten_recorded_seeds_agree_with_a_sure_gain_and_a_sure_loss(
    thawed, beside, way, num_images, rate, sign
):
    found = evaluation.compare(answers(beside), answers(thawed))
    assert min(sign * found.low, sign * found.high) > 0
    config = shown.SHOWN[thawed]
    assert (config.dataset, config.num_images) == ("digits", num_images)
    (digits,) = (
        each for each in grid.read() if (each.dataset, each.backbone) == ("digits", grid.BACKBONE)
    )
    found = digits.seeds(way, num_images, rate=rate)
    head = digits.seeds(HEAD, num_images)
    gains = [
        digits.correct(found[seed]).mean() - digits.correct(head[seed]).mean() for seed in found
    ]
    assert len(gains) >= 10
    assert all(sign * gain > 0 for gain in gains)


def test_the_pair_of_batch_normalization_differs_in_nothing_else():
    frozen = shown.SHOWN["The same with BatchNormalization frozen"]
    tutorial = shown.BROKEN["BatchNormalization as the tutorial has it"]
    differing = {name for name, value in vars(frozen).items() if value != getattr(tutorial, name)}
    assert differing == {"batch_norm"}
