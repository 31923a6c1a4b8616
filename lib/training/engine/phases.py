"""The phases of a run: train the head, thaw, train on."""

import time
from collections.abc import Sequence
from dataclasses import asdict

import keras
import numpy as np

from lib.core.lab.folder import RunWriter
from lib.core.reading import watched
from lib.core.runs import EpochRecord, Phase
from lib.training.engine import cross_validation, measuring, solving, test_answers
from lib.training.engine.cross_validation import Judged
from lib.training.engine.features import Features
from lib.training.engine.network import Network
from lib.training.engine.run_log import RunLog
from lib.training.engine.steps import Examples, PhaseTrainer, Score, predicted_classes
from lib.training.network import stored_model
from lib.training.sources.pipeline import LoadedData


class PhaseRunner:
    """Trains a backbone and its head through the phases of a run.

    Args:
        log: Log of the run.
        writer: Writer of the run folder; it gets one record for each epoch.
        network: The network of the run, with its initial weights.
        data: The images of the run.
    """

    def __init__(self, log: RunLog, writer: RunWriter, network: Network, data: LoadedData) -> None:
        self.config, self.log, self.writer = log.config, log, writer
        self.network, self.backbone, self.head = network, network.backbone, network.head
        self.data, self.layers = data, network.layers
        self.first_weights = self._now = network.first_weights
        log.facts["weights_sha256"] = network.weights_sha256
        self.features = Features(log, network, data)
        self._solves = self.config.head_solver == "solved"
        self._epoch = 0
        self._order = np.random.default_rng(self.config.seed)
        self._last: tuple[Phase, PhaseTrainer] | None = None
        # Of a cross-validated run: the answers of heads that were not fitted to the images.
        self.judged: Judged | None = None
        # There, no image is only a validation image.
        apart = () if self.config.is_cross_validated else data.validation.labels
        self._watched = watched.choose(apart)
        if len(self._watched):
            writer.watched_images(test_answers.picture(data.validation.images[self._watched]))

    def _start(self, phase: Phase) -> PhaseTrainer:
        """Apply the freeze plan, and set the optimizer to its first state."""
        # A solved head may have chosen its own penalty.
        trainer = self.network.trainer(phase, self.log.facts.get("l2", self.config.l2))
        self._last = phase, trainer
        self.log.facts["params"][phase.key] = measuring.params(self.backbone, self.head)
        return trainer

    def run(self, phase: Phase) -> None:
        """Train one phase, and write its epochs."""
        facts, before = self.log.facts, self._now
        train, validation = (
            self.features.examples(split, phase) for split in ("train", "validation")
        )
        trainer = self._start(phase)
        solved = phase.name == "feature_extraction" and self._solves
        try:
            with self.log.timed(phase.key):
                if solved:
                    num_epochs = self._solve(phase, train, validation)
                else:
                    num_epochs = self._train(phase, trainer, train, validation)
                # Evaluated like the validation images: without dropout, with moving statistics.
                again = trainer.evaluate(train)
        finally:  # Not before the first epoch, for which a reader waits.
            # In a cross-validated run, training and validation images are the same.
            comparable = self.network.is_head_only(phase) and not self.config.is_cross_validated
            if comparable and (shift := measuring.shift(train, validation)):
                facts["shift"] = shift
        facts["train_evaluated"][phase.key] = {"loss": again.loss, "accuracy": again.accuracy}
        if num_epochs < phase.num_epochs and not solved:
            facts.setdefault("stopped_early", {})[phase.key] = self._epoch
        self._now = self.network.weights()
        for fact, trainable in (("moved", True), ("moved_statistics", False)):
            facts[fact][phase.key] = measuring.moved(
                self.layers, before, self._now, trainable=trainable
            )
        if phase != self.config.phases[-1]:
            folder = self.writer.folder / "model"
            stored_model.save(folder, self.backbone, self.head, self.changed_layers(), phase.key)

    def _train(
        self, phase: Phase, trainer: PhaseTrainer, train: Examples, validation: Examples
    ) -> int:
        """Train the epochs of a phase, write and report each; return their number.

        Where the run asks for it, the weights of the epoch with the lowest validation loss are
        restored at the end, as by `keras.callbacks.EarlyStopping(restore_best_weights=True)`.
        """
        num_batches = trainer.num_batches(len(train))
        left = self.config.phases[self.config.phases.index(phase) :]
        val_losses: list[float] = []
        parts = self._changeable(phase)
        best: list[list[np.ndarray]] = []
        best_epoch = 0
        durations: list[float] = []
        batch_ends: list[float] = []

        def step(done: int) -> None:
            batch_ends.append(time.monotonic())
            self.log.say("training", done, num_batches)

        while len(durations) < phase.num_epochs and not self._stops_early(val_losses):
            self.log.say("training", 0, num_batches)
            started = time.monotonic()
            score = trainer.train_epoch(train, self._order.permutation(len(train)), step)
            val_score = trainer.evaluate(validation)
            durations.append(time.monotonic() - started)
            val_losses.append(val_score.loss)
            self._epoch += 1
            if self.config.restore_best_weights and val_score.loss == min(val_losses):
                best, best_epoch = [part.get_weights() for part in parts], self._epoch
            record = EpochRecord(
                epoch=self._epoch,
                phase=phase.name,
                loss=score.loss,
                accuracy=score.accuracy,
                val_loss=val_score.loss,
                val_accuracy=val_score.accuracy,
                learning_rate=phase.learning_rate,
                wall_time_s=round(durations[-1], 4),
                step=phase.step,
                right=self._right(val_score),
            )
            self.writer.add(record)
            seconds_left = measuring.seconds_left(
                left,
                self.log.facts["split_sizes"],
                durations,
                batch_ends,
                self.features.seconds_per_image,
            )
            self.log.say(
                "training", 0, num_batches, epoch=asdict(record), seconds_left=seconds_left
            )
        if best and best_epoch != self._epoch:
            for part, kept in zip(parts, best, strict=True):
                part.set_weights(kept)
            self.log.facts.setdefault("restored", {})[phase.key] = best_epoch
        return len(durations)

    def _changeable(self, phase: Phase) -> list[keras.layers.Layer]:
        """The head, and the layers of the backbone that a phase can change."""
        if self.network.is_head_only(phase):
            return [self.head]
        # Reading all layers after every epoch would take as long as an epoch of the head.
        fixed = self.network.always_frozen
        return [self.head, *(each for each in self.backbone.layers if each.name not in fixed)]

    def _solve(self, phase: Phase, train: Examples, validation: Examples) -> int:
        """Solve the head, write and report each pass over the images; return their number."""
        seed, num_classes = self.config.seed, len(self.data.class_names)
        found = solving.solve(
            solving.Images.of(train),
            None if self.config.is_cross_validated else solving.Images.of(validation),
            num_classes,
            l2=self.config.l2,
            seed=seed,
            say=lambda done, total: self.log.say("solving", done, total),
            watch=self._watched.tolist(),
        )
        self.head.set_weights([found.head.kernel, found.head.bias])
        self.log.facts["l2"] = found.l2
        self.judged = found.judged
        for each in found.passes:
            self._epoch += 1
            record = EpochRecord(
                epoch=self._epoch,
                phase=phase.name,
                loss=each.loss,
                accuracy=each.accuracy,
                val_loss=each.val_loss,
                val_accuracy=each.val_accuracy,
                learning_rate=phase.learning_rate,
                wall_time_s=each.wall_time_s,
                right=each.right,
            )
            self.writer.add(record)
            self.log.say("training", 0, 1, epoch=asdict(record))
        return len(found.passes)

    def _right(self, validation: Score) -> str:
        """The answers for the watched images, as in EpochRecord."""
        said = predicted_classes(validation.logits[self._watched])
        return watched.in_digits(said, self.data.validation.labels[self._watched])

    def _stops_early(self, val_losses: Sequence[float]) -> bool:
        """True once the validation loss has not improved for `early_stopping` epochs."""
        patience = self.config.early_stopping
        if not patience or len(val_losses) <= patience:
            return False
        return min(val_losses[-patience:]) >= min(val_losses[:-patience])

    def test(self) -> Score:
        """Evaluate the test images once, with the weights that the run ends with.

        In a cross-validated run, the answers are those of the heads that were not fitted to them.
        """
        if self.judged is not None:
            self.log.facts["cross_validation"] = cross_validation.as_json(self.judged)
            return cross_validation.score(self.judged)
        if self._last is None:
            raise RuntimeError("A run is tested after its phases.")
        phase, trainer = self._last
        return trainer.evaluate(self.features.examples("test", phase))

    def changed_layers(self) -> frozenset[str]:
        """Names of the backbone layers that the run has changed."""
        changed = measuring.changed_layers(self.first_weights, self._now)
        self.network.is_intact &= changed.isdisjoint(self.network.always_frozen)
        return changed
