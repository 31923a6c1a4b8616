"""Training lab: what it shows before anything was trained, and what it says to bad settings."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import runs
from lib.core.config import SETTINGS, names_of
from lib.core.lab import store
from lib.core.lab.folder import RunWriter
from lib.core.reading import curves
from lib.core.settings import Group
from lib.ui import state

APP = Path(__file__).resolve().parents[2] / "app.py"
LAB = "pages/training_lab.py"
CARDS = ("Test accuracy", "Head only, then thawed", "Wall time", "Layers that changed")


def open_lab(run: str | None = None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=30).run()
    if run is not None:
        app.query_params[state.RUN] = run
    return app.switch_page(LAB).run()


def shows_the_recorded_run(app: AppTest) -> bool:
    run = store.RunStore().open(runs.run_id(runs.make_config(seed=runs.RECORDED_SEED)))
    assert run
    return [sub.value for sub in app.subheader] == [curves.headline(run)]


def warnings(app: AppTest) -> list[str]:
    return [warning.value for warning in app.warning]


def start_is_disabled(app: AppTest) -> bool:
    return app.button(key=state.START).disabled


def test_it_opens_with_the_recorded_run_of_the_defaults() -> None:
    app = open_lab()
    assert not app.exception
    assert not warnings(app)
    assert shows_the_recorded_run(app)
    assert tuple(metric.label for metric in app.metric) == CARDS
    assert app.get("plotly_chart")
    assert not app.progress
    words = " ".join(caption.value for caption in app.caption)
    assert "ships with Thaw" in words
    assert "designed by OpenMoji" in words
    assert "CC BY-SA 4.0" in words


@pytest.mark.thorough
def test_every_recorded_run_opens_by_its_link() -> None:
    recorded = [run for run in store.RunStore() if run.recorded]
    assert recorded
    for run in recorded:
        app = open_lab(run.id)
        assert not app.exception, run.id
        assert not warnings(app), run.id
        assert [sub.value for sub in app.subheader] == [curves.headline(run)], run.id


def test_a_link_sets_the_controls_to_its_run() -> None:
    config = next(
        run.config
        for run in store.RunStore()
        if run.recorded and run.config.dataset == "elpv" and run.config.strategy != "from_scratch"
    )
    app = open_lab(runs.run_id(config))
    assert app.selectbox(key=state.DATASET).value == "elpv"
    assert app.segmented_control(key=state.STRATEGY).value == config.strategy
    assert app.number_input(key=f"{state.NUM_IMAGES}_elpv").value == config.num_images
    assert app.number_input(key="seed").value == runs.RECORDED_SEED
    # It is on screen already, so the button offers what comes next.
    assert app.button(key=state.START).label == "Run with the next seed"


def test_a_link_to_a_dataset_that_is_not_here_says_so_and_opens_nothing() -> None:
    app = AppTest.from_file(str(APP), default_timeout=30).run()
    app.query_params[state.LINK_DATASET] = "nope"
    app = app.switch_page(LAB).run()
    assert warnings(app) == ["- There is no dataset `nope` here."]
    assert app.selectbox(key=state.DATASET).value == runs.make_config().dataset


def test_a_run_from_scratch_has_as_many_epochs_as_its_form_shows() -> None:
    source = next(
        run
        for run in store.RunStore()
        if run.recorded and run.config.strategy == "from_scratch" and run.config.num_epochs == 20
    )
    app = open_lab(source.id)
    assert app.number_input(key=state.EPOCHS_FROM_SCRATCH).value == 20
    # The run that the form describes is the one on screen.
    assert app.button(key=state.START).label == "Run with the next seed"


def test_a_new_form_from_scratch_shows_the_epochs_of_both_phases() -> None:
    app = open_lab()
    app.segmented_control(key=state.STRATEGY).set_value("from_scratch").run()
    epochs = app.number_input(key=state.EPOCHS_FROM_SCRATCH)
    assert (epochs.label, epochs.value) == ("Epochs", 20)
    assert runs.make_config(strategy="from_scratch").num_epochs == 20
    epochs.set_value(0).run()
    assert warnings(app) == ["0 and 0 epochs cannot be run.\n\nUse at least one epoch in all."]


def test_the_form_asks_for_every_setting_but_those_of_the_command_line() -> None:
    # Gradual unfreezing has all of them.
    config = runs.make_config(thaw_from="block_14_expand_conv,block_12_expand_conv", seed=7)
    folder = store.RunStore().folder(runs.run_id(config))
    RunWriter(folder, config).finish({"status": "cancelled"})
    first, _ = config.thaw_from.split(",")
    app = open_lab(folder.name)
    controls = [*app.selectbox, *app.number_input, *app.toggle, *app.segmented_control]
    # The number of images and their size are kept for each dataset and each backbone.
    drawn = {
        control.key.removesuffix(f"_{config.dataset}").removesuffix(f"_{config.backbone}"): control
        for control in controls
    }
    left_out = names_of(Group.COMMAND_LINE, Group.FOUND_OUT)
    assert drawn.keys() == SETTINGS.keys() - set(left_out)
    for name, control in drawn.items():
        setting = SETTINGS[name]
        assert control.label == f"{setting.label}{', ' * bool(setting.unit)}{setting.unit}"
        if name not in names_of(Group.CHOICE):
            assert setting.help in control.help
            assert control.value == (first if name == "thaw_from" else getattr(config, name))


def test_the_controls_choose_among_the_recorded_runs_until_a_run_is_opened() -> None:
    app = open_lab()
    first = [sub.value for sub in app.subheader]
    app.selectbox(key=state.DATASET).set_value("elpv").run()
    assert not app.exception
    assert [sub.value for sub in app.subheader] != first
    assert "Solar cells" in " ".join(caption.value for caption in app.caption)


def test_a_combination_without_a_run_says_what_will_be_here() -> None:
    app = open_lab()
    app.selectbox(key=state.BACKBONE).set_value("vgg16").run()
    assert not app.exception
    assert "The learning curves will be here" in " ".join(m.value for m in app.markdown)
    assert not start_is_disabled(app)


def test_controls_that_have_moved_on_are_told_apart_from_the_run_on_screen() -> None:
    app = open_lab()
    app.number_input(key="seed").set_value(7).run()
    app.button(key=state.START).click().run()
    assert app.button(key=state.START).disabled
    assert app.button(key=state.START).label == "Follow run"
    app.number_input(key="seed").set_value(8).run()
    assert "The controls above describe another run." in " ".join(c.value for c in app.caption)
    assert app.button(key=state.START).label == "Start run"


@pytest.mark.parametrize("run", ["0123456789abcdef", "../../secret", "<b>run</b>", "0" * 500])
def test_an_unknown_run_is_one_sentence_and_the_controls_stay(run: str) -> None:
    app = open_lab(run)
    assert not app.exception
    assert len(warnings(app)) == 1
    assert "a run that this copy of Thaw does not have" in warnings(app)[0]
    assert run not in warnings(app)[0]
    assert not start_is_disabled(app)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("head_learning_rate", -1.0, "A learning rate is a positive number; for head it is -1"),
        ("head_learning_rate", 0.0, "A learning rate is a positive number"),
        ("fine_tune_learning_rate", -1e-4, "for fine-tuning it is -0.0001"),
        ("head_epochs", -1, "-1 and 10 epochs cannot be run"),
        ("fine_tune_epochs", 500, "510 epochs are more than Thaw runs"),
        ("seed", -1, "A seed of -1 cannot be used"),
        (f"{state.NUM_IMAGES}_openmoji_animals_food", 161, "161 training images were asked for"),
        (f"{state.NUM_IMAGES}_openmoji_animals_food", 0, "0 training images cannot be used"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(
    key: str, value: float, sentence: str
) -> None:
    app = open_lab()
    before = app.number_input(key=key).value
    app.number_input(key=key).set_value(value).run()
    assert not app.exception
    assert len(warnings(app)) == 1
    assert sentence in warnings(app)[0]
    assert start_is_disabled(app)
    # What is on screen stays there, and the way back is open.
    assert shows_the_recorded_run(app)
    app.number_input(key=key).set_value(before).run()
    assert not warnings(app)
    assert not start_is_disabled(app)


def test_a_store_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where a folder should be", "utf-8")
    app = open_lab()
    app.number_input(key="seed").set_value(7).run()
    app.button(key=state.START).click().run()
    assert not app.exception
    assert len(warnings(app)) == 1
    assert "Runs cannot be stored in" in warnings(app)[0]
    assert "THAW_HOME" in warnings(app)[0]
    assert state.RUN not in app.query_params


def test_starting_puts_the_run_into_the_link_and_shows_its_progress() -> None:
    app = open_lab()
    app.number_input(key="seed").set_value(7).run()
    assert app.button(key=state.START).label == "Start run"
    app.button(key=state.START).click().run()
    assert not app.exception
    assert app.query_params[state.RUN] == runs.run_id(runs.make_config(seed=7))
    assert app.progress
    app.button(key=state.CANCEL).click().run()
    assert not app.exception
