"""The page Features without a browser: complete without a worker, and restored by its link."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lib.core import runs
from lib.core.features import depths, filters, image_map, looks, probes
from lib.core.lab.store import RunStore
from lib.core.maps import feature_maps
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import state
from lib.ui.features import choices, image, words
from lib.ui.features.choices import Choices
from lib.ui.maps.subject import OWN
from tests.speeds import PATIENCE_S

APP = Path(__file__).parents[2] / "app.py"
# Of base64 and JSON together; the first visit also loads the scripts of Streamlit.
MOST_BYTES = 1_500_000
# The run whose maps ship.
SHIPPED_PAIR = "bac43a7a90241ac8"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that a page asks a worker; the questions stay open."""
    asked: list[str] = []

    def ask(self: Client, task: str, owner: str = "", **_: object) -> Question:
        asked.append(task)
        return Question(task, owner, state="working")

    monkeypatch.setattr(Client, "ask", ask)
    return asked


def open_page(**link: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        page.query_params[name] = value
    page.switch_page("pages/features.py").run()
    assert not page.exception
    return page


def parts(page: AppTest) -> list[dict]:
    return [json.loads(each.proto.json) for each in page.get("bidi_component")]


def board(page: AppTest) -> dict:
    return next(part for part in parts(page) if "looks" in part)


def maps(page: AppTest) -> list[dict]:
    return [part for part in parts(page) if "panels" in part]


def text(page: AppTest) -> str:
    return "\n".join(each.value for each in page.markdown)


def test_it_opens_complete_without_a_worker_and_moves_little(asked: list[str]) -> None:
    page = open_page()
    shown = board(page)
    assert shown["image"] == choices.FIRST_IMAGE
    assert list(shown["looks"]) == [depth.block for depth in depths.depths()]
    for block, look in shown["looks"].items():
        assert list(shown["patches"][block]) == [str(channel) for channel in look["channels"]]
    first, tuned, scratch = maps(page)
    assert first["curve"]["rows"][0]["value"] == pytest.approx(
        probes.shipped()["openmoji_animals_food"].rows[0].correct / 200
    )
    assert [len(part["panels"]) for part in (first, tuned, scratch)] == [1, 2, 2]
    assert sum(len(each.proto.json) for each in page.get("bidi_component")) <= MOST_BYTES
    assert not asked


def test_code_is_sent_once_it_is_opened() -> None:
    page = open_page()
    assert not page.code
    page.session_state["source_receptive_fields"] = True
    page.run()
    assert "def receptive_fields(" in page.code[0].value


def test_every_dataset_says_what_was_measured_and_hands_over_the_cut() -> None:
    page = open_page(data="elpv")
    found = probes.shipped()["elpv"]
    assert words.finding(found) in text(page)
    assert words.meaning(found) in text(page)
    page.button(key=f"{state.FEATURES_MEASURE}_cut").click().run()
    assert page.session_state[state.STRATEGY] == "partial_fine_tuning"
    layers = depths.depths()[found.enough]
    assert page.session_state[state.THAW_FROM].startswith("block_")
    assert layers.block != page.session_state[state.THAW_FROM]


def test_the_photographs_of_cats_and_dogs_have_a_curve_and_no_map() -> None:
    page = open_page(data="cats_vs_dogs")
    shown = maps(page)[0]
    assert shown["curve"]["best"] == probes.shipped()["cats_vs_dogs"].best
    assert shown["panels"] == []


def test_the_link_restores_image_depth_channel_dataset_and_projection() -> None:
    page = open_page(image="burger", depth="block_7", channel="11", data="elpv", by="tsne")
    opened = board(page)["opened"]
    assert (board(page)["image"], opened["depth"], opened["channel"]) == ("burger", "block_7", 11)
    assert maps(page)[0]["opened"]["projection"] == "tsne"
    assert page.session_state[state.DATASET] == "elpv"
    assert choices.from_link(choices.to_link(Choices("burger", "top", 3, "tsne"), None)) == (
        Choices("burger", "top", 3, "tsne"),
        (),
    )


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"image": "dog"}, "`dog` is no image that ships with Thaw."),
        ({"depth": "block_99"}, "`block_99` is no depth of this network."),
        ({"depth": "block_0", "channel": "16"}, "`16` is no channel of this depth."),
        ({"by": "umap"}, "`umap` is no way to place images here."),
        ({"data": "nothing"}, "`nothing` is no dataset here."),
    ],
)
def test_what_a_link_gets_wrong_is_said_and_the_rest_is_opened(
    link: dict[str, str], sentence: str
) -> None:
    page = open_page(**link)
    assert sentence in page.warning[0].value
    assert board(page)["image"] == choices.FIRST_IMAGE


