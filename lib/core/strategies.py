"""The strategies, and which one suits a situation."""

from dataclasses import dataclass

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
        fine_tunes: True where layers of the backbone are thawed after the head has learned.
        pretrained: False where the backbone starts from random weights.
    """

    id: str
    title: str
    about: str
    fine_tunes: bool = False
    pretrained: bool = True


STRATEGIES: dict[str, StrategySpec] = {
    spec.id: spec
    for spec in (
        StrategySpec(
            "feature_extraction",
            "Head only",
            "The backbone stays frozen; only the new head learns.",
        ),
        StrategySpec(
            "partial_fine_tuning",
            "Top layers",
            "The head learns first, then the top layers of the backbone are thawed.",
            fine_tunes=True,
        ),
        StrategySpec(
            "full_fine_tuning",
            "Everything",
            "The head learns first, then the whole backbone is thawed.",
            fine_tunes=True,
        ),
        StrategySpec(
            "from_scratch",
            "From scratch",
            "Random weights, nothing pretrained: what transfer learning is measured against.",
            pretrained=False,
        ),
    )
}


def get(strategy: str) -> StrategySpec:
    """The spec of a strategy.

    Raises:
        ConfigError: If Thaw does not know it.
    """
    if strategy not in STRATEGIES:
        raise ConfigError(
            f"Thaw has no strategy called {strategy!r}.",
            f"Choose one of: {', '.join(STRATEGIES)}.",
        )
    return STRATEGIES[strategy]


def final_plan(
    strategy: str, layers: tuple[LayerRow, ...], thaw_from: str, batch_norm: str
) -> freezing.FreezePlan:
    """What is frozen in the last phase of a strategy.

    Args:
        strategy: Id of the strategy.
        layers: Layer table of the backbone.
        thaw_from: First thawed layer of partial fine-tuning; ignored by the others.
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


# Where "few" ends. On the solar cells, thawing the top lost against the head alone with 200
# images and won with 1,000 (docs/sources.md, thaw-measurements); the course notes that the rule
# comes from name no number (cs231n-transfer).
LARGE_NUM_IMAGES = 1_000
# Where "similar" begins on a scale from 0 (nothing in common) to 1 (photographs of ImageNet's own
# classes). A convention: the middle.
SIMILAR = 0.5


@dataclass(frozen=True)
class Situation:
    """What a reader knows of the data.

    Args:
        num_images: Labelled images.
        similarity: To what the backbone was trained on, 0 to 1.
        num_classes: Number of classes.

    Raises:
        ConfigError: If a value cannot be used.
    """

    num_images: int
    similarity: float
    num_classes: int = 2

    def __post_init__(self) -> None:
        if self.num_images < 1 or self.num_classes < 2 or not 0 <= self.similarity <= 1:
            raise ConfigError(
                f"{self.num_images} images of {self.num_classes} classes with similarity "
                f"{self.similarity} is not a situation.",
                "It takes at least one image, two classes and a similarity from 0 to 1.",
            )


@dataclass(frozen=True)
class Recommendation:
    """A strategy with its reason.

    Args:
        strategy: Id of the strategy.
        reason: The rule behind it.
        caveat: When it fails.
        source: Key in docs/sources.md.
    """

    strategy: str
    reason: str
    caveat: str
    source: str


def recommend(situation: Situation) -> Recommendation:
    """The strategy the textbook rule gives for a situation.

    Args:
        situation: Size of the data and its similarity to ImageNet.

    Example:

    >>> recommend(Situation(num_images=180, similarity=0.7)).strategy
    'feature_extraction'

    Reference:
        CS231n notes, "Transfer Learning", section on when and how to fine-tune
        (cs231n-transfer).
    """
    large = situation.num_images >= LARGE_NUM_IMAGES
    similar = situation.similarity >= SIMILAR
    if large and similar:
        return Recommendation(
            "partial_fine_tuning",
            "The data is large enough to fine-tune without overfitting, and close enough that the "
            "lower layers already fit it.",
            "The head alone may already be as good and is much cheaper: try it first.",
            "cs231n-transfer",
        )
    if large:
        return Recommendation(
            "full_fine_tuning",
            "The data is unlike ImageNet, so the features have to change, and there is enough of "
            "it to change them. Pretrained weights are still the better place to start.",
            "Keep the learning rate low, or the first steps destroy what was learned.",
            "cs231n-transfer",
        )
    if similar:
        return Recommendation(
            "feature_extraction",
            "The data is small, so a large model would overfit, and it resembles what the "
            "backbone knows, so its features fit as they are.",
            "If training accuracy stays low as well, the features do not fit after all.",
            "cs231n-transfer",
        )
    return Recommendation(
        "partial_fine_tuning",
        "The features of the top layers are too specific to ImageNet, so freeze the bottom and "
        "train from the middle upward.",
        "With so few images this often overfits: a head on features of an earlier layer is the "
        "other way, and more images are the better one.",
        "cs231n-transfer",
    )
