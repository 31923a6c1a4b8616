"""Trains the ways of the evidence on the folds of one dataset.

A run here is what a run of the lab is: a head that is solved, then thawed phases from the features
of the layers that stay frozen, each until the validation loss has not improved for a while. The
graphs of a way are traced once and used for all its runs, and every run starts from the same
pretrained weights and an optimizer without memory, so no run sees anything of another.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from lib.core import backbones, freezing, heads
from lib.core.evidence import folds, grid
from lib.core.evidence.folds import Deal
from lib.core.evidence.grid import EVERYTHING, GRADUAL, HEAD, SCRATCH, TOP, Line
from lib.core.freezing import FreezePlan
from lib.core.heads import HeadSpec
from lib.core.strategy import lengths
from lib.training import model
from lib.training.answers import judge
from lib.training.engine import prefix, solved_head
from lib.training.engine.steps import Examples, PhaseTrainer, Score, make_optimizer
from lib.training.images import decode
from lib.training.images.decode import ImageSource
from lib.training.network.head import build_head, build_pooling
from lib.training.sources import folder as image_folder
from lib.training.sources import tfds

FloatArray = npt.NDArray[np.floating[Any]]

# A network with random weights trains for so many steps and epochs, and is not stopped early: its
# validation loss rises before it falls (50 digits: for 70 steps, from 2.3 to 9.5, and then to 1.2).
SCRATCH_STEPS, SCRATCH_EPOCHS = 300, 20


@dataclass(frozen=True)
class Phase:
    """A thawed phase of a way: its first thawed layer, "" for everything."""

    thaw_from: str


def phases(way: str, backbone: str) -> tuple[Phase, ...]:
    """The thawed phases of a way."""
    top = Phase(backbones.get(backbone).thaw_from)
    if way.startswith("from "):
        return (Phase(way.removeprefix("from ")),)
    return {
        HEAD: (),
        TOP: (top,),
        EVERYTHING: (Phase(""),),
        GRADUAL: (top, Phase("")),
        SCRATCH: (Phase(""),),
    }[way]


class Images:
    """The images of a dataset at one size, with their labels.

    Args:
        dataset: Key of grid.SIZES.
        backbone: Id of the backbone.
        image_size: In pixels.
        folder: Photographs that are not part of Thaw.
    """

    def __init__(self, dataset: str, backbone: str, image_size: int, folder: Path | None) -> None:
        self.dataset, self.backbone, self.image_size = dataset, backbone, image_size
        self.source = source_of(dataset, folder)
        self.labels = np.asarray(self.source.labels, np.int64)
        self.num_classes = len(self.source.class_names)
        self.seconds_per_image = forward_seconds(backbone, image_size)
        self._pixels: npt.NDArray[np.uint8] | None = None

    @property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """(images, size, size, 3), decoded when first asked for."""
        if self._pixels is None:
            every = np.arange(len(self.labels))
            self._pixels = decode.decode_all(self.dataset, self.source, every, self.image_size)
        return self._pixels

    def preprocessed(self, chosen: npt.NDArray[np.int64]) -> FloatArray:
        """(images, size, size, 3), as the backbone takes them."""
        return backbones.get(self.backbone).preprocessing.apply(self.pixels[chosen])

    def pooled(self) -> FloatArray:
        """(images, channels), features of the frozen backbone; from the cache on disk."""
        every = np.arange(len(self.labels))
        return judge.pooled_features(
            self.dataset, self.source, every, self.backbone, self.image_size
        )


@cache
def forward_seconds(backbone: str, image_size: int) -> float:
    """Seconds of one core in which a frozen backbone computes the features of an image."""
    with model.quick_variables():
        built = model.build_backbone(backbone, image_size, weights=None)
    forward = prefix.FrozenForward(built, {layer.name for layer in built.layers})
    grey = np.zeros((32, image_size, image_size, 3), np.float32)
    forward((grey,), lambda done: None)
    started = time.process_time()
    forward((grey,), lambda done: None)
    return (time.process_time() - started) / len(grey)


def source_of(dataset: str, folder: Path | None) -> ImageSource:
    """The images of a dataset: from a folder, or through TFDS."""
    if folder is None:
        return tfds.source(dataset)
    described = image_folder.describe_folder(folder)
    return image_folder.source_of(described.dataset, described.fingerprint, folder)


def solve(
    pooled: FloatArray, images: Images, dealt: Deal, l2: float
) -> tuple[solved_head.Head, float]:
    """The head of a run and the strength of its penalty, which is chosen if it is 0."""
    fit, truth, num_classes = pooled[dealt.train], images.labels[dealt.train], images.num_classes
    with threadpool_limits(1):
        l2 = l2 or solved_head.choose_l2(fit, truth, num_classes)
        return solved_head.Problem(fit, truth, num_classes).solve(l2)[0], l2


def head_line(images: Images, pooled: FloatArray, num_images: int, seed: int, l2: float) -> Line:
    """Solve the head of one run, and return what is recorded of it."""
    dealt = folds.deal(images.labels, seed, num_images)
    started = time.process_time()
    head, l2 = solve(pooled, images, dealt, l2)
    spent = time.process_time() - started
    logits = head.logits(pooled[dealt.validation])
    truth = images.labels[dealt.validation]
    seen = len(dealt.train) + len(dealt.validation)
    return Line(
        way=HEAD,
        num_images=num_images,
        seed=seed,
        image_size=images.image_size,
        rate=0.0,
        l2=l2,
        epochs=0,
        steps=0,
        core_s=round(spent + seen * images.seconds_per_image, 2),
        validation=round(float((heads.softmax(logits).argmax(axis=1) == truth).mean()), 4),
        val_loss=round(float(solved_head.cross_entropy(logits, truth).mean()), 4),
        answers=grid.packed(heads.softmax(head.logits(pooled[dealt.test])).argmax(axis=1)),
    )


class Way:
    """One way of training on one dataset: its graphs, used by all its runs.

    Args:
        images: The images.
        way: As in grid.Line.
    """

    def __init__(self, images: Images, way: str) -> None:
        self.images, self.way = images, way
        spec = backbones.get(images.backbone)
        self.layers = backbones.load_layer_table(spec.id, images.image_size)
        self._shape = self.layers[-1].output_shape
        self._head_spec = HeadSpec(outputs=heads.outputs_for(images.num_classes))
        self.is_pretrained = way != SCRATCH
        with model.quick_variables():
            self.backbone = self._built(seed=0)
            self.pool = build_pooling(self._head_spec, self._shape)
            self.head = build_head(self._head_spec, self._shape, seed=0)
        self._first = self.backbone.get_weights()
        self._phases = [_Phase(self, phase) for phase in phases(way, spec.id)]

    def _built(self, seed: int) -> keras.Model:
        return model.build_backbone(
            self.images.backbone,
            self.images.image_size,
            weights="imagenet" if self.is_pretrained else None,
            seed=seed,
        )

    def weights(self) -> list[list[FloatArray]]:
        """A copy of all weights."""
        return [self.backbone.get_weights(), self.head.get_weights()]

    def set_weights(self, weights: list[list[FloatArray]]) -> None:
        """Set all weights."""
        for part, values in zip((self.backbone, self.head), weights, strict=True):
            part.set_weights(values)

    def _reset(self, seed: int, head: solved_head.Head | None) -> None:
        """Make all weights what they are before the first thawed phase of a run."""
        if head is not None:
            self.set_weights([self._first, [head.kernel, head.bias]])
            return
        with model.quick_variables():
            fresh = build_head(self._head_spec, self._shape, seed=seed)
            self.set_weights([self._built(seed).get_weights(), fresh.get_weights()])

    def plan(self, phase: Phase) -> FreezePlan:
        """What a phase freezes: from scratch nothing, otherwise BatchNormalization too."""
        if not self.is_pretrained:
            return FreezePlan.none()
        plan = (
            FreezePlan.from_layer(self.layers, phase.thaw_from)
            if phase.thaw_from
            else FreezePlan.none()
        )
        return plan.with_batch_norm_frozen(self.layers)

    def run(self, num_images: int, seed: int, rate: float, pooled: FloatArray, l2: float) -> Line:
        """Train one run, and return what is recorded of it."""
        images = self.images
        dealt = folds.deal(images.labels, seed, num_images)
        started, seen = time.process_time(), len(dealt.train) + len(dealt.validation)
        head = None
        if self.is_pretrained:
            head, l2 = solve(pooled, images, dealt, l2)
        spent = time.process_time() - started
        spent += seen * images.seconds_per_image * self.is_pretrained
        self._reset(seed, head)
        epochs = 0
        for phase in self._phases:
            done, seconds, score = phase.train(dealt, seed, rate, l2)
            epochs, spent = epochs + done, spent + seconds
        answers = self._phases[-1].ask(dealt.test)
        batch = lengths.batch_size(num_images)
        return Line(
            way=self.way,
            num_images=num_images,
            seed=seed,
            image_size=images.image_size,
            rate=rate,
            l2=l2,
            epochs=epochs,
            steps=epochs * lengths.steps_an_epoch(num_images, batch),
            core_s=round(spent, 2),
            validation=round(score.accuracy, 4),
            val_loss=round(score.loss, 4),
            answers=grid.packed(heads.softmax(answers.logits).argmax(axis=1)),
        )


class _Phase:
    """The graphs of a thawed phase."""

    def __init__(self, way: Way, phase: Phase) -> None:
        self._way = way
        self._plan = way.plan(phase)
        self.cut: tuple[str, ...] = (way.layers[0].name,)
        if phase.thaw_from:
            self.cut = freezing.frontier(way.layers, self._plan)
        parts = prefix.split(way.backbone, self.cut)
        self._prefix, suffix = parts.prefix, parts.suffix
        assert suffix is not None, "A thawed phase thaws something."
        inputs = prefix.packed(
            [keras.Input(tensor.shape[1:], dtype=tensor.dtype) for tensor in suffix.inputs]
        )
        top = keras.Sequential([way.pool, way.head])
        self._live = keras.Model(inputs, top(suffix(inputs)))
        self._optimizer = make_optimizer("adam", grid.RATES[0])
        self._traced: PhaseTrainer | None = None
        self._at_the_cut: prefix.Tensors | None = None

    def _examples(self, chosen: npt.NDArray[np.int64]) -> Examples:
        images = self._way.images
        labels = images.labels[chosen]
        if self._prefix is None:
            return Examples.make((images.preprocessed(chosen),), labels)
        if self._at_the_cut is None:
            every = {layer.name for layer in self._way.backbone.layers}
            forward = prefix.FrozenForward(self._prefix, every)
            parts = [
                forward((images.preprocessed(some),), lambda done: None)
                for some in np.array_split(np.arange(len(images.labels)), 16)
            ]
            self._at_the_cut = tuple(np.concatenate(each) for each in zip(*parts, strict=True))
        return Examples.make([tensor[chosen] for tensor in self._at_the_cut], labels)

    def _trainer(self) -> PhaseTrainer:
        """The trainer, whose graphs are traced for its first run; the weights stay as they are."""
        way = self._way
        model.apply_freeze_plan(way.backbone, self._plan)
        if self._traced is None:
            self._traced = trainer = PhaseTrainer(
                self._live,
                self._optimizer,
                batch_size=lengths.SMALLEST_BATCH,
                prepare=lambda tensors, training: prefix.packed(tensors),
                fixed=self._plan.frozen,
                l2=solved_head.USUAL_L2 * way.is_pretrained,
                kernels=[each for each in way.head.trainable_variables if each.name == "kernel"],
            )
            before = way.weights()
            few = self._examples(np.arange(lengths.SMALLEST_BATCH))
            trainer.warm_up(few, lambda batch: None, steps=True)
            way.set_weights(before)
        return self._traced

    def train(self, dealt: Deal, seed: int, rate: float, l2: float) -> tuple[int, float, Score]:
        """Train a run's phase; the epochs, the seconds of a core, and the best validation.

        It ends with the weights of the epoch with the lowest validation loss, as the recommended
        runs of the lab do.
        """
        way, trainer = self._way, self._trainer()
        train, validation = self._examples(dealt.train), self._examples(dealt.validation)
        num_images = len(train)
        batch = lengths.batch_size(num_images)
        trainer.begin()
        trainer.use(batch_size=batch, l2=l2)
        self._optimizer.learning_rate = rate
        most, patience = _lengths(num_images, batch, pretrained=way.is_pretrained)
        rng = np.random.default_rng(seed)
        scores: list[Score] = []
        started = time.process_time()
        while len(scores) < most and not _has_stopped([each.loss for each in scores], patience):
            trainer.train_epoch(train, rng.permutation(num_images), lambda done: None)
            scores.append(trainer.evaluate(validation))
            if scores[-1].loss == min(each.loss for each in scores):
                best = way.weights()
        way.set_weights(best)
        spent = time.process_time() - started
        return len(scores), spent, min(scores, key=lambda each: each.loss)

    def ask(self, chosen: npt.NDArray[np.int64]) -> Score:
        """The answers of the network as it is now."""
        return self._trainer().evaluate(self._examples(chosen))


def _lengths(num_images: int, batch: int, *, pretrained: bool) -> tuple[int, int]:
    """The most epochs of a phase, and after how many without improvement it ends."""
    if pretrained:
        return lengths.thawed_epochs(num_images, batch), lengths.patience(num_images, batch)
    steps = lengths.steps_an_epoch(num_images, batch)
    most = max(SCRATCH_EPOCHS, -(-SCRATCH_STEPS // steps))
    return most, most


def _has_stopped(losses: Sequence[float], patience: int) -> bool:
    """As the lab decides it: no lower validation loss for so many epochs."""
    return len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])
