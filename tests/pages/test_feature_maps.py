"""The real feature maps on the pooling page without a browser: what goes to it, and own images."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lib.core.errors import DataError
from lib.core.lab import store as run_store
from lib.core.maps import feature_maps, pooling_pairs
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import cache, state
from lib.ui.maps import maps_link, subject
from lib.ui.maps import page as maps_page
from tests.speeds import PATIENCE_S

APP = Path(__file__).parents[2] / "app.py"
EXAMPLES = list(feature_maps.examples())
PNG = b"\x89PNG not really"


def open_page(**link: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in ({"see": "decision"} | link).items():
        page.query_params[name] = value
    page.switch_page("pages/global_average_pooling.py").run()
    assert not page.exception
    return page


def drawn(page: AppTest, kind: str) -> dict:
    found = [json.loads(one.proto.json) for one in page.get("bidi_component")]
    (wanted,) = [one for one in found if one.get("kind") == kind]
    return wanted


def choose(page: AppTest, **choices: object) -> AppTest:
    """What the browser's choices leave in the session."""
    for key, value in choices.items():
        page.session_state[getattr(state, key)] = value
    return page.run()


def test_it_opens_on_the_first_image_and_its_strongest_channel():
    page = open_page()
    maps = feature_maps.load(EXAMPLES[0], subject.FIRST_SIZE)
    shown = drawn(page, "maps")
    assert shown["example"] == EXAMPLES[0]
    assert shown["channel"]["index"] == shown["strongest"][0]["index"] == maps.ranking[0]
    assert all(one["values"] for one in shown["sizes"])
    assert drawn(page, "decision")["first"] == maps.top()[0]


def test_the_page_carries_far_less_than_a_megabyte():
    page = open_page()
    carried = sum(len(one.proto.json) for one in page.get("bidi_component"))
    assert carried < 400_000


def test_any_channel_of_any_image_at_any_size_can_be_shown():
    page = choose(open_page(), MAPS_EXAMPLE="burger", MAPS_SIZE=(160, 224), MAPS_CHANNEL=1279)
    shown = drawn(page, "maps")
    assert (shown["example"], shown["channel"]["index"]) == ("burger", 1279)
    assert (shown["size"]["rows"], shown["size"]["columns"]) == (5, 7)
    assert drawn(page, "decision")["size"]["name"] == "160x224"


def test_every_image_is_credited():
    page = open_page()
    for example in EXAMPLES:
        choose(page, MAPS_EXAMPLE=example)
        spec = feature_maps.examples()[example]
        assert any(
            spec.attribution in one.value and spec.licence in one.value for one in page.caption
        )


def test_two_classes_are_compared_and_stay_while_the_size_changes():
    page = open_page()
    page.selectbox(key=state.MAPS_SECOND).set_value(933).run()
    choose(page, MAPS_SIZE=(128, 128))
    titles = [one["title"] for one in drawn(page, "decision")["equations"]]
    assert titles == ["espresso", "cheeseburger", "espresso against cheeseburger"]


def test_another_image_begins_with_its_own_first_classes():
    page = open_page()
    page.selectbox(key=state.MAPS_SECOND).set_value(933).run()
    choose(page, MAPS_EXAMPLE="cat")
    first, second = feature_maps.load("cat", subject.FIRST_SIZE).top(2)
    assert page.selectbox(key=state.MAPS_FIRST).value == first
    assert page.selectbox(key=state.MAPS_SECOND).value == second


def test_the_sums_on_the_screen_add_up_and_are_what_the_network_says():
    for one in drawn(open_page(), "decision")["equations"]:
        shown = [f"{one[name]:.{one['decimals']}f}" for name in ("mean", "bias", "logit")]
        units = [int(text.replace(".", "")) for text in shown]
        assert units[0] + units[1] == units[2]
        assert f"{one['logit']:.4f}".replace("-", "−") in one["network"]


