"""The parts of the training lab: opening a link, and showing a run."""

from dataclasses import fields

import streamlit as st

from lib.core.errors import ConfigError
from lib.core.lab import progress
from lib.core.lab.progress import Progress
from lib.core.reading import curves, watched
from lib.core.runs import EpochRecord, Run, TrainConfig
from lib.figures.reading import learning_curves, moved_layers
from lib.ui import cache, curve_words, glossary, link, live, run_names, shell, state, widgets
from lib.ui.lab import settings, settings_link, start
from lib.ui.parts.figure_bar import component as figure_bar
from lib.ui.uploads import access, reader, rights

# For what changes within an epoch; epochs themselves are told at once (lib.ui.live).
SECONDS_UNTIL_A_LOOK = 1.0
# Asked for by the browser, should its connection have been lost.
SECONDS_BETWEEN_LOOKS = 5.0
# Labels that move with every epoch cannot be read where the next one follows sooner.
QUICK_S = 1.0


def open_link() -> None:
    """Set the controls to the run and the settings of the link, once, before they are drawn."""
    asked = link.once(state.RUN, state.OPENED_RUN)
    config = cache.client().config(rights.id_here(asked)) if asked else None
    if config is not None and access.spec(config.dataset):
        settings.show_settings_of(config)
    settings_link.open_settings()


def shown_run_id(wanted: TrainConfig) -> str | None:
    """Return the id of the run in the link, or of the recorded run most like the wanted one.

    Args:
        wanted: The run that the controls describe.

    Returns:
        None if no recorded run has this dataset, backbone and strategy.
    """
    asked = link.get(state.RUN)
    if asked is not None:
        return rights.id_here(asked)

    def same(config: TrainConfig, *names: str) -> int:
        return sum(getattr(config, name) == getattr(wanted, name) for name in names)

    what = ("dataset", "backbone", "strategy")
    like = [run for run in cache.recorded_runs() if same(run.config, *what) == len(what)]
    names = [field.name for field in fields(TrainConfig)]
    nearest = max(like, key=lambda run: same(run.config, *names), default=None)
    return nearest.id if nearest else None


def nothing_yet(wanted: TrainConfig | None) -> None:
    """Show what this place is for if there is no run to show.

    Args:
        wanted: The run that the controls describe; None if a setting is invalid.
    """
    words, _ = start.offer(wanted, None)
    if words == start.START:
        about = "Nobody has run this combination yet. **Start run** trains it, and the curves grow "
        about += "with every epoch."
    elif words == start.FOLLOW:
        about = "This combination is training now. **Follow run** shows how its curves grow."
    else:
        about = "This combination was trained here before. **Open stored run** shows its curves."
    with st.container(border=True, height=learning_curves.HEIGHT, vertical_alignment="center"):
        st.markdown("#### The learning curves will be here", text_alignment="center")
        st.markdown(about, text_alignment="center")


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
    run = None if going_on else client.store.open(run_id)
    history = now.history or (run.history if run else ())
    same = config == wanted
    with st.container(key="lab_run"):  # shell.css
        with st.container(key="lab_headline", gap=None):
            headline = st.container(gap=None)
            st.caption(_about(config, run, same=same))
        if going_on or history:
            left, right = st.columns([3.1, 1], gap="medium")
            with left.container(gap=None):
                _curves(run_id, config, () if going_on else history, run)

        @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if going_on else None)
        def what_changes() -> None:
            if going_on:
                live.follow(client, run_id)  # Before looking, so that nothing happens in between.
            latest = client.progress(run_id) or now
            if going_on and latest.ended:
                st.rerun()
            with headline:
                _heading(run_id, config, latest, run, same=same)
            if going_on or history:
                with right:
                    _beside(run_id, config, latest.history or history, latest)
            if going_on:
                live.look_again(SECONDS_UNTIL_A_LOOK)

        what_changes()
        if run and run.status == "finished":
            with right:
                _go_on(run, same=same)
            _cards(run)
            _what_moved(run)
    reader.keep()


def _curves(
    run_id: str, config: TrainConfig, history: tuple[EpochRecord, ...], run: Run | None
) -> None:
    """Draw the figure of a run, and say what it is of.

    While the run is training, it is drawn once without epochs, and the bar draws these.

    Args:
        run: With its result a figure ends where the run did, and says where it was stopped.
    """
    if run:
        figure = learning_curves.figure_of(run, dark=shell.is_dark())
    else:
        figure = learning_curves.figure(config, history, dark=shell.is_dark())
        if not history:
            # Streamlit keeps what was drawn in a figure; without a mark of its own, that of a run
            # with the same axes would be shown.
            figure.update_layout(datarevision=_mark(run_id))
    widgets.plot(figure, state.LAB_CURVES, learning_curves.alt_text(config, history))
    st.caption(f"{curve_words.below(config)}{widgets.credit(config.dataset)}")


