"""The strategy page without a browser: what it recommends, shows, restores and starts."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import datasets, limits, runs
from lib.core.config import SOLVED_EPOCHS
from lib.core.errors import EngineError
from lib.core.evidence import borders, choosing, findings, grid, verdicts
from lib.core.images import inspection
from lib.core.lab import progress, store
from lib.core.lab.progress import Progress
from lib.core.reading import evaluation
from lib.core.runs import TrainConfig
from lib.core.strategy import evidence, outcome, verdict
from lib.core.strategy import rule as strategy_rule
from lib.core.strategy.evidence import Evidence
from lib.core.strategy.learning_curve import Point
from lib.core.strategy.outcome import Judged
from lib.core.strategy.prose import REGIONS
from lib.core.strategy.rule import Situation
from lib.core.uploads.own_datasets import OwnSpec
from lib.figures import marks, theme
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import cache, shell, state
from lib.ui.lab import duration
from lib.ui.parts.strategy_board import component as strategy_board
from lib.ui.strategy import answers, compare, page
from lib.ui.strategy import evidence as strategy_evidence
from lib.ui.uploads import access
from tests.speeds import PATIENCE_S
from tests.unit import toy_grid

APP = Path(__file__).resolve().parents[2] / "app.py"
PAGE = "pages/strategy.py"
FOUND = evidence.read()


def open_page(**link: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
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


@pytest.fixture(autouse=True)
def questions(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a worker is asked, which it does not answer."""
    found: list[dict[str, Any]] = []

    def ask(self: Client, task: str, owner: str = "", **arguments: Any) -> Question:
        found.append({"task": task, **arguments})
        return Question(task, owner)

    monkeypatch.setattr(Client, "ask", ask)
    return found


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
    monkeypatch: pytest.MonkeyPatch, asked: list[TrainConfig]
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
    monkeypatch.setattr(access, "check", lambda config: None)
    app.button(key=state.STRATEGY_COMPARE).click().run()
    assert not app.exception
    assert {config.data_fingerprint for config in asked} == {own.fingerprint}
    assert {config.num_images for config in asked} == {own.max_train_images}
    # Seven of ninety images would say nothing: the head is judged on all of them.
    assert [config.is_cross_validated for config in asked] == [True, False, False, False]


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
                    re.sub(r"\[([^]]+)\]\(#term-\w+\)", r"\1", shown["reason"]),
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
    usual = [each for each in grid.read() if each.backbone == grid.BACKBONE]
    rows = next(table.value for table in open_page().table if "Border" in table.value.columns)
    many, similar, *others = rows["Why there"]
    assert borders.size_in_words(borders.size(usual)) in many
    assert borders.similarity_in_words(borders.similarity(usual)) in similar
    times = page.time_taken()
    asked = {"dataset": "elpv", "num_images": 1_000, "image_size": 96, "seed": runs.RECORDED_SEED}
    for strategy in ("feature_extraction", "full_fine_tuning"):
        run = store.RunStore().open(runs.run_id(runs.make_config(strategy=strategy, **asked)))
        assert run
        assert f"{run.result['wall_time_s']:.0f} s" in times
    assert times in " ".join(others)


def test_the_measured_similarity_can_be_taken_as_the_answer_in_one_place() -> None:
    app = open_page(data="elpv", similar="0.9")
    (button,) = [each for each in app.button if each.label.startswith("Answer ")]
    measured = float(button.label.split()[1])
    button.click().run()
    assert not app.exception
    assert board(app)["answers"]["similarity"] == measured
    assert not [each for each in app.button if each.label.startswith("Answer ")]


# --- The evidence ---------------------------------------------------------------------------------


def test_each_question_to_the_runs_has_its_finding_and_what_is_recorded() -> None:
    usual = [each for each in grid.read() if each.backbone == grid.BACKBONE]
    assert set(grid.SIZES) == {each.dataset for each in usual}
    app = open_page()
    assert f"**{findings.of_thawing(usual)}**" in text(app)
    assert verdicts.closing(usual, choosing.fields(usual)) in text(app)
    for id_, words in (
        ("pretraining", findings.of_pretraining(usual)),
        ("rate", findings.of_rates(usual)),
        ("resolution", findings.of_resolution(usual)),
    ):
        app.button_group(key=state.STRATEGY_QUESTION).set_value(id_).run()
        assert not app.exception
        assert f"**{words}**" in text(app)
        assert app.query_params["ask"] == id_
    for id_ in ("choice", "similarity", "depth"):
        app.button_group(key=state.STRATEGY_QUESTION).set_value(id_).run()
        assert not app.exception
    # Of a similar and a dissimilar dataset.
    for title in ("Cats and dogs", "Handwritten digits"):
        assert f"On {title} with 200 images" in text(app)


