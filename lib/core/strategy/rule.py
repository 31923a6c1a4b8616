"""The textbook rule for choosing a strategy, its thresholds, and the source of each threshold.

The map of size and similarity has two borders and so four regions. The freeze plan depends only
on the region and on a lack of time, so more data or less similarity never freezes more layers.
"""

from dataclasses import dataclass, replace

from lib.core import backbones, freezing
from lib.core.backbones import LayerRow
from lib.core.errors import ConfigError
from lib.core.strategy import prose, recipes
from lib.core.strategy.prose import REGIONS, Region
from lib.core.strategy.recipes import FINE_TUNE_RATE as FINE_TUNE_RATE
from lib.core.strategy.recipes import HEAD_RATE as HEAD_RATE
from lib.core.strategy.settings_table import Recipe, Setting, settings_table

# Where "many" begins. On the solar cells, thawing the top layers was worse than the head only with
# 200 images and better with 1,000 (docs/sources.md, thaw-measurements); the course notes from
# which the rule comes give no number (cs231n-transfer).
LARGE_NUM_IMAGES = 1_000
# A convention: with many classes, images are few while each class has fewer than this. ImageNet
# has about 1,300.
LARGE_PER_CLASS = 100
# Where "similar" begins on a scale from 0 (nothing in common) to 1 (photographs of ImageNet's own
# classes). A convention: the middle.
SIMILAR = 0.5
# A convention: if labels are often wrong, this many times as many images are needed to count as
# many. That more are needed is measured (rolnick-2017).
NOISY_FACTOR = 2
# With less time than this, only the head is trained. The recorded run that thaws everything on
# 1,000 solar cells took 95 s on two cores, the head only 13 s (thaw-measurements).
HEAD_ONLY_MINUTES = 1.0
# Two thirds and one and a half times a border are "near" it; so is a tenth of the scale.
NEAR_FACTOR = 1.5
NEAR_SIMILARITY = 0.1
# Parameters of a backbone for a phone: those that were made for one have 1 to 3.5 million
# (efficientnet-lite, mobilenet-v2).
MAX_PHONE_PARAMS = 5_000_000

# Epochs per phase of the recorded evidence, as in the tutorials (tf-transfer).
PHASE_EPOCHS = 10
# A feature map in the middle of a backbone is 1/16 as wide as the image: between 1/8 and 1/32.
MIDDLE_SHRINKAGE = 8 * 2**0.5


@dataclass(frozen=True)
class Situation:
    """What a reader knows about the data.

    Args:
        num_images: Number of labelled images to train on.
        similarity: Similarity to the images that the backbone was trained on, 0 to 1.
        num_classes: Number of classes.
        minutes: Time for a run on two cores; None for no limit.
        phone: True if the network must run on a phone.
        noisy: True if many labels are wrong.

    Raises:
        ConfigError: If a value cannot be used.
    """

    num_images: int
    similarity: float
    num_classes: int = 2
    minutes: float | None = None
    phone: bool = False
    noisy: bool = False

    def __post_init__(self) -> None:
        if self.num_images < 1 or self.num_classes < 2 or not 0 <= self.similarity <= 1:
            raise ConfigError(
                f"{self.num_images} images of {self.num_classes} classes with similarity "
                f"{self.similarity} is not a situation.",
                "It takes at least one image, two classes and a similarity from 0 to 1.",
            )
        # A comparison with NaN is False, so this refuses it too.
        if self.minutes is not None and not self.minutes > 0:
            raise ConfigError(
                f"{self.minutes} minutes are no time to train in.", "Leave it out, or use more."
            )

    @property
    def large_from(self) -> int:
        """The number of images from which this dataset is large."""
        border = max(LARGE_NUM_IMAGES, LARGE_PER_CLASS * self.num_classes)
        return border * NOISY_FACTOR if self.noisy else border

    @property
    def is_large(self) -> bool:
        """True if there are enough images to change many weights."""
        return self.num_images >= self.large_from

    @property
    def is_similar(self) -> bool:
        """True if the features of the backbone fit these images."""
        return self.similarity >= SIMILAR

    @property
    def in_hurry(self) -> bool:
        """True if there is only time to train the head."""
        return self.minutes is not None and self.minutes < HEAD_ONLY_MINUTES


@dataclass(frozen=True)
class Neighbour:
    """The recommendation on the other side of a near border.

    Args:
        region: Key of REGIONS.
        border: The border in words.
    """

    region: str
    border: str


@dataclass(frozen=True, kw_only=True)
class Recommendation(Recipe):
    """A strategy with all its settings and their reasons.

    Args:
        region: Key of REGIONS to which the situation belongs.
        title: The recommendation as a headline.
        reason: Why the rule recommends it.
        caveat: When it fails.
        watch_for: What to look at in the curves.
        notes: Notes on the other answers.
        settings: All settings as a table, each with its reason and source.
        sources: Sources of the rule: keys in docs/sources.md.
        neighbours: Near a border, the recommendation on its other side.
    """

    region: str
    title: str
    reason: str
    caveat: str
    watch_for: str
    notes: tuple[str, ...]
    settings: tuple[Setting, ...] = ()
    sources: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]

    @property
    def source(self) -> str:
        """The first source of the rule."""
        return self.sources[0]


