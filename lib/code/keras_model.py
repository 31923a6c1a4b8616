"""Keras code that builds the model shown on the page."""

from collections.abc import Sequence

from lib.code import preprocessing, templates
from lib.core import backbones
from lib.core.heads import POOLINGS, HeadSpec

# With ImageNet weights, Keras inserts a Rescaling layer at this index. The layer table does not
# have it, so the indices of all later layers are one higher.
RESCALING_AT = {"efficientnet_b0": 3}
INDICES_PER_LINE = 12


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
        head: The head on top of the backbone.
        cut: Index of the first thawed layer; the number of layers if none is thawed.
        batch_norm_frozen: Whether every BatchNormalization is frozen, independent of the cut.
        by_hand: Indices of layers whose state is the opposite of what the other two imply.
        weights: "imagenet", or None for random weights.

    Raises:
        ConfigError: If the backbone is unknown or cannot take images that small.
    """
    layers = backbones.load_layer_table(backbone, image_size)

    def in_keras(index: int) -> int:
        at = RESCALING_AT.get(backbone)
        return index + 1 if at is not None and weights == "imagenet" and index >= at else index

    indices = tuple(in_keras(index) for index in sorted(by_hand))
    return templates.render(
        "keras_model.py.j2",
        **preprocessing.values(backbones.get(backbone)),
        backbone=backbone,
        weights=weights,
        size=image_size,
        head=head,
        pooling=POOLINGS[head.pooling][1],
        cut=in_keras(cut) if cut else 0,
        all_frozen=cut == len(layers) and not by_hand,
        norms=batch_norm_frozen and any(row.is_batch_norm for row in layers[cut:]),
        by_hand=[
            indices[start : start + INDICES_PER_LINE]
            for start in range(0, len(indices), INDICES_PER_LINE)
        ],
        fine_tunes=cut < len(layers) or bool(by_hand),
    )
