"""Figures show what they are given: where lines stand, what is framed, and what stays in sight."""

import io
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import plotly.graph_objects as go
import pytest
import resvg_py
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lib.core import runs
from lib.core.reading import curves, evaluation
from lib.core.reading.curves import AXES
from lib.core.runs import EpochRecord, Run
from lib.figures import theme
from lib.figures.reading import calibration, comparison, confusion, learning_curves
from lib.figures.reading.axes import View
from lib.figures.svg import gallery
from lib.training.engine import test_answers

SVG = "{http://www.w3.org/2000/svg}"


def a_run(
    head: int = 10, tuned: int = 10, *, seed: int = 0, done: bool = True, **result: Any
) -> Run:
    """A run whose curves are simple: accuracy rises, loss falls, epochs take a second or two."""
    config = runs.make_config(head_epochs=head, fine_tune_epochs=tuned, seed=seed)
    history = tuple(
        EpochRecord(
            epoch=number,
            phase="feature_extraction" if number <= head else "fine_tuning",
            loss=1 / number,
            accuracy=0.5 + 0.4 * number / (head + tuned),
            val_loss=1 / number + 0.1,
            val_accuracy=0.5 + 0.3 * number / (head + tuned) + 0.001 * seed,
            learning_rate=1e-3 if number <= head else 1e-4,
            wall_time_s=1.0 if number <= head else 2.0,
        )
        for number in range(1, head + tuned + 1)
    )
    ended = {"status": "finished", "split_sizes": {"validation": 40}} | result
    return Run(runs.run_id(config), config, history, ended if done else {}, Path("run"))


def start_lines(figure: go.Figure, *, dark: bool = False) -> set[float]:
    """Where fine-tuning starts, by the colour that means it."""
    colour = theme.palette(dark).trainable
    return {shape.x0 for shape in figure.layout.shapes if shape.line.color == colour}


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def trace(figure: go.Figure, name: str, mode: str | None = None) -> Any:
    (found,) = [each for each in figure.data if each.name == name and mode in (None, each.mode)]
    return found


# --- The curves of one run ------------------------------------------------------------------------


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from(list(AXES)))
def test_fine_tuning_starts_exactly_between_two_epochs(head: int, tuned: int, axis: str) -> None:
    run = a_run(head, tuned)
    figure = learning_curves.figure_of(run, view=View(axis=axis))
    along = curves.positions(run, axis)
    (line,) = start_lines(figure)
    assert line == pytest.approx((along[head - 1] + along[head]) / 2)
    assert along[head - 1] < line < along[head]
    if axis == "epochs":
        assert line == head + 0.5


def test_the_line_says_by_how_much_the_rate_changes() -> None:
    run = a_run()
    assert "<b>fine-tuning starts</b>, rate ÷ 10" in notes(learning_curves.figure_of(run))
    config = replace(run.config, fine_tune_learning_rate=1e-7)
    assert "<b>fine-tuning starts</b>, rate ÷ 10,000" in notes(learning_curves.figure(config, []))


def test_phases_are_named_and_cold_until_something_is_thawed() -> None:
    figure = learning_curves.figure_of(a_run())
    assert {"head only", "top layers thawed"} <= set(notes(figure))
    fills = [(s.x0, s.x1, s.fillcolor) for s in figure.layout.shapes if s.fillcolor]
    assert (0.5, 10.5, theme.LIGHT.cold_band) in fills
    assert (10.5, 20.5, theme.LIGHT.warm_band) in fills


@pytest.mark.parametrize(
    ("accuracies", "side"),
    [
        ((0.2, 0.3, 0.4, 0.6, 0.7, 0.8), "top"),
        ((0.2, 0.95, 1, 1, 1, 1), "bottom"),
        ((0.8, 0.7, 0.6, 0.5, 0.4, 0.2), "bottom"),
    ],
)
def test_the_name_of_a_phase_keeps_out_of_the_way_of_its_curves(
    accuracies: tuple[float, ...], side: str
) -> None:
    run = a_run(head=len(accuracies), tuned=0)
    history = tuple(
        replace(record, accuracy=accuracy, val_accuracy=accuracy)
        for record, accuracy in zip(run.history, accuracies, strict=True)
    )
    drawn = learning_curves.figure_of(replace(run, history=history))
    (name,) = [each for each in drawn.layout.annotations if each.text == "head only"]
    assert name.yanchor == side


