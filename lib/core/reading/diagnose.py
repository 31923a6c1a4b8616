"""Diagnosis of learning curves: findings, the epochs they are about, and what to change.

Each rule is a function from the facts of a run to a finding or None, with its thresholds as named
constants beside it: `learning_rate_rules`, `fit_rules`, `fine_tuning_rules` and `data_rules`.
tests/unit/reading/test_diagnose.py checks them on labelled histories and prints how often they are
right.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import groupby

from lib.core.errors import ConfigError
from lib.core.reading import data_rules, fine_tuning_rules, fit_rules, learning_rate_rules
from lib.core.reading.facts import KINDS, Facts, Finding, Stretch, Suggestion
from lib.core.runs import TRAINING_VERSION, Run, TrainConfig, make_config

__all__ = ["KINDS", "RULES", "Finding", "Suggestion", "diagnose", "suggested_config"]

# kind -> its rule, and the findings that already explain the same symptom. In order of evaluation.
RULES: dict[str, tuple[Callable[[Facts], Finding | None], frozenset[str]]] = {
    "input_range": (data_rules.input_range, frozenset()),
    "leak": (data_rules.leak, frozenset()),
    "labels_shifted": (data_rules.labels_shifted, frozenset()),
    "imbalance": (data_rules.imbalance, frozenset()),
    "one_answer": (data_rules.one_answer, frozenset()),
    "nothing_moved": (data_rules.nothing_moved, frozenset()),
    "distribution_shift": (fit_rules.distribution_shift, frozenset()),
    "training_labels": (data_rules.training_labels, frozenset({"distribution_shift"})),
    "learning_rate_too_high": (learning_rate_rules.too_high, frozenset()),
    "empty_features": (
        data_rules.empty_features,
        frozenset({"input_range", "one_answer", "learning_rate_too_high"}),
    ),
    "learning_rate_too_low": (learning_rate_rules.too_low, frozenset({"learning_rate_too_high"})),
    "unstable": (learning_rate_rules.unstable, frozenset({"learning_rate_too_high"})),
    "batch_norm_lag": (fit_rules.batch_norm_lag, frozenset({"learning_rate_too_high"})),
    "overfitting": (
        fit_rules.overfitting,
        frozenset({"learning_rate_too_high", "learning_rate_too_low", "distribution_shift"})
        | {"labels_shifted"},
    ),
    "underfitting": (
        fit_rules.underfitting,
        frozenset({"learning_rate_too_high", "learning_rate_too_low", "batch_norm_lag"})
        | {"one_answer", "empty_features"},
    ),
    "fine_tuning_destroyed": (
        fine_tuning_rules.destroyed,
        frozenset({"batch_norm_lag", "overfitting", "distribution_shift"}),
    ),
    "fine_tuning_helped": (fine_tuning_rules.helped, frozenset({"nothing_moved"})),
    "fine_tuning_did_nothing": (
        fine_tuning_rules.did_nothing,
        frozenset({"batch_norm_lag", "nothing_moved"}),
    ),
    "trained_too_short": (
        fit_rules.trained_too_short,
        frozenset({"learning_rate_too_high", "learning_rate_too_low", "unstable", "overfitting"}),
    ),
    "still_improving": (
        fit_rules.still_improving,
        frozenset({"learning_rate_too_high", "learning_rate_too_low", "overfitting"})
        | {"trained_too_short"},
    ),
    "small_images": (fit_rules.small_images, frozenset()),
    "too_few_validation_images": (fine_tuning_rules.too_few_validation_images, frozenset()),
    "validation_above_training": (
        fine_tuning_rules.validation_above_training,
        frozenset({"learning_rate_too_high", "learning_rate_too_low"}),
    ),
}


def diagnose(run: Run) -> tuple[Finding, ...]:
    """Diagnose the curves of a run, faults first; a finding explained by another is omitted.

    Args:
        run: Finished or not; one without epochs has no findings.

    Returns:
        Findings in the order of KINDS, each with at most one change that can be trained.
    """
    if not run.history:
        return ()
    stretches = tuple(
        Stretch(name if step == 1 else f"{name}_{step}", name, tuple(records))
        for (name, step), records in groupby(run.history, lambda each: (each.phase, each.step))
    )
    facts = Facts(run.config.acting, run.history, stretches, run.result)
    broken = learning_rate_rules.not_finite(facts)
    if broken:
        return (_checked(facts, broken),)
    found: dict[str, Finding] = {}
    for kind, (rule, explained_by) in RULES.items():
        if not explained_by & found.keys():
            finding = rule(facts)
            if finding:
                found[kind] = finding
    return tuple(_checked(facts, found[kind]) for kind in KINDS if kind in found)


def suggested_config(config: TrainConfig, suggestion: Suggestion) -> TrainConfig:
    """Return the configuration of a run with the change that a finding suggests.

    Args:
        config: Configuration of the run.
        suggestion: Suggestion of one of its findings.

    Raises:
        ConfigError: If the run's own configuration cannot be run by this version of Thaw.
    """
    # Wrong values of settings can be changed one by one; what training acts out stays.
    values = asdict(config.acting) | dict(suggestion.changes)
    values["training_version"] = TRAINING_VERSION
    known = config.catalogued
    # No rule suggests more images of a dataset that is not in the registry.
    values["max_train_images"] = known.max_train_images if known else config.num_images
    return make_config(**values)


def _checked(facts: Facts, finding: Finding) -> Finding:
    """Return the finding without its suggestion if that cannot be run or changes nothing."""
    if finding.suggestion:
        try:
            changed = suggested_config(facts.config, finding.suggestion)
        except ConfigError:
            return replace(finding, suggestion=None)
        if replace(changed, training_version=facts.config.training_version) == facts.config:
            return replace(finding, suggestion=None)
    return finding