def test_a_recorded_run_decides_between_its_own_classes():
    page = open_page()
    options = page.selectbox(key=state.MAPS_HEAD).options
    assert options[0].startswith("ImageNet")
    store = cache.client().store
    run_id = next(
        one.id
        for one in store.summaries()
        if one.recorded
        and feature_maps.reads_averages(one.config)
        and one.config.dataset == "openmoji_animals_food"
    )
    page.selectbox(key=state.MAPS_HEAD).set_value(run_id).run()
    shown = drawn(page, "maps")
    assert (shown["example"], shown["size"]["name"]) == ("drawn_cat", "128x128")
    (equation,) = drawn(page, "decision")["equations"]
    assert equation["title"] == "food against animal"
    assert "animal with" in equation["network"]
    assert equation["logit"] < 0
    assert not any("This head was trained on" in one.value for one in page.caption)
    link = {
        name: value if isinstance(value, str) else value[0]
        for name, value in page.query_params.items()
    }
    assert link["classifier"] == run_id
    again = open_page(**link)
    assert again.selectbox(key=state.MAPS_HEAD).value == run_id
    choose(page, MAPS_SIZE=(224, 224))
    assert any("was trained on 128 x 128" in one.value for one in page.caption)


def test_a_run_without_its_model_says_so(monkeypatch):
    monkeypatch.setattr(feature_maps, "run_classifier", lambda run: None)
    page = open_page()
    run_id = next(
        one.id
        for one in cache.client().store.summaries()
        if feature_maps.reads_averages(one.config)
    )
    page.selectbox(key=state.MAPS_HEAD).set_value(run_id).run()
    assert any("not stored" in one.value for one in page.caption)


@pytest.mark.parametrize(
    "choice",
    [
        None,
        {"example": "unicorn"},
        {"size": "7x7"},
        {"channel": 1280},
        {"channel": "1"},
        {"first": "x"},
        "nonsense",
    ],
    ids=str,
)
def test_nonsense_from_a_browser_changes_nothing(monkeypatch, choice):
    changed = {}
    monkeypatch.setattr(state, "read", lambda key, default=None: {"choice": choice})
    monkeypatch.setattr(state, "choose", changed.__setitem__)
    maps_page._take_over(state.MAPS)
    assert changed == {}


@pytest.mark.parametrize("see", maps_link.SEE)
def test_a_link_restores_image_size_channel_and_what_is_looked_at(see):
    link = {"see": see, "image": "burger", "pixels": "160x224", "channel": "7"}
    page = open_page(**link)
    shown = drawn(page, "maps")
    assert (shown["see"], shown["example"], shown["size"]["name"]) == (see, "burger", "160x224")
    assert shown["channel"]["index"] == 7
    assert bool(page.get("selectbox")) == (see == "decision")
    assert not page.warning
    kept = {name: page.query_params[name] for name in link if name in page.query_params}
    assert {name: each if isinstance(each, str) else each[0] for name, each in kept.items()} == {
        name: value for name, value in link.items() if (name, value) != ("see", "channel")
    }


def test_nonsense_in_a_link_is_named_in_one_warning():
    page = open_page(see="x`", image="unicorn", pixels="7x7", channel="1280")
    (warning,) = page.warning
    for said in ("`` x` ``", "`unicorn`", "`7x7`", "`1280`"):
        assert said in warning.value
    assert drawn(page, "maps")["example"] == EXAMPLES[0]
    (warning,) = open_page(classifier="no`ne").warning
    assert "`` no`ne ``" in warning.value


def test_an_image_is_drawn_in_its_own_shape_at_every_input_size():
    page = open_page(image="cat", pixels="96x96")
    spec = feature_maps.examples()["cat"]
    for kind in ("maps", "decision"):
        assert drawn(page, kind)["photo"] == {"width": spec.width, "height": spec.height}


# --- The reader's own image -----------------------------------------------------------------------


def answer(height: int, width: int, classes: list[int]) -> dict:
    """What a worker says of an image, as lib.training.answers.imagenet.feature_map does."""
    maps = feature_maps.load("cat", (height, width))
    classifier = feature_maps.imagenet_classifier()
    assert set(classifier.classes) >= set(classes)
    return {
        "image": np.zeros((height, width, 3), np.uint8),
        "size": (640, 480),
        "format": "PNG",
        "maps": maps.maps.astype(np.float32),
        "logits": maps.logits.astype(np.float32),
        "classes": list(classifier.classes),
        "kernel_top": classifier.kernel.astype(np.float32),
        "bias_top": classifier.bias.astype(np.float32),
    }


