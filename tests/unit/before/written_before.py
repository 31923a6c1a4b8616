"""What tests/data/before holds, and how its numbers are compared."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Findings of later versions. One of them says more precisely what another said before.
LATER_FINDINGS = frozenset({"trained_too_short", "small_images"})
MORE_PRECISE = {"still_improving": "trained_too_short"}

# Early stopping, which one of them suggests, restores the weights of the best epoch since then.
SUGGESTED_ANEW = frozenset({"overfitting"})

FOLDER = Path(__file__).resolve().parents[2] / "data/before"


def read(name: str) -> Any:
    """A file of JSON that the version before wrote."""
    return json.loads((FOLDER / name).read_text("utf-8"))


def rounded(values: Any) -> Any:
    """The same as JSON has it, with numbers to nine digits: sums may differ in the sixteenth."""
    return json.loads(json.dumps(values), parse_float=lambda text: float(f"{float(text):.9g}"))


def found_before(before: list[Any], today: list[Any], kind: Callable[[Any], str]) -> Any:
    """Both lists of findings of a run without what only a later version can find."""
    kinds = {kind(each) for each in today}
    return (
        [each for each in before if MORE_PRECISE.get(kind(each)) not in kinds],
        [each for each in today if kind(each) not in LATER_FINDINGS],
    )
