"""The frozen prefix: split a backbone where learning begins, and run the frozen part once."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lib.training.engine import fold_batch_norm

FloatArray = npt.NDArray[np.float32]
Tensors = tuple[FloatArray, ...]

# Large enough to keep both cores busy, small enough for 224 px images of the widest backbone.
FEATURE_BATCH_SIZE = 32


@dataclass(frozen=True)
class SplitBackbone:
    """A backbone in two parts that share its layers.

    Args:
        prefix: From the image to the tensors that cross; None where nothing is frozen.
        suffix: From those tensors to the features; None where everything is frozen.
    """

    prefix: keras.Model | None
    suffix: keras.Model | None


def packed(tensors: Sequence[Any]) -> Any:
    """One tensor as itself, several as a list: what Keras expects of a model's inputs."""
    return tensors[0] if len(tensors) == 1 else list(tensors)


def split(backbone: keras.Model, frontier: Sequence[str]) -> SplitBackbone:
    """Split a backbone at a frontier.

    Both parts use the layers of the backbone, so training the suffix trains the backbone.
    Output difference to the whole backbone on the same images at a time: exactly zero
    (tests/oracle/test_prefix.py).

    Args:
        backbone: A functional model without classifier.
        frontier: Names of the layers whose outputs cross, from freezing.frontier.
    """
    # The first node of a layer is the one of the backbone itself; later splits add others.
    crossing = [backbone.get_layer(name).output for name in frontier]
    input_name, output_name = backbone.layers[0].name, backbone.layers[-1].name
    prefix = None if tuple(frontier) == (input_name,) else keras.Model(backbone.input, crossing)
    suffix = (
        None
        if tuple(frontier) == (output_name,)
        else keras.Model(packed(crossing), backbone.output)
    )
    return SplitBackbone(prefix, suffix)


class FrozenForward:
    """A model in inference mode, run over many examples a batch at a time.

    Traced once, for whatever number of examples. `predict` builds a data set and a list of
    callbacks at every call, which takes longer than the features of a few hundred small images.

    Args:
        model: Its weights are read at every call.
        fixed: Names of layers whose weights never change.
    """

    def __init__(self, model: keras.Model, fixed: Container[str] = ()) -> None:
        signature = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs]

        @tf.function(input_signature=signature, jit_compile=False, autograph=False)
        def forward(*batch: tf.Tensor) -> list[tf.Tensor]:
            outputs = fold_batch_norm.run(model, packed(batch), training=False, fixed=fixed)
            return keras.tree.flatten(outputs)

        self._forward = forward

    def of_batch(self, batch: Any) -> list[tf.Tensor]:
        """Outputs for one batch; within another graph, a call of the graph that is there."""
        return self._forward(*keras.tree.flatten(batch))

    def __call__(self, inputs: Tensors, step: Callable[[int], None]) -> Tensors:
        """Outputs for all examples.

        Args:
            inputs: Arrays with the same number of examples.
            step: Called after each batch with the number of examples done; may raise to stop.

        Returns:
            Arrays, one for each output, with as many examples.
        """
        num_examples = len(inputs[0])
        outputs: list[FloatArray] = []
        for start in range(0, num_examples, FEATURE_BATCH_SIZE):
            stop = min(start + FEATURE_BATCH_SIZE, num_examples)
            batch = [part.numpy() for part in self._forward(*(x[start:stop] for x in inputs))]
            if not outputs:
                # Filled in place: joining the batches at the end would hold everything twice.
                outputs = [np.empty((num_examples, *part.shape[1:]), np.float32) for part in batch]
            for whole, part in zip(outputs, batch, strict=True):
                whole[start:stop] = part
            step(stop)
        return tuple(outputs)
