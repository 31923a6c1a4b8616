"""The layers under the glass: their weights for any input shape, with and without `trainable`.

The weights come from a table that `python -m lib.tools.export_trainable` takes from live Keras. In
it each side of a weight is a product of numbers and names of sizes, such as "3*units".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from string import Template

from lib.core.errors import ConfigError
from lib.core.files.shipped import DATA

FILE = DATA / "trainable" / "layers.json"
LISTS = ("weights", "trainable_weights", "non_trainable_weights")


@dataclass(frozen=True)
class Size:
    """A number that the reader chooses.

    Args:
        label: Its name for the reader.
        default: The first value.
        most: The largest value.
    """

    label: str
    default: int
    most: int = 2048


@dataclass(frozen=True)
class Kind:
    """A kind of layer.

    Args:
        title: Its class in Keras, or what it is.
        inputs: Keys of SIZES that give the input shape, without the batch.
        arguments: Keys of the other sizes.
        layer: The code that makes it, with "$" before each size.
        note: One sentence about its lists.
        call: The arguments of its call.
    """

    title: str
    inputs: tuple[str, ...]
    arguments: tuple[str, ...]
    layer: str
    note: str
    call: str = "x"

    @property
    def sizes(self) -> tuple[str, ...]:
        """All keys of SIZES that it uses: of the input shape, then of the layer."""
        return self.inputs + self.arguments


@dataclass(frozen=True)
class Weight:
    """A weight of a layer.

    Args:
        name: Path within the layer, such as "query/kernel".
        sides: The formula of each side, such as ("features", "3*units").
        shape: The numbers they give.
    """

    name: str
    sides: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many parameters it has."""
        return prod(self.shape)


SIZES: dict[str, Size] = {
    "features": Size("Features", 4),
    "steps": Size("Steps", 10),
    "height": Size("Height", 8, 512),
    "width": Size("Width", 8, 512),
    "channels": Size("Channels", 3),
    "units": Size("Units", 3),
    "filters": Size("Filters", 6),
    "kernel": Size("Kernel size", 3, 31),
    "words": Size("Words", 100, 100_000),
    "heads": Size("Heads", 2, 32),
    "key_size": Size("Key size", 8, 512),
}
_IMAGE = ("height", "width", "channels")
_SEQUENCE = ("steps", "features")
KINDS: dict[str, Kind] = {
    "dense": Kind(
        "Dense",
        ("features",),
        ("units",),
        "keras.layers.Dense($units)",
        "A unit is one output. The kernel has a weight for each feature and unit, the bias one for "
        "each unit.",
    ),
    "conv": Kind(
        "Conv2D",
        _IMAGE,
        ("filters", "kernel"),
        'keras.layers.Conv2D($filters, $kernel, padding="same")',
        "Height and width are in no formula: a filter is the same at every position.",
    ),
    "depthwise": Kind(
        "DepthwiseConv2D",
        _IMAGE,
        ("kernel",),
        'keras.layers.DepthwiseConv2D($kernel, padding="same")',
        "One small filter for each channel.",
    ),
    "separable": Kind(
        "SeparableConv2D",
        _IMAGE,
        ("filters", "kernel"),
        'keras.layers.SeparableConv2D($filters, $kernel, padding="same")',
        "A depthwise filter for each channel, then a mixture of the channels for each filter.",
    ),
    "batch_norm": Kind(
        "BatchNormalization",
        ("features",),
        (),
        "keras.layers.BatchNormalization()",
        "The moving mean and variance are statistics: no optimizer changes them, and a step in "
        "training mode does.",
    ),
    "layer_norm": Kind(
        "LayerNormalization",
        ("features",),
        (),
        "keras.layers.LayerNormalization()",
        "It normalises each sample by itself, so it keeps no statistics.",
    ),
    "normalization": Kind(
        "Normalization",
        ("features",),
        (),
        "keras.layers.Normalization()",
        "Only adapt() changes these, so they are never trainable.",
    ),
    "embedding": Kind(
        "Embedding",
        ("steps",),
        ("words", "units"),
        "keras.layers.Embedding($words, $units)",
        "One row for each word, and none for the length of the text.",
    ),
    "gru": Kind(
        "GRU",
        _SEQUENCE,
        ("units",),
        "keras.layers.GRU($units)",
        "Three gates side by side, the same at every step.",
    ),
    "lstm": Kind(
        "LSTM",
        _SEQUENCE,
        ("units",),
        "keras.layers.LSTM($units)",
        "Three gates and a candidate side by side, the same at every step.",
    ),
    "attention": Kind(
        "MultiHeadAttention",
        _SEQUENCE,
        ("heads", "key_size"),
        "keras.layers.MultiHeadAttention($heads, $key_size)",
        "Four small Dense layers; the number of steps is in no formula.",
        call="x, x",
    ),
    "dropout": Kind(
        "Dropout",
        ("features",),
        (),
        "keras.layers.Dropout(0.5)",
        "It has no weights, so the switch changes nothing about it.",
    ),
    "pooling": Kind(
        "GlobalAveragePooling2D",
        _IMAGE,
        (),
        "keras.layers.GlobalAveragePooling2D()",
        "It has no weights, so there is nothing to freeze.",
    ),
    "model": Kind(
        "A small model",
        _IMAGE,
        ("filters", "units"),
        "keras.Sequential([\n"
        '    keras.layers.Conv2D($filters, 3, padding="same", name="conv"),\n'
        '    keras.layers.BatchNormalization(name="bn"),\n'
        '    keras.layers.GlobalAveragePooling2D(name="gap"),\n'
        '    keras.layers.Dense($units, name="dense"),\n'
        "])",
        "The switch of a model is the switch of every layer inside it.",
    ),
}
CODE = """\
import keras

x = keras.Input(($shape))
layer = $layer
layer($call)  # builds the weights
layer.trainable = $trainable

for name in ("weights", "trainable_weights", "non_trainable_weights"):
    found = getattr(layer, name)
    print(name, len(found))
    for weight in found:
        print("   ", weight.path, weight.shape)
"""


