"""What ships of real feature maps, the arithmetic on them, and what the browser is told to draw."""

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lib.core import runs
from lib.core.errors import ConfigError
from lib.core.lab.folder import MODEL_FILE, read_run
from lib.core.lab.store import RunStore
from lib.core.maps import feature_maps
from lib.core.maps.feature_maps import FeatureMaps
from lib.core.reading import evaluation
from lib.ui.maps import class_names as imagenet_names
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import ClassTile, Equation
from lib.ui.uploads import single_image

TOLERANCE = 1e-4
MAX_BYTES = 2_500_000
# (height, width) of the input -> of the map; EfficientNet-Lite0 halves five times.
GRIDS = {
    (96, 96): (3, 3),
    (128, 128): (4, 4),
    (160, 160): (5, 5),
    (224, 224): (7, 7),
    (160, 224): (5, 7),
}
EXAMPLES = list(feature_maps.examples())

every_map = pytest.mark.parametrize("size", feature_maps.SIZES, ids=drawing.size_name)
every_example = pytest.mark.parametrize("example", EXAMPLES)


def random_maps(seed: int = 0, rows: int = 3, columns: int = 2) -> FeatureMaps:
    generator = np.random.default_rng(seed)
    maps = np.maximum(0, generator.normal(size=(rows, columns, feature_maps.NUM_CHANNELS)))
    logits = generator.normal(size=feature_maps.NUM_CLASSES)
    return FeatureMaps((32 * rows, 32 * columns), maps, logits)


# --- What ships -----------------------------------------------------------------------------------


@every_map
@every_example
def test_mean_of_the_map_plus_bias_is_what_the_network_said(example, size):
    maps, classifier = feature_maps.load(example, size), feature_maps.imagenet_classifier()
    for index in classifier.classes:
        made = feature_maps.decide(maps, *classifier.column(index))
        assert made.mean + made.bias == pytest.approx(maps.logits[index], abs=TOLERANCE)
        assert made.logit_of_averages == pytest.approx(made.logit, abs=1e-9)


@every_map
@every_example
def test_a_map_is_as_large_as_its_image_and_the_vector_never_changes_its_length(example, size):
    maps = feature_maps.load(example, size)
    assert maps.grid == GRIDS[size] == drawing.grid_of(size)
    assert maps.averages.shape == (feature_maps.NUM_CHANNELS,)
    assert maps.maps.min() == 0
    assert maps.maps.max() <= drawing.FULL


@every_map
@every_example
def test_the_first_five_classes_have_their_weights_here(example, size):
    top = feature_maps.load(example, size).top()
    assert len(set(top)) == 5
    assert set(top) <= set(feature_maps.imagenet_classifier().classes)


def test_one_size_is_not_square():
    assert any(height != width for height, width in feature_maps.SIZES)


@every_example
def test_every_image_says_its_licence_and_who_made_it(example):
    spec = feature_maps.examples()[example]
    assert spec.licence.startswith("CC")
    assert spec.attribution
    for picture in (spec.picture(), spec.thumbnail()):
        with Image.open(io.BytesIO(picture)) as image:
            assert image.format == "WEBP"
    with Image.open(io.BytesIO(spec.picture())) as image:
        assert image.size == (spec.width, spec.height)


def test_all_of_it_is_small():
    assert sum(path.stat().st_size for path in feature_maps.FOLDER.iterdir()) < MAX_BYTES


@pytest.mark.parametrize(("example", "size"), [("unicorn", (96, 96)), (EXAMPLES[0], (96, 128))])
def test_what_does_not_ship_is_said(example, size):
    with pytest.raises(ConfigError, match="ship with Thaw"):
        feature_maps.load(example, size)


def test_a_class_without_weights_is_said():
    classifier = feature_maps.imagenet_classifier()
    missing = next(index for index in range(1000) if index not in classifier.classes)
    with pytest.raises(ConfigError, match=f"class {missing} "):
        classifier.column(missing)


def test_the_thousand_classes_have_a_thousand_names():
    names = imagenet_names.names()
    assert len(set(names)) == len(names) == feature_maps.NUM_CLASSES
    assert names[134] == "crane (134)"  # the bird; 517 lifts things


# --- The arithmetic -------------------------------------------------------------------------------


