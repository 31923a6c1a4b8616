"""The code on the page, run as it stands: its model counts what the page says."""

from dataclasses import replace
from math import prod

import keras
import pytest

from lib.code import keras_model
from lib.core import backbones
from lib.core.heads import HeadSpec
from lib.ui.network.plan import PlanState
from lib.ui.parts.layer_strip import component as layer_strip
from tests.speeds import thorough_beyond

MOBILENET = PlanState.default("mobilenet_v2")
FLATTEN = HeadSpec("flatten", hidden_units=256, dropout=0.5, outputs=10)

STATES = {
    "head only": replace(MOBILENET, strategy="feature_extraction"),
    "top layers": MOBILENET,
    "the tutorial's cut": replace(MOBILENET, batch_norm="thawed").with_cut(100),
    "everything, statistics moving": replace(MOBILENET.with_cut(0), batch_norm="thawed"),
    "from scratch": replace(MOBILENET, strategy="from_scratch"),
    "layers set by hand": MOBILENET.with_cut(100).with_by_hand([1, 2, 5, 99, 101, 102, 149]),
    "one layer alone": replace(MOBILENET, strategy="feature_extraction").with_by_hand([61]),
    "another head": replace(PlanState.default("vgg16"), head=FLATTEN),
} | {
    backbone: PlanState.default(backbone).with_by_hand(
        [
            row.index
            for row in backbones.load_layer_table(backbone)
            if row.weights and row.index % 7 == 3
        ]
    )
    for backbone in backbones.BACKBONES
}

# Both kinds of cut, layers set by hand, and of the backbones the one that Thaw builds itself. What
# Keras counts at both ends, tests/oracle/test_layer_tables.py compares as well.
FEW = [
    *("top layers", "the tutorial's cut", "from scratch"),
    *("layers set by hand", "another head", "efficientnet_lite0"),
]


@pytest.fixture
def _no_downloads(monkeypatch):
    # The code asks for ImageNet weights; with them or with random ones, the counts are the same.
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: "weights.h5")
    monkeypatch.setattr(keras.Model, "load_weights", lambda *_, **__: None)


def run(state: PlanState) -> keras.Model:
    code = keras_model.code(
        state.backbone,
        state.image_size,
        state.head,
        cut=state.cut,
        batch_norm_frozen=state.batch_norm_frozen,
        by_hand=state.by_hand_indices,
        weights=None if state.strategy == "from_scratch" else "imagenet",
    )
    names: dict[str, object] = {}
    exec(code, names)  # it is our own text, and running it is the point
    return names["model"]


@pytest.mark.usefixtures("_no_downloads")
@pytest.mark.parametrize("name", thorough_beyond(FEW, STATES))
def test_the_code_builds_a_model_with_exactly_the_counts_on_the_page(name, capsys):
    state = STATES[name]
    model = run(state)
    shown = layer_strip.numbers(state)
    assert model.count_params() == shown["total"]
    trainable = sum(prod(weight.shape) for weight in model.trainable_weights)
    assert trainable == shown["trainable"]
    assert len(model.trainable_weights) == shown["tensors"]
    # What model.summary() printed, to the letter.
    printed = capsys.readouterr().out
    assert f"Total params: {shown['total']:,}" in printed
    assert f"Trainable params: {shown['trainable']:,}" in printed
    model.optimizer.build(model.trainable_variables)
    optimizer = sum(prod(variable.shape) for variable in model.optimizer.variables)
    assert optimizer == shown["optimizer"]
