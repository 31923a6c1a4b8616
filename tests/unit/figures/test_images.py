"""Dots, bars and squares show what they are given: every image once, every number as it is."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.core import splits
from lib.core.images import shuffle_leak
from lib.figures import theme
from lib.figures.images import histogram
from lib.figures.images import leak as leak_figure
from lib.ui.parts.dots import payload as drawing

LABELS = np.array([0] * 130 + [1] * 70 + [2] * 40)
NAMES = ("cat", "dog", "<b>bird</b>")


def uses(described: dict) -> dict[str, str]:  # type: ignore[type-arg]
    return {use["code"]: use["name"] for use in described["uses"]}


@pytest.mark.parametrize("num_images", [12, 100, 160])
def test_every_image_is_one_dot_in_its_class(num_images: int) -> None:
    parts = splits.split(LABELS, num_images, seed=2)
    (frame,) = drawing.split_dots(parts, LABELS, NAMES)["frames"]
    assert [len(group) for group in frame["groups"]] == [130, 70, 40]
    assert frame["counts"] == Counter("".join(frame["groups"]))
    members = {"t": parts.train, "v": parts.validation, "e": parts.test}
    for label, group in enumerate(frame["groups"]):
        counted = {code: int((LABELS[part] == label).sum()) for code, part in members.items()}
        assert {code: group.count(code) for code in members} == counted


def test_dots_of_one_use_stand_together() -> None:
    parts = splits.split(LABELS, 60, seed=2)
    (frame,) = drawing.split_dots(parts, LABELS, NAMES)["frames"]
    for group in frame["groups"]:
        assert group == "".join(sorted(group, key="tveu".index))


def test_no_dot_is_unused_where_all_images_train() -> None:
    parts = splits.split(LABELS, 160, seed=0)
    assert "not used" not in uses(drawing.split_dots(parts, LABELS, NAMES)).values()
    parts = splits.split(LABELS, 159, seed=0)
    assert "not used" in uses(drawing.split_dots(parts, LABELS, NAMES)).values()


def test_the_dots_of_a_leak_are_its_epochs() -> None:
    epochs = shuffle_leak.take_and_skip(240, 40, num_epochs=4, seed=0)
    frames = drawing.leak_dots(epochs, LABELS, NAMES)["frames"]
    assert [frame["words"] for frame in frames] == [f"epoch {n} of 4" for n in range(1, 5)]
    for frame, epoch in zip(frames, epochs, strict=True):
        assert frame["counts"].get("x", 0) == len(epoch.seen)
        assert frame["counts"].get("v", 0) == len(epoch.validation) - len(epoch.seen)
        # Classes one after the other, as in LABELS: the place of a dot is the image.
        letters = "".join(frame["groups"])
        assert [at for at, use in enumerate(letters) if use == "x"] == epoch.seen.tolist()


def test_what_was_trained_on_stays_trained_on() -> None:
    epochs = shuffle_leak.take_and_skip(240, 40, num_epochs=6, seed=1)
    for earlier, later in zip(
        *[drawing.leak_codes(epochs, 240)[start:] for start in (0, 1)], strict=False
    ):
        for before, after in zip(earlier, later, strict=True):
            assert before not in "tx" or after in "tx"


def test_the_split_in_words_counts_every_class() -> None:
    parts = splits.split(LABELS, 60, seed=2)
    words = drawing.split_dots(parts, LABELS, NAMES)["label"]
    assert f"cat: {(LABELS[parts.train] == 0).sum()} training" in words


@pytest.mark.parametrize("dark", [False, True])
def test_uses_differ_in_shape_or_colour(dark: bool) -> None:
    palette = theme.palette(dark)
    for kinds in (drawing.USES, drawing.LEAK_USES):
        looks = [(use.shape, getattr(palette, use.colour)) for use in kinds]
        assert len(set(looks)) == len(looks)


def test_the_curve_of_a_leak_is_its_counts_and_thaws_is_zero() -> None:
    epochs = shuffle_leak.take_and_skip(240, 40, num_epochs=5, seed=0)
    leaking, sound = leak_figure.figure(epochs).data
    assert list(leaking.y) == [len(epoch.seen) for epoch in epochs]
    assert list(sound.y) == [0] * 5
    words = leak_figure.alt_text(epochs)
    assert f"{len(epochs[0].seen)} of 40 validation images" in words


@settings(max_examples=30)  # Each makes a figure.
@given(st.binary(min_size=1, max_size=300))
def test_a_histogram_holds_every_value(values: bytes) -> None:
    (bars,) = histogram.values(list(values), (0.0, 255.0), "value").data
    assert sum(bars.y) == len(values)


def test_a_histogram_of_values_is_that_of_a_count_by_hand() -> None:
    (bars,) = histogram.values([0, 0, 255], (0.0, 255.0), "value").data
    assert (bars.y[0], bars.y[-1], sum(bars.y)) == (2, 1, 3)


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(1, 4000)), min_size=1, max_size=200))
def test_every_image_is_in_one_square_of_sizes(sizes: list[tuple[int, int]]) -> None:
    array = np.array(sizes)
    places, counts = histogram.grouped(array)
    assert counts.sum() == len(sizes)
    assert np.allclose((places * counts[:, np.newaxis]).sum(axis=0), array.sum(axis=0))
    assert len(counts) <= max(histogram.MAX_EXACT_SIZES, histogram.GRID**2)


def test_bars_are_the_counts_and_names_are_no_markup() -> None:
    figure = histogram.class_bars([130, 70, 40], NAMES)
    assert list(figure.data[0].x) == [130, 70, 40]
    assert figure.layout.yaxis.ticktext[2] == "&lt;b&gt;bird&lt;/b&gt;"
    assert "<b>" not in str(figure.data[0].customdata)
