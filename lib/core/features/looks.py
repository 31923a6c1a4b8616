"""What the channels of each depth answer to an image, and the patches that excite them most.

Everything here was computed by the network and ships with Thaw
(`python -m lib.tools.export_features`). An answer is stated in standard deviations from the usual
value of its channel, over all cells of all images that ship, because at the end of a block values
have no sign that means "on" and every channel has a scale of its own.
"""

import zipfile
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lib.core.errors import ConfigError
from lib.core.features.depths import Depth, depths
from lib.core.files.shipped import DATA

FOLDER = DATA / "features"
CHANNELS_FILE = FOLDER / "channels.npz"
PATCHES_FILE = FOLDER / "patches.zip"

# Channels of a depth that ship with patches; all of them where there are fewer.
NUM_CHOSEN = 24
# Of these, the ones that answer an image most strongly are shown.
NUM_STRONGEST = 6
NUM_PATCHES = 9
# The answers of all first filters are tiles of one picture, of ANSWER_SIDE pixels.
ANSWER_COLUMNS, ANSWER_SIDE = 8, 56
# Channels whose answers to an image have this correlation show nearly the same.
ALIKE = 0.6
# Deviations from the usual value with the full colour.
FULL = 4.0
# Answers are stored as bytes: 127 is the usual value, 1 is -FULL or less, 253 +FULL or more.
USUAL = 127
STEPS = 126

FloatArray = npt.NDArray[np.float64]
ByteArray = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]


def as_bytes(deviations: npt.ArrayLike) -> ByteArray:
    """Store deviations from the usual value in bytes.

    Example:

    >>> as_bytes([-9.0, 0.0, 2.0]).tolist()
    [1, 127, 190]
    """
    share = np.clip(np.asarray(deviations, np.float64) / FULL, -1, 1)
    found: ByteArray = np.round(USUAL + STEPS * share).astype(np.uint8)
    return found


