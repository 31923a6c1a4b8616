"""The figures of the heads say what the cards beside them say."""

import pytest

from lib.core import backbones, heads
from lib.figures.maps import pooling_params
from tests.speeds import thorough_beyond

SPECS = heads.compared(1)


def marked(figure) -> list[int]:
    return [trace.y[0] for trace in figure.data if trace.mode == "markers"]


def lines(figure) -> dict[str, tuple]:
    return {trace.name: (trace.x, trace.y) for trace in figure.data if trace.mode == "lines"}


def test_the_marks_are_the_parameters_at_the_chosen_size() -> None:
    figure = pooling_params.against_size(SPECS, "mobilenet_v2", 160)
    assert marked(figure) == [1_281, 32_001, 8_192_513]


def test_the_marks_are_the_parameters_at_the_chosen_channels() -> None:
    figure = pooling_params.against_channels(SPECS, (7, 7), 512)
    assert marked(figure) == [513, 25_089, 25_088 * 256 + 256 + 257]


@pytest.mark.parametrize("backbone", thorough_beyond(["vgg16"], backbones.BACKBONES))
def test_against_the_input_size_pooling_is_flat_and_flatten_only_grows(backbone: str) -> None:
    figure = pooling_params.against_size(SPECS, backbone, backbones.get(backbone).image_size)
    (sizes, pooled), (_, flat), _ = lines(figure).values()
    assert len(set(pooled)) == 1
    assert list(flat) == sorted(flat)
    assert flat[-1] > flat[0]
    assert sizes[0] >= backbones.get(backbone).min_image_size


def test_against_the_channels_flatten_stays_as_many_times_larger_as_there_are_positions() -> None:
    (_, pooled), (_, flat), _ = lines(pooling_params.against_channels(SPECS, (5, 4), 64)).values()
    assert [(many - 1) / (few - 1) for many, few in zip(flat, pooled, strict=True)] == [20] * len(
        flat
    )


@pytest.mark.parametrize("dark", [False, True])
def test_every_line_has_its_name_on_it(dark: bool) -> None:
    figure = pooling_params.against_channels(SPECS, (7, 7), 512, dark=dark)
    assert [note.text for note in figure.layout.annotations] == list(SPECS)


def test_the_alternative_text_has_the_numbers() -> None:
    words = pooling_params.alt_text("input size, 160 pixels", ["GAP", "Flatten"], [1281, 32001])
    assert "GAP 1,281, Flatten 32,001" in words