def test_a_run_that_goes_on_has_the_axis_of_all_its_epochs() -> None:
    run = a_run()
    figure = learning_curves.figure(run.config, run.history[:3])
    assert figure.layout.xaxis.range == (0.5, 20.5)
    assert start_lines(figure) == {10.5}
    assert list(trace(figure, "validation accuracy").x) == [1, 2, 3]


def test_a_run_with_quick_epochs_grows_without_the_labels_that_move_with_them() -> None:
    run = a_run()
    quick, slow = (
        learning_curves.figure(run.config, run.history[:15], values=values)
        for values in (False, True)
    )
    moving = [note for note in notes(slow) if note not in notes(quick)]
    assert len(moving) == 3
    assert any("highest" in note for note in moving)
    assert any("last" in note for note in moving)
    # All lines are the same, so that only points differ from one epoch to the next.
    for title in ("training accuracy", "validation accuracy", "training loss", "validation loss"):
        assert trace(quick, title) == trace(slow, title)
    grown = learning_curves.figure(run.config, run.history[:16], values=False)
    assert grown.layout.annotations == quick.layout.annotations
    assert [each.mode for each in grown.data] == [each.mode for each in quick.data]


def test_nothing_is_drawn_before_the_first_epoch_and_nothing_breaks() -> None:
    figure = learning_curves.figure(runs.make_config(), [])
    assert not trace(figure, "validation accuracy").x
    assert "still empty" in learning_curves.alt_text(runs.make_config(), [])


@pytest.mark.parametrize("smoothing", [0.5, 0.95])
def test_smoothing_never_hides_the_points_that_were_measured(smoothing: float) -> None:
    run = a_run()
    figure = learning_curves.figure_of(run, view=View(smoothing=smoothing))
    for name in ("accuracy", "val_accuracy", "loss", "val_loss"):
        title = name.replace("val_", "validation ") if "val_" in name else f"training {name}"
        measured = [getattr(record, name) for record in run.history]
        assert list(trace(figure, title, "markers").y) == measured
        assert trace(figure, title, "markers").opacity > 0.4
        line = trace(figure, title, "lines")
        assert list(line.y) == list(curves.smoothed(run.history, name, smoothing))
        # What one reads off is what was measured.
        assert line.hoverinfo == "skip"


def test_training_is_thin_and_validation_is_thick() -> None:
    figure = learning_curves.figure_of(a_run())
    assert (
        trace(figure, "training accuracy").line.width < trace(figure, "validation loss").line.width
    )


def test_one_box_compares_training_and_validation_of_an_epoch_in_both_rows() -> None:
    figure = learning_curves.figure_of(a_run())
    assert figure.layout.hovermode == "x unified"
    assert figure.layout.hoversubplots == "axis"
    assert {each.xaxis for each in figure.data} == {None}  # one axis for both rows
    assert trace(figure, "validation accuracy").text[0] == ", 0.5 points below"


def test_the_loss_can_be_logarithmic_and_its_last_value_stays_beside_its_line() -> None:
    run = a_run()
    assert learning_curves.figure_of(run).layout.yaxis2.type is None
    figure = learning_curves.figure_of(run, view=View(log_loss=True))
    assert figure.layout.yaxis2.type == "log"
    (note,) = [n for n in figure.layout.annotations if n.yref == "y2"]
    assert note.y == pytest.approx(math.log10(run.history[-1].val_loss))


