"""Freezing and counting: which layers are trained, and how many parameters they have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.core.backbones import LayerRow, layer_index
from lib.core.errors import ConfigError


@dataclass(frozen=True)
class FreezePlan:
    """Which layers of a backbone are frozen (`layer.trainable = False`); all others are thawed.

    Args:
        frozen: Names of the frozen layers.
    """

    frozen: frozenset[str] = frozenset()

    @classmethod
    def none(cls) -> "FreezePlan":
        """Return a plan that freezes nothing."""
        return cls()

    @classmethod
    def all(cls, layers: Sequence[LayerRow]) -> "FreezePlan":
        """Return a plan that freezes everything, so that only a head is trained."""
        return cls(frozenset(row.name for row in layers))

    @classmethod
    def from_index(cls, layers: Sequence[LayerRow], index: int) -> "FreezePlan":
        """Freeze every layer before `index`, as the tutorials do.

        The same as `for layer in base.layers[:index]: layer.trainable = False`, so 0 freezes
        nothing, `len(layers)` everything, and a negative index counts from the end.

        Args:
            layers: Layer table, input side first.
            index: Index of the first thawed layer.
        """
        return cls(frozenset(row.name for row in layers[:index]))

    @classmethod
    def from_layer(cls, layers: Sequence[LayerRow], name: str) -> "FreezePlan":
        """Freeze every layer before the one called `name`.

        Raises:
            ConfigError: If the table has no such layer.
        """
        return cls.from_index(layers, layer_index(layers, name))

    def with_batch_norm_frozen(self, layers: Sequence[LayerRow]) -> "FreezePlan":
        """Return the plan with every BatchNormalization frozen too.

        A frozen BatchNormalization runs in inference mode: it uses its moving statistics and
        never updates them, which suits a short run on few images.
        """
        norms = frozenset(row.name for row in layers if row.is_batch_norm)
        return FreezePlan(self.frozen | norms)

    def is_frozen(self, row: LayerRow) -> bool:
        """Return True if the layer is frozen."""
        return row.name in self.frozen


@dataclass(frozen=True)
class ParamCounts:
    """The three lines of `model.summary()`, in parameters (scalars), not bytes.

    Args:
        total: All parameters.
        trainable: Parameters that an optimizer updates.
    """

    total: int
    trainable: int

    @property
    def non_trainable(self) -> int:
        """Frozen weights and statistics."""
        return self.total - self.trainable

    @property
    def trainable_share(self) -> float:
        """Share of the parameters that are trainable, 0 to 1."""
        return self.trainable / self.total if self.total else 0.0

    def __add__(self, other: "ParamCounts") -> "ParamCounts":
        return ParamCounts(self.total + other.total, self.trainable + other.trainable)


def _check(layers: Sequence[LayerRow], plan: FreezePlan) -> None:
    unknown = plan.frozen - {row.name for row in layers}
    if unknown:
        raise ConfigError(
            f"The freeze plan names {sorted(unknown)[0]!r}, which is not a layer of this backbone.",
            f"Its layers run from {layers[0].name!r} to {layers[-1].name!r}.",
        )


def count_params(layers: Sequence[LayerRow], plan: FreezePlan) -> ParamCounts:
    """Count the parameters of a backbone under a freeze plan.

    Freezing moves a layer's weights from trainable to non-trainable; it never
    changes the total. BatchNormalization keeps two non-trainable vectors (moving
    mean and variance) even when it is thawed.

    Args:
        layers: Layer table, input side first.
        plan: Which layers are frozen.

    Returns:
        Counts in parameters (scalars), not bytes.

    Raises:
        ConfigError: If the plan names a layer that is not in the table.

    Example:

    >>> from lib.core.backbones import load_layer_table
    >>> count_params(load_layer_table("mobilenet_v2"), FreezePlan.none())
    ParamCounts(total=2257984, trainable=2223872)

    Reference:
        Keras guide "Transfer learning & fine-tuning", section on freezing (keras-transfer).
    """
    _check(layers, plan)
    return ParamCounts(
        total=sum(row.params for row in layers),
        trainable=sum(row.trainable_params for row in layers if not plan.is_frozen(row)),
    )


def count_trainable_tensors(layers: Sequence[LayerRow], plan: FreezePlan) -> int:
    """Count the weight tensors that an optimizer updates: `len(base.trainable_weights)`.

    Raises:
        ConfigError: If the plan names a layer that is not in the table.

    Example:

    >>> from lib.core.backbones import load_layer_table
    >>> layers = load_layer_table("mobilenet_v2")
    >>> count_trainable_tensors(layers, FreezePlan.from_index(layers, 100))
    54
    """
    _check(layers, plan)
    return sum(
        weight.trainable for row in layers if not plan.is_frozen(row) for weight in row.weights
    )


def moving_statistics(layers: Sequence[LayerRow], plan: FreezePlan) -> int:
    """Count the parameters that change without being trained: the statistics of thawed BN layers.

    A thawed BatchNormalization updates its moving mean and variance in every training step,
    although `model.summary()` counts them as non-trainable.
    """
    return sum(
        row.statistics_params for row in layers if row.is_batch_norm and not plan.is_frozen(row)
    )


def layers_thawed(layers: Iterable[LayerRow], plan: FreezePlan) -> int:
    """Count the thawed layers that have parameters."""
    return sum(bool(row.weights) and not plan.is_frozen(row) for row in layers)


def descendants(layers: Sequence[LayerRow], names: Iterable[str]) -> frozenset[str]:
    """Return the named layers and all layers that their output reaches.

    Args:
        layers: Layer table, input side first.
        names: Names of the layers to start from.
    """
    reached = set(names)
    for row in layers:
        if any(source in reached for source in row.inbound):
            reached.add(row.name)
    return frozenset(reached)


def frontier(layers: Sequence[LayerRow], plan: FreezePlan) -> tuple[str, ...]:
    """Return the layers whose outputs go from the frozen prefix into the part that is trained.

    The frozen prefix is every layer that is frozen and has only frozen layers before it. Its
    output depends only on the image, so it needs to be computed once and not in every epoch.
    Layers without weights that follow it belong to it too. Inside a residual block two tensors
    cross: the branch and the shortcut.

    Args:
        layers: Layer table, input side first.
        plan: Which layers are frozen.

    Returns:
        Layer names in table order. Only the last layer if everything is frozen; if nothing is,
        the layer before the first one with weights, usually the input layer.

    Example:

    >>> from lib.core.backbones import load_layer_table
    >>> layers = load_layer_table("mobilenet_v2")
    >>> frontier(layers, FreezePlan.from_layer(layers, "block_11_expand"))
    ('block_10_project_BN',)
    >>> frontier(layers, FreezePlan.from_index(layers, 100))
    ('block_10_project_BN', 'block_11_expand_relu')
    """
    _check(layers, plan)
    thawed = [row.name for row in layers if row.weights and not plan.is_frozen(row)]
    live = descendants(layers, thawed)
    if not live:
        return (layers[-1].name,)
    crossing = {source for row in layers if row.name in live for source in row.inbound} - live
    return tuple(row.name for row in layers if row.name in crossing)


def block_boundaries(layers: Sequence[LayerRow]) -> tuple[int, ...]:
    """Return the indices at which exactly one tensor crosses, so that no residual block is split.

    At such an index the layers before it send a single tensor to the layers from it on.
    """
    last_use = {row.name: row.index for row in layers}
    for row in layers:
        for source in row.inbound:
            last_use[source] = row.index
    return tuple(
        index
        for index in range(1, len(layers))
        if sum(last_use[row.name] >= index for row in layers[:index]) == 1
    )