@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 4))
def test_the_two_ways_to_a_logit_give_the_same_number(seed, rows, columns):
    maps = random_maps(seed, rows, columns)
    weights = np.random.default_rng(seed + 1).normal(size=feature_maps.NUM_CHANNELS)
    made = feature_maps.decide(maps, weights, 0.5)
    assert made.logit == pytest.approx(made.logit_of_averages, abs=1e-9)
    assert made.logit == pytest.approx(float(maps.averages @ weights) + 0.5, abs=1e-9)


def test_the_difference_of_two_decisions_is_the_decision_of_the_difference():
    maps = random_maps()
    one, other = np.random.default_rng(3).normal(size=(2, feature_maps.NUM_CHANNELS))
    apart = feature_maps.decide(maps, one, 0.4) - feature_maps.decide(maps, other, 0.1)
    together = feature_maps.decide(maps, one - other, 0.3)
    assert apart.logit == pytest.approx(together.logit)
    np.testing.assert_allclose(apart.cam, together.cam)


def test_weights_of_another_length_are_refused():
    with pytest.raises(ValueError, match="1280"):
        feature_maps.decide(random_maps(), np.ones(7), 0.0)


def test_the_strongest_channel_comes_first():
    maps = random_maps()
    assert maps.ranking[0] == maps.averages.argmax()
    assert (np.diff(maps.averages[maps.ranking]) <= 0).all()


@given(st.floats(-50, 50), st.floats(-5, 5))
def test_the_numbers_on_the_screen_add_up_to_the_last_digit(mean, bias):
    count = feature_maps.decimals(mean, bias, mean + bias)
    if count < 9:
        shown = [f"{value:.{count}f}" for value in (mean, bias, mean + bias)]
        units = [int(text.replace(".", "")) for text in shown]
        assert units[0] + units[1] == units[2]
    assert 4 <= count <= 9


@every_map
@every_example
def test_no_shipped_sum_needs_many_decimals(example, size):
    maps, classifier = feature_maps.load(example, size), feature_maps.imagenet_classifier()
    for index in maps.top():
        made = feature_maps.decide(maps, *classifier.column(index))
        assert feature_maps.decimals(made.mean, made.bias, made.logit) <= 7


# --- The head of a run ----------------------------------------------------------------------------


def recorded(dataset):
    """A recorded run whose head is one Dense layer on the averages of the pretrained backbone."""
    return next(
        run
        for run in RunStore(Path("nowhere"))
        if run.config.dataset == dataset and feature_maps.reads_averages(run.config)
    )


def test_only_a_head_of_one_layer_on_unchanged_averages_can_be_taken_apart():
    config = runs.make_config(strategy="feature_extraction")
    assert feature_maps.reads_averages(config)
    for other in (
        {"pooling": "flatten"},
        {"pooling": "gmp"},
        {"hidden_units": 8},
        {"strategy": "partial_fine_tuning"},
        {"backbone": "mobilenet_v2"},
    ):
        assert not feature_maps.reads_averages(replace(config, **other)), other


@pytest.mark.parametrize(
    "example", [each for each in EXAMPLES if feature_maps.examples()[each].dataset]
)
def test_a_recorded_head_says_the_same_here_as_it_did_in_its_test(example):
    spec = feature_maps.examples()[example]
    run = recorded(spec.dataset)
    classifier = feature_maps.run_classifier(run)
    assert classifier is not None
    maps = feature_maps.load(example, (run.config.image_size,) * 2)
    made = feature_maps.decide(maps, *classifier.column(1))
    said = evaluation.load(run)
    if said is None:
        pytest.skip("This run was recorded before runs said what they answer to each image.")
    (row,) = np.flatnonzero(said.index == spec.index)
    assert said.class_names[said.label[row]] == spec.label
    share = 1 / (1 + np.exp(-made.logit))
    assert share == pytest.approx(said.probabilities[row, 1], abs=1e-3)


def write_run(folder, arrays, class_names=("a", "b")):
    (folder / "model").mkdir(parents=True)
    config = runs.make_config(strategy="feature_extraction")
    (folder / "config.json").write_text(json.dumps(vars(config)), "utf-8")
    result = {"status": "finished", "class_names": list(class_names)}
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    if isinstance(arrays, dict):
        np.savez(folder / "model" / MODEL_FILE, **arrays)
    elif arrays is not None:
        (folder / "model" / MODEL_FILE).write_bytes(arrays)
    return read_run(folder)


def head(outputs, inputs=feature_maps.NUM_CHANNELS):
    return {"head/0": np.ones((inputs, outputs)), "head/1": np.zeros(outputs)}