def test_the_first_epoch_with_the_highest_accuracy_is_marked() -> None:
    run = a_run()
    best = curves.first_highest(run.history)
    figure = learning_curves.figure_of(run)
    assert f"highest, epoch {best.epoch}" in notes(figure)
    assert [list(each.x) for each in figure.data if each.mode == "markers"] == [[best.epoch]]
    # A flat line was at its highest from the beginning, whatever its loss did.
    flat = tuple(replace(each, val_accuracy=0.95, val_loss=1 / each.epoch) for each in run.history)
    again = learning_curves.figure_of(replace(run, history=flat))
    assert "highest, epoch 1" in notes(again)


def test_an_epoch_whose_weights_were_kept_is_marked_on_the_loss_that_decided_it() -> None:
    run = a_run(10, 10)
    assert not any("kept" in note for note in notes(learning_curves.figure_of(run)))
    kept = replace(run, result=run.result | {"restored": {"fine_tuning": 12}})
    figure = learning_curves.figure_of(kept)
    assert "kept, epoch 12" in notes(figure)
    assert [
        (list(e.x), list(e.y)) for e in figure.data if e.mode == "markers" and e.yaxis == "y2"
    ] == [([12], [run.history[11].val_loss])]
    elsewhere = replace(run, result=run.result | {"restored": {"fine_tuning": 99}})
    assert not any("kept" in note for note in notes(learning_curves.figure_of(elsewhere)))


def test_on_a_narrow_screen_the_label_of_the_highest_point_turns_to_the_middle() -> None:
    figure = learning_curves.figure_of(a_run(10, 10))
    (place,) = [at for at, each in enumerate(notes(figure)) if each.startswith("highest")]
    position = figure.layout.annotations[place].x
    turned = figure.layout.meta["narrow"][f"annotations[{place}].xanchor"]
    assert turned == ("left" if position < 10 else "right")


def test_words_in_a_band_stand_on_its_colour_so_that_no_line_cuts_through_them() -> None:
    result = {"restored": {"fine_tuning": 12}, "stopped_early": {"fine_tuning": 20}}
    figure = learning_curves.figure_of(a_run(10, 10, **result))
    words = ("highest, epoch 20", "kept, epoch 12", "stopped early")
    found = [each for each in figure.layout.annotations if each.text in words]
    assert [each.bgcolor for each in found] == [theme.faint(theme.LIGHT.warm_band, 0.8)] * 3


@pytest.mark.parametrize(("first", "moved"), [(20, True), (19, True), (12, False)])
def test_on_a_narrow_screen_a_last_value_stands_left_of_a_frame_too_narrow_for_it(
    first: int, moved: bool
) -> None:
    figure = learning_curves.figure_of(a_run(10, 10), marked=(first, 20))
    changes = figure.layout.meta["narrow"]
    last = [at for at, e in enumerate(figure.layout.annotations) if "beside" in (e.name or "")]
    places = [changes.get(f"annotations[{at}].x") for at in last]
    assert places == [first - 0.5 if moved else None] * 2


@pytest.mark.parametrize("axis", curves.AXES)
def test_the_time_axis_says_what_the_two_lines_are(axis: str) -> None:
    figure = learning_curves.figure_of(a_run(), view=View(axis=axis))
    for title in (figure.layout.xaxis.title.text, figure.layout.meta["narrow"]["xaxis.title.text"]):
        assert "validation" in title.split("thin")[0].split("thick")[1]
        assert title.endswith("thin: training)")


def test_early_stopping_is_marked_where_it_ended_a_phase() -> None:
    whole = a_run(10, 10)
    run = replace(whole, history=whole.history[:14], result={"stopped_early": {"fine_tuning": 14}})
    figure = learning_curves.figure_of(run)
    assert notes(figure).count("stopped early") == 1
    (mark,) = [each for each in figure.data if each.marker.symbol == "square"]
    assert list(mark.x) == [14]
    assert mark.hovertemplate == "stopped early, 6 epochs before the end<extra></extra>"
    run = replace(run, result=run.result | {"restored": {"fine_tuning": 12}})
    (mark,) = [e for e in learning_curves.figure_of(run).data if e.marker.symbol == "square"]
    assert "the weights of epoch 12 were restored" in mark.hovertemplate
    # The axis ends where the run did.
    assert figure.layout.xaxis.range == (0.5, 14.5)


