"""Measures what the bar of a lesson adds to a rerun of a page.

python -m lib.tools.measure_guide [--reruns N]

Starts the app on a free port and opens the model summary in two sessions: as a step of a lesson,
and by the same link without the lesson. Both rerun in turn. Prints the CPU milliseconds of a rerun
on the server, which a busy machine hardly changes, and the median milliseconds until its end.
"""

import argparse
import asyncio
import statistics

from lib.tools import measure_ui
from lib.tools.load_server import Reader

STATE = "backbone=efficientnet_lite0&thaw=nothing"
LINKS = {"without a lesson": STATE, "as a step of a lesson": f"lesson=tour&step=4&{STATE}"}
WARM_UP = 3


async def _measure(port: int, process_id: int, reruns: int) -> dict[str, tuple[float, float]]:
    """Return the CPU milliseconds of a rerun, and its median duration, for each link."""
    url = f"ws://127.0.0.1:{port}/_stcore/stream"
    readers = {name: Reader(url, link=link) for name, link in LINKS.items()}
    used_s = dict.fromkeys(LINKS, 0.0)
    for reader in readers.values():
        await reader.open()
    for turn in range(WARM_UP + reruns):
        for name, reader in readers.items():
            before_s = measure_ui.cpu_time_s(process_id)
            await reader.rerun()
            if turn >= WARM_UP:
                used_s[name] += measure_ui.cpu_time_s(process_id) - before_s
    for reader in readers.values():
        await reader.close()
    return {
        name: (
            1000 * used_s[name] / reruns,
            1000 * statistics.median(reader.times_s[WARM_UP:]),
        )
        for name, reader in readers.items()
    }


def main() -> None:
    """Print a line for each link."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_guide")
    parser.add_argument("--reruns", type=int, default=60)
    options = parser.parse_args()
    with measure_ui.served() as (port, process_id):
        found = asyncio.run(_measure(port, process_id, options.reruns))
    for name, (cpu_ms, wall_ms) in found.items():
        print(f"{name}: {cpu_ms:.1f} ms of CPU a rerun, {wall_ms:.0f} ms until it ends")


if __name__ == "__main__":
    main()
