"""Rules for what is wrong with the images of a run, not with its training.

They read what result.json says of the images (`images`, `shift`), and compare the training images,
evaluated as validation images are, with validation. Runs of earlier versions lack `images`.
"""

from collections.abc import Mapping
from typing import Any

from lib.core import intervals
from lib.core.reading import learning_rate_rules
from lib.core.reading.facts import MIN_EPOCHS, Facts, Finding, Stretch

# The input fills less than this share of the range that the backbone expects, or leaves it by more
# than this share. Photographs that are all dark fill less than the whole range too.
NARROW_SHARE, BEYOND_SHARE = 0.2, 0.5
# A few copies of one image are in many datasets; a leak concerns more than this share.
LEAKED_SHARE = 0.05
# The rarest class has less than this share of the images of the largest.
RARE_SHARE = 0.1
# The training images are worse than validation by more than chance, and by this much.
WORSE_BY = 0.05
# Training has learned if it reached this share of the range from guessing to 1.
LEARNED_SHARE = 0.5
# The loss falls by this share in a phase in which no answer changes.
LOSS_FALL = 0.03
# A head has learned next to nothing if its loss is above this share of that of guessing.
EMPTY_LOSS_SHARE = 0.9


def _images(facts: Facts) -> Mapping[str, Any]:
    """What result.json says of the images; empty if it is of an earlier version."""
    found: Mapping[str, Any] = facts.result.get("images", {})
    # In a cross-validated run every image is in each split.
    return {} if facts.config.is_cross_validated else found


def _finding(facts: Facts, kind: str, explanation: str) -> Finding:
    """A finding that all epochs show, and that no setting can change."""
    return Finding(kind, facts.history[0].epoch, facts.history[-1].epoch, explanation)


def input_range(facts: Facts) -> Finding | None:
    """Find an input that is not in the range that the backbone was trained with."""
    seen = facts.result.get("images", {}).get("input")
    if not seen:
        return None
    expected = seen["expected_high"] - seen["expected_low"]
    beyond = max(seen["high"] - seen["expected_high"], seen["expected_low"] - seen["low"])
    if seen["high"] - seen["low"] >= NARROW_SHARE * expected and beyond <= BEYOND_SHARE * expected:
        return None
    return _finding(
        facts,
        "input_range",
        f"The network received values from {seen['low']:.4g} to {seen['high']:.4g}, and its "
        f"weights were trained with values from {seen['expected_low']:.4g} to "
        f"{seen['expected_high']:.4g}. The preprocessing is missing, wrong, or applied twice.",
    )


def leak(facts: Facts) -> Finding | None:
    """Find validation images that are training images."""
    shared = _images(facts).get("overlap", {}).get("train_validation", 0)
    number = facts.num_validation
    if not number or shared <= LEAKED_SHARE * number:
        return None
    return _finding(
        facts,
        "leak",
        f"{shared:,} of {number:,} validation images are training images too, pixel by pixel. "
        "Validation then measures what the network has seen, so it promises more than new images "
        "will give.",
    )


def imbalance(facts: Facts) -> Finding | None:
    """Find a class with far fewer training images than another."""
    counts = _images(facts).get("classes", {}).get("train", [])
    if not counts or min(counts) >= RARE_SHARE * max(counts):
        return None
    name = facts.result["class_names"][counts.index(min(counts))]
    return _finding(
        facts,
        "imbalance",
        f'The class "{name}" has {min(counts):,} training images, and another class has '
        f"{max(counts):,}. A network that hardly ever answers with the rare class still has a high "
        "accuracy, so look at the confusion matrix.",
    )


