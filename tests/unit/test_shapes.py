"""Shapes are propagated as Keras does, on tables made for one rule each."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core.shapes import output_shapes, window_size

INPUT = {"name": "input_layer", "type": "InputLayer", "inbound": []}


def row(name: str, *inbound: str, kind: str = "Any", **rules: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "inbound": list(inbound), **rules}


def window(kernel: int, stride: int, padding: str) -> dict[str, Any]:
    return {"kernel": [kernel, kernel], "strides": [stride, stride], "padding": padding}


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        (224, 3, 2, "same", 112),
        (225, 3, 2, "same", 113),
        (1, 3, 2, "same", 1),
        (224, 3, 2, "valid", 111),
        (225, 3, 2, "valid", 112),
        (3, 3, 2, "valid", 1),
        (2, 3, 2, "valid", 0),
    ],
)
def test_a_window_has_as_many_positions_as_in_keras(
    size: int, kernel: int, stride: int, padding: str, expected: int
) -> None:
    assert window_size(size, kernel, stride, padding) == expected


@given(st.integers(1, 600), st.integers(1, 11), st.integers(1, 4))
def test_same_padding_never_depends_on_the_kernel(size: int, kernel: int, stride: int) -> None:
    assert window_size(size, kernel, stride, "same") == len(range(0, size, stride))


@given(st.integers(1, 600), st.integers(1, 11), st.integers(1, 4))
def test_valid_windows_stay_inside(size: int, kernel: int, stride: int) -> None:
    starts = range(0, size - kernel + 1, stride)
    assert max(window_size(size, kernel, stride, "valid"), 0) == len(starts)


def test_a_layer_without_a_rule_keeps_the_shape() -> None:
    assert output_shapes([INPUT, row("relu", "input_layer")], (7, 9, 3)) == [(7, 9, 3)] * 2


def test_padding_can_depend_on_whether_the_input_is_even() -> None:
    rows = [INPUT, row("pad", "input_layer", pad={"even": [[0, 1], [0, 1]], "odd": [[1, 1]] * 2})]
    assert output_shapes(rows, (8, 8, 3))[-1] == (9, 9, 3)
    assert output_shapes(rows, (7, 7, 3))[-1] == (9, 9, 3)


def test_padding_goes_before_channels_change() -> None:
    rows = [
        INPUT,
        row("pad", "input_layer", pad=[[3, 3], [1, 2]]),
        row("conv", "pad", window=window(7, 2, "valid"), channels=64),
    ]
    assert output_shapes(rows, (224, 227, 3))[1:] == [(230, 230, 3), (112, 112, 64)]


def test_a_sum_is_broadcast_and_a_concatenation_adds_the_channels() -> None:
    rows = [
        INPUT,
        row("pooled", "input_layer", positions=[]),
        row("reshaped", "pooled", positions=[1, 1]),
        row("scaled", "input_layer", "reshaped", kind="Multiply"),
        row("joined", "scaled", "input_layer", kind="Concatenate"),
    ]
    shapes = output_shapes(rows, (5, 5, 8))
    assert shapes == [(5, 5, 8), (8,), (1, 1, 8), (5, 5, 8), (5, 5, 16)]


def test_a_layer_before_its_input_is_refused() -> None:
    with pytest.raises(ValueError, match="'relu' comes before its input 'conv'"):
        output_shapes([INPUT, row("relu", "conv"), row("conv", "input_layer")], (8, 8, 3))


def test_an_image_that_vanishes_is_refused_with_the_layer_where_it_does() -> None:
    rows = [INPUT, row("pool", "input_layer", window=window(3, 2, "valid"))]
    assert output_shapes(rows, (3, 3, 3))[-1] == (1, 1, 3)
    with pytest.raises(ValueError, match=r"2 x 2 is too small: .* at layer 'pool'"):
        output_shapes(rows, (2, 2, 3))
