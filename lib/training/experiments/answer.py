"""The experiments that a page may ask a worker to run, by name: nothing else is ever run."""

from collections.abc import Callable, Sequence
from typing import Any

from lib.core.errors import ConfigError
from lib.core.trainable import traps, truth_table
from lib.core.trainable.outcome import Outcome
from lib.training.experiments import freezing_traps, step_traps
from lib.training.experiments.one_step import one_step

MODULES = {"freezing_traps": freezing_traps, "step_traps": step_traps}


def experiments() -> dict[str, Callable[[], Outcome]]:
    """Return every trap and every cure by the name of its function."""
    return {
        name: getattr(MODULES[trap.module], name)
        for trap in traps.TRAPS.values()
        for name in (trap.trap, trap.cured)
    }


def run(names: Sequence[str]) -> list[dict[str, Any]]:
    """Run experiments and return their outcomes: a task for lib.jobs.

    Args:
        names: Names of their functions.

    Raises:
        ConfigError: If there is no such experiment.
    """
    known = experiments()
    for name in names:
        if name not in known:
            raise ConfigError(f"There is no experiment {name!r}.", "Open the page again.")
    return [known[name]().to_dict() for name in names]


def run_step(cell: int) -> dict[str, Any]:
    """Run one step of a combination of the truth table: a task for lib.jobs.

    Args:
        cell: Its place in truth_table.CELLS.

    Raises:
        ConfigError: If there is no such combination.
    """
    if not 0 <= cell < len(truth_table.CELLS):
        raise ConfigError(f"There is no combination {cell}.", "Open the page again.")
    asked = truth_table.CELLS[cell]
    return one_step(asked.kind, asked.trainable, asked.called, asked.when).to_dict()
