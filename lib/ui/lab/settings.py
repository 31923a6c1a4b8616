"""What is behind "More settings" of the training lab: every setting with a sensible default."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib.core import heads, runs, strategies
from lib.core.backbones import BackboneSpec, LayerRow
from lib.core.datasets import DatasetSpec
from lib.core.runs import TrainConfig
from lib.core.strategies import StrategySpec
from lib.ui import cache, state

IMAGE_SIZES = (96, 128, 160, 192, 224)


def config(dataset: DatasetSpec, backbone: BackboneSpec, strategy: StrategySpec) -> TrainConfig:
    """Draw the settings and make the run that they describe.

    Raises:
        ConfigError: If one cannot be used; all of them are drawn before.
    """
    usual, further = st.tabs(["Usual", "Further"])
    with usual:
        left, right = st.columns(2)
        with left:
            chosen = _data(dataset, backbone) | _head_phase(strategy)
        with right:
            chosen["seed"] = _whole(
                "Seed", state.SEED, 1, "The same seed gives the same run on this machine."
            )
            if strategy.fine_tunes:
                layers = cache.layer_table(backbone.id, chosen["image_size"])
                chosen |= _fine_tuning(strategy, backbone, layers)
    with further:
        left, right = st.columns(2)
        with left:
            chosen |= _head() | _regularisation()
        with right:
            chosen["optimizer"] = _select("Optimizer", state.OPTIMIZER, runs.OPTIMIZERS)
            if strategy.fine_tunes:
                chosen |= _thawing(backbone, layers, chosen.get("thaw_from"))
    return runs.make_config(
        dataset=dataset.id,
        # The registry knows them too, but not of a reader's own images.
        data_fingerprint=dataset.fingerprint,
        max_train_images=dataset.max_train_images,
        backbone=backbone.id,
        strategy=strategy.id,
        **chosen,
    )


def usual(dataset: DatasetSpec, backbone: BackboneSpec, strategy: StrategySpec) -> TrainConfig:
    """The run of the three choices with nothing else chosen."""
    return runs.make_config(
        dataset=dataset.id,
        data_fingerprint=dataset.fingerprint,
        max_train_images=dataset.max_train_images,
        backbone=backbone.id,
        strategy=strategy.id,
    )


def show_settings_of(config: TrainConfig) -> None:
    """Set every control to what a run was asked for; before any of them is drawn."""
    first, *further = config.thaw_from.split(",")
    values: dict[str, object] = {
        state.DATASET: config.dataset,
        state.BACKBONE: config.backbone,
        state.STRATEGY: config.strategy,
        f"{state.NUM_IMAGES}_{config.dataset}": config.num_images,
        f"{state.IMAGE_SIZE}_{config.backbone}": config.image_size,
        state.HEAD_EPOCHS: config.head_epochs,
        state.HEAD_LEARNING_RATE: config.head_learning_rate,
        state.SEED: config.seed,
        state.OPTIMIZER: config.optimizer,
        state.DROPOUT: config.dropout,
        state.POOLING: config.pooling,
        state.HIDDEN_UNITS: config.hidden_units,
        state.EARLY_STOPPING: config.early_stopping,
        state.AUGMENTATION: config.augmentation,
    }
    if strategies.get(config.strategy).fine_tunes:
        values |= {
            state.FINE_TUNE_EPOCHS: config.fine_tune_epochs,
            state.FINE_TUNE_LEARNING_RATE: config.fine_tune_learning_rate,
            state.HEAD_RATE_FACTOR: config.head_rate_factor,
            state.STEP_RATE_FACTOR: config.step_rate_factor,
            state.BATCH_NORM: config.batch_norm,
            state.THEN_THAW_FROM: further,
        }
    if first:
        values[state.THAW_FROM] = first
    for key, value in values.items():
        state.choose(key, value)


def _whole(label: str, key: str, default: int, about: str) -> int:
    # Bounds are checked by runs.check, whose sentence says what was expected; the browser's
    # own would only refuse to go on.
    state.start_with(key, default)
    value = st.number_input(label, step=1, key=key, help=about, persist_state="session")
    return default if value is None else int(value)


def _rate(label: str, key: str, default: float, about: str) -> float:
    state.start_with(key, default)
    value = st.number_input(
        label,
        step=default / 10 or 0.1,
        format="%g",
        key=key,
        help=about,
        persist_state="session",
    )
    return default if value is None else float(value)


def _data(dataset: DatasetSpec, backbone: BackboneSpec) -> dict[str, Any]:
    num_images = _whole(
        "Training images",
        f"{state.NUM_IMAGES}_{dataset.id}",
        min(dataset.max_train_images, runs.USUAL_TRAIN_IMAGES),
        f"Up to {dataset.max_train_images:,}. Validation and test have their own.",
    )
    key = f"{state.IMAGE_SIZE}_{backbone.id}"
    state.start_with(key, backbone.image_size)
    # The model summary takes any size, and so may a link.
    also = state.read(key)
    sizes = {*IMAGE_SIZES, backbone.image_size, *([also] if isinstance(also, int) else [])}
    image_size = st.selectbox(
        "Image size, pixels",
        sorted(size for size in sizes if size >= backbone.min_image_size),
        key=key,
        persist_state="session",
    )
    return {"num_images": num_images, "image_size": image_size}


def _head_phase(strategy: StrategySpec) -> dict[str, Any]:
    alone = ", head only" if strategy.fine_tunes else ""
    return {
        "head_epochs": _whole(
            f"Epochs{alone}",
            state.HEAD_EPOCHS,
            10,
            "How often every training image is seen before anything is thawed."
            if strategy.fine_tunes
            else "How often every training image is seen.",
        ),
        "head_learning_rate": _rate(
            f"Learning rate{alone}",
            state.HEAD_LEARNING_RATE,
            1e-3,
            "How far each step goes. A head from random weights takes a large one.",
        ),
    }


def _fine_tuning(
    strategy: StrategySpec, backbone: BackboneSpec, layers: tuple[LayerRow, ...]
) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if strategy.id == "partial_fine_tuning":
        chosen["thaw_from"] = _thaw_from(backbone, layers)
    return chosen | {
        "fine_tune_epochs": _whole(
            "Epochs, fine-tuning",
            state.FINE_TUNE_EPOCHS,
            10,
            "How often every training image is seen after thawing; in each step of it.",
        ),
        "fine_tune_learning_rate": _rate(
            "Learning rate, fine-tuning",
            state.FINE_TUNE_LEARNING_RATE,
            1e-4,
            "Lower than the head's, so that pretrained features change gently.",
        ),
    }


def _thawing(
    backbone: BackboneSpec, layers: tuple[LayerRow, ...], first: str | None
) -> dict[str, Any]:
    """How the backbone is thawed, beyond where it begins and how fast."""
    more: dict[str, Any] = {}
    if first is not None:
        further = _further_cuts(backbone, layers, first)
        more["thaw_from"] = ",".join([first, *further])
        if further:
            more["step_rate_factor"] = _rate(
                "Rate of each further step",
                state.STEP_RATE_FACTOR,
                1.0,
                "What each further step multiplies the learning rate by; 1 keeps it.",
            )
    policies = {name: name.capitalize() for name in runs.BATCH_NORM_POLICIES}
    about = "\n\n".join(
        f"**{policies[name]}**: {what}" for name, what in runs.BATCH_NORM_POLICIES.items()
    )
    return more | {
        "batch_norm": _select("BatchNormalization", state.BATCH_NORM, policies, about),
        "head_rate_factor": _rate(
            "Head faster by",
            state.HEAD_RATE_FACTOR,
            1.0,
            "How much larger the head's rate is than the backbone's while fine-tuning.",
        ),
    }


def _cuts(backbone: BackboneSpec, layers: tuple[LayerRow, ...]) -> list[str]:
    """Where one may thaw from: the first layers of blocks, from the image to the features."""
    first_of_block: dict[str, str] = {}
    for row in layers[1:]:
        first_of_block.setdefault(row.block, row.name)
    # The model summary may have cut anywhere.
    also = {backbone.thaw_from, state.read(state.THAW_FROM)}
    return [row.name for row in layers if row.name in {*first_of_block.values(), *also}]


def _thaw_from(backbone: BackboneSpec, layers: tuple[LayerRow, ...]) -> str:
    options = _cuts(backbone, layers)
    state.keep_within(state.THAW_FROM, options)
    state.start_with(state.THAW_FROM, backbone.thaw_from)
    return st.selectbox(
        "Thaw from",
        options,
        key=state.THAW_FROM,
        persist_state="session",
        help="This layer and all after it learn in the second phase.",
    )


def _further_cuts(backbone: BackboneSpec, layers: tuple[LayerRow, ...], first: str) -> list[str]:
    """The further steps of gradual unfreezing, each deeper than the one before."""
    options = _cuts(backbone, layers)
    deeper = options[: options.index(first)][::-1]
    state.keep_list_within(state.THEN_THAW_FROM, deeper)
    chosen = st.multiselect(
        "Then thaw further from",
        deeper,
        key=state.THEN_THAW_FROM,
        persist_state="session",
        placeholder="Nothing further",
        help="Gradual unfreezing: each of these layers starts another phase of fine-tuning.",
    )
    return sorted(chosen, key=deeper.index)


def _head() -> dict[str, Any]:
    return {
        "pooling": _select(
            "Pooling", state.POOLING, {id_: name for id_, (name, _) in heads.POOLINGS.items()}
        ),
        "hidden_units": _whole(
            "Hidden units",
            state.HIDDEN_UNITS,
            0,
            "Units of a Dense layer with ReLU between pooling and the logits. 0: none.",
        ),
    }


def _regularisation() -> dict[str, Any]:
    return {
        "dropout": _rate(
            "Dropout in the head",
            state.DROPOUT,
            0.0,
            "Share of the features that a training step leaves out, 0 to 0.9.",
        ),
        "early_stopping": _whole(
            "Stop early after",
            state.EARLY_STOPPING,
            0,
            "A phase ends after so many epochs without a lower validation loss. 0: never.",
        ),
        "augmentation": st.toggle(
            "Augment training images",
            key=state.AUGMENTATION,
            persist_state="session",
            help="Flip, turn, zoom and change the contrast, differently in every epoch. The "
            "frozen layers then see new images every time and cannot be run once, so a run "
            "takes several times longer.",
        ),
    }


def _select(label: str, key: str, options: Mapping[str, str], about: str | None = None) -> str:
    state.keep_within(key, options)
    return st.selectbox(
        label,
        list(options),
        format_func=lambda id_: options[id_],
        key=key,
        persist_state="session",
        help=about,
    )
