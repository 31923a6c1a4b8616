"""Rules for the learning rate: too high, too low, unstable."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median

from lib.core.reading.facts import LEVEL_EPOCHS, MIN_EPOCHS, Facts, Finding, Stretch, Suggestion

# Too high: the losses are this many times the loss of guessing;
LOSS_OVER_GUESSING = 2.0
# or they end above the loss of guessing after the training loss rose in this share of the epochs;
RISING_SHARE = 0.25
# or fine-tuning raises the training loss by this much.
JUMP_FACTOR, JUMP_AT_LEAST = 2.0, 0.15
# Too low: the training loss falls by less than this share, in almost every epoch a little, and in
# the second half of the phase nearly as much as in the first half.
SLOW_FALL = 0.2
STEADY_SHARE = 0.7
FALLING_EPOCHS_SHARE = 0.8
# Below this share of the loss of guessing, there is hardly anything left to learn.
LEARNED_LOSS_SHARE = 0.15
# Unstable: the training loss rises by this factor and by this share of the loss of guessing, in
# this share of the epochs and at least twice; or once by the factor and share of a spike.
RISE_FACTOR, RISE_SHARE = 1.3, 0.1
RISING_EPOCHS_SHARE = 0.15
SPIKE_FACTOR, SPIKE_SHARE = 1.5, 0.35

# Usual rates, to which suggestions return, for Adam and RMSprop; for SGD ten times as much.
USUAL_HEAD_RATE = 1e-3
USUAL_FINE_TUNE_RATE = 1e-4


def not_finite(facts: Facts) -> Finding | None:
    """Find a loss that is not finite."""
    for stretch in facts.stretches:
        for record in stretch.records:
            if not math.isfinite(record.loss) or not math.isfinite(record.val_loss):
                return Finding(
                    "learning_rate_too_high",
                    record.epoch,
                    facts.history[-1].epoch,
                    f"In epoch {record.epoch} the loss is no longer a number. The steps were so "
                    "large that the weights left the range of numbers, and nothing comes back "
                    "from there.",
                    slower(facts, stretch, 100),
                )
    return None


def too_high(facts: Facts) -> Finding | None:
    """Find losses above the loss of guessing, or far above those before fine-tuning."""
    before: Stretch | None = None
    for stretch in facts.stretches:
        losses = stretch.values("loss")
        rate = f"{stretch.records[0].learning_rate:g}"
        # The smaller of both losses: dropout raises the training loss, overfitting the validation
        # loss. A new head may have a high loss in its first epoch.
        both = [min(each.loss, each.val_loss) for each in stretch.records]
        peak = max(both if before else both[1:], default=0.0)
        if peak > LOSS_OVER_GUESSING * facts.guessing_loss:
            epoch = stretch.records[both.index(peak)].epoch
            return stretch.finding(
                "learning_rate_too_high",
                f"At a learning rate of {rate} both losses stood at {peak:.2f} or more in epoch "
                f"{epoch}, where guessing has {facts.guessing_loss:.2f}. Each step jumps over the "
                "valley it aims for, so the answers become sure and wrong.",
                slower(facts, stretch, 10),
            )
        rising = [now > before for before, now in pairwise(losses)]
        if (
            len(losses) >= MIN_EPOCHS
            and median(both[-LEVEL_EPOCHS:]) > facts.guessing_loss
            and fmean(rising) > RISING_SHARE
        ):
            return stretch.finding(
                "learning_rate_too_high",
                f"At a learning rate of {rate} the training loss ends at {losses[-1]:.2f}, where "
                f"guessing has {facts.guessing_loss:.2f}, after going up {sum(rising)} times. "
                "Each step jumps over the valley it aims for.",
                slower(facts, stretch, 10),
            )
        if before and not facts.batch_norm_moves:
            reached = before.records[-1].loss
            # Weights that begin to move often cost an epoch or two, and give back more.
            healed = stretch.end("val_loss") < before.end("val_loss")
            if (
                not healed
                and losses[0] > JUMP_FACTOR * reached
                and losses[0] - reached > JUMP_AT_LEAST
            ):
                return stretch.finding(
                    "learning_rate_too_high",
                    f"When the thawed layers began to learn at {rate}, the training loss jumped "
                    f"from {reached:.2f} to {losses[0]:.2f}. Steps that large throw away "
                    "pretrained weights before they can adapt.",
                    slower(facts, stretch, 10),
                )
        before = stretch
    return None


def too_low(facts: Facts) -> Finding | None:
    """Find a training loss that falls steadily but slowly, with much left to learn."""
    for stretch in facts.stretches:
        losses = stretch.values("loss")
        learned = losses[-1] < LEARNED_LOSS_SHARE * facts.guessing_loss
        # At the usual rate of a head it is not the rate that is too low: see data_rules.
        if len(losses) < MIN_EPOCHS or learned or is_usual_for_a_head(facts, stretch):
            continue
        fall = losses[0] - losses[-1]
        half = len(losses) // 2
        earlier, later = losses[0] - losses[half], losses[half] - losses[-1]
        # The loss of a head that has converged is flat too, but it fell fast before.
        steady = later > STEADY_SHARE * earlier * (len(losses) - 1 - half) / half
        falling = fmean(now < before for before, now in pairwise(losses))
        if 0 < fall < SLOW_FALL * losses[0] and steady and falling >= FALLING_EPOCHS_SHARE:
            rate = stretch.records[0].learning_rate
            return stretch.finding(
                "learning_rate_too_low",
                f"In {len(losses)} epochs at a learning rate of {rate:g} the training loss went "
                f"from {losses[0]:.3f} to {losses[-1]:.3f}, and it did not slow down on the way. "
                "The direction is right and the steps are too small to arrive.",
                faster(facts, stretch),
            )
    return None


def unstable(facts: Facts) -> Finding | None:
    """Find a training loss that jumps up repeatedly."""
    for stretch in facts.stretches:
        rises = _jumps(facts, stretch, RISE_FACTOR, RISE_SHARE)
        spikes = _jumps(facts, stretch, SPIKE_FACTOR, SPIKE_SHARE)
        if spikes or len(rises) >= max(2, RISING_EPOCHS_SHARE * len(stretch.records)):
            return Finding(
                "unstable",
                rises[0],
                rises[-1],
                f"The training loss jumped up in {_listed(rises)}. The "
                "steps are a little too large for the batches they are computed from, so each "
                "batch undoes some of what the last one did.",
                slower(facts, stretch, 3),
            )
    return None


def _jumps(facts: Facts, stretch: Stretch, factor: float, share: float) -> list[int]:
    """Return the epochs in which the training loss jumped up, and the validation loss too.

    Dropout and augmentation make only the training loss jump.
    """
    least = share * facts.guessing_loss
    return [
        now.epoch
        for before, now in pairwise(stretch.records)
        if now.loss > factor * before.loss
        and now.loss - before.loss > least
        and now.val_loss - before.val_loss > least / 2
    ]


def _rate(facts: Facts, stretch: Stretch) -> tuple[str, float, float]:
    """Return the name of the learning-rate setting of a phase, its value, and the usual value."""
    name, usual = "head_learning_rate", USUAL_HEAD_RATE
    if stretch.is_fine_tuning:
        name, usual = "fine_tune_learning_rate", USUAL_FINE_TUNE_RATE
    sgd = facts.config.optimizer == "sgd"
    return name, getattr(facts.config, name), usual * (10 if sgd else 1)


def slower(facts: Facts, stretch: Stretch, times: float) -> Suggestion:
    """Suggest a rate that many times lower; from ten times on, at most the usual rate."""
    name, value, usual = _rate(facts, stretch)
    rate = rounded(min(value / times, usual) if times >= 10 else value / times)
    return Suggestion(f"{_of_rate(stretch)} at {rate:g}", {name: rate})


def faster(facts: Facts, stretch: Stretch) -> Suggestion:
    """Suggest a rate ten times higher, and at least the usual rate."""
    name, value, usual = _rate(facts, stretch)
    rate = rounded(max(value * 10, usual))
    return Suggestion(f"{_of_rate(stretch)} at {rate:g}", {name: rate})


def is_usual_for_a_head(facts: Facts, stretch: Stretch) -> bool:
    """Return True if a head alone is trained at the usual rate or at a higher one."""
    _, value, usual = _rate(facts, stretch)
    return stretch.name == "feature_extraction" and value >= usual


def _of_rate(stretch: Stretch) -> str:
    return {
        "feature_extraction": "Train the head",
        "fine_tuning": "Fine-tune",
        "from_scratch": "Train",
    }[stretch.name]


def rounded(rate: float) -> float:
    """Round a rate to one significant digit."""
    return float(f"{rate:.0e}")


def _listed(numbers: Sequence[int]) -> str:
    """List epochs in words, at most four of them by number."""
    if len(numbers) == 1:
        return f"epoch {numbers[0]}"
    shown = ", ".join(str(number) for number in numbers[:4])
    more = f" and {len(numbers) - 4} more" if len(numbers) > 4 else ""
    return f"epochs {shown}{more}"
