"""What an attack is, and the one list of all attacks.

An attack is a function that takes a `Target`, does to it what a stranger could do, and returns in a
few words what was measured. Where the server does not hold, it calls `hold` with a false condition.
"""

import importlib
import pkgutil
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lib.tools.attack.target import Target

Play = Callable[["Target"], str]


class DidNotHoldError(Exception):
    """The attack succeeded; the message says what it reached."""


class NotPossibleError(Exception):
    """The attack cannot be played on this machine; the message says why."""


@dataclass(frozen=True)
class Attack:
    """One attack.

    Args:
        name: Of its function; what `--only` takes.
        about: First line of its docstring: what is done, in one sentence.
        play: The function.
        alone: True if it needs a server and a THAW_HOME that no other attack uses.
        short: True if it belongs to the short form, which `.ci/run` plays.
    """

    name: str
    about: str
    play: Play
    alone: bool
    short: bool


@dataclass(frozen=True)
class Outcome:
    """How an attack ended.

    Args:
        attack: Which.
        verdict: "held", "did not hold", "not possible" or "failed" (the attack itself).
        detail: What was measured, or why.
        seconds: How long it took.
    """

    attack: Attack
    verdict: str
    detail: str
    seconds: float


ATTACKS: dict[str, Attack] = {}


def attack(*, alone: bool = False, short: bool = True) -> Callable[[Play], Play]:
    """Make a function an attack.

    Args:
        alone: It hurts: a server and a THAW_HOME of its own.
        short: Part of the short form: it takes seconds, and needs no training.
    """

    def register(play: Play) -> Play:
        name = play.__name__
        about = (play.__doc__ or "").partition("\n")[0]
        assert about, f"The attack {name} does not say what it does."
        assert name not in ATTACKS, f"There are two attacks called {name}."
        ATTACKS[name] = Attack(name, about, play, alone, short)
        return play

    return register


def hold(condition: object, otherwise: str) -> None:
    """Say what must be true while and after an attack.

    Args:
        condition: True where the server held.
        otherwise: What the attack reached, as a sentence.

    Raises:
        DidNotHoldError: If it is not true.
    """
    if not condition:
        raise DidNotHoldError(otherwise)


def load_all() -> dict[str, Attack]:
    """Every attack of every module beside this one, in the order of the modules."""
    folder = Path(__file__).parent
    for module in sorted(each.name for each in pkgutil.iter_modules([str(folder)])):
        if not module.startswith("_"):
            importlib.import_module(f"{__package__}.{module}")
    return ATTACKS


def outcome_of(attack: Attack, target: "Target", clock: Callable[[], float]) -> Outcome:
    """Play an attack, and say how it ended.

    A server that is not healthy afterwards did not hold, whatever the attack says.
    """
    began = clock()
    try:
        detail, verdict = attack.play(target), "held"
        hold(target.is_healthy(), "The server does not answer any more.")
    except DidNotHoldError as problem:
        detail, verdict = str(problem), "did not hold"
    except NotPossibleError as reason:
        detail, verdict = str(reason), "not possible"
    except Exception as error:
        traceback.print_exc()
        detail, verdict = f"{type(error).__name__}: {error}", "failed"
    return Outcome(attack, verdict, detail, clock() - began)
