"""Downloads datasets and ImageNet weights for a room without a network.

python -m lib.tools.prefetch [--datasets NAME ... | --all] [--backbones NAME ...] [--list]

Without a choice, it prepares the datasets that need no network, so that the first run does not wait
for them. Existing files are kept and interrupted downloads are resumed, so it can be started again
at any time. Progress is printed to standard error, and the list of ready and missing items to
standard output. The exit code is 0 if everything requested is ready, 1 if not, 2 for wrong options.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.core import backbones
from lib.core.backbones import BackboneSpec
from lib.core.datasets import DATASETS
from lib.core.errors import ThawError
from lib.core.files import disk, home
from lib.core.files.home import thaw_home
from lib.core.images import download_status

SECONDS_BETWEEN_LINES = 1.0
# Its weights come with a Python package, like the offline datasets.
PACKAGED_BACKBONE = "efficientnet_lite0"


@dataclass(frozen=True)
class Item:
    """The state of a dataset or of the weights of a backbone."""

    name: str
    ready: bool
    size_bytes: int
    words: str = ""


def dataset(name: str, say: Callable[[str], None]) -> Item:
    """Prepare a dataset, unless it is ready."""
    from lib.training.sources import tfds, tfds_prepare

    begin, said = time.monotonic(), ""

    def look() -> None:  # works for a download in any process
        nonlocal said
        progress = download_status.read(name)
        if progress and progress.words != said:
            said = progress.words
            say(said)

    try:
        with tfds_prepare.repeated(look, SECONDS_BETWEEN_LINES):
            tfds.source(name)
    except ThawError as error:
        return Item(
            name, False, disk.folder_bytes(download_status.download_folder(name)), error.in_words()
        )
    words = f"{time.monotonic() - begin:.1f} s"
    return Item(name, True, disk.folder_bytes(download_status.lock_file(name).parent), words)


def weights_of(spec: BackboneSpec, say: Callable[[str], None]) -> Item:
    """Download the ImageNet weights of a backbone for all published input sizes."""
    if spec.id == PACKAGED_BACKBONE:
        return Item(spec.id, True, 0, "comes with a package")
    from lib.training.network import weights

    begin, size_bytes = time.monotonic(), 0
    spoken = begin

    def report(done: int, total: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken >= SECONDS_BETWEEN_LINES:
            spoken = time.monotonic()
            say(f"Downloading, {done / 1e6:,.0f} of {total / 1e6:,.0f} MB")

    try:
        for image_size in _sizes(spec):
            size_bytes += weights.find(spec, image_size, report).stat().st_size
    except ThawError as error:
        return Item(spec.id, False, size_bytes, error.in_words())
    return Item(spec.id, True, size_bytes, f"{time.monotonic() - begin:.1f} s")


def what_is_here() -> Iterator[Item]:
    """The state of every dataset and backbone, without downloading anything."""
    for spec in DATASETS.values():
        standing = download_status.standing(spec)
        size_bytes = disk.folder_bytes(download_status.lock_file(spec.id).parent)
        words = f"{spec.download_mb:,} MB to download" if not spec.offline else ""
        if standing.state == "downloading" and standing.progress:
            words = standing.progress.words
        ready = standing.state == "ready"
        yield Item(spec.id, ready, size_bytes, "" if ready else words)
    for backbone in backbones.BACKBONES.values():
        files = _files(backbone)
        ready = all(path.is_file() for path in files)
        yield Item(
            backbone.id,
            ready,
            sum(path.stat().st_size for path in files if path.is_file()),
            "" if ready else "weights to download",
        )


def _sizes(spec: BackboneSpec) -> tuple[int, ...]:
    """Input sizes with a separate weights file."""
    from lib.training.network import weights

    by_name = {weights.file_name(spec, size): size for size in weights.PUBLISHED_SIZES}
    return tuple(by_name.values())


def _files(spec: BackboneSpec) -> list[Path]:
    if spec.id == PACKAGED_BACKBONE:
        return []
    from lib.training.network import weights

    chosen = os.environ.get("THAW_WEIGHTS")
    folder = Path(chosen).expanduser() if chosen else weights.cache_folder()
    if folder.is_file():
        return [folder]
    return [folder / weights.file_name(spec, size) for size in _sizes(spec)]


def table(items: Sequence[Item]) -> str:
    """One line for each item with its state and size, and a total."""
    width = max(len(item.name) for item in items)
    lines = [
        f"{item.name:<{width}}  {'ready' if item.ready else 'missing':<7}  "
        f"{item.size_bytes / 1e6:>8,.1f} MB  {item.words}".rstrip()
        for item in items
    ]
    ready = sum(item.ready for item in items)
    taken = sum(item.size_bytes for item in items) / 1e6
    lines.append(f"{ready} of {len(items)} ready, {taken:,.1f} MB, datasets in {thaw_home()}")
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="python -m lib.tools.prefetch",
        description="Get datasets and ImageNet weights ready for a lecture room without a network. "
        "What is here is left alone; what was interrupted goes on.",
    )
    which = p.add_mutually_exclusive_group()
    which.add_argument(
        "--datasets", nargs="+", metavar="NAME", help=f"TFDS names: {', '.join(DATASETS)} ..."
    )
    which.add_argument("--all", action="store_true", help="every dataset and every backbone")
    p.add_argument(
        "--backbones",
        nargs="+",
        metavar="NAME",
        choices=list(backbones.BACKBONES),
        help=", ".join(backbones.BACKBONES),
    )
    p.add_argument("--list", action="store_true", help="say what is here, fetch nothing")
    return p


def main(arguments: list[str] | None = None) -> int:
    """Prepare the requested items; returns the exit code."""
    chosen = parser().parse_args(arguments)
    if chosen.list:
        print(table(list(what_is_here())))
        return 0
    if chosen.all:
        names, networks = list(DATASETS), list(backbones.BACKBONES)
    else:
        names, networks = chosen.datasets or [], chosen.backbones or []
    if not names and not networks:
        names = [spec.id for spec in DATASETS.values() if spec.offline]

    def say(name: str) -> Callable[[str], None]:
        return lambda words: print(f"{name}: {words}", file=sys.stderr, flush=True)

    items = []
    home.close()
    try:
        for name in names:
            say(name)("getting ready")
            items.append(dataset(name, say(name)))
        for name in networks:
            say(name)("getting its weights ready")
            items.append(weights_of(backbones.get(name), say(name)))
    except KeyboardInterrupt:
        print("Interrupted. Start it again: it resumes where it stopped.", file=sys.stderr)
        # Exit without waiting for library threads, which would finish their downloads first.
        os._exit(130)
    print(table(items))
    return 0 if all(item.ready for item in items) else 1


if __name__ == "__main__":
    sys.exit(main())
