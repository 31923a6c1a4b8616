"""The command line for a training run: `python -m lib.training.run --help`."""

import argparse
import gc
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from lib.core import datasets, limits, runs
from lib.core.config import DEFAULTS, SETTINGS, TYPES
from lib.core.errors import ConfigError, ThawError
from lib.core.files import home
from lib.core.lab import command
from lib.core.lab.folder import read_run
from lib.core.network import too_large
from lib.core.runs import TrainConfig
from lib.core.settings import Group


class _Parser(argparse.ArgumentParser):
    """Reports errors in one line, like all other errors in the input."""

    def error(self, message: str) -> NoReturn:
        _refuse(f"{message} (see --help)")


def _refuse(message: str) -> NoReturn:
    print(" ".join(message.split()), file=sys.stderr)
    raise SystemExit(2)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = _Parser(
        prog="python -m lib.training.run",
        description="Train one configuration and write its run folder. One line per epoch on "
        "standard error, result.json on standard output.",
    )
    for name, setting in SETTINGS.items():
        if setting.is_asked_for:
            _add_setting(p, name)
    p.add_argument(
        "--images",
        type=Path,
        help="folder with one folder of images per class; with --dataset, known under that name",
    )
    p.add_argument("--out", required=True, type=Path, help="run folder to write")
    return p


def _add_setting(p: argparse.ArgumentParser, name: str) -> None:
    setting, default = SETTINGS[name], DEFAULTS.get(name)
    about = f"{setting.help} {setting.command_help}".strip().replace("%", "%%")
    if setting.choices:
        about += f" Choices: {', '.join(setting.choices)}."
    if TYPES[name] is bool:
        p.add_argument(command.option(name), action="store_true", help=about)
        return
    # These options are required; --images can be given instead of --dataset.
    if setting.group is Group.CHOICE:
        default = None
    if default is not None:
        about += " Default: %(default)s."
    p.add_argument(
        command.option(name),
        type=TYPES[name],
        default=default,
        required=setting.group is Group.CHOICE and name != "dataset",
        metavar=setting.unit.upper() or None,
        help=about,
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 when the run has finished, 2 for bad input."""
    args = vars(parser().parse_args(arguments))
    out, images = args.pop("out"), args.pop("images")
    if args["dataset"] is None and images is None:
        _refuse("one of the arguments --dataset --images is required (see --help)")
    home.close()
    try:
        _check_out(out)
        config = _known_config(args, images)
        if config:
            too_large.check(config, datasets.get(config.dataset), limits.run_bytes())
        with _quiet_start():
            from lib.training import task
            from lib.training.sources import pipeline
        gc.freeze()  # Exclude imported objects from garbage collection.
        if config is None:
            found: Any
            if images:
                found = pipeline.describe_folder(images)
                args["dataset"] = args["dataset"] or found.dataset
                print(*found.said, sep="\n", end="\n" * bool(found.said), file=sys.stderr)
            else:
                found = pipeline.describe_dataset(args["dataset"])
            config = runs.make_config(
                **args, data_fingerprint=found.fingerprint, max_train_images=found.max_train_images
            )
            too_large.check(config, found, limits.run_bytes())
        run = task.train(config, _tell, folder=out, images=images)
    except ThawError as error:
        _refuse(error.in_words())
    except KeyboardInterrupt:
        _refuse("Stopped; the epochs so far are in the run folder.")
    print(json.dumps(dict(run.result), indent=2, sort_keys=True))
    return 0


def _check_out(out: Path) -> None:
    """Reject a folder that contains files which are not of a run and would be overwritten."""
    if os.path.exists(out) and not os.path.isdir(out):
        raise ConfigError(f"{out} is a file.", "Name a folder with --out.")
    for name in ("config.json", "history.jsonl", "result.json"):
        if os.path.exists(out / name) and read_run(out) is None:
            raise ConfigError(
                f"{out} holds a {name} that is not of a run.",
                "Name a new or an empty folder with --out.",
            )


def _known_config(args: dict[str, Any], images: Path | None) -> TrainConfig | None:
    """The configuration of a registered dataset; otherwise None, after checking the settings.

    This reports errors in the input before TensorFlow is loaded.
    """
    if args["dataset"] in datasets.DATASETS and images is None:
        return runs.make_config(**args)
    if args["dataset"] is not None and images is not None:
        datasets.get(args["dataset"])
    unlimited = {"dataset": "", "data_fingerprint": "", "max_train_images": sys.maxsize}
    runs.make_config(**(args | unlimited))
    return None


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Suppress the messages on standard error while TensorFlow is imported.

    Two messages appear before TensorFlow reads its log settings, and standard error is reserved for
    epochs. If the import fails, the messages are printed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(standard_error, said.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
    for library in ("absl", "tensorflow"):
        logging.getLogger(library).setLevel(logging.ERROR)


def _tell(event: dict[str, Any]) -> None:
    record = event.get("epoch")
    if record:
        print(
            "epoch {epoch} {phase} loss {loss:.4f} accuracy {accuracy:.4f} "
            "val_loss {val_loss:.4f} val_accuracy {val_accuracy:.4f}".format(**record),
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
