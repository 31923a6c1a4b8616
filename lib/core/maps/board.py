"""Pooling by hand: a feature map that is small enough to show every number."""

from dataclasses import dataclass, replace

import numpy as np

from lib.core import pooling
from lib.core.pooling import FloatArray

MAX_SIDE, MAX_CHANNELS = 6, 4
# Largest absolute value of a cell or a weight.
MAX_VALUE = 99.0


@dataclass(frozen=True)
class Board:
    """A small feature map and one output of a Dense layer on top of its averages.

    Args:
        height: Rows, 1 to MAX_SIDE.
        width: Columns, 1 to MAX_SIDE.
        values: In the order of `pooling.flatten`: row by row, in each position all channels.
        weights: One weight per channel, 1 to MAX_CHANNELS of them.
        bias: Bias of the output.

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
        """Number of channels: one for each weight."""
        return len(self.weights)

    @property
    def maps(self) -> FloatArray:
        """The feature map, (1, height, width, channels)."""
        return np.array(self.values).reshape(1, self.height, self.width, self.channels)

    @property
    def averages(self) -> tuple[float, ...]:
        """Average of each channel."""
        return tuple(pooling.global_average_pool(self.maps)[0].tolist())

    @property
    def maxima(self) -> tuple[float, ...]:
        """Maximum of each channel."""
        return tuple(pooling.global_max_pool(self.maps)[0].tolist())

    @property
    def activation_map(self) -> tuple[float, ...]:
        """The class activation map, row by row."""
        kernel = np.array(self.weights)[:, None]
        return tuple(pooling.class_activation_map(self.maps, kernel).ravel().tolist())

    @property
    def logit(self) -> float:
        """Weighted sum of the averages plus the bias."""
        kernel = np.array(self.weights)[:, None]
        return float(pooling.logits([self.averages], kernel, [self.bias])[0, 0])

    def shifted(self, down: int, right: int) -> "Board":
        """Shift the pattern; cells that leave on one side come back on the opposite side.

        Args:
            down: Number of rows.
            right: Number of columns.

        Example:

        >>> Board(1, 3, (9.0, 0.0, 0.0), (1.0,)).shifted(0, 1).values
        (0.0, 9.0, 0.0)
        """
        moved = np.roll(self.maps, (down, right), axis=(1, 2))
        return replace(self, values=tuple(moved.ravel().tolist()))


@dataclass(frozen=True)
class Example:
    """A board with one lesson.

    Args:
        title: Label of its button.
        board: The numbers.
        lesson: The lesson in one or two sentences.
        names: Meaning of each channel; empty if the channels have no meaning.
    """

    title: str
    board: Board
    lesson: str
    names: tuple[str, ...] = ()


def _board(*channels: str, weights: tuple[float, ...], bias: float = 0.0) -> Board:
    """Make a board from one drawing of digits per channel; spaces separate the rows."""
    maps = np.array(
        [[[int(digit) for digit in row] for row in drawing.split()] for drawing in channels]
    )
    height, width = maps.shape[1:]
    # (channels, height, width) -> (height, width, channels)
    values = tuple(float(value) for value in np.moveaxis(maps, 0, -1).ravel())
    return Board(height, width, values, weights, bias)


EXAMPLES: dict[str, Example] = {
    "one_hot": Example(
        "One large number",
        _board("000 090 000", "111 111 111", weights=(1.0, 1.0)),
        "Each channel becomes one number, its average: 18 numbers become 2, and the head "
        "stays small. But one 9 and nine times 1 have the same average.",
    ),
    "shifted": Example(
        "Shifted pattern",
        _board("9000 0900 0090 0000", "0000 0900 0090 0009", weights=(1.0, -1.0)),
        "The same stripe in two places. Its average and maximum stay the same; the output of "
        "Flatten changes. Shift it further with the arrows.",
    ),
    "equal": Example(
        "All equal",
        _board("444 444 444", "777 777 777", weights=(1.0, 1.0)),
        "Where all cells agree, the average is that number and nothing is lost.",
    ),
    "meanings": Example(
        "Two meanings",
        _board("0230 2962 0320 0000", "0000 0000 0104 9019", weights=(2.0, -1.0), bias=0.5),
        "One channel responds to fur, the other to wheels. The score of “cat” weights them, and "
        "its map shows where the evidence for and against a cat is.",
        ("fur", "wheels"),
    ),
}
