"""The source of an experiment, read as text: the web process never imports Keras."""

import ast
from functools import lru_cache
from pathlib import Path

from lib.ui.parts.prediction import component as reader

FOLDER = Path(__file__).parents[2] / "training" / "experiments"


@lru_cache(maxsize=64)
def source(module: str, function: str) -> str:
    """Return the source of a function of lib.training.experiments.

    Args:
        module: Name of the module.
        function: Name of the function.

    Raises:
        KeyError: If the module has no such function.

    Example:

    >>> source("models", "small_base").split("(")[0]
    'def small_base'
    """
    text = (FOLDER / f"{module}.py").read_text("utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return ast.get_source_segment(text, node) or ""
    raise KeyError(f"{module} has no function {function}")


def show(module: str, function: str) -> None:
    """Draw the source of a function; the arguments are those of `source`."""
    data = {"kind": "code", "label": function, "text": source(module, function)}
    reader.show(data, f"source_{function}")