def deviations(stored: npt.ArrayLike) -> FloatArray:
    """Return the deviations that bytes store, in standard deviations, -FULL to FULL."""
    found: FloatArray = (np.asarray(stored, np.float64) - USUAL) / STEPS * FULL
    return found


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of one depth over all images that ship.

    Args:
        mean: (channels,), the usual value of each.
        spread: (channels,), its standard deviation.
        chosen: Channels with shipped patches, the most selective first.
        images: (channels, NUM_PATCHES), images that excite each channel most, most first.
        cells: (channels, NUM_PATCHES, 2), row and column of the cell that is excited.
    """

    mean: FloatArray
    spread: FloatArray
    chosen: tuple[int, ...]
    images: IntArray
    cells: IntArray

    def deviations(self, maps: npt.ArrayLike) -> FloatArray:
        """Express answers as deviations from what is usual.

        Input shape: (..., channels).
        Output shape: the same.
        """
        spread = np.where(self.spread > 0, self.spread, 1.0)
        found: FloatArray = (np.asarray(maps, np.float64) - self.mean) / spread
        return found


@lru_cache(maxsize=1)
def channels() -> dict[str, Channels]:
    """Load the channels of every depth, by the name of its block."""
    with np.load(CHANNELS_FILE, allow_pickle=False) as stored:
        return {
            depth.block: Channels(
                stored[f"{depth.block}_mean"].astype(np.float64),
                stored[f"{depth.block}_spread"].astype(np.float64),
                tuple(int(channel) for channel in stored[f"{depth.block}_chosen"]),
                stored[f"{depth.block}_images"].astype(np.int64),
                stored[f"{depth.block}_cells"].astype(np.int64),
            )
            for depth in depths()
        }


@dataclass(frozen=True, eq=False)
class Source:
    """Images among which the patches were found, in the order of `Channels.images`.

    Args:
        dataset: TFDS name; "" for the photographs among the examples.
        indices: Index of each in the dataset, or place among the examples.
    """

    dataset: str
    indices: IntArray


@lru_cache(maxsize=1)
def sources() -> tuple[Source, ...]:
    """Load where the images come from; those of the first source have the first places."""
    with np.load(CHANNELS_FILE, allow_pickle=False) as stored:
        return tuple(
            Source(name.removeprefix("source_"), stored[name].astype(np.int64))
            for name in stored.files
            if name.startswith("source_")
        )


@dataclass(frozen=True, eq=False)
class Look:
    """The strongest answers of one depth to an image.

    Args:
        channels: The channels, the strongest first.
        maps: (channels, rows, columns), the answers as bytes (`as_bytes`).
    """

    channels: tuple[int, ...]
    maps: ByteArray


def strongest(answers: FloatArray, chosen: tuple[int, ...]) -> tuple[int, ...]:
    """Return chosen channels that answer an image strongly and differently, the strongest first.

    The strength of a channel is the mean over all cells of how far it rises above its usual value.
    A channel that shows nearly the same as a stronger one is left out while there are others.

    Args:
        answers: (rows, columns, channels), in deviations.
        chosen: Channels to choose from.
    """
    strength = np.maximum(answers, 0).mean(axis=(0, 1))
    order = sorted(chosen, key=lambda channel: (-strength[channel], channel))
    flat = answers.reshape(-1, answers.shape[-1])
    flat = flat - flat.mean(axis=0)
    norms = np.linalg.norm(flat, axis=0)
    flat = np.divide(flat, norms, out=np.zeros_like(flat), where=norms > 0)
    taken: list[int] = []
    for channel in order:
        if all(abs(flat[:, channel] @ flat[:, other]) < ALIKE for other in taken):
            taken.append(channel)
    taken += [channel for channel in order if channel not in taken]
    return tuple(taken[:NUM_STRONGEST])


@lru_cache(maxsize=8)
def example(id_: str) -> dict[str, Look]:
    """Load what every depth answers to a shipped image, by block.

    Args:
        id_: Key of lib.core.maps.feature_maps.examples.

    Raises:
        ConfigError: If no answers to such an image ship.
    """
    path = FOLDER / "looks" / f"{id_}.npz"
    if not path.is_file():
        raise ConfigError(f"No answers to an image {id_!r} ship with Thaw.", "Choose another one.")
    with np.load(path, allow_pickle=False) as stored:
        return {
            depth.block: Look(
                tuple(int(channel) for channel in stored[f"{depth.block}_channels"]),
                stored[f"{depth.block}_maps"],
            )
            for depth in depths()
        }


def answers(id_: str) -> bytes:
    """Return the answers of all first filters to a shipped image as one WebP file."""
    return (FOLDER / "looks" / f"{id_}.webp").read_bytes()


@dataclass(frozen=True)
class Strip:
    """Nine patches in a row, the most exciting first.

    Args:
        picture: WebP file.
        cells: For each patch the place of the excited cell in it, 0 to 1 from the left and the top.
    """

    picture: bytes
    cells: tuple[tuple[float, float], ...]


@lru_cache(maxsize=1)
def _pictures() -> dict[str, bytes]:
    with zipfile.ZipFile(PATCHES_FILE) as stored:
        return {name: stored.read(name) for name in stored.namelist()}


@lru_cache(maxsize=512)
def strip(depth: Depth, channel: int, image_size: int) -> Strip:
    """Return the patches of a channel that ships with them.

    Args:
        depth: A depth.
        channel: One of the chosen channels.
        image_size: Side of the images in pixels.

    Raises:
        ConfigError: If the channel is not among the chosen ones.
    """
    pictures = _pictures()
    name = f"{depth.block}/{channel}.webp"
    if name not in pictures:
        raise ConfigError(
            f"The patches of channel {channel} are not among those that ship.", "Ask a worker."
        )
    cells = channels()[depth.block].cells[channel]
    return Strip(pictures[name], tuple(ring(depth, tuple(cell), image_size) for cell in cells))


def window(depth: Depth, cell: tuple[int, int], image_size: int) -> tuple[int, int, int]:
    """Return the square to cut out for a cell: its top, its left and its side, in pixels.

    It is as large as the receptive field, or the whole image if that is smaller; beyond the border
    of the image it is moved inside.

    Args:
        depth: A depth.
        cell: Row and column.
        image_size: Side of the image in pixels.
    """
    side = min(depth.field.size, image_size)
    top, left = (
        min(max(depth.field.start + place * depth.field.step, 0), image_size - side)
        for place in cell
    )
    return top, left, side


def ring(depth: Depth, cell: tuple[int, int], image_size: int) -> tuple[float, float]:
    """Return the middle of a cell inside the window cut out for it, 0 to 1 from left and top."""
    top, left, side = window(depth, cell, image_size)
    row, column = (
        min(max(depth.field.start + place * depth.field.step + depth.field.size / 2, 0), image_size)
        for place in cell
    )
    return round((column - left) / side, 3), round((row - top) / side, 3)
