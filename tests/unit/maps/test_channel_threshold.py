"""Where averaging begins to pay, as measured."""

import pytest

from lib.core.maps import channel_threshold
from lib.core.maps.channel_threshold import ChannelLine, Measured


def line(*betters: str) -> ChannelLine:
    intervals = {"flatten": (0.01, 0.03), "gap": (-0.03, -0.01), "": (-0.01, 0.01)}
    rows = tuple(
        Measured(2**place, 0.7, 0.7, *intervals[better]) for place, better in enumerate(betters)
    )
    return ChannelLine("elpv", 10, 10, 2, 160, 5, 5, rows)


def test_an_interval_on_either_side_of_zero_names_the_better_one() -> None:
    assert [row.better for row in line("flatten", "", "gap").rows] == ["flatten", "", "gap"]
    assert Measured(1, 0.5, 0.5, 0.0, 0.1).better == ""
    assert Measured(1, 0.5, 0.5, -0.1, 0.0).better == ""


@pytest.mark.parametrize(
    ("betters", "up_to", "since"),
    [
        (("flatten", "flatten", "", "gap"), 2, 4),
        (("flatten", "gap", "", "gap", "gap"), 1, 2),
        (("", "flatten", "gap"), 2, 4),
        (("", ""), 0, 1),
        (("gap", "gap"), 0, 1),
    ],
)
def test_the_line_lies_behind_the_last_number_with_which_flatten_is_better(
    betters: tuple[str, ...], up_to: int, since: int
) -> None:
    assert line(*betters).flatten_up_to == up_to
    assert line(*betters).gap_from == since


# What the page says, as measured by `python -m lib.tools.measure_channels`.
FLATTEN_UP_TO = {"openmoji_animals_food": 16, "elpv": 256}


@pytest.mark.parametrize("name", channel_threshold.lines())
def test_the_measurements_show_where_the_line_lies(name: str) -> None:
    found = channel_threshold.lines()[name]
    channels = [row.channels for row in found.rows]
    assert channels == sorted(set(channels))
    assert found.flatten_up_to == FLATTEN_UP_TO[name]
    for row in found.rows:
        assert row.low <= row.flatten - row.gap + 1e-3
        assert row.flatten - row.gap - 1e-3 <= row.high