def labels_shifted(facts: Facts) -> Finding | None:
    """Find a validation accuracy below guessing beside training images that were learned."""
    stretch, number = facts.stretches[-1], facts.num_validation
    evaluated = facts.train_evaluated(stretch)
    if not evaluated or not number:
        return None
    val, guessing = stretch.records[-1].val_accuracy, facts.guessing_accuracy
    learned = guessing + LEARNED_SHARE * (1 - guessing)
    below = intervals.wilson_interval(round(val * number), number)[1] < guessing
    if not below or evaluated["accuracy"] < learned:
        return None
    return stretch.finding(
        "labels_shifted",
        f"Validation ends at {val:.3f}, below the {guessing:.3f} of guessing, while the training "
        f"images score {evaluated['accuracy']:.3f}. A network that is wrong nearly every time "
        "knows the classes, but training and validation do not name them alike.",
        None,
    )


def training_labels(facts: Facts) -> Finding | None:
    """Find training images that are worse than validation images, evaluated alike."""
    stretch, number = facts.stretches[-1], facts.num_validation
    evaluated = facts.train_evaluated(stretch)
    if not evaluated or not number or facts.config.is_cross_validated:
        return None
    val, train = stretch.records[-1].val_accuracy, evaluated["accuracy"]
    lowest = intervals.wilson_interval(round(val * number), number)[0]
    if val - train <= WORSE_BY or train >= lowest:
        return None
    return stretch.finding(
        "training_labels",
        f"Evaluated alike, the training images score {train:.3f} and the validation images "
        f"{val:.3f}, although the network was fitted to the former. Some training images have "
        "labels that their content does not explain.",
        None,
    )


def _same_answers(stretch: Stretch, first: int) -> bool:
    """Return True if both accuracies stay exactly what they are from an epoch on, from 0."""
    names = ("accuracy", "val_accuracy")
    return all(len(set(stretch.values(name)[first:])) == 1 for name in names)


def one_answer(facts: Facts) -> Finding | None:
    """Find an accuracy that is the same in every epoch while the loss falls."""
    stretch = facts.stretches[-1]
    losses = stretch.values("loss")
    if len(losses) < MIN_EPOCHS or losses[-1] > (1 - LOSS_FALL) * losses[0]:
        return None
    if not _same_answers(stretch, 0):
        return None
    if stretch.records[0].accuracy > LEARNED_SHARE:  # All images may be right from the start.
        return None
    return stretch.finding(
        "one_answer",
        f"The accuracy is {stretch.records[-1].accuracy:.3f} in every epoch, while the loss falls "
        f"from {losses[0]:.3f} to {losses[-1]:.3f}. The network learns, but every image gets the "
        "same answer: look at the last activation and at the loss that it is given to.",
        None,
    )


def nothing_moved(facts: Facts) -> Finding | None:
    """Find a phase of fine-tuning in which no weight of the backbone has changed."""
    for stretch in facts.stretches:
        moved = facts.result.get("moved", {}).get(stretch.key)
        if not stretch.is_fine_tuning or not moved:
            continue
        if all(change == 0 for layer, change in moved.items() if layer != "head"):
            return stretch.finding(
                "nothing_moved",
                "Layers of the backbone are counted as trainable in this phase, and not one of "
                "their weights has changed. A change of `trainable` takes effect with the next "
                "`compile`, and without it only the head is trained on.",
                None,
            )
    return None


def empty_features(facts: Facts) -> Finding | None:
    """Find a head that learns next to nothing at the usual rate, on a frozen backbone."""
    stretch = facts.stretches[0]
    losses = stretch.values("loss")
    if len(losses) < MIN_EPOCHS or not learning_rate_rules.is_usual_for_a_head(facts, stretch):
        return None
    end, guessing = losses[-1], facts.guessing_loss
    if end < EMPTY_LOSS_SHARE * guessing or end > losses[0] or not _same_answers(stretch, 1):
        return None
    return stretch.finding(
        "empty_features",
        f"After {len(losses)} epochs at the usual rate of {stretch.records[0].learning_rate:g} the "
        f"training loss is {end:.3f}, where guessing has {guessing:.3f}, and every image gets the "
        "same answer. What the frozen layers give does not tell these classes apart: see whether "
        "their weights were loaded.",
        None,
    )
