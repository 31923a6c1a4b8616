"""The training loop: optimizer steps, epochs and evaluations on tensors in memory.

A custom loop is used instead of `Model.fit`, because on two cores and a few hundred small images
`fit` spends most of its time outside the steps (docs/decisions/0003-training-loop.md). Creating a
new PhaseTrainer corresponds to `compile`: every change of `trainable` needs a new optimizer and
newly traced functions.
"""

import math
from collections.abc import Callable, Container, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lib.core.errors import ThawError
from lib.training import beside
from lib.training.engine import fast_gradients, fold_batch_norm

EVALUATION_BATCH_SIZE = 64
NO_LOGITS = np.empty((0, 0), np.float32)

# From the tensors of a batch to the input of the model; the flag is True during training.
Prepare = Callable[[Sequence[tf.Tensor], bool], Any]


class TrainingDivergedError(ThawError):
    """The loss of a step is not a finite number."""


@dataclass(frozen=True)
class Examples:
    """Inputs of the trainable part of the network, with labels.

    Args:
        tensors: One array for each tensor at the cut after the frozen prefix, each of shape
            (examples, ...).
        labels: Class indices, shape (examples,).
    """

    tensors: tuple[tf.Tensor, ...]
    labels: tf.Tensor

    @classmethod
    def make(
        cls, tensors: Sequence[npt.NDArray[np.float32]], labels: npt.NDArray[np.int64]
    ) -> "Examples":
        """Examples from NumPy arrays, converted to tensors once and not at every step."""
        return cls(tuple(tf.convert_to_tensor(t) for t in tensors), tf.convert_to_tensor(labels))

    def __len__(self) -> int:
        return int(self.labels.shape[0])


@dataclass(frozen=True)
class Score:
    """Mean loss and accuracy over some images, and the number of correct predictions.

    Args:
        loss: Mean cross-entropy.
        accuracy: 0 to 1.
        correct: Number of correct predictions.
        logits: (images, logits) of an evaluation; empty for a training epoch.
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
    """The predicted class of each image: the largest logit, or the sign of a single logit.

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
    """Adam as one fused operation for each weight.

    In Keras, a step of Adam consists of fifteen operations for every weight, which takes a sixth of
    the time of a fine-tuning step and most of its graph. TensorFlow has one operation for it.
    """

    def _backend_update_step(
        self,
        grads: Sequence[tf.Tensor],
        trainable_variables: Sequence[keras.Variable],
        learning_rate: keras.Variable,
    ) -> None:
        """Update the weights by their gradients; overrides the method of Keras.

        Not in `update_step`, which is called for each weight: common terms are computed once.
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


def setting_back(
    first: Iterable[tuple[keras.Variable, npt.NDArray[Any]]],
) -> Callable[[], None]:
    """A function that sets variables to given values.

    Args:
        first: Each variable with its value, of the same shape.
    """
    # Converted once; zeros, as most variables of an optimizer are at first, take no memory.
    kept = [
        (variable.value, tf.constant(value) if value.any() else None) for variable, value in first
    ]

    def set_back() -> None:
        for variable, value in kept:
            variable.assign(tf.zeros(variable.shape, variable.dtype) if value is None else value)

    return set_back


class PhaseTrainer:
    """Trains the weights of a model that are trainable when the trainer is created.

    Args:
        model: From the prepared tensors of Examples to logits.
        optimizer: A new optimizer.
        prepare: From the tensors of a batch to the model's input; the flag is True in training.
        infer: The model in inference mode, if most of its graph already exists.
        fixed: Names of layers whose weights never change.
        l2: Penalty of `kernels`: this number times the sum of their squares; 0 for none. It is in
            the gradients and not in the losses, so that training and validation can be compared.
        kernels: The weights with a penalty.
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
        l2: float = 0.0,
        kernels: Sequence[keras.Variable] = (),
    ) -> None:
        self.batch_size = batch_size
        variables = model.trainable_variables
        # Before the first step, because variables created during tracing cause a second tracing.
        optimizer.build(variables)
        self._back_to_first = setting_back((each, each.numpy()) for each in optimizer.variables)
        self._l2 = penalty = tf.Variable(l2, dtype=tf.float32, trainable=False) if l2 else None

        # AutoGraph is not needed, and its analysis of every function takes half a second.
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
            if penalty is not None:
                squares = [tf.reduce_sum(tf.square(each.value)) for each in kernels]
                mean += penalty * tf.add_n(squares)
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
        self._is_warm = False

    def begin(self) -> None:
        """Set the optimizer back to its first state, for another run with the same graphs."""
        self._back_to_first()

    def use(self, *, batch_size: int, l2: float) -> None:
        """Use the values of a run.

        Args:
            batch_size: Images in a step.
            l2: Penalty; 0 if it was 0 when the trainer was created, and not 0 otherwise.
        """
        self.batch_size = batch_size
        if self._l2 is not None:
            self._l2.assign(l2)

    def warm_up(self, examples: Examples, step: Callable[[int], None], *, steps: bool) -> None:
        """Trace the graphs and run each once, if not done before: the first call takes longer.

        This changes weights and optimizer; a run sets them back when it begins.

        Args:
            examples: Any; most of what a first call takes is the same for one image and for many.
            step: As for `train_epoch`.
            steps: Whether the phase takes training steps.
        """
        if self._is_warm:
            return
        if steps:
            self.train_epoch(examples, np.arange(len(examples)), step)
        self.evaluate(examples)
        self._is_warm = True

    def _traced(self, function: Any, examples: Examples, last: tf.TensorSpec) -> Any:
        """Trace once for any number of examples, so that a shorter last batch needs no tracing."""
        tensors = (*examples.tensors, examples.labels)
        *inputs, labels = (tf.TensorSpec((None, *t.shape[1:]), t.dtype) for t in tensors)
        return function.get_concrete_function(tuple(inputs), labels, last)

    def _begin_to_trace_test_step(self, examples: Examples) -> Future[Any]:
        """Trace in a thread: Python traces while TensorFlow executes the first steps."""
        if self._test_step is None:
            start_spec = tf.TensorSpec((), tf.int32)
            self._test_step = beside.begin(self._traced, self._test_function, examples, start_spec)
        return self._test_step

    def num_batches(self, num_examples: int) -> int:
        """Number of steps in an epoch."""
        return math.ceil(num_examples / self.batch_size)

    def train_epoch(
        self, examples: Examples, order: npt.NDArray[np.int64], step: Callable[[int], None]
    ) -> Score:
        """Train one epoch.

        Args:
            examples: The training images.
            order: A permutation of the examples.
            step: Called with the number of batches done, after each and, where the graph had to be
                traced, before the first; may raise to stop.

        Raises:
            TrainingDivergedError: At the first batch whose loss is not finite.
        """
        if self._train_step is None:
            chosen_spec = tf.TensorSpec((None,), tf.int64)
            self._train_step = self._traced(self._train_function, examples, chosen_spec)
            step(0)
            self._begin_to_trace_test_step(examples)  # in parallel to the first steps
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
        """Evaluate loss and accuracy in inference mode, without changing anything.

        Raises:
            TrainingDivergedError: If the loss is not finite, for example after the last step.
        """
        test_step = beside.result_of(self._begin_to_trace_test_step(examples))
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