def _beside(
    run_id: str, config: TrainConfig, history: tuple[EpochRecord, ...], now: Progress
) -> None:
    """Show the watched validation images beside the curves, and how fast a new run is drawn."""
    picture = b""
    if access.may_see(config.dataset):
        store = cache.client().store
        run = store.open(run_id)
        picture = watched.picture(run.folder if run else store.folder(run_id))
    growing = None
    if history and not now.ended:
        values = history[-1].wall_time_s >= QUICK_S
        figure = learning_curves.figure(config, history, dark=shell.is_dark(), values=values)
        alt = learning_curves.alt_text(config, history)
        growing = figure_bar.Growing(widgets.sized(figure).to_json(), alt, _mark(run_id))
    figure_bar.show(
        state.LAB_CURVES,
        f"{run_id} {len(history)} {now.ended}",
        history,
        run=run_id,
        live=not now.ended,
        growing=growing,
        fresh=_fresh(run_id),
        picture=picture,
    )


def _fresh(run_id: str) -> str:
    """When this reader started a run, as a text; "" if they did not start it."""
    started = state.read(state.STARTED)
    return started[1] if isinstance(started, tuple) and started[0] == run_id else ""


def _mark(run_id: str) -> str:
    """Names the figure without epochs of one start of a run."""
    return f"{run_id} {_fresh(run_id)}"


def _heading(
    run_id: str, config: TrainConfig, now: Progress, run: Run | None, *, same: bool
) -> None:
    """Show the result, or the progress with a button to cancel the run."""
    epochs = len(now.history)
    if not now.ended:
        left, right = st.columns([5, 1], vertical_alignment="center")
        left_words = "" if now.seconds_left is None else progress.time_left(now.seconds_left)
        words = ", ".join(filter(None, (f"**{now.words}**", now.message, left_words)))
        left.progress(now.share, text=words)
        # Everybody who has the link may watch; only its reader may cancel the run.
        if rights.look_after(run_id) and right.button(
            "Cancelling" if now.cancelling else "Cancel run",
            key=state.CANCEL,
            width="stretch",
            disabled=now.cancelling or now.elsewhere,
        ):
            cache.client().cancel(run_id)
    elif now.state == "finished" and run:
        example = ":gray-badge[Example] " if run.recorded and not same else ""
        st.subheader(f"{example}{curves.headline(run)}", anchor=False)
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
    if run and run.recorded and not same:
        words = f"Not your run: {words} It took {len(run.history)} epochs."
    if run and (why := curves.why_it_stopped(run)):
        words += f" {why}"
    if run and run.imported:
        words += " It was imported from a file and not trained here."
    if access.are_gone(config.dataset):
        words += " Its images were deleted."
    if run and run.recorded:
        words += " It ships with Thaw."
    elif not same:
        words += " The controls above describe another run."
    return words


def _cards(run: Run) -> None:
    result = run.result
    low, high = result["test_interval_95"]
    sizes = result["split_sizes"]
    ends = curves.phase_ends(run.history, run.restored.values())
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
    with st.container(key="lab_numbers"), st.grid(4):
        widgets.card(
            "Test accuracy",
            f"{result['test_accuracy']:.3f}",
            f"95 % {glossary.term('interval', 'interval')} {low:.2f} to {high:.2f}, "
            f"{sizes['test']:,} images, used once",
        )
        widgets.card(
            "Validation accuracy" if len(ends) < 2 else "Head only, then thawed",
            # No zero before the point: two numbers side by side just fit into the card.
            " → ".join(f"{record.val_accuracy:.3f}".lstrip("0") for record in ends.values())
            if len(ends) > 1
            else f"{(run.final or run.history[-1]).val_accuracy:.3f}",
            f"{sizes['validation']:,} images; each counts {1 / sizes['validation']:.3f}",
        )
        widgets.card("Wall time", f"{result['wall_time_s']:.0f} s", ", ".join(spent))
        widgets.card(
            "Layers that changed",
            f":orange[{num_moved} of {len(changes)}]",
            f"layers with weights; the other {len(changes) - num_moved} changed by exactly 0",
        )


def _go_on(run: Run, *, same: bool) -> None:
    """Offer what a reader does with a finished run: show it an image, read it, take it home.

    Args:
        run: A finished run.
        same: True if the controls describe it; otherwise the next step is to start theirs.
    """
    predict, curves_page = shell.PAGES["predict"], shell.PAGES["learning_curves"]
    this = {state.RUN: run.id}
    with st.container(gap="xsmall"):
        if access.may_see(run.config.dataset):
            if st.button(
                "Show it an image",
                type="primary" if same else "secondary",
                icon=predict.icon,
                key=state.SHOW_IT,
                width="stretch",
            ):
                st.switch_page(predict.path, query_params=this)
            st.page_link(
                predict.path,
                label="Take it home",
                icon=":material/download:",
                query_params=this | {state.SHOW: state.TAKE_HOME},
            )
        st.page_link(
            curves_page.path,
            label="Read its curves",
            icon=curves_page.icon,
            query_params=this,
        )
        st.page_link(
            curves_page.path,
            label="Runs worth seeing",
            icon=":material/auto_awesome_motion:",
        )


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