def test_two_classes_share_a_column_and_more_have_one_each(tmp_path):
    two = feature_maps.run_classifier(write_run(tmp_path / "two", head(1)))
    three = feature_maps.run_classifier(write_run(tmp_path / "three", head(3), ("a", "b", "c")))
    assert two.classes == (1,)
    assert three.classes == (0, 1, 2)


@pytest.mark.parametrize(
    "arrays",
    [
        None,
        b"not an archive",
        head(2),
        head(1, inputs=7),
        head(1) | {"head/2": np.ones(1)},
        {"head/0": np.ones((feature_maps.NUM_CHANNELS, 1))},
        {"head/0": np.array({}, dtype=object), "head/1": np.zeros(1)},
    ],
    ids=["none", "damaged", "two columns", "short", "hidden layer", "no bias", "pickled"],
)
def test_another_model_or_a_damaged_one_has_no_head_to_show(tmp_path, arrays):
    assert feature_maps.run_classifier(write_run(tmp_path / "run", arrays)) is None


# --- What is drawn --------------------------------------------------------------------------------


def drawn_channels(channel=5):
    maps = feature_maps.load(EXAMPLES[0], (160, 224))
    others = {(96, 96): feature_maps.load(EXAMPLES[0], (96, 96)), (160, 224): maps}
    return maps, drawing.channels(
        maps,
        channel,
        see="all",
        about="A.",
        picture="",
        shape=(160, 224),
        choices=(),
        chosen="",
        others=others,
    )


def test_the_shown_average_is_the_mean_of_the_shown_numbers():
    maps, drawn = drawn_channels()
    channel = drawn["channel"]
    assert np.mean(channel["values"]) == pytest.approx(channel["average"], abs=1e-5)
    assert len(channel["values"]) == 5 * 7
    assert len(drawn["averages"]) == len(drawn["ranking"]) == 1280
    assert [one["index"] for one in drawn["strongest"]] == maps.ranking[:12].tolist()


def test_every_size_has_its_length_of_flatten_and_only_known_ones_their_numbers():
    _, drawn = drawn_channels()
    assert {one["name"]: one["flat"] for one in drawn["sizes"]} == {
        "96x96": 11_520,
        "128x128": 20_480,
        "160x160": 32_000,
        "224x224": 62_720,
        "160x224": 44_800,
    }
    known = [one["name"] for one in drawn["sizes"] if one["values"] is not None]
    assert known == ["96x96", "160x224"]


def drawn_decision():
    maps, classifier = (
        feature_maps.load(EXAMPLES[0], (224, 224)),
        feature_maps.imagenet_classifier(),
    )
    first, second = (feature_maps.decide(maps, *classifier.column(index)) for index in maps.top(2))
    equations = [
        Equation("one", "logit", first, ""),
        Equation("other", "logit", second, ""),
        Equation("both", "difference", first - second, ""),
    ]
    return first - second, drawing.decision(
        maps.size,
        picture="",
        shape=(224, 224),
        tiles=[ClassTile(1, "one", first, 0.7)],
        first=1,
        question="",
        equations=equations,
        averages=maps.averages,
    )


def test_the_staircase_begins_at_zero_and_ends_at_the_logit():
    made, drawn = drawn_decision()
    *steps, result = drawn["terms"]["rows"]
    assert steps[0]["from"] == 0
    for before, after in pairwise(steps):
        assert after["from"] == before["to"]
    assert steps[-1]["to"] == pytest.approx(result["value"], abs=1e-5)
    assert result["value"] == pytest.approx(made.logit, abs=1e-5)
    assert steps[-2]["name"] == "the other 1,272"


def test_each_equation_on_the_screen_adds_up():
    _, drawn = drawn_decision()
    for one in drawn["equations"]:
        shown = [f"{one[name]:.{one['decimals']}f}" for name in ("mean", "bias", "logit")]
        units = [int(text.replace(".", "")) for text in shown]
        assert units[0] + units[1] == units[2]
        assert np.mean(one["values"]) == pytest.approx(one["mean"], abs=1e-5)


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(0, 0, "at the top on the left"), (2, 3, "in the middle"), (4, 3, "at the bottom")],
)
def test_where_a_map_is_largest_is_said_in_words(row, column, words):
    values = np.zeros((5, 7))
    values[row, column] = 1
    assert drawing.where(values) == words


# --- The reader's own image -----------------------------------------------------------------------


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 100))
def test_pixels_from_a_worker_become_a_file_that_holds_them(height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    with Image.open(io.BytesIO(single_image.png(pixels))) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        np.testing.assert_array_equal(np.asarray(image), pixels)
