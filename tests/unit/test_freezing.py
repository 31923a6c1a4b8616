"""Freezing moves parameters from trainable to non-trainable and does nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import backbones, freezing, heads
from lib.core.errors import ConfigError
from lib.core.freezing import FreezePlan, ParamCounts

# model.summary() of Keras 3.15.1: total and trainable parameters, trainable tensors, with
# global average pooling and one Dense layer on top unless the name says Flatten.
MOBILENET_V2_FROZEN = (2_259_265, 1_281, 2)
MOBILENET_V2_FROM_100 = (2_259_265, 1_862_721, 56)
MOBILENET_V2_FROM_100_BN_FROZEN = (2_259_265, 1_840_897, 20)
XCEPTION_FROZEN = (20_863_529, 2_049, 2)
XCEPTION_THAWED = (20_863_529, 20_809_001, 156)
VGG16_FLATTEN_256_10 = (21_140_042, 6_425_354, 4)
# Thawing the top 54 of the 154 layers of MobileNetV2 makes this share of it trainable.
MOBILENET_V2_TOP_SHARE = 0.824
MOBILENET_V2_BATCH_NORMS = (52, 18)  # in all, and from layer 100 upward

names = st.sampled_from(sorted(backbones.BACKBONES))


@st.composite
def backbones_and_plans(draw, how_many=1):
    backbone = draw(names)
    layer = st.sampled_from([row.name for row in backbones.load_layer_table(backbone)])
    return backbone, *(FreezePlan(draw(st.frozensets(layer))) for _ in range(how_many))


def with_head(backbone, size, plan, head):
    layers = backbones.load_layer_table(backbone, size)
    counts = freezing.count_params(layers, plan(layers))
    counts += heads.count_params(head, layers[-1].output_shape)
    tensors = freezing.count_trainable_tensors(layers, plan(layers))
    return counts.total, counts.trainable, tensors + heads.count_trainable_tensors(head)


def from_100(layers):
    return FreezePlan.from_index(layers, 100)


@pytest.mark.parametrize(
    ("backbone", "size", "plan", "head", "expected"),
    [
        ("mobilenet_v2", 160, FreezePlan.all, heads.HeadSpec(), MOBILENET_V2_FROZEN),
        ("mobilenet_v2", 160, from_100, heads.HeadSpec(), MOBILENET_V2_FROM_100),
        (
            "mobilenet_v2",
            160,
            lambda layers: from_100(layers).with_batch_norm_frozen(layers),
            heads.HeadSpec(),
            MOBILENET_V2_FROM_100_BN_FROZEN,
        ),
        ("xception", 150, FreezePlan.all, heads.HeadSpec(), XCEPTION_FROZEN),
        ("xception", 150, lambda _: FreezePlan.none(), heads.HeadSpec(), XCEPTION_THAWED),
        (
            "vgg16",
            224,
            FreezePlan.all,
            heads.HeadSpec("flatten", hidden_units=256, outputs=10),
            VGG16_FLATTEN_256_10,
        ),
    ],
)
def test_counts_with_a_head_are_those_of_model_summary(backbone, size, plan, head, expected):
    assert with_head(backbone, size, plan, head) == expected


def test_thawing_the_top_third_of_mobilenet_v2_makes_most_of_it_trainable():
    layers = backbones.load_layer_table("mobilenet_v2")
    counts = freezing.count_params(layers, from_100(layers))
    assert round(counts.trainable_share, 3) == MOBILENET_V2_TOP_SHARE


def test_the_statistics_that_move_are_those_of_thawed_batch_normalization():
    layers = backbones.load_layer_table("mobilenet_v2")
    thawed = FreezePlan.from_index(layers, 100)
    norms = [row for row in layers if row.is_batch_norm]
    moving = [row for row in norms if row.index >= 100]
    assert (len(norms), len(moving)) == MOBILENET_V2_BATCH_NORMS
    assert freezing.moving_statistics(layers, thawed) == sum(r.statistics_params for r in moving)
    assert freezing.moving_statistics(layers, thawed.with_batch_norm_frozen(layers)) == 0
    assert freezing.moving_statistics(layers, FreezePlan.all(layers)) == 0


def test_statistics_that_are_not_of_batch_normalization_never_move():
    # The Normalization layer of EfficientNet-B0 has a mean, a variance and a count: 7 numbers.
    layers = backbones.load_layer_table("efficientnet_b0")
    statistics = sum(row.statistics_params for row in layers)
    assert statistics - freezing.moving_statistics(layers, FreezePlan.none()) == 7


@given(backbones_and_plans())
def test_freezing_never_changes_the_total(drawn):
    backbone, plan = drawn
    layers = backbones.load_layer_table(backbone)
    counts = freezing.count_params(layers, plan)
    assert counts.total == freezing.count_params(layers, FreezePlan.none()).total
    assert counts.trainable + counts.non_trainable == counts.total


@given(backbones_and_plans(how_many=2))
def test_more_frozen_never_means_more_trainable(drawn):
    backbone, plan, other = drawn
    layers = backbones.load_layer_table(backbone)
    both = FreezePlan(plan.frozen | other.frozen)
    less, more = freezing.count_params(layers, both), freezing.count_params(layers, plan)
    assert less.trainable <= more.trainable
    assert freezing.count_trainable_tensors(layers, both) <= freezing.count_trainable_tensors(
        layers, plan
    )
    assert freezing.moving_statistics(layers, both) <= freezing.moving_statistics(layers, plan)
    assert freezing.layers_thawed(layers, both) <= freezing.layers_thawed(layers, plan)


@given(names, st.integers(-600, 600))
def test_an_index_freezes_as_the_tutorials_loop_does(backbone, index):
    layers = backbones.load_layer_table(backbone)
    frozen = dict.fromkeys((row.name for row in layers), False)
    for row in layers[:index]:  # for layer in base.layers[:index]: layer.trainable = False
        frozen[row.name] = True
    plan = FreezePlan.from_index(layers, index)
    assert {row.name: plan.is_frozen(row) for row in layers} == frozen


def test_thawing_from_the_first_layer_freezes_nothing_and_past_the_last_everything():
    layers = backbones.load_layer_table("vgg16")
    assert FreezePlan.from_index(layers, 0) == FreezePlan.none()
    assert FreezePlan.from_index(layers, len(layers)) == FreezePlan.all(layers)
    assert FreezePlan.from_layer(layers, layers[0].name) == FreezePlan.none()
    assert FreezePlan.from_layer(layers, layers[-1].name).frozen == FreezePlan.all(
        layers
    ).frozen - {layers[-1].name}


@pytest.mark.parametrize(
    "count",
    [
        freezing.count_params,
        freezing.count_trainable_tensors,
        freezing.frontier,
    ],
)
def test_a_plan_that_names_an_unknown_layer_is_refused(count):
    layers = backbones.load_layer_table("vgg16")
    with pytest.raises(ConfigError) as caught:
        count(layers, FreezePlan(frozenset({"block9_conv9", "block1_conv1"})))
    assert caught.value.in_words() == (
        "The freeze plan names 'block9_conv9', which is not a layer of this backbone. "
        "Its layers run from 'input_layer' to 'block5_pool'."
    )


def test_thawing_from_an_unknown_layer_is_refused():
    layers = backbones.load_layer_table("vgg16")
    with pytest.raises(ConfigError, match=r"^This backbone has no layer called 'top'\.$"):
        FreezePlan.from_layer(layers, "top")


def test_the_share_of_nothing_is_nothing():
    assert ParamCounts(0, 0).trainable_share == 0.0
    assert ParamCounts(8, 2).trainable_share == 0.25
    assert ParamCounts(8, 2) + ParamCounts(1, 1) == ParamCounts(9, 3)


# --- The frontier ---------------------------------------------------------------------------------


@given(names)
def test_the_output_crosses_when_everything_is_frozen_and_no_weight_does_when_nothing_is(backbone):
    layers = backbones.load_layer_table(backbone)
    assert freezing.frontier(layers, FreezePlan.all(layers)) == (layers[-1].name,)
    first_with_weights = next(row.index for row in layers if row.weights)
    for name in freezing.frontier(layers, FreezePlan.none()):
        assert backbones.layer_index(layers, name) < first_with_weights


@given(backbones_and_plans())
def test_nothing_thawed_lies_before_the_frontier_and_all_that_learns_after_it(drawn):
    backbone, plan = drawn
    layers = backbones.load_layer_table(backbone)
    crossing = freezing.frontier(layers, plan)
    by_name = {row.name: row for row in layers}
    before, waiting = set(), list(crossing)
    while waiting:
        name = waiting.pop()
        if name not in before:
            before.add(name)
            waiting += by_name[name].inbound
    learning = {row.name for row in layers if row.weights and not plan.is_frozen(row)}
    assert not before & learning
    # Whoever walks back from the output meets the frontier before the image.
    reached, waiting = set(), [layers[-1].name]
    while waiting:
        name = waiting.pop()
        if name not in crossing and name not in reached:
            reached.add(name)
            assert by_name[name].inbound, f"{name} is reached without crossing"
            waiting += by_name[name].inbound
    assert learning <= reached


@given(names, st.data())
def test_one_tensor_crosses_at_a_block_boundary_and_more_elsewhere(backbone, data):
    layers = backbones.load_layer_table(backbone)
    index = data.draw(st.integers(1, len(layers) - 1))
    before, after = layers[:index], layers[index:]
    crossing = {source for row in after for source in row.inbound} & {row.name for row in before}
    dead_ends = {row.name for row in before} - {s for row in layers for s in row.inbound}
    assert not dead_ends
    assert (index in freezing.block_boundaries(layers)) == (len(crossing) == 1)


def test_layer_100_of_mobilenet_v2_lies_inside_a_residual_block():
    layers = backbones.load_layer_table("mobilenet_v2")
    assert layers[100].name == "block_11_expand_relu"
    assert 100 not in freezing.block_boundaries(layers)


def test_descendants_of_nothing_are_nothing_and_of_the_image_everything():
    layers = backbones.load_layer_table("resnet50")
    assert freezing.descendants(layers, []) == frozenset()
    assert len(freezing.descendants(layers, [layers[0].name])) == len(layers)
