"""Links that the version before wrote open what they opened, and the pages say them again."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import runs
from lib.core.lab import store
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import cache, state
from tests.speeds import PATIENCE_S
from tests.unit.before import written_before

APP = Path(__file__).resolve().parents[2] / "app.py"
LINKS = {each["name"]: each for each in written_before.read("links.json")}
CHOICES = ("dataset", "data_fingerprint", "backbone", "strategy", "thaw_from", "batch_norm")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[runs.TrainConfig]:
    """The configurations that a page asks the engine for; its questions stay open."""
    asked: list[runs.TrainConfig] = []

    def submit(self: Client, config: runs.TrainConfig, owner: str = "") -> str:
        asked.append(config)
        return runs.run_id(config)

    monkeypatch.setattr(Client, "submit", submit)
    monkeypatch.setattr(
        Client, "ask", lambda self, task, owner="", **_: Question(task, owner, state="working")
    )
    cache.stored_run.clear()
    # A run that came from elsewhere, beside those that ship with Thaw, as it was stored then.
    folder = store.RunStore().folder(written_before.read("files.json")["gradual"]["id"])
    with zipfile.ZipFile(written_before.FOLDER / "gradual.zip") as archive:
        archive.extractall(folder)
    meta = written_before.read("files.json")["gradual"]["meta"]
    (folder / "meta.json").write_text(json.dumps(meta), "utf-8")
    return asked


def opened(page: str, link: dict[str, str]) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    for name, value in link.items():
        app.query_params[name] = value
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def address(app: AppTest) -> dict[str, str]:
    """The parameters of the link that the page has written."""
    return {
        name: value[0] if isinstance(value, list) else value
        for name, value in app.query_params.items()
    }


def payload(app: AppTest, part: str) -> dict[str, Any]:
    """What the component gets that has this part in its data; empty where none has."""
    sent = [json.loads(component.proto.json) for component in app.get("bidi_component")]
    return next((data for data in sent if part in data), {})


def shown(app: AppTest, page: str, asked: list[runs.TrainConfig]) -> dict[str, Any]:
    """What a link is there to restore, in values and numbers."""
    found: dict[str, Any] = {"address": address(app), "problems": len([*app.warning, *app.error])}
    if page == "model_summary":
        strip = payload(app, "plan")
        return found | {"plan": strip["plan"], "head": strip["head"], "numbers": strip["numbers"]}
    if page == "strategy":
        board = payload(app, "answers")
        return found | {
            "dataset": board["dataset"]["id"],
            "answers": board["answers"],
            "own": board["own"],
            "way": board["advice"]["way"],
            "side_by_side": any(each.key == state.STRATEGY_PUT_AWAY for each in app.button),
        }
    if page == "training_lab":
        # Start has the next seed where the run is stored and finished; else it is disabled.
        start = app.button(key=state.START)
        if not start.disabled:
            start.click().run()
        return found | {"asked": [config.to_json() for config in asked]}
    if page == "data":
        # A tab is named by its words, in a colour.
        (section,) = re.findall(r":\w+\[(.*)\]", app.session_state[state.SECTION])
        return found | {"section": section}
    return found


@pytest.mark.parametrize("name", LINKS)
def test_a_link_opens_what_it_opened_before(name: str, asked: list[runs.TrainConfig]) -> None:
    link = LINKS[name]
    app = opened(link["page"], link["link"])
    widgets = {key: app.session_state[key] for key in link["widgets"]}
    assert widgets == link["widgets"]
    today = written_before.rounded(shown(app, link["page"], asked))
    before = dict(link["shown"])
    if name == "training_lab: an imported run with every setting":
        # A result that came as a file was taken for the run, so Start went on to the next seed. Now
        # the run itself can be trained.
        (next_seed,) = before["asked"]
        before = before | {"asked": [next_seed.replace('"seed":4', '"seed":3')]}
        assert before != link["shown"]
    if name == "training_lab: a dataset":
        # The lab starts with the recommended settings now; the choices are those of before.
        for each in (today, before):
            (wanted,) = map(json.loads, each.pop("asked"))
            each["choices"] = {key: wanted[key] for key in CHOICES}
        # Since then its address is a link to its settings.
        before["address"] = {"data": "elpv"}
    assert today == written_before.rounded(before)
