"""What a training step costs, against the papers' numbers and by its own laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lib.core import backbones
from lib.core.freezing import FreezePlan
from lib.core.network import step_cost

# Multiply-adds of one image, from each paper, in millions; MobileNetV2 says 300, ResNet50 3,800 to
# 3,900 depending on where its stride is, VGG16 15,300 to 15,500, MobileNetV3Small 56 without its
# classifier's million.
PUBLISHED = {
    ("mobilenet_v2", 224): (300e6, 0.01),
    ("resnet50", 224): (3.86e9, 0.02),
    ("vgg16", 224): (15.3e9, 0.01),
    ("xception", 299): (8.4e9, 0.02),
    ("efficientnet_b0", 224): (390e6, 0.03),
    ("inception_v3", 299): (5.7e9, 0.02),
    ("densenet121", 224): (2.85e9, 0.03),
    ("convnext_tiny", 224): (4.5e9, 0.02),
}
LAYERS = backbones.load_layer_table("mobilenet_v2", 160)


@pytest.mark.parametrize(("backbone", "image_size"), PUBLISHED)
def test_the_multiply_adds_are_those_of_the_paper(backbone, image_size):
    layers = backbones.load_layer_table(backbone, image_size)
    expected, tolerance = PUBLISHED[backbone, image_size]
    total = sum(step_cost.multiply_adds(row) for row in layers)
    assert total == pytest.approx(expected, rel=tolerance)


def test_a_convolution_costs_its_kernel_at_each_position():
    first = backbones.load_layer_table("vgg16", 32)[1]
    assert step_cost.multiply_adds(first) == 3 * 3 * 3 * 64 * 32 * 32


def test_a_frozen_backbone_takes_the_time_of_head_only():
    assert step_cost.relative_step_time(LAYERS, FreezePlan.all(LAYERS)) == 1.0


def test_everything_thawed_takes_just_under_three_times_as_long():
    # The first convolution has no input to pass a gradient to.
    first = step_cost.multiply_adds(LAYERS[1])
    total = sum(step_cost.multiply_adds(row) for row in LAYERS)
    ratio = step_cost.relative_step_time(LAYERS, FreezePlan.none())
    assert ratio == pytest.approx(3 - first / total)


def test_thawing_only_the_last_layer_costs_its_own_gradient_and_nothing_below():
    layers = backbones.load_layer_table("vgg16", 224)
    last = [row for row in layers if row.weights][-1]
    plan = FreezePlan(FreezePlan.all(layers).frozen - {last.name})
    assert step_cost.backward_multiply_adds(layers, plan) == step_cost.multiply_adds(last)


def test_one_thawed_layer_at_the_bottom_makes_every_layer_above_pass_its_gradient_on():
    layers = backbones.load_layer_table("vgg16", 224)
    first = layers[1]
    plan = FreezePlan(FreezePlan.all(layers).frozen - {first.name})
    above = sum(step_cost.multiply_adds(row) for row in layers[2:])
    expected = step_cost.multiply_adds(first) + above
    assert step_cost.backward_multiply_adds(layers, plan) == expected


@given(some.integers(0, len(LAYERS) - 1))
def test_freezing_one_layer_more_never_makes_a_step_longer(index):
    here = step_cost.relative_step_time(LAYERS, FreezePlan.from_index(LAYERS, index))
    above = step_cost.relative_step_time(LAYERS, FreezePlan.from_index(LAYERS, index + 1))
    assert above <= here


@given(some.sets(some.sampled_from([row.name for row in LAYERS])))
def test_the_costs_of_the_layers_add_up_to_the_step(names):
    # The browser adds up step_cost; both ways must give the same.
    plan, live, backward = FreezePlan(frozenset(names)), set(), 0
    for row in LAYERS:
        _, weights, inputs = step_cost.step_cost(row)
        passes_on = bool(live & set(row.inbound))
        learns = not plan.is_frozen(row) and row.trainable_params > 0
        if passes_on or learns:
            live.add(row.name)
        backward += weights * learns + inputs * passes_on
    forward = sum(step_cost.step_cost(row)[0] for row in LAYERS)
    assert step_cost.relative_step_time(LAYERS, plan) == pytest.approx(1 + backward / forward)


def test_adam_keeps_two_numbers_for_each_trainable_parameter_and_two_of_its_own():
    # `Optimizer params: 2,564 (10.02 KB)` of model.summary(), Keras 3.15.1, head-only MobileNetV2.
    assert step_cost.adam_params(1_281) == 2_564
