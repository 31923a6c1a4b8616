"""The shape of every layer's output for any input size.

A row of a layer table describes how its layer changes a shape:

- `"window": {"kernel": [3, 3], "strides": [2, 2], "padding": "same"}`: a convolution or a pooling;
- `"channels": 32`: the number of output channels, if it changes;
- `"pad": [[0, 1], [0, 1]]`: zeros added above, below, left and right; or two variants,
  `{"even": ..., "odd": ...}`, if the padding depends on whether the input's height is even or odd;
- `"positions": [1, 1]`: the new height and width, `[]` if they are dropped;
- several inbound layers: they are broadcast, or joined along the channels by a Concatenate.

A row without any of these keeps the shape.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Shape = tuple[int, ...]


def window_size(size: int, kernel: int, stride: int, padding: str) -> int:
    """Count the positions of a window along one axis.

    Args:
        size: Size of the input in pixels.
        kernel: Size of the window in pixels.
        stride: Distance between positions in pixels.
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
    """Return the output shape of a layer with one input."""
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
        rows: Layers as in the JSON of the table, each after its input layers.
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
