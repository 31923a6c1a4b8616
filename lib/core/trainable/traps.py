"""Twelve traps: their questions, what an outcome says of the answers, and their cures.

Long because twelve traps are one list to read, each with its question, answers, reason and cure.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lib.core.files.shipped import DATA
from lib.core.trainable.outcome import Outcome

FILE = DATA / "trainable" / "experiments.json"

# Facts of an outcome -> their words on the page.
FACTS = {
    "trainable": "Trainable parameters in `model.summary()`",
    "base_trainable": "Weights in `base.trainable_weights`",
    "model_trainable": "Weights in `model.trainable_weights`",
    "layer_trainable": "Weights in `attention.trainable_weights`",
    "rows_with_weights": "Rows of layers with weights in the summary",
    "row_of_base": "Trainable, in the row of `base`",
    "row_of_first": "Trainable, in the row of `first`",
    "steps_before": "Steps the optimizer has counted before `compile`",
    "steps": "Steps the optimizer has counted at the end",
    "loss_1": "Loss of the first epoch",
    "loss_2": "Loss of the second epoch, with the same weights",
    "lowest": "Lowest value that the network sees",
    "highest": "Highest value that the network sees",
    "class_1": "Share of class 1 at the threshold of logits",
    "loss_inside": "Loss as `evaluate` gives it",
    "loss_outside": "Loss of the same predictions, outside a step of Keras",
    "epochs": "Epochs in the two histories, counted from 0",
}


@dataclass(frozen=True)
class Trap:
    """A trap.

    Args:
        title: What is done, in a few words.
        module: Module of lib.training.experiments with its two functions.
        trap: Name of the function that falls into it.
        cured: Name of the function that does not.
        question: What the reader predicts.
        answers: Three or four of them.
        right: The place of the answer that an outcome of `trap` makes true; -1 if none.
        why: Why it is so, in one to three sentences.
        cure: What to do instead, in one sentence.
        sources: Keys of docs/sources.md.
    """

    title: str
    module: str
    trap: str
    cured: str
    question: str
    answers: tuple[str, ...]
    right: Callable[[Outcome], int]
    why: str
    cure: str
    sources: tuple[str, ...] = ("keras-transfer",)


def _first(*cases: bool) -> int:
    """Return the place of the first case that is true; -1 if none is."""
    return next((place for place, each in enumerate(cases) if each), -1)


def _statistics(outcome: Outcome, layer: str) -> bool:
    return bool(outcome.moved(f"base/{layer}/moving_"))


def _gradient(outcome: Outcome, layer: str) -> bool:
    return bool(outcome.moved(f"base/{layer}/gamma"))


TRAPS: dict[str, Trap] = {
    "true_again": Trap(
        "`trainable = True` on a partly frozen model",
        "freezing_traps",
        "thaw_a_partly_frozen_base",
        "thaw_each_layer_of_the_base",
        "`first` is frozen. Then `base.trainable = True`. Which layers of the base does a step "
        "train?",
        ("All of them", "All but `first`", "None of them"),
        lambda o: _first(
            bool(o.moved("base/first")), bool(o.moved("base/last")), not o.moved("base")
        ),
        "`base.trainable` was True already, and in Keras 3 it changes nothing to set a switch to "
        "what it is. Keras 2 set it in every layer inside.",
        "Set `trainable` of each layer, so that the code says what it means.",
    ),
    "child": Trap(
        "A frozen parent with a child thawed afterwards",
        "freezing_traps",
        "thaw_a_child_of_a_frozen_base",
        "freeze_the_base_last",
        "`base` is frozen, then `last` inside it is thawed. What does a step train?",
        ("Only the head: `base` is frozen", "The head and `last`", "The head and the whole base"),
        lambda o: _first(
            not o.moved("base"), not o.moved("base/first"), bool(o.moved("base/first"))
        ),
        "A model in Keras 3 lists each weight by its own switch, also inside a frozen parent. The "
        "parent's own list is empty, which looks as if all of it were frozen. In Keras 2 the "
        "parent hid the child.",
        "Set the switch of the parent last: it sets that of every layer inside.",
    ),
    "no_compile": Trap(
        "Thawed without `compile`",
        "freezing_traps",
        "thaw_without_compile",
        "thaw_and_compile",
        "The head has been trained, then the base is thawed. What does the next `fit` change?",
        (
            "The head and the base",
            "Only the head, and a warning says so",
            "Only the head, and `summary()` counts the base as trainable",
        ),
        lambda o: _first(
            bool(o.moved("base")),
            False,
            bool(o.facts["trainable"] > 5),  # type: ignore[operator]
        ),
        "The first `fit` has built a training step for the weights that were trainable then. The "
        "counts change at once and the step does not; nobody says so.",
        "After every change of `trainable`, compile before the next `fit`.",
    ),
    "training_false": Trap(
        "`base(x, training=False)` inside a functional model",
        "step_traps",
        "call_the_base_with_training_false",
        "freeze_the_batch_norm",
        "The base is called with `training=False`. Does `fit` change the moving statistics of its "
        "BatchNormalization?",
        (
            "No: the call says inference",
            "Yes: `fit` overwrites the argument",
            "Only if gamma and beta are frozen",
        ),
        lambda o: _first(not _statistics(o, "bn"), _gradient(o, "bn"), True),
        "In Keras 3 a functional model hands the `training` of its own call to every layer inside, "
        "and `fit` calls it with True. In Keras 2 the argument of the inner call counted.",
        "Freeze the BatchNormalization: with `trainable = False` it runs in inference mode "
        "whatever is passed.",
        ("keras-20285", "keras-transfer"),
    ),
    "build": Trap(
        "Freezing before and after `build`",
        "freezing_traps",
        "freeze_before_build",
        "freeze_after_build",
        "An attention layer is frozen before it has weights. What does a step train?",
        (
            "The head only",
            "The head and the attention layer",
            "Nothing: the weights are built too late",
        ),
        lambda o: _first(not o.moved("attention"), bool(o.moved("head")), not o.moved()),
        "The switch sets what the layer holds at that moment. `MultiHeadAttention` makes its "
        "inner layers in `build`, and new layers are trainable. Its own list is empty, but the "
        "model lists those weights and trains them. A Dense layer frozen before `build` stays "
        "frozen.",
        "Freeze after the layer is built, that is after it has been called once.",
    ),
    "optimizer": Trap(
        "What `compile` does to the optimizer's memory",
        "step_traps",
        "compile_with_a_new_optimizer",
        "compile_with_the_same_optimizer",
        "Adam has made five steps. The base is thawed and the model compiled with a new Adam. What "
        "is left of the five steps?",
        (
            "Everything: the weights are the same",
            "The averages of the gradients, but not the count",
            "Nothing",
        ),
        lambda o: _first(
            not o.moved() and o.facts["steps"] == o.facts["steps_before"],
            not o.moved(),
            bool(o.moved()) and o.facts["steps"] == 0,
        ),
        "The two averages that Adam keeps of each gradient belong to the optimizer. A new one "
        "starts at zero, so its first steps are as large as at the very beginning.",
        "Build one optimizer for all weights before anything is frozen, and compile with that one "
        "each time.",
        ("kingma-2015",),
    ),
    "by_name": Trap(
        "BatchNormalization frozen by name",
        "freezing_traps",
        "freeze_batch_norm_by_name",
        "freeze_batch_norm_by_class",
        'Every layer whose name ends in "bn" is frozen. Which statistics does a step change?',
        ("None", "Those of `top_norm`", "Those of `stem_bn` and `top_norm`"),
        lambda o: _first(not _statistics(o, "top_norm"), not _statistics(o, "stem_bn"), True),
        "A name is only a name. Keras's own networks call this layer `bn_Conv1`, `conv1_bn` or "
        "`batch_normalization_7`.",
        "Ask for the class: `isinstance(layer, keras.layers.BatchNormalization)`.",
    ),
    "summary": Trap(
        "A nested model in `summary()`",
        "freezing_traps",
        "read_the_summary_of_a_nested_model",
        "read_the_expanded_summary",
        "`first` inside `base` is frozen. What does the row of `base` say in "
        "`model.summary(show_trainable=True)`?",
        ("N: a layer inside is frozen", "Y, as if nothing were frozen", "One row for each layer"),
        lambda o: _first(o.facts["row_of_base"] == "N", o.facts["rows_with_weights"] == 2, True),
        "A model inside a model is one layer and one row, which shows its own switch. The totals "
        "below the table are right: they count weights.",
        "Print the summary with `expand_nested=True`, or look at `base.layers`.",
    ),
    "dropout": Trap(
        "Dropout in a frozen base",
        "step_traps",
        "train_a_frozen_dropout",
        "train_with_the_rate_at_zero",
        "The base is frozen, called with `training=False`, and nothing learns (rate 0). Do two "
        "epochs have the same loss?",
        (
            "Yes: a frozen base gives the same features",
            "No: it drops other units each time",
            "Yes, because `training=False` switches Dropout off",
        ),
        lambda o: 0 if o.facts["loss_1"] == o.facts["loss_2"] else 1,
        "Dropout has no weights, so freezing does not reach it, and `fit` overwrites "
        "`training=False`. The head learns from features with gaps.",
        "Set the rate of each Dropout to 0 before the first `fit`, or compute the features once "
        "with `predict`.",
        ("keras-20285", "keras-transfer"),
    ),
    "twice": Trap(
        "`preprocess_input` applied twice",
        "step_traps",
        "preprocess_twice",
        "preprocess_once",
        "Images with values 0 to 255 are scaled to -1 to 1, twice. What does the network see?",
        (
            "The same: -1 to 1",
            "Nearly one value: -1.008 to -0.992",
            "Values from 0 to 1",
        ),
        lambda o: _first(
            o.facts["highest"] == 1.0,
            float(o.facts["highest"]) < -0.9,  # type: ignore[arg-type]
            float(o.facts["lowest"]) >= 0.0,  # type: ignore[arg-type]
        ),
        "The second scaling divides -1 to 1 by 127.5 and subtracts 1 again, so black and white "
        "differ by 0.016. Nothing fails: the step trains on images of one grey.",
        "Scale in one place only; as part of the model it cannot be forgotten either.",
    ),
    "sigmoid": Trap(
        "A sigmoid with `from_logits=True`",
        "step_traps",
        "sigmoid_with_from_logits",
        "logits_with_from_logits",
        "The model ends in a sigmoid, and loss and metric expect logits. What goes wrong?",
        (
            "`fit` trains other weights, and everything is class 1",
            "`fit` trains the same, and everything is class 1",
            "Nothing: Keras corrects it everywhere",
        ),
        lambda o: _first(
            False,
            o.facts["class_1"] == 1.0 and o.facts["loss_inside"] != o.facts["loss_outside"],
            o.facts["class_1"] != 1.0,
        ),
        "In `fit`, the loss finds the sigmoid in the graph and takes the value before it, with a "
        "warning; compare the arrays with those below. Nobody corrects the rest: a sigmoid is "
        "never below 0, so at the threshold of logits everything is class 1, and a training loop "
        "of your own squeezes each output into 0.5 to 0.731.",
        "Leave the activation out, or say `from_logits=False`.",
        ("keras-losses",),
    ),
    "initial_epoch": Trap(
        "`history.epoch[-1]` as `initial_epoch`",
        "step_traps",
        "continue_from_the_last_epoch",
        "continue_after_the_last_epoch",
        "Three epochs, then `fit(epochs=6, initial_epoch=history.epoch[-1])`. How many epochs does "
        "the model train in all?",
        ("Five", "Six", "Seven"),
        lambda o: _first(*(o.facts["steps"] == number for number in (5, 6, 7))),
        "Keras counts epochs from 0, so the last of three is number 2, and number 2 runs again.",
        "Use `len(history.epoch)`: so many epochs have ended.",
        ("tf-transfer",),
    ),
}


@dataclass(frozen=True)
class Pair:
    """What was recorded or run for a trap and its cure."""

    trap: Outcome
    cured: Outcome


@lru_cache(maxsize=1)
def recorded() -> dict[str, Pair]:
    """Return the outcomes that ship with Thaw, by trap."""
    found = json.loads(FILE.read_text("utf-8"))
    return {
        key: Pair(Outcome.from_dict(found[trap.trap]), Outcome.from_dict(found[trap.cured]))
        for key, trap in TRAPS.items()
    }
