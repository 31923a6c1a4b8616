"""The training loop: one optimizer step, one epoch, one evaluation, on tensors in memory.

A loop of our own and not `Model.fit`: on two cores and a few hundred small images `fit` spends
most of its time around the steps (docs/decisions/0003-training-loop.md). What `compile` does is
done here by making a new Phase: a new optimizer and new traced functions for every change of
`trainable`.
"""

import math
import time
from collections.abc import Callable, Container, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lib.core.errors import ThawError
from lib.training.engine import fast_gradients, fold_batch_norm

EVALUATION_BATCH_SIZE = 64
# Between two looks whether a graph is there.
TRACED_LOOK_S = 0.01
NO_LOGITS = np.empty((0, 0), np.float32)

# From the tensors of a batch to the input of the model; True while training.
Prepare = Callable[[Sequence[tf.Tensor], bool], Any]


class TrainingDivergedError(ThawError):
    """The loss of a step is not a finite number."""


@dataclass(frozen=True)
class Examples:
    """Inputs of the part that learns, with their labels.

    Args:
        tensors: One array for each tensor that crosses from the frozen prefix, each of shape
            (examples, ...).
        labels: Class indices, shape (examples,).
    """

    tensors: tuple[tf.Tensor, ...]
    labels: tf.Tensor

    @classmethod
    def make(
        cls, tensors: Sequence[npt.NDArray[np.float32]], labels: npt.NDArray[np.int64]
    ) -> "Examples":
        """Examples from NumPy arrays, handed to TensorFlow once and not at every step."""
        return cls(tuple(tf.convert_to_tensor(t) for t in tensors), tf.convert_to_tensor(labels))

    def __len__(self) -> int:
        return int(self.labels.shape[0])


@dataclass(frozen=True)
class Score:
    """Mean loss and accuracy over some images, and how many of them were right.

    Args:
        loss: Mean cross-entropy.
        accuracy: 0 to 1.
        correct: Images.
        logits: (images, logits), of an evaluation; empty of an epoch of training.
    """

    loss: float
    accuracy: float
    correct: int
    logits: npt.NDArray[np.float32]


