"""How good a finished run is, by its test images: used once, at the end."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import streamlit as st

from lib.core.reading import evaluation, test_images
from lib.core.reading.evaluation import Evaluation
from lib.core.runs import Run
from lib.figures.reading import calibration, confusion
from lib.figures.svg import gallery
from lib.ui import shell, sources, state, widgets
from lib.ui.uploads import access

# What the images beside the matrix can be: one of these two, or the (row, column) of a cell.
Choice = str | tuple[int, int]
MOST_WRONG = "The most wrong"
LEAST_SURE = "The least sure"
# Two rows of images are as high as a small matrix.
MAX_IMAGES = 8


@st.fragment
def show(run: Run) -> None:
    """Accuracy, confusion matrix with the images behind its cells, and calibration.

    Args:
        run: Of the page; one that has not finished has none of it.
    """
    st.subheader("How good is it?", anchor=False)
    answers = evaluation.load(run)
    if answers is None:
        _without_answers(run)
        return
    low, high = answers.interval
    st.markdown(
        f"{answers.num_correct:,} of {answers.num_images:,} test images are right: "
        f"**{answers.accuracy:.3f}**, 95 % interval {low:.3f} to {high:.3f}. They were used once, "
        "after the last epoch."
    )
    left, right = st.columns(2, gap="medium")
    with right:
        choice = _images(run, answers)
    with left:
        _matrix(run, answers, choice)
    _details(run, answers)


def _without_answers(run: Run) -> None:
    if run.status != "finished":
        st.markdown("The run did not end, so the test images were not used.")
        return
    low, high = run.result["test_interval_95"]
    st.markdown(
        f"{run.result['test_correct']:,} of {run.result['split_sizes']['test']:,} test images are "
        f"right: **{run.result['test_accuracy']:.3f}**, 95 % interval {low:.3f} to {high:.3f}. "
        "What it said of each image is not in this run's folder; a run with the next seed will "
        "have it."
    )


def _matrix(run: Run, answers: Evaluation, choice: Choice) -> None:
    matrix = evaluation.confusion_matrix(answers).tolist()
    cell = choice if isinstance(choice, tuple) else None
    key = f"{state.CONFUSION}_{run.id}"
    widgets.plot(
        confusion.figure(matrix, answers.class_names, chosen=cell, dark=shell.is_dark()),
        key,
        confusion.alt_text(matrix, answers.class_names),
        on_select=partial(_open_cell, key, run.id),
        selection_mode="points",
    )
    st.caption("Click a cell to see the images in it.")


def _open_cell(key: str, run_id: str) -> None:
    """Show the images of the cell that was clicked."""
    points = state.read(key, {}).get("selection", {}).get("points", [])  # type: ignore[attr-defined]
    if points:
        row, column = points[0]["customdata"]
        state.choose(f"{state.SHOWN_IMAGES}_{run_id}", (int(row), int(column)))


def _images(run: Run, answers: Evaluation) -> Choice:
    """Choose images and see them, each with what it was taken for and how surely."""
    matrix = evaluation.confusion_matrix(answers)
    names = answers.class_names
    # The mistakes first, the most frequent at the top.
    cells = sorted(
        ((row, column) for row in range(len(names)) for column in range(len(names))),
        key=lambda cell: (cell[0] == cell[1], -matrix[cell]),
    )
    options: list[Choice] = [MOST_WRONG] if answers.num_correct < answers.num_images else []
    options += [LEAST_SURE, *(cell for cell in cells if matrix[cell])]

    def in_words(choice: Choice) -> str:
        if isinstance(choice, str):
            return choice
        return f"{confusion.in_words(names, *choice)}, {matrix[choice]:,}"

    key = f"{state.SHOWN_IMAGES}_{run.id}"
    state.keep_within(key, options)
    choice = st.selectbox("Test images", options, format_func=in_words, key=key)
    if choice == MOST_WRONG:
        rows = test_images.most_wrong(answers, MAX_IMAGES)
    elif choice == LEAST_SURE:
        rows = test_images.least_sure(answers, MAX_IMAGES)
    else:
        rows = test_images.cell(answers, *choice)
    _gallery(run, answers, rows)
    return choice


def _gallery(run: Run, answers: Evaluation, rows: Sequence[int]) -> None:
    dataset = run.config.dataset
    may_see = access.may_see(dataset)
    picture = test_images.sprite_path(run) if may_see else None
    shown = rows[:MAX_IMAGES]
    captions = [
        (
            answers.class_names[answers.predicted[row]],
            ("" if answers.correct[row] else "wrong, ") + f"{answers.confidence[row] * 100:.0f} %",
        )
        for row in shown
    ]
    in_words = ", ".join(" ".join(lines) for lines in captions)
    drawing = ""
    if picture is not None:
        # A picture that cannot be read is as good as none.
        with suppress(OSError):
            drawing = gallery.svg(picture, shown, captions, dark=shell.is_dark())
    if not drawing:
        if not may_see:
            st.caption("The images are another reader's, who has not shared them.")
        elif access.are_gone(dataset):
            st.caption("The images were deleted.")
        else:
            st.caption("The images themselves were not kept with this run.")
        st.text(in_words)
        return
    st.image(
        drawing,
        width="stretch",
        alt=f"Test images, taken for: {in_words}",
    )
    more = f" The first {len(shown)} of {len(rows)}." if len(rows) > len(shown) else ""
    credit = widgets.credit(dataset)
    st.caption(f"Below each: what it was taken for, and how surely.{more}{credit}")


def _details(run: Run, answers: Evaluation) -> None:
    """Each class by itself, and whether the run is as sure as it is right; drawn when opened."""
    more = st.expander(
        "Per class, and whether it is right to be sure",
        key=f"{state.MORE_EVALUATION}_{run.id}",
        on_change="rerun",
    )
    if not more.open:
        return
    with more:
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**Precision and recall**")
            st.table(
                [
                    {
                        "Class": score.name,
                        "Images": f"{score.num_images:,}",
                        "Precision": _share(score.precision, score.precision_interval),
                        "Recall": _share(score.recall, score.recall_interval),
                    }
                    for score in evaluation.class_scores(answers)
                ],
                hide_index=True,
            )
            st.caption(
                "Precision: of what was taken for it, how much is. Recall: of what is, how much "
                "was found. In brackets the 95 % interval."
            )
        with right:
            st.markdown("**Calibration**")
            measured = evaluation.calibration(answers)
            widgets.plot(
                calibration.figure(measured, dark=shell.is_dark()),
                f"calibration_{run.id}",
                calibration.alt_text(measured),
            )
            side = "surer than right" if measured.overconfidence > 0 else "less sure than right"
            st.caption(
                f"On the dotted line it is as sure as it is right. On average it is "
                f"{abs(measured.overconfidence) * 100:.1f} points {side}; the expected error is "
                f"{measured.expected_error * 100:.1f} points."
            )
            sources.cite("guo-2017")


def _share(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return "none"
    return f"{value:.3f} [{interval[0]:.2f}, {interval[1]:.2f}]"
