"""The phases of a run: train the head, thaw, train on."""

import hashlib
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lib.core import backbones, datasets, freezing, heads, strategies
from lib.core.freezing import FreezePlan
from lib.core.images import split_shift
from lib.core.lab.store import RunWriter
from lib.core.network.step_cost import multiply_adds
from lib.core.runs import EpochRecord, Phase
from lib.training import model
from lib.training.engine import prefix
from lib.training.engine.run_log import RunLog
from lib.training.engine.steps import Examples, PhaseTrainer, Prepare, Score, make_optimizer
from lib.training.network import stored_model
from lib.training.network.head import build_head, build_pooling
from lib.training.sources import feature_cache
from lib.training.sources.augmentation import build_augmentation
from lib.training.sources.pipeline import LoadedData

# A training step next to a forward pass of the same layers: one pass forward, two and more
# backward. Only for the time left before the first fine-tuning epoch has been measured.
STEP_TO_FORWARD = 3.0
# Making the graphs of a later phase takes about this long.
TRACING_S = 1.0

HEAD = "head"
# Of each split, for the measurement of their difference.
MAX_SHIFT_IMAGES = 400
# A bias that starts at zero has no length to compare with.
SMALLEST_NORM = 1e-12
Weights = dict[str, list[npt.NDArray[np.float32]]]


