"""Keras code that builds exactly what is on screen."""

from collections.abc import Sequence

from lib.core import backbones
from lib.core.backbones import BackboneSpec, LayerRow
from lib.core.heads import POOLINGS, HeadSpec

# id -> (constructor in keras.applications, its module)
APPLICATIONS: dict[str, tuple[str, str]] = {
    "mobilenet_v2": ("MobileNetV2", "mobilenet_v2"),
    "vgg16": ("VGG16", "vgg16"),
    "xception": ("Xception", "xception"),
    "resnet50": ("ResNet50", "resnet50"),
    "efficientnet_b0": ("EfficientNetB0", "efficientnet"),
    "mobilenet_v3_small": ("MobileNetV3Small", "mobilenet_v3"),
    "densenet121": ("DenseNet121", "densenet"),
    "inception_v3": ("InceptionV3", "inception_v3"),
    "convnext_tiny": ("ConvNeXtTiny", "convnext"),
}

# Loading these ImageNet weights, Keras puts a Rescaling in at this index, which the layer table
# does not have: what comes after it is one further on.
RESCALING_AT = {"efficientnet_b0": 3}


def _keras_index(backbone: str, index: int, weights: str | None) -> int:
    at = RESCALING_AT.get(backbone)
    return index + 1 if at is not None and weights == "imagenet" and index >= at else index


def _backbone_lines(spec: BackboneSpec, image_size: int, weights: str | None) -> list[str]:
    text = "None" if weights is None else f'"{weights}"'
    if spec.id in APPLICATIONS:
        name, _ = APPLICATIONS[spec.id]
        return [
            f"base = keras.applications.{name}(",
            f"    input_shape=({image_size}, {image_size}, 3), include_top=False, weights={text}",
            ")",
        ]
    return [
        "# Not in keras.applications: Thaw builds it. Run this from Thaw's folder.",
        f'base = thaw_model.build_backbone("{spec.id}", {image_size}, weights={text})',
    ]


def _preprocessing_line(spec: BackboneSpec) -> str:
    if spec.id in APPLICATIONS:
        return f"keras.applications.{APPLICATIONS[spec.id][1]}.preprocess_input(inputs)"
    how = spec.preprocessing
    # Only EfficientNet-Lite0 gets here, and its three channels are alike.
    scale = how.scale if isinstance(how.scale, float) else how.scale[0]
    return f"keras.layers.Rescaling({scale:g}, offset={-how.mean[0] * scale:g})(inputs)"


def _index_list(indices: Sequence[int]) -> list[str]:
    """The indices as the lines of a tuple, at most twelve on each."""
    lines = [indices[start : start + 12] for start in range(0, len(indices), 12)]
    return ["    " + "".join(f"{index}, " for index in line).rstrip() for line in lines]


def _freeze_lines(
    layers: Sequence[LayerRow],
    cut: int,
    batch_norm_frozen: bool,
    by_hand: Sequence[int],
    keras_cut: int,
) -> list[str]:
    lines = []
    if cut == len(layers) and not by_hand:
        lines.append("base.trainable = False")
    elif cut:
        lines += [f"for layer in base.layers[:{keras_cut}]:", "    layer.trainable = False"]
    has_batch_norm = any(row.is_batch_norm for row in layers[cut:])
    if batch_norm_frozen and has_batch_norm:
        lines += [
            "# Frozen, BatchNormalization runs in inference mode and keeps its statistics.",
            "for layer in base.layers:",
            "    if isinstance(layer, keras.layers.BatchNormalization):",
            "        layer.trainable = False",
        ]
    if by_hand:
        lines += ["# Set by hand: the opposite of the above.", "for index in ("]
        lines += _index_list(by_hand)
        lines += ["):", "    base.layers[index].trainable = not base.layers[index].trainable"]
    return lines or ["base.trainable = True  # nothing is frozen"]


def _head_lines(head: HeadSpec) -> list[str]:
    lines = [f"x = keras.layers.{POOLINGS[head.pooling][1]}()(x)"]
    if head.hidden_units:
        lines.append(f'x = keras.layers.Dense({head.hidden_units}, activation="relu")(x)')
    if head.dropout:
        lines.append(f"x = keras.layers.Dropout({head.dropout:g})(x)")
    return [*lines, f"outputs = keras.layers.Dense({head.outputs})(x)  # logits"]


def _compile_lines(head: HeadSpec, fine_tunes: bool) -> list[str]:
    if head.outputs == 1:
        loss, metric = "BinaryCrossentropy", "BinaryAccuracy(threshold=0.0)"
    else:
        loss, metric = "SparseCategoricalCrossentropy", "SparseCategoricalAccuracy()"
    rate = "1e-5" if fine_tunes else "1e-3"
    return [
        "# Compile after every change of trainable: fit() goes by what was set before it.",
        "model.compile(",
        f"    optimizer=keras.optimizers.Adam({rate}),",
        f"    loss=keras.losses.{loss}(from_logits=True),",
        f"    metrics=[keras.metrics.{metric}],",
        ")",
    ]


def code(
    backbone: str,
    image_size: int,
    head: HeadSpec,
    *,
    cut: int,
    batch_norm_frozen: bool,
    by_hand: Sequence[int] = (),
    weights: str | None = "imagenet",
) -> str:
    """Keras code for a model, which defines `base` and `model` when run.

    Args:
        backbone: Id of the backbone.
        image_size: Side of the square input in pixels.
        head: What is put on top.
        cut: Index of the first thawed layer; as many as there are layers where none is.
        batch_norm_frozen: Whether every BatchNormalization is frozen, wherever the cut is.
        by_hand: Indices of layers that are the opposite of what the two give.
        weights: "imagenet", or None for random weights.

    Raises:
        ConfigError: If the backbone is unknown or cannot take images that small.
    """
    spec = backbones.get(backbone)
    layers = backbones.load_layer_table(backbone, image_size)
    own = [] if spec.id in APPLICATIONS else ["", "from lib.training import model as thaw_model"]
    fine_tunes = cut < len(layers) or bool(by_hand)
    parts = [
        ["import keras", *own],
        _backbone_lines(spec, image_size, weights),
        _freeze_lines(
            layers,
            cut,
            batch_norm_frozen,
            [_keras_index(backbone, index, weights) for index in sorted(by_hand)],
            _keras_index(backbone, cut, weights),
        ),
        [
            f"inputs = keras.Input(({image_size}, {image_size}, 3))",
            f"x = {_preprocessing_line(spec)}",
            "x = base(x)",
            *_head_lines(head),
            "model = keras.Model(inputs, outputs)",
        ],
        [*_compile_lines(head, fine_tunes), "model.summary()"],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"
