"""The page Trainable without a browser: covered at first, opened by its link, honest about both."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.core.trainable import traps, truth_table
from lib.core.trainable.outcome import Outcome
from lib.core.trainable.traps import Pair
from lib.ui import state
from lib.ui.ask import Slot
from lib.ui.trainable import choices, truth
from lib.ui.trainable.choices import Choices
from tests.speeds import PATIENCE_S

APP = Path(__file__).parents[2] / "app.py"
SIGMOID = "." * list(traps.TRAPS).index("sigmoid")


def open_page(**link: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        page.query_params[name] = value
    page.switch_page("pages/trainable.py").run()
    assert not page.exception
    return page


def parts(page: AppTest) -> list[dict]:
    sent = [json.loads(each.proto.json) for each in page.get("bidi_component")]
    return [data for data in sent if data]  # not the frame of every page


def pictures(page: AppTest) -> list[str]:
    """The titles of the pictures of what moved."""
    return [part["title"] for part in parts(page) if "title" in part]


def text(page: AppTest) -> str:
    return "\n".join(each.value for each in page.markdown)


def test_it_opens_with_a_frozen_dense_layer_and_everything_covered() -> None:
    page = open_page()
    layer, table, *_ = parts(page)
    assert [len(each) for each in layer["numbers"]["lists"]] == [2, 0, 2]
    assert not any(row["open"] for row in table["rows"])
    # What is covered does not reach the browser.
    assert not any("outcome" in row for row in table["rows"])
    assert not pictures(page)
    trap = next(iter(traps.TRAPS.values()))
    assert trap.why not in text(page)
    assert trap.cure not in text(page)


def test_the_link_restores_layer_switches_cells_and_traps() -> None:
    cells = "." * 27 + "2b0"
    page = open_page(
        layer="gru",
        sizes="7_5_2",
        trainable="off",
        step="BatchNormalization_off",
        cells=cells,
        trap="sigmoid",
        answers=f"{SIGMOID}1",
    )
    layer, table, *_ = parts(page)
    assert (layer["kind"], layer["sizes"]["features"], layer["trainable"]) == ("gru", 5, False)
    assert [row["open"] for row in table["rows"][:3]] == [True, False, True]
    assert [row["prediction"] for row in table["rows"][:3]] == [1, 1, None]
    assert [title[:8] for title in pictures(page)] == ["The trap", "The cure"]
    assert "You predicted: ~~`fit` trains other weights, and everything is class 1~~" in text(page)
    assert not page.warning
    assert page.query_params["cells"] in (cells, [cells])


def test_nonsense_in_the_link_is_named_and_the_page_opens() -> None:
    page = open_page(layer="lambda", cells="?")
    (warning,) = page.warning
    assert "`lambda` is no kind of layer here." in warning.value
    assert "`?` is no list of open cells." in warning.value


def test_a_prediction_and_an_uncovering_are_in_the_link_and_the_cure_appears() -> None:
    page = open_page()
    first = next(iter(traps.TRAPS))
    page.radio(key=f"{state.TRAP_ANSWER}_{first}").set_value(1).run()
    assert page.query_params["answers"] in ("b", ["b"])
    page.button(key=f"uncover_{first}").click().run()
    assert page.query_params["answers"] in ("2", ["2"])
    assert "As you predicted." in text(page)
    assert traps.TRAPS[first].cure in text(page)
    page.button(key="cover_all_traps").click().run()
    assert traps.TRAPS[first].cure not in text(page)


def test_another_trap_has_its_own_code_and_question() -> None:
    page = open_page()
    page.radio(key=state.TRAP).set_value("initial_epoch").run()
    assert any("initial_epoch=first.epoch[-1]" in part.get("text", "") for part in parts(page))
    assert page.query_params["trap"] in ("initial_epoch", ["initial_epoch"])


@pytest.mark.parametrize("agrees", [True, False])
def test_what_ran_here_is_compared_with_what_was_recorded(agrees: bool) -> None:
    page = open_page(trap="true_again", answers="0")
    known = traps.recorded()["true_again"]
    # On another Keras, setting the switch again might thaw every layer.
    here = replace(known.trap if agrees else known.cured, keras="4.0")
    slot = Slot(12, answers={"true_again": Pair(here, known.cured)})
    page.session_state[f"question_{state.EXPERIMENT}"] = slot
    page.run()
    assert len(page.success) == agrees
    assert len(page.warning) == (not agrees)
    assert ("The trap, run here with Keras 4.0" in pictures(page)) == (not agrees)
    if not agrees:
        assert "Here the right answer is: All of them." in page.warning[0].value


def test_a_row_that_ran_here_says_whether_it_agrees() -> None:
    known = truth_table.recorded()
    now = Choices(cells=choices.OPEN * len(truth_table.CELLS))
    ran: dict[int, Outcome] = {0: known[0].keras, 1: known[9].keras}
    rows = truth.payload(now, ran, 0)["rows"]
    assert [row["agrees"] for row in rows[:3]] == [True, False, True]
    assert [row["ran"] is None for row in rows[:3]] == [False, False, True]


def test_keras_2_is_there_only_where_it_differed() -> None:
    now = Choices(cells=choices.OPEN * len(truth_table.CELLS), step_kind="BatchNormalization")
    rows = truth.payload(now, {}, 0)["rows"]
    assert [row["keras2"] is not None for row in rows] == [
        *(False, True, False),  # before compile: only training=False differed
        *(True, True, True),  # after compile: Keras 2 had read the switch before
        *(False, False, False),
    ]


@pytest.mark.parametrize(
    "gesture",
    [
        {"kind": "lambda", "sizes": {}, "trainable": True, "number": 7},
        {"kind": "dense", "sizes": [], "trainable": True, "number": 7},
        {"kind": "dense", "sizes": {"features": 4, "units": 3}, "trainable": "no", "number": 7},
        None,
    ],
)
def test_a_gesture_that_makes_no_sense_changes_nothing(gesture: object) -> None:
    def try_gesture(gesture: object) -> None:
        import streamlit as st

        from lib.ui.trainable import choices

        choices.accept_layer(gesture)
        choices.accept_table(gesture)
        st.text(choices.read() == choices.Choices())

    tried = AppTest.from_function(try_gesture, args=(gesture,)).run()
    assert tried.text[0].value == "True"


def test_the_model_summary_leads_here_and_tells_none_of_it_again() -> None:
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    page.switch_page("pages/model_summary.py").run()
    labels = [each.label for each in page.get("page_link")]
    assert any("trainable" in label and "compile" in label for label in labels)
    titles = [each.label for each in page.expander]
    assert not any(words in " ".join(titles) for words in ("freezing do", "compile", "residual"))


def test_a_link_from_before_lessons_had_steps_opens_the_same_layer_in_the_table() -> None:
    page = open_page(step="Dropout_off")
    assert page.query_params["table"] in ("Dropout_off", ["Dropout_off"])
    assert "step" not in page.query_params
    assert not page.warning
