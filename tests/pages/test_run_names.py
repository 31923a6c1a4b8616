"""Names of runs: what the reader did, and in a list never the same name twice."""

import itertools
import json
import os
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import runs
from lib.core.lab.folder import RunMeta
from lib.core.lab.store import RunStore, RunSummary
from lib.core.runs import TrainConfig
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import run_names, state
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
# Where a reader chooses among runs: page -> the list.
LISTS = {
    "predict": ("selectbox", state.PREDICT_RUN),
    "learning_curves": ("multiselect", state.CHOSEN_RUNS),
    "global_average_pooling": ("selectbox", state.MAPS_HEAD),
}


@pytest.fixture(autouse=True)
def _busy_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers what the pages ask about an image."""
    monkeypatch.setattr(Client, "ask", lambda self, task, owner="", **_: Question(task, owner))


def line(
    config: TrainConfig,
    name: str = "",
    ended: float = 0.0,
    *,
    id_: str = "",
    recorded: bool = False,
    imported: bool = False,
) -> RunSummary:
    meta = RunMeta(name, "", imported)
    id_ = id_ or runs.run_id(config)
    return RunSummary(id_, config, "finished", meta, 20, 0.9, 0.9, 9.0, ended, recorded)


def labels(*lines: RunSummary) -> list[str]:
    return list(run_names.to_choose(lines).values())


def made(**asked: Any) -> TrainConfig:
    return runs.make_config(**{"strategy": "feature_extraction"} | asked)


def stored(ended: float, **asked: Any) -> str:
    """A finished run of the store that ended at some time; returns its id."""
    config = made(**asked)
    source = RunStore().open(
        runs.run_id(runs.make_config(strategy=config.strategy, seed=runs.RECORDED_SEED))
    )
    assert source
    folder = RunStore().folder(runs.run_id(config))
    shutil.copytree(source.folder, folder)
    (folder / "config.json").write_text(json.dumps(asdict(config)), "utf-8")
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "weights.npz").write_bytes(b"")
    result = json.loads((folder / "result.json").read_text("utf-8"))
    (folder / "result.json").write_text(json.dumps(result | {"run_id": folder.name}), "utf-8")
    os.utime(folder / "result.json", (ended, ended))
    return folder.name


def open_page(page: str, recommended: str = "", **link: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    for name, value in link.items():
        app.query_params[name] = value
    if recommended:
        app.session_state[state.RECOMMENDED_RUN] = recommended
    app = app.run().switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


# --- What a run is called -------------------------------------------------------------------------


def test_a_run_is_called_by_its_images_its_layers_and_their_size() -> None:
    assert run_names.in_words(made()) == "OpenMoji drawings, head only, 128 px"
    way = made(strategy="partial_fine_tuning", thaw_from="block_5_expand_conv", image_size=224)
    assert run_names.in_words(way) == "OpenMoji drawings, more top layers, 224 px"


def test_runs_of_one_name_are_told_apart_by_what_differs_and_nothing_else() -> None:
    assert labels(*map(line, (made(), made(num_images=20), made(strategy="from_scratch")))) == [
        "OpenMoji drawings, head only, 128 px, 160 images",
        "OpenMoji drawings, head only, 128 px, 20 images",
        "OpenMoji drawings, from scratch, 128 px",
    ]
    same = made(dropout=0.5, augmentation=True)
    assert labels(line(same), line(replace(same, seed=3)), line(made())) == [
        "OpenMoji drawings, head only, 128 px, dropout 0.5, seed 1",
        "OpenMoji drawings, head only, 128 px, dropout 0.5, seed 3",
        "OpenMoji drawings, head only, 128 px, dropout 0",
    ]


def test_runs_that_a_reader_gave_one_name_are_told_apart_too() -> None:
    lines = [line(made(**asked), "Monday") for asked in ({}, {"dataset": "elpv"}, {"seed": 4})]
    assert labels(*lines) == [
        "Monday, OpenMoji drawings, seed 1",
        "Monday, Solar cells",
        "Monday, OpenMoji drawings, seed 4",
    ]


def test_where_a_run_comes_from_tells_it_from_one_trained_here() -> None:
    assert labels(line(made(), id_="a"), line(made(), recorded=True, id_="b")) == [
        "OpenMoji drawings, head only, 128 px",
        "OpenMoji drawings, head only, 128 px, recorded",
    ]
    assert labels(line(made(), imported=True)) == ["OpenMoji drawings, head only, 128 px, imported"]


def test_what_differs_in_nothing_is_told_apart_by_its_end_and_at_last_by_a_number() -> None:
    first, second, third = labels(
        line(made(), "pets", 0.0, id_="a"),
        line(made(), "pets", 86_400.0, id_="b"),
        line(made(), "pets", 86_400.0, id_="c"),
    )
    assert first.startswith("pets, ended ")
    assert second.startswith("pets, ended ")
    assert second != first
    assert third == f"{second}, number 2"


def test_a_name_that_is_what_another_run_would_be_called_shadows_nothing() -> None:
    differs = line(made(num_images=20)), line(made())
    lines = (line(made(seed=5), labels(*differs)[0]), *differs)
    assert len(set(labels(*lines))) == 3


def test_no_two_labels_of_a_list_are_equal_and_none_holds_an_id() -> None:
    grid = itertools.product(("elpv", "openmoji_animals_food"), (20, 60), (1, 2), (0.0, 0.5))
    lines = [
        line(made(dataset=data, num_images=images, seed=seed, dropout=dropout), name)
        for name in ("", "pets", "OpenMoji drawings, head only, 128 px")
        for data, images, seed, dropout in grid
    ]
    found = labels(*lines)
    assert len(set(found)) == len(lines)
    assert not [label for label in found if re.search("[0-9a-f]{6}", label)]


# --- On the pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", LISTS)
def test_every_list_of_runs_has_a_label_of_its_own_for_each(page: str) -> None:
    for seed in (5, 6, 7):
        RunStore().rename(stored(1e9, seed=seed), name="Monday")
    kind, key = LISTS[page]
    app = open_page(page, see="decision")
    (found,) = [each for each in app.get(kind) if each.key == key]
    assert len(set(found.options)) == len(found.options)
    assert {f"Monday, seed {seed}" for seed in (5, 6, 7)} <= set(found.options)


def test_a_choice_among_runs_of_one_name_is_that_run_and_stays_it() -> None:
    ids = [stored(1e9 + seed, seed=seed) for seed in (5, 6, 7)]
    for id_ in ids:
        RunStore().rename(id_, name="Monday")
    app = open_page("learning_curves")
    for id_ in ids:
        app.multiselect(key=state.CHOSEN_RUNS).set_value([id_]).run()
        assert app.multiselect(key=state.CHOSEN_RUNS).value == [id_]
    # Another name changes the labels of the others, and the choice stays.
    RunStore().rename(ids[0], name="Tuesday")
    RunStore().rename(ids[1], name="Friday")
    app.run()
    assert app.multiselect(key=state.CHOSEN_RUNS).value == [ids[2]]
    assert "Monday" in app.multiselect(key=state.CHOSEN_RUNS).options


def test_predict_begins_with_the_recommended_run_and_never_with_the_one_from_scratch() -> None:
    recommended = stored(1_000, num_images=20)
    later = stored(2_000, num_images=30)
    scratch = stored(3_000, strategy="from_scratch", num_images=20)
    chosen = open_page("predict").selectbox(key=state.PREDICT_RUN).value
    assert chosen == later
    assert chosen != scratch
    app = open_page("predict", recommended)
    assert app.selectbox(key=state.PREDICT_RUN).value == recommended
    app = open_page("learning_curves", recommended)
    assert app.multiselect(key=state.CHOSEN_RUNS).value == [recommended]