def test_the_first_runs_at_96_pixels_are_still_there() -> None:
    words = text(open_page(ask="first"))
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


def test_where_the_runs_contradict_the_textbook_the_page_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The rule thaws solar cells; here thawing is worse than the head alone.
    monkeypatch.setattr(cache, "grid", lambda: (toy_grid.field_of(0.9, 0.8, 0.8),))
    strategy_board._fixed.cache_clear()
    try:
        app = open_page(data="elpv", images="200")
    finally:
        strategy_board._fixed.cache_clear()
    assert ":material/warning: **Tried.** The recorded runs contradict the textbook" in text(app)


def test_runs_of_a_second_backbone_say_what_to_do_first_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = toy_grid.field_of(0.9, 0.9, 0.9)
    better = toy_grid.field_of(0.8, 0.9, 0.9, losses=(0.5, 0.2, 0.3))
    other = replace(better, backbone="mobilenet_v2")
    monkeypatch.setattr(cache, "grid", lambda: (usual, other))
    words = text(open_page())
    assert "with EfficientNet-Lite0: train the head alone first" in words
    assert (
        "with MobileNetV2: the head alone is within 1 point of the best choice in only 0" in words
    )


def test_without_evidence_the_rule_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "grid", tuple)
    strategy_board._fixed.cache_clear()
    try:
        words = text(open_page())
    finally:
        strategy_board._fixed.cache_clear()
    assert "No run is recorded in this copy of Thaw" in words
    assert "No runs are recorded in this field of the map" in words


def test_validation_instead_of_test_images_redraws_the_figures() -> None:
    app = open_page(ask="first")
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


def test_the_recommended_run_is_started_and_watched_in_the_lab(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[TrainConfig] = []
    monkeypatch.setattr(
        Client, "submit", lambda self, config, owner: asked.append(config) or runs.run_id(config)
    )
    app = open_page(images="33", similar="1")
    app.button(key=state.STRATEGY_RUN).click().run()
    assert not app.exception
    (wanted,) = asked
    assert (wanted.strategy, wanted.num_images) == ("feature_extraction", 33)
    assert app.title[0].value == "Training lab"
    assert app.query_params[state.RUN] == runs.run_id(wanted)
    assert app.session_state[state.RECOMMENDED_RUN] == runs.run_id(wanted)


def test_a_run_that_cannot_be_started_is_one_sentence_on_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: Client, config: TrainConfig, owner: str) -> str:
        raise EngineError("The engine does not start.", "Try again.")

    monkeypatch.setattr(Client, "submit", refuse)
    app = open_page(images="33")
    app.button(key=state.STRATEGY_RUN).click().run()
    assert not app.exception
    assert app.title[0].value == "Strategy"
    assert warnings(app) == ["The engine does not start.\n\nTry again."]
    assert state.RECOMMENDED_RUN not in app.session_state


