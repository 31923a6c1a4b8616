"""Our pooling is the pooling of Keras, and our head its Dense layer."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.core import pooling

# A float32 sum of so many values of this size is right to about this much.
TOLERANCE = {"rtol": 1e-4, "atol": 1e-3}
numbers = st.floats(-100, 100, width=32)
shapes = hnp.array_shapes(min_dims=4, max_dims=4, max_side=8)
maps_4d = hnp.arrays(np.float32, shapes, elements=numbers)


@given(maps_4d)
@settings(max_examples=60)
@pytest.mark.parametrize(
    ("ours", "layer"),
    [
        (pooling.global_average_pool, keras.layers.GlobalAveragePooling2D()),
        (pooling.global_max_pool, keras.layers.GlobalMaxPooling2D()),
        (pooling.flatten, keras.layers.Flatten()),
    ],
    ids=["average", "max", "flatten"],
)
def test_what_is_left_of_a_map_is_what_keras_leaves(ours, layer, maps):
    theirs = keras.ops.convert_to_numpy(layer(maps))
    found = ours(maps)
    assert found.shape == theirs.shape
    np.testing.assert_allclose(found, theirs, **TOLERANCE)


@st.composite
def heads_on_maps(draw):
    maps = draw(maps_4d)
    classes = draw(st.integers(1, 5))
    kernel = draw(hnp.arrays(np.float32, (maps.shape[-1], classes), elements=numbers))
    return maps, kernel, draw(hnp.arrays(np.float32, classes, elements=numbers))


@given(heads_on_maps())
@settings(max_examples=60)
def test_the_class_activation_map_is_a_convolution_with_the_weights_of_the_head(head):
    maps, kernel, _ = head
    layer = keras.layers.Conv2D(kernel.shape[1], 1, use_bias=False)
    layer.build(maps.shape)
    layer.set_weights([kernel[None, None]])
    theirs = keras.ops.convert_to_numpy(layer(maps))
    found = pooling.class_activation_map(maps, kernel)
    assert found.shape == theirs.shape
    np.testing.assert_allclose(found, theirs, rtol=1e-3, atol=0.1)


@given(heads_on_maps())
@settings(max_examples=60)
def test_both_ways_lead_to_the_logit_of_keras(head):
    maps, kernel, bias = (array.astype(np.float64) for array in head)
    layer = keras.layers.Dense(len(bias), dtype="float64")
    layer.build((None, maps.shape[-1]))
    layer.set_weights([kernel, bias])
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float64")(maps)
    theirs = keras.ops.convert_to_numpy(layer(pooled))
    over_averages = pooling.logits(pooling.global_average_pool(maps), kernel, bias)
    over_the_map = pooling.class_activation_map(maps, kernel).mean(axis=(1, 2)) + bias
    np.testing.assert_allclose(over_averages, theirs, atol=1e-6)
    np.testing.assert_allclose(over_the_map, theirs, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (1, 2, 2, 2, 1)])
def test_keras_and_we_refuse_the_same_ranks(shape):
    with pytest.raises(ValueError, match="ndim"):
        keras.layers.GlobalAveragePooling2D()(np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match="received shape"):
        pooling.global_average_pool(np.zeros(shape))
