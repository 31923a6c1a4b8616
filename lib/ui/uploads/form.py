"""Bring your own images: a zip, files class by class, or the camera."""

from collections.abc import Mapping, Sequence

import streamlit as st

from lib.core.files import outside_text
from lib.core.images import formats
from lib.core.uploads import inbox, retention
from lib.core.uploads import own_datasets as store
from lib.ui import state, widgets
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.uploads import access, making, own_dataset, reader

MAX_MEGABYTES = inbox.MAX_ARCHIVE_BYTES // 1_000_000
# With this many images of each class, every class is among the validation and test images.
ENOUGH = 6
# The session holds them, 0.1 MB each, until they become a dataset.
MAX_SHOTS = 400
SHOWN_SHOTS, SHOT_WIDTH = 5, 72
MAX_MEGABYTES_EACH = 50
ZIP, FILES, CAMERA = "A zip file", "Files, class by class", "The camera"

Pictures = dict[str, list[tuple[str, bytes]]]


def panel() -> None:
    """Show the reader's own datasets, and three ways to upload another one."""
    reader.know()
    reader.keep()
    st.subheader("Your own images", anchor=False)
    st.markdown(
        f"Two to fifty classes and at least {ENOUGH} pictures of each become a dataset like any "
        "other, for you alone."
    )
    widgets.last_problem(state.OWN_PROBLEM)
    for dataset in access.mine():
        own_dataset.show(dataset)
    _keeping()
    state.choose(state.OWN_WAY, state.read(state.OWN_WAY, ZIP))  # kept while it is not on screen
    if not making.show():
        _ways()


def _keeping() -> None:
    """Say where the images are stored, for how long, and who can see them."""
    st.caption(
        f":material/lock: They stay on the machine Thaw runs on, in the folder `{store.root()}`, "
        f"shrunk to 512 pixels and without what a camera writes into a file, such as the place. "
        f"No other reader of this Thaw can see them, and nothing is sent anywhere else. They are "
        f"out of sight {store.DAYS_KEPT} days after their last use, and deleted once Thaw has run "
        f"for {retention.DAYS_HIDDEN} more days. You can delete them at any time. Only this "
        "browser can open them: there is no password, and no other way to get them back."
    )


# --- Three ways ---------------------------------------------------------------------------


def _ways() -> None:
    way = st.segmented_control(
        "Bring images",
        [ZIP, FILES, CAMERA],
        required=True,
        format_func=widgets.quiet,
        key=state.OWN_WAY,
        wrap=True,
    )
    # Every upload starts another round: new widgets, so that the old ones release their files.
    round_ = int(str(state.read(state.OWN_ROUND, 0)))
    if way == FILES:
        _by_class(round_)
    elif way == CAMERA:
        _by_camera()
    else:
        _by_zip(round_)


def _by_zip(round_: int) -> None:
    file = st.file_uploader(
        "A zip of a folder that holds one folder of images per class",
        "zip",
        key=f"{state.OWN_ZIP}_{round_}",
        max_upload_size=MAX_MEGABYTES,
        help="The names of the folders are the names of the classes.",
    )
    if file is not None:
        making.begin(lambda: inbox.receive(file, reader.owner()), file.name.rpartition(".")[0])
        st.rerun()


def _by_class(round_: int) -> None:
    state.start_with(state.OWN_NUM_CLASSES, store.MIN_CLASSES)
    number = int(str(state.read(state.OWN_NUM_CLASSES)))
    pictures: Pictures = {}
    with st.grid(2, min_column_width=300):
        for place in range(number):
            with st.container(border=True):
                name = st.text_input(
                    f"Name of class {place + 1}",
                    key=f"{state.OWN_CLASS}_{round_}_{place}",
                    max_chars=outside_text.MAX_NAME_LENGTH,
                )
                files = st.file_uploader(
                    f"Pictures of class {place + 1}",
                    accept_multiple_files=True,
                    max_upload_size=MAX_MEGABYTES_EACH,
                    key=f"{state.OWN_FILES}_{round_}_{place}",
                    help=f"{formats.LISTED}, whatever the files are called.",
                )
                if files:
                    st.caption(_arrived_in_words(len(files)))
                if files and name.strip():
                    pictures.setdefault(name.strip(), []).extend(
                        (file.name, file.getvalue()) for file in files
                    )
    with st.container(horizontal=True):
        _make_button(pictures)
        st.button(
            "Add a class",
            icon=":material/add:",
            disabled=number >= store.MAX_CLASSES,
            on_click=state.choose,
            args=(state.OWN_NUM_CLASSES, number + 1),
        )


