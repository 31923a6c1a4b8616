"""Ready before the click: an idle worker prepares the run that a page offers to start."""

from contextlib import suppress

from lib.core.errors import ThawError
from lib.core.runs import TrainConfig
from lib.ui import cache
from lib.ui.uploads import access, reader


def prepare(offered: TrainConfig) -> None:
    """Have a run prepared that this reader could start now; returns immediately.

    Called in every rerun of a page with a button that starts a run. It costs nothing while the
    offer stays the same.
    """
    client = cache.client()
    with suppress(ThawError):  # A run that could not be started is not prepared either.
        access.check(offered)
        client.check(offered)
        client.prepare(offered, owner=reader.owner())
