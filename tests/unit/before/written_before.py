"""What tests/data/before holds, and how its numbers are compared."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "data/before"


def read(name: str) -> Any:
    """A file of JSON that the version before wrote."""
    return json.loads((FOLDER / name).read_text("utf-8"))


def rounded(values: Any) -> Any:
    """The same as JSON has it, with numbers to nine digits: sums may differ in the sixteenth."""
    return json.loads(json.dumps(values), parse_float=lambda text: float(f"{float(text):.9g}"))