def test_set_up_this_run_sets_the_lab_to_what_is_recommended() -> None:
    app = open_page(data="elpv", images="1000", similar="0.1")
    app.button(key=state.STRATEGY_SET_UP).click().run()
    assert not app.exception
    assert settings_of_the_lab(app) == {
        "strategy": "full_fine_tuning",
        "dataset": "elpv",
        "head_epochs": SOLVED_EPOCHS,
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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """The runs that were asked for: the first trains for ever, the others wait."""
    found: list[TrainConfig] = []
    progress, config = Client.progress, Client.config

    def submit_all(
        self: Client, configs: Sequence[TrainConfig], owner: str = ""
    ) -> tuple[str, ...]:
        assert owner
        found.extend(configs)
        return tuple(map(runs.run_id, configs))

    def place(run_id: str) -> int | None:
        ids = [runs.run_id(each) for each in found]
        return ids.index(run_id) if run_id in ids else None

    def progress_of(self: Client, run_id: str) -> Progress | None:
        at = place(run_id)
        if at is None:
            return progress(self, run_id)
        if at:
            return Progress("queued", position=at)
        return Progress("training", num_epochs=20, seconds_left=5.0)

    def config_of(self: Client, run_id: str) -> TrainConfig | None:
        at = place(run_id)
        return config(self, run_id) if at is None else found[at]

    monkeypatch.setattr(Client, "submit_all", submit_all)
    monkeypatch.setattr(Client, "progress", progress_of)
    monkeypatch.setattr(Client, "config", config_of)
    return found


def test_a_comparison_asks_for_each_way_worth_it_and_says_before_how_long_it_takes(
    asked: list[TrainConfig],
) -> None:
    app = open_page(images="33")
    button = app.button(key=state.STRATEGY_COMPARE)
    assert re.fullmatch(r"Compare strategies, about \d+ (s|min)", button.label)
    button.click().run()
    assert not app.exception
    ways = [strategy_rule.how(way) for way in evidence.WAYS if way != "scratch"]
    assert [(config.strategy, config.thaw_from) for config in asked] == ways
    assert len({config.image_size for config in asked}) == 1
    assert {config.num_images for config in asked} == {33}
    assert app.query_params[state.TRIED] == ",".join(runs.run_id(each) for each in asked)


def test_where_one_strategy_is_too_large_for_the_machine_none_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "memory_mb=500")
    app = open_page(images="33")
    app.button(key=state.STRATEGY_COMPARE).click().run()
    assert not app.exception
    (warning,) = warnings(app)
    assert "a run on this machine may use 0.5 GB" in warning
    assert state.TRIED not in app.query_params
    assert not [record for record in cache.client()._records if not record.progress.ended]


def test_from_scratch_is_compared_only_with_many_images(asked: list[TrainConfig]) -> None:
    app = open_page(data="elpv", images=str(strategy_rule.LARGE_NUM_IMAGES))
    app.button(key=state.STRATEGY_COMPARE).click().run()
    assert "from_scratch" in [config.strategy for config in asked]


def compared(app_link: dict[str, str], ways: Sequence[str]) -> AppTest:
    """A comparison of recorded runs, by its link."""
    cell = next(each for each in FOUND.cells if set(each.tried) == set(evidence.WAYS))
    tried = ",".join(cell.tried[way].runs[0].id for way in ways)
    return open_page(data=cell.dataset, tried=tried, **app_link)


