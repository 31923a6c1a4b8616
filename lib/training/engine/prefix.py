"""The frozen prefix: split a backbone before its first thawed layer, and run that part once."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lib.core.network.step_cost import MAX_FEATURE_BATCH
from lib.training.engine import fold_batch_norm

FloatArray = npt.NDArray[np.float32]
Tensors = tuple[FloatArray, ...]


@dataclass(frozen=True)
class SplitBackbone:
    """A backbone split into two models that share its layers.

    Args:
        prefix: From the image to the tensors at the cut; None if nothing is frozen.
        suffix: From those tensors to the features; None if everything is frozen.
    """

    prefix: keras.Model | None
    suffix: keras.Model | None


def packed(tensors: Sequence[Any]) -> Any:
    """A single tensor, or a list of several: the form Keras expects for model inputs."""
    return tensors[0] if len(tensors) == 1 else list(tensors)


def split(backbone: keras.Model, frontier: Sequence[str]) -> SplitBackbone:
    """Split a backbone at a frontier.

    Both parts use the layers of the backbone, so training the suffix trains the backbone. The
    output is exactly that of the whole backbone on the same batch (tests/oracle/test_prefix.py).

    Args:
        backbone: A functional model without classifier.
        frontier: Names of the layers whose outputs are at the cut, from freezing.frontier.
    """
    # `output` is that of the first node, which belongs to the backbone; splits add more nodes.
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
    """A model in inference mode, run over many examples in batches.

    It is traced once for any number of examples. `predict` builds a dataset and a list of callbacks
    at every call, which takes longer than the features of a few hundred small images.

    Args:
        model: Its weights are read at every call.
        fixed: Names of layers whose weights never change.
        batch_size: Number of examples in a batch.
    """

    def __init__(
        self,
        model: keras.Model,
        fixed: Container[str] = (),
        *,
        batch_size: int = MAX_FEATURE_BATCH,
    ) -> None:
        self._batch_size = batch_size
        signature = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs]

        @tf.function(input_signature=signature, jit_compile=False, autograph=False)
        def forward(*batch: tf.Tensor) -> list[tf.Tensor]:
            outputs = fold_batch_norm.run(model, packed(batch), training=False, fixed=fixed)
            return keras.tree.flatten(outputs)

        self._forward = forward

    def of_batch(self, batch: Any) -> list[tf.Tensor]:
        """Outputs for one batch; within another graph, a call of the existing graph."""
        return self._forward(*keras.tree.flatten(batch))

    def __call__(
        self,
        inputs: Sequence[npt.NDArray[Any]],
        step: Callable[[int], None],
        prepare: Callable[[npt.NDArray[Any]], FloatArray] = np.asarray,
    ) -> Tensors:
        """Outputs for all examples.

        Args:
            inputs: Arrays with the same number of examples.
            step: Called after each batch with the number of examples done; may raise to stop.
            prepare: Makes the model's input of a batch; all images at once would take longer, and
                more memory.

        Returns:
            Arrays, one for each output, with as many examples.
        """
        num_examples, size = len(inputs[0]), self._batch_size
        outputs: list[FloatArray] = []
        for start in range(0, num_examples, size):
            stop = min(start + size, num_examples)
            given = (prepare(each[start:stop]) for each in inputs)
            batch = [part.numpy() for part in self._forward(*given)]
            if not outputs:
                # Filled in place: concatenating batches at the end would need twice the memory.
                outputs = [np.empty((num_examples, *part.shape[1:]), np.float32) for part in batch]
            for whole, part in zip(outputs, batch, strict=True):
                whole[start:stop] = part
            step(stop)
        return tuple(outputs)
