"""Rules for overfitting, underfitting, distribution shift and BatchNormalization statistics."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from lib.core import backbones, runs, strategies
from lib.core.reading import learning_rate_rules
from lib.core.reading.facts import MIN_EPOCHS, Facts, Finding, Stretch, Suggestion
from lib.core.runs import EpochRecord, TrainConfig

# Overfitting: the validation loss ends this share above its minimum while the training loss keeps
# falling, or the training accuracy ends this much above the validation accuracy.
VAL_LOSS_RISE = 0.15
VAL_LOSS_RISE_AT_LEAST = 0.03
TRAIN_LOSS_FALL = 0.1
GAP = 0.1

# Underfitting: the training accuracy ends below this share of the range from guessing to 1.
LEARNED_SHARE = 0.6
# A loss is flat if it fell by less than this share in the last third of a phase.
FLAT_FALL = 0.05

# BatchNormalization lags: in inference mode the training images have an accuracy lower by LAG, or a
# loss higher by a factor; or validation improves long after the training images were learned.
LAG = 0.1
LAG_LOSS_FACTOR, LAG_LOSS_AT_LEAST = 3.0, 0.1
KNOWN_ACCURACY = 0.9
LATE_CLIMB = 0.15

# Too short: a head that was trained in fewer steps than this. With the usual rate of Adam, heads on
# stored features stop gaining after some hundred (python -m lib.tools.record_resolution).
FEW_STEPS = 200
# Small images: up to this share of the side on which the network was trained, unless nearly all
# validation images are right anyway.
SMALL_SHARE = 0.6
NOTHING_TO_GAIN = 0.98

# Distribution shift: the whole interval of the area under the ROC curve is above this.
SHIFT_AUC = 0.6


def _lags(facts: Facts, stretch: Stretch) -> bool:
    """Return True if training images score much lower in inference mode after a phase."""
    evaluated, seen = facts.train_evaluated(stretch), stretch.records[-1]
    return (
        facts.batch_norm_moves
        and evaluated is not None
        and (
            seen.accuracy - evaluated["accuracy"] > LAG
            or evaluated["loss"] > LAG_LOSS_FACTOR * seen.loss + LAG_LOSS_AT_LEAST
        )
    )


def batch_norm_lag(facts: Facts) -> Finding | None:
    """Find moving statistics that lag behind: measured, or seen in a late rise of validation."""
    if not facts.batch_norm_moves:
        return None
    for stretch in facts.stretches:
        if stretch.name == "feature_extraction":
            continue
        evaluated, seen = facts.train_evaluated(stretch), stretch.records[-1]
        if evaluated and _lags(facts, stretch):
            return stretch.finding(
                "batch_norm_lag",
                f"The training images had an accuracy of {seen.accuracy:.3f} and a loss of "
                f"{seen.loss:.3f} while they were trained on, and of {evaluated['accuracy']:.3f} "
                f"and {evaluated['loss']:.3f} right after, in inference mode. The moving mean and "
                "variance of BatchNormalization have not caught up with the weights, so a model "
                "that knows its images seems to have forgotten them.",
                _steadier_statistics(facts),
            )
        late = _late_climb(stretch)
        if late and facts.change(late[0].val_accuracy, late[1].val_accuracy)[0] > 0:
            low, high = late
            return Finding(
                "batch_norm_lag",
                low.epoch,
                high.epoch,
                f"Validation climbed from {low.val_accuracy:.3f} to {high.val_accuracy:.3f} after "
                f"the training images were known at {low.accuracy:.3f}. It was not the weights "
                "that were missing: the moving mean and variance of BatchNormalization, which "
                "validation uses and training does not, took that long to catch up.",
                _steadier_statistics(facts),
            )
    return None


def _late_climb(stretch: Stretch) -> tuple[EpochRecord, EpochRecord] | None:
    """Return the epochs of a late rise of validation, when training images were learned."""
    known: list[EpochRecord] = []
    for record in stretch.records:
        known = [*known, record] if record.accuracy >= KNOWN_ACCURACY else []
    if len(known) < MIN_EPOCHS:
        return None
    high = max(known, key=lambda record: record.val_accuracy)
    low = min(known, key=lambda record: record.val_accuracy)
    if low.epoch < high.epoch and high.val_accuracy - low.val_accuracy > LATE_CLIMB:
        return low, high
    return None


def _steadier_statistics(facts: Facts) -> Suggestion:
    config = facts.config
    if config.strategy != "from_scratch":
        return Suggestion("Keep BatchNormalization frozen", {"batch_norm": "frozen"})
    size = max(4, config.batch_size // 4)
    return Suggestion(
        f"Use batches of {size}, which update the statistics more often", {"batch_size": size}
    )


def distribution_shift(facts: Facts) -> Finding | None:
    """Find training and validation images that a linear classifier can tell apart."""
    shift = facts.result.get("shift")
    if not shift or shift["low"] <= SHIFT_AUC:
        return None
    suggestion = None
    if not facts.config.augmentation:
        suggestion = Suggestion("Train with augmentation", {"augmentation": True})
    return Finding(
        "distribution_shift",
        facts.history[0].epoch,
        facts.history[-1].epoch,
        "A linear classifier tells training images from validation images in "
        f"{shift['auc']:.0%} of pairs (95 % interval {shift['low']:.0%} to {shift['high']:.0%}), "
        "where 50 % is chance. The two splits were not drawn alike, so a low validation score "
        "need not be overfitting: mix both and split again, or vary the training images.",
        suggestion,
    )


def overfitting(facts: Facts) -> Finding | None:
    """Find a validation loss that rises while the training loss falls, or a lasting gap."""
    # Only the last phase counts: it may have lowered the validation loss again.
    stretch = facts.stretches[-1]
    records = stretch.records
    if len(records) < MIN_EPOCHS or facts.forgot_its_own:
        return None
    # Means of three epochs, because the minimum of noisy values is low by chance.
    val_losses = stretch.values("val_loss")
    levels = [fmean(val_losses[max(0, row - 1) : row + 2]) for row in range(len(val_losses))]
    best, lowest = records[levels.index(min(levels))], min(levels)
    val_end, train_end = stretch.end("val_loss"), stretch.end("loss")
    rise = val_end - lowest
    # The training loss is an average over the epoch, so the loss that the model had after the best
    # epoch appears in the next one.
    reached = next((each.loss for each in records if each.epoch == best.epoch + 1), best.loss)
    rises = (
        not _lags(facts, stretch)
        and learning_rate_rules.unstable(facts) is None
        and rise > max(VAL_LOSS_RISE * lowest, VAL_LOSS_RISE_AT_LEAST)
        and train_end < (1 - TRAIN_LOSS_FALL) * reached
        and stretch.last - best.epoch >= 2
    )
    train, val = facts.train_accuracy(stretch), stretch.end("val_accuracy")
    if rises:
        return Finding(
            "overfitting",
            best.epoch + 1,
            stretch.last,
            f"From epoch {best.epoch + 1} the validation loss rises, from {lowest:.3f} to "
            f"{val_end:.3f}, while the training loss goes on falling to {train_end:.3f}. What is "
            "learned from there on holds for the training images only.",
            _against_overfitting(facts, stop=True),
        )
    # While the validation loss still falls, the model still improves on new images.
    if _gapes(facts, train, val) and _fall_at_end(stretch.values("val_loss")) <= FLAT_FALL:
        close = [
            each.epoch for each in records if not _gapes(facts, each.accuracy, each.val_accuracy)
        ]
        first = min(close[-1] + 1 if close else stretch.first, stretch.last)
        return Finding(
            "overfitting",
            first,
            stretch.last,
            f"The training images score {train:.3f} and the validation images {val:.3f}. The "
            "model knows its own images better than the task, as it does when there are few of "
            "them.",
            _against_overfitting(facts, stop=False),
        )
    return None


def _gapes(facts: Facts, train: float, val: float) -> bool:
    return train - val > GAP and facts.parted(train, val)


def _against_overfitting(facts: Facts, *, stop: bool) -> Suggestion | None:
    config = facts.config
    if config.strategy == "from_scratch":
        return Suggestion(
            "Start from pretrained weights",
            _pretrained(config),
        )
    known = config.catalogued
    most = min(known.max_train_images, runs.USUAL_TRAIN_IMAGES) if known else 0
    options = [
        (
            most >= 2 * config.num_images,
            Suggestion(
                f"Train on {min(most, 4 * config.num_images):,} images",
                {"num_images": min(most, 4 * config.num_images)},
            ),
        ),
        (not config.augmentation, Suggestion("Train with augmentation", {"augmentation": True})),
        (config.dropout < 0.5, Suggestion("Train with dropout of 0.5", {"dropout": 0.5})),
    ]
    early = Suggestion(
        "Stop when the validation loss stops falling, and keep the best epoch",
        {"early_stopping": 3, "restore_best_weights": True},
    )
    options.insert(0 if stop else len(options), (not config.early_stopping, early))
    return next((suggestion for possible, suggestion in options if possible), None)


def _pretrained(config: TrainConfig) -> dict[str, Any]:
    """Return the changes from training from scratch to two phases with as many epochs in total."""
    fine_tune_epochs = config.num_epochs // 2
    return {
        "strategy": "partial_fine_tuning",
        "thaw_from": None,
        "head_epochs": config.num_epochs - fine_tune_epochs,
        "fine_tune_epochs": fine_tune_epochs,
        "fine_tune_learning_rate": learning_rate_rules.USUAL_FINE_TUNE_RATE,
        "batch_norm": "frozen",
    }


def underfitting(facts: Facts) -> Finding | None:
    """Find training images that stay badly classified although the loss has stopped falling."""
    stretch = facts.stretches[-1]
    if len(stretch.records) < MIN_EPOCHS:
        return None
    train = facts.train_accuracy(stretch)
    wanted = facts.guessing_accuracy + LEARNED_SHARE * (1 - facts.guessing_accuracy)
    if train >= wanted or _fall_at_end(stretch.values("loss")) > FLAT_FALL:
        return None
    return stretch.finding(
        "underfitting",
        f"Even the training images end at {train:.3f}, and their loss has stopped falling at "
        f"{stretch.end('loss'):.3f}. What may learn is too little, or too much held back, for "
        "this task.",
        _against_underfitting(facts.config),
    )


def _against_underfitting(config: TrainConfig) -> Suggestion:
    if config.dropout >= 0.5:
        return Suggestion("Train without dropout", {"dropout": 0.0})
    if config.augmentation:
        return Suggestion("Train without augmentation", {"augmentation": False})
    if config.strategy == "from_scratch":
        return Suggestion("Start from pretrained weights", _pretrained(config))
    if config.strategy == "feature_extraction":
        more = {
            "strategy": "partial_fine_tuning",
            "thaw_from": None,
            "fine_tune_epochs": 10,
            "fine_tune_learning_rate": learning_rate_rules.USUAL_FINE_TUNE_RATE,
        }
        return Suggestion("Thaw the top of the backbone after that", more)
    if config.strategy == "partial_fine_tuning":
        return Suggestion("Thaw the whole backbone", {"strategy": "full_fine_tuning"})
    return Suggestion("Train twice as long", {"fine_tune_epochs": 2 * config.fine_tune_epochs})


def _fall_at_end(losses: Sequence[float]) -> float:
    """Return by what share a loss fell from the middle third to the last third of its epochs."""
    third = len(losses) // 3
    middle, end = fmean(losses[-2 * third : -third]), fmean(losses[-third:])
    return 1 - end / middle if middle else 0.0


def still_improving(facts: Facts) -> Finding | None:
    """Find a validation loss that was at its minimum and still falling when the run ended."""
    stretch = facts.stretches[-1]
    losses = stretch.values("val_loss")
    if len(losses) < MIN_EPOCHS or _fall_at_end(losses) <= FLAT_FALL:
        return None
    third = len(losses) // 3
    # A loss that falls again after a bump has not improved.
    if min(losses[:-third]) <= fmean(losses[-third:]):
        return None
    field = "fine_tune_epochs" if stretch.is_fine_tuning else "head_epochs"
    num_epochs = 2 * getattr(facts.config, field)
    return Finding(
        "still_improving",
        stretch.last - third + 1,
        stretch.last,
        f"In the last {third} epochs the validation loss still fell by "
        f"{_fall_at_end(losses):.0%}, to {losses[-1]:.3f}. The run ended before it had learned "
        "what it could.",
        Suggestion(f"Train for {num_epochs} epochs there", {field: num_epochs}),
    )


def trained_too_short(facts: Facts) -> Finding | None:
    """A head whose training loss was still falling after a few steps, when the run ended."""
    stretch, config = facts.stretches[-1], facts.config
    losses = stretch.values("loss")
    if stretch.name != "feature_extraction" or config.head_solver == "solved":
        return None
    each = math.ceil(config.num_images / config.batch_size)
    steps = each * len(losses)
    if len(losses) < MIN_EPOCHS or steps >= FEW_STEPS or _fall_at_end(losses) <= FLAT_FALL:
        return None
    if replace(config, head_solver="solved").can_be_solved:
        suggestion = Suggestion("Train the head until it is solved", {"head_solver": "solved"})
    else:
        more = min(runs.MAX_EPOCHS, math.ceil(FEW_STEPS / each))
        suggestion = Suggestion(f"Train for {more} epochs", {"head_epochs": more})
    return Finding(
        "trained_too_short",
        stretch.last - len(losses) // 3 + 1,
        stretch.last,
        f"The {len(losses)} epochs were {steps} steps, because an epoch of {config.num_images:,} "
        f"images in batches of {config.batch_size} has {each}. In the last third of them the "
        f"training loss still fell by {_fall_at_end(losses):.0%}, to {losses[-1]:.3f}, so the head "
        "is not yet what it could be.",
        suggestion,
    )


def small_images(facts: Facts) -> Finding | None:
    """Images much smaller than those on which the network was trained, with something to gain."""
    config, end = facts.config, facts.history[-1]
    published = backbones.get(config.backbone).published_size
    pretrained = strategies.get(config.strategy).pretrained
    if (
        not pretrained
        or config.image_size > SMALL_SHARE * published
        or end.val_accuracy >= NOTHING_TO_GAIN
    ):
        return None
    return Finding(
        "small_images",
        end.epoch,
        end.epoch,
        f"The images have {config.image_size} pixels a side, and the network was trained on images "
        f"of {published}. Its filters look for parts of things at that size, so on photographs "
        "small images often cost more accuracy than any choice of layers gains.",
        Suggestion(f"Train on images of {published} pixels", {"image_size": published}),
    )