def test_a_result_that_names_an_epoch_that_is_not_there_marks_nothing() -> None:
    run = a_run(stopped_early={"fine_tuning": 99, "no such phase": 3})
    assert "stopped early" not in notes(learning_curves.figure_of(run))


def test_a_figure_can_keep_the_rates_to_itself() -> None:
    quiet = learning_curves.figure_of(a_run(), rates=False)
    assert "<b>fine-tuning starts</b>" in notes(quiet)
    assert "rate" not in quiet.to_json()
    assert "rate" in learning_curves.figure_of(a_run()).to_json()


def test_epochs_are_framed_in_a_comparison_too() -> None:
    one, other = a_run(), a_run(seed=1)
    lines = comparison.curves_of([one, other], over_seeds=False)
    frames = [s for s in comparison.overlay(lines, marked=(3, 5)).layout.shapes if s.line.dash]
    assert [(frame.x0, frame.x1) for frame in frames] == [(2.5, 5.5)] * 2
    assert not [s for s in comparison.overlay(lines).layout.shapes if s.line.dash]


@pytest.mark.parametrize("axis", AXES)
def test_the_epochs_of_a_finding_are_framed_halfway_to_their_neighbours(axis: str) -> None:
    run = a_run()
    figure = learning_curves.figure_of(run, view=View(axis=axis), marked=(12, 15))
    along = curves.positions(run, axis)
    frames = {(s.x0, s.x1) for s in figure.layout.shapes if s.line.dash == "dot"}
    assert frames == {((along[10] + along[11]) / 2, (along[14] + along[15]) / 2)}
    assert not [s for s in learning_curves.figure_of(run).layout.shapes if s.line.dash == "dot"]


def test_every_point_knows_its_epoch_so_that_a_replay_can_wait_for_it() -> None:
    view = View(smoothing=0.5)
    for figure in (
        learning_curves.figure_of(a_run(), view=view),
        comparison.overlay(
            comparison.curves_of([a_run(seed=s) for s in (0, 1)], over_seeds=True), view=view
        ),
    ):
        for each in figure.data:
            assert [epoch for (epoch,) in each.customdata] == list(each.x)
        waiting = [n.name for n in figure.layout.annotations if n.name]
        assert "reached 20 beside" in waiting


def test_a_loss_that_is_no_number_does_not_break_the_figure() -> None:
    run = a_run()
    broken = replace(run.history[-1], loss=math.nan, val_loss=math.nan)
    history = (*run.history[:-1], broken)
    learning_curves.figure_of(replace(run, history=history)).to_json()
    lines = comparison.curves_of([replace(run, history=history), a_run(seed=1)], over_seeds=False)
    comparison.overlay(lines).to_json()


def test_both_appearances_have_their_own_colours_and_the_same_data() -> None:
    light, dark = (learning_curves.figure_of(a_run(), dark=dark) for dark in (False, True))
    assert light.layout.paper_bgcolor != dark.layout.paper_bgcolor
    assert start_lines(light) == start_lines(dark, dark=True)
    assert [each.y for each in light.data] == [each.y for each in dark.data]


# --- Runs side by side ----------------------------------------------------------------------------


def names_beside(figure: go.Figure) -> list[Any]:
    return [note for note in figure.layout.annotations if (note.name or "").endswith("beside")]


def test_each_run_has_its_name_beside_its_end_and_names_keep_apart() -> None:
    lines = comparison.curves_of([a_run(seed=seed) for seed in range(8)], over_seeds=False)
    assert [line.label for line in lines] == [f"seed {seed}" for seed in range(8)]
    named = names_beside(comparison.overlay(lines))
    assert {note.text for note in named} == {f"<b>seed {seed}</b>" for seed in range(8)}
    heights = sorted(note.y for note in named)
    steps = [after - before for before, after in pairwise(heights)]
    assert min(steps) > 0.01