def test_a_gesture_is_checked_before_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[str, object] = {}
    monkeypatch.setattr(state, "read", lambda key, default=None: held.get(key, default))
    monkeypatch.setattr(state, "choose", held.__setitem__)
    choices.accept({"depth": "block_3", "channel": 39, "number": 1})
    assert choices.read() == Choices(depth="block_3", channel=39)
    for wrong in (
        {"depth": "block_3", "channel": 40},
        {"depth": "nowhere", "channel": None},
        {"image": "dog"},
        {"projection": "umap"},
        None,
    ):
        choices.accept(wrong)
    assert choices.read() == Choices(depth="block_3", channel=39)
    choices.accept({"image": OWN})
    choices.accept({"projection": "tsne"})
    assert choices.read() == Choices(OWN, "block_3", 39, "tsne")
    assert state.LINK_IMAGE not in choices.to_link(choices.read(), None)


def test_any_other_channel_is_asked_of_a_worker(asked: list[str]) -> None:
    page = open_page(depth="block_4")
    # What is under the heading is drawn once it is opened.
    assert not [part for part in parts(page) if "flow" in part]
    page.session_state[f"{state.FEATURES_CHANNEL}_more"] = True
    page.run()
    others = [part for part in parts(page) if "flow" in part]
    assert others[0]["parts"] == looks.NUM_PATCHES
    assert len(others[0]["rows"]) == len(looks.channels()["block_4"].chosen)
    page.number_input(key=f"{state.FEATURES_CHANNEL}_block_4").set_value(39).run()
    page.button(key=f"{state.FEATURES_CHANNEL}_show").click().run()
    assert asked == ["lib.training.answers.features:channel"]


def choose_run(page: AppTest, id_: str) -> None:
    page.selectbox(key=state.FEATURES_RUN).set_value(id_).run()
    assert not page.exception


def test_a_run_without_a_map_says_why(asked: list[str]) -> None:
    page = open_page()
    picker = page.selectbox(key=state.FEATURES_RUN)
    of_strategy = {
        run.config.strategy: run.id for run in RunStore().summaries() if run.id != picker.value
    }
    for strategy, why in {
        "feature_extraction": "This run trained the head only.",
        "from_scratch": "This run began with random weights",
        "full_fine_tuning": "This run came with Thaw without its fine-tuned layers",
    }.items():
        choose_run(page, of_strategy[strategy])
        assert why in text(page)
        assert [len(part["panels"]) for part in maps(page)] == [1, 2]
    assert not asked


def test_a_worker_draws_the_map_of_a_run_that_was_trained_here(
    asked: list[str],
) -> None:
    """The recorded run with a model, under another seed, as if it had been trained here."""
    recorded = RunStore().open(SHIPPED_PAIR)
    assert recorded
    store = RunStore()
    config = runs.with_seed(recorded.config, 99)
    shutil.copytree(recorded.folder, store.folder(runs.run_id(config)))
    file = store.folder(runs.run_id(config)) / "config.json"
    file.write_text(json.dumps(asdict(config)), "utf-8")
    page = open_page()
    assert page.selectbox(key=state.FEATURES_RUN).value == SHIPPED_PAIR
    choose_run(page, runs.run_id(config))
    assert asked == ["lib.training.answers.features:before_after"]


def test_every_shipped_image_opens() -> None:
    for id_ in feature_maps.examples():
        assert looks.example(id_)
    assert "after_scratch" in image_map.names()


def test_each_depth_says_what_it_knows_and_what_a_head_on_it_gets_right() -> None:
    page = open_page()
    said = board(page)["sentences"]
    assert len(said) == len(depths.depths())
    (first, at_first), (middle, _), (last, at_last) = said[0], said[6], said[-1]
    assert "edges and colours" in first
    assert "textures" in middle
    assert "ImageNet" in last
    # Counted in the shipped measurement of the 200 drawings that are not test images.
    assert "OpenMoji drawings" in at_first
    assert "gets 77.5 % of" in at_first
    assert "91.5 %" in at_first
    assert "gets 91.5 % of" in at_last
    page.selectbox(key=state.DATASET).select("elpv").run()
    assert "of the images of Solar cells" in board(page)["sentences"][0][1]
    # A dataset that nobody has measured here has no such sentence.
    page.selectbox(key=state.DATASET).select("eurosat").run()
    assert board(page)["sentences"][0] == [first, ""]


def test_the_page_opens_with_a_filter_that_finds_edges() -> None:
    page = open_page()
    channel = board(page)["first"]["stem"]
    assert channel in board(page)["looks"]["stem"]["channels"]
    kinds = filters.load()["pretrained"].kinds
    assert {kinds[each].name for each in image.SHOW_EDGES} == {"edge"}
    assert channel in image.SHOW_EDGES


def test_a_photograph_without_a_strong_edge_opens_with_lines_and_not_with_colours() -> None:
    """The strongest channels of the stem for a photograph of a cat on a bed."""
    look = looks.Look((20, 3, 15, 5, 27, 30), np.zeros((6, 112, 112), np.uint8))
    kinds = filters.load()["pretrained"].kinds
    assert {kinds[channel].name for channel in look.channels} == {"colour", "spot"}
    assert kinds[image.first_channels(look)["stem"]].name == "spot"
    assert image.first_channels(looks.Look((20, 3), look.maps[:2])) == {}
