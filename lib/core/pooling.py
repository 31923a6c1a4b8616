"""Global pooling: from a feature map to a vector, and from the vector to a decision."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


def _numbers(values: npt.ArrayLike, what: str) -> FloatArray:
    """Numbers as they come; whole ones as float64, so that no sum runs over."""
    try:
        found = np.asarray(values)
    except ValueError:  # Rows of different lengths.
        found = np.asarray(values, dtype=object)
    if found.dtype.kind not in "iubf":
        raise ValueError(f"Expected {what} of numbers in even rows; received {found.dtype}.")
    return found if found.dtype.kind == "f" else found.astype(np.float64)


def _maps(maps: npt.ArrayLike) -> FloatArray:
    values = _numbers(maps, "feature maps")
    if values.ndim != 4 or 0 in values.shape:
        raise ValueError(
            "Expected feature maps of shape (batch, height, width, channels) with at least one "
            f"of each; received shape {values.shape}."
        )
    return values


def _kernel(weights: npt.ArrayLike, inputs: int) -> FloatArray:
    kernel = _numbers(weights, "weights")
    if kernel.ndim != 2 or kernel.shape[0] != inputs:
        raise ValueError(f"Expected weights of shape ({inputs}, classes); received {kernel.shape}.")
    return kernel


def global_average_pool(maps: npt.ArrayLike) -> FloatArray:
    """Average each channel over all its positions.

    Input shape: (batch, height, width, channels), none of them 0.
    Output shape: (batch, channels).

    Raises:
        ValueError: If the rank is not 4 or the map is empty.

    Example:

    >>> global_average_pool([[[[1.0, 10.0], [3.0, 30.0]]]])
    array([[ 2., 20.]])

    Reference:
        Lin, Chen, Yan 2013, "Network in Network", section 3.2 (network-in-network).
    """
    result: FloatArray = _maps(maps).mean(axis=(1, 2))
    return result


def global_max_pool(maps: npt.ArrayLike) -> FloatArray:
    """Keep the largest value of each channel.

    Input shape: (batch, height, width, channels), none of them 0.
    Output shape: (batch, channels).

    Raises:
        ValueError: If the rank is not 4 or the map is empty.

    Example:

    >>> global_max_pool([[[[1.0, 10.0], [3.0, 30.0]]]])
    array([[ 3., 30.]])
    """
    result: FloatArray = _maps(maps).max(axis=(1, 2))
    return result


def class_activation_map(maps: npt.ArrayLike, weights: npt.ArrayLike) -> FloatArray:
    """Weigh the channels by what a class makes of them: where in the image its logit comes from.

    Because the average of a weighted sum is the weighted sum of the averages, the mean of the
    result over its positions plus the bias of the class is the logit, exactly.

    Input shape: (batch, height, width, channels) and (channels, classes).
    Output shape: (batch, height, width, classes).

    Raises:
        ValueError: If the ranks or the number of channels do not fit.

    Example:

    >>> class_activation_map([[[[1.0, 10.0], [3.0, 30.0]]]], [[1.0], [0.5]])
    array([[[[ 6.],
             [18.]]]])

    Reference:
        Zhou et al. 2016, "Learning Deep Features for Discriminative Localization" (cam).
    """
    values = _maps(maps)
    result: FloatArray = values @ _kernel(weights, values.shape[-1])
    return result


def flatten(maps: npt.ArrayLike) -> FloatArray:
    """Keep every value, one after the other: what a head sees without pooling.

    Input shape: (batch, height, width, channels), none of them 0.
    Output shape: (batch, height * width * channels): row by row, in each position all channels.

    Raises:
        ValueError: If the rank is not 4 or the map is empty.

    Example:

    >>> flatten([[[[1.0, 10.0], [3.0, 30.0]]]])
    array([[ 1., 10.,  3., 30.]])
    """
    values = _maps(maps)
    return values.reshape(len(values), -1)


def logits(vectors: npt.ArrayLike, weights: npt.ArrayLike, bias: npt.ArrayLike) -> FloatArray:
    """What a Dense layer makes of pooled vectors: a weighted sum and a bias a class.

    Input shape: (batch, inputs), (inputs, classes) and (classes,).
    Output shape: (batch, classes).

    Raises:
        ValueError: If the shapes do not fit.

    Example:

    >>> logits([[2.0, 20.0]], [[1.0], [0.5]], [3.0])
    array([[15.]])
    """
    values, offset = _numbers(vectors, "vectors"), _numbers(bias, "a bias")
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(
            f"Expected vectors of shape (batch, inputs); received shape {values.shape}."
        )
    kernel = _kernel(weights, values.shape[-1])
    if offset.shape != kernel.shape[1:]:
        raise ValueError(f"Expected a bias of shape {kernel.shape[1:]}; received {offset.shape}.")
    result: FloatArray = values @ kernel + offset
    return result


# --- An example small enough for every number to be seen ------------------------------------

MAX_SIDE, MAX_CHANNELS = 6, 4
# What a reader may write into a cell or a weight, up and down.
MAX_VALUE = 99.0


@dataclass(frozen=True)
class Board:
    """A small feature map and one output of a Dense layer on top of its averages.

    Args:
        height: Rows, 1 to MAX_SIDE.
        width: Columns, 1 to MAX_SIDE.
        values: In the order of `flatten`: row by row, in each position all channels.
        weights: One a channel, 1 to MAX_CHANNELS of them.
        bias: Of the output.

    Raises:
        ValueError: If the numbers do not make a feature map within these limits.
    """

    height: int
    width: int
    values: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float = 0.0

    def __post_init__(self) -> None:
        if not (1 <= self.height <= MAX_SIDE and 1 <= self.width <= MAX_SIDE):
            raise ValueError(
                f"Expected 1 to {MAX_SIDE} rows and columns; received {self.height} x {self.width}."
            )
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise ValueError(f"Expected 1 to {MAX_CHANNELS} channels; received {self.channels}.")
        expected = self.height * self.width * self.channels
        if len(self.values) != expected:
            raise ValueError(f"Expected {expected} values; received {len(self.values)}.")
        numbers = np.array([*self.values, *self.weights, self.bias], dtype=np.float64)
        if not (np.abs(numbers) <= MAX_VALUE).all():
            raise ValueError(f"Expected numbers from -{MAX_VALUE:g} to {MAX_VALUE:g}.")

    @property
    def channels(self) -> int:
        """As many as there are weights."""
        return len(self.weights)

    @property
    def maps(self) -> FloatArray:
        """The feature map, (1, height, width, channels)."""
        return np.array(self.values).reshape(1, self.height, self.width, self.channels)

    @property
    def averages(self) -> tuple[float, ...]:
        """One a channel."""
        return tuple(global_average_pool(self.maps)[0].tolist())

    @property
    def maxima(self) -> tuple[float, ...]:
        """One a channel."""
        return tuple(global_max_pool(self.maps)[0].tolist())

    @property
    def activation_map(self) -> tuple[float, ...]:
        """The class activation map, row by row."""
        kernel = np.array(self.weights)[:, None]
        return tuple(class_activation_map(self.maps, kernel).ravel().tolist())

    @property
    def logit(self) -> float:
        """Weighted sum of the averages, and the bias."""
        kernel = np.array(self.weights)[:, None]
        return float(logits([self.averages], kernel, [self.bias])[0, 0])

    def shifted(self, down: int, right: int) -> "Board":
        """The same pattern elsewhere; what leaves on one side comes back on the other.

        Args:
            down: In rows.
            right: In columns.

        Example:

        >>> Board(1, 3, (9.0, 0.0, 0.0), (1.0,)).shifted(0, 1).values
        (0.0, 9.0, 0.0)
        """
        moved = np.roll(self.maps, (down, right), axis=(1, 2))
        return replace(self, values=tuple(moved.ravel().tolist()))


@dataclass(frozen=True)
class Example:
    """A board that shows one thing.

    Args:
        title: What a button says.
        board: The numbers.
        lesson: What to see in it, in a sentence or two.
        names: What the channels stand for; empty where they stand for nothing.
    """

    title: str
    board: Board
    lesson: str
    names: tuple[str, ...] = ()


def _board(*channels: str, weights: tuple[float, ...], bias: float = 0.0) -> Board:
    """A board from one drawing of digits a channel, rows apart by spaces."""
    maps = np.array(
        [[[int(digit) for digit in row] for row in drawing.split()] for drawing in channels]
    )
    height, width = maps.shape[1:]
    # (channels, height, width) -> (height, width, channels)
    values = tuple(float(value) for value in np.moveaxis(maps, 0, -1).ravel())
    return Board(height, width, values, weights, bias)


EXAMPLES: dict[str, Example] = {
    "one_hot": Example(
        "One hot cell",
        _board("000 090 000", "111 111 111", weights=(1.0, 1.0)),
        "One strong cell or nine weak ones: the average is 1 both times. The maximum tells them "
        "apart.",
    ),
    "shifted": Example(
        "Shifted pattern",
        _board("9000 0900 0090 0000", "0000 0900 0090 0009", weights=(1.0, -1.0)),
        "The same stripe in two places. Its average and its maximum stay; what Flatten sees does "
        "not. Shift it further with the arrows.",
    ),
    "equal": Example(
        "All equal",
        _board("444 444 444", "777 777 777", weights=(1.0, 1.0)),
        "Where all cells agree, the average is that number and nothing is lost.",
    ),
    "meanings": Example(
        "Two meanings",
        _board(
            "0230 2962 0320 0000",
            "0000 0000 0104 9019",
            weights=(2.0, -1.0),
            bias=0.5,
        ),
        "One channel answers to fur, the other to wheels. The score of “cat” weighs them, and its "
        "map shows what spoke for a cat and where, and what against.",
        ("fur", "wheels"),
    ),
}
