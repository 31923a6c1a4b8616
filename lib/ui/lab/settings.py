"""The settings behind "More settings" in the training lab, each with a sensible default."""

from collections.abc import Container
from typing import Any

import streamlit as st

from lib.core import runs, strategies
from lib.core.backbones import BackboneSpec, LayerRow
from lib.core.config import DEFAULTS, SETTINGS, TYPES, names_of
from lib.core.datasets import DatasetSpec
from lib.core.runs import TrainConfig
from lib.core.settings import Group
from lib.core.strategies import StrategySpec
from lib.core.strategy import judgement, recipes
from lib.ui import cache, state

IMAGE_SIZES = (96, 128, 160, 192, 224)
# A first run is over while a class still watches.
MINUTES = 1.0
# Tab -> its columns, each with groups of settings from top to bottom.
TABS: dict[str, tuple[tuple[Group, ...], ...]] = {
    "Usual": ((Group.DATA, Group.HEAD_PHASE), (Group.SEED, Group.FINE_TUNING)),
    "Further": ((Group.HEAD, Group.REGULARISATION), (Group.OPTIMIZER, Group.THAWING)),
}


def config(dataset: DatasetSpec, backbone: BackboneSpec, strategy: StrategySpec) -> TrainConfig:
    """Draw the settings and make the run that they describe.

    Raises:
        ConfigError: If a setting is invalid; all of them have been drawn by then.
    """
    chosen: dict[str, Any] = {}
    for tab, columns in zip(st.tabs(list(TABS)), TABS.values(), strict=True):
        for column, groups in zip(tab.columns(2), columns, strict=True):
            with column:
                for group in groups:
                    _draw(group, chosen, dataset, backbone, strategy)
    return _made(dataset, backbone, strategy, chosen)


def usual(dataset: DatasetSpec, backbone: BackboneSpec, strategy: StrategySpec) -> TrainConfig:
    """Return the run of the three choices with all other settings at their defaults."""
    return _made(dataset, backbone, strategy, _advised(dataset, backbone, strategy))


def _advised(
    dataset: DatasetSpec,
    backbone: BackboneSpec,
    strategy: StrategySpec,
    num_images: int | None = None,
) -> dict[str, Any]:
    """Return the settings that the page Strategy recommends with this strategy."""
    number = min(num_images or dataset.max_train_images, dataset.max_train_images)
    thaw_from = backbone.thaw_from if strategy.has_cut else ""
    advice = recipes.settings(strategy.id, thaw_from, max(1, number), backbone.id, minutes=MINUTES)
    advice["judged_by"] = judgement.judged_by(dataset, strategy.id)
    # A strategy without fine-tuning has no such rate; the control still needs a value.
    advice["fine_tune_learning_rate"] = DEFAULTS["fine_tune_learning_rate"]
    return {name: value for name, value in advice.items() if name in SETTINGS}


def _made(
    dataset: DatasetSpec, backbone: BackboneSpec, strategy: StrategySpec, chosen: dict[str, Any]
) -> TrainConfig:
    return runs.make_config(
        dataset=dataset.id,
        # The registry has these too, but not for a reader's own images.
        data_fingerprint=dataset.fingerprint,
        max_train_images=dataset.max_train_images,
        **{"backbone": backbone.id, "strategy": strategy.id} | chosen,
    )


def on_screen() -> dict[str, object]:
    """Return what the controls are set to, by their keys; it changes with every gesture."""
    names = {*SETTINGS, state.EPOCHS_FROM_SCRATCH, state.THEN_THAW_FROM}
    # Their keys end in the dataset and in the backbone.
    numbers = (f"{state.NUM_IMAGES}_", f"{state.IMAGE_SIZE}_")
    return {key: value for key, value in state.values() if key in names or key.startswith(numbers)}


