"""The link of the training lab: whatever a reader has set differs from its run or from the usual.

The parameters have the names of the settings (lib/core/config.py); the dataset is `data`, as on
every page. A link names only what differs, so most links are short.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib.core import backbones, strategies
from lib.core.config import MAX_IMAGE_SIZE, SETTINGS, TYPES
from lib.core.errors import ThawError
from lib.core.runs import TrainConfig
from lib.ui import cache, link, state
from lib.ui.lab import settings
from lib.ui.uploads import access, rights

NAMES = state.LAB_PARAMETERS
# The buttons that start a run of what is on screen.
STARTING = (state.START, state.RUN_AGAIN, state.BREAK_START)
# The number fields of a browser take no larger one.
LARGEST = 2**31 - 1


def open_settings() -> None:
    """Set the controls as the link says, once and before they are drawn.

    A quick second gesture arrives with the link from before the first one, so a gesture takes
    precedence over the link: a changed setting, and a button that starts a run.
    """
    said = {name: value for name in NAMES if (value := link.get(name)) is not None}
    shared = state.read(state.LAB_LINK)
    shared = shared if isinstance(shared, dict) else {}
    acted = state.read(state.LAB_SHOWN) not in (None, settings.on_screen())
    if acted or said == shared:
        return
    if any(state.read(button) for button in STARTING):
        _write(shared)
        return
    state.choose(state.LAB_LINK, said)
    values, ignored = _read(said)
    link.warn(ignored)
    base = _base(values)
    if base and values:
        settings.show_settings_of(replace(base, **values), only=values)


def share(wanted: TrainConfig | None) -> None:
    """Make the address a link to the settings.

    Args:
        wanted: The run that the controls describe; None if a setting is invalid, so that the link
            stays as it is.
    """
    if wanted is None:
        return
    usual = TrainConfig.dataset, TrainConfig.backbone, TrainConfig.strategy
    choices = dict(zip(("dataset", "backbone", "strategy"), usual, strict=True))
    base = _base({name: getattr(wanted, name) for name in choices})
    of_run = _run_in_link()
    differing = {
        parameter: _written(getattr(wanted, name))
        for parameter, name in NAMES.items()
        if base
        and getattr(wanted, name)
        != (choices[name] if of_run is None and name in choices else getattr(base, name))
    }
    _write(differing)
    state.choose(state.LAB_LINK, differing)
    state.choose(state.LAB_SHOWN, settings.on_screen())


def _write(parameters: Mapping[str, str]) -> None:
    """Make these the settings in the link."""
    for name in NAMES:
        if name not in parameters:
            link.drop(name)
        elif link.get(name) != parameters[name]:
            link.put(name, parameters[name])


def _run_in_link() -> TrainConfig | None:
    asked = link.get(state.RUN)
    config = cache.client().config(rights.id_here(asked)) if asked else None
    return config if config and access.spec(config.dataset) else None


def _base(values: dict[str, Any]) -> TrainConfig | None:
    """Return the run of the link, or the usual run of the three choices; None if there is none."""
    if of_run := _run_in_link():
        return of_run
    chosen = {
        name: values.get(name) or str(state.read(name) or getattr(TrainConfig, name))
        for name in ("dataset", "backbone", "strategy")
    }
    dataset = access.spec(chosen["dataset"])
    try:
        backbone, strategy = backbones.get(chosen["backbone"]), strategies.get(chosen["strategy"])
        return settings.usual(dataset, backbone, strategy) if dataset else None
    except ThawError:
        return None


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(said: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that a link names, and a sentence for each part that is ignored."""
    values: dict[str, Any] = {}
    ignored = []
    for parameter, text in said.items():
        name = NAMES[parameter]
        if name == "dataset" and not access.spec(text):
            ignored.append(f"There is no dataset {link.quoted(text)} here.")
            continue
        value = _value(name, text)
        if value is None:
            label = SETTINGS[name].label
            ignored.append(f"{label} cannot be {link.quoted(text)}, so it stays as it was.")
        else:
            values[name] = value
    if "thaw_from" in values and not _has_layers(values):
        ignored.append(f"There is no layer {link.quoted(values.pop('thaw_from'))} to thaw from.")
    return values, ignored


def _value(name: str, text: str) -> Any:
    """Return the value of a setting; None if the text is none that a control can show.

    Whether a run can have it is said where every setting is checked.
    """
    setting, type_ = SETTINGS[name], TYPES[name]
    if name == "dataset":
        return text
    if setting.choices:
        return text if text in setting.choices else None
    if type_ is bool:
        return {"on": True, "off": False}.get(text)
    if type_ is str:
        return text
    try:
        number = type_(text)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number) or abs(number) > LARGEST:
        return None
    if name == "image_size" and not 1 <= number <= MAX_IMAGE_SIZE:
        return None
    return number


def _has_layers(values: dict[str, Any]) -> bool:
    backbone = str(values.get("backbone") or state.read(state.BACKBONE) or TrainConfig.backbone)
    spec = backbones.get(backbone)
    names = {row.name for row in cache.layer_table(spec.id, spec.image_size)}
    return set(str(values["thaw_from"]).split(",")) <= names
