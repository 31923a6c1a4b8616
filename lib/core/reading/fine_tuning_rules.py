"""Rules for the effect of fine-tuning, for too few images, and for what is normal."""

from typing import Any

from lib.core import intervals
from lib.core.reading import curves, learning_rate_rules
from lib.core.reading.facts import Facts, Finding, Stretch, Suggestion

# A loss that changes by less than this share has hardly changed.
HARDLY_CHANGED = 0.05
# Validation accuracy above training accuracy by this much, in epoch 1 or in two epochs in a row.
ABOVE = 0.05
# There are too few validation images if the accuracy is uncertain by more than this.
WIDE_MARGIN = 0.05


def _gain(facts: Facts) -> tuple[tuple[float, float], Stretch, Stretch] | None:
    """Return the 95 % interval of the gain by fine-tuning, and the phases before and after."""
    if curves.fine_tuning_gain(facts.history) is None:
        return None
    head, tuned = facts.stretches[0], facts.stretches[-1]
    interval = facts.change(head.records[-1].val_accuracy, tuned.records[-1].val_accuracy)
    return interval, head, tuned


def destroyed(facts: Facts) -> Finding | None:
    """Find a validation accuracy that fell during fine-tuning by more than chance explains."""
    known = _gain(facts)
    if known is None or known[0][1] >= 0:
        return None
    _, head, tuned = known
    first = next(each for each in facts.stretches if each.is_fine_tuning)
    changes: dict[str, Any] = {"batch_norm": "frozen"}
    suggestion = Suggestion("Keep BatchNormalization frozen", changes)
    if not facts.batch_norm_moves:
        suggestion = learning_rate_rules.slower(facts, first, 10)
    return Finding(
        "fine_tuning_destroyed",
        first.first,
        tuned.last,
        f"Validation accuracy fell from {head.records[-1].val_accuracy:.3f} with the frozen "
        f"backbone to {tuned.records[-1].val_accuracy:.3f} after fine-tuning. The pretrained "
        "weights were changed faster than this task could replace what they knew, which is "
        "called catastrophic forgetting.",
        suggestion,
    )


def helped(facts: Facts) -> Finding | None:
    """Find a validation accuracy that rose during fine-tuning by more than chance explains."""
    known = _gain(facts)
    if known is None or known[0][0] <= 0:
        return None
    _, head, tuned = known
    gain = tuned.records[-1].val_accuracy - head.records[-1].val_accuracy
    return Finding(
        "fine_tuning_helped",
        head.last + 1,
        tuned.last,
        f"Validation accuracy rose by {gain * 100:.1f} points, from "
        f"{head.records[-1].val_accuracy:.3f} to {tuned.records[-1].val_accuracy:.3f}. That is "
        f"more than chance explains with {facts.num_validation:,} images; another seed shows "
        "whether it happens again.",
        Suggestion("Repeat with another seed", {"seed": facts.config.seed + 1}),
    )


def did_nothing(facts: Facts) -> Finding | None:
    """Find fine-tuning without effect on the training loss, or measurably none on validation."""
    known = _gain(facts)
    if known is None or not known[0][0] <= 0 <= known[0][1]:
        return None
    (low, high), head, tuned = known
    losses = [record.loss for record in facts.history if record.phase == "fine_tuning"]
    stood_still = _hardly_changed(losses[0], losses[-1])
    same_loss = _hardly_changed(head.end("val_loss"), tuned.end("val_loss"))
    if not stood_still and ((high - low) / 2 > WIDE_MARGIN or not same_loss):
        return None
    seen = "The training loss stood still too" if stood_still else "Training went on meanwhile"
    suggestion = Suggestion("Leave it out", {"strategy": "feature_extraction"})
    if stood_still:
        suggestion = learning_rate_rules.faster(facts, tuned)
    return Finding(
        "fine_tuning_did_nothing",
        head.last + 1,
        tuned.last,
        f"Validation accuracy was {head.records[-1].val_accuracy:.3f} before fine-tuning and "
        f"{tuned.records[-1].val_accuracy:.3f} after it. {seen}, so the "
        f"{len(losses)} epochs bought nothing that can be measured.",
        suggestion,
    )


def _hardly_changed(before: float, after: float) -> bool:
    return abs(after - before) <= HARDLY_CHANGED * before


# --- Too few images, and what is normal -----------------------------------------------------------


def too_few_validation_images(facts: Facts) -> Finding | None:
    """Find a last validation accuracy whose interval is too wide for a comparison."""
    if not facts.num_validation:
        return None
    end = facts.history[-1]
    low, high = intervals.wilson_interval(
        round(end.val_accuracy * facts.num_validation), facts.num_validation
    )
    if (high - low) / 2 <= WIDE_MARGIN:
        return None
    return Finding(
        "too_few_validation_images",
        end.epoch,
        end.epoch,
        f"With {facts.num_validation:,} validation images an accuracy of {end.val_accuracy:.3f} "
        f"stands for anything from {low:.3f} to {high:.3f}. An accuracy within that range, of "
        "another epoch or another run, can differ by chance; several seeds together say more.",
        Suggestion("Repeat with another seed", {"seed": facts.config.seed + 1}),
    )


def validation_above_training(facts: Facts) -> Finding | None:
    """Find a validation accuracy above the training accuracy, and say why that is normal."""
    above = [record.val_accuracy - record.accuracy > ABOVE for record in facts.history]
    config = facts.config
    pairs = [row for row in range(len(above) - 1) if above[row] and above[row + 1]]
    if not above[0] and not pairs:
        return None
    first = facts.history[0 if above[0] else pairs[0]]
    end = first.epoch
    while end < len(above) and above[end]:  # epochs count from 1, so this is the next one
        end += 1
    if config.dropout or config.augmentation:
        used = {"dropout": config.dropout, "augmentation": config.augmentation}
        held_back = " and ".join(word for word, on in used.items() if on)
        why = (
            f"That is normal: training images are made harder by {held_back} while they are "
            "trained on, and validation images are not."
        )
        changes: dict[str, Any] = {"dropout": 0.0, "augmentation": False}
        suggestion = Suggestion(f"Train without {held_back}", changes)
    else:
        why = (
            "That is normal: the training score is the average over an epoch in which the model "
            "was still getting better, and validation comes after it."
        )
        rate = learning_rate_rules.rounded(config.head_learning_rate / 3)
        suggestion = Suggestion(
            f"See it shrink with a head that learns at {rate:g}", {"head_learning_rate": rate}
        )
    return Finding(
        "validation_above_training",
        first.epoch,
        end,
        f"In epoch {first.epoch} the validation images score {first.val_accuracy:.3f} and the "
        f"training images {first.accuracy:.3f}. {why}",
        suggestion,
    )
