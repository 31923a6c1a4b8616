"""Cancelling a run: its worker is asked, then interrupted, then killed, all within two seconds."""

from contextlib import suppress

from lib.jobs import worker
from lib.jobs.connection import Connection
from lib.jobs.records import Record

SECONDS_TO_BEGIN = 0.3
SECONDS_TO_STOP = 0.8
# Three times, because an exception that is raised inside a destructor is lost.
SECONDS_TO_UNWIND = (0.2, 0.2, 0.2)


def stop(record: Record, connection: Connection) -> None:
    """Stop a run that a worker has; waits until it has ended, or its process has been killed."""
    connection.tell(worker.ask_to_stop, record.attempt)
    if record.left.wait(SECONDS_TO_BEGIN):
        return
    future = record.future
    if future and record.progress.state in ("queued", "starting"):
        # The worker is busy with another run or with the import of TensorFlow. This run will end
        # by itself after that; a killed process would have to begin the import again.
        with suppress(Exception):  # without a scheduler there is no run either
            future.cancel()
        return
    if record.left.wait(SECONDS_TO_STOP):
        return
    for seconds in SECONDS_TO_UNWIND:
        connection.tell(worker.interrupt, record.attempt)
        if record.left.wait(seconds):
            return
    connection.tell(worker.kill, workers=[record.worker], nanny=True)