def test_of_very_many_runs_only_the_best_and_the_worst_are_named() -> None:
    several = [a_run(seed=seed) for seed in range(12)]
    named = names_beside(comparison.overlay(comparison.curves_of(several, over_seeds=False)))
    assert {note.text for note in named} == {"<b>seed 0</b>", "<b>seed 11</b>"}


def test_a_run_is_called_what_its_reader_calls_it_and_no_two_are_called_alike() -> None:
    several = [a_run(seed=seed) for seed in range(3)]
    called = {several[0].id: "<i>Monday</i>", several[2].id: "<i>Monday</i>"}
    lines = comparison.curves_of(several, over_seeds=False, called=called)
    labels = [line.label for line in lines]
    assert labels == ["<i>Monday</i>, run 1", "seed 1", "<i>Monday</i>, run 3"]
    # Plotly has a markup of its own, and a name is no markup.
    assert "<i>" not in "".join(note.text for note in names_beside(comparison.overlay(lines)))


def test_a_replay_shows_the_line_of_fine_tuning_when_the_head_is_done() -> None:
    lines = [s for s in learning_curves.figure_of(a_run()).layout.shapes if s.type == "line"]
    assert [line.name for line in lines] == ["reached 10", "reached 10"]
    # While the head is training, it is not there yet.
    run = a_run()
    early = learning_curves.figure(run.config, run.history[:5])
    assert [s.visible for s in early.layout.shapes if s.type == "line"] == [False, False]


def test_runs_of_one_configuration_are_one_line_with_the_range_of_their_seeds() -> None:
    several = [a_run(seed=seed) for seed in range(3)]
    (line,) = comparison.curves_of(several, over_seeds=True)
    assert line.runs == tuple(several)
    figure = comparison.overlay([line])
    low, high = (each for each in figure.data if each.line.width == 0 and each.yaxis == "y")
    assert high.fill == "tonexty"
    assert list(low.y) == [record.val_accuracy for record in several[0].history]
    assert list(high.y) == [record.val_accuracy for record in several[2].history]


def test_settings_that_follow_from_the_strategy_go_without_saying() -> None:
    partial = a_run()
    config = runs.make_config(strategy="feature_extraction", seed=0)
    head = replace(partial, config=config, id=runs.run_id(config), history=partial.history[:10])
    labels = [line.label for line in comparison.curves_of([partial, head], over_seeds=False)]
    assert labels == ["Top layers", "Head only"]
    # Where they are all that differs, they are said.
    others = [a_run(10, 10), a_run(5, 10)]
    labels = [line.label for line in comparison.curves_of(others, over_seeds=False)]
    assert labels == ["head epochs 10", "head epochs 5"]


def test_aligned_runs_start_fine_tuning_at_one_place() -> None:
    lines = comparison.curves_of([a_run(10, 10), a_run(5, 10)], over_seeds=False)
    assert start_lines(comparison.overlay(lines)) == {10.5, 5.5}
    figure = comparison.overlay(lines, aligned=True)
    assert start_lines(figure) == {0}
    assert "<b>fine-tuning starts</b>" in notes(figure)
    # The first epoch after the line is called +1 and the last one before it is not 0.
    labels = dict(zip(figure.layout.xaxis.ticktext, figure.layout.xaxis.tickvals, strict=True))
    assert labels["+1"] == 0.5
    assert labels["−5"] == -4.5
    assert "+0" not in labels


def test_lines_that_start_at_different_places_name_theirs() -> None:
    figure = comparison.overlay(
        comparison.curves_of([a_run(10, 10), a_run(5, 10), a_run(5, 12)], over_seeds=False)
    )
    words = set(notes(figure))
    assert "<b>2 runs</b>" in words
    assert any(each.startswith("<b>head epochs 10") for each in words)


def test_more_runs_than_colours_differ_in_their_dashes() -> None:
    num_colours = len(theme.LIGHT.runs)
    several = [a_run(seed=seed) for seed in range(2 * num_colours)]
    figure = comparison.overlay(comparison.curves_of(several, over_seeds=False))
    styles = {(each.line.color, each.line.dash) for each in figure.data}
    assert len(styles) == 2 * num_colours


