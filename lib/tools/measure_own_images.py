"""Measures how long a reader's zip takes to become a dataset.

python -m lib.tools.measure_own_images [--images N]

Makes a zip of N photographs of one megapixel, half of them in each of two classes, and has it made
into a dataset by a process of its own, as a worker does. Prints the seconds from the upload to the
dataset that is ready to train, the processor time, and the most memory the process held. Fails
where it took longer or held more than it may.
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
    """An image as hard to decode as a photograph: soft colours, and the noise of a sensor."""
    random = np.random.default_rng(number)
    colours = Image.fromarray(random.integers(0, 256, (9, 12, 3), np.uint8))
    soft = np.asarray(colours.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int16)
    noisy = np.clip(soft + random.integers(-6, 7, soft.shape, np.int16), 0, 255)
    file = io.BytesIO()
    Image.fromarray(noisy.astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()


def archive(num_images: int) -> io.BytesIO:
    """A zip of photographs, no two alike."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for number in range(num_images):
            name = f"photographs/class {number % 2}/{number:05d}.jpg"
            made.writestr(name, photograph(number))
    content.seek(0)
    return content


def _peak_bytes(child: "subprocess.Popen[str]") -> int:
    """The most a process holds until it ends."""
    peak = 0
    with suppress(psutil.Error):
        watched = psutil.Process(child.pid)
        while child.poll() is None:
            peak = max(peak, watched.memory_info().rss)
            time.sleep(SECONDS_BETWEEN_LOOKS)
    return peak


def main() -> int:
    """Make the zip and measure; 1 where a limit was not kept."""
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
