"""Cancel a run: ask its worker to stop, then interrupt it, then kill it, within two seconds."""

from contextlib import suppress

from lib.jobs import worker
from lib.jobs.connection import Connection
from lib.jobs.records import Record

SECONDS_TO_BEGIN = 0.3
SECONDS_TO_STOP = 0.8
# Three attempts, because an exception raised inside a destructor is ignored by Python.
SECONDS_TO_UNWIND = (0.2, 0.2, 0.2)


def stop(record: Record, connection: Connection) -> None:
    """Stop a run on a worker; wait until it has ended or its process has been killed."""
    connection.tell(worker.ask_to_stop, record.attempt)
    if record.left.wait(SECONDS_TO_BEGIN):
        return
    future = record.future
    if future and record.progress.state in ("queued", "starting"):
        # The worker is busy with another run or with importing TensorFlow, and this run ends as
        # soon as it starts. Killing the process would only repeat the import.
        with suppress(Exception):  # if the scheduler is lost, the run is lost too
            future.cancel()
        return
    if record.left.wait(SECONDS_TO_STOP):
        return
    for seconds in SECONDS_TO_UNWIND:
        connection.tell(worker.interrupt, record.attempt)
        if record.left.wait(seconds):
            return
    connection.tell(worker.kill, workers=[record.worker], nanny=True)