def _arrived_in_words(num: int) -> str:
    """Say how many pictures of a class are here; the browser names those on their way too."""
    if num == 1:
        return f"One picture has arrived. At least {ENOUGH} are needed."
    if num < ENOUGH:
        return f"{num} pictures have arrived. At least {ENOUGH} are needed."
    return f"{num} pictures have arrived."


def _by_camera() -> None:
    pictures = _shots()
    left, right = st.columns(2, gap="medium")
    with left:
        name = st.text_input(
            "What do you hold up?",
            key=f"{state.OWN_CLASS}_camera",
            max_chars=outside_text.MAX_NAME_LENGTH,
            help="The name of the class of the next pictures.",
        )
        # Each shot gets a new widget, because a used one keeps its picture.
        key = f"{state.OWN_CAMERA}_{state.read(state.OWN_NUM_TAKEN, 0)}"
        if sum(map(len, pictures.values())) >= MAX_SHOTS:
            st.caption(f"These are {MAX_SHOTS} pictures, the most that can be taken here.")
        elif name.strip():
            st.camera_input("Camera", key=key, on_change=_take_shot, args=(key, name))
        else:
            st.caption("Type its name first, then the camera opens.")
    with right:
        for class_name, shots in pictures.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f"{outside_text.in_markdown(outside_text.shown(class_name))} {len(shots)}"
                )
                st.button(
                    "Take the last one back",
                    key=f"{state.OWN_SHOTS}_{class_name}",
                    on_click=_take_back,
                    args=(class_name,),
                )
            # As data URIs: only the browser and workers decode images from outside.
            shown = shots[-SHOWN_SHOTS:]
            st.image(
                [drawing.data_uri(data, "jpeg") for _, data in shown],
                width=SHOT_WIDTH,
                alt=[f"Picture {name} of this class" for name, _ in shown],
            )
        _make_button(pictures)


def _shots() -> Pictures:
    """The pictures taken so far in this session, by class."""
    pictures = state.read(state.OWN_SHOTS)
    if not isinstance(pictures, dict):
        pictures = {}
        state.choose(state.OWN_SHOTS, pictures)
    return pictures


def _take_shot(key: str, name: str) -> None:
    shot = state.read(key)
    if shot is not None:
        state.choose(state.OWN_NUM_TAKEN, int(str(state.read(state.OWN_NUM_TAKEN, 0))) + 1)
        shots = _shots().setdefault(name.strip(), [])
        shots.append((f"{len(shots) + 1}", shot.getvalue()))  # type: ignore[attr-defined]


def _take_back(class_name: str) -> None:
    shots = _shots()[class_name]
    shots.pop()
    if not shots:
        del _shots()[class_name]


def _make_button(pictures: Mapping[str, Sequence[tuple[str, bytes]]]) -> None:
    names = outside_text.names_of(pictures)
    enough = len(set(names.values())) >= store.MIN_CLASSES
    for sentence in outside_text.renamed(names):
        st.text(sentence)
    # A callback, so that a photo that arrives at the same moment does not undo the click.
    st.button(
        "Make a dataset of these",
        type="primary",
        icon=":material/check:",
        disabled=not enough,
        help=None if enough else "You need at least two classes, each with a name and pictures.",
        on_click=making.begin,
        args=(lambda: inbox.pack(pictures, reader.owner()), ", ".join(names.values())),
    )
