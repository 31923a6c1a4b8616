"""The shape of every layer's output for any input size.

A row of a layer table says in a few words what its layer does to a shape:

- `"window": {"kernel": [3, 3], "strides": [2, 2], "padding": "same"}`: a convolution or a pooling;
- `"channels": 32`: how many channels come out, where that changes;
- `"pad": [[0, 1], [0, 1]]`: zeros added above, below, left and right; or two of them,
  `{"even": ..., "odd": ...}`, where it matters whether the input's height is even or odd;
- `"positions": [1, 1]`: what is left of height and width, `[]` where they are dropped;
- several inbound layers: they are broadcast, or joined along the channels by a Concatenate.

A row without any of it leaves the shape alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Shape = tuple[int, ...]


def window_size(size: int, kernel: int, stride: int, padding: str) -> int:
    """How many positions a window has along one axis.

    Args:
        size: Of the input, in pixels.
        kernel: Of the window, in pixels.
        stride: From one position to the next, in pixels.
        padding: "same" or "valid".

    Example:

    >>> window_size(5, 3, 2, "same"), window_size(5, 3, 2, "valid")
    (3, 2)

    Reference:
        Keras `compute_conv_output_shape`.
    """
    return -(-size // stride) if padding == "same" else (size - kernel) // stride + 1


def _merge(kind: str, inputs: Sequence[Shape]) -> Shape:
    if kind == "Concatenate":
        return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))
    return tuple(max(sizes) for sizes in zip(*inputs, strict=True))


def _apply(row: Mapping[str, Any], shape: Shape) -> Shape:
    """The shape behind one layer with one input."""
    pad, window = row.get("pad"), row.get("window")
    if isinstance(pad, Mapping):
        pad = pad["odd" if shape[0] % 2 else "even"]
    if pad:
        height, width, channels = shape
        shape = (height + sum(pad[0]), width + sum(pad[1]), channels)
    if window:
        axes = zip(shape, window["kernel"], window["strides"], strict=False)
        shape = (*(window_size(*axis, window["padding"]) for axis in axes), shape[-1])
    if "positions" in row:
        shape = (*row["positions"], shape[-1])
    if "channels" in row:
        shape = (*shape[:-1], row["channels"])
    return shape


def output_shapes(
    rows: Sequence[Mapping[str, Any]], input_shape: tuple[int, int, int]
) -> list[Shape]:
    """Propagate an input shape through a layer table.

    Args:
        rows: Layers as the table's JSON has them, each after the ones it takes its input from.
        input_shape: (height, width, channels), without the batch.

    Returns:
        The output shape of each row, without the batch.

    Raises:
        ValueError: If the input is too small, or a row comes before one of its inputs.

    Example:

    >>> conv = {"kernel": [3, 3], "strides": [2, 2], "padding": "same"}
    >>> output_shapes(
    ...     [
    ...         {"name": "input_layer", "type": "InputLayer", "inbound": []},
    ...         {"name": "conv", "type": "Conv2D", "inbound": ["input_layer"], "window": conv,
    ...          "channels": 8},
    ...     ],
    ...     (5, 5, 3),
    ... )
    [(5, 5, 3), (3, 3, 8)]
    """
    shapes: dict[str, Shape] = {}
    for row in rows:
        missing = [name for name in row["inbound"] if name not in shapes]
        if missing:
            raise ValueError(f"Layer {row['name']!r} comes before its input {missing[0]!r}.")
        inputs = [shapes[name] for name in row["inbound"]]
        shape = _apply(row, _merge(row["type"], inputs)) if inputs else tuple(input_shape)
        if min(shape) < 1:
            raise ValueError(
                f"An input of {input_shape[0]} x {input_shape[1]} is too small: nothing is left "
                f"of it at layer {row['name']!r}."
            )
        shapes[row["name"]] = shape
    return [shapes[row["name"]] for row in rows]
