"""The gallery of runs with a name: examples that ship with Thaw, and the reader's own."""

from collections.abc import Mapping, Sequence

from lib.core.lab.store import RunSummary
from lib.core.reading.examples import EXAMPLES
from lib.core.runs import Run
from lib.ui import cache, run_names, state
from lib.ui.parts import base
from lib.ui.parts.run_cards import component as run_cards
from lib.ui.parts.run_cards.component import Card

# The newest runs that have a name; all runs are in the list.
MAX_OWN = 6


def example_ids() -> tuple[str, ...]:
    """Return the ids of all runs of the examples."""
    return tuple(id_ for example in EXAMPLES.values() for id_ in example.runs)


def show(known: Mapping[str, RunSummary]) -> None:
    """Show the gallery; a click chooses the runs of a card.

    Args:
        known: Runs by id, from runs.known_runs.
    """
    now = state.read(state.CHOSEN_RUNS)
    chosen = list(now) if isinstance(now, list) else []
    cards = [
        Card(name, example.title, opened, list(example.runs) == chosen)
        for name, example in EXAMPLES.items()
        if (opened := _opened(example.runs, known))
    ]
    own = [line for line in known.values() if not line.recorded and line.meta.name]
    for line in own[:MAX_OWN]:
        if opened := _opened([line.id], known):
            title = run_names.called(line.config, line.meta)
            cards.append(Card(line.id, title, opened, [line.id] == chosen))
    if cards:
        run_cards.show(cards, state.GALLERY, _open)


def _opened(ids: Sequence[str], known: Mapping[str, RunSummary]) -> tuple[Run, ...]:
    """Open runs; empty if one of them is not here or has no epoch."""
    found = [cache.stored_run(id_, known[id_].ended) for id_ in ids if id_ in known]
    runs = tuple(run for run in found if run and run.history)
    return runs if len(runs) == len(ids) else ()


def _open() -> None:
    """Choose the runs of the card that was clicked."""
    said = base.said(state.GALLERY, "open")
    id_ = str(said.get("id", "")) if isinstance(said, Mapping) else ""
    if id_ in EXAMPLES:
        state.choose(state.CHOSEN_RUNS, list(EXAMPLES[id_].runs))
    elif id_:
        state.choose(state.CHOSEN_RUNS, [id_])