def show_settings_of(config: TrainConfig, only: Container[str] | None = None) -> None:
    """Set the controls to the settings of a run, before any control is drawn.

    Args:
        config: The run.
        only: Names of the settings to set; None for all.
    """
    strategy = strategies.get(config.strategy)
    groups = [group for columns in TABS.values() for groups in columns for group in groups]
    values: dict[str, object] = {
        name: getattr(config, name)
        for group in (Group.CHOICE, *groups)
        for name in _names(group, strategy)
        if only is None or name in only
    }
    if state.NUM_IMAGES in values:
        values[f"{state.NUM_IMAGES}_{config.dataset}"] = values.pop(state.NUM_IMAGES)
    if state.IMAGE_SIZE in values:
        values[f"{state.IMAGE_SIZE}_{config.backbone}"] = values.pop(state.IMAGE_SIZE)
    if not strategy.pretrained and "head_epochs" in values:
        values[state.EPOCHS_FROM_SCRATCH] = values.pop("head_epochs")
    if state.THAW_FROM in values:
        first, *further = config.thaw_from.split(",")
        values |= {state.THAW_FROM: first, state.THEN_THAW_FROM: further}
    for key, value in values.items():
        state.choose(key, value)


def _names(group: Group, strategy: StrategySpec) -> tuple[str, ...]:
    """Return the settings of a group that apply to a strategy."""
    if group in (Group.FINE_TUNING, Group.THAWING) and not strategy.fine_tunes:
        return ()
    without = set() if strategy.has_cut else {"thaw_from"}
    without |= set() if strategy.id == "feature_extraction" else {"judged_by"}
    without |= set() if strategy.pretrained else {"head_solver"}
    return tuple(name for name in names_of(group) if name not in without)


def _draw(
    group: Group,
    chosen: dict[str, Any],
    dataset: DatasetSpec,
    backbone: BackboneSpec,
    strategy: StrategySpec,
) -> None:
    """Draw the settings of a group and store the chosen values.

    Args:
        group: A group of TABS.
        chosen: Setting -> value for the groups drawn so far; this group's values are added.
        dataset: The dataset, which sets some defaults.
        backbone: The backbone, which sets some defaults.
        strategy: The strategy, which decides which settings apply.
    """
    advised = _advised(dataset, backbone, strategy, chosen.get("num_images"))
    first = chosen.get("thaw_from", "")
    if group is Group.THAWING and first and strategy.id != "gradual_fine_tuning":
        further = _further_cuts(backbone, _layers(backbone, chosen), first)
        chosen["thaw_from"] = ",".join([first, *further])
    for name in _names(group, strategy):
        cuts = strategies.cuts(strategy.id, chosen.get("thaw_from", ""))
        if name == "step_rate_factor" and len(cuts) < 2:
            continue
        if name in ("head_epochs", "head_learning_rate") and _is_solved(chosen):
            continue
        if name == "num_images":
            chosen[name] = _num_images(dataset)
            advised = _advised(dataset, backbone, strategy, chosen[name])
        elif name == "image_size":
            chosen[name] = _image_size(backbone, advised[name])
        elif name == "thaw_from":
            chosen[name] = _thaw_from(backbone, _layers(backbone, chosen))
        elif name == "head_epochs" and not strategy.pretrained:
            epochs = advised["head_epochs"]
            chosen[name] = _setting(name, state.EPOCHS_FROM_SCRATCH, epochs, alone=True)
            # Otherwise those of the default would come on top.
            chosen["fine_tune_epochs"] = 0
        else:
            default = advised.get(name, DEFAULTS[name])
            chosen[name] = _setting(name, name, default, alone=not strategy.fine_tunes)


def _is_solved(chosen: dict[str, Any]) -> bool:
    return bool(chosen.get("head_solver") == "solved")


def _layers(backbone: BackboneSpec, chosen: dict[str, Any]) -> tuple[LayerRow, ...]:
    return cache.layer_table(backbone.id, chosen["image_size"])


