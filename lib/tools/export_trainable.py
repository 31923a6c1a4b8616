"""Writes lib/core/data/trainable: weights of layers, truth table, experiments, residual block.

python -m lib.tools.export_trainable [--check] [--keras-2 FOLDER]

The column on Keras 2 of the truth table is recorded again if --keras-2 names a folder with the
package tf-keras 2.21.0 (`pip install --no-deps --target FOLDER tf-keras==2.21.0`), and otherwise
kept. With --check nothing is written: it prints the name of each file that differs, and exits with
1 if there are any.
"""

import argparse
import importlib
import io
import json
import sys
from collections.abc import Mapping
from itertools import combinations
from math import prod
from typing import Any

import keras
import numpy as np

from lib.core import backbones
from lib.core.maps import feature_maps
from lib.core.trainable import layer_kinds, outcome, residual, traps, truth_table
from lib.core.trainable.outcome import Outcome
from lib.training.experiments import answer
from lib.training.experiments.one_step import one_step
from lib.training.images import decode
from lib.training.network import efficientnet_lite

# Sizes that share no factor, so that each side of a weight says which of them it is a product of.
PRIMES = (11, 13, 17, 19, 23)
# Other processors sum in another order, so the last digits of a float32 differ.
TOLERANCE = 1e-3


# --- Layers -----------------------------------------------------------------


def live(kind: str, sizes: Mapping[str, int], trainable: bool) -> Any:
    """Build a layer by executing the very code that the page shows.

    Args:
        kind: Key of layer_kinds.KINDS.
        sizes: A number for each of its sizes.
        trainable: The position of the switch.
    """
    built, _, _ = layer_kinds.code(kind, sizes, trainable).partition("\nfor name")
    names: dict[str, Any] = {}
    exec(built, names)  # Thaw's own code: the numbers in it are checked whole numbers
    return names["layer"]


def name_in(layer: Any, weight: Any) -> str:
    """Return the path of a weight within a layer, without the layer's own name."""
    return str(weight.path).removeprefix(f"{layer.name}/")


def formula(length: int, sizes: Mapping[str, int]) -> str:
    """Return a side as a product of sizes and a small number.

    Raises:
        ValueError: If it is none.

    Example:

    >>> formula(39, {"features": 11, "units": 13})
    '3*units'
    """
    for count in range(len(sizes) + 1):
        for names in combinations(sizes, count):
            factor, rest = divmod(length, prod(sizes[name] for name in names))
            if not rest and (count or length < min(PRIMES)) and factor < min(PRIMES):
                return "*".join([str(factor)] * (factor > 1 or not count) + list(names))
    raise ValueError(f"{length} is no product of {dict(sizes)}.")


def layers() -> dict[str, Any]:
    """The weights of every kind with their formulas, and the lists under both switches."""
    found: dict[str, Any] = {}
    for key, kind in layer_kinds.KINDS.items():
        sizes = dict(zip(kind.sizes, PRIMES, strict=False))
        row: dict[str, Any] = {}
        for switch, trainable in (("on", True), ("off", False)):
            layer = live(key, sizes, trainable)
            row["weights"] = [
                {
                    "name": name_in(layer, weight),
                    "sides": [formula(side, sizes) for side in weight.shape],
                }
                for weight in layer.weights
            ]
            place = {id(weight): index for index, weight in enumerate(layer.weights)}
            row[switch] = [
                [place[id(weight)] for weight in getattr(layer, name)] for name in layer_kinds.LISTS
            ]
        found[key] = row
    return found


# --- Outcomes ---------------------------------------------------------------


def steps(library: Any) -> list[dict[str, Any]]:
    """The outcome of every combination of the truth table."""
    return [
        one_step(cell.kind, cell.trainable, cell.called, cell.when, library).to_dict()
        for cell in truth_table.CELLS
    ]


