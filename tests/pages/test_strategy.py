"""The strategy page without a browser: what it recommends, shows, restores and starts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import datasets, runs
from lib.core.images import inspection
from lib.core.lab import store
from lib.core.runs import TrainConfig
from lib.core.strategy import evidence, verdict
from lib.core.strategy import rule as strategy_rule
from lib.core.strategy.evidence import Evidence
from lib.core.strategy.prose import REGIONS
from lib.core.strategy.rule import Situation
from lib.core.uploads.own_datasets import OwnSpec
from lib.jobs.client import Client
from lib.ui import cache, shell, state
from lib.ui.parts.strategy_board import component as strategy_board
from lib.ui.strategy import answers, page
from lib.ui.strategy import evidence as strategy_evidence
from lib.ui.uploads import access

APP = Path(__file__).resolve().parents[2] / "app.py"
PAGE = "pages/strategy.py"
FOUND = evidence.read()


def open_page(**link: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    for name, value in link.items():
        app.query_params[name] = value
    app = app.switch_page(PAGE).run()
    assert not app.exception
    return app


def board(app: AppTest) -> dict[str, Any]:
    payloads = [json.loads(component.proto.json) for component in app.get("bidi_component")]
    (found,) = [payload for payload in payloads if "advice" in payload]
    return dict(found)


def text(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.caption, *app.subheader))


def warnings(app: AppTest) -> list[str]:
    return [warning.value for warning in app.warning]


# --- The questions --------------------------------------------------------------------------------


def test_it_opens_with_the_answers_of_the_chosen_dataset_and_what_they_lead_to() -> None:
    app = open_page()
    shown = board(app)
    spec = next(iter(access.datasets().values()))
    assert shown["own"] is True
    assert shown["answers"]["images"] == spec.max_train_images
    advice = strategy_rule.recommend(answers.of_dataset(spec))
    assert shown["advice"]["title"] == advice.title
    assert not warnings(app)
    assert "What the recorded runs show" in text(app)
    assert app.query_params == {}  # the first state of all needs no link


def test_another_dataset_answers_by_itself() -> None:
    app = open_page()
    app.selectbox(key=state.DATASET).set_value("elpv").run()
    shown = board(app)
    assert shown["dataset"]["id"] == "elpv"
    assert shown["own"] is True
    assert shown["advice"]["way"] == "everything"
    assert app.query_params[state.LINK_DATASET] == "elpv"


def test_the_link_restores_all_answers_and_says_them_again() -> None:
    link = {
        "data": "elpv",
        "backbone": "mobilenet_v2",
        "images": "180",
        "classes": "7",
        "similar": "0.72",
        "minutes": "0.5",
        "phone": "1",
        "noisy": "1",
    }
    app = open_page(**link)
    assert board(app)["answers"] == {
        "images": 180,
        "classes": 7,
        "similarity": 0.72,
        "minutes": 0.5,
        "phone": True,
        "noisy": True,
    }
    assert app.query_params == link
    assert app.selectbox(key=state.BACKBONE).value == "mobilenet_v2"
    assert app.selectbox(key=state.DATASET).value == "elpv"
    assert not warnings(app)


def test_images_of_the_reader_s_own_answer_with_their_numbers_and_not_with_what_they_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = OwnSpec(
        id="images-0123456789ab",
        title="<b>Mugs</b> *and* cups",
        version="0123456789ab" + "0" * 52,
        num_images=90,
        class_names=("mug", "cup", "glass"),
        licence="They stay on this machine",
        attribution="Your own images.",
        source="",
        about="90 images of your own, 3 classes.",
        offline=True,
    )
    monkeypatch.setattr(access, "datasets", lambda: datasets.DATASETS | {own.id: own})
    app = open_page(data=own.id)
    shown = board(app)
    assert shown["dataset"] == {"id": own.id, "title": own.title}
    assert shown["knowsKind"] is False
    assert (shown["answers"]["images"], shown["answers"]["classes"]) == (own.max_train_images, 3)
    assert not [each for each in app.get("page_link") if "recorded" in each.proto.label]
    asked: list[TrainConfig] = []
    monkeypatch.setattr(access, "check", lambda config: None)
    monkeypatch.setattr(
        Client, "submit", lambda self, config, owner: asked.append(config) or runs.run_id(config)
    )
    app.button(key=state.STRATEGY_RUN_ALL).click().run()
    assert not app.exception
    assert {config.data_fingerprint for config in asked} == {own.fingerprint}
    assert {config.num_images for config in asked} == {own.max_train_images}


def test_nonsense_in_the_link_is_ignored_in_words() -> None:
    app = open_page(data="nonsense", images="-3", similar="blue", strange="1")
    (warning,) = warnings(app)
    assert "There is no dataset `nonsense` here." in warning
    assert "`-3` is no number of images" in warning
    assert "`blue` is no similarity" in warning
    assert "`strange`" in text(app)
    assert board(app)["own"] is True


def test_every_answer_of_the_board_is_the_rule_s() -> None:
    """What the browser looks up is what lib.core.strategy.rule says, everywhere."""
    for backbone in ("efficientnet_lite0", "vgg16"):
        fixed = json.loads(strategy_board._fixed(backbone, False))
        for key, advices in fixed["advices"].items():
            noisy, hurry, phone = (each == "1" for each in key)
            for region, shown in advices.items():
                field = REGIONS[region]
                situation = Situation(
                    5_000 if field.large else 20,
                    0.9 if field.similar else 0.1,
                    3,
                    0.25 if hurry else None,
                    phone,
                    noisy,
                )
                advice = strategy_rule.recommend(situation, backbone)
                assert (advice.region, advice.way, advice.title, advice.reason) == (
                    shown["region"],
                    shown["way"],
                    shown["title"],
                    shown["reason"],
                )
                assert list(advice.notes) == shown["notes"]
                assert fixed["plans"][advice.way]["words"]


def test_what_it_sets_stands_with_its_reason_and_source() -> None:
    app = open_page(images="100", similar="0.1")
    tables = app.table
    advice = strategy_rule.recommend(Situation(100, 0.1))
    rows = next(table.value for table in tables if "Why" in table.value.columns)
    assert list(rows["Setting"]) == [f"**{each.name}**" for each in advice.settings]
    assert list(rows["Why"]) == [each.why for each in advice.settings]
    assert all(rows["Source"])
    assert advice.caveat in text(app)
    assert advice.watch_for in text(app)


def test_the_borders_stand_on_the_page_with_where_they_come_from() -> None:
    app = open_page(classes="30", noisy="1")
    rows = next(table.value for table in app.table if "Border" in table.value.columns)
    where = dict(zip(rows["Border"], rows["Where"], strict=True))
    assert where["Many images"] == "from 6,000 here"
    assert f"{strategy_rule.SIMILAR:g}" in where["Similar"]
    assert all(rows["Source"])


def test_what_was_recorded_stands_beside_the_borders_that_are_conventions() -> None:
    words = page.thawing_pays(FOUND)
    for cell in FOUND.cells:
        if {"everything", "head"} <= set(cell.tried):
            gain = cell.tried["everything"].accuracy - cell.tried["head"].accuracy
            assert f"{100 * gain:+.1f} with {cell.num_images:,} images" in words
    times = page.time_taken()
    asked = {"dataset": "elpv", "num_images": 1_000, "image_size": 96, "seed": runs.RECORDED_SEED}
    for strategy in ("feature_extraction", "full_fine_tuning"):
        run = store.RunStore().open(runs.run_id(runs.make_config(strategy=strategy, **asked)))
        assert run
        assert f"{run.result['wall_time_s']:.0f} s" in times
    rows = next(table.value for table in open_page().table if "Border" in table.value.columns)
    assert words in rows["Why there"].iloc[0]
    assert times in " ".join(rows["Why there"])


def test_the_measured_similarity_can_be_taken_as_the_answer_in_one_place() -> None:
    app = open_page(data="elpv", similar="0.9")
    (button,) = [each for each in app.button if each.label.startswith("Answer ")]
    measured = float(button.label.split()[1])
    button.click().run()
    assert not app.exception
    assert board(app)["answers"]["similarity"] == measured
    assert not [each for each in app.button if each.label.startswith("Answer ")]


# --- The evidence ---------------------------------------------------------------------------------


def test_the_page_says_of_every_cell_what_the_runs_say() -> None:
    words = text(open_page())
    for cell in FOUND.cells:
        assert verdict.of(cell).in_words in words
    assert strategy_evidence.headline(FOUND) in words
    assert strategy_evidence.about(FOUND) in words


def test_the_headline_counts_what_the_cells_say() -> None:
    counts = [int(number) for number in re.findall(r"\d+", strategy_evidence.headline(FOUND))]
    says = [verdict.of(cell) for cell in FOUND.cells]
    first = [each for each in says if each.winner == each.rule]
    wrong = [each for each in says if each.contradicts]
    rest = len(says) - len(first) - len(wrong)
    assert counts == [len(first), len(says), len(wrong)] + [rest] * bool(rest)


def test_where_a_run_contradicts_the_rule_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = next(each for each in FOUND.cells if "scratch" in each.tried)
    rule = verdict.of(cell).rule
    # The way of the rule, made as bad as training from scratch.
    spoiled = dict(cell.tried) | {rule: cell.tried["scratch"]}
    worse = Evidence((evidence.Cell(cell.dataset, cell.num_images, spoiled),), 15, 0)
    monkeypatch.setattr(cache, "evidence", lambda: worse)
    strategy_board._fixed.cache_clear()
    try:
        words = text(open_page())
    finally:
        strategy_board._fixed.cache_clear()
    assert "the rule is wrong here" in words
    assert "in **1** another way was better by more than chance" in words
    assert ":material/warning:" in words


def test_without_evidence_the_rule_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "evidence", lambda: Evidence((), 0, 135))
    strategy_board._fixed.cache_clear()
    try:
        words = text(open_page())
    finally:
        strategy_board._fixed.cache_clear()
    assert "No run is recorded in this copy of Thaw" in words


def test_validation_instead_of_test_images_redraws_the_figures() -> None:
    app = open_page()
    control = next(each for each in app.segmented_control if each.key == state.STRATEGY_MEASURE)
    before = [chart.proto.spec for chart in app.get("plotly_chart")]
    control.set_value("validation").run()
    assert not app.exception
    assert [chart.proto.spec for chart in app.get("plotly_chart")] != before


# --- Try it ---------------------------------------------------------------------------------------


def settings_of_the_lab(app: AppTest) -> dict[str, Any]:
    return {
        "strategy": app.session_state[state.STRATEGY],
        "dataset": app.session_state[state.DATASET],
        "head_epochs": app.session_state["head_epochs"],
    }


def test_set_up_this_run_sets_the_lab_to_what_is_recommended() -> None:
    app = open_page(data="elpv", images="1000", similar="0.1")
    app.button(key=state.STRATEGY_SET_UP).click().run()
    assert not app.exception
    assert settings_of_the_lab(app) == {
        "strategy": "full_fine_tuning",
        "dataset": "elpv",
        "head_epochs": strategy_rule.PHASE_EPOCHS,
    }
    assert app.number_input(key=f"{state.NUM_IMAGES}_elpv").value == 1_000


def test_see_it_in_the_model_carries_the_freeze_plan() -> None:
    app = open_page(backbone="mobilenet_v2", images="50", similar="0.1")
    app.button(key=state.STRATEGY_MODEL).click().run()
    assert not app.exception
    strip = next(
        payload
        for component in app.get("bidi_component")
        if "plan" in (payload := json.loads(component.proto.json))
    )
    advice = strategy_rule.recommend(Situation(50, 0.1), "mobilenet_v2")
    layers = cache.layer_table("mobilenet_v2", 96)
    assert strip["plan"]["cut"] == strategy_rule.first_thawed(advice, layers)
    assert strip["plan"]["batchNormFrozen"] is True


def test_a_run_that_was_recorded_is_offered_to_be_opened() -> None:
    cell = next(each for each in FOUND.cells if "head" in each.tried)
    situation = Situation(cell.num_images, 1.0)
    assert strategy_rule.recommend(situation).way == "head"
    app = open_page(data=cell.dataset, images=str(cell.num_images), similar="1")
    (link,) = [each for each in app.get("page_link") if "recorded" in each.proto.label]
    ids = [run.id for run in cell.tried["head"].runs]
    assert any(f"run={id_}" in link.proto.query_string for id_ in ids)
    app = open_page(data=cell.dataset, images=str(cell.num_images + 1), similar="1")
    assert not [each for each in app.get("page_link") if "recorded" in each.proto.label]


def test_run_all_strategies_asks_for_every_way_and_puts_them_into_the_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[TrainConfig] = []

    def submit(self: Client, config: TrainConfig, owner: str = "") -> str:
        assert owner
        asked.append(config)
        return runs.run_id(config)

    monkeypatch.setattr(Client, "submit", submit)
    app = open_page(images="33")
    app.button(key=state.STRATEGY_RUN_ALL).click().run()
    assert not app.exception
    ways = [strategy_rule.how(way) for way in evidence.WAYS]
    assert [(config.strategy, config.thaw_from) for config in asked] == ways
    assert {config.num_images for config in asked} == {33}
    assert {config.num_epochs for config in asked} == {2 * strategy_rule.PHASE_EPOCHS}
    assert app.query_params[state.TRIED] == ",".join(runs.run_id(each) for each in asked)


def test_the_runs_of_the_link_stand_side_by_side_with_the_winner_and_its_interval() -> None:
    cell = next(each for each in FOUND.cells if set(each.tried) == set(evidence.WAYS))
    chosen = [tried.runs[0] for tried in cell.tried.values()]
    app = open_page(tried=",".join(run.id for run in chosen))
    assert "All strategies side by side" in text(app)
    rows = next(table.value for table in app.table if "Way" in table.value.columns)
    assert list(rows["Way"]) == [way.title for way in evidence.WAYS.values()]
    assert [value[:5] for value in rows["Test"]] == [
        f"{run.result['test_accuracy']:.3f}" for run in chosen
    ]
    assert "95 % interval" in text(app)


def test_runs_of_a_link_that_nobody_knows_are_named_in_words() -> None:
    app = open_page(tried="0123456789abcdef,<script>")
    (warning,) = warnings(app)
    assert "2 runs that are not in this copy of Thaw" in warning


def test_the_page_is_in_the_order_of_the_lessons() -> None:
    names = list(shell.PAGES)
    assert names.index("global_average_pooling") < names.index("strategy")
    assert names.index("strategy") < names.index("training_lab")
    assert store.RunStore().evidence_root.is_dir()


def test_what_is_nearly_alike_in_the_test_images_is_said_with_its_number() -> None:
    seen = inspection.shipped("elpv", "elpv/1.0.0")
    assert seen
    parts = inspection.every_use(seen.labels)
    assert parts
    trained = set(parts.train.tolist())
    alike = {
        test
        for pair in seen.pairs
        if pair.kind == "alike"
        for test, other in ((pair.first, pair.second), (pair.second, pair.first))
        if test in parts.test and other in trained
    }
    said = [each.value for each in open_page().caption if each.value.startswith("Solar cells:")]
    assert len(said) == 1
    assert f"{len(alike)} of the {len(parts.test)} test images" in said[0]
    assert alike