@pytest.fixture
def asked(monkeypatch) -> list[dict]:
    """Every question a page asks; each is answered at once."""
    questions: list[dict] = []

    def ask(self, task, owner="", **arguments):
        assert task == "lib.training.answers.imagenet:feature_map"
        questions.append(arguments)
        size = arguments["height"], arguments["width"]
        done = answer(*size, arguments["classes"])
        return Question(task, owner, state="done", answer=done)

    monkeypatch.setattr(Client, "ask", ask)
    return questions


def upload(page: AppTest, data: bytes = PNG) -> AppTest:
    page.file_uploader(key=f"{state.MAPS_OWN_WIDGETS}_file").upload("own.png", data).run()
    return page


def test_an_own_image_is_asked_about_once_a_size_and_shown(asked):
    page = upload(open_page()).run()
    shown = drawn(page, "maps")
    assert shown["example"] == subject.OWN
    assert shown["examples"][-1]["title"] == "Your image"
    assert [one["name"] for one in shown["sizes"] if one["values"]] == ["224x224"]
    choose(page, MAPS_SIZE=(96, 96)).run()
    assert [(one["height"], one["width"]) for one in asked] == [(224, 224), (96, 96)]
    assert asked[0]["image"] == PNG
    assert drawn(page, "maps")["photo"] == {"width": 640, "height": 480}
    assert drawn(page, "maps")["size"]["name"] == "96x96"


def test_nothing_of_an_own_image_is_kept_once_it_is_taken_away(asked, tmp_path):
    page = upload(open_page()).run()
    slot = page.session_state[f"question_{state.MAPS}"]
    assert not any(
        isinstance(value, bytes) for kept in slot.answers.values() for value in vars(kept).values()
    )
    assert slot.question is None
    page.file_uploader(key=f"{state.MAPS_OWN_WIDGETS}_file").set_value(None).run()
    assert page.session_state[f"question_{state.MAPS}"] is None
    assert page.session_state[state.MAPS_OWN] is None
    assert drawn(page, "maps")["example"] == EXAMPLES[0]
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(PNG in path.read_bytes() for path in written)


def test_what_cannot_be_decoded_gets_one_sentence_and_the_page_stays(monkeypatch):
    error = DataError("This image cannot be used: damaged.", "Choose another one.")
    monkeypatch.setattr(
        Client, "ask", lambda self, task, **rest: Question(task, state="failed", error=error)
    )
    page = upload(open_page())
    assert [one.value for one in page.warning] == ["\n\n".join((error.message, error.next_step))]
    assert drawn(page, "maps")["example"] == EXAMPLES[0]
    assert not page.exception


def test_while_a_worker_looks_the_page_shows_what_it_has(monkeypatch):
    monkeypatch.setattr(
        Client,
        "ask",
        lambda self, task, **rest: Question(task, position="Starting the training engine"),
    )
    page = upload(open_page())
    assert drawn(page, "maps")["example"] == EXAMPLES[0]
    assert not page.exception


# --- Recorded -------------------------------------------------------------------------------------


def test_without_a_recorded_pair_the_page_says_what_will_be_there(monkeypatch):
    monkeypatch.setattr(cache, "head_pairs", lambda: ())
    page = open_page(accuracy="true")
    assert any("will be compared here" in one.value for one in page.markdown)


def test_the_recorded_pairs_are_shown_with_what_they_say():
    found = pooling_pairs.pairs(run for run in run_store.RunStore() if run.recorded)
    if not found:
        pytest.skip("No pair has been recorded.")
    page = open_page(accuracy="true")
    said = [one.value for one in page.markdown] + [one.value for one in page.caption]
    assert any(pooling_pairs.headline(found) in one for one in said)
    for pair in found:
        assert any(pooling_pairs.verdict(pair) in one for one in said)
