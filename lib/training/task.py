"""One training run, from configuration to run folder. Workers call this module."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from lib.core import datasets, intervals, runs
from lib.core.errors import StoreError, ThawError
from lib.core.lab.folder import RunWriter, read_run
from lib.core.lab.store import RunStore
from lib.core.runs import Run, TrainConfig
from lib.core.uploads import own_datasets, retention
from lib.training import model
from lib.training.engine import test_answers
from lib.training.engine.phases import PhaseRunner
from lib.training.engine.run_log import CancelledError, Report, RunLog
from lib.training.network import stored_model
from lib.training.sources import pipeline


def train(
    config: TrainConfig,
    report: Report,
    *,
    store: RunStore | None = None,
    cancelled: Callable[[], bool] | None = None,
    images: Path | None = None,
    folder: Path | None = None,
) -> Run:
    """Run a configuration and write its run folder.

    If the store already contains the finished run, its events are repeated without training.

    Args:
        report: Called with events in the format of lib.core.lab.progress; the last event is an end.
        store: Store of the runs; the store under THAW_HOME if None.
        cancelled: Called after every batch; the run stops once it returns True.
        images: Folder with one folder of images for each class; not needed for uploaded images.
        folder: Run folder, if it is not to be in the store.

    Returns:
        The run as read from its folder, finished or cancelled.

    Raises:
        ThawError: If the run fails; its folder and the last event contain the reason.
    """
    store = store or RunStore()
    if folder is None:
        known = store.open(runs.run_id(config))
        if known and known.status == "finished":
            _replay(known, report)
            return known
        folder = store.folder(runs.run_id(config))
    log = RunLog(config, report, cancelled or (lambda: False))
    writer = None
    try:
        writer = RunWriter(folder, config)
        with model.quick_variables():
            result = _train(log, writer, images)
        writer.finish(result)
    except CancelledError:
        result = log.result("cancelled")
        if writer:
            writer.finish(result)
    except ThawError as error:
        words = {"message": error.message, "next_step": error.next_step}
        if writer:
            with suppress(StoreError):  # Report the first error, not this one.
                writer.finish(log.result("failed", **words))
        report({"state": "failed", **words})
        raise
    finally:
        if datasets.is_own(config.dataset) and not images:
            _forget_deleted(config.dataset)
    report({"state": result["status"]})
    run = read_run(folder)
    if run is None:
        raise StoreError(f"The run in {folder} cannot be read back.", "Start it again.")
    return run


def _forget_deleted(dataset: str) -> None:
    """Delete traces of images that their reader has deleted during the run."""
    if own_datasets.get(dataset) is None:
        retention.forget_traces([dataset])


def _replay(run: Run, report: Report) -> None:
    report({"state": "starting", "num_epochs": run.config.num_epochs})
    for record in run.history:
        report({"epoch": asdict(record)})
    report({"state": run.status})


def _train(log: RunLog, writer: RunWriter, images: Path | None) -> dict[str, Any]:
    config = log.config
    log.say("starting", num_epochs=config.num_epochs)
    keras.utils.set_random_seed(config.seed)

    log.say("loading_data")
    with log.timed("data"):
        data = pipeline.load_data(
            config.dataset,
            num_images=config.num_images,
            image_size=config.image_size,
            seed=config.seed,
            folder=images,
            fingerprint=config.data_fingerprint if images else "",
            progress=lambda done, total: log.say("loading_data", done, total),
        )
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    log.facts |= {
        "split_sizes": {name: len(part.labels) for name, part in parts.items()},
        "class_names": list(data.class_names),
        "left_out": list(data.left_out),
    }

    log.say("loading_model")
    with log.timed("model"):
        backbone = model.first_backbone(
            config, lambda done, total: log.say("loading_model", done, total)
        )
        runner = PhaseRunner(log, writer, backbone, data)
    for phase in config.phases:
        runner.run(phase)

    log.say("evaluating")
    with log.timed("test"):
        test = runner.test()
    log.say("storing")
    writer.evaluation(test_answers.answers(data.test, test.logits))
    writer.test_images(test_answers.picture(data.test.images))
    num_test = log.facts["split_sizes"]["test"]
    model_bytes = stored_model.save(
        writer.folder / "model", backbone, runner.head, runner.changed_layers()
    )
    return log.result(
        "finished",
        test_loss=test.loss,
        test_accuracy=test.accuracy,
        test_correct=test.correct,
        test_interval_95=list(intervals.wilson_interval(test.correct, num_test)),
        model_bytes=model_bytes,
    )
