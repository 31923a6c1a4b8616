"""The parts of the training lab: opening a link, the start button, and the run on screen."""

from dataclasses import fields

import streamlit as st

from lib.core import runs
from lib.core.errors import ConfigError, ThawError
from lib.core.lab import progress
from lib.core.lab.progress import Progress
from lib.core.reading import curves
from lib.core.runs import Run, TrainConfig
from lib.figures.reading import learning_curves, moved_layers
from lib.ui import cache, link, run_names, shell, state, widgets
from lib.ui.lab import settings
from lib.ui.uploads import access

# Short enough for epochs of 0.2 s, long enough for twenty readers at once.
SECONDS_BETWEEN_LOOKS = 0.5


def open_link() -> None:
    """Set the controls to the run or the dataset of the link, once and before they are drawn."""
    chosen = link.get(state.LINK_DATASET)
    if chosen is not None:
        link.drop(state.LINK_DATASET)
        if access.spec(chosen):
            state.choose(state.DATASET, chosen)
        else:
            link.warn([f"There is no dataset {link.quoted(chosen)} here."])
    asked = link.once(state.RUN, state.OPENED_RUN)
    config = cache.client().config(asked) if asked else None
    if config is not None and access.spec(config.dataset):
        settings.show_settings_of(config)


def start_button(wanted: TrainConfig | None, shown: str | None) -> None:
    """Draw the button that starts the run of the controls, or opens it if it is stored.

    Args:
        wanted: The run that the controls describe; None if a setting is invalid.
        shown: Id of the run on screen.
    """
    client = cache.client()
    # The engine takes some seconds to start: begin while the reader looks at the page.
    client.start()
    known = client.progress(runs.run_id(wanted)) if wanted else None
    words, icon, again = "Start run", "play_arrow", False
    if wanted and known and not known.ended:
        words, icon = "Follow run", "visibility"
    elif wanted and known and known.state == "finished":
        again = runs.run_id(wanted) == shown
        words, icon = (
            ("Run with the next seed", "play_arrow")
            if again
            else ("Open stored run", "folder_open")
        )
    going_on_here = words == "Follow run" and wanted is not None and runs.run_id(wanted) == shown
    clicked = st.button(
        words,
        type="primary",
        icon=f":material/{icon}:",
        key=state.START,
        disabled=wanted is None or going_on_here,
    )
    if not clicked or wanted is None:
        return
    try:
        if again:
            wanted = _with_next_seed(wanted)
        access.check(wanted)
        run_id = client.submit(wanted, owner=state.session_id())
    except ThawError as error:
        widgets.problem(error)
        return
    # If the seed has changed, the controls must follow it, as they do for any link.
    state.choose(state.OPENED_RUN, None if again else run_id)
    link.put(state.RUN, run_id)
    st.rerun()


def _with_next_seed(config: TrainConfig) -> TrainConfig:
    """Return the same run with the next seed for which no finished run exists."""
    client = cache.client()
    while True:
        config = runs.with_seed(config, config.seed + 1)
        known = client.progress(runs.run_id(config))
        if known is None or known.state != "finished":
            return config


def shown_run_id(wanted: TrainConfig) -> str | None:
    """Return the id of the run in the link, or of the recorded run most like the wanted one.

    Args:
        wanted: The run that the controls describe.

    Returns:
        None if no recorded run has this dataset, backbone and strategy.
    """
    asked = link.get(state.RUN)
    if asked is not None:
        return asked

    def same(config: TrainConfig, *names: str) -> int:
        return sum(getattr(config, name) == getattr(wanted, name) for name in names)

    what = ("dataset", "backbone", "strategy")
    like = [run for run in cache.recorded_runs() if same(run.config, *what) == len(what)]
    names = [field.name for field in fields(TrainConfig)]
    nearest = max(like, key=lambda run: same(run.config, *names), default=None)
    return nearest.id if nearest else None


def nothing_yet() -> None:
    """Show what this place is for if there is no run to show."""
    with st.container(border=True, height=learning_curves.HEIGHT, vertical_alignment="center"):
        st.markdown("#### The learning curves will be here", text_alignment="center")
        st.markdown(
            "Nobody has run this combination yet. **Start run** trains it, and the curves grow "
            "with every epoch.",
            text_alignment="center",
        )


def show(run_id: str, wanted: TrainConfig | None) -> None:
    """Show a run, and update it while it is training.

    Args:
        run_id: Id from a link, not validated.
        wanted: The run that the controls describe.
    """
    client = cache.client()
    now, config = client.progress(run_id), client.config(run_id)
    if now is None or config is None:
        widgets.problem(
            ConfigError(
                "The link names a run that this copy of Thaw does not have.",
                "Start one above, or open the link on the computer where the run was trained.",
            )
        )
        return
    going_on = not now.ended

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if going_on else None)
    def body() -> None:
        latest = client.progress(run_id) or now
        if going_on and latest.ended:
            st.rerun()
        _run(run_id, config, latest, same=config == wanted)

    body()


