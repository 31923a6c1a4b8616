"""The pooling page without a browser: its numbers, its controls and what it hands to the board."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import backbones
from lib.core.maps import channel_threshold
from lib.core.maps.board import EXAMPLES
from lib.ui import sources, state
from lib.ui.maps import lessons
from lib.ui.network import plan

APP = Path(__file__).parents[2] / "app.py"


def open_page() -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=60).run()
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
        ("vgg16", 224, 2, ("513", "25,089", "6,423,041")),
        # model.summary() of Keras 3.15.1 has this head on VGG16.
        ("vgg16", 224, 10, ("5,130", "250,890", "6,425,354")),
    ],
)
def test_the_parameters_of_each_head(
    backbone: str, image_size: int, num_classes: int, expected: tuple[str, ...]
) -> None:
    found = choose(open_page(), backbone, image_size, num_classes)
    assert tuple(found.values()) == expected


def test_the_head_that_pools_does_not_mind_the_input_size() -> None:
    page = open_page()
    small, large = (choose(page, "mobilenet_v2", size) for size in (96, 224))
    assert small["GAP + Dense"] == large["GAP + Dense"] == "1,281"
    assert small["Flatten + Dense"] == f"{3 * 3 * 1280 + 1:,}"
    assert large["Flatten + Dense"] == f"{7 * 7 * 1280 + 1:,}"


def test_vgg16_is_shown_with_its_own_three_layers() -> None:
    (found,) = [each.value for each in open_page().caption if "VGG16 as published" in each.value]
    assert "102,764,544 + 16,781,312 + 4,097,000 = 123,642,856" in found


@pytest.mark.parametrize("backbone", backbones.BACKBONES)
def test_every_backbone_can_be_chosen(backbone: str) -> None:
    page = open_page()
    page.selectbox(key=state.BACKBONE).set_value(backbone).run()
    assert not page.exception
    assert len(params(page)) == 3


def test_the_line_can_be_tried_with_every_number_of_channels() -> None:
    page = open_page()
    for name, line in channel_threshold.lines().items():
        page.segmented_control(key=state.LINE_DATASET).set_value(name).run()
        for row in (line.rows[0], line.rows[-1]):
            page.select_slider(key=state.CHANNELS_KEPT).set_value(row.channels).run()
            assert not page.exception
            shown = [metric.value for metric in page.metric if "%" in metric.value]
            assert shown == [f"{100 * row.flatten:.1f} %", f"{100 * row.gap:.1f} %"]


def test_the_chosen_backbone_comes_from_and_goes_to_the_other_pages() -> None:
    page = open_page()
    choose(page, "resnet50", 128)
    page.switch_page("pages/model_summary.py").run()
    assert page.selectbox(key=state.BACKBONE).value == "resnet50"
    assert page.number_input(key=plan.size_key("resnet50")).value == 128
    page.query_params.clear()
    page.number_input(key=plan.size_key("resnet50")).set_value(224).run()
    page.switch_page("pages/global_average_pooling.py").run()
    assert not page.exception
    assert page.number_input(key=plan.size_key("resnet50")).value == 224


def test_every_lesson_has_a_source_with_an_address() -> None:
    for _, _, keys in lessons.LESSONS:
        assert keys
        assert all(sources.SOURCES[key][1].startswith("https://") for key in keys)
