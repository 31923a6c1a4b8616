"""The catalogue of datasets: what each one is, whether it is downloaded, and one action."""

import streamlit as st

from lib.core import datasets, splits
from lib.core.datasets import DATASETS, DatasetSpec
from lib.core.errors import ThawError
from lib.core.images import download_status, samples
from lib.core.images.download_status import Standing
from lib.core.strategy import kinds, similarity
from lib.figures.svg import dataset_pictures
from lib.ui import cache, state, widgets

SECONDS_BETWEEN_LOOKS = 0.5
CARDS_IN_A_ROW = 3
# In pixels: the height of a picture on a laptop, so that the titles of a row are aligned.
TILE_HEIGHT = 126

HOSTS = frozenset(spec.host for spec in DATASETS.values() if spec.host)
READY, ALL = "ready", "all"
# verdict -> (icon, words)
WORDS = {
    "ready": (":material/check_circle:", "Ready here"),
    "available": (":material/cloud_download:", "Can be downloaded"),
    "no_network": (":material/cloud_off:", "No network"),
    "no_space": (":material/disc_full:", "Not enough disk space"),
}
DRAWN_TEXT = "Drawn by Thaw, not from the dataset."
TILE_TEXT = ":material/image: A preview is made when the images are first read here."
SPLIT_TEXT = """\
A run in Thaw splits the list of images instead: {of} for testing and as many for validation, at \
most {most:,} each and the same for every run, and the rest for training. So runs can be \
compared, and no image is in two splits.
"""


def show() -> None:
    """Show the datasets as cards, downloaded ones first; choosing one sets it for all pages."""
    known = cache.downloads()
    standings = {id_: known.standing(spec) for id_, spec in DATASETS.items()}
    reachable, free_mb = known.reachable(HOSTS), known.free_mb()
    verdicts = {
        id_: download_status.verdict(spec, standings[id_].state, reachable, free_mb)
        for id_, spec in DATASETS.items()
    }
    here = [id_ for id_ in DATASETS if standings[id_].state != "missing"]
    num_ready = sum(standing.state == "ready" for standing in standings.values())
    names = {ALL: f"All ({len(DATASETS)})", READY: f"Ready here ({num_ready})"}
    state.start_with(state.CATALOGUE_FILTER, ALL)
    shown = st.segmented_control(
        "Datasets",
        list(names),
        required=True,
        format_func=lambda name: widgets.quiet(names[name]),
        key=state.CATALOGUE_FILTER,
        persist_state="session",
        label_visibility="collapsed",
    )
    others = [id_ for id_ in DATASETS if id_ not in here] if shown == ALL else []
    ids = [*here, *others]
    for start in range(0, len(ids), CARDS_IN_A_ROW):
        for id_, column in zip(ids[start:], st.columns(CARDS_IN_A_ROW), strict=False):
            with column:
                _card(DATASETS[id_], standings[id_], verdicts[id_])
    if reachable is None and others:
        _wait_for_the_network()


def _card(spec: DatasetSpec, standing: Standing, verdict: str) -> None:
    with st.container(border=True, height="stretch", gap="xsmall", key=f"card_{spec.id}"):
        _picture(spec)
        st.markdown(f"**{spec.title}**")
        st.caption(spec.about)
        st.markdown(f":small[{_facts(spec)}]")
        if standing.state == "downloading":
            _follow(spec)
        else:
            _state(spec, standing, verdict)
        with st.container(horizontal=True):
            if standing.state != "downloading":
                _action(spec, verdict)
            with st.popover("About", key=f"about_{spec.id}"):
                _about(spec)


def _state(spec: DatasetSpec, standing: Standing, verdict: str) -> None:
    icon, words = WORDS[verdict]
    size = "" if verdict == "ready" else f" · {spec.download_mb:,} MB"
    st.markdown(f":small[{icon} {words}{size}]")
    if standing.progress and standing.progress.message:
        said = standing.progress
        widgets.problem(ThawError(said.message, said.next_step))