def default_sizes(kind: str) -> dict[str, int]:
    """Return the first value of each size of a kind."""
    return {key: SIZES[key].default for key in KINDS[kind].sizes}


def code(kind: str, sizes: Mapping[str, int], trainable: bool) -> str:
    """Return the code that prints the three lists of a layer.

    Args:
        kind: Key of KINDS.
        sizes: A number for each of its sizes.
        trainable: The position of the switch.
    """
    spec = KINDS[kind]
    shape = ", ".join(str(sizes[key]) for key in spec.inputs) + "," * (len(spec.inputs) == 1)
    layer = Template(spec.layer).substitute({key: str(sizes[key]) for key in spec.arguments})
    return Template(CODE).substitute(
        shape=shape, layer=layer, call=spec.call, trainable=str(trainable)
    )


@lru_cache(maxsize=1)
def table() -> dict[str, object]:
    """Return the table from live Keras: for each kind its weights and its lists."""
    found: dict[str, object] = json.loads(FILE.read_text("utf-8"))
    return found


def side(formula: str, sizes: Mapping[str, int]) -> int:
    """Return the number of a side.

    Example:

    >>> side("3*units", {"units": 5})
    15
    """
    return prod(int(part) if part.isdigit() else sizes[part] for part in formula.split("*"))


def lists(kind: str, sizes: Mapping[str, int], trainable: bool) -> dict[str, tuple[Weight, ...]]:
    """Return the three lists of a layer, in the order of Keras.

    Args:
        kind: Key of KINDS.
        sizes: A number for each of its sizes.
        trainable: The position of the switch.

    Raises:
        ConfigError: If there is no such kind, or a size is missing or out of range.

    Example:

    >>> found = lists("dense", {"features": 4, "units": 3}, True)
    >>> {name: len(weights) for name, weights in found.items()}
    {'weights': 2, 'trainable_weights': 2, 'non_trainable_weights': 0}
    """
    check(kind, sizes)
    row = table()[kind]
    assert isinstance(row, dict)
    weights = [
        Weight(each["name"], tuple(each["sides"]), tuple(side(one, sizes) for one in each["sides"]))
        for each in row["weights"]
    ]
    return {
        name: tuple(weights[place] for place in places)
        for name, places in zip(LISTS, row["on" if trainable else "off"], strict=True)
    }


def check(kind: str, sizes: Mapping[str, int]) -> None:
    """Raise if a layer of this kind and these sizes cannot be shown.

    Raises:
        ConfigError: If there is no such kind, or a size is missing or out of range.
    """
    if kind not in KINDS:
        raise ConfigError(f"There is no kind of layer {kind!r}.", f"Choose one of {list(KINDS)}.")
    for key in KINDS[kind].sizes:
        size, value = SIZES[key], sizes.get(key)
        if type(value) is not int or not 1 <= value <= size.most:
            raise ConfigError(
                f"{size.label} cannot be {value!r}.", f"Choose a number from 1 to {size.most:,}."
            )
