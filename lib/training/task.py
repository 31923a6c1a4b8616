"""One training run, from configuration to run folder: what a worker runs."""

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

    A run that is already finished in the store is reported again and not trained again.

    Args:
        report: Called with events as lib.core.lab.progress reads them, the last one an end.
        store: Where runs are kept; the one under THAW_HOME where None.
        cancelled: Asked after every batch; the run stops once it answers True.
        images: Folder with one folder of images a class; uploaded ones are found without.
        folder: Run folder, where it is not to be in the store.

    Returns:
        The run as its folder tells it, finished or cancelled.

    Raises:
        ThawError: If the run cannot be done; its folder and the last event say why.
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
            with suppress(StoreError):  # The first problem is the one to tell.
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
    """Keep nothing that shows images which their reader has deleted while the run went on."""
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
