"""Measures how long it takes to turn a reader's zip file into a dataset.

python -m lib.tools.measure_own_images [--images N]

Creates a zip file with N photographs of one megapixel in two classes of equal size, and turns it
into a dataset in a separate process, like a worker. Prints the seconds from the upload to the
usable dataset, the CPU time, and the peak memory of the process. Fails if a limit is exceeded.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from lib.core.uploads import inbox, own_datasets

WIDTH, HEIGHT = 1152, 868
LIMIT_S, LIMIT_BYTES = 30.0, 1_000_000_000
SECONDS_BETWEEN_LOOKS = 0.02
READER = own_datasets.hashed("measurement")

CHILD = """
import json, sys, time
if sys.argv[2] == "with TensorFlow":
    import lib.training.task
from lib.training.sources import own_dataset
began, cpu = time.monotonic(), time.process_time()
name = own_dataset.prepare(sys.argv[1], sys.argv[3], "measured")
print(json.dumps({
    "dataset": name,
    "seconds": time.monotonic() - began,
    "cpu_seconds": time.process_time() - cpu,
}))
"""


def photograph(number: int) -> bytes:
    """A synthetic photograph with smooth colours and sensor noise, realistic to decode."""
    random = np.random.default_rng(number)
    colours = Image.fromarray(random.integers(0, 256, (9, 12, 3), np.uint8))
    soft = np.asarray(colours.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int16)
    noisy = np.clip(soft + random.integers(-6, 7, soft.shape, np.int16), 0, 255)
    file = io.BytesIO()
    Image.fromarray(noisy.astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()


def archive(num_images: int) -> io.BytesIO:
    """A zip file with different photographs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for number in range(num_images):
            name = f"photographs/class {number % 2}/{number:05d}.jpg"
            made.writestr(name, photograph(number))
    content.seek(0)
    return content


def _peak_bytes(child: "subprocess.Popen[str]") -> int:
    """Peak resident memory of a process."""
    peak = 0
    with suppress(psutil.Error):
        watched = psutil.Process(child.pid)
        while child.poll() is None:
            peak = max(peak, watched.memory_info().rss)
            time.sleep(SECONDS_BETWEEN_LOOKS)
    return peak


def main() -> int:
    """Create the zip file and measure; returns 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000, help="default: %(default)s")
    parser.add_argument("--tensorflow", action="store_true", help="in a process that has it loaded")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["THAW_HOME"] = folder
        content = archive(args.images)
        began = time.monotonic()
        upload = inbox.receive(content, READER)
        received = time.monotonic() - began
        loaded = "with TensorFlow" if args.tensorflow else "alone"
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, upload, loaded, READER],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        peak = _peak_bytes(child)
        said = json.loads(child.communicate()[0])
        made = own_datasets.get(said["dataset"])
    assert made
    assert made.num_images == args.images
    seconds = received + said["seconds"]
    print(
        f"{args.images:,} JPEG of {WIDTH * HEIGHT / 1e6:.1f} megapixels, "
        f"{content.getbuffer().nbytes / 1e6:,.0f} MB: {seconds:.1f} s "
        f"({received:.1f} s of it to put it on disk, {said['cpu_seconds']:.1f} s of processor), "
        f"at most {peak / 1e6:,.0f} MB of memory {loaded}, {made.size_bytes / 1e6:,.0f} MB kept; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    return int(seconds > LIMIT_S or peak > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(main())
