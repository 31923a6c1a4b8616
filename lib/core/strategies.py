"""The strategies, and the layers that each of them freezes."""

import importlib
from dataclasses import dataclass
from typing import Any

from lib.core import freezing
from lib.core.backbones import LayerRow
from lib.core.errors import ConfigError


@dataclass(frozen=True)
class StrategySpec:
    """One way to train.

    Args:
        id: Name in links, the command line and run folders.
        title: Short name on a button.
        about: One sentence for a beginner.
        fine_tunes: True if layers of the backbone are thawed after the head has been trained.
        pretrained: False if the backbone starts from random weights.
        has_cut: True if the first phase of fine-tuning thaws from a layer upwards.
    """

    id: str
    title: str
    about: str
    fine_tunes: bool = False
    pretrained: bool = True
    has_cut: bool = False


STRATEGIES: dict[str, StrategySpec] = {
    spec.id: spec
    for spec in (
        StrategySpec(
            "feature_extraction",
            "Head only",
            "The backbone stays frozen; only the new head is trained.",
        ),
        StrategySpec(
            "partial_fine_tuning",
            "Top layers",
            "The head is trained first, then the top layers of the backbone are thawed.",
            fine_tunes=True,
            has_cut=True,
        ),
        StrategySpec(
            "full_fine_tuning",
            "Everything",
            "The head is trained first, then the whole backbone is thawed.",
            fine_tunes=True,
        ),
        StrategySpec(
            "gradual_fine_tuning",
            "In two steps",
            "The head is trained first, then the top layers are thawed, and then the rest.",
            fine_tunes=True,
            has_cut=True,
        ),
        StrategySpec(
            "from_scratch",
            "From scratch",
            "Random weights, nothing pretrained: the baseline for transfer learning.",
            pretrained=False,
        ),
    )
}


def get(strategy: str) -> StrategySpec:
    """Return the spec of a strategy.

    Raises:
        ConfigError: If the strategy is unknown.
    """
    if strategy not in STRATEGIES:
        raise ConfigError(
            f"Thaw has no strategy called {strategy!r}.", f"Choose one of: {', '.join(STRATEGIES)}."
        )
    return STRATEGIES[strategy]


def final_plan(
    strategy: str, layers: tuple[LayerRow, ...], thaw_from: str, batch_norm: str
) -> freezing.FreezePlan:
    """Return the freeze plan of the last phase of a strategy.

    Args:
        layers: Layer table of the backbone.
        thaw_from: First thawed layer of partial fine-tuning; other strategies ignore it.
        batch_norm: "frozen" keeps every BatchNormalization frozen; "thawed" and "tutorial"
            thaw it with its neighbours. Training from scratch always trains it.

    Raises:
        ConfigError: If the strategy or the layer is unknown.
    """
    if get(strategy).id == "feature_extraction":
        return freezing.FreezePlan.all(layers)
    if strategy == "from_scratch":
        return freezing.FreezePlan.none()
    plan = (
        freezing.FreezePlan.from_layer(layers, thaw_from)
        if strategy == "partial_fine_tuning"
        else freezing.FreezePlan.none()
    )
    return plan.with_batch_norm_frozen(layers) if batch_norm == "frozen" else plan


def cuts(strategy: str, thaw_from: str) -> tuple[str, ...]:
    """Return the first thawed layer of each phase of fine-tuning; "" thaws everything.

    Args:
        strategy: Id of the strategy.
        thaw_from: The layer of the first phase; several names, with commas between them, have a
            phase each.

    Example:

    >>> cuts("gradual_fine_tuning", "block_11_expand_conv")
    ('block_11_expand_conv', '')
    """
    named = tuple(thaw_from.split(","))
    return (*named, "") if strategy == "gradual_fine_tuning" else named


def phase_plan(
    phase: str, strategy: str, layers: tuple[LayerRow, ...], thaw_from: str, batch_norm: str
) -> freezing.FreezePlan:
    """Return the freeze plan of one phase of a strategy.

    Args:
        phase: Name of the phase, as in lib.core.runs.Phase. In "feature_extraction" only the head
            is trained, whatever the strategy thaws later.
        strategy, layers, thaw_from, batch_norm: As for `final_plan`, with this phase's layer.

    Raises:
        ConfigError: As for `final_plan`.
    """
    if phase == "feature_extraction":
        return freezing.FreezePlan.all(layers)
    if strategy == "gradual_fine_tuning" and thaw_from:
        strategy = "partial_fine_tuning"
    return final_plan(strategy, layers, thaw_from, batch_norm)


def __getattr__(name: str) -> Any:
    """Import names of the rule lazily, because other programs find them here (docs/design.md)."""
    if name not in ("Recommendation", "Situation", "recommend"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("lib.core.strategy.rule"), name)