def test_colours_of_runs_do_not_mean_frozen_or_trainable() -> None:
    for palette in (theme.LIGHT, theme.DARK):
        assert not {palette.frozen, palette.trainable, palette.statistics} & set(palette.runs)
    assert len(theme.LIGHT.runs) == len(theme.DARK.runs)


def test_small_figures_have_the_same_axes() -> None:
    lines = comparison.curves_of([a_run(10, 10), a_run(5, 3)], over_seeds=False)
    figures = [comparison.small(line, place, lines) for place, line in enumerate(lines)]
    assert len({figure.layout.xaxis.range for figure in figures}) == 1
    assert len({figure.layout.yaxis.range for figure in figures}) == 1
    assert [start_lines(figure) for figure in figures] == [{10.5}, {5.5}]


# --- Test images ----------------------------------------------------------------------------------

MATRIX = [[8, 2], [1, 9]]


def test_a_cell_of_the_confusion_matrix_is_a_point_that_knows_its_place() -> None:
    figure = confusion.figure(MATRIX, ["cat", "dog"], chosen=(0, 1))
    (cells,) = [each for each in figure.data if each.type == "scatter"]
    assert [tuple(cell) for cell in cells.customdata] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert cells.hovertext[1] == "cat predicted as dog: 2 of 10"
    framed = [shape for shape in figure.layout.shapes if shape.line.width > 2]
    assert [(shape.x0, shape.y0) for shape in framed] == [(0.52, -0.48)]
    # The first row is at the top, as in a table.
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_the_matrix_in_a_sentence_names_the_most_frequent_mistake() -> None:
    assert "cat predicted as dog, 2 times" in confusion.alt_text(MATRIX, ["cat", "dog"])
    assert "every test image" in confusion.alt_text([[8, 0], [0, 9]], ["cat", "dog"])


# 38 names of 60 characters, as PlantVillage has them: alike at the beginning and at the end.
LONG_NAMES = [f"Tomato___Spider_mites_{number:02}_" + "Two-spotted_" * 3 for number in range(38)]


def a_matrix(num_classes: int) -> list[list[int]]:
    """Every class is right nine times, and predicted as the next as often as its label says."""
    return [
        [9 if row == column else row * (column == (row + 1) % num_classes) for column in places]
        for places in [range(num_classes)]
        for row in places
    ]


def test_all_of_many_classes_have_cells_without_numbers_and_no_smaller_than_a_finger() -> None:
    figure = confusion.figure(a_matrix(38), LONG_NAMES, chosen=(3, 5))
    assert len(figure.layout.shapes) == 1
    assert figure.layout.height > 38 * confusion.SMALLEST_CELL
    (cells,) = [each for each in figure.data if each.type == "scatter"]
    assert cells.mode == "markers"
    assert len(cells.x) == 38**2


def test_of_many_classes_those_that_are_confused_most_have_numbers_and_their_own_names() -> None:
    matrix = a_matrix(38)
    shown = confusion.most_confused(matrix)
    # The mistakes grow with the label.
    assert shown == [*range(26, 38)]
    figure = confusion.figure(matrix, LONG_NAMES, classes=shown, chosen=(30, 31))
    (cells,) = [each for each in figure.data if each.type == "scatter"]
    assert cells.mode == "markers+text"
    assert list(cells.customdata[13]) == [27, 27]
    assert (cells.x[14], cells.y[14], cells.text[14]) == (2, 1, "<b>27</b>")
    assert cells.hovertext[14] == f"{LONG_NAMES[27]} predicted as {LONG_NAMES[28]}: 27 of 36"
    thick = [shape for shape in figure.layout.shapes if shape.line.width > 2]
    assert [(shape.x0, shape.y0) for shape in thick] == [(4.52, 3.52)]


