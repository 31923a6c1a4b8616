"""Writes the layer tables of lib/core/data from live Keras.

python -m lib.tools.export_layer_tables [--check] [backbone ...]

With --check nothing is written: it prints one line for each difference between a committed table
and Keras, and exits with 1 if there are any.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

import keras

from lib.core import backbones
from lib.training import model as models

FOLDER = backbones.LAYER_TABLES

# Padding of some layers depends on the parity of their input size. Halved repeatedly, the first
# size stays even and the second odd, so together they show both cases.
EVEN_SIZE, ODD_SIZE = 256, 257

# (pattern of a layer name, name of its block); the first match counts.
BLOCKS: tuple[tuple[str, str], ...] = (
    (r"input_layer|rescaling|normalization|convnext_tiny_prestem_normalization", "input"),
    (r"(block_\d+)_.*", r"\1"),  # EfficientNet-Lite0, MobileNetV2
    (r"expanded_conv_(\d+)_.*", r"block_\1"),  # MobileNetV3
    (r"expanded_conv_.*", "block_0"),  # MobileNetV2, MobileNetV3
    (r"(conv\d_block\d+)_.*", r"\1"),  # ResNet50, DenseNet121
    (r"pool1.*", "stem"),  # ResNet50, DenseNet121
    (r"(pool\d)_.*", r"\1"),  # DenseNet121: the transition between two of its blocks
    (r"(block\d+[a-z]?)_.*", r"\1"),  # VGG16, Xception, EfficientNetB0
    (r"(mixed\d+)", r"\1"),  # InceptionV3
    (r"convnext_tiny_(stage_\d_block_\d|downsampling_block_\d)(_.*)?", r"\1"),
    (r"stem_.*|convnext_tiny_stem|Conv1|bn_Conv1|Conv1_relu|conv1_.*|conv|conv_bn", "stem"),
    (r"max_pooling2d(_1)?", "stem"),  # InceptionV3
    (r"top_.*|(?i:conv_1)|(?i:conv_1)_bn|out_relu|bn|relu|layer_normalization", "top"),
)


def _named_block(name: str) -> str | None:
    for pattern, block in BLOCKS:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(block)
    return None


def _blocks(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Layer name -> block; layers without a matching name get the block of a neighbour.

    An activation belongs to the block of its input. A merge layer belongs to the block of the
    branch with a matching name. All other layers belong to the block that follows them.
    """
    blocks: dict[str, str] = {}
    for row in reversed(rows):  # output side first
        name, inbound = row["name"], row["inbound"]
        block = _named_block(name)
        if block is None and (row["type"] in ("Activation", "ReLU") or len(inbound) > 1):
            block = next(filter(None, map(_named_block, inbound)), None)
        if block is None:
            block = next(blocks[other["name"]] for other in rows if name in other["inbound"])
        blocks[name] = block
    return blocks


def _inbound(operation: keras.Operation) -> list[str]:
    """Names of the input layers, looking through operations that are not layers."""
    names: list[str] = []
    for node in operation._inbound_nodes[0].parent_nodes:
        source = node.operation
        names += [source.name] if isinstance(source, keras.layers.Layer) else _inbound(source)
    return list(dict.fromkeys(names))


def _weight_name(name: str) -> str:
    """A weight name that does not depend on other models in the process.

    ConvNeXt's LayerScale does not name its gamma, so Keras numbers it: "variable_17".
    """
    return "gamma" if re.fullmatch(r"variable(_\d+)?", name) else name


def _shape_rule(layer: keras.layers.Layer, odd: keras.layers.Layer) -> dict[str, Any]:
    """The effect of a layer on shapes, in the format of lib.core.shapes."""
    rule: dict[str, Any] = {}
    if isinstance(layer, keras.Sequential):
        # ConvNeXt's stem and downsampling: a convolution and a LayerNormalization.
        for part, odd_part in zip(layer.layers, odd.layers, strict=True):
            rule |= _shape_rule(part, odd_part)
        return rule
    if isinstance(layer, keras.layers.ZeroPadding2D):
        even_pad, odd_pad = ([list(pair) for pair in one.padding] for one in (layer, odd))
        rule["pad"] = even_pad if even_pad == odd_pad else {"even": even_pad, "odd": odd_pad}
    kernel = getattr(layer, "pool_size", None) or getattr(layer, "kernel_size", None)
    if kernel:
        rule["window"] = {
            "kernel": list(kernel),
            "strides": list(layer.strides),
            "padding": layer.padding,
        }
    if isinstance(layer, keras.layers.GlobalAveragePooling2D | keras.layers.Reshape):
        rule["positions"] = list(layer.output.shape[1:-1])
    # Merge and input layers have a list of inputs and do not change the channels.
    if not isinstance(layer.input, list) and layer.output.shape[-1] != layer.input.shape[-1]:
        rule["channels"] = layer.output.shape[-1]
    return rule


def layer_table(backbone: str) -> dict[str, Any]:
    """The table of a backbone, from live Keras with random weights."""
    spec = backbones.get(backbone)
    live, odd = (models.build_architecture(spec.id, size) for size in (EVEN_SIZE, ODD_SIZE))
    rows: list[dict[str, Any]] = []
    for layer, odd_layer in zip(live.layers, odd.layers, strict=True):
        layer.trainable = True
        # By identity, because == compares the values of variables.
        learning = {id(variable) for variable in layer.trainable_weights}
        rows.append(
            {
                "name": layer.name,
                "type": type(layer).__name__,
                "block": "",
                "inbound": _inbound(layer),
                "weights": [
                    {
                        "name": _weight_name(weight.name),
                        "shape": list(weight.shape),
                        "trainable": id(weight) in learning,
                    }
                    for weight in layer.weights
                ],
            }
            | _shape_rule(layer, odd_layer)
        )
    blocks = _blocks(rows)
    for row in rows:
        row["block"] = blocks[row["name"]]
    return {"backbone": spec.id, "keras": keras.__version__, "layers": rows}


def to_text(table: dict[str, Any]) -> str:
    """The table as JSON with one line for each layer, so that a diff shows the layer."""
    head = {name: value for name, value in table.items() if name != "layers"}
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in table["layers"])
    return f'{json.dumps(head)[:-1]}, "layers": [\n{lines}\n]}}\n'


def differences(backbone: str, folder: Path = FOLDER) -> Iterator[str]:
    """Lines that differ between the committed table and live Keras, with the file name."""
    path = folder / f"{backbone}.json"
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    live = to_text(layer_table(backbone))
    for line in unified_diff(committed.splitlines(), live.splitlines(), n=0, lineterm=""):
        if line[0] in "+-" and line[:3] not in ("+++", "---"):
            yield f"{path.name}: {line}"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the tables; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.export_layer_tables")
    parser.add_argument("backbones", nargs="*", metavar="backbone", help="default: all")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.backbones) - set(backbones.BACKBONES))
    if unknown:
        parser.error(
            f"no backbone called {unknown[0]}; choose from {', '.join(backbones.BACKBONES)}"
        )
    found = 0
    for backbone in options.backbones or backbones.BACKBONES:
        if options.check:
            for line in differences(backbone):
                print(line)
                found += 1
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / f"{backbone}.json").write_text(to_text(layer_table(backbone)), "utf-8")
            print(f"{backbone}.json")
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
