"""One training run, from configuration to run folder. Workers call this module."""

import lib.training.quick_keras  # noqa: F401 - before Keras

# isort: split
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tensorflow as tf

from lib.core import backbones, datasets, heads, intervals, runs, strategies
from lib.core.errors import ConfigError, StoreError, ThawError
from lib.core.lab import progress
from lib.core.lab.folder import BusyError, RunWriter, read_run, writing
from lib.core.lab.store import RunStore
from lib.core.runs import Run, TrainConfig
from lib.core.uploads import own_datasets, retention
from lib.training import model
from lib.training.engine import image_facts, network, preparing, test_answers
from lib.training.engine.network import Network
from lib.training.engine.phases import PhaseRunner
from lib.training.engine.run_log import CancelledError, Report, RunLog
from lib.training.network import stored_model, weights
from lib.training.sources import broken_data, pipeline, tfds
from lib.training.sources.pipeline import LoadedData

# Raised by Python, NumPy and TensorFlow if the operating system gives them no more memory.
OUT_OF_MEMORY = (MemoryError, tf.errors.ResourceExhaustedError)
# Between two looks whether another process still trains the same run.
SECONDS_BETWEEN_LOOKS = 0.2


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

    If the store already contains the finished run, its events are repeated without training. If
    another process trains it, this one waits until that has ended.

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
    log = RunLog(config, report, cancelled or (lambda: False))
    if folder is not None:
        with writing(folder):
            return _write(log, folder, images)
    store, id_ = store or RunStore(), runs.run_id(config)
    store.make_way(id_)
    try:
        with _in_turn(log, store.folder(id_)):
            known = store.trained(config)
            if known:
                _replay(known, report)
                return known
            return _write(log, store.folder(id_), images)
    except CancelledError:  # Before its turn came, so the folder is not its own.
        report({"state": "cancelled"})
        return Run(id_, config, (), {"status": "cancelled"}, store.folder(id_))


@contextmanager
def _in_turn(log: RunLog, folder: Path) -> Iterator[None]:
    """Be the only process that writes a run folder; wait while another does.

    Raises:
        CancelledError: If the run was cancelled meanwhile.
        StoreError: If it cannot be written.
    """
    waited = False
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(writing(folder))
                break
            except BusyError:
                waited = True
                log.say("starting", message=progress.ELSEWHERE, num_epochs=log.config.num_epochs)
                time.sleep(SECONDS_BETWEEN_LOOKS)
            except StoreError as error:
                log.report(
                    {"state": "failed", "message": error.message, "next_step": error.next_step}
                )
                raise
        if waited:
            log.say("starting", message="")
        yield


def _write(log: RunLog, folder: Path, images: Path | None) -> Run:
    """Train, and write the run folder; see `train`."""
    config, report = log.config, log.report
    writer = None
    try:
        writer = RunWriter(folder, log.asked)
        with model.quick_variables(), _memory_in_words():
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


@contextmanager
def _memory_in_words() -> Iterator[None]:
    try:
        yield
    except OUT_OF_MEMORY as error:
        raise ConfigError(
            "This run needs more memory than the machine has to give.",
            "Use smaller images, fewer of them, or global average pooling.",
        ) from error


def _forget_deleted(dataset: str) -> None:
    """Delete traces of images that their reader has deleted during the run."""
    if own_datasets.get(dataset) is None:
        retention.forget_traces([dataset])


def _replay(run: Run, report: Report) -> None:
    report({"state": "starting", "num_epochs": run.config.num_epochs})
    for record in run.history:
        report({"epoch": asdict(record)})
    report({"state": run.status})


def prepare(config: TrainConfig, cancelled: Callable[[], bool]) -> bool:
    """Do everything for a run that can be done before its first step, and keep it.

    Its images are decoded and the features of its frozen layers computed; both are then on disk.
    Its network is built, every graph traced and run once; it is then among the kept ones.

    Args:
        config: What is expected to be trained. Nothing is downloaded for it.
        cancelled: Called between parts that take a fraction of a second.

    Returns:
        True if everything is ready; False if it was cancelled, or if it cannot be prepared here.
    """
    if not _is_here(config):
        return False
    log = RunLog(config, lambda event: None, cancelled)
    try:
        with model.quick_variables():
            data = _load_data(log, None)
            mine = _network(log, data)
            with _kept_afterwards(mine):
                preparing.get_ready(log, mine, data)
    except (CancelledError, ThawError):
        return False
    finally:
        if datasets.is_own(config.dataset):
            _forget_deleted(config.dataset)
    return True


def _is_here(config: TrainConfig) -> bool:
    """True if a run needs no download."""
    pretrained = strategies.get(config.strategy).pretrained
    if pretrained and not weights.is_here(backbones.get(config.backbone), config.image_size):
        return False
    return datasets.is_own(config.dataset) or tfds.is_here(config.dataset)


def _load_data(log: RunLog, images: Path | None) -> LoadedData:
    config = log.config
    log.say("loading_data")
    with log.timed("data"):
        load = pipeline.load_whole if config.is_cross_validated else pipeline.load_data
        data = load(
            config.dataset,
            num_images=config.num_images,
            image_size=config.image_size,
            seed=config.seed,
            folder=images,
            fingerprint=config.data_fingerprint if images else "",
            progress=lambda done, total: log.say("loading_data", done, total),
        )
    data = broken_data.with_fault(data, config)
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    log.facts |= {
        "split_sizes": {name: len(part.labels) for name, part in parts.items()},
        "class_names": list(data.class_names),
        "left_out": list(data.left_out),
    }
    return data


def _network(log: RunLog, data: LoadedData) -> Network:
    log.say("loading_model")
    with log.timed("model"):
        return network.take(
            log.config,
            heads.outputs_for(len(data.class_names)),
            lambda done, total: log.say("loading_model", done, total),
        )


def _train(log: RunLog, writer: RunWriter, images: Path | None) -> dict[str, Any]:
    config = log.config
    log.say("starting", num_epochs=config.num_epochs)
    data = _load_data(log, images)
    mine = _network(log, data)
    with _kept_afterwards(mine):
        return _train_network(log, writer, mine, data)


@contextmanager
def _kept_afterwards(mine: Network) -> Iterator[None]:
    """Keep a network for later runs, unless something unexpected happens to it."""
    try:
        yield
    except CancelledError:  # Between two steps, where its variables can be set back.
        network.keep(mine)
        raise
    network.keep(mine)


def _train_network(
    log: RunLog, writer: RunWriter, mine: Network, data: LoadedData
) -> dict[str, Any]:
    with log.timed("model"):
        runner = PhaseRunner(log, writer, mine, data)
    for phase in log.config.phases:
        runner.run(phase)

    log.say("evaluating")
    with log.timed("test"):
        test = runner.test()
    log.say("storing")
    # Only now, because it looks at the test images.
    log.facts["images"] = image_facts.facts(data, log.config)
    writer.evaluation(test_answers.answers(data.test, test.logits))
    writer.test_images(test_answers.picture(data.test.images))
    num_test = log.facts["split_sizes"]["test"]
    model_bytes = stored_model.save(
        writer.folder / "model", mine.backbone, mine.head, runner.changed_layers()
    )
    return log.result(
        "finished",
        test_loss=test.loss,
        test_accuracy=test.accuracy,
        test_correct=test.correct,
        test_interval_95=list(intervals.wilson_interval(test.correct, num_test)),
        model_bytes=model_bytes,
    )