def _loss_sum(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy from logits, summed over the batch. One logit means two classes.

    Input shape: (batch,) and (batch, logits).
    Output shape: ().
    """
    if logits.shape[-1] == 1:
        targets = tf.cast(labels, logits.dtype)
        each = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits[:, 0])
    else:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_sum(each)


def predicted_classes(logits: tf.Tensor) -> tf.Tensor:
    """The class of each image: the largest logit, or the sign of a single one.

    Input shape: (batch, logits).
    Output shape: (batch,), int64.
    """
    if logits.shape[-1] == 1:
        return tf.cast(logits[:, 0] > 0, tf.int64)
    return tf.argmax(logits, axis=-1, output_type=tf.int64)


def _num_correct(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(predicted_classes(logits) == labels, tf.int64))


def _check_finite(loss: float, where: str) -> None:
    if not math.isfinite(loss):
        raise TrainingDivergedError(
            f"The loss became {loss} {where}: the weights ran away.",
            "Use a lower learning rate, a tenth of this one.",
        )


class FusedAdam(keras.optimizers.Adam):
    """Adam in one pass over each weight.

    Keras writes a step of Adam as fifteen operations on every weight, which is a sixth of the time
    of a step of fine-tuning and most of its graph. TensorFlow has the same formula as one.
    """

    def _backend_update_step(
        self,
        grads: Sequence[tf.Tensor],
        trainable_variables: Sequence[keras.Variable],
        learning_rate: keras.Variable,
    ) -> None:
        """Change the weights by their gradients, as Keras's own method does.

        Not one weight at a time, in `update_step`: what is the same for all is computed once.
        """
        dtype = trainable_variables[0].dtype
        step = tf.cast(self.iterations.value + 1, dtype)
        same_for_all = {
            "beta1_power": tf.pow(tf.constant(self.beta_1, dtype), step),
            "beta2_power": tf.pow(tf.constant(self.beta_2, dtype), step),
            "lr": tf.cast(learning_rate, dtype),
            "beta1": tf.constant(self.beta_1, dtype),
            "beta2": tf.constant(self.beta_2, dtype),
            "epsilon": tf.constant(self.epsilon, dtype),
        }
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            index = self._get_variable_index(variable)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.value.handle,
                m=self._momentums[index].value.handle,
                v=self._velocities[index].value.handle,
                grad=gradient,
                **same_for_all,
            )


def make_optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    """The optimizer of this name in runs.OPTIMIZERS."""
    if name == "sgd":
        return keras.optimizers.SGD(learning_rate, momentum=0.9)
    return {"adam": FusedAdam, "rmsprop": keras.optimizers.RMSprop}[name](learning_rate)


class PhaseTrainer:
    """Trains the weights of a model that are trainable when it is made.

    Args:
        model: From the tensors of Examples, prepared, to logits.
        optimizer: A fresh one.
        prepare: Makes the model's input of the tensors of a batch; told whether it trains.
        infer: The model in inference mode, where a graph of most of it is there already.
        fixed: Names of layers whose weights never change.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        batch_size: int,
        prepare: Prepare,
        infer: Callable[[Any], tf.Tensor] | None = None,
        fixed: Container[str] = (),
    ) -> None:
        self.batch_size = batch_size
        variables = model.trainable_variables
        # Before the first step: variables made while tracing would have it traced twice.
        optimizer.build(variables)

        # Nothing here is for AutoGraph, and its look at every function takes half a second.
        @tf.function(jit_compile=False, autograph=False)
        def train_step(
            tensors: tuple[tf.Tensor, ...], labels: tf.Tensor, chosen: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor]:
            batch = prepare([tf.gather(tensor, chosen) for tensor in tensors], True)
            targets = tf.gather(labels, chosen)
            with fast_gradients.quick_gradients():
                logits = fold_batch_norm.run(model, batch, training=True, fixed=fixed)
            total = _loss_sum(targets, logits)
            mean = total / tf.cast(tf.shape(targets)[0], total.dtype)
            slopes = tf.gradients(mean, [variable.value for variable in variables])
            optimizer.apply(slopes, variables)
            return total, _num_correct(targets, logits)

        @tf.function(jit_compile=False, autograph=False)
        def test_step(
            tensors: tuple[tf.Tensor, ...], labels: tf.Tensor, start: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            stop = start + EVALUATION_BATCH_SIZE
            batch = prepare([tensor[start:stop] for tensor in tensors], False)
            if infer:
                logits = infer(batch)
            else:
                logits = fold_batch_norm.run(model, batch, training=False, fixed=fixed)
            targets = labels[start:stop]
            return _loss_sum(targets, logits), _num_correct(targets, logits), logits

        self._train_function, self._test_function = train_step, test_step
        self._train_step: Any = None
        self._test_step: Future[Any] | None = None

    def _traced(self, function: Any, examples: Examples, last: tf.TensorSpec) -> Any:
        """Trace once for any number of examples; a shorter last batch would trace again."""
        tensors = (*examples.tensors, examples.labels)
        *inputs, labels = (tf.TensorSpec((None, *t.shape[1:]), t.dtype) for t in tensors)
        return function.get_concrete_function(tuple(inputs), labels, last)

    def _begin_to_trace_test_step(self, examples: Examples) -> Future[Any]:
        """Tracing is Python's work and a step is not, so that they need not wait for each other."""
        if self._test_step is None:
            start_spec = tf.TensorSpec((), tf.int32)
            beside = ThreadPoolExecutor(1)
            self._test_step = beside.submit(self._traced, self._test_function, examples, start_spec)
            beside.shutdown(wait=False)
        return self._test_step

    def num_batches(self, num_examples: int) -> int:
        """Steps in an epoch."""
        return math.ceil(num_examples / self.batch_size)

    def train_epoch(
        self, examples: Examples, order: npt.NDArray[np.int64], step: Callable[[int], None]
    ) -> Score:
        """One epoch.

        Args:
            examples: The training images.
            order: A permutation of them.
            step: Called after each batch with the number of batches done; may raise to stop.

        Raises:
            TrainingDivergedError: At the first batch whose loss is not finite.
        """
        if self._train_step is None:
            chosen_spec = tf.TensorSpec((None,), tf.int64)
            self._train_step = self._traced(self._train_function, examples, chosen_spec)
            self._begin_to_trace_test_step(examples)  # beside the first steps
        loss, correct = 0.0, 0
        for batch, start in enumerate(range(0, len(order), self.batch_size), start=1):
            chosen = tf.convert_to_tensor(order[start : start + self.batch_size])
            batch_loss, batch_correct = self._train_step(examples.tensors, examples.labels, chosen)
            loss += float(batch_loss)
            correct += int(batch_correct)
            _check_finite(loss, f"at batch {batch} of an epoch")
            step(batch)
        return Score(loss / len(order), correct / len(order), correct, NO_LOGITS)

    def evaluate(self, examples: Examples) -> Score:
        """Loss and accuracy in inference mode, without changing anything.

        Raises:
            TrainingDivergedError: If the loss is not finite: the last step may have done that.
        """
        traced = self._begin_to_trace_test_step(examples)
        while not traced.done():  # A run is stopped by an exception, which no lock lets through.
            time.sleep(TRACED_LOOK_S)
        test_step = traced.result()
        loss, correct, logits = 0.0, 0, []
        for start in range(0, len(examples), EVALUATION_BATCH_SIZE):
            batch_loss, batch_correct, batch_logits = test_step(
                examples.tensors, examples.labels, tf.constant(start)
            )
            loss += float(batch_loss)
            correct += int(batch_correct)
            logits.append(batch_logits.numpy())
        _check_finite(loss, "on images it was not trained on")
        num_images = len(examples)
        return Score(loss / num_images, correct / num_images, correct, np.concatenate(logits))
