"""The residual block as recorded: the sum is the sum, and a cut inside leaves what it says."""

import numpy as np

from lib.core.trainable import residual


def test_the_sum_is_what_came_in_plus_what_the_block_adds_to_the_last_bit() -> None:
    block = residual.load()
    assert block.came_in.shape == block.added.shape == block.total.shape == (6, 6, 80)
    assert np.array_equal(block.came_in + block.added, block.total)


def test_most_of_what_goes_on_is_what_came_in() -> None:
    # The page says so in words.
    assert residual.load().share_kept > 0.9


def test_a_cut_inside_is_crossed_by_the_shortcut_and_a_cut_at_the_border_by_one_tensor() -> None:
    assert residual.cut(0) == residual.Cut((), ("block_5_project_bn",))
    inside = residual.cut(3)
    assert inside.frozen == ("block_6_expand_conv", "block_6_expand_bn")
    assert inside.crossing == ("block_5_project_bn", "block_6_expand_relu")
    assert len(residual.rows()) == 9
