"""The faults by their cause, for the catalogue and the review of a round."""

# Where a fault is, as a person who looks for it would search -> keys of faults.FAULTS.
CAUSES: dict[str, tuple[str, ...]] = {
    "Images and labels": (
        "preprocessed_twice",
        "wrong_range",
        "labels_shuffled",
        "labels_shifted",
        "rare_class",
        "destroying_augmentation",
    ),
    "Training, validation and test split": (
        "validation_in_training",
        "other_distribution",
        "few_validation_images",
    ),
    "Network": (
        "flatten_head",
        "random_backbone",
        "slow_statistics",
        "sigmoid_from_logits",
    ),
    "Training": (
        "thawed_together",
        "batch_norm_thawed",
        "never_compiled",
        "rate_too_high",
        "rate_too_low",
    ),
}
HEALTHY = "Nothing is wrong"


def cause_of(fault: str) -> str:
    """Return the group of a fault; HEALTHY for "".

    Raises:
        KeyError: If the fault is unknown.

    Example:

    >>> cause_of("rate_too_high"), cause_of("")
    ('Training', 'Nothing is wrong')
    """
    if not fault:
        return HEALTHY
    found = (cause for cause, faults in CAUSES.items() if fault in faults)
    cause = next(found, None)
    if cause is None:
        raise KeyError(fault)
    return cause