def _picture(spec: DatasetSpec) -> None:
    """Show eight of its images, or a drawing in their spirit as long as they are not here."""
    path = samples.picture(spec.id) or download_status.picture_file(spec)
    if path.exists():
        st.image(str(path), width="stretch", alt=f"Eight images of {spec.title}")
    elif spec.id in dataset_pictures.known():
        about = f"A drawing in the spirit of {spec.title}, not images of it"
        st.image(dataset_pictures.svg(spec.id), width="stretch", alt=about)
    else:
        with st.container(
            height=TILE_HEIGHT,
            border=True,
            horizontal_alignment="center",
            vertical_alignment="center",
        ):
            st.caption(TILE_TEXT, text_alignment="center")


def _facts(spec: DatasetSpec) -> str:
    """Say how many images there are, and whose the picture is."""
    path = samples.picture(spec.id) or download_status.picture_file(spec)
    picture = f"Licence: {spec.licence}" if path.exists() else DRAWN_TEXT
    return f"{spec.num_images:,} images · {spec.num_classes} classes  \n{picture}"


def _action(spec: DatasetSpec, verdict: str) -> None:
    if verdict == "ready":
        chosen = state.read(state.DATASET, next(iter(DATASETS))) == spec.id
        st.button(
            "In use" if chosen else "Use it",
            key=f"use_{spec.id}",
            icon=":material/check:" if chosen else None,
            disabled=chosen,
            on_click=state.choose,
            args=(state.DATASET, spec.id),
        )
        return
    st.button(
        "Download",
        key=f"download_{spec.id}",
        icon=":material/download:",
        disabled=verdict != "available",
        help=_why_not(spec, verdict),
        on_click=cache.downloads().start,
        args=(spec,),
    )


def _why_not(spec: DatasetSpec, verdict: str) -> str | None:
    if verdict == "no_network":
        return f"`{spec.host}` cannot be reached from here."
    if verdict == "no_space":
        return f"It takes {spec.disk_mb / 1e3:.1f} GB of free space while it is prepared."
    return None


def _follow(spec: DatasetSpec) -> None:
    """Show the progress of a download and a button to cancel it, until it has ended."""

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
    def look() -> None:
        standing = cache.downloads().standing(spec)
        if standing.state != "downloading" or standing.progress is None:
            st.rerun()
            return
        if standing.progress.total:
            st.progress(standing.progress.share, text=standing.progress.words)
        else:  # the total is unknown
            st.markdown(f":small[:material/hourglass_top: {standing.progress.words}]")
        st.button(
            "Cancel",
            key=f"cancel_{spec.id}",
            icon=":material/close:",
            on_click=cache.downloads().cancel,
            args=(spec,),
        )

    look()


def _wait_for_the_network() -> None:
    """Draw the page again once it is known which hosts can be reached."""

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
    def look() -> None:
        if cache.downloads().reachable(HOSTS) is not None:
            st.rerun()

    look()


def _about(spec: DatasetSpec) -> None:
    """Show the source, the reason for the similarity, the classes and a tutorial's loading code."""
    kind = kinds.KINDS[spec.kind]
    st.markdown(
        f"{spec.citation} [{spec.address.split('/')[2]}]({spec.address})\n\n{spec.attribution} "
        f"Licence: {spec.licence}."
    )
    st.markdown(
        f"**Similarity to ImageNet: {kind.value:.2f} of 1**, for this kind of images: "
        f"{kind.words[0].lower()}{kind.words[1:]}. {spec.kind_reason}"
    )
    if measured := similarity.references().get(spec.id):
        st.markdown(
            f"Measured on {measured.num_images:,} of its images: "
            f"{similarity.on_scale(measured):.2f}. The page Strategy explains how, and shows the "
            "other datasets."
        )
    st.markdown("**Classes:** " + ", ".join(f"`{name}`" for name in spec.class_names))
    st.markdown("**How a tutorial loads it**")
    # Streamlit's colours for code are too pale for small type, and long lines must wrap.
    st.code(datasets.load_code(spec), language=None, wrap_lines=True)
    st.markdown(SPLIT_TEXT.format(of="a sixth", most=splits.MAX_EVALUATION_IMAGES))
