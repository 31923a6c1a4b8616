"""A network built for runs: backbone, head and graphs, with weights that every run sets anew.

Building the layers of a backbone and tracing its graphs takes longer than ten epochs of the head. A
run needs fresh weights, not fresh objects, so a process keeps the networks of its latest runs. A
network belongs to one run at a time: a run takes it out of the kept ones and puts it back when it
has ended as planned. Before its first phase, `begin` sets every variable to what it would be in a
network built for this run alone: weights, statistics, the state of dropout and of augmentation, and
the optimizers (tests/oracle/test_kept_networks.py).
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from lib.core import backbones, freezing, heads, strategies
from lib.core.broken import inputs
from lib.core.freezing import FreezePlan
from lib.core.network import step_cost
from lib.core.runs import Phase, TrainConfig
from lib.training import model
from lib.training.engine import measuring, prefix
from lib.training.engine.steps import (
    Examples,
    PhaseTrainer,
    Prepare,
    make_optimizer,
    setting_back,
)
from lib.training.network import head
from lib.training.sources.augmentation import Augmentation

# Settings that no graph depends on: data, numbers of steps, and values that `begin` sets.
NOT_IN_THE_GRAPHS = frozenset(
    {
        *("dataset", "data_fingerprint", "num_images", "judged_by", "seed", "training_version"),
        *("head_epochs", "fine_tune_epochs", "early_stopping", "batch_size", "l2"),
        *("head_learning_rate", "fine_tune_learning_rate", "step_rate_factor"),
    }
)
# A kept network of EfficientNet-Lite0 takes about 60 MB, most of it for graphs. Parameters are
# counted as well, because the largest backbones have seven times as many.
MAX_KEPT = 3
MAX_KEPT_PARAMETERS = 30_000_000

Key = tuple[Any, ...]
# Optimizers, each with the factor by which the learning rate of a phase is multiplied for it.
Factors = list[tuple[keras.optimizers.Optimizer, float]]


def key_of(config: TrainConfig, outputs: int) -> Key:
    """What the layers and graphs of a run depend on; runs with equal keys can share a network."""
    same = (
        getattr(config, field.name)
        for field in fields(config)
        if field.name not in NOT_IN_THE_GRAPHS
    )
    phases = ((phase.name, phase.thaw_from, phase.step) for phase in config.phases)
    return (outputs, bool(config.l2), *same, *phases)


class Network:
    """A backbone, its head, and the trainers of the phases of a run.

    Args:
        config: Of the first run.
        outputs: Number of logits.
        backbone: A fresh backbone with its initial weights.
        use_prefix: If False, every step runs the whole graph from the image, which takes longer and
            gives the same numbers within rounding (tests/oracle/test_identity.py).
        plan: Freeze plan for fine-tuning, if it differs from that of the strategy.

    Attributes:
        layers: Layer table of the backbone.
        always_frozen: Names of the layers that stay frozen in all phases.
        cut: Names of the layers whose outputs are the last of the frozen prefix.
        parts: The backbone in two parts, before and after the cut.
        first_weights: All weights at the start of the run, by layer.
        weights_sha256: Digest of the backbone's initial weights.
        is_intact: False once a layer has changed that is frozen in all phases.
    """

    def __init__(
        self,
        config: TrainConfig,
        outputs: int,
        backbone: keras.Model,
        *,
        use_prefix: bool = True,
        plan: FreezePlan | None = None,
    ) -> None:
        self.config, self.backbone, self._given_plan = config, backbone, plan
        self.key = key_of(config, outputs)
        self.layers = backbones.load_layer_table(config.backbone, config.image_size)
        self._shape = self.layers[-1].output_shape
        self._head_spec = heads.HeadSpec(
            pooling=config.pooling,
            hidden_units=config.hidden_units,
            dropout=config.dropout,
            outputs=outputs,
        )
        self.pool = head.build_pooling(self._head_spec, self._shape)
        self.head = head.build_head(
            self._head_spec, self._shape, seed=config.seed, squeezed=head.is_squeezed(config)
        )
        destroys = config.fault == "destroying_augmentation"
        self._augment = Augmentation(config.seed, destroys) if config.augmentation else None
        self.always_frozen = frozenset.intersection(
            *(self.plan(phase).frozen for phase in config.phases)
        )
        # Augmented images differ in every epoch, so features cannot be cached.
        self.frozen_part_once = use_prefix and not config.augmentation
        self.cut: tuple[str, ...] = (self.layers[0].name,)
        if self.frozen_part_once:
            self.cut = freezing.frontier(self.layers, FreezePlan(self.always_frozen))
        self.parts = prefix.split(backbone, self.cut)
        self.first_weights = first = self.weights()
        self.weights_sha256 = measuring.digest(first)
        self._back_to_first = setting_back(
            (variable, value)
            for layer in backbone.layers
            if layer.name not in self.always_frozen
            for variable, value in zip(layer.weights, first[layer.name], strict=True)
        )
        self.is_intact = True
        self._trainers: dict[str, tuple[PhaseTrainer, Factors]] = {}

    def begin(self, config: TrainConfig) -> None:
        """Set every variable to its value at the start of a run.

        Args:
            config: Of the run; its key is that of this network.
        """
        self.config = config
        self._back_to_first()
        model.seed_dropout(self.backbone, config.seed)
        head.begin(self.head, config.seed)
        of_head = {measuring.HEAD: self.head.get_weights()}
        self.first_weights = {**self.first_weights, **of_head}
        for trainer, _ in self._trainers.values():
            trainer.begin()
        if self._augment:
            self._augment.begin(config.seed)

    def weights(self) -> measuring.Weights:
        """A copy of all weights: of each backbone layer by name, and of the head."""
        named = {layer.name: layer.get_weights() for layer in self.backbone.layers}
        return named | {measuring.HEAD: self.head.get_weights()}

    def plan(self, phase: Phase) -> FreezePlan:
        """The freeze plan of a phase."""
        if self._given_plan is not None and phase.name != "feature_extraction":
            return self._given_plan
        config = self.config
        return strategies.phase_plan(
            phase.name, config.strategy, self.layers, phase.thaw_from, config.batch_norm
        )

    def is_head_only(self, phase: Phase) -> bool:
        """True if the phase trains only the head, on precomputed features."""
        solved = self.config.head_solver == "solved"
        first = phase.name == "feature_extraction" or self._never_compiled
        return first and (self.frozen_part_once or solved)

    @property
    def _never_compiled(self) -> bool:
        """True if the steps of the first phase go on whatever is thawed: nothing is compiled."""
        return self.config.fault == "never_compiled"

    def blank(self, phase: Phase) -> Examples:
        """One image of zeros, with the shape and type that the steps of a phase get."""
        if self.is_head_only(phase):
            inputs, dtype = self.pool.outputs, tf.float32
        elif self.config.augmentation:
            inputs, dtype = self.backbone.inputs, tf.uint8
        else:
            inputs, dtype = (self.parts.suffix or self.pool).inputs, tf.float32
        tensors = tuple(tf.zeros((1, *each.shape[1:]), dtype) for each in inputs)
        return Examples(tensors, tf.zeros((1,), tf.int64))

    def trainer(self, phase: Phase, l2: float) -> PhaseTrainer:
        """Apply the freeze plan of a phase, then do the work of `compile`: optimizer and graphs.

        Those of an earlier run are used again; `begin` has set the optimizer back.

        Args:
            phase: A phase of the run.
            l2: Penalty of the head.
        """
        model.apply_freeze_plan(self.backbone, self.plan(phase))
        if self._never_compiled:
            phase = self.config.phases[0]
        if phase.key not in self._trainers:
            self._trainers[phase.key] = self._new_trainer(phase, l2)
        trainer, factors = self._trainers[phase.key]
        trainer.use(batch_size=self.config.batch_size, l2=l2)
        for optimizer, factor in factors:
            optimizer.learning_rate = phase.learning_rate * factor
        return trainer

    def _new_trainer(self, phase: Phase, l2: float) -> tuple[PhaseTrainer, Factors]:
        live, infer = self.head, None
        if not self.is_head_only(phase):
            live = self.rest(keras.Sequential([self.pool, self.head]))
            infer = self._infer
        optimizer, factors = self._optimizer(phase)
        trainer = PhaseTrainer(
            live,
            optimizer,
            batch_size=self.config.batch_size,
            prepare=self._prepare(phase),
            infer=infer,
            fixed=self.always_frozen,
            l2=l2,
            kernels=[each for each in self.head.trainable_variables if each.name == "kernel"],
        )
        return trainer, factors

    def _optimizer(self, phase: Phase) -> tuple[keras.optimizers.Optimizer, Factors]:
        """One optimizer for all weights, or separate ones for head and backbone."""
        name, factor = self.config.optimizer, self.config.head_rate_factor
        for_backbone = make_optimizer(name, phase.learning_rate)
        if phase.name != "fine_tuning" or factor == 1:
            return for_backbone, [(for_backbone, 1.0)]
        for_head = make_optimizer(name, phase.learning_rate * factor)
        of_head = {id(variable) for variable in self.head.trainable_variables}
        both = keras.optimizers.MultiOptimizer(
            lambda variable: for_head if id(variable) in of_head else for_backbone
        )
        return both, [(for_backbone, 1.0), (for_head, factor)]

    def _prepare(self, phase: Phase) -> Prepare:
        """The function from a batch of examples to the input of the model."""
        augment, how = self._augment, inputs.preprocessing_of(self.config)
        if augment is None or self.is_head_only(phase):
            return lambda tensors, training: prefix.packed(tensors)

        def prepare(tensors: Sequence[tf.Tensor], training: bool) -> tf.Tensor:
            images = tf.cast(tensors[0], tf.float32)
            return model.preprocess(augment(images) if training else images, how)

        return prepare

    def _infer(self, batch: Any) -> tf.Tensor:
        """Logits in inference mode, with the existing graph for pooled features."""
        (pooled,) = self.pooled_forward.of_batch(batch)
        return self.head(pooled, training=False)

    @cached_property
    def prefix_forward(self) -> prefix.FrozenForward:
        """From the preprocessed image to the tensors at the cut."""
        return self._forward(self.parts.prefix)

    @cached_property
    def pooled_forward(self) -> prefix.FrozenForward:
        """From the tensors at the cut to the vector, in inference mode."""
        return self._forward(self.rest(self.pool))

    def _forward(self, part: keras.Model) -> prefix.FrozenForward:
        size = step_cost.feature_batch_size(self.layers)
        return prefix.FrozenForward(part, self.always_frozen, batch_size=size)

    def rest(self, top: keras.Model) -> keras.Model:
        """Model from the tensors at the cut, through the rest of the backbone and `top`."""
        suffix = self.parts.suffix
        if suffix is None:
            return top
        inputs = prefix.packed(
            [keras.Input(tensor.shape[1:], dtype=tensor.dtype) for tensor in suffix.inputs]
        )
        # As the tutorials do it. In Keras 3, the outer call's `training` takes precedence.
        tutorial = {"training": False} if self.config.batch_norm == "tutorial" else {}
        return keras.Model(inputs, top(suffix(inputs, **tutorial)))


# --- The networks that a process keeps ------------------------------------------------------------

_lock = threading.Lock()
_kept: list[Network] = []  # Latest last.


def take(
    config: TrainConfig, outputs: int, progress: Callable[[int, int], None] | None = None
) -> Network:
    """A network for a run, its variables set: a kept one, else a new one.

    Args:
        config: Of the run.
        outputs: Number of logits.
        progress: Called with bytes done and total bytes (0 if unknown) during a download.

    Raises:
        WeightsError: If the pretrained weights are not available.
    """
    wanted = key_of(config, outputs)
    with _lock:
        found = next((each for each in _kept if each.key == wanted), None)
        if found:
            _kept.remove(found)
    if found:
        found.begin(config)
        return found
    return Network(config, outputs, model.first_backbone(config, progress))


def keep(network: Network) -> None:
    """Keep a network for the next run like this one; the oldest ones make room.

    A backbone with random weights is not kept: each run draws its own. Nor is one of which a layer
    has changed that `begin` does not set back.
    """
    if not (model.is_pretrained(network.config) and network.is_intact):
        return
    with _lock:
        _kept.append(network)
        while (
            len(_kept) > MAX_KEPT
            or sum(each.backbone.count_params() for each in _kept) > MAX_KEPT_PARAMETERS
        ):
            _kept.pop(0)


def forget_all() -> None:
    """Keep nothing; the next run builds its network."""
    with _lock:
        _kept.clear()
