"""Measures the memory of many consecutive runs.

python -m lib.tools.measure_memory [--runs N]

Trains short runs with different seeds, one after another, in the engine of the app, and measures
the memory of its largest process ten times a second. Prints the peak of every ten runs, and fails
if one exceeds 2 GB.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import psutil

from lib.core import runs
from lib.core.lab.store import RunStore
from lib.jobs.client import Client

LIMIT_BYTES = 2_000_000_000
SECONDS_BETWEEN_LOOKS = 0.1


def largest_bytes() -> int:
    """Resident memory of the largest descendant process."""
    largest = 0
    for process in psutil.Process().children(recursive=True):
        try:
            largest = max(largest, process.memory_info().rss)
        except psutil.Error:  # the process has ended
            continue
    return largest


def main() -> int:
    """Train the runs; returns 1 if the limit was exceeded or a run did not finish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="default: %(default)s")
    num_runs = parser.parse_args().runs
    peak = highest = num_finished = 0
    with tempfile.TemporaryDirectory() as folder:
        client = Client(RunStore(Path(folder)))
        try:
            for number in range(1, num_runs + 1):
                config = runs.make_config(
                    head_epochs=2, fine_tune_epochs=2, image_size=96, seed=1000 + number
                )
                run_id = client.submit(config)
                while (progress := client.progress(run_id)) is None or not progress.ended:
                    peak = max(peak, largest_bytes())
                    time.sleep(SECONDS_BETWEEN_LOOKS)
                num_finished += progress.state == "finished"
                if number % 10 == 0 or number == num_runs:
                    print(f"runs to {number}: peak {peak / 1e6:,.0f} MB", flush=True)
                    highest, peak = max(highest, peak), 0
        finally:
            client.close()
    print(f"{num_finished} of {num_runs} finished; peak of all {highest / 1e6:,.0f} MB")
    return int(highest > LIMIT_BYTES or num_finished < num_runs)


if __name__ == "__main__":
    sys.exit(main())
