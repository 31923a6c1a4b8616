"""The features of frozen layers for every image of a run, computed once and cached on disk."""

import hashlib
from collections.abc import Callable
from functools import cached_property

import keras
import numpy as np

from lib.core import backbones, datasets, freezing
from lib.core.freezing import FreezePlan
from lib.core.network.step_cost import multiply_adds
from lib.training.engine import prefix
from lib.training.engine.run_log import RunLog
from lib.training.sources import feature_cache
from lib.training.sources.pipeline import LoadedData


class Features:
    """The outputs of a backbone's frozen layers, at the cut and after pooling.

    Args:
        log: Log of the run; its facts contain the digest of the weights.
        backbone: Backbone with its initial weights.
        pool: Model from the last feature map to a vector.
        frozen: Names of the layers that stay frozen in all phases.
        use_prefix: If False, the cut is after the input layer, and every step runs all layers.

    Attributes:
        cut: Names of the layers whose outputs are the last of the frozen prefix.
        parts: The backbone in two parts, before and after the cut.
        seconds_per_image: Seconds per image from the cut to the end of the backbone; None before
            the measurement.
    """

    def __init__(
        self,
        log: RunLog,
        backbone: keras.Model,
        pool: keras.Model,
        data: LoadedData,
        frozen: frozenset[str],
        use_prefix: bool,
    ) -> None:
        self.config, self._log, self._pool, self._data = log.config, log, pool, data
        self._frozen = frozen
        self._layers = backbones.load_layer_table(self.config.backbone, self.config.image_size)
        self.cut: tuple[str, ...] = (self._layers[0].name,)
        if use_prefix:
            self.cut = freezing.frontier(self._layers, FreezePlan(frozen))
        self.parts = prefix.split(backbone, self.cut)
        self.seconds_per_image: float | None = None
        self._crossing: dict[str, prefix.Tensors] = {}

    def _fetch(
        self,
        split: str,
        what: str,
        inputs: Callable[[], prefix.Tensors],
        forward: Callable[[], prefix.FrozenForward],
        work: int = 1,
    ) -> feature_cache.Features:
        """Outputs of frozen layers for every image of a split, cached on disk.

        `inputs` and `forward` are called only on a cache miss. `work` is the work for one image.
        """
        images = getattr(self._data, split).images
        identity: dict[str, object] = {
            "weights": self._log.facts["weights_sha256"],
            "images": hashlib.sha256(np.ascontiguousarray(images).data).hexdigest(),
            "shape": images.shape,
            "what": what,
            "version": self.config.training_version,
        }
        if datasets.is_own(self.config.dataset):
            # A cache hit must not reveal to another reader that somebody has the same images.
            identity["dataset"] = self.config.dataset

        def compute(tensors: prefix.Tensors) -> prefix.Tensors:
            with self._log.timed("features"):
                return forward()(
                    tensors, lambda done: self._log.say("computing_features", done, len(images))
                )

        return feature_cache.fetch(identity, inputs, compute, work)

    @cached_property
    def _prefix_forward(self) -> prefix.FrozenForward:
        return prefix.FrozenForward(self.parts.prefix, self._frozen)

    @cached_property
    def pooled_forward(self) -> prefix.FrozenForward:
        """From the tensors at the cut to the vector, in inference mode."""
        return prefix.FrozenForward(self.rest(self._pool), self._frozen)

    @cached_property
    def _suffix_multiply_adds(self) -> int:
        """Multiply-adds of one image from the cut to the end of the backbone; at least 1."""
        done = {layer.name for layer in self.parts.prefix.layers} if self.parts.prefix else set()
        return sum(multiply_adds(row) for row in self._layers if row.name not in done) or 1

    def at_the_cut(self, split: str) -> prefix.Tensors:
        """The tensors at the cut: the preprocessed image if nothing is frozen.

        With augmentation, the images are returned unchanged, 0 to 255.
        """
        if split not in self._crossing:
            images = getattr(self._data, split).images
            if self.config.augmentation:
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

    def pooled(self, split: str) -> prefix.Tensors:
        """The pooled features of a frozen backbone, shape (images, channels)."""
        features = self._fetch(
            split,
            f"pooled:{self.config.pooling}",
            lambda: self.at_the_cut(split),
            lambda: self.pooled_forward,
            self._suffix_multiply_adds,
        )
        # A cached result may come from a run with another cut, that is with another amount of work.
        seconds = features.compute_s * self._suffix_multiply_adds / features.work
        # The first split includes tracing, so the smallest value is used.
        per_image = seconds / len(features.tensors[0])
        self.seconds_per_image = min(per_image, self.seconds_per_image or per_image)
        return features.tensors

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
