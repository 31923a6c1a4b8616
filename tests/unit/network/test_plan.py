"""One state behind the controls, the strip and the link."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lib.core import backbones, freezing, heads, strategies
from lib.core.freezing import FreezePlan
from lib.core.heads import HeadSpec
from lib.ui.network import plan_link
from lib.ui.network.plan import PlanState
from tests.speeds import thorough_beyond

MOBILENET = PlanState.default("mobilenet_v2")
LAST = len(MOBILENET.layers)
# Blocks with a sum, blocks that are concatenated, and none.
FEW = ("mobilenet_v2", "densenet121", "vgg16")


@some.composite
def states(draw):
    spec = backbones.get(draw(some.sampled_from(list(backbones.BACKBONES))))
    start = replace(
        PlanState.default(spec.id),
        image_size=draw(some.integers(spec.min_image_size, 300)),
        batch_norm=draw(some.sampled_from(["frozen", "thawed", "tutorial"])),
        head=HeadSpec(
            draw(some.sampled_from(list(heads.POOLINGS))),
            draw(some.sampled_from([0, 64, 4096])),
            draw(some.sampled_from([0.0, 0.25, 0.9])),
            draw(some.integers(1, 1000)),
        ),
    )
    found = start.with_cut(draw(some.integers(0, len(start.layers))))
    if draw(some.booleans()):
        found = replace(start, strategy=draw(some.sampled_from(list(strategies.STRATEGIES))))
    return found.with_by_hand(draw(some.sets(some.integers(0, len(start.layers) - 1), max_size=9)))


@given(states())
def test_a_link_opens_the_state_it_was_made_from(wanted):
    opened, ignored = plan_link.from_link(plan_link.to_link(wanted))
    assert not ignored
    # What a strategy ignores need not travel.
    assert opened.plan == wanted.plan
    assert opened.by_hand == wanted.by_hand
    assert (opened.cut, opened.strategy) == (wanted.cut, wanted.strategy)
    assert (opened.image_size, opened.head) == (wanted.image_size, wanted.head)
    assert opened.batch_norm == wanted.batch_norm


@given(states())
def test_a_link_is_short_even_with_many_layers_set_by_hand(wanted):
    assert len("&".join(map("=".join, plan_link.to_link(wanted).items()))) < 200


def test_the_usual_state_needs_nothing_but_its_backbone():
    assert plan_link.to_link(MOBILENET) == {"backbone": "mobilenet_v2"}


@pytest.mark.parametrize("backbone", thorough_beyond(FEW, backbones.BACKBONES))
def test_every_cut_freezes_what_the_loop_over_base_layers_freezes(backbone):
    start = replace(PlanState.default(backbone), batch_norm="thawed")
    for index in range(len(start.layers) + 1):
        found = start.with_cut(index)
        expected = FreezePlan.from_index(start.layers, index)
        assert freezing.count_params(start.layers, found.plan) == freezing.count_params(
            start.layers, expected
        )


def test_a_cut_at_either_end_is_the_preset_of_that_name():
    assert MOBILENET.with_cut(0).strategy == "full_fine_tuning"
    assert MOBILENET.with_cut(1).strategy == "full_fine_tuning"
    assert MOBILENET.with_cut(LAST).strategy == "feature_extraction"
    assert MOBILENET.with_cut(100).strategy == "partial_fine_tuning"


def test_training_from_scratch_stays_it_where_its_cut_is_clicked():
    scratch = replace(MOBILENET, strategy="from_scratch")
    assert scratch.with_cut(0).strategy == "from_scratch"
    assert not scratch.batch_norm_frozen


def test_moving_the_cut_forgets_what_was_set_by_hand():
    changed = MOBILENET.with_by_hand([MOBILENET.cut])
    assert changed.by_hand == {MOBILENET.thaw_from}
    assert not changed.with_cut(100).by_hand


def test_a_layer_set_by_hand_is_the_opposite_of_the_preset():
    row = next(row for row in MOBILENET.layers if row.index > MOBILENET.cut and row.weights)
    changed = MOBILENET.with_by_hand([row.index])
    assert changed.plan.frozen == MOBILENET.plan.frozen ^ {row.name}


def test_layers_without_weights_cannot_be_set_by_hand():
    relu = next(row.index for row in MOBILENET.layers if row.type == "ReLU")
    assert not MOBILENET.with_by_hand([relu]).by_hand


def test_setting_every_thawed_layer_back_is_head_only():
    thawed = [
        row.index for row in MOBILENET.layers if row.weights and not MOBILENET.plan.is_frozen(row)
    ]
    found = MOBILENET.with_by_hand(thawed)
    assert found.strategy == "feature_extraction"
    assert not found.by_hand


# (link, what the state then is, a piece of what is said)
NONSENSE = [
    ({"backbone": "mobilenetv2"}, {"backbone": "mobilenet_v2"}, "no backbone `mobilenetv2`"),
    ({"backbone": "gpt"}, {"backbone": "efficientnet_lite0"}, "no backbone `gpt`"),
    ({"backbone": "xception", "size": "8"}, {"image_size": 71}, "71 to 512 pixels"),
    ({"backbone": "vgg16", "size": "99999"}, {"image_size": 512}, "not `99999`"),
    ({"backbone": "vgg16", "size": "--5"}, {"image_size": 224}, "`--5` is no input size"),
    ({"backbone": "vgg16", "size": "-1"}, {"image_size": 32}, "not `-1`"),
    ({"backbone": "vgg16", "size": "big"}, {"image_size": 224}, "`big` is no input size"),
    ({"backbone": "mobilenet_v2", "thaw": "-5"}, {"cut": 0}, "cannot start at `-5`"),
    ({"backbone": "mobilenet_v2", "thaw": "999"}, {"cut": 154}, "cannot start at `999`"),
    (
        {"backbone": "mobilenet_v2", "thaw": "block_11_expnd"},
        {"thaw_from": "block_11_expand"},
        "no layer `block_11_expnd`",
    ),
    ({"backbone": "vgg16", "thaw": "conv99"}, {"thaw_from": "block5_conv1"}, "no layer `conv99`"),
    ({"backbone": "vgg16", "bn": "melted"}, {"batch_norm": "frozen"}, "cannot be `melted`"),
    ({"backbone": "vgg16", "hand": "x_90_--1"}, {"by_hand": frozenset()}, "`x`"),
    ({"backbone": "vgg16", "head": "gap_1"}, {"head": HeadSpec()}, "`gap_1` describes no head"),
    ({"backbone": "vgg16", "head": "gap_0_nan_1"}, {"head": HeadSpec()}, "describes no head"),
    (
        {"backbone": "vgg16", "head": "gap_99999_0_1"},
        {"head": HeadSpec(hidden_units=4096)},
        "is a head beyond the limits",
    ),
]


@pytest.mark.parametrize(("link", "expected", "words"), NONSENSE)
def test_nonsense_in_a_link_is_answered_with_the_nearest_state_and_a_sentence(
    link, expected, words
):
    opened, ignored = plan_link.from_link(link)
    for name, value in expected.items():
        assert getattr(opened, name) == value
    assert any(words in sentence for sentence in ignored)


KEYS = ["backbone", "size", "thaw", "bn", "hand", "head"]


@given(
    some.dictionaries(
        some.sampled_from(KEYS),
        some.one_of(some.text(max_size=50), some.from_regex(r"\A-?[0-9_.-]{1,20}\Z")),
    )
)
def test_no_link_fails_and_every_state_can_be_counted(link):
    opened, ignored = plan_link.from_link(link)
    assert freezing.count_params(opened.layers, opened.plan).total > 0
    assert all("\n" not in sentence for sentence in ignored)


def test_what_was_ignored_cannot_smuggle_markup_onto_the_page():
    _, ignored = plan_link.from_link({"backbone": "`[x](javascript:1)\n# <b>"})
    (sentence,) = ignored
    # The backtick in it does not end the code span around it.
    assert "`` `[x](javascript:1)?# <b> ``" in sentence
    assert "\n" not in sentence