def test_long_names_stand_upright_above_their_columns_short_and_each_its_own() -> None:
    figure = confusion.figure(a_matrix(38), LONG_NAMES)
    above, beside = figure.layout.xaxis, figure.layout.yaxis
    assert above.ticktext == beside.ticktext
    assert len(set(above.ticktext)) == 38
    assert max(map(len, above.ticktext)) < 20
    assert above.automargin
    assert above.tickangle == -90
    assert confusion.figure(MATRIX, ["cat", "dog"]).layout.xaxis.tickangle == 0


def test_names_of_classes_are_no_markup() -> None:
    figure = confusion.figure(MATRIX, ["<18 yrs", "<b>up</b>"])
    assert figure.layout.xaxis.ticktext == ("&lt;18 yrs", "&lt;b&gt;up&lt;/b&gt;")
    (cells,) = [each for each in figure.data if each.type == "scatter"]
    assert cells.hovertext[1] == "&lt;18 yrs predicted as &lt;b&gt;up&lt;/b&gt;: 2 of 10"


def test_calibration_is_drawn_as_it_was_measured() -> None:
    data = {
        "test": {
            "index": [0, 1, 2],
            "label": [0, 1, 1],
            "probabilities": [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]],
        }
    }
    measured = evaluation.calibration(evaluation.parse(data, ["cat", "dog"]))
    figure = calibration.figure(measured)
    points = figure.data[1]
    assert list(points.x) == [each.confidence for each in measured.bins]
    assert list(points.y) == [each.accuracy for each in measured.bins]
    assert f"{measured.expected_error * 100:.1f} points" in calibration.alt_text(measured)


def a_sheet(folder: Path, num_images: int, *, whole_row: bool = False) -> tuple[Path, Any]:
    """The picture of test images whose quarters have colours of their own, and those colours."""
    colours = np.random.default_rng(num_images).integers(0, 256, (num_images, 2, 2, 3), np.uint8)
    content = test_answers.picture(colours.repeat(48, axis=1).repeat(48, axis=2))
    path = folder / "test_images.webp"
    path.write_bytes(content)
    if whole_row:
        with Image.open(path) as sheet, Image.new("RGB", (1280, sheet.height), "white") as wide:
            wide.paste(sheet)
            wide.save(path, "WEBP", quality=80)
    return path, colours


@pytest.mark.parametrize("num_images", [1, 20, 21])
@pytest.mark.parametrize("whole_row", [False, True], ids=["as many columns", "20 columns"])
def test_a_reader_sees_the_whole_of_every_image_that_was_tested(
    tmp_path: Path, num_images: int, whole_row: bool
) -> None:
    picture, colours = a_sheet(tmp_path, num_images, whole_row=whole_row)
    svg = gallery.svg(picture, range(num_images), [("a", "b")] * num_images)
    drawn = np.asarray(
        Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGB"), float
    )
    root = ElementTree.fromstring(svg)
    for quarters, tile in zip(colours, root.findall(f"{SVG}svg"), strict=True):
        left, top, wide, high = (int(tile.attrib[name]) for name in ("x", "y", "width", "height"))
        seen = drawn[top : top + high, left : left + wide].reshape(2, high // 2, 2, wide // 2, 3)
        # Without the borders, where WebP lets a colour run into the next.
        inside = seen[:, 6:-6, :, 6:-6]
        assert np.abs(inside - quarters[:, None, :, None]).max() < 20


def test_a_gallery_cuts_each_image_from_its_place_and_escapes_what_is_said(tmp_path: Path) -> None:
    picture, _ = a_sheet(tmp_path, 40)
    said = [("cat & <dog>", "51 %"), ("dog", "60 %")]
    svg = gallery.svg(picture, [0, 21], said)
    root = ElementTree.fromstring(svg)
    tiles = root.findall(f"{SVG}svg")
    assert [tile.get("viewBox") for tile in tiles] == ["0 0 64 64", "64 64 64 64"]
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert texts == ["cat & <dog>", "51 %", "dog", "60 %"]
    # The picture is in it once, whatever the number of images.
    assert svg.count("base64,") == 1