class PhaseRunner:
    """Takes one fresh backbone and a new head through the phases of a run.

    Args:
        log: The run's clock and reports.
        writer: The run folder; gets a line an epoch.
        backbone: Fresh, with its first weights.
        data: The images.
        use_prefix: False trains the whole graph from the image at every step, which takes
            longer and gives the same numbers (tests/oracle/test_identity.py).
        plan: What is frozen while fine-tuning, where it is not what the strategy says.
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
        self.head_spec = heads.HeadSpec(
            pooling=config.pooling,
            hidden_units=config.hidden_units,
            dropout=config.dropout,
            outputs=heads.outputs_for(len(data.class_names)),
        )
        self.pool = build_pooling(self.head_spec, feature_shape)
        self.head = build_head(self.head_spec, feature_shape, seed=config.seed)
        self._given_plan = plan
        # What no phase thaws; augmented images are new every time, so nothing is known of them.
        self._always_frozen = frozenset.intersection(
            *(self._plan(phase).frozen for phase in config.phases)
        )
        self._frozen_part_once = use_prefix and not config.augmentation
        self.cut: tuple[str, ...] = (self.layers[0].name,)
        if self._frozen_part_once:
            self.cut = freezing.frontier(self.layers, FreezePlan(self._always_frozen))
        self.parts = prefix.split(backbone, self.cut)
        self.first_weights = self._now = self._weights()
        self.weights_digest = log.facts["weights_sha256"] = _digest(self.first_weights)
        self._augment = build_augmentation(config.seed) if config.augmentation else None
        self._crossing: dict[str, prefix.Tensors] = {}
        self._epoch = 0
        self._order = np.random.default_rng(config.seed)
        self._suffix_s_per_image: float | None = None
        self._last: tuple[Phase, PhaseTrainer] | None = None

    def _plan(self, phase: Phase) -> FreezePlan:
        """What is frozen during a phase."""
        if phase.name == "feature_extraction":
            return FreezePlan.all(self.layers)
        if self._given_plan is not None:
            return self._given_plan
        config = self.config
        return strategies.final_plan(
            config.strategy, self.layers, phase.thaw_from, config.batch_norm
        )

    # --- Tensors that stay the same -----------------------------------------

    def _fetch(
        self,
        split: str,
        what: str,
        inputs: Callable[[], prefix.Tensors],
        forward: Callable[[], prefix.FrozenForward],
        work: int = 1,
    ) -> feature_cache.Features:
        """Outputs of frozen layers for every image of a split, from disk where they are.

        What they are made from is asked for only where they are not. `work` is that of one image.
        """
        images = getattr(self.data, split).images
        identity: dict[str, object] = {
            "weights": self.weights_digest,
            "images": hashlib.sha256(np.ascontiguousarray(images).data).hexdigest(),
            "shape": images.shape,
            "what": what,
            "version": self.config.training_version,
        }
        if datasets.is_own(self.config.dataset):
            # Whoever has the same images is not to learn it from how fast a run is.
            identity["dataset"] = self.config.dataset

        def compute(tensors: prefix.Tensors) -> prefix.Tensors:
            with self.log.timed("features"):
                return forward()(
                    tensors, lambda done: self.log.say("computing_features", done, len(images))
                )

        return feature_cache.fetch(identity, inputs, compute, work)

    @cached_property
    def _prefix_forward(self) -> prefix.FrozenForward:
        return prefix.FrozenForward(self.parts.prefix, self._always_frozen)

    @cached_property
    def _pooled_forward(self) -> prefix.FrozenForward:
        return prefix.FrozenForward(self._rest(self.pool), self._always_frozen)

    @cached_property
    def _suffix_multiply_adds(self) -> int:
        """Of one image, from the cut through the rest of the backbone; 1 where nothing is left."""
        done = {layer.name for layer in self.parts.prefix.layers} if self.parts.prefix else set()
        return sum(multiply_adds(row) for row in self.layers if row.name not in done) or 1

    def _at_the_cut(self, split: str) -> prefix.Tensors:
        """What crosses from the frozen prefix: the image itself where nothing is frozen.

        Images that will be augmented are left as they are, 0 to 255.
        """
        if split not in self._crossing:
            images = getattr(self.data, split).images
            if self._augment:
                return (images,)
            spec = backbones.get(self.config.backbone)

            def preprocessed() -> prefix.Tensors:
                return (spec.preprocessing.apply(images),)

            if self.parts.prefix is None:
                self._crossing[split] = preprocessed()
            else:
                self._crossing[split] = self._fetch(
                    split, ",".join(self.cut), preprocessed, lambda: self._prefix_forward
                ).tensors
        return self._crossing[split]

    def _pooled(self, split: str) -> prefix.Tensors:
        """The vector a frozen backbone makes of each image, shape (images, channels)."""
        features = self._fetch(
            split,
            f"pooled:{self.config.pooling}",
            lambda: self._at_the_cut(split),
            lambda: self._pooled_forward,
            self._suffix_multiply_adds,
        )
        # Another run may have made them, from a cut that left it more or less to compute.
        seconds = features.compute_s * self._suffix_multiply_adds / features.work
        # The first split carries the tracing, so the quickest tells what an image takes.
        per_image = seconds / len(features.tensors[0])
        self._suffix_s_per_image = min(per_image, self._suffix_s_per_image or per_image)
        return features.tensors

    def _rest(self, top: keras.Model) -> keras.Model:
        """From the tensors at the cut, through what is left of the backbone, through `top`."""
        suffix = self.parts.suffix
        if suffix is None:
            return top
        inputs = prefix.packed(
            [keras.Input(tensor.shape[1:], dtype=tensor.dtype) for tensor in suffix.inputs]
        )
        # What the tutorials do. In Keras 3 the outer call's `training` overrides it.
        tutorial = {"training": False} if self.config.batch_norm == "tutorial" else {}
        return keras.Model(inputs, top(suffix(inputs, **tutorial)))

    def _examples(self, split: str, phase: Phase) -> Examples:
        tensors = self._pooled(split) if self._is_head_only(phase) else self._at_the_cut(split)
        return Examples.make(tensors, getattr(self.data, split).labels)

    # --- Training -----------------------------------------------------------

    def _is_head_only(self, phase: Phase) -> bool:
        """True where the vectors of the frozen backbone are known before the phase begins."""
        return phase.name == "feature_extraction" and self._frozen_part_once

    def _prepare(self) -> Prepare:
        """From a batch of examples to the input of the model."""
        augment, spec = self._augment, backbones.get(self.config.backbone)
        if augment is None:
            return lambda tensors, training: prefix.packed(tensors)

        def prepare(tensors: Sequence[tf.Tensor], training: bool) -> tf.Tensor:
            images = tf.cast(tensors[0], tf.float32)
            return model.preprocess(augment(images) if training else images, spec)

        return prepare

    def _start(self, phase: Phase) -> PhaseTrainer:
        """Freeze and thaw, then make what `compile` makes: an optimizer and new graphs."""
        model.apply_freeze_plan(self.backbone, self._plan(phase))
        live, infer = self.head, None
        if not self._is_head_only(phase):
            live = self._rest(keras.Sequential([self.pool, self.head]))
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
        self.log.facts["params"][phase.key] = self._params()
        return trainer

    def _infer(self, batch: Any) -> tf.Tensor:
        """Logits in inference mode, by the graph that makes vectors of a frozen backbone."""
        (pooled,) = self._pooled_forward.of_batch(batch)
        return self.head(pooled, training=False)

    def _optimizer(self, phase: Phase) -> keras.optimizers.Optimizer:
        """One for everything, or one for the head and a slower one for the backbone."""
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
        """Train one phase and write its epochs."""
        train, validation = (self._examples(split, phase) for split in ("train", "validation"))
        if self._is_head_only(phase):
            self._note_shift(train, validation)
        trainer = self._start(phase)
        before = self._now
        num_batches = trainer.num_batches(len(train))
        val_losses: list[float] = []
        durations: list[float] = []
        batch_ends: list[float] = []

        def step(done: int) -> None:
            batch_ends.append(time.monotonic())
            self.log.say("training", done, num_batches)

        with self.log.timed(phase.key):
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
                self.log.say(
                    "training",
                    0,
                    num_batches,
                    epoch=asdict(record),
                    seconds_left=self._seconds_left(phase, durations, batch_ends),
                )
            # As the validation images are judged: without dropout, with the stored statistics.
            again = trainer.evaluate(train)
        self.log.facts["train_evaluated"][phase.key] = {
            "loss": again.loss,
            "accuracy": again.accuracy,
        }
        if len(durations) < phase.num_epochs:
            self.log.facts.setdefault("stopped_early", {})[phase.key] = self._epoch
        self._now = self._weights()
        self._note_what_moved(phase, before, self._now)
        if phase != self.config.phases[-1]:
            stored_model.save(
                self.writer.folder / "model",
                self.backbone,
                self.head,
                self.changed_layers(),
                phase.key,
            )

    def _note_shift(self, train: Examples, validation: Examples) -> None:
        """How well training and validation images are told apart: 0.5 where not at all."""
        vectors = [
            # Evenly chosen: more would cost seconds and say the same.
            examples.tensors[0].numpy()[:: -(-len(examples) // MAX_SHIFT_IMAGES)]
            for examples in (train, validation)
        ]
        if min(map(len, vectors)) >= split_shift.MIN_IMAGES:
            found = asdict(split_shift.separability(*vectors))
            counts = zip(("num_train", "num_validation"), map(len, vectors), strict=True)
            self.log.facts["shift"] = found | dict(counts)

    def _note_what_moved(self, phase: Phase, before: Weights, after: Weights) -> None:
        """How far each layer's weights and statistics moved: 0 for frozen ones, exactly."""
        kinds = {
            row.name: [weight.trainable for weight in row.weights]
            for row in self.layers
            if row.weights
        } | {HEAD: [True] * len(before[HEAD])}
        for fact, trainable in (("moved", True), ("moved_statistics", False)):
            self.log.facts[fact][phase.key] = {
                name: _relative_change(
                    *(
                        [a for a, t in zip(w[name], kind, strict=True) if t is trainable]
                        for w in (before, after)
                    )
                )
                for name, kind in kinds.items()
                if trainable in kind
            }

    def _stops_early(self, val_losses: Sequence[float]) -> bool:
        """True once the validation loss has not fallen for as many epochs as was asked for."""
        patience = self.config.early_stopping
        if not patience or len(val_losses) <= patience:
            return False
        return min(val_losses[-patience:]) >= min(val_losses[:-patience])

    def test(self) -> Score:
        """Score the test images, once, with the weights of the last epoch."""
        if self._last is None:
            raise RuntimeError("A run is tested after its phases.")
        phase, trainer = self._last
        return trainer.evaluate(self._examples("test", phase))

    def changed_layers(self) -> frozenset[str]:
        """Backbone layers that are no longer what they were before the run."""
        return frozenset(
            name
            for name, first in self.first_weights.items()
            if name != HEAD
            and any(
                not np.array_equal(old, new)
                for old, new in zip(first, self._now[name], strict=True)
            )
        )

    def _seconds_left(
        self, phase: Phase, durations: Sequence[float], batch_ends: Sequence[float]
    ) -> float | None:
        """An estimate of what this phase and the later ones will take; None without a clue."""
        sizes = self.log.facts["split_sizes"]
        passes = STEP_TO_FORWARD * sizes["train"] + sizes["validation"]
        per_epoch = statistics.median(durations[1:] or durations)
        steps = [later - earlier for earlier, later in itertools.pairwise(batch_ends)]
        if len(durations) == 1 and steps:
            # The first epoch carries the tracing, and says nothing of the others but its steps.
            in_training = statistics.median(steps) * len(batch_ends)
            per_epoch = in_training * passes / (passes - sizes["validation"])
        left = (phase.num_epochs - len(durations)) * per_epoch
        phases = self.config.phases
        for later in phases[phases.index(phase) + 1 :]:
            if self._suffix_s_per_image is None:
                return None
            left += TRACING_S + later.num_epochs * passes * self._suffix_s_per_image
        return round(left, 1)

    def _weights(self) -> Weights:
        """A copy of every weight: of the backbone's layers by name, and of the head."""
        named = {layer.name: layer.get_weights() for layer in self.backbone.layers}
        return named | {HEAD: self.head.get_weights()}

    def _params(self) -> dict[str, int]:
        """The three lines of `model.summary()` for backbone and head, from live Keras."""
        parts = (self.backbone, self.head)
        total = sum(part.count_params() for part in parts)
        trainable = sum(
            int(np.prod(weight.shape)) for part in parts for weight in part.trainable_weights
        )
        return {"total": total, "trainable": trainable, "non_trainable": total - trainable}


def _digest(weights: Weights) -> str:
    """What identifies a backbone's weights; the head has no part in features."""
    digest = hashlib.sha256()
    for name in sorted(set(weights) - {HEAD}):
        for array in weights[name]:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _relative_change(
    before: Sequence[npt.NDArray[np.float32]], after: Sequence[npt.NDArray[np.float32]]
) -> float:
    """|after - before| / |before| over several arrays as one; exactly 0 where none changed."""
    old, new = (
        np.concatenate([array.ravel() for array in arrays]).astype(np.float64)
        for arrays in (before, after)
    )
    return float(np.linalg.norm(new - old) / max(float(np.linalg.norm(old)), SMALLEST_NORM))