def middle_layer(layers: tuple[LayerRow, ...]) -> str:
    """Return the layer where the upper half of a backbone begins: maps 1/16 as wide as the image.

    Example:

    >>> middle_layer(backbones.load_layer_table("efficientnet_lite0"))
    'block_5_expand_conv'
    """
    side = layers[0].output_shape[0]
    ends = {row.block: row for row in layers}  # the last layer of each block
    block = next(
        name
        for name, row in ends.items()
        if len(row.output_shape) == 3 and side / row.output_shape[0] > MIDDLE_SHRINKAGE
    )
    return next(row.name for row in layers if row.block == block)


def how(way: str, backbone: str = "efficientnet_lite0") -> tuple[str, str]:
    """Return the strategy and the first thawed layer of a way of training on any backbone.

    Args:
        way: Key of evidence.WAYS.

    Returns:
        Id of the strategy, and name of the layer; "" if all or nothing is thawed.

    Raises:
        ConfigError: If Thaw does not know the backbone.
    """
    spec = backbones.get(backbone)
    return {
        "head": ("feature_extraction", ""),
        "top": ("partial_fine_tuning", spec.thaw_from),
        "middle": ("partial_fine_tuning", middle_layer(backbones.load_layer_table(backbone))),
        "everything": ("full_fine_tuning", ""),
        "scratch": ("from_scratch", ""),
    }[way]


def region_of(situation: Situation) -> Region:
    """Return the region of a situation."""
    return _region(situation.is_large, situation.is_similar)


def _region(large: bool, similar: bool) -> Region:
    return next(each for each in REGIONS.values() if (each.large, each.similar) == (large, similar))


def recommend(situation: Situation, backbone: str = "efficientnet_lite0") -> Recommendation:
    """Return the strategy that the textbook rule recommends for a situation.

    Args:
        situation: Size of the data, its similarity to ImageNet, and the other answers.

    Raises:
        ConfigError: If Thaw does not know the backbone.

    Example:

    >>> recommend(Situation(num_images=180, similarity=0.7)).strategy
    'feature_extraction'

    Reference:
        CS231n notes, "Transfer Learning", section on when and how to fine-tune
        (cs231n-transfer).
    """
    region = region_of(situation)
    way = "head" if situation.in_hurry else region.way
    hurried = way != region.way
    strategy, thaw_from = how(way, backbone)
    advice = Recommendation(
        way=way,
        **recipes.settings(
            strategy,
            thaw_from,
            situation.num_images,
            backbone,
            minutes=situation.minutes,
            noisy=situation.noisy,
            augmentation=way != "head" and not region.large,
        ),
        region=region.id,
        title=prose.HURRY_TITLE if hurried else region.title,
        reason=prose.HURRY_REASON if hurried else region.reason,
        caveat=prose.hurry_caveat(region) if hurried else region.caveat,
        watch_for=(REGIONS["small_similar"] if hurried else region).watch_for,
        notes=_notes(situation, backbone, backbones.load_layer_table(backbone)),
        sources=("thaw-measurements", *region.sources) if hurried else region.sources,
        neighbours=_neighbours(situation, region),
    )
    layers = backbones.load_layer_table(backbone, advice.image_size)
    return replace(advice, settings=settings_table(advice, layers))


def _notes(situation: Situation, backbone: str, layers: tuple[LayerRow, ...]) -> tuple[str, ...]:
    notes = []
    if situation.phone:
        num_params = sum(row.params for row in layers)
        title = backbones.get(backbone).title
        notes.append(prose.phone_note(title, num_params, MAX_PHONE_PARAMS))
    if situation.noisy:
        notes.append(prose.noisy_note(NOISY_FACTOR))
    return tuple(notes)


def _neighbours(situation: Situation, region: Region) -> tuple[Neighbour, ...]:
    """Return the regions on the other side of near borders, the size border first."""
    found = []
    share = situation.num_images / situation.large_from
    if 1 / NEAR_FACTOR <= share <= NEAR_FACTOR:
        other = _region(not region.large, region.similar)
        found.append(Neighbour(other.id, prose.size_border(region, situation.large_from)))
    if abs(situation.similarity - SIMILAR) <= NEAR_SIMILARITY:
        other = _region(region.large, not region.similar)
        found.append(Neighbour(other.id, prose.similarity_border(region, SIMILAR)))
    return tuple(found)


def first_thawed(advice: Recommendation, layers: tuple[LayerRow, ...]) -> int:
    """Return the index of the first thawed layer; the number of layers if none is thawed."""
    if advice.strategy == "feature_extraction":
        return len(layers)
    return backbones.layer_index(layers, advice.thaw_from) if advice.thaw_from else 0


def plan(advice: Recommendation, layers: tuple[LayerRow, ...]) -> freezing.FreezePlan:
    """Return the freeze plan of a recommendation after its head has been trained."""
    frozen = freezing.FreezePlan.from_index(layers, first_thawed(advice, layers))
    return frozen.with_batch_norm_frozen(layers)
