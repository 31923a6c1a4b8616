"""Depths and receptive fields from the layer table."""

from dataclasses import replace

import pytest

from lib.core import backbones
from lib.core.features import depths
from lib.core.features.depths import Field

# Pixels that a cell can see at the end of each depth of EfficientNet-Lite0, by hand: a convolution
# of k adds (k - 1) times the step of its input, and a stride of 2 doubles the step.
FIELDS = (3, 7, 11, 19, 35, 67, 83, 115, 147, 211, 275, 339, 403, 531, 659, 787, 851, 851)


def test_the_depths_are_the_stem_every_block_and_the_last_layer() -> None:
    found = depths.depths()
    assert [each.block for each in found] == ["stem", *(f"block_{n}" for n in range(16)), "top"]
    assert [each.grid for each in found] == [112] * 2 + [56] * 2 + [28] * 2 + [14] * 6 + [7] * 6
    layers = backbones.load_layer_table("efficientnet_lite0", 224)
    assert all(layers[each.index].name == each.layer for each in found)
    assert found[-1].cut == len(layers)


def test_the_receptive_fields_are_those_counted_by_hand() -> None:
    assert tuple(each.field.size for each in depths.depths()) == FIELDS


@pytest.mark.parametrize("size", [96, 128, 224])
def test_the_first_and_the_last_cell_reach_both_borders_of_the_image(size: int) -> None:
    for each in depths.depths(size):
        assert each.field.of_cell(0, size)[0] == 0
        assert each.field.of_cell(each.grid - 1, size)[1] == size


def test_an_odd_padding_is_at_the_end() -> None:
    assert Field(3, 2, 0) == depths.depths()[0].field
    # Two rows of padding for an odd image: one on each side.
    layers = backbones.load_layer_table("efficientnet_lite0", 225)
    assert depths.receptive_fields(layers)["stem_conv"] == Field(3, 2, -1)


def test_where_branches_meet_the_wider_field_counts_and_steps_must_agree() -> None:
    layers = list(backbones.load_layer_table("efficientnet_lite0", 224))
    at = next(row.index for row in layers if row.type == "Add")
    shortcut, main = layers[at].inbound
    fields = depths.receptive_fields(layers)
    assert fields[layers[at].name] == max(fields[shortcut], fields[main], key=lambda f: f.size)
    layers[at] = replace(layers[at], inbound=("input_layer", main))
    with pytest.raises(ValueError, match="different steps"):
        depths.receptive_fields(layers)