def experiments() -> dict[str, Any]:
    """The outcome of every trap and every cure."""
    return {name: run().to_dict() for name, run in answer.experiments().items()}


def block() -> dict[str, Any]:
    """The three feature maps of the residual block."""
    network = efficientnet_lite.efficientnet_lite0(residual.IMAGE_SIZE, include_top=True)
    efficientnet_lite.load_imagenet_weights(network)
    add = network.get_layer(f"{residual.BLOCK}_add")
    branch, shortcut = add.input
    wanted = keras.Model(network.input, [shortcut, branch, add.output])
    picture = feature_maps.examples()[residual.EXAMPLE].picture()
    pixels = decode.decode(picture, residual.IMAGE_SIZE)
    inputs = backbones.get(residual.BACKBONE).preprocessing.apply(pixels[np.newaxis])
    maps = (each.numpy()[0] for each in wanted(inputs, training=False))
    return dict(zip(("came_in", "added", "total"), maps, strict=True))


# --- Files ------------------------------------------------------------------


def one_row_a_line(rows: list[Any] | dict[str, Any]) -> str:
    """JSON with a line for each row, so that a diff shows the row."""
    if isinstance(rows, dict):
        inner = [f"{json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items()]
        return "{\n" + ",\n".join(inner) + "\n}"
    return "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]"


def _same_outcomes(committed: Any, found: Any) -> bool:
    pairs = zip(committed, found, strict=True)
    return all(outcome.same(Outcome.from_dict(a), Outcome.from_dict(b)) for a, b in pairs)


def check(keras_2: Any) -> list[str]:
    """The names of the files that differ from what Keras does here.

    Args:
        keras_2: The module tf_keras; None if it is not there.
    """
    bad = []
    if layer_kinds.table() != layers():
        bad.append(layer_kinds.FILE.name)
    table = json.loads(truth_table.FILE.read_text("utf-8"))
    libraries = {"keras": keras} | ({"keras_2": keras_2} if keras_2 else {})
    if not all(_same_outcomes(table[name], steps(each)) for name, each in libraries.items()):
        bad.append(truth_table.FILE.name)
    known, found = json.loads(traps.FILE.read_text("utf-8")), experiments()
    if known.keys() != found.keys() or not _same_outcomes(known.values(), found.values()):
        bad.append(traps.FILE.name)
    shipped = residual.load()
    if not all(
        np.allclose(getattr(shipped, name), maps, atol=TOLERANCE) for name, maps in block().items()
    ):
        bad.append(residual.FILE.name)
    return bad


def write(keras_2: Any) -> None:
    """Write all files.

    Args:
        keras_2: The module tf_keras; None to keep what was recorded with it.
    """
    layer_kinds.FILE.parent.mkdir(parents=True, exist_ok=True)
    layer_kinds.FILE.write_text(one_row_a_line(layers()) + "\n", "utf-8")
    old = steps(keras_2) if keras_2 else json.loads(truth_table.FILE.read_text("utf-8"))["keras_2"]
    rows = {"keras": steps(keras), "keras_2": old}
    text = ",\n".join(f"{json.dumps(key)}: {one_row_a_line(row)}" for key, row in rows.items())
    truth_table.FILE.write_text("{" + text + "}\n", "utf-8")
    traps.FILE.write_text(one_row_a_line(experiments()) + "\n", "utf-8")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **block())
    residual.FILE.write_bytes(buffer.getvalue())


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.export_trainable")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--keras-2", metavar="FOLDER", help="folder with tf-keras 2.21.0")
    options = parser.parse_args(arguments)
    keras_2 = None
    if options.keras_2:
        sys.path.insert(0, options.keras_2)
        keras_2 = importlib.import_module("tf_keras")
    if not options.check:
        write(keras_2)
        return 0
    bad = check(keras_2)
    for name in bad:
        print(f"{name}: other content")
    return min(len(bad), 1)


if __name__ == "__main__":
    sys.exit(main())
