"""The phases of a run: train the head, thaw, train on."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lib.core import backbones, heads, strategies
from lib.core.freezing import FreezePlan
from lib.core.lab.folder import RunWriter
from lib.core.runs import EpochRecord, Phase
from lib.training import model
from lib.training.engine import measuring, prefix
from lib.training.engine.features import Features
from lib.training.engine.run_log import RunLog
from lib.training.engine.steps import Examples, PhaseTrainer, Prepare, Score, make_optimizer
from lib.training.network import stored_model
from lib.training.network.head import build_head, build_pooling
from lib.training.sources.augmentation import build_augmentation
from lib.training.sources.pipeline import LoadedData


class PhaseRunner:
    """Trains a fresh backbone and a new head through the phases of a run.

    Args:
        log: Log of the run.
        writer: Writer of the run folder; it gets one record for each epoch.
        backbone: Fresh backbone with its initial weights.
        use_prefix: If False, every step runs the whole graph from the image, which takes longer and
            gives the same numbers within rounding (tests/oracle/test_identity.py).
        plan: Freeze plan for fine-tuning, if it differs from that of the strategy.
    """

    def __init__(
        self,
        log: RunLog,
        writer: RunWriter,
        backbone: keras.Model,
        data: LoadedData,
        *,
        use_prefix: bool = True,
        plan: FreezePlan | None = None,
    ) -> None:
        self.config = config = log.config
        self.log, self.writer, self.backbone, self.data = log, writer, backbone, data
        self.layers = backbones.load_layer_table(config.backbone, config.image_size)
        feature_shape = self.layers[-1].output_shape
        head_spec = heads.HeadSpec(
            pooling=config.pooling,
            hidden_units=config.hidden_units,
            dropout=config.dropout,
            outputs=heads.outputs_for(len(data.class_names)),
        )
        self.pool = build_pooling(head_spec, feature_shape)
        self.head = build_head(head_spec, feature_shape, seed=config.seed)
        self.first_weights = self._now = measuring.weights(backbone, self.head)
        log.facts["weights_sha256"] = measuring.digest(self.first_weights)
        self._given_plan = plan
        self._always_frozen = frozenset.intersection(
            *(self._plan(phase).frozen for phase in config.phases)
        )
        # Augmented images differ in every epoch, so features cannot be cached.
        self._frozen_part_once = use_prefix and not config.augmentation
        self.features = Features(
            log, backbone, self.pool, data, self._always_frozen, self._frozen_part_once
        )
        self._augment = build_augmentation(config.seed) if config.augmentation else None
        self._epoch = 0
        self._order = np.random.default_rng(config.seed)
        self._last: tuple[Phase, PhaseTrainer] | None = None

    def _plan(self, phase: Phase) -> FreezePlan:
        """The freeze plan of a phase."""
        if self._given_plan is not None and phase.name != "feature_extraction":
            return self._given_plan
        config = self.config
        return strategies.phase_plan(
            phase.name, config.strategy, self.layers, phase.thaw_from, config.batch_norm
        )

    def _examples(self, split: str, phase: Phase) -> Examples:
        features = self.features
        of = features.pooled if self._is_head_only(phase) else features.at_the_cut
        return Examples.make(of(split), getattr(self.data, split).labels)

    def _is_head_only(self, phase: Phase) -> bool:
        """True if the phase trains only the head, on precomputed features."""
        return phase.name == "feature_extraction" and self._frozen_part_once

    def _prepare(self) -> Prepare:
        """The function from a batch of examples to the input of the model."""
        augment, spec = self._augment, backbones.get(self.config.backbone)
        if augment is None:
            return lambda tensors, training: prefix.packed(tensors)

        def prepare(tensors: Sequence[tf.Tensor], training: bool) -> tf.Tensor:
            images = tf.cast(tensors[0], tf.float32)
            return model.preprocess(augment(images) if training else images, spec)

        return prepare

    def _start(self, phase: Phase) -> PhaseTrainer:
        """Apply the freeze plan, then do the work of `compile`: new optimizer and new graphs."""
        model.apply_freeze_plan(self.backbone, self._plan(phase))
        live, infer = self.head, None
        if not self._is_head_only(phase):
            live = self.features.rest(keras.Sequential([self.pool, self.head]))
            infer = self._infer
        trainer = PhaseTrainer(
            live,
            self._optimizer(phase),
            batch_size=self.config.batch_size,
            prepare=self._prepare(),
            infer=infer,
            fixed=self._always_frozen,
        )
        self._last = phase, trainer
        self.log.facts["params"][phase.key] = measuring.params(self.backbone, self.head)
        return trainer

    def _infer(self, batch: Any) -> tf.Tensor:
        """Logits in inference mode, with the existing graph for pooled features."""
        (pooled,) = self.features.pooled_forward.of_batch(batch)
        return self.head(pooled, training=False)

    def _optimizer(self, phase: Phase) -> keras.optimizers.Optimizer:
        """One optimizer for all weights, or separate ones for head and backbone."""
        name, factor = self.config.optimizer, self.config.head_rate_factor
        for_backbone = make_optimizer(name, phase.learning_rate)
        if phase.name != "fine_tuning" or factor == 1:
            return for_backbone
        for_head = make_optimizer(name, phase.learning_rate * factor)
        of_head = {id(variable) for variable in self.head.trainable_variables}
        return keras.optimizers.MultiOptimizer(
            lambda variable: for_head if id(variable) in of_head else for_backbone
        )

    def run(self, phase: Phase) -> None:
        """Train one phase, and write its epochs."""
        facts, before = self.log.facts, self._now
        train, validation = (self._examples(split, phase) for split in ("train", "validation"))
        if self._is_head_only(phase) and (shift := measuring.shift(train, validation)):
            facts["shift"] = shift
        trainer = self._start(phase)
        with self.log.timed(phase.key):
            num_epochs = self._train(phase, trainer, train, validation)
            # Evaluated like the validation images: without dropout, with moving statistics.
            again = trainer.evaluate(train)
        facts["train_evaluated"][phase.key] = {"loss": again.loss, "accuracy": again.accuracy}
        if num_epochs < phase.num_epochs:
            facts.setdefault("stopped_early", {})[phase.key] = self._epoch
        self._now = measuring.weights(self.backbone, self.head)
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
        """Train the epochs of a phase, write and report each; return their number."""
        num_batches = trainer.num_batches(len(train))
        left = self.config.phases[self.config.phases.index(phase) :]
        val_losses: list[float] = []
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
        return len(durations)

    def _stops_early(self, val_losses: Sequence[float]) -> bool:
        """True once the validation loss has not improved for `early_stopping` epochs."""
        patience = self.config.early_stopping
        if not patience or len(val_losses) <= patience:
            return False
        return min(val_losses[-patience:]) >= min(val_losses[:-patience])

    def test(self) -> Score:
        """Evaluate the test images once, with the weights of the last epoch."""
        if self._last is None:
            raise RuntimeError("A run is tested after its phases.")
        phase, trainer = self._last
        return trainer.evaluate(self._examples("test", phase))

    def changed_layers(self) -> frozenset[str]:
        """Names of the backbone layers that the run has changed."""
        return measuring.changed_layers(self.first_weights, self._now)