def _setting(name: str, key: str, default: Any, *, alone: bool) -> Any:
    """Draw the widget for a setting's type.

    Args:
        name: Name of the setting.
        key: Key of the widget.
        default: What a reader finds there.
        alone: True if the run has only one phase.
    """
    setting, type_ = SETTINGS[name], TYPES[name]
    label = setting.label_alone if alone and setting.label_alone else setting.label
    label += f", {setting.unit}" if setting.unit else ""
    about = [f"**{_capital(id_)}**: {what}" for id_, what in setting.about_choices.items()]
    shared: dict[str, Any] = {
        "key": key,
        "help": "\n\n".join([setting.help, *about]),
        "persist_state": "session",
    }
    if setting.choices:
        state.keep_within(key, setting.choices)
    state.follow(key, default)
    if setting.choices:
        words = {id_: _capital(text) for id_, text in setting.choices.items()}
        return st.selectbox(label, list(words), format_func=words.__getitem__, **shared)
    if type_ is bool:
        return st.toggle(label, **shared)
    # runs.check checks the bounds and says what it expected; bounds of the widget itself would
    # only reject the input.
    if type_ is int:
        value = st.number_input(label, step=1, **shared)
    else:
        value = st.number_input(label, step=default / 10 or 0.1, format="%g", **shared)
    return default if value is None else type_(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _num_images(dataset: DatasetSpec) -> int:
    setting, key = SETTINGS["num_images"], f"{state.NUM_IMAGES}_{dataset.id}"
    default = min(dataset.max_train_images, runs.USUAL_TRAIN_IMAGES)
    state.start_with(key, default)
    value = st.number_input(
        setting.label,
        step=1,
        key=key,
        help=f"{setting.help} Up to {dataset.max_train_images:,}.",
        persist_state="session",
    )
    return default if value is None else int(value)


def _image_size(backbone: BackboneSpec, default: int) -> int:
    setting, key = SETTINGS["image_size"], f"{state.IMAGE_SIZE}_{backbone.id}"
    state.follow(key, default)
    # The model summary and links may set any size.
    also = state.read(key)
    sizes = {*IMAGE_SIZES, backbone.image_size, default, *([also] if isinstance(also, int) else [])}
    return st.selectbox(
        f"{setting.label}, {setting.unit}",
        sorted(size for size in sizes if size >= backbone.min_image_size),
        key=key,
        help=setting.help,
        persist_state="session",
    )


def _cuts(backbone: BackboneSpec, layers: tuple[LayerRow, ...]) -> list[str]:
    """Return the layers to thaw from: the first layer of each block, input side first."""
    first_of_block: dict[str, str] = {}
    for row in layers[1:]:
        first_of_block.setdefault(row.block, row.name)
    # The model summary may have set any layer.
    also = {backbone.thaw_from, state.read(state.THAW_FROM)}
    return [row.name for row in layers if row.name in {*first_of_block.values(), *also}]


def _thaw_from(backbone: BackboneSpec, layers: tuple[LayerRow, ...]) -> str:
    options = _cuts(backbone, layers)
    state.keep_within(state.THAW_FROM, options)
    state.start_with(state.THAW_FROM, backbone.thaw_from)
    return st.selectbox(
        SETTINGS["thaw_from"].label,
        options,
        key=state.THAW_FROM,
        persist_state="session",
        help=SETTINGS["thaw_from"].help,
    )


def _further_cuts(backbone: BackboneSpec, layers: tuple[LayerRow, ...], first: str) -> list[str]:
    """Draw the further steps of gradual unfreezing, each nearer to the input than the last."""
    options = _cuts(backbone, layers)
    deeper = options[: options.index(first)][::-1]
    state.keep_list_within(state.THEN_THAW_FROM, deeper)
    chosen = st.multiselect(
        "Then thaw further from",
        deeper,
        key=state.THEN_THAW_FROM,
        persist_state="session",
        placeholder="No further step",
        help="Gradual unfreezing: each of these layers starts another phase of fine-tuning.",
    )
    return sorted(chosen, key=deeper.index)
