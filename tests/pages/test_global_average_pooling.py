"""The pooling page without a browser: its numbers, its controls and what it hands to the board."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import backbones
from lib.core.maps import channel_threshold
from lib.core.maps.board import EXAMPLES, Board
from lib.ui import sources, state
from lib.ui.maps import lessons
from lib.ui.network import plan
from lib.ui.parts.pooling_board import board_link
from tests.speeds import PATIENCE_S, thorough_beyond

APP = Path(__file__).parents[2] / "app.py"


def open_page(**link: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        page.query_params[name] = value
    page.switch_page("pages/global_average_pooling.py").run()
    assert not page.exception
    return page


def board(page: AppTest) -> dict:
    found = [json.loads(part.proto.json) for part in page.get("bidi_component")]
    (sent,) = [data for data in found if "board" in data]
    return sent


def params(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric if "%" not in metric.value}


def choose(page: AppTest, backbone: str, image_size: int, num_classes: int = 2) -> dict[str, str]:
    page.selectbox(key=state.BACKBONE).set_value(backbone).run()
    page.number_input(key=plan.size_key(backbone)).set_value(image_size).run()
    page.number_input(key=state.NUM_CLASSES).set_value(num_classes).run()
    assert not page.exception
    return params(page)


def test_it_opens_on_the_first_example_with_the_numbers_of_core() -> None:
    sent = board(open_page())
    first = next(iter(EXAMPLES.values())).board
    assert sent["board"]["values"] == list(first.values)
    assert sent["numbers"]["averages"] == list(first.averages)


def test_it_opens_without_a_worker_and_without_a_warning() -> None:
    page = open_page()
    assert not page.warning
    assert not page.error


@pytest.mark.parametrize(
    ("backbone", "image_size", "num_classes", "expected"),
    [
        ("mobilenet_v2", 160, 2, ("1,281", "32,001", "8,192,513")),
        pytest.param(
            *("vgg16", 224, 2, ("513", "25,089", "6,423,041")), marks=pytest.mark.thorough
        ),
        # model.summary() of Keras 3.15.1 has this head on VGG16.
        ("vgg16", 224, 10, ("5,130", "250,890", "6,425,354")),
    ],
)
def test_the_parameters_of_each_head(
    backbone: str, image_size: int, num_classes: int, expected: tuple[str, ...]
) -> None:
    found = choose(open_page(saves="true"), backbone, image_size, num_classes)
    assert tuple(found.values()) == expected


def test_the_head_that_pools_does_not_mind_the_input_size() -> None:
    page = open_page(saves="true")
    small, large = (choose(page, "mobilenet_v2", size) for size in (96, 224))
    assert small["GAP + Dense"] == large["GAP + Dense"] == "1,281"
    assert small["Flatten + Dense"] == f"{3 * 3 * 1280 + 1:,}"
    assert large["Flatten + Dense"] == f"{7 * 7 * 1280 + 1:,}"


def test_vgg16_is_shown_with_its_own_three_layers() -> None:
    page = open_page(saves="true")
    (found,) = [each.value for each in page.caption if "VGG16 as published" in each.value]
    assert "102,764,544 + 16,781,312 + 4,097,000 = 123,642,856" in found


@pytest.mark.parametrize("backbone", thorough_beyond(["vgg16"], backbones.BACKBONES))
def test_every_backbone_can_be_chosen(backbone: str) -> None:
    page = open_page(saves="true")
    page.selectbox(key=state.BACKBONE).set_value(backbone).run()
    assert not page.exception
    assert len(params(page)) == 3


def test_the_line_can_be_tried_with_every_number_of_channels() -> None:
    page = open_page(flatten="true")
    for name, line in channel_threshold.lines().items():
        page.segmented_control(key=state.LINE_DATASET).set_value(name).run()
        for row in (line.rows[0], line.rows[-1]):
            page.select_slider(key=state.CHANNELS_KEPT).set_value(row.channels).run()
            assert not page.exception
            shown = [metric.value for metric in page.metric if "%" in metric.value]
            assert shown == [f"{100 * row.flatten:.1f} %", f"{100 * row.gap:.1f} %"]


def test_the_chosen_backbone_comes_from_and_goes_to_the_other_pages() -> None:
    page = open_page(saves="true")
    choose(page, "resnet50", 128)
    page.switch_page("pages/model_summary.py").run()
    assert page.selectbox(key=state.BACKBONE).value == "resnet50"
    assert page.number_input(key=plan.size_key("resnet50")).value == 128
    page.query_params.clear()
    page.number_input(key=plan.size_key("resnet50")).set_value(224).run()
    page.query_params[state.ASK_SAVES] = "true"
    page.switch_page("pages/global_average_pooling.py").run()
    assert not page.exception
    assert page.number_input(key=plan.size_key("resnet50")).value == 224


def test_every_lesson_has_a_source_with_an_address() -> None:
    for _, _, keys in lessons.LESSONS:
        assert keys
        assert all(sources.SOURCES[key][1].startswith("https://") for key in keys)


# --- The link -------------------------------------------------------------------------------------

PAINTED = Board(2, 3, (9, 0, 0, -1.5, 0, 0.25, 0, 1, 2, 3, 4, 5), (1, -0.5), 0.75)


def address(page: AppTest) -> dict[str, str]:
    found = {name: page.query_params[name] for name in page.query_params}
    return {name: each if isinstance(each, str) else each[0] for name, each in found.items()}


def test_a_link_restores_a_board_with_every_number() -> None:
    page = open_page(**board_link.to_link(PAINTED, "shifted"))
    sent = board(page)
    assert sent["board"]["values"] == list(PAINTED.values)
    assert (sent["board"]["height"], sent["board"]["width"]) == (2, 3)
    assert (sent["board"]["weights"], sent["board"]["bias"]) == ([1, -0.5], 0.75)
    assert sent["example"] == "shifted"
    assert not page.warning
    assert address(page) == board_link.to_link(PAINTED, "shifted")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_word_in_the_link(example: str) -> None:
    said = board_link.to_link(EXAMPLES[example].board, example)
    assert said == {"board": example}
    assert board_link.from_link(said) == (EXAMPLES[example].board, example, ())


@pytest.mark.parametrize(
    "said",
    [
        "unicorn",
        "one_hot~3_3",
        "one_hot~2_1~1_2~1~0~0",
        "one_hot~9_9~1~1~0",
        "one_hot~1_1~nan~1~0",
        "one_hot~1_1~100~1~0",
        "one_hot~1_1~1e1~1~0",
        "x" * 5000,
    ],
)
def test_nonsense_for_a_board_is_named_and_the_page_opens(said: str) -> None:
    found, example, ignored = board_link.from_link({"board": said})
    assert (found, example) == (EXAMPLES[board_link.FIRST].board, board_link.FIRST)
    assert len(ignored) == 1
    assert len(ignored[0]) < 200


def test_a_board_that_the_reader_paints_becomes_the_address() -> None:
    page = open_page()
    assert not address(page)
    page.session_state[state.BOARD] = (PAINTED, "equal", 1)
    page.run()
    assert address(page) == board_link.to_link(PAINTED, "equal")
    # The address of the browser's back button.
    page.query_params.clear()
    page.run()
    assert board(page)["example"] == board_link.FIRST


def test_a_link_opens_an_answer_and_the_others_are_not_drawn() -> None:
    assert not params(open_page())
    page = open_page(saves="true")
    assert len(params(page)) == 3
    assert not page.select_slider


def test_a_painted_board_joins_the_link_of_an_open_answer_and_leaves_it_again() -> None:
    page = open_page(saves="true")
    page.session_state[state.BOARD] = (PAINTED, "equal", 1)
    page.run()
    assert not page.exception
    assert address(page) == {"saves": "true"} | board_link.to_link(PAINTED, "equal")
    page.session_state[state.BOARD] = (EXAMPLES["equal"].board, "equal", 2)
    page.run()
    assert address(page) == {"saves": "true", "board": "equal"}
    page.segmented_control(key=state.MAPS_SEE).set_value("sizes").run()
    assert address(page)["see"] == "sizes"
    page.segmented_control(key=state.MAPS_SEE).set_value("channel").run()
    assert "see" not in address(page)
    assert not page.exception
