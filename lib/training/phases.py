"""The phases of a run: train the head, thaw, train on."""

import hashlib
import statistics
import time
from dataclasses import asdict
from functools import cached_property

import keras
import numpy as np
import numpy.typing as npt

from lib.core import backbones, freezing, heads, strategies
from lib.core.runs import EpochRecord, Phase, RunWriter
from lib.training import feature_cache, model, prefix
from lib.training.head import build_head, build_pooling
from lib.training.loop import Examples, PhaseTrainer, Score
from lib.training.pipeline import LoadedData
from lib.training.run_log import RunLog

# A training step next to a forward pass of the same layers: one pass forward, about two
# backward. Only for the time left before the first fine-tuning epoch has been measured.
STEP_TO_FORWARD = 3.5

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
    """

    def __init__(
        self,
        log: RunLog,
        writer: RunWriter,
        backbone: keras.Model,
        data: LoadedData,
        *,
        use_prefix: bool = True,
    ) -> None:
        self.config = config = log.config
        self.log, self.writer, self.backbone, self.data = log, writer, backbone, data
        layers = backbones.load_layer_table(config.backbone, config.image_size)
        feature_shape = layers[-1].output_shape
        self.head_spec = heads.HeadSpec(outputs=heads.outputs_for(len(data.class_names)))
        self.pool = build_pooling(self.head_spec, feature_shape)
        self.head = build_head(self.head_spec, feature_shape, seed=config.seed)
        self.all_frozen = freezing.FreezePlan.all(layers)
        self.final_plan = strategies.final_plan(
            config.strategy, layers, config.thaw_from, config.batch_norm
        )
        self.cut: tuple[str, ...] = (layers[0].name,)
        if use_prefix:
            self.cut = freezing.frontier(layers, self.final_plan)
        self.parts = prefix.split(backbone, self.cut)
        self.first_weights = self._weights()
        self.weights_digest = _digest(self.first_weights)
        self._crossing: dict[str, prefix.Tensors] = {}
        self._epoch = 0
        self._order = np.random.default_rng(config.seed)
        self._suffix_s_per_image: float | None = None
        self._trainer: PhaseTrainer | None = None

    # --- Tensors that stay the same -----------------------------------------

    def _fetch(
        self, split: str, what: str, inputs: prefix.Tensors, forward: prefix.FrozenForward
    ) -> feature_cache.Features:
        """Outputs of frozen layers for every image of a split, from disk where they are."""
        config = self.config
        identity: dict[str, object] = {
            "weights": self.weights_digest,
            "data": config.data_fingerprint,
            "split": split,
            # Validation and test images are the same for every run on a dataset.
            "chosen": [config.num_images, config.seed] if split == "train" else None,
            "image_size": config.image_size,
            "what": what,
            "version": config.training_version,
        }

        def compute() -> prefix.Tensors:
            num_images = len(inputs[0])
            with self.log.timed("features"):
                return forward(
                    inputs, lambda done: self.log.say("computing_features", done, num_images)
                )

        return feature_cache.fetch(identity, compute)

    @cached_property
    def _prefix_forward(self) -> prefix.FrozenForward:
        return prefix.FrozenForward(self.parts.prefix)

    @cached_property
    def _pooled_forward(self) -> prefix.FrozenForward:
        return prefix.FrozenForward(self._rest(self.pool))

    def _at_the_cut(self, split: str) -> prefix.Tensors:
        """What crosses from the frozen prefix: the image itself where nothing is frozen."""
        if split not in self._crossing:
            spec = backbones.get(self.config.backbone)
            tensors: prefix.Tensors = (spec.preprocessing.apply(getattr(self.data, split).images),)
            if self.parts.prefix is not None:
                what = ",".join(self.cut)
                tensors = self._fetch(split, what, tensors, self._prefix_forward).tensors
            self._crossing[split] = tensors
        return self._crossing[split]

    def _pooled(self, split: str) -> prefix.Tensors:
        """The vector a frozen backbone makes of each image, shape (images, channels)."""
        crossing = self._at_the_cut(split)
        features = self._fetch(split, "pooled", crossing, self._pooled_forward)
        if self.parts.suffix is not None:
            self._suffix_s_per_image = features.compute_s / len(crossing[0])
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

    def _examples(self, split: str, phase_name: str) -> Examples:
        tensors = (
            self._pooled(split) if phase_name == "feature_extraction" else self._at_the_cut(split)
        )
        return Examples.make(tensors, getattr(self.data, split).labels)

    # --- Training -----------------------------------------------------------

    def run(self, phase: Phase) -> None:
        """Train one phase and write its epochs."""
        head_only = phase.name == "feature_extraction"
        train, validation = (self._examples(s, phase.name) for s in ("train", "validation"))
        model.apply_freeze_plan(self.backbone, self.all_frozen if head_only else self.final_plan)
        live = self.head if head_only else self._rest(keras.Sequential([self.pool, self.head]))
        # A new optimizer and new graphs: what `compile` does after `trainable` has changed.
        self._trainer = trainer = PhaseTrainer(live, phase.learning_rate, self.config.batch_size)
        self._trained_on = phase.name
        self.log.facts["params"][phase.name] = self._params()
        before = self._weights()
        num_batches = trainer.num_batches(len(train))
        durations: list[float] = []

        def step(done: int) -> None:
            self.log.say("training", done, num_batches)

        with self.log.timed(phase.name):
            for epoch_of_phase in range(phase.num_epochs):
                step(0)
                started = time.monotonic()
                score = trainer.train_epoch(train, self._order.permutation(len(train)), step)
                val_score = trainer.evaluate(validation)
                durations.append(time.monotonic() - started)
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
                )
                self.writer.add(record)
                self.log.say(
                    "training",
                    0,
                    num_batches,
                    epoch=asdict(record),
                    seconds_left=self._seconds_left(
                        phase, phase.num_epochs - epoch_of_phase - 1, durations
                    ),
                )
        self.log.facts["moved"][phase.name] = _moved(before, self._weights())

    def test(self) -> Score:
        """Score the test images, once, with the weights of the last epoch."""
        if self._trainer is None:
            raise RuntimeError("A run is tested after its phases.")
        return self._trainer.evaluate(self._examples("test", self._trained_on))

    def changed_layers(self) -> frozenset[str]:
        """Backbone layers that are no longer what they were before the run."""
        now = self._weights()
        return frozenset(
            layer.name
            for layer in self.backbone.layers
            if any(
                not np.array_equal(old, new)
                for old, new in zip(self.first_weights[layer.name], now[layer.name], strict=True)
            )
        )

    def _seconds_left(self, phase: Phase, epochs_left: int, durations: list[float]) -> float | None:
        # The first epoch of a phase carries the tracing and says little of the others.
        left = epochs_left * statistics.median(durations[1:] or durations)
        phases = self.config.phases
        for later in phases[phases.index(phase) + 1 :]:
            if self._suffix_s_per_image is None:
                return None
            sizes = self.log.facts["split_sizes"]
            passes = STEP_TO_FORWARD * sizes["train"] + sizes["validation"]
            left += later.num_epochs * passes * self._suffix_s_per_image
        return round(left, 1)

    def _weights(self) -> Weights:
        """A copy of every weight: of the backbone's layers by name, and of the head."""
        named = {layer.name: layer.get_weights() for layer in self.backbone.layers}
        return named | {"head": self.head.get_weights()}

    def _params(self) -> dict[str, int]:
        """The three lines of `model.summary()` for backbone and head, from live Keras."""
        parts = (self.backbone, self.head)
        total = sum(part.count_params() for part in parts)
        trainable = sum(
            int(np.prod(weight.shape)) for part in parts for weight in part.trainable_weights
        )
        return {
            "total": total,
            "trainable": trainable,
            "non_trainable": total - trainable,
        }


def _digest(weights: Weights) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        for array in weights[name] if name != "head" else []:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _moved(before: Weights, after: Weights) -> dict[str, float]:
    """How far each layer's weights moved: |after - before| / |before|, 0 for frozen ones.

    BN statistics count as weights here, because they decide what the layer does.
    """
    moved = {}
    for name, arrays in before.items():
        if not arrays:
            continue
        old = np.concatenate([array.ravel() for array in arrays]).astype(np.float64)
        new = np.concatenate([array.ravel() for array in after[name]]).astype(np.float64)
        moved[name] = float(np.linalg.norm(new - old) / max(float(np.linalg.norm(old)), 1e-12))
    return moved
