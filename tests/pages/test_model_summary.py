"""The model summary without a browser: its widgets, its link and what it hands to the strip."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import backbones
from lib.ui import state
from lib.ui.network import plan
from tests.speeds import PATIENCE_S

APP = Path(__file__).parents[2] / "app.py"
# facts of Keras 3.15.1: MobileNetV2 at 160 pixels, GAP and one logit.
HEAD_ONLY, CUT_AT_100, CUT_AT_100_BN_FROZEN = 1_281, 1_862_721, 1_840_897
TOTAL = 2_259_265


def open_page(**link: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        page.query_params[name] = value
    page.switch_page("pages/model_summary.py").run()
    assert not page.exception
    return page


def strip(page: AppTest) -> dict:
    drawn = [json.loads(each.proto.json) for each in page.get("bidi_component")]
    (instrument,) = [data for data in drawn if "table" in data]  # Beside the frame of the page.
    return instrument


def numbers(page: AppTest) -> dict:
    return strip(page)["numbers"]


def test_it_opens_on_the_first_backbone_with_both_colours():
    shown = strip(open_page())
    first = next(iter(backbones.BACKBONES))
    assert json.loads(shown["table"])["backbone"] == first
    assert 0 < shown["numbers"]["trainable"] < shown["numbers"]["total"]


def test_the_golden_numbers_of_the_tutorial():
    page = open_page(backbone="mobilenet_v2", thaw="100", bn="thawed")
    assert numbers(page)["trainable"] == CUT_AT_100
    assert numbers(page)["tensors"] == 56
    page.segmented_control(key=state.BATCH_NORM).set_value("frozen").run()
    assert numbers(page)["trainable"] == CUT_AT_100_BN_FROZEN
    assert numbers(page)["tensors"] == 20
    assert numbers(page)["total"] == TOTAL


def test_the_presets_set_every_layer():
    page = open_page(backbone="mobilenet_v2", hand="1_2_5")
    page.segmented_control(key=state.STRATEGY).set_value("feature_extraction").run()
    assert numbers(page)["trainable"] == HEAD_ONLY
    assert strip(page)["plan"]["byHand"] == []


def test_the_head_follows_its_controls_and_spells_its_parameters_out():
    page = open_page(backbone="mobilenet_v2")
    assert any("1,280 x 1 + 1 = **1,281**" in text.value for text in page.markdown)
    page.segmented_control(key=state.POOLING).set_value("flatten").run()
    assert any("32,000 x 1 + 1 = **32,001**" in text.value for text in page.markdown)
    page.number_input(key=state.NUM_CLASSES).set_value(10).run()
    assert strip(page)["head"]["params"] == 32_000 * 10 + 10


def test_two_classes_may_have_a_logit_each():
    page = open_page(backbone="mobilenet_v2")
    page.toggle(key=state.LOGIT_PER_CLASS).set_value(True).run()
    assert strip(page)["head"]["params"] == 1280 * 2 + 2


def test_another_backbone_starts_at_its_own_size_and_cut():
    page = open_page(backbone="mobilenet_v2", thaw="100")
    page.selectbox(key=state.BACKBONE).set_value("xception").run()
    shown = strip(page)
    assert json.loads(shown["table"])["title"] == "Xception"
    assert page.number_input(key=plan.size_key("xception")).value == 150
    assert shown["plan"]["cut"] == plan.PlanState.default("xception").cut


def test_the_input_size_changes_the_shapes_and_not_the_backbone():
    page = open_page(backbone="mobilenet_v2")
    page.number_input(key=plan.size_key("mobilenet_v2")).set_value(224).run()
    layers = json.loads(strip(page)["table"])["layers"]
    assert layers[-1]["shape"] == [7, 7, 1280]
    assert numbers(page)["total"] == TOTAL


def test_the_state_survives_a_change_of_page():
    page = open_page(backbone="mobilenet_v2", thaw="100", hand="101", bn="thawed")
    before = strip(page)
    page.query_params.clear()
    page.switch_page("pages/training_lab.py").run()
    assert page.segmented_control(key=state.STRATEGY).value == "partial_fine_tuning"
    # As a browser does it; the lab has written a link to its own settings.
    page.query_params.clear()
    page.switch_page("pages/model_summary.py").run()
    assert strip(page)["plan"] == before["plan"]
    assert numbers(page) == before["numbers"]


def test_every_choice_that_both_pages_offer_reaches_the_lab_and_comes_back():
    page = open_page(backbone="resnet50")
    page.segmented_control(key=state.STRATEGY).set_value("full_fine_tuning").run()
    page.segmented_control(key=state.BATCH_NORM).set_value("thawed").run()
    page.query_params.clear()
    page.switch_page("pages/training_lab.py").run()
    assert page.segmented_control(key=state.STRATEGY).value == "full_fine_tuning"
    assert page.selectbox(key=state.BATCH_NORM).value == "thawed"
    page.segmented_control(key=state.STRATEGY).set_value("from_scratch").run()
    page.switch_page("pages/model_summary.py").run()
    assert page.segmented_control(key=state.STRATEGY).value == "from_scratch"


def test_the_lab_thaws_from_where_the_cut_is():
    page = open_page(backbone="mobilenet_v2", thaw="100")
    page.switch_page("pages/training_lab.py").run()
    assert page.selectbox(key=state.THAW_FROM).value == "block_11_expand_relu"


def test_the_address_becomes_a_link_to_the_state():
    page = open_page(backbone="mobilenet_v2")
    page.segmented_control(key=state.STRATEGY).set_value("full_fine_tuning").run()
    assert page.query_params["thaw"] in ("everything", ["everything"])


def test_a_new_address_in_the_same_session_is_opened():
    page = open_page(backbone="mobilenet_v2", thaw="nothing")
    page.query_params["thaw"] = "100"
    page.run()
    assert strip(page)["plan"]["cut"] == 100


def test_a_quick_gesture_beats_the_address_it_was_sent_with():
    page = open_page(backbone="mobilenet_v2", thaw="100")
    stale = dict(page.query_params)
    page.segmented_control(key=state.STRATEGY).set_value("feature_extraction").run()
    page.query_params.update(stale)
    page.segmented_control(key=state.STRATEGY).set_value("full_fine_tuning").run()
    assert strip(page)["plan"]["cut"] == 0


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"thaw": "no_such_layer"}, "has no layer `no_such_layer`"),
        ({"size": "7"}, "not `7`; this is 32"),
        ({"thaw": "-3"}, "cannot start at `-3`"),
    ],
)
def test_nonsense_in_the_link_is_named_and_the_page_opens(link, words):
    page = open_page(backbone="mobilenet_v2", **link)
    (warning,) = page.warning
    assert words in warning.value
    assert numbers(page)["total"] == TOTAL


def test_a_sound_link_is_not_complained_about():
    assert not open_page(backbone="mobilenet_v2", thaw="100").warning


def test_the_code_is_that_of_the_state():
    page = open_page(backbone="mobilenet_v2", thaw="100")
    assert "base.layers[:100]" in page.code[0].value


@pytest.mark.parametrize("backbone", backbones.BACKBONES)
def test_every_backbone_opens_with_its_paper_and_its_classifier(backbone):
    page = open_page(backbone=backbone)
    about = next(text.value for text in page.markdown if "include_top=True" in text.value)
    assert "arxiv.org" in about
    assert "ImageNet top-1" in about


def try_gesture(gesture: object) -> None:
    import streamlit as st

    from lib.ui.network import plan

    plan.write(plan.PlanState.default("mobilenet_v2").with_cut(100))
    number = plan.accept(gesture)
    st.json({"number": number, "cut": plan.read().cut})


GESTURE = {"backbone": "mobilenet_v2", "cut": 60, "by_hand": [], "number": 7}


@pytest.mark.parametrize(
    "gesture",
    [
        GESTURE | {"backbone": "vgg16"},
        GESTURE | {"cut": "60"},
        GESTURE | {"by_hand": [999]},
        GESTURE | {"by_hand": "all"},
    ],
)
def test_a_gesture_that_makes_no_sense_is_answered_and_changes_nothing(gesture):
    tried = AppTest.from_function(try_gesture, args=(gesture,)).run()
    assert json.loads(tried.json[0].value) == {"number": 7, "cut": 100}


@pytest.mark.parametrize("gesture", [{}, {"number": "seven"}, None])
def test_what_is_no_gesture_has_no_number(gesture):
    tried = AppTest.from_function(try_gesture, args=(gesture,)).run()
    assert json.loads(tried.json[0].value) == {"number": 0, "cut": 100}


def test_a_gesture_moves_the_cut():
    tried = AppTest.from_function(try_gesture, args=(GESTURE,)).run()
    assert json.loads(tried.json[0].value) == {"number": 7, "cut": 60}


def test_a_parameter_that_no_page_reads_is_named_as_ignored():
    page = open_page(backbone="vgg16", hand="1", **{"colour`s": "red"})
    said = [one.value for one in page.caption if "unknown" in one.value]
    assert said == ["Ignored unknown link parameters: `` colour`s ``."]
    assert page.query_params["colour`s"]
