"""Runs that show something, by name: the gallery of the page Learning curves.

An example is one run or a few that differ in one respect. A new one is an entry here; its runs are
among the recorded runs or the evidence, and tests/unit/reading/test_examples.py checks that they
show what the entry says.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """One or more recorded runs with a name.

    Args:
        title: What they show, in a few words.
        runs: Ids of the runs, the main one first.
        shows: Kind of the finding about the first run (lib.core.reading.facts.KINDS); "" if the
            example is about a comparison, or about a run without a fault.
    """

    title: str
    runs: tuple[str, ...]
    shows: str = ""


# id -> example, in the order of the gallery.
EXAMPLES: dict[str, Example] = {
    "two_phases": Example("Head first, then top layers", ("0a054f2598a7c7af",)),
    "gain": Example("200 digits: thawing gains", ("fe98dd599cc90812", "a88ca56a288c8fbd")),
    "loss": Example(
        "Thawed too fast: a clear loss",
        ("e7af36bc4fbb2b9d", "2da8ea20be5f2e17"),
        "fine_tuning_destroyed",
    ),
    "too_slow": Example(
        "Rate too low: nothing changes",
        ("4f1c90e751d84887",),
        "fine_tuning_did_nothing",
    ),
    "too_few": Example("Fifty images: overfitting", ("c8cf52854b431d7a",), "overfitting"),
    "scratch": Example("Pretrained or from scratch?", ("2b20bb785fa787bf", "53e106d79c46c83e")),
    "statistics": Example(
        "BatchNormalization lags",
        ("536265a3f7ae0881", "63b013024eb99c4b"),
        "batch_norm_lag",
    ),
    "many": Example(
        "1,000 cells: head or top layers?",
        ("853585402dbbd48a", "07708f4c7cdd1c9f"),
    ),
    "too_fast": Example(
        "Rate too high: forgotten",
        ("9f7a1fad97932ef4",),
        "fine_tuning_destroyed",
    ),
    "too_weak": Example("Images too small: underfitting", ("36f5d007251c00d6",), "underfitting"),
}
