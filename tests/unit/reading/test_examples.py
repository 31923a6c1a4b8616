"""The examples of the gallery are runs that ship, and they show what their names say."""

import pytest

from lib.core.lab.store import RunStore
from lib.core.reading import compare, diagnose
from lib.core.reading.examples import EXAMPLES

# As many as fit on a card of two lines.
LONGEST_TITLE = 34


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_ships_with_thaw_and_shows_what_it_says(name, tmp_path):
    example, store = EXAMPLES[name], RunStore(tmp_path)
    found = [store.open(id_) for id_ in example.runs]
    assert all(run and run.recorded and run.history for run in found)
    if example.shows:
        assert example.shows in [each.kind for each in diagnose.diagnose(found[0])]
    assert len(example.title) <= LONGEST_TITLE


@pytest.mark.parametrize("name", [name for name, each in EXAMPLES.items() if len(each.runs) > 1])
def test_the_runs_of_a_comparison_have_the_same_images(name, tmp_path):
    store = RunStore(tmp_path)
    differ = compare.differing([store.open(id_) for id_ in EXAMPLES[name].runs])
    assert differ
    assert not {"dataset", "num_images", "image_size", "seed"} & set(differ)


def test_no_example_is_there_twice():
    assert len({each.title for each in EXAMPLES.values()}) == len(EXAMPLES)
    assert len({each.runs for each in EXAMPLES.values()}) == len(EXAMPLES)
