"""The measurement behind "when is Flatten the better choice?" measures what it says."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from lib.core.maps import channel_threshold
from lib.tools import measure_channels


def drawn(separation: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    inputs = rng.normal(size=(200, 20))
    inputs[:, 3] += separation * labels
    inputs[:, 7] = 5.0  # says nothing, and must not divide by zero
    return inputs[:100], labels[:100], inputs[100:], labels[100:]


@pytest.mark.parametrize(("separation", "low", "high"), [(20.0, 1.0, 1.0), (0.0, 0.3, 0.7)])
def test_the_classifier_finds_what_is_there_and_nothing_else(
    separation: float, low: float, high: float
) -> None:
    found = measure_channels.accuracy(*drawn(separation), np.random.default_rng(1))
    assert low <= found <= high


def test_the_interval_is_that_of_the_differences() -> None:
    row = measure_channels._row(4, np.array([[0.6, 0.7], [0.6, 0.8], [0.6, 0.9]]))
    assert (row.gap, row.flatten) == (0.6, 0.8)
    half = 1.96 * 0.1 / np.sqrt(3)
    assert (row.low, row.high) == pytest.approx((0.2 - half, 0.2 + half), abs=1e-3)


@pytest.mark.parametrize("line", channel_threshold.lines().values(), ids=lambda line: line.dataset)
def test_a_committed_measurement_is_checked_to_a_hundredth(
    line: channel_threshold.ChannelLine,
) -> None:
    kept = asdict(line)
    assert list(measure_channels.differences(line, kept)) == []
    first = replace(line.rows[0], gap=line.rows[0].gap + 0.02)
    changed = replace(line, num_draws=1, rows=(first, *line.rows[1:]))
    assert len(list(measure_channels.differences(changed, kept))) == 2


@pytest.mark.parametrize("line", channel_threshold.lines().values(), ids=lambda line: line.dataset)
def test_the_committed_measurement_is_the_one_the_tool_makes(
    line: channel_threshold.ChannelLine,
) -> None:
    num_images, most_tested, num_draws = measure_channels.PLANS[line.dataset]
    assert (line.num_images, line.num_draws) == (num_images, num_draws)
    assert line.num_tested <= most_tested
    assert tuple(row.channels for row in line.rows) == measure_channels.CHANNELS