def test_a_comparison_ends_in_a_sentence_with_a_next_step_and_a_forecast(
    questions: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = next(each for each in FOUND.cells if set(each.tried) == set(evidence.WAYS))
    # From scratch is no better than the head, so the forecast is that of the head.
    ways = ["head", "scratch"]
    run = cell.tried["head"].runs[0]
    judged = {
        way: Judged(tried.runs[0].config.image_size, said)
        for way, tried in cell.tried.items()
        if way in ways and (said := evaluation.load(tried.runs[0]))
    }
    finding = outcome.finding(judged)
    assert outcome.winner(judged) == "head"
    app = compared({}, ways)
    # The worker is still busy with the forecast.
    assert [each.value for each in app.markdown if finding in each.value] == [f"**{finding}**"]
    (asked,) = questions
    assert asked["task"] == compare.JUDGE
    assert (asked["dataset"], asked["sizes"]) == (cell.dataset, [evidence.IMAGE_SIZE])
    assert app.session_state[state.RECOMMENDED_RUN] == run.id

    # It is of all the images of the dataset, and the run had twenty: the number is named.
    then = Point(400, 0.96, 0.93, 0.98)
    found = SimpleNamespace(accuracy=0.95, num_images=200, forecast=then)
    monkeypatch.setattr(compare, "_judgement", lambda config: found)
    said = outcome.next_step(judged["head"].answers.accuracy, then, num_images=cell.num_images)
    assert "with 400 expect .96" in said
    assert f"**{finding}** {said}" in text(compared({}, ways))
    # Where the images are not on this machine, nothing can be asked.
    monkeypatch.setattr(compare, "_can_ask", lambda config: False)
    assert f"**{finding}** {outcome.next_step()}" in text(compared({}, ways))


def test_where_thawing_is_better_by_more_than_chance_it_is_the_run_to_go_on_with(
    questions: list[dict[str, Any]],
) -> None:
    cell = next(each for each in FOUND.cells if set(each.tried) == set(evidence.WAYS))
    judged = {
        way: Judged(tried.runs[0].config.image_size, said)
        for way, tried in cell.tried.items()
        if (said := evaluation.load(tried.runs[0]))
    }
    best = outcome.winner(judged)
    assert best not in (None, "head")
    app = compared({}, list(evidence.WAYS))
    assert f"**{outcome.in_words(outcome.choices(judged))}**" in text(app)
    run = cell.tried[str(best)].runs[0]
    assert f"**{outcome.finding(judged)}** {outcome.TAKE_HOME}" in text(app)
    assert not questions
    assert app.session_state[state.RECOMMENDED_RUN] == run.id
    primary = [each.key for each in app.button if each.proto.type == "primary"]
    assert f"{state.STRATEGY_TRY}_{run.id}" in primary


def test_each_strategy_of_a_comparison_has_its_name_its_curve_and_three_ways_on() -> None:
    cell = next(each for each in FOUND.cells if set(each.tried) == set(evidence.WAYS))
    app = compared({}, list(reversed(evidence.WAYS)))  # shown in their order all the same
    words = [each.value for each in app.markdown]
    places = [words.index(f"**{strategy_evidence.way(way)}**") for way in evidence.WAYS]
    assert places == sorted(places)
    for tried in cell.tried.values():
        run = tried.runs[0]
        said = evaluation.load(run)
        assert said
        assert f"{said.num_correct} of {said.num_images} right" in text(app)
        links = [
            each for each in app.get("page_link") if f"run={run.id}" in each.proto.query_string
        ]
        assert [each.proto.label for each in links] == ["Take it home", "Read its curves"]
        assert app.button(key=f"{state.STRATEGY_TRY}_{run.id}").label == "Try it"
    drawn = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    colours = [figure["data"][0]["line"]["color"] for figure in drawn[: len(evidence.WAYS)]]
    assert colours == [marks.way_colour(way, theme.palette(False)) for way in evidence.WAYS]


def test_trying_a_strategy_opens_it_on_predict() -> None:
    cell = next(each for each in FOUND.cells if set(each.tried) == set(evidence.WAYS))
    run = cell.tried["top"].runs[0]
    app = compared({}, ["head", "top"])
    app.button(key=f"{state.STRATEGY_TRY}_{run.id}").click().run()
    assert not app.exception
    assert app.title[0].value == "Predict"
    assert app.query_params[state.RUN] == run.id


def test_while_runs_wait_each_is_in_its_place_and_the_bar_says_how_long_all_take(
    asked: list[TrainConfig],
) -> None:
    app = open_page(images="33")
    app.button(key=state.STRATEGY_COMPARE).click().run()
    (bar,) = app.get("progress")
    left = 5.0 + sum(map(duration.seconds_of, asked[1:]))
    assert progress.time_left(left) in bar.proto.text
    assert bar.proto.text.startswith("**0 of 4 done**")
    assert "Head only: Epoch 1 of 20" in bar.proto.text
    assert text(app).count("Queued") == 3


def test_without_from_scratch_a_comparison_says_what_it_would_take_and_offers_it(
    asked: list[TrainConfig],
) -> None:
    app = open_page(images="33", similar="1")
    app.button(key=state.STRATEGY_COMPARE).click().run()
    before = app.query_params[state.TRIED].split(",")
    assert compare.what_scratch_took(FOUND, Situation(33, 1.0)) in text(app)
    offer = app.button(key=state.STRATEGY_SCRATCH)
    assert re.fullmatch(r"Train from scratch too, about \d+ (s|min)", offer.label)
    offer.click().run()
    assert asked[-1].strategy == "from_scratch"
    assert app.query_params[state.TRIED].split(",") == [*before, runs.run_id(asked[-1])]
    assert state.STRATEGY_SCRATCH not in {button.key for button in app.button}


def test_what_scratch_took_is_what_was_recorded_on_the_most_similar_data() -> None:
    situation = Situation(20, 1.0)
    nearest = FOUND.nearest(situation)
    assert nearest
    most = max(FOUND.of(nearest.dataset), key=lambda each: each.num_images)
    words = compare.what_scratch_took(FOUND, situation)
    assert f"{most.tried['scratch'].accuracy:.0%} of the test images right" in words
    assert f"the head alone {most.tried['head'].accuracy:.0%}" in words
    assert f"{most.num_images:,} training images" in words
    assert not compare.what_scratch_took(Evidence((), 0, 0), situation)


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
    shown = open_page(ask="first").caption
    said = [each.value for each in shown if each.value.startswith("Solar cells:")]
    assert len(said) == 1
    assert f"{len(alike)} of the {len(parts.test)} test images" in said[0]
    assert alike
