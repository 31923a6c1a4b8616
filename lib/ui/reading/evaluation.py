"""Evaluation of a finished run on its test images, which are used once, at the end."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import streamlit as st

from lib.core.files import outside_text
from lib.core.reading import evaluation, test_images
from lib.core.reading.evaluation import Evaluation
from lib.core.runs import Run
from lib.figures.reading import calibration, confusion
from lib.figures.svg import gallery
from lib.ui import glossary, link, shell, sources, state, widgets
from lib.ui.uploads import access

# The images beside the matrix: one of these two selections, or the (row, column) of a cell.
Choice = str | tuple[int, int]
MOST_WRONG = "Most confident mistakes"
LEAST_SURE = "Least confident predictions"
# In the link, for a matrix with all of many classes.
EVERY_CLASS = "all"
# Two rows of images are as high as a small matrix.
MAX_IMAGES = 8
# Columns of the name of a class below an image or in the list: two lines.
LONGEST_NAME = 2 * gallery.MAX_COLUMNS
# Pixels of the images below a matrix that has the whole width.
GALLERY_WIDTH = 520


@st.fragment
def show(run: Run) -> None:
    """Show accuracy, confusion matrix with the images of its cells, and calibration.

    Args:
        run: The run of the page; a run that has not finished has no test results.
    """
    st.subheader("How good is it?", anchor=False)
    answers = evaluation.load(run)
    if answers is None:
        _without_answers(run)
        return
    low, high = answers.interval
    st.markdown(
        f"{answers.num_correct:,} of {answers.num_images:,} "
        f"{glossary.term('test_images', 'test images')} are classified correctly: "
        f"**{answers.accuracy:.3f}**, 95 % {glossary.term('interval', 'interval')} {low:.3f} to "
        f"{high:.3f}. They were used once, after the last epoch."
    )
    matrix = evaluation.confusion_matrix(answers).tolist()
    classes = _classes(run, matrix)
    if len(classes) > confusion.MAX_NUMBERED:
        left, right = st.container(), st.container(width=GALLERY_WIDTH)
    else:
        left, right = st.columns(2, gap="medium")
    with right:
        choice = _images(run, answers)
    with left:
        _matrix(run, answers, matrix, classes, choice)
    _details(run, answers)


def _without_answers(run: Run) -> None:
    if run.status != "finished":
        st.markdown("The run did not end, so the test images were not used.")
        return
    low, high = run.result["test_interval_95"]
    st.markdown(
        f"{run.result['test_correct']:,} of {run.result['split_sizes']['test']:,} test images are "
        f"classified correctly: **{run.result['test_accuracy']:.3f}**, 95 % interval {low:.3f} to "
        f"{high:.3f}. The folder of this run has no prediction for each image; a run with the next "
        "seed will have them."
    )


def _classes(run: Run, matrix: Sequence[Sequence[int]]) -> Sequence[int]:
    """Labels of the classes in the matrix; of many, those confused most or all as one chooses."""
    every = range(len(matrix))
    if len(every) <= confusion.MAX_NUMBERED:
        return every
    few = f"The {confusion.MAX_NUMBERED} that are confused most"
    whole = "All, for a wide screen"
    key = f"{state.CONFUSION_CLASSES}_{run.id}"
    state.start_with(key, few)
    if link.once(state.LINK_MATRIX, f"{key}_in_link") == EVERY_CLASS:
        state.choose(key, whole)
    shown = st.segmented_control(
        f"Classes, of {len(every)}",
        [few, whole],
        format_func=widgets.quiet,
        required=True,
        key=key,
        wrap=True,
    )
    if shown == few:
        link.drop(state.LINK_MATRIX)
        return confusion.most_confused(matrix)
    link.follow(state.LINK_MATRIX, EVERY_CLASS, f"{key}_in_link")
    return every


def _matrix(
    run: Run,
    answers: Evaluation,
    matrix: Sequence[Sequence[int]],
    classes: Sequence[int],
    choice: Choice,
) -> None:
    cell = choice if isinstance(choice, tuple) else None
    key = f"{state.CONFUSION}_{run.id}"
    widgets.plot(
        confusion.figure(
            matrix, answers.class_names, classes=classes, chosen=cell, dark=shell.is_dark()
        ),
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
    """Let the reader choose test images, and show each with its prediction and confidence."""
    matrix = evaluation.confusion_matrix(answers)
    names = outside_text.short_names(answers.class_names, LONGEST_NAME)
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
    names_in_link = {_in_link(option): option for option in options}
    asked = link.once(state.LINK_SHOWN_IMAGES, f"{key}_in_link")
    if asked in names_in_link:
        state.choose(key, names_in_link[asked])
    state.keep_within(key, options)
    choice = st.selectbox("Test images", options, format_func=in_words, key=key)
    if choice != options[0] or link.get(state.LINK_SHOWN_IMAGES):
        link.follow(state.LINK_SHOWN_IMAGES, _in_link(choice), f"{key}_in_link")
    if choice == MOST_WRONG:
        rows = test_images.most_wrong(answers, MAX_IMAGES)
    elif choice == LEAST_SURE:
        rows = test_images.least_sure(answers, MAX_IMAGES)
    else:
        rows = test_images.cell(answers, *choice)
    _gallery(run, answers, rows)
    return choice


def _in_link(choice: Choice) -> str:
    """Return the name of a selection in the link.

    Example:

    >>> _in_link((0, 1)), _in_link(LEAST_SURE)
    ('0-1', 'unsure')
    """
    if isinstance(choice, str):
        return {MOST_WRONG: "mistakes", LEAST_SURE: "unsure"}[choice]
    return f"{choice[0]}-{choice[1]}"


def _gallery(run: Run, answers: Evaluation, rows: Sequence[int]) -> None:
    dataset = run.config.dataset
    may_see = access.may_see(dataset)
    picture = test_images.sprite_path(run) if may_see else None
    shown = rows[:MAX_IMAGES]
    whole = [answers.class_names[answers.predicted[row]] for row in shown]
    surely = [
        ("" if answers.correct[row] else "wrong, ") + f"{answers.confidence[row] * 100:.0f} %"
        for row in shown
    ]
    in_words = ", ".join(" ".join(parts) for parts in zip(whole, surely, strict=True))
    short = outside_text.short_names(answers.class_names, LONGEST_NAME)
    names = [short[answers.predicted[row]] for row in shown]
    drawing = ""
    if picture is not None:
        # A picture that cannot be read is as good as none.
        with suppress(OSError):
            captions = [
                [*outside_text.wrapped(name, gallery.MAX_COLUMNS), words]
                for name, words in zip(names, surely, strict=True)
            ]
            drawing = gallery.svg(picture, shown, captions, dark=shell.is_dark())
    if not drawing:
        if not may_see:
            st.caption("The images belong to another reader, who has not shared them.")
        elif access.are_gone(dataset):
            st.caption("The images were deleted.")
        else:
            st.caption("The images were not stored with this run.")
        st.text(in_words)
        return
    st.image(
        drawing,
        width="stretch",
        alt=f"Test images, predicted as: {in_words}",
    )
    more = f" The first {len(shown)} of {len(rows)}." if len(rows) > len(shown) else ""
    credit = widgets.credit(dataset)
    in_full = ", ".join(map(outside_text.in_markdown, dict.fromkeys(whole)))
    st.caption(
        f"Below each image: prediction and {glossary.term('confidence')}.{more}{credit}",
        help=in_full if names != whole else None,
    )


def _details(run: Run, answers: Evaluation) -> None:
    """Show scores per class and the calibration; drawn only when opened."""
    more = st.expander(
        "Scores per class, and calibration",
        key=state.MORE_EVALUATION,
        on_change="rerun",
        bind="query-params",
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
                        "Class": widgets.in_a_table(score.name),
                        "Images": f"{score.num_images:,}",
                        "Precision": _share(score.precision, score.precision_interval),
                        "Recall": _share(score.recall, score.recall_interval),
                    }
                    for score in evaluation.class_scores(answers)
                ],
                hide_index=True,
            )
            st.caption(
                "Precision: share of the predictions of this class that are right. Recall: share "
                "of this class that was found. In brackets: 95 % interval."
            )
        with right:
            st.markdown("**Calibration**")
            measured = evaluation.calibration(answers)
            widgets.plot(
                calibration.figure(measured, dark=shell.is_dark()),
                f"calibration_{run.id}",
                calibration.alt_text(measured),
            )
            side = "above" if measured.overconfidence > 0 else "below"
            st.caption(
                "On the dotted line, confidence equals accuracy. On average the confidence is "
                f"{abs(measured.overconfidence) * 100:.1f} points {side} the accuracy; the "
                f"expected calibration error is {measured.expected_error * 100:.1f} points."
            )
            sources.cite("guo-2017")


def _share(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return "none"
    return f"{value:.3f} [{interval[0]:.2f}, {interval[1]:.2f}]"
