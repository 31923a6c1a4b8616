"""The cases of the page Broken: real runs with one thing wrong, and a few that only look so.

Long because it holds a registry, one entry per case, in the order of the catalogue.

A case is a pair of recorded runs that differ in the setting `fault` alone. No text here holds a
figure: what a fault costs is read from the stored runs (lib/core/broken/claims.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from lib.core.broken.faults import FAULTS, Fault
from lib.core.runs import RECORDED_SEED, TrainConfig, make_config

# What one sees first in the curves, in the order of the catalogue.
SYMPTOMS: dict[str, str] = {
    "no_learning": "Even training does not learn",
    "only_training": "Training learns, and validation does not follow",
    "falls": "The accuracy falls, or never gets where it could",
    "jumps": "The line of validation jumps",
    "too_good": "Validation looks too good",
    "stands_still": "Nothing happens",
}

# Seeds of the runs of a case, the one that is shown first.
SEEDS = (RECORDED_SEED, 1, 2)


@dataclass(frozen=True)
class Case:
    """A run with one thing wrong, or one with nothing wrong that looks as if something were.

    Args:
        id: Name in links and of its folder.
        symptom: Key of SYMPTOMS.
        title: What one sees, in a few words; it does not give the answer away.
        fault: Key of FAULTS; "" if nothing is wrong.
        config: The mended run, with the seed that is shown.
        look: Where in the curves it can be seen, for the reveal.
        measure: Key of lib.core.broken.claims.MEASURES: what the fault changes.
        finding: Kind of the finding of `diagnose` that points at it; "" if none does.
        why_no_finding: Why no finding can point at it; "" if one does.
    """

    id: str
    symptom: str
    title: str
    fault: str
    config: TrainConfig
    look: str
    measure: str = "test_accuracy"
    finding: str = ""
    why_no_finding: str = ""

    @property
    def is_healthy(self) -> bool:
        """True if nothing is wrong with the run."""
        return not self.fault

    @property
    def what_is_wrong(self) -> Fault | None:
        """The fault; None if nothing is wrong."""
        return FAULTS.get(self.fault)

    @property
    def broken(self) -> TrainConfig:
        """The configuration of the run that is shown: with the fault, if there is one."""
        return replace(self.config, fault=self.fault)


_run = partial(make_config, seed=RECORDED_SEED, image_size=96)
# A step through the whole network takes less than half as long as at 96 pixels.
_small = partial(make_config, seed=RECORDED_SEED, image_size=64)
_head = partial(_run, strategy="feature_extraction", fine_tune_epochs=0)
_SOLAR: Mapping[str, Any] = {"dataset": "elpv"}
_THEMES: Mapping[str, Any] = {"dataset": "openmoji_themes"}
_DIGITS: Mapping[str, Any] = {"dataset": "digits"}

CASES: dict[str, Case] = {
    case.id: case
    for case in (
        Case(
            "forgotten",
            "no_learning",
            "A backbone that should know better",
            "thawed_together",
            _small(
                **_SOLAR,
                strategy="full_fine_tuning",
                num_images=200,
                head_epochs=5,
                fine_tune_epochs=5,
            ),
            "There is no line where fine-tuning starts, because everything is trained from "
            "epoch 1. Both accuracies stand still at the share of the larger class, and the run "
            "that trains its head first leaves them behind.",
            why_no_finding="The rule that sees forgetting compares validation before and after "
            "thawing, and this run has no epoch before it.",
        ),
        Case(
            "small_batches",
            "falls",
            "It was better before it was thawed",
            "batch_norm_thawed",
            _small(
                **_SOLAR,
                strategy="full_fine_tuning",
                num_images=100,
                batch_size=4,
                head_epochs=5,
                fine_tune_epochs=6,
            ),
            "Up to the line where layers are thawed both runs are the same. From there training "
            "starts anew far below, and the validation loss climbs from epoch to epoch.",
            finding="fine_tuning_destroyed",
        ),
        Case(
            "standing_still",
            "stands_still",
            "Fine-tuning that changes nothing",
            "never_compiled",
            _small(
                **_DIGITS,
                strategy="full_fine_tuning",
                num_images=200,
                head_epochs=5,
                fine_tune_epochs=6,
            ),
            "The curves go on after the line where layers are thawed as they went before it: no "
            "bend, no dip, no gain.",
            finding="nothing_moved",
        ),
        Case(
            "squeezed",
            "falls",
            "Learns a little, and slowly",
            "preprocessed_twice",
            _head(**_THEMES, num_images=400, head_epochs=12),
            "Both curves rise together and far too slowly: the images look nearly alike to the "
            "network, in training as in validation.",
            finding="input_range",
        ),
        Case(
            "out_of_range",
            "falls",
            "A good network with poor results",
            "wrong_range",
            _head(**_DIGITS, num_images=200, head_epochs=12),
            "Both curves rise together, so it is not overfitting, and both stop far below what "
            "this backbone can do.",
            finding="input_range",
        ),
        Case(
            "worse_than_validation",
            "falls",
            "Training is worse than validation",
            "labels_shuffled",
            _head(**_DIGITS, num_images=800, head_epochs=12),
            "Training ends below validation and stays there, without dropout or augmentation that "
            "would explain it: the training images have labels that nobody could predict.",
            finding="training_labels",
        ),
        Case(
            "below_chance",
            "only_training",
            "Validation is worse than guessing",
            "labels_shifted",
            _head(**_DIGITS, num_images=200, head_epochs=12),
            "Training learns well, and validation falls below what guessing would give. A network "
            "that is only bad guesses; one that is wrong nearly every time knows something.",
            finding="labels_shifted",
        ),
        Case(
            "too_good",
            "too_good",
            "Validation follows training all the way up",
            "validation_in_training",
            _head(**_THEMES, num_images=400, head_epochs=12),
            "Validation lies on training from the first epoch to the last, where the mended run "
            "leaves a gap. The test images, which no step has seen, do not follow.",
            measure="validation_minus_test",
            finding="leak",
        ),
        Case(
            "two_worlds",
            "only_training",
            "Training is easy, validation is not",
            "other_distribution",
            _head(**_DIGITS, num_images=400, head_epochs=12),
            "Training rises as in the mended run, and validation stays behind from the first epoch "
            "on. More epochs do not bring it nearer.",
            finding="distribution_shift",
        ),
        Case(
            "coarse_steps",
            "jumps",
            "A line of stairs",
            "few_validation_images",
            _head(**_SOLAR, num_images=200, head_epochs=12),
            "Validation takes only a few values, one step for each image, while the mended run "
            "with the same weights draws a smooth line.",
            measure="validation_uncertainty",
            finding="too_few_validation_images",
        ),
        Case(
            "leaps",
            "falls",
            "It was better before",
            "rate_too_high",
            _run(
                **_THEMES,
                strategy="partial_fine_tuning",
                num_images=200,
                head_epochs=5,
                fine_tune_epochs=5,
            ),
            "The loss is far above that of guessing and jumps from epoch to epoch. At the line "
            "where layers are thawed what the head had learned is lost.",
            finding="learning_rate_too_high",
        ),
        Case(
            "crawls",
            "no_learning",
            "A flat line",
            "rate_too_low",
            _head(**_THEMES, num_images=400, head_epochs=12),
            "The loss falls by so little that it looks like a ruled line, at the loss of guessing. "
            "Training and validation do so together.",
            finding="learning_rate_too_low",
        ),
        Case(
            "knows_by_heart",
            "only_training",
            "Training is perfect, validation is not",
            "flatten_head",
            _head(**_THEMES, num_images=100, head_epochs=15),
            "Training reaches the top after a few epochs, and the validation loss turns and rises "
            "while the training loss goes on falling: the head is wrong with great confidence.",
            measure="test_loss",
            finding="overfitting",
        ),
        Case(
            "unrecognisable",
            "falls",
            "Training never gets there",
            "destroying_augmentation",
            _head(**_DIGITS, num_images=200, head_epochs=10),
            "Training stays low in every epoch, below validation: validation images are whole, and "
            "training images are not.",
            why_no_finding="Training below validation is normal with augmentation. Only a look at "
            "the augmented images shows that it went too far, and no run stores them.",
        ),
        Case(
            "fine_on_average",
            "too_good",
            "The accuracy looks fine",
            "rare_class",
            _head(**_SOLAR, num_images=400, head_epochs=12),
            "Nothing can be seen in these curves: an average hides the class that hardly occurs.",
            measure="recall_of_last_class",
            finding="imbalance",
        ),
        Case(
            "one_answer",
            "no_learning",
            "Always the same answer",
            "sigmoid_from_logits",
            _head(**_SOLAR, num_images=200, head_epochs=12),
            "The accuracy is the same in every epoch, to the last digit, while the loss still "
            "falls a little: every image gets the same answer.",
            finding="one_answer",
        ),
        Case(
            "knows_nothing",
            "falls",
            "A backbone without a past",
            "random_backbone",
            _head(**_THEMES, num_images=400, head_epochs=12),
            "Both curves start at guessing and hardly leave it. With pretrained weights the first "
            "epoch is already far above it.",
            finding="empty_features",
        ),
        Case(
            "chance_in_evaluation",
            "only_training",
            "Perfect in training, guessing in evaluation",
            "slow_statistics",
            _small(
                **_DIGITS,
                strategy="from_scratch",
                num_images=200,
                batch_size=16,
                head_epochs=10,
                fine_tune_epochs=0,
            ),
            "Training rises steeply, and validation stays at guessing. The training images "
            "themselves, evaluated as validation images are, do no better.",
            finding="batch_norm_lag",
        ),
        Case(
            "above_training",
            "too_good",
            "Validation above training",
            "",
            _head(**_DIGITS, num_images=400, head_epochs=12, dropout=0.7),
            "Training is measured with dropout and during the epoch, validation without it and at "
            "the end. Evaluated alike, the training images are as good or better.",
            measure="training_evaluated",
            finding="validation_above_training",
        ),
        Case(
            "dip",
            "falls",
            "It falls where fine-tuning starts",
            "",
            _small(
                **_DIGITS,
                strategy="full_fine_tuning",
                num_images=200,
                head_epochs=8,
                fine_tune_epochs=10,
                fine_tune_learning_rate=3e-4,
            ),
            "The first epochs after thawing are worse, because the weights begin to move. A few "
            "epochs later the run is better than its head ever was.",
            measure="dip",
            finding="fine_tuning_helped",
        ),
        Case(
            "noisy",
            "jumps",
            "A noisy line",
            "",
            make_config(
                dataset="openmoji_animals_food",
                seed=RECORDED_SEED,
                image_size=96,
                strategy="partial_fine_tuning",
                num_images=160,
                head_epochs=8,
                fine_tune_epochs=8,
            ),
            "With so few validation images one image is a visible step. The jumps are no larger "
            "than chance makes them, and the training loss falls smoothly.",
            measure="noise",
            finding="too_few_validation_images",
        ),
    )
}
