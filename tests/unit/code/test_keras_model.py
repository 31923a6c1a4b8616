"""The code that is shown; tests/oracle/test_keras_code.py runs it."""

import ast

import pytest

from lib.code import keras_model
from lib.core import backbones
from lib.core.heads import HeadSpec

GAP = HeadSpec()
TOP = {"cut": 100, "batch_norm_frozen": True}


@pytest.mark.parametrize("backbone", backbones.BACKBONES)
def test_it_is_python_for_every_backbone(backbone):
    ast.parse(keras_model.code(backbone, 224, GAP, cut=10, batch_norm_frozen=True, by_hand=[3]))


def test_it_freezes_below_the_cut_and_every_batch_normalization():
    text = keras_model.code("mobilenet_v2", 160, GAP, **TOP)
    assert "for layer in base.layers[:100]:\n    layer.trainable = False" in text
    assert "isinstance(layer, keras.layers.BatchNormalization)" in text


def test_it_says_nothing_of_batch_normalization_where_there_is_none_above_the_cut():
    for backbone, cut in (("vgg16", 5), ("mobilenet_v2", 154)):
        text = keras_model.code(backbone, 224, GAP, cut=cut, batch_norm_frozen=True)
        assert "BatchNormalization" not in text


def test_it_compiles_after_everything_is_frozen_that_shall_be():
    text = keras_model.code("mobilenet_v2", 160, GAP, **TOP)
    assert text.rindex("trainable = False") < text.index("model.compile(")


def test_one_logit_has_a_binary_loss_and_more_have_a_sparse_one():
    one = keras_model.code("vgg16", 224, HeadSpec(outputs=1), cut=19, batch_norm_frozen=False)
    two = keras_model.code("vgg16", 224, HeadSpec(outputs=2), cut=19, batch_norm_frozen=False)
    assert "BinaryCrossentropy(from_logits=True)" in one
    assert "SparseCategoricalCrossentropy(from_logits=True)" in two


def test_a_backbone_that_keras_does_not_have_is_built_by_thaw():
    text = keras_model.code("efficientnet_lite0", 128, GAP, **TOP)
    assert "keras.applications." not in text.replace("# Not in keras.applications: ", "")
    assert "from lib.training import model as thaw_model" in text


def test_no_line_is_too_long_for_a_slide():
    everything = keras_model.code(
        "mobilenet_v3_small",
        224,
        HeadSpec("flatten", 4096, 0.25, 1000),
        cut=100,
        batch_norm_frozen=True,
        by_hand=range(0, 150, 3),
    )
    assert max(map(len, everything.splitlines())) <= 88


def test_the_layer_that_keras_adds_with_the_weights_of_efficientnet_b0_shifts_the_cut():
    with_weights = keras_model.code("efficientnet_b0", 224, GAP, **TOP)
    without = keras_model.code("efficientnet_b0", 224, GAP, **TOP, weights=None)
    assert "base.layers[:101]" in with_weights
    assert "base.layers[:100]" in without
