"""Which cases of a test `.ci/run` alone runs, and how long a page test waits."""

from collections.abc import Container, Iterable
from typing import Any

import pytest

# When a page test gives up waiting for what will never be. With twenty processes for each core, the
# script of a page has taken more than 30 s; a busy machine is no failure.
PATIENCE_S = 240


def thorough_beyond(few: Container[Any], every: Iterable[Any]) -> list[Any]:
    """All cases for `parametrize`; those that are not among the few are marked as thorough."""
    return [
        case if case in few else pytest.param(case, marks=pytest.mark.thorough) for case in every
    ]


# Of the two appearances the first; a page takes its colours for both from one theme.
schemes = pytest.mark.parametrize("scheme", thorough_beyond(["light"], ["light", "dark"]))
