"""Learning curves: what opens, what a link restores, and what happens to runs by hand."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import limits, runs
from lib.core.lab import bundle, command
from lib.core.lab.folder import RunMeta
from lib.core.lab.store import RunStore
from lib.core.reading import curves, diagnose
from lib.core.runs import Run
from lib.ui import cache, state
from lib.ui.reading.findings import of_run
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
PAGE = "pages/learning_curves.py"


@pytest.fixture(autouse=True)
def _no_run_of_another_store() -> None:
    cache.stored_run.clear()


def recorded(**settings: object) -> Run:
    """A run that ships with Thaw, by its settings."""
    run = RunStore().open(runs.run_id(runs.make_config(seed=runs.RECORDED_SEED, **settings)))  # type: ignore[arg-type]
    assert run
    assert run.recorded
    return run


def stored(seed: int, source: Run | None = None) -> Run:
    """A copy of a recorded run in the store, under another seed."""
    source = source or recorded()
    config = replace(source.config, seed=seed)
    folder = RunStore().folder(runs.run_id(config))
    shutil.copytree(source.folder, folder)
    (folder / "config.json").write_text(json.dumps(asdict(config)), "utf-8")
    result = json.loads((folder / "result.json").read_text("utf-8"))
    result |= {"run_id": folder.name, "command": command.command(config)}
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    run = RunStore().open(folder.name)
    assert run
    assert run.status == "finished"
    return run


def open_page(**link: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        app.query_params[name] = value
    app = app.switch_page(PAGE).run()
    assert not app.exception
    return app


def chosen(app: AppTest) -> list[str]:
    return list(app.multiselect(key=state.CHOSEN_RUNS).value)


def in_link(app: AppTest, name: str) -> str | None:
    values = app.query_params.get(name)
    return values[0] if isinstance(values, list) else values


def headlines(app: AppTest) -> list[str]:
    return [sub.value for sub in app.subheader]


def all_text(app: AppTest) -> str:
    return " ".join(each.value for each in [*app.markdown, *app.caption, *app.text])


def a_popover_button(app: AppTest, label: str) -> Callable[[], AppTest]:
    (button,) = [each for each in app.button if each.label.startswith(label)]
    return lambda: button.click().run()


def test_test_images_that_cannot_be_read_are_as_good_as_none() -> None:
    run = stored(50)
    (run.folder / runs.TEST_IMAGES_FILE).write_bytes(b"cut off")
    words = all_text(open_page(run=run.id))
    assert "The images were not stored with this run." in words


def test_it_opens_complete_with_the_recorded_run_of_the_lab() -> None:
    app = open_page()
    run = recorded()
    assert chosen(app) == [run.id]
    assert headlines(app)[0] == curves.headline(run)
    assert in_link(app, state.RUN) == run.id
    assert not app.warning
    # The curves, and the confusion matrix.
    assert len(app.get("plotly_chart")) == 2
    assert "were used once, after the last epoch" in all_text(app)
    assert "designed by OpenMoji" in all_text(app)


@pytest.mark.thorough
def test_every_recorded_run_opens_by_its_link() -> None:
    for run in [run for run in RunStore() if run.recorded]:
        app = open_page(run=run.id)
        assert chosen(app) == [run.id]
        assert headlines(app)[0] == curves.headline(run)
        assert not app.warning


def test_a_link_restores_a_comparison_and_how_it_is_drawn() -> None:
    first, second = recorded(), recorded(strategy="feature_extraction")
    app = open_page(runs=f"{first.id},{second.id}", axis="Seconds", smooth="Some", log="true")
    assert chosen(app) == [first.id, second.id]
    assert headlines(app) == ["Top layers and Head only cannot be told apart with 40 images"]
    assert "2 runs, with different settings: Strategy." in all_text(app)
    assert app.radio(key=state.AXIS).value == "seconds"
    assert app.select_slider(key=state.SMOOTHING).value == 0.5
    assert app.toggle(key=state.LOG_LOSS).value is True
    assert in_link(app, state.RUNS) == f"{first.id},{second.id}"
    assert in_link(app, state.RUN) is None


def test_two_runs_on_the_same_images_are_compared_image_by_image() -> None:
    first, second = recorded(), recorded(strategy="feature_extraction")
    app = open_page(runs=f"{first.id},{second.id}")
    text = all_text(app)
    assert "Top layers and Head only cannot be told apart with 40 images" in text


def test_choosing_another_run_puts_it_into_the_link() -> None:
    app = open_page()
    other = recorded(strategy="feature_extraction")
    app.multiselect(key=state.CHOSEN_RUNS).set_value([other.id]).run()
    assert not app.exception
    assert in_link(app, state.RUN) == other.id
    assert headlines(app)[0] == curves.headline(other)


def test_choosing_nothing_says_what_will_be_here() -> None:
    app = open_page()
    app.multiselect(key=state.CHOSEN_RUNS).set_value([]).run()
    assert not app.exception
    assert "The curves will be here" in all_text(app)
    assert in_link(app, state.RUN) is None
    # Nothing else comes back by itself.
    app.run()
    assert chosen(app) == []


@pytest.mark.parametrize("id_", ["0123456789abcdef", "../../secret", "<b>run</b>", "0" * 500, ","])
def test_an_unknown_run_is_one_sentence_and_the_page_stays_complete(id_: str) -> None:
    app = open_page(run=id_)
    assert len(app.warning) == 1
    assert "that this copy of Thaw does not have" in app.warning[0].value
    assert id_ not in app.warning[0].value or id_ == ","
    assert chosen(app) == [recorded().id]


def test_what_a_link_names_and_is_there_is_shown_beside_the_sentence() -> None:
    run = recorded(strategy="feature_extraction")
    app = open_page(runs=f"{run.id},0123456789abcdef")
    assert len(app.warning) == 1
    assert chosen(app) == [run.id]


def plain(app: AppTest) -> str:
    """The text of a page without the links that explain its terms."""
    return re.sub(r"\[([^][]*)\]\(#[^)]*\)", r"\1", all_text(app))


def test_each_finding_is_listed_with_its_epochs_and_the_chosen_one_is_explained() -> None:
    run = recorded()
    findings = of_run(run)
    assert len(findings) > 1
    # The headline doubts that fine-tuning helped, and the opened finding says why.
    assert findings[0].kind == "too_few_validation_images" != diagnose.diagnose(run)[0].kind
    app = open_page(run=run.id)
    radio = app.radio(key=f"{state.FINDING}_{run.id}")
    assert radio.value == findings[0].kind
    assert findings[0].explanation in plain(app)
    radio.set_value(findings[1].kind).run()
    assert not app.exception
    assert findings[1].explanation in plain(app)
    assert findings[0].explanation not in plain(app)


def test_a_finding_named_in_the_link_is_framed_in_the_figure_at_once() -> None:
    run = recorded()
    findings = diagnose.diagnose(run)
    wanted = findings[-1]
    assert wanted.kind != findings[0].kind
    app = open_page(run=run.id, finding=wanted.kind)
    opened = app.get("plotly_chart")[0].proto.spec
    app.radio(key=f"{state.FINDING}_{run.id}").set_value(findings[0].kind).run()
    assert app.get("plotly_chart")[0].proto.spec != opened
    app.radio(key=f"{state.FINDING}_{run.id}").set_value(wanted.kind).run()
    assert app.get("plotly_chart")[0].proto.spec == opened


def test_a_suggestion_is_queued_with_a_click_and_then_followed_in_the_lab() -> None:
    run = recorded()
    finding = next(finding for finding in diagnose.diagnose(run) if finding.suggestion)
    assert finding.suggestion
    wanted = runs.run_id(diagnose.suggested_config(run.config, finding.suggestion))
    app = open_page(run=run.id)
    app.radio(key=f"{state.FINDING}_{run.id}").set_value(finding.kind).run()
    assert cache.client().progress(wanted) is None
    app.button(key=f"{state.QUEUE}_{run.id}_{finding.kind}").click().run()
    assert not app.exception
    now = cache.client().progress(wanted)
    assert now is not None
    assert not now.ended
    assert "Watch it in the training lab" in [link.proto.label for link in app.get("page_link")]
    assert not [button for button in app.button if (button.key or "").startswith(state.QUEUE)]


def test_runs_that_differ_in_their_seed_are_a_click_away_and_drawn_together() -> None:
    ids = [recorded().id, *(stored(seed).id for seed in (5, 6))]
    app = open_page()
    a_popover_button(app, "Other seeds, 2")()
    assert not app.exception
    assert set(chosen(app)) == set(ids)
    assert headlines(app) == ["3 runs, with different settings: Seed"]
    app.toggle(key=state.OVER_SEEDS).set_value(True).run()
    assert not app.exception
    (table,) = app.table
    assert list(table.value["Seeds"]) == ["3"]
    assert "[" in table.value["Final"].iloc[0]
    app.toggle(key=state.OVER_SEEDS).set_value(False).run()
    assert list(app.table[0].value["Seed"]) == ["0", "6", "5"] or len(app.table[0].value) == 3


def test_a_figure_for_each_run_keeps_the_table() -> None:
    runs_ = [recorded(), recorded(strategy="feature_extraction"), recorded(strategy="from_scratch")]
    app = open_page(runs=",".join(run.id for run in runs_), small="true")
    assert len(app.get("plotly_chart")) == len(runs_)
    (table,) = app.table
    assert list(table.value["Run"]) == ["Top layers", "Head only", "From scratch"]
    assert list(table.value["Strategy"]) == ["Top layers", "Head only", "From scratch"]
    # Only what differs is in it.
    assert "Dataset" not in table.value.columns
    assert "Seed" not in table.value.columns


def test_twenty_runs_are_compared_on_one_page() -> None:
    ids = [recorded().id, *(stored(seed).id for seed in range(1, 20))]
    app = open_page(runs=",".join(ids))
    assert headlines(app) == ["20 runs, with different settings: Seed"]
    assert len(app.table[0].value) == 20


def test_a_run_that_ships_with_thaw_can_be_exported_and_nothing_else() -> None:
    app = open_page()
    assert "you can export it, but not name or delete it" in all_text(app)
    assert [each.proto.label for each in app.get("download_button")] == ["Export"]
    keys = {button.key for button in app.button}
    assert not keys & {state.SAVE_RUN, state.DELETE_RUN}


def test_a_run_is_named_and_noted_and_the_list_says_so() -> None:
    run = stored(7)
    app = open_page(run=run.id)
    app.text_input(key=f"{state.RUN_NAME}_{run.id}").set_value("Monday")
    app.text_area(key=f"{state.RUN_NOTE}_{run.id}").set_value("shown in class")
    app.button(key=state.SAVE_RUN).click().run()
    assert not app.exception
    assert RunStore().meta(run.id) == RunMeta("Monday", "shown in class", False)
    assert "Monday" in app.multiselect(key=state.CHOSEN_RUNS).options
    assert "shown in class" in all_text(app)


def test_a_name_that_cannot_be_used_is_one_sentence_and_changes_nothing() -> None:
    run = stored(7)
    app = open_page(run=run.id)
    app.text_input(key=f"{state.RUN_NAME}_{run.id}").set_value("a\x00b")
    app.button(key=state.SAVE_RUN).click().run()
    assert not app.exception
    assert len(app.warning) == 1
    assert RunStore().meta(run.id) == RunMeta()


def test_a_run_is_deleted_only_after_a_second_click() -> None:
    run = stored(7)
    app = open_page(run=run.id)
    app.button(key=state.DELETE_RUN).click().run()
    assert not app.exception
    assert RunStore().open(run.id) is not None
    app.button(key=state.DELETE_SURELY).click().run()
    assert not app.exception
    assert RunStore().open(run.id) is None
    assert run.id not in app.multiselect(key=state.CHOSEN_RUNS).options
    assert in_link(app, state.RUN) != run.id


def test_an_exported_run_comes_back_by_import() -> None:
    run = stored(7)
    RunStore().rename(run.id, name="Monday")
    content = bundle.export_run(run)
    RunStore().delete(run.id)
    app = open_page()
    app.file_uploader(key=state.IMPORT_RUN).set_value(("run.zip", content, "application/zip")).run()
    assert not app.exception
    (imported,) = (each for each in RunStore().summaries() if not each.recorded)
    assert imported.id != run.id
    assert chosen(app) == [imported.id]
    assert "Monday, imported" in app.multiselect(key=state.CHOSEN_RUNS).options
    assert not app.warning
    assert "imported from a file and not trained here" in all_text(app)
    # The link of the run that was exported opens it too.
    app.query_params[state.RUN] = run.id
    assert chosen(app.run()) == [imported.id]


def test_more_imported_runs_than_there_is_room_for_are_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exported = []
    for seed in (7, 8):
        run = stored(seed)
        exported.append(bundle.export_run(run))
        RunStore().delete(run.id)
    monkeypatch.setenv(limits.VARIABLE, "imports=1")
    app = open_page()
    for content in exported:
        uploader = app.file_uploader(key=state.IMPORT_RUN)
        uploader.set_value(("run.zip", content, "application/zip")).run()
        assert not app.exception
    (warning,) = app.warning
    assert "1 runs were imported here, and there is room for 1" in warning.value
    assert len([run for run in RunStore() if not run.recorded]) == 1


def test_a_file_that_is_not_a_run_is_one_sentence_and_the_store_stays_as_it_was() -> None:
    app = open_page()
    before = app.multiselect(key=state.CHOSEN_RUNS).options
    app.file_uploader(key=state.IMPORT_RUN).set_value(
        ("run.zip", b"PK no", "application/zip")
    ).run()
    assert not app.exception
    assert len(app.warning) == 1
    assert app.multiselect(key=state.CHOSEN_RUNS).options == before
    assert chosen(app) == [recorded().id]


def test_images_are_chosen_by_cell_of_the_confusion_matrix() -> None:
    run = recorded(strategy="feature_extraction")
    app = open_page(run=run.id)
    box = app.selectbox(key=f"{state.SHOWN_IMAGES}_{run.id}")
    cells = [words for words in box.options if "predicted as" in words]
    assert cells, "This recorded run has no mistake to look at."
    box.set_value(next(cell for cell in [(0, 1), (1, 0)] if _cell_words(cell) in cells[0])).run()
    assert not app.exception
    assert app.get("image")


def _cell_words(cell: tuple[int, int]) -> str:
    names = ("animal", "food")
    return f"{names[cell[0]]} predicted as {names[cell[1]]}"


def test_a_run_without_answers_still_says_how_good_it_is() -> None:
    run = stored(7)
    (run.folder / runs.EVALUATION_FILE).unlink()
    app = open_page(run=run.id)
    assert "has no prediction for each image" in all_text(app)
    assert len(app.get("plotly_chart")) == 1


def test_a_cancelled_run_says_that_the_test_images_were_not_used() -> None:
    run = stored(7)
    (run.folder / "result.json").write_text('{"status": "cancelled"}', "utf-8")
    lines = (run.folder / "history.jsonl").read_text("utf-8").splitlines()
    (run.folder / "history.jsonl").write_text("\n".join(lines[:3]) + "\n", "utf-8")
    app = open_page(run=run.id)
    assert "the test images were not used" in all_text(app)
