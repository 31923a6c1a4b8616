"""The features of frozen layers for every image of a run, computed once and cached on disk."""

import hashlib
from collections.abc import Callable
from functools import cached_property

import numpy as np

from lib.core import backbones, datasets
from lib.core.broken import inputs
from lib.core.network.step_cost import multiply_adds
from lib.core.runs import Phase
from lib.training.engine import prefix
from lib.training.engine.network import Network
from lib.training.engine.run_log import RunLog
from lib.training.engine.steps import Examples
from lib.training.images.decode import UInt8Array
from lib.training.sources import feature_cache
from lib.training.sources.pipeline import LoadedData


def identity(
    weights_sha256: str, images: UInt8Array, what: str, version: int, dataset: str
) -> dict[str, object]:
    """What the features of some images depend on: the key of their cache.

    Args:
        weights_sha256: Digest of the backbone's weights.
        images: (images, height, width, 3), before preprocessing.
        what: Which layers.
        version: Version of the training code.
        dataset: Id of the dataset.
    """
    found: dict[str, object] = {
        "weights": weights_sha256,
        "images": hashlib.sha256(np.ascontiguousarray(images).data).hexdigest(),
        "shape": images.shape,
        "what": what,
        "version": version,
    }
    if datasets.is_own(dataset):
        # A cache hit must not reveal to another reader that somebody has the same images.
        found["dataset"] = dataset
    return found


class Features:
    """The outputs of a backbone's frozen layers, at the cut and after pooling.

    Args:
        log: Log of the run.
        network: The network of the run, with its initial weights.
        data: The images of the run.

    Attributes:
        seconds_per_image: Seconds per image from the cut to the end of the backbone; None before
            the measurement.
    """

    def __init__(self, log: RunLog, network: Network, data: LoadedData) -> None:
        self.config, self._log, self._network, self._data = log.config, log, network, data
        self.seconds_per_image: float | None = None
        self._crossing: dict[str, prefix.Tensors] = {}

    def _fetch(
        self,
        split: str,
        what: str,
        before: Callable[[], prefix.Tensors] | None,
        forward: Callable[[], prefix.FrozenForward],
        work: int = 1,
    ) -> feature_cache.Features:
        """Outputs of frozen layers for every image of a split, cached on disk.

        `before` returns the inputs; None for the images. It and `forward` are called only on a
        cache miss. `work` is the work for one image.
        """
        images = getattr(self._data, split).images
        key = identity(
            self._network.weights_sha256,
            images,
            what,
            self.config.training_version,
            self.config.dataset,
        )
        how = inputs.preprocessing_of(self.config)
        if how != backbones.get(self.config.backbone).preprocessing:
            key["preprocessing"] = repr(how)

        def compute(tensors: prefix.Tensors) -> prefix.Tensors:
            with self._log.timed("features"):
                return forward()(
                    tensors,
                    lambda done: self._log.say("computing_features", done, len(images)),
                    np.asarray if before else how.apply,
                )

        return feature_cache.fetch(key, before or (lambda: (images,)), compute, work)

    @cached_property
    def _suffix_multiply_adds(self) -> int:
        """Multiply-adds of one image from the cut to the end of the backbone; at least 1."""
        prefix_ = self._network.parts.prefix
        done = {layer.name for layer in prefix_.layers} if prefix_ else set()
        return sum(multiply_adds(row) for row in self._network.layers if row.name not in done) or 1

    def at_the_cut(self, split: str) -> prefix.Tensors:
        """The tensors at the cut: the preprocessed image if nothing is frozen.

        With augmentation, the images are returned unchanged, 0 to 255.
        """
        if split not in self._crossing:
            if self.config.augmentation:
                return (getattr(self._data, split).images,)
            if self._network.parts.prefix is None:
                how = inputs.preprocessing_of(self.config)
                self._crossing[split] = (how.apply(getattr(self._data, split).images),)
            else:
                self._crossing[split] = self._fetch(
                    split,
                    ",".join(self._network.cut),
                    None,
                    lambda: self._network.prefix_forward,
                ).tensors
        return self._crossing[split]

    def examples(self, split: str, phase: Phase) -> Examples:
        """The images of a split as a phase sees them, with their labels."""
        of = self.pooled if self._network.is_head_only(phase) else self.at_the_cut
        return Examples.make(of(split), getattr(self._data, split).labels)

    def pooled(self, split: str) -> prefix.Tensors:
        """The pooled features of a frozen backbone, shape (images, channels)."""
        features = self._fetch(
            split,
            f"pooled:{self.config.pooling}",
            # With augmentation the cut is before the preprocessing.
            None if self.config.augmentation else lambda: self.at_the_cut(split),
            lambda: self._network.pooled_forward,
            self._suffix_multiply_adds,
        )
        # A cached result may come from a run with another cut, that is with another amount of work.
        seconds = features.compute_s * self._suffix_multiply_adds / features.work
        # The first split includes tracing, so the smallest value is used.
        per_image = seconds / len(features.tensors[0])
        self.seconds_per_image = min(per_image, self.seconds_per_image or per_image)
        return features.tensors
