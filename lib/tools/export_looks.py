"""Writes the inspections of the offline datasets, so that their page needs no worker.

    python -m lib.tools.export_looks [--check]

The files are lib/core/data/looks/<dataset>.json; `--check` compares and writes nothing.
"""

import argparse
import base64
import json
import sys
from typing import Any

from lib.core import datasets
from lib.core.datasets import DatasetSpec
from lib.core.images import inspection
from lib.training.answers import dataset

# The seconds differ every time, and the pictures depend on the version of WebP.
NOT_COMPARED = ("seconds", "thumbnails")


def contents(spec: DatasetSpec) -> dict[str, Any]:
    """The content of the file of a dataset."""
    said = dataset.look(spec.id, spec.fingerprint)
    pictures = {
        str(index): base64.b64encode(data).decode("ascii")
        for index, data in said["thumbnails"].items()
    }
    arrays = {name: said[name].tolist() for name in ("labels", "looked_at", "sizes")}
    return {
        "fingerprint": spec.fingerprint,
        **said,
        **arrays,
        "seconds": round(said["seconds"], 1),
        "thumbnails": pictures,
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
        path, now = inspection.shipped_file(spec.id), json.loads(json.dumps(contents(spec)))
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
    shown = sorted(fields.get("thumbnails", {}))
    return {k: v for k, v in fields.items() if k not in NOT_COMPARED} | {"shown": shown}


if __name__ == "__main__":
    sys.exit(main())