def _run(run_id: str, config: TrainConfig, now: Progress, *, same: bool) -> None:
    run = cache.client().store.open(run_id) if now.ended else None
    history = now.history or (run.history if run else ())
    with st.container(gap=None):
        _heading(run_id, config, now, run)
        st.caption(_about(config, run, same=same))
    if now.ended and not history:
        return
    widgets.plot(
        learning_curves.figure(config, history, dark=shell.is_dark()),
        f"curves_{run_id}",
        learning_curves.alt_text(config, history),
    )
    credit = widgets.credit(config.dataset)
    st.caption(f"Validation is the thick line, training the thin one.{credit}")
    if run and run.status == "finished":
        _cards(run)
        _go_on_reading(run)
        _what_moved(run)


def _heading(run_id: str, config: TrainConfig, now: Progress, run: Run | None) -> None:
    """Show the result, or the progress with a button to cancel the run."""
    epochs = len(now.history)
    if not now.ended:
        left, right = st.columns([5, 1], vertical_alignment="center")
        left_words = "" if now.seconds_left is None else progress.time_left(now.seconds_left)
        words = ", ".join(filter(None, (f"**{now.words}**", now.message, left_words)))
        left.progress(now.share, text=words)
        # Everybody who has the link may watch; only the owner of the images may cancel the run.
        if access.is_mine(config.dataset) and right.button(
            "Cancelling" if now.cancelling else "Cancel run",
            key=state.CANCEL,
            width="stretch",
            disabled=now.cancelling,
        ):
            cache.client().cancel(run_id)
    elif now.state == "finished" and run:
        st.subheader(curves.headline(run), anchor=False)
    elif now.message:
        words = f"{progress.STATES[now.state]}. {now.message}"
        widgets.problem(ConfigError(words, now.next_step))
    elif epochs:
        plural = "s" * (epochs != 1)
        st.subheader(f"{progress.STATES[now.state]} after {epochs} epoch{plural}", anchor=False)
    else:
        st.subheader(f"{progress.STATES[now.state]} before the first epoch ended", anchor=False)


def _about(config: TrainConfig, run: Run | None, *, same: bool) -> str:
    """Describe the run on screen."""
    words = run_names.on_screen(config)
    if run and cache.client().store.meta(run.id).imported:
        words += " It was imported from a file and not trained here."
    if access.are_gone(config.dataset):
        words += " Its images were deleted."
    if run and run.recorded:
        words += " It is a recorded run that ships with Thaw."
    elif not same:
        words += " The controls above describe another run."
    return words


def _cards(run: Run) -> None:
    result = run.result
    low, high = result["test_interval_95"]
    sizes = result["split_sizes"]
    ends = curves.phase_ends(run.history)
    seconds = result["seconds"]
    changes = curves.changes(run)
    num_moved = sum(change.moved for change in changes)
    parts = {"features": "features", "feature_extraction": "head", "from_scratch": "training"}
    thawed = sum(spent for part, spent in seconds.items() if part.startswith("fine_tuning"))
    spent = [f"{words} {seconds[part]:.1f} s" for part, words in parts.items() if part in seconds]
    if "features" not in seconds and run.config.strategy != "from_scratch":
        spent.insert(0, "features from the cache")
    if thawed:
        spent.append(f"fine-tuning {thawed:.1f} s")
    with st.grid(4):
        widgets.card(
            "Test accuracy",
            f"{result['test_accuracy']:.3f}",
            f"95 % interval {low:.2f} to {high:.2f}, {sizes['test']:,} images, used once",
        )
        widgets.card(
            "Validation accuracy" if len(ends) < 2 else "Head only, then thawed",
            # No zero before the point: two numbers side by side just fit into the card.
            " → ".join(f"{record.val_accuracy:.3f}".lstrip("0") for record in ends.values())
            if len(ends) > 1
            else f"{run.history[-1].val_accuracy:.3f}",
            f"{sizes['validation']:,} images; each counts {1 / sizes['validation']:.3f}",
        )
        widgets.card("Wall time", f"{result['wall_time_s']:.0f} s", ", ".join(spent))
        widgets.card(
            "Layers that changed",
            f":orange[{num_moved} of {len(changes)}]",
            f"layers with weights; the other {len(changes) - num_moved} changed by exactly 0",
        )


def _go_on_reading(run: Run) -> None:
    """Link to the pages that show more of a finished run."""
    links = {
        "learning_curves": "Read its curves and its test images",
        "predict": "Show it an image",
    }
    if not access.may_see(run.config.dataset):
        del links["predict"]
    with st.container(horizontal=True):
        for name, words in links.items():
            spec = shell.PAGES[name]
            st.page_link(spec.path, label=words, icon=spec.icon, query_params={state.RUN: run.id})


def _what_moved(run: Run) -> None:
    with st.expander("What changed? The proof of freezing, layer by layer"):
        changes = curves.changes(run)
        widgets.plot(
            moved_layers.figure(changes, dark=shell.is_dark()),
            f"moved_{run.id}",
            moved_layers.alt_text(changes),
        )
        st.caption(
            "How much the weights of each backbone layer changed in the last phase, relative to "
            "their norm: |after - before| / |before|. Frozen layers changed by exactly 0."
        )
