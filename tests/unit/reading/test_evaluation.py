"""What is said of the test images follows from the answers to them."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import intervals, runs
from lib.core.lab.folder import RunWriter
from lib.core.lab.store import RunStore
from lib.core.reading import evaluation, test_images
from lib.core.runs import EVALUATION_FILE, TEST_IMAGES_FILE, Run

NAMES = ("animal", "food")


def made(label, probabilities, class_names=NAMES, index=None):
    return evaluation.parse(
        {
            "test": {
                "index": list(range(len(label))) if index is None else index,
                "label": label,
                "probabilities": probabilities,
            }
        },
        class_names,
    )


def of_second(*shares):
    """Answers of two classes, by the probability of the second."""
    return [[1 - share, share] for share in shares]


FOUR = made([0, 0, 1, 1], of_second(0.1, 0.8, 0.45, 0.9))
THREE = made(
    [0, 1, 2, 2, 1],
    [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.2, 0.6], [0.34, 0.33, 0.33], [0.1, 0.8, 0.1]],
    ("a", "b", "c"),
)


def finished_run(folder, data, names=NAMES, **config):
    made_config = runs.make_config(num_images=40, **config)
    writer = RunWriter(folder, made_config)
    if data is not None:
        writer.evaluation(data)
    result = {"status": "finished", "class_names": list(names)}
    writer.finish(result)
    return Run(runs.run_id(made_config), made_config, (), result, folder)


# --- Reading --------------------------------------------------------------------------------------


def test_an_evaluation_is_read_as_it_was_written(tmp_path):
    data = {"test": {"index": [7, 3], "label": [0, 1], "probabilities": of_second(0.25, 0.75)}}
    found = evaluation.load(finished_run(tmp_path, data))
    assert found.index.tolist() == [7, 3]
    assert found.label.tolist() == [0, 1]
    assert found.predicted.tolist() == [0, 1]
    assert found.confidence.tolist() == [0.75, 0.75]
    assert found.class_names == NAMES
    assert (found.num_images, found.num_correct, found.accuracy) == (2, 2, 1.0)
    assert found.interval == intervals.wilson_interval(2, 2)


def test_a_run_without_an_evaluation_has_none(tmp_path):
    assert evaluation.load(finished_run(tmp_path, None)) is None


def test_a_run_that_did_not_finish_has_none(tmp_path):
    run = finished_run(tmp_path, {"test": {}})
    cancelled = Run(run.id, run.config, (), {"status": "cancelled"}, tmp_path)
    assert evaluation.load(cancelled) is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "[" * 100_000, '{"test": 5}', '{"test": {"index": []}}', "null", "\x00"],
)
def test_a_damaged_file_is_no_evaluation(tmp_path, text):
    run = finished_run(tmp_path, {"test": {}})
    (tmp_path / EVALUATION_FILE).write_text(text)
    assert evaluation.load(run) is None


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    data = {"test": {"index": [0], "label": [0], "probabilities": of_second(0.2)}}
    run = finished_run(tmp_path, data)
    assert evaluation.load(run)
    monkeypatch.setattr(evaluation, "MAX_FILE_BYTES", 10)
    assert evaluation.load(run) is None


GOOD = {"index": [0, 1], "label": [0, 1], "probabilities": of_second(0.2, 0.9)}


@pytest.mark.parametrize(
    "change",
    [
        {"label": [0, 2]},
        {"label": [0, -1]},
        {"label": [0]},
        {"label": []},
        {"label": [0, 1.0]},
        {"label": "01"},
        {"index": [0, 0]},
        {"index": [0, -1]},
        {"index": [0, 10**30]},
        {"index": None},
        {"probabilities": of_second(0.2)},
        {"probabilities": [[0.8], [0.1]]},
        {"probabilities": [[0.8, 0.2], [0.1]]},
        {"probabilities": [[0.8, 0.3], [0.1, 0.9]]},
        {"probabilities": [[1.2, -0.2], [0.1, 0.9]]},
        {"probabilities": [[math.nan, 1], [0.1, 0.9]]},
        {"probabilities": [[math.inf, 1], [0.1, 0.9]]},
        {"probabilities": [["a", "b"], ["c", "d"]]},
        {"probabilities": [[[0.5], [0.5]], [[0.5], [0.5]]]},
        {"more": 1},
    ],
)
def test_fields_that_do_not_fit_are_refused(change):
    assert evaluation.parse({"test": GOOD}, NAMES).num_images == 2
    with pytest.raises((ValueError, OverflowError)):
        evaluation.parse({"test": GOOD | change}, NAMES)


@pytest.mark.parametrize("names", [None, 5, ["a"], ["a", 5], "ab"])
def test_an_evaluation_needs_its_class_names(names):
    with pytest.raises(ValueError, match="evaluation"):
        evaluation.parse({"test": GOOD}, names)


# --- Which images ---------------------------------------------------------------------------------


def test_a_run_with_a_picture_of_its_own_uses_it(tmp_path):
    run = finished_run(tmp_path, None)
    (tmp_path / TEST_IMAGES_FILE).write_bytes(b"webp")
    assert test_images.sprite_path(run) == tmp_path / TEST_IMAGES_FILE


def test_images_of_a_readers_own_have_no_shared_picture(tmp_path):
    run = finished_run(tmp_path, None)
    own = Run(
        run.id,
        runs.make_config(
            dataset="images-abc", data_fingerprint="x", max_train_images=50, num_images=40
        ),
        (),
        run.result,
        tmp_path,
    )
    assert test_images.sprite_path(own) is None


def test_the_tiles_lie_row_after_row():
    assert test_images.tile_box(0) == (0, 0, 64, 64)
    assert test_images.tile_box(19) == (1216, 0, 1280, 64)
    assert test_images.tile_box(20) == (0, 64, 64, 128)


def test_a_cell_holds_its_images_the_most_confident_first():
    assert test_images.cell(FOUR, 0, 0) == (0,)
    assert test_images.cell(FOUR, 0, 1) == (1,)
    assert test_images.cell(FOUR, 1, 0) == (2,)
    two = made([0, 0], of_second(0.4, 0.1))
    assert test_images.cell(two, 0, 0) == (1, 0)


def test_the_most_wrong_gave_the_label_least():
    # Row 1 gave its label 0.2, row 2 gave it 0.45; the others are right.
    assert test_images.most_wrong(FOUR) == (1, 2)
    assert test_images.most_wrong(FOUR, 1) == (1,)
    assert test_images.most_wrong(made([0], of_second(0.1))) == ()


def test_the_least_sure_have_two_classes_closest():
    assert test_images.least_sure(FOUR, 2) == (2, 1)
    assert test_images.least_sure(THREE, 1) == (3,)


# --- How good -------------------------------------------------------------------------------------


def test_the_confusion_matrix_counts_labels_down_and_predictions_across():
    assert evaluation.confusion_matrix(FOUR).tolist() == [[1, 1], [1, 1]]
    assert evaluation.confusion_matrix(THREE).tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 1]]


def test_precision_and_recall_are_of_a_class():
    scores = evaluation.class_scores(THREE)
    assert [each.name for each in scores] == ["a", "b", "c"]
    assert [each.precision for each in scores] == [1 / 2, 1.0, 1 / 2]
    assert [each.recall for each in scores] == [1.0, 1 / 2, 1 / 2]
    assert scores[1].recall_interval == intervals.wilson_interval(1, 2)


def test_a_class_that_nobody_predicts_or_that_has_no_image_has_no_share():
    scores = evaluation.class_scores(made([0, 0], of_second(0.1, 0.2)))
    assert (scores[1].precision, scores[1].recall) == (None, None)
    assert (scores[1].precision_interval, scores[1].recall_interval) == (None, None)


def test_calibration_compares_confidence_with_accuracy_in_each_bin():
    # Nine sure answers of which six are right, and one unsure one that is.
    shares = [0.95] * 9 + [0.55]
    labels = [1] * 6 + [0] * 3 + [1]
    found = evaluation.calibration(made(labels, of_second(*shares)))
    assert [(each.num_images, round(each.high, 1)) for each in found.bins] == [(1, 0.6), (9, 1.0)]
    unsure, sure = found.bins
    assert (unsure.confidence, unsure.accuracy) == (pytest.approx(0.55), 1.0)
    assert (sure.confidence, sure.accuracy) == (pytest.approx(0.95), 6 / 9)
    expected = 0.1 * (1 - 0.55) + 0.9 * (0.95 - 6 / 9)
    assert found.expected_error == pytest.approx(expected)
    assert found.overconfidence == pytest.approx(0.9 * (0.95 - 6 / 9) - 0.1 * 0.45)


def test_a_bin_holds_its_upper_end():
    found = evaluation.calibration(made([1, 1], of_second(0.75, 1.0)), num_bins=4)
    assert [each.high for each in found.bins] == [0.75, 1.0]


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=60))
def test_the_parts_add_up_to_the_whole(rows):
    shares, labels = zip(*rows, strict=True)
    found = made(list(labels), of_second(*shares))
    matrix = evaluation.confusion_matrix(found)
    assert matrix.sum() == len(rows)
    assert matrix.trace() == found.num_correct
    calibration = evaluation.calibration(found)
    assert sum(each.num_images for each in calibration.bins) == len(rows)
    assert 0 <= calibration.expected_error <= 1
    assert len(test_images.least_sure(found, 100)) == len(rows)
    assert len(test_images.most_wrong(found, 100)) == len(rows) - found.num_correct


# --- Two runs -------------------------------------------------------------------------------------


def test_runs_are_compared_image_by_image_in_any_order():
    first = made([0, 1, 1], of_second(0.1, 0.2, 0.9), index=[5, 6, 7])
    second = made([1, 1, 0], of_second(0.9, 0.3, 0.2), index=[6, 7, 5])
    found = evaluation.compare(first, second)
    assert (found.num_images, found.first_only, found.second_only) == (3, 1, 1)


def test_runs_on_other_images_are_not_compared():
    first = made([0, 1], of_second(0.1, 0.9), index=[1, 2])
    for other in (
        made([0, 1], of_second(0.1, 0.9), index=[1, 3]),
        made([1, 0], of_second(0.1, 0.9), index=[1, 2]),
        made([0], of_second(0.1), index=[1]),
    ):
        with pytest.raises(ValueError, match="same images"):
            evaluation.compare(first, other)


# --- The recorded runs ----------------------------------------------------------------------------


def test_the_evaluation_of_a_recorded_run_agrees_with_its_result():
    for run in RunStore():
        if run.recorded and (run.folder / EVALUATION_FILE).exists():
            found = evaluation.load(run)
            assert found is not None, run.id
            assert found.num_correct == run.result["test_correct"]
            picture = test_images.sprite_path(run)
            assert isinstance(picture, Path), run.id
