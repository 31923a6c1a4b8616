"""Writes a few training images of the offline datasets, which the training lab shows.

    python -m lib.tools.export_training_images [--check]

The files are lib/core/data/training_images/<dataset>.json; `--check` compares and writes nothing.
"""

import argparse
import base64
import json
import sys
from typing import Any

import numpy as np

from lib.core import datasets
from lib.core.datasets import DatasetSpec
from lib.core.images import training_images
from lib.training.answers import dataset as answers
from lib.training.answers.training_images import thumbnails


def contents(spec: DatasetSpec) -> dict[str, Any]:
    """The content of the file of a dataset."""
    source = answers._source(spec.id, spec.fingerprint)
    rows = training_images.to_ship(source.labels, np.asarray(source.given))
    return {
        "fingerprint": spec.fingerprint,
        "attribution": f"{spec.attribution} {spec.licence}. Stretched to a square.",
        "thumbnails": {
            str(index): base64.b64encode(data).decode("ascii")
            for index, data in thumbnails(source, rows).items()
        },
    }


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files; returns 1 if one is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args(arguments).check
    stale = []
    for spec in datasets.DATASETS.values():
        if not spec.offline:
            continue
        path, now = training_images.FOLDER / f"{spec.id}.json", contents(spec)
        if check:
            known = json.loads(path.read_text("utf-8")) if path.exists() else {}
            if _compared(known) != _compared(now):
                stale.append(spec.id)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(now, separators=(",", ":")) + "\n", "utf-8")
    if stale:
        print(f"Not what a worker finds: {', '.join(stale)}.", file=sys.stderr)
    return 1 if stale else 0


def _compared(fields: dict[str, Any]) -> dict[str, Any]:
    """Everything but the pictures, whose bytes depend on the version of WebP."""
    return fields | {"thumbnails": sorted(fields.get("thumbnails", {}))}


if __name__ == "__main__":
    sys.exit(main())
