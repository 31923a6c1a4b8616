"""Home: what it shows, and where it leads."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.ui import shell

APP = Path(__file__).resolve().parents[2] / "app.py"
# EfficientNet-Lite0 with one logit: 1,280 weights and a bias, block_11 and up, everything but the
# statistics of BatchNormalization and its frozen scales (lib/core/data/layer_tables).
HEAD_ONLY = "1,281"


@pytest.fixture
def home() -> AppTest:
    return AppTest.from_file(str(APP), default_timeout=30).run()


def test_home_opens_with_the_three_answers(home: AppTest) -> None:
    assert not home.exception
    assert [metric.label for metric in home.metric] == ["Head only", "Top layers", "Everything"]
    counts = [int(metric.value[8:-1].replace(",", "")) for metric in home.metric]
    assert home.metric[0].value == f":orange[{HEAD_ONLY}]"
    assert counts == sorted(counts)
    assert len(set(counts)) == 3


def test_home_leads_to_every_page(home: AppTest) -> None:
    labels = {link.value for link in home.page_link}
    for name, spec in shell.PAGES.items():
        assert ("Home" if name == "home" else spec.title) in labels
        assert (APP.parent / spec.path).is_file()


def test_the_pictures_come_with_their_makers_and_licence(home: AppTest) -> None:
    assert home.get("image")
    words = " ".join(caption.value for caption in home.caption)
    assert "designed by OpenMoji" in words
    assert "CC BY-SA 4.0" in words


@pytest.mark.parametrize("name", [name for name in shell.PAGES if name != "home"])
def test_each_page_opens_from_home(home: AppTest, name: str) -> None:
    spec = shell.PAGES[name]
    home.switch_page(spec.path).run()
    assert not home.exception
    assert [title.value for title in home.title] == [spec.title]
