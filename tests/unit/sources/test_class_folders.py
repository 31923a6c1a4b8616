"""Which files are images of which class, whatever they are called and wherever they lie."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.splits import TEST, TRAIN, VALIDATION
from lib.training.sources import class_folders
from lib.training.sources.class_folders import Found, Layout


def layout(*names: str, **options: bool) -> Layout:
    return Layout([Found(tuple(name.split("/"))) for name in names], **options)


def of_each(*folders: str) -> list[str]:
    return [f"{folder}/{number}.png" for folder in folders for number in range(2)]


def taken(found: Layout) -> dict[str, list[str]]:
    return {
        name: [each.found.name for each in found.candidates if each.class_name == name]
        for name in found.class_names
    }


# --- Where the classes are ------------------------------------------------------------------------


@pytest.mark.parametrize("around", ["", "pets/", "archive/flowers/", "a/b/c/d/"])
def test_classes_are_found_where_there_is_one_way_down(around: str) -> None:
    found = layout(*of_each(f"{around}cat", f"{around}dog"))
    assert found.class_names == ("cat", "dog")
    assert len(found.candidates) == 4
    assert found.left_out == ()
    where = around.rstrip("/")
    assert found.said == ([f"The folders of the classes were found in {where}."] if around else [])


def test_the_name_of_a_file_does_not_depend_on_the_folders_around() -> None:
    plain, deeper = layout(*of_each("cat", "dog")), layout(*of_each("a/b/cat", "a/b/dog"))
    assert [each.within for each in plain.candidates] == [each.within for each in deeper.candidates]


def test_a_stray_folder_without_images_is_no_other_way() -> None:
    found = layout(*of_each("pets/cat", "pets/dog"), "notes/read me.txt", "labels.csv")
    assert found.class_names == ("cat", "dog")
    assert found.left_out == (
        "labels.csv: not in the folder of a class",
        "notes/read me.txt: not in the folder of a class",
    )


def test_two_ways_down_are_refused_with_the_reason_and_what_would_help() -> None:
    found = layout(*of_each("here/cat", "here/dog", "there/cat", "there/dog"))
    with pytest.raises(DataError) as error:
        found.check("The upload", (), (), ())
    assert error.value.message.endswith(
        "it holds none. 8 files were left out, the first of them here/cat/0.png: in a folder "
        "inside that of a class."
    )
    assert error.value.next_step == (
        "Use the one folder that directly holds one folder of images per class."
    )


def test_a_class_of_which_nothing_can_be_used_is_an_error_and_one_without_images_is_not() -> None:
    found = layout(*of_each("cat", "dog", "bird"), "docs/read me.txt")
    assert found.folders_left_out == ["docs: no usable image in it"]
    for each in found.candidates:
        if each.class_name == "bird":
            found.leave(each.found, "damaged or cut off", each.class_name)
    with pytest.raises(DataError) as error:
        found.check("The upload", ("cat", "dog"), (0, 0, 1, 1), ())
    assert error.value.message == (
        "Nothing in the folder of the class 'bird' can be used; the first file is "
        "bird/0.png: damaged or cut off."
    )


# --- Folders that are splits ----------------------------------------------------------------------


def test_folders_called_train_validation_and_test_say_the_split() -> None:
    names = ("data/train", "data/valid", "data/Test")
    found = layout(*of_each(*(f"{name}/{pet}" for name in names for pet in ("cat", "dog"))))
    assert found.class_names == ("cat", "dog")
    assert found.parts == {"Test": TEST, "train": TRAIN, "valid": VALIDATION}
    parts = {each.found.path[1]: each.part for each in found.candidates}
    assert parts == {"Test": TEST, "train": TRAIN, "valid": VALIDATION}
    assert found.said[1] == (
        "The folders say which split an image is in: Test for the test, train for training, "
        "valid for validation."
    )


def test_the_same_folders_can_be_put_together() -> None:
    names = of_each("train/cat", "train/dog", "val/cat", "val/dog")
    found = layout(*names, with_parts=False)
    assert taken(found) == {
        "cat": ["train/cat/0.png", "train/cat/1.png", "val/cat/0.png", "val/cat/1.png"],
        "dog": ["train/dog/0.png", "train/dog/1.png", "val/dog/0.png", "val/dog/1.png"],
    }
    assert {each.part for each in found.candidates} == {TRAIN}
    assert not found.with_parts


def test_a_split_that_lacks_is_told() -> None:
    found = layout(*of_each("train/cat", "train/dog", "val/cat", "val/dog"))
    assert found.said == [
        "The folders say which split an image is in: train for training, val for validation.",
        "There is no folder for the test, so a sixth of the training images is kept for that.",
    ]


def test_test_images_without_classes_are_left_out_and_those_for_training_are_found() -> None:
    found = layout(*of_each("train/cat", "train/dog", "test"))
    assert found.class_names == ("cat", "dog")
    assert found.said == ["The folders of the classes were found in train."]
    assert found.left_out[0] == "test/0.png: not in the folder of a class"


def test_classes_called_train_and_test_are_classes() -> None:
    found = layout(*of_each("train", "test"))
    assert found.class_names == ("test", "train")
    assert found.parts == {}


def test_a_copy_in_two_splits_is_kept_for_the_test_and_that_is_told() -> None:
    found = layout(*of_each("train/cat", "train/dog", "test/cat", "test/dog"))
    first, *others = found.candidates
    copy = next(each for each in others if each.part == TRAIN)
    assert first.part == TEST
    assert found.takes(first, b"1")
    assert not found.takes(copy, b"1")
    assert found.left_out == (f"{copy.found.name}: the same image as {first.found.name}",)
    given = (TEST,) * 4 + (TRAIN,) * 12
    found.check("The upload", ("cat", "dog"), (0, 1) * 8, given)
    assert found.said[-1].startswith("1 image was in more than one split")


# --- What is no image of a class ------------------------------------------------------------------


def test_the_folder_of_a_run_is_no_class() -> None:
    run = ("config.json", "history.jsonl", "result.json", "test_images.webp", "model/model.keras")
    found = layout(*of_each("cat", "dog"), *(f"my_run/{name}" for name in run))
    assert found.class_names == ("cat", "dog")
    assert found.left_out == ("my_run: the folder of a run of Thaw",)


def test_links_are_named_and_folders_come_first() -> None:
    files = [Found(("cat",), "a link, which is not followed"), Found(("dog", "1.png"))]
    found = Layout([*files, Found(("a.png",))])
    assert found.left_out == (
        "cat: a link, which is not followed",
        "a.png: not in the folder of a class",
    )
    assert found.sentence() == (
        "1 folder was left out: cat: a link, which is not followed. "
        "1 file was left out: a.png: not in the folder of a class."
    )


def test_junk_is_not_mentioned_and_what_is_hidden_is() -> None:
    found = layout(*of_each("cat", "dog", "__MACOSX/cat", ".birds"), "cat/.DS_Store", "dog/._1.png")
    assert found.left_out == (".birds: hidden, because its name begins with a dot",)


# --- Any names ------------------------------------------------------------------------------------

PARTS = st.text(min_size=1, max_size=70).filter(
    lambda name: "/" not in name and not class_folders.is_unwanted(name)
)


@given(st.lists(PARTS, min_size=2, max_size=6, unique=True))
def test_no_class_is_merged_lost_or_renamed_without_a_word(names: list[str]) -> None:
    found = Layout([Found((name, f"{number}.png")) for name in names for number in range(2)])
    forms = {unicodedata.normalize("NFC", name) for name in names}
    assert len(found.class_names) == len(forms)
    assert len(found.candidates) == 2 * len(names)
    assert found.left_out == ()
    kept = outside_text.names_of(names)
    for each in found.candidates:
        assert each.class_name == kept[each.found.path[0]]
    changed = [name for name in names if kept[name] != unicodedata.normalize("NFC", name)]
    assert len(found.said) == len(changed)


# Names that are shown as they are, so that a line can be told from the line of another file.
SHOWN = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="/"), min_size=1, max_size=9
).filter(lambda name: not class_folders.is_unwanted(name) and outside_text.shown(name) == name)


@given(st.lists(st.lists(SHOWN, min_size=1, max_size=4), max_size=8, unique_by=tuple))
def test_every_file_is_a_candidate_or_left_out(paths: list[list[str]]) -> None:
    # No disk has a file and a folder of one name.
    paths = [a for a in paths if not any(a != b == a[: len(b)] for b in paths)]
    found = Layout([Found(tuple(path)) for path in paths])
    candidates = {each.found.path for each in found.candidates}
    for path in map(tuple, paths):
        above = [outside_text.shown("/".join(path[: end + 1])) for end in range(len(path))]
        named = [line for line in found.left_out if line.startswith(tuple(f"{a}: " for a in above))]
        assert (path in candidates) != bool(named)
    for line in found.left_out:
        assert outside_text.can_be_shown(line)
