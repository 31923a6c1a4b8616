"""Training lab: what it shows before anything was trained, and what it says to bad settings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import backbones, datasets, limits, runs, splits, strategies
from lib.core.config import SETTINGS, names_of
from lib.core.images import inspection
from lib.core.lab import store
from lib.core.lab.folder import RunWriter
from lib.core.reading import curves
from lib.core.settings import Group
from lib.core.strategy import lengths
from lib.ui import state
from lib.ui.lab import settings as lab_settings
from lib.ui.pages import PAGES
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
LAB = "pages/training_lab.py"
CARDS = ("Test accuracy", "Head only, then thawed", "Wall time", "Layers that changed")


def open_lab(run: str | None = None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    if run is not None:
        app.query_params[state.RUN] = run
    return app.switch_page(LAB).run()


def shows_the_recorded_run(app: AppTest) -> bool:
    run = store.RunStore().open(runs.run_id(runs.make_config(seed=runs.RECORDED_SEED)))
    assert run
    return [sub.value.removeprefix(":gray-badge[Example] ") for sub in app.subheader] == [
        curves.headline(run)
    ]


def usual_run() -> runs.TrainConfig:
    """The run of a lab in which nothing was changed."""
    return lab_settings.usual(
        datasets.get("openmoji_animals_food"),
        backbones.get("efficientnet_lite0"),
        strategies.get("partial_fine_tuning"),
    )


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
    # Its settings are its own: the run of the button has larger images and may have more epochs.
    assert "Not your run" in words
    assert "of 128 px, top layers" in words
    assert "It took 20 epochs." in words
    (row,) = shown_tiles(app)
    assert "of 224 pixels, in at most 120 epochs" in row["title"]
    # The page says why it opens with them, whatever the page Strategy recommends.
    assert runs.TrainConfig.strategy == "partial_fine_tuning"
    assert strategies.get(runs.TrainConfig.strategy).title in PAGES["training_lab"].subtitle
    assert "designed by OpenMoji" in words
    assert "CC BY-SA 4.0" in words


def test_the_button_says_how_long_a_run_will_take_before_it_is_pressed() -> None:
    app = open_lab()
    long: list[int] = []
    short: list[int] = []
    for strategy, found in (("partial_fine_tuning", long), ("feature_extraction", short)):
        app.segmented_control(key=state.STRATEGY).set_value(strategy).run()
        app.number_input(key="seed").set_value(7).run()
        label = app.button(key=state.START).label
        told = re.fullmatch(r"Start run, about (\d+) s", label)
        assert told, label
        found.append(int(told[1]))
    assert short < long


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
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
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


def test_a_new_form_from_scratch_has_epochs_for_enough_steps() -> None:
    app = open_lab()
    app.segmented_control(key=state.STRATEGY).set_value("from_scratch").run()
    epochs = app.number_input(key=state.EPOCHS_FROM_SCRATCH)
    batch = app.number_input(key="batch_size").value
    assert (epochs.label, epochs.value) == ("Epochs", lengths.head_epochs(160, batch))
    assert epochs.value * lengths.steps_an_epoch(160, batch) >= lengths.HEAD_STEPS
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
    # Only a head on a frozen backbone can be cross-validated.
    assert drawn.keys() == SETTINGS.keys() - set(left_out) - {"judged_by"}
    for name, control in drawn.items():
        setting = SETTINGS[name]
        assert control.label == f"{setting.label}{', ' * bool(setting.unit)}{setting.unit}"
        if name not in names_of(Group.CHOICE):
            assert setting.help in control.help
            assert control.value == (first if name == "thaw_from" else getattr(config, name))


def test_a_form_starts_with_what_the_page_strategy_recommends_and_follows_the_choices() -> None:
    app = open_lab()
    size = f"{state.IMAGE_SIZE}_efficientnet_lite0"
    assert app.selectbox(key="head_solver").value == "solved"
    assert app.selectbox(key=size).value == 224
    assert not [each for each in app.number_input if each.key == "head_epochs"]
    # 1,000 solar cells take too long at that size.
    app.selectbox(key=state.DATASET).set_value("elpv").run()
    app.segmented_control(key=state.STRATEGY).set_value("full_fine_tuning").run()
    assert app.selectbox(key=size).value == 96
    app.segmented_control(key=state.STRATEGY).set_value("feature_extraction").run()
    assert app.selectbox(key=size).value == 224
    assert app.selectbox(key="judged_by").value == "test_images"
    # What the reader has chosen stays.
    app.selectbox(key=size).set_value(128).run()
    app.segmented_control(key=state.STRATEGY).set_value("full_fine_tuning").run()
    assert app.selectbox(key=size).value == 128


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
    assert app.button(key=state.START).label.startswith("Start run, about ")


@pytest.mark.parametrize("run", ["0123456789abcdef", "../../secret", "<b>run</b>", "0" * 500])
def test_an_unknown_run_is_one_sentence_and_the_controls_stay(run: str) -> None:
    app = open_lab(run)
    assert not app.exception
    assert len(warnings(app)) == 1
    assert "a run that this copy of Thaw does not have" in warnings(app)[0]
    assert run not in warnings(app)[0]
    assert not start_is_disabled(app)


# tests/unit/test_runs.py has the sentence of every such value. Of the fields, one that is hidden at
# first, one that is there from the start, and one with a name of its own for each dataset.
@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("head_learning_rate", -1.0, "A learning rate is a positive number; for head it is -1"),
        ("fine_tune_epochs", 500, "500 epochs are more than Thaw runs"),
        (f"{state.NUM_IMAGES}_openmoji_animals_food", 161, "161 training images were asked for"),
        *(
            pytest.param(*case, marks=pytest.mark.thorough)
            for case in (
                ("head_learning_rate", 0.0, "A learning rate is a positive number"),
                ("fine_tune_learning_rate", -1e-4, "for fine-tuning it is -0.0001"),
                ("head_epochs", -1, "-1 and 20 epochs cannot be run"),
                ("seed", -1, "A seed of -1 cannot be used"),
                (
                    f"{state.NUM_IMAGES}_openmoji_animals_food",
                    0,
                    "0 training images cannot be used",
                ),
            )
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(
    key: str, value: float, sentence: str
) -> None:
    app = open_lab()
    if key.startswith("head"):  # A head that is solved has neither epochs nor a rate.
        app.selectbox(key="head_solver").set_value("steps").run()
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


def test_a_run_larger_than_the_machine_is_refused_with_the_setting_that_helps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "memory_mb=4000")
    app = open_lab()
    app.selectbox(key="pooling").select("flatten")
    app.number_input(key="hidden_units").set_value(4096).run()
    assert not app.exception
    (warning,) = warnings(app)
    assert "GB of memory, and a run on this machine may use 4.0 GB." in warning
    assert "Use global average pooling instead of Flatten" in warning
    assert start_is_disabled(app)
    app.selectbox(key="pooling").select("gap").run()
    assert not warnings(app)
    assert not start_is_disabled(app)


def test_a_stored_run_is_opened_on_a_machine_that_could_not_train_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "memory_mb=100")
    app = open_lab(runs.run_id(runs.make_config(seed=runs.RECORDED_SEED)))
    assert not warnings(app)
    assert shows_the_recorded_run(app)


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
    assert app.button(key=state.START).label.startswith("Start run, about ")
    app.button(key=state.START).click().run()
    assert not app.exception
    assert app.query_params[state.RUN] == runs.run_id(runs.with_seed(usual_run(), 7))
    assert app.progress
    app.button(key=state.CANCEL).click().run()
    assert not app.exception


def test_a_link_restores_the_settings_that_differ_from_the_usual() -> None:
    app = open_lab()
    assert not [name for name in app.query_params if name != state.RUN]
    app.segmented_control(key=state.STRATEGY).set_value("full_fine_tuning").run()
    app.selectbox(key="head_solver").set_value("steps").run()
    app.number_input(key="seed").set_value(7).run()
    app.number_input(key="dropout").set_value(0.25).run()
    app.toggle(key="augmentation").set_value(True).run()
    link = {name: app.query_params[name] for name in app.query_params}
    assert {"strategy", "seed", "dropout", "augmentation", "head_solver"} <= set(link)
    other = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        other.query_params[name] = value
    other = other.switch_page(LAB).run()
    assert not other.exception
    assert not warnings(other)
    assert other.segmented_control(key=state.STRATEGY).value == "full_fine_tuning"
    assert other.number_input(key="seed").value == 7
    assert other.number_input(key="dropout").value == 0.25
    assert other.toggle(key="augmentation").value is True
    assert {name: other.query_params[name] for name in other.query_params} == link


def test_settings_of_a_link_come_on_top_of_its_run() -> None:
    run = runs.run_id(runs.make_config(seed=runs.RECORDED_SEED))
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    app.query_params[state.RUN] = run
    app.query_params["batch_size"] = "16"
    app = app.switch_page(LAB).run()
    assert shows_the_recorded_run(app)
    assert app.number_input(key="batch_size").value == 16
    assert app.button(key=state.START).label.startswith("Start run, about ")
    app.number_input(key="batch_size").set_value(32).run()
    assert "batch_size" not in app.query_params
    assert app.button(key=state.START).label == "Run with the next seed"


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", "many"), ("strategy", "none"), ("image_size", "9999"), ("thaw_from", "<b>"),
     ("augmentation", "perhaps"), ("head_learning_rate", "nan"), ("batch_size", "9" * 40)],
)  # fmt: skip
def test_a_part_of_a_link_that_cannot_be_used_is_a_sentence(name: str, value: str) -> None:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    app.query_params[name] = value
    app = app.switch_page(LAB).run()
    assert not app.exception
    (warning,) = warnings(app)
    assert value[:9] in warning
    assert name not in app.query_params
    assert not start_is_disabled(app)


def test_it_shows_a_few_of_the_images_that_the_run_will_learn_from() -> None:
    app = open_lab()
    spec = datasets.get("openmoji_animals_food")
    look = inspection.shipped(spec.id, spec.fingerprint)
    assert look
    for seed, number, epochs in ((1, 160, 120), (3, 20, 134)):
        app.number_input(key="seed").set_value(seed)
        app.number_input(key=f"{state.NUM_IMAGES}_openmoji_animals_food").set_value(number).run()
        assert not app.exception
        train = set(splits.split(look.labels, number, seed).train.tolist())
        (row,) = shown_tiles(app)
        wanted = f"It will learn from {number} images of 224 pixels, in at most {epochs} epochs"
        assert row["title"] == f"{wanted}, for example:"
        shown = [int(tile["alt"].split()[1]) for tile in row["tiles"]]
        assert len(shown) == 8
        assert {look.labels[index] for index in shown} == {0, 1}
        assert set(shown) <= train


def shown_tiles(app: AppTest) -> list[dict[str, Any]]:
    sent = [json.loads(each.proto.json) for each in app.get("bidi_component") if each.proto.json]
    (rows,) = [each["rows"] for each in sent if "flow" in each]
    return list(rows)


def test_a_quick_gesture_counts_more_than_the_link_from_before_the_last_one() -> None:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    app.query_params["seed"] = "3"
    app.switch_page(LAB).run()
    app.number_input(key="seed").set_value(5).run()
    # The browser had not yet heard of the new link when the reader went on.
    app.query_params["seed"] = "3"
    images = f"{state.NUM_IMAGES}_openmoji_animals_food"
    app.number_input(key=images).set_value(20).run()
    assert not app.exception
    assert app.number_input(key="seed").value == 5
    assert app.number_input(key=images).value == 20


def test_a_run_that_is_started_quickly_has_the_settings_on_screen_and_not_those_before() -> None:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    app.query_params["seed"] = "3"
    app.switch_page(LAB).run()
    app.number_input(key="seed").set_value(7).run()
    # The browser had not yet heard of the new link when the reader pressed the button.
    app.query_params["seed"] = "3"
    app.button(key=state.START).click().run()
    assert not app.exception
    assert app.query_params[state.RUN] == runs.run_id(runs.with_seed(usual_run(), 7))
    assert app.number_input(key="seed").value == 7
    app.button(key=state.CANCEL).click().run()
    assert not app.exception


def test_a_link_counts_after_another_page_has_changed_the_settings() -> None:
    app = open_lab()
    app.switch_page("pages/model_summary.py").run()
    app.session_state["seed"] = 3
    app.query_params["seed"] = "11"
    app.switch_page(LAB).run()
    assert app.number_input(key="seed").value == 11


def test_a_size_that_nobody_chose_in_the_model_summary_does_not_count_in_the_lab() -> None:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    app.query_params["backbone"] = "efficientnet_lite0"
    app.switch_page("pages/model_summary.py").run()
    app.query_params.clear()
    app.switch_page(LAB).run()
    assert "image_size" not in app.query_params
