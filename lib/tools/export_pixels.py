"""Writes lib/core/data/first_pixels.json: input values of the network for each shipped image.

python -m lib.tools.export_pixels [--check]

The web process cannot decode images, so the page about loading and preprocessing reads its numbers
from this file. With --check nothing is written: it exits with 1 if the file differs.
"""

import argparse
import json
import sys
from typing import Any

from lib.core.maps import feature_maps, predictions
from lib.training.images import decode


def content() -> dict[str, dict[str, Any]]:
    """Example -> size in pixels -> the centre pixel, and the smallest and largest value."""
    sides = sorted({height for height, width in feature_maps.SIZES if height == width})
    found: dict[str, dict[str, Any]] = {}
    for example in feature_maps.examples().values():
        found[example.id] = {}
        for side in sides:
            pixels = decode.decode(example.picture(), side)
            shown = predictions.shown(pixels, (example.width, example.height), "WebP")
            found[example.id][str(side)] = {
                "pixel": list(shown.pixel),
                "low": shown.low,
                "high": shown.high,
            }
    return found


def main(arguments: list[str] | None = None) -> int:
    """Write or check the file; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.export_pixels")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    found, file = content(), predictions.FILE
    if not options.check:
        file.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        return 0
    same = file.exists() and json.loads(file.read_text("utf-8")) == found
    if not same:
        print(f"{file.name}: other content")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
