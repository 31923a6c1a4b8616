"""The memory that a run will need, estimated from its configuration before anything is loaded.

The sizes of all tensors follow from the layer table. What a process needs beside them, and how many
copies exist at once, was measured: `python -m lib.tools.measure_memory --estimates`,
docs/benchmarks.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Protocol

from lib.core import backbones, freezing, heads, strategies
from lib.core.backbones import LayerRow
from lib.core.config import SOLVED_EPOCHS, Phase, TrainConfig
from lib.core.freezing import FreezePlan
from lib.core.heads import HeadSpec
from lib.core.network import step_cost

FLOAT_BYTES, DOUBLE_BYTES = 4, 8
# Python with Keras and TensorFlow; then the graphs, which grow with the number of layers.
PROCESS_BYTES = 720_000_000
GRAPH_BYTES_EACH_LAYER = 1_000_000
# Numbers that an optimizer keeps for each trainable parameter.
SLOTS = {"adam": 2, "rmsprop": 1, "sgd": 1}
# Images of a batch of an evaluation, as in lib.training.engine.
EVALUATION_BATCH_SIZE = 64
# The shift is measured on at most so many images of a split, in double precision, which takes
# so many copies (lib.core.images.split_shift).
MAX_SHIFT_IMAGES, SHIFT_COPIES = 400, 3
# A head that is solved (lib.training.engine.solved_head): copies of its features, also for a fold,
# and matrices with a row and a column for each image or each channel.
SOLVER_COPIES, SOLVER_SQUARES = 4, 4
# How far a layer moved is computed from both its weights in double precision: bytes for each
# parameter of the largest layer, with their single-precision copies.
MOVED_BYTES = 30
# Without gradients, the inputs and outputs of few layers exist at once, and scratch space.
FORWARD_COPIES = 2
# An evaluation runs several layers beside each other.
EVALUATION_COPIES = 4
# What is kept for the gradients, with the gradients that exist at once.
KEPT_FACTOR = 1.2
# Activations that consist of several operations: tensors that each of them keeps. A ReLU keeps one.
ACTIVATION_TENSORS = {
    "efficientnet_b0": 2,  # swish
    "mobilenet_v3_small": 3,  # hard swish
    "convnext_tiny": 6,  # GELU
}
# A separable convolution is two convolutions, and a LayerNormalization several operations.
LAYER_TENSORS = {"SeparableConv2D": 2, "LayerNormalization": 3}
# Without gradients, so many more of them exist at once in the widest layer.
FORWARD_FACTORS = {"convnext_tiny": 4}
CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D")


@dataclass(frozen=True)
class RunMemory:
    """Estimated memory of a run at its peak, in bytes.

    Args:
        process: Python, Keras and TensorFlow, with the graphs of the run.
        images: The decoded images of all splits, and preprocessed copies of them.
        features: The outputs of the frozen layers for all images.
        weights: The weights, with the copies that show how far they moved.
        optimizer: Gradients, and what the optimizer keeps for each trainable weight.
        activations: The outputs of the layers for one batch.
    """

    process: int
    images: int
    features: int
    weights: int
    optimizer: int = 0
    activations: int = 0

    @property
    def total(self) -> int:
        """All parts together, in bytes."""
        return sum(vars(self).values())


class Data(Protocol):
    """What has to be known of a dataset: a DatasetSpec, or a description of a folder."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """In label order."""

    @property
    def num_images(self) -> int:
        """Images of all classes together."""

    @property
    def max_train_images(self) -> int:
        """Images left for training once validation and test have theirs."""


def estimate(config: TrainConfig, data: Data) -> RunMemory:
    """Estimate the memory of the process that trains a run, at its peak.

    Args:
        config: A valid configuration.
        data: Its dataset.

    Example:

    >>> from lib.core import datasets, runs
    >>> memory = estimate(runs.make_config(), datasets.get("openmoji_animals_food"))
    >>> 0.8e9 < memory.total < 1.2e9
    True
    """
    return max(_Moments(config.acting, data), key=lambda moment: moment.total)


class _Moments:
    """The moments of a run that may be its peak: features, each phase, and the end of a phase."""

    def __init__(self, config: TrainConfig, data: Data) -> None:
        self._config = config
        self._layers = backbones.load_layer_table(config.backbone, config.image_size)
        self._train = config.num_images
        self._all = config.num_images + data.num_images - data.max_train_images
        feature_shape = self._layers[-1].output_shape
        outputs = heads.outputs_for(len(data.class_names))
        head = HeadSpec(config.pooling, config.hidden_units, outputs=outputs)
        self._pooled = heads.pooled_shape(head, feature_shape)[0]
        self._of_head = [params for _, _, params in heads.arithmetic(head, feature_shape)]
        self._sizes = {row.name: prod(row.output_shape) for row in self._layers}
        self._pixels = 3 * config.image_size**2
        self._process = PROCESS_BYTES + GRAPH_BYTES_EACH_LAYER * len(self._layers)

    def __iter__(self) -> Iterator[RunMemory]:
        yield from self._preparing()
        kept = 0  # by the optimizer of the last phase, which is still there in the next one
        for phase in self._config.phases:
            step = self._step(phase)
            moments = [step, self._end_of(phase, step)]
            if self._is_head_only(phase):
                moments.append(self._measuring_shift(step))
                if self._config.head_solver == "solved":
                    moments.append(self._solving(step))
            for moment in moments:
                yield replace(moment, optimizer=moment.optimizer + kept)
            kept = SLOTS[self._config.optimizer] * FLOAT_BYTES * self._trainable(phase)

    # --- Parts --------------------------------------------------------------------------------

    @cached_property
    def _params(self) -> int:
        return sum(row.params for row in self._layers) + sum(self._of_head)

    def _plan(self, phase: Phase) -> FreezePlan:
        config = self._config
        return strategies.phase_plan(
            phase.name, config.strategy, self._layers, phase.thaw_from, config.batch_norm
        )

    def _trainable(self, phase: Phase) -> int:
        of_backbone = freezing.count_params(self._layers, self._plan(phase)).trainable
        return of_backbone + sum(self._of_head)

    @cached_property
    def _cut(self) -> tuple[str, ...]:
        """The layers whose outputs are computed once, as in lib.training.engine.features."""
        first = self._layers[0].name
        if self._config.augmentation:
            return (first,)
        frozen = frozenset.intersection(*(self._plan(p).frozen for p in self._config.phases))
        return freezing.frontier(self._layers, FreezePlan(frozen))

    @property
    def _caches_features(self) -> bool:
        return self._cut != (self._layers[0].name,)

    def _images(self) -> int:
        """Bytes of the images while training: decoded, and as the network takes them."""
        copies = 1
        if self._config.augmentation:
            copies = 2  # the tensors
        elif not self._caches_features:
            copies = 1 + 2 * FLOAT_BYTES  # preprocessed, and the tensors
        return copies * self._pixels * self._all

    def _features(self) -> int:
        """Bytes of the outputs at the cut for all images, without the tensors."""
        if not self._caches_features:
            return 0
        return FLOAT_BYTES * self._all * sum(self._sizes[name] for name in self._cut)

    def _activations(self, phase: Phase) -> int:
        """Bytes of what a training step keeps of one batch for the way back."""
        plan = self._plan(phase)
        thawed = [row.name for row in self._layers if row.weights and not plan.is_frozen(row)]
        live = freezing.descendants(self._layers, thawed)
        if not live and self._caches_features:
            return 0  # the head is too small to count
        # A frozen normalization becomes part of its convolution (lib.training.engine.
        # fold_batch_norm); a thawed one keeps its input, and its output is not needed.
        folded = {
            name
            for row in self._layers
            if row.is_batch_norm and plan.is_frozen(row)
            for name in row.inbound
        }
        kept = sum(
            self._sizes[row.name] * self._num_kept(row)
            for row in self._layers
            if row.name in live
            and not row.is_batch_norm
            and not (row.name in folded and row.type in CONVOLUTIONS)
        )
        batch_size = self._config.batch_size
        step = KEPT_FACTOR * FLOAT_BYTES * batch_size * kept + self._forward(batch_size)
        run = live if self._caches_features else self._sizes
        return max(int(step), self._forward(EVALUATION_BATCH_SIZE, EVALUATION_COPIES, run))

    def _num_kept(self, row: LayerRow) -> int:
        """Tensors of the size of its output that a layer keeps for the gradients."""
        if row.type == "Activation":
            return ACTIVATION_TENSORS.get(self._config.backbone, 1)
        return LAYER_TENSORS.get(row.type, 1)

    def _forward(
        self, batch_size: int, copies: int = FORWARD_COPIES, names: Iterable[str] = ()
    ) -> int:
        """Bytes of the widest layers for one batch without gradients.

        Args:
            batch_size: Number of images.
            copies: Tensors of the size of the widest layer that exist at once.
            names: The layers that are run; all if empty.
        """
        copies *= FORWARD_FACTORS.get(self._config.backbone, 1)
        widest = max(self._sizes[name] for name in names or self._sizes)
        return copies * FLOAT_BYTES * batch_size * widest

    # --- Moments ------------------------------------------------------------------------------

    def _preparing(self) -> Iterator[RunMemory]:
        """The images run through the frozen layers; without any, they are preprocessed at once."""
        decoded, of_split = self._pixels * self._all, FLOAT_BYTES * self._pixels * self._train
        before = RunMemory(
            process=self._process,
            images=decoded,
            features=0,
            weights=2 * FLOAT_BYTES * self._params,
        )
        if self._config.augmentation:
            yield before
        elif self._caches_features:
            yield replace(
                before,
                features=self._features(),
                activations=self._forward(step_cost.feature_batch_size(self._layers)),
            )
        else:
            # Preprocessing has an intermediate result as large as its result.
            yield replace(before, images=decoded + 2 * of_split)

    def _is_head_only(self, phase: Phase) -> bool:
        config = self._config
        return phase.name == "feature_extraction" and (
            config.head_solver == "solved" or not config.augmentation
        )

    def _step(self, phase: Phase) -> RunMemory:
        """A training step: the images or features of the phase are tensors."""
        features, head_only = self._features(), self._is_head_only(phase)
        if head_only:
            # Pooled features and their tensors.
            features += 2 * FLOAT_BYTES * self._all * self._pooled
        elif self._caches_features:
            features *= 2
        slots = 1 + SLOTS[self._config.optimizer]
        return RunMemory(
            process=self._process,
            images=self._images(),
            features=features,
            # The model, and its first and its last weights.
            weights=3 * FLOAT_BYTES * self._params,
            optimizer=slots * FLOAT_BYTES * self._trainable(phase),
            activations=0 if head_only else self._activations(phase),
        )

    def _measuring_shift(self, step: RunMemory) -> RunMemory:
        """Before the first step, features of the first two splits are compared."""
        num_images = min(self._all, 2 * MAX_SHIFT_IMAGES)
        numbers = SHIFT_COPIES * num_images * self._pooled
        return replace(step, features=step.features + DOUBLE_BYTES * numbers)

    def _solving(self, step: RunMemory) -> RunMemory:
        """A head that is solved: its features and their products in double precision."""
        numbers = (
            SOLVER_COPIES * self._train * self._pooled
            + SOLVER_SQUARES * min(self._train, self._pooled) ** 2
            # The head after each pass.
            + SOLVED_EPOCHS * self._of_head[-1]
        )
        return replace(step, features=step.features + DOUBLE_BYTES * numbers)

    def _end_of(self, phase: Phase, step: RunMemory) -> RunMemory:
        """The end of a phase: how far each layer has moved is computed."""
        largest = max(sum(self._of_head), *(row.params for row in self._layers))
        return replace(
            step,
            weights=step.weights + FLOAT_BYTES * self._params + MOVED_BYTES * largest,
            optimizer=step.optimizer - FLOAT_BYTES * self._trainable(phase),
            activations=0,
        )
