"""One sentence above each figure of the evidence, computed from the recorded runs.

Sentences are chosen whole and filled with numbers, so that each reads well and can be translated.
"""

from collections.abc import Callable, Sequence

from lib.core import backbones
from lib.core.evidence import choosing, gains, grid
from lib.core.evidence.choosing import Field, Policy
from lib.core.evidence.gains import Depth, Point
from lib.core.evidence.grid import EVERYTHING, HEAD, RATES, SCRATCH, TOP, Recorded

NOTHING = "Nothing is recorded yet that answers this question."
# A gain below one image in a hundred is not worth its cost.
HARDLY = 0.01
# The head with so many images is compared with training from scratch.
FEW_IMAGES = 50

# --- What thawing gains ---------------------------------------------------------------------------

THAWING_HELPS_ON_ALL = (
    "Thawing is better than the head alone by more than chance on all {all} kinds of images, most "
    "on {dataset}: {gain:+.1f} points with {images:,} images."
)
THAWING_HELPS_ON_SOME = (
    "Thawing is better than the head alone by more than chance on {some} of {all} kinds of images, "
    "most on {dataset}: {gain:+.1f} points with {images:,} images."
)
THAWING_HELPS_ON_NONE = (
    "On none of the {all} kinds of images is thawing better than the head alone by more than "
    "chance."
)
THAWING_LOST = "It can lose too: {loss:+.1f} points on {dataset} with {images:,} images."


def of_thawing(everything: Sequence[Recorded]) -> str:
    """Say on how many kinds of images thawing gains, and how much it gains at most."""
    found = [(each, gains.gain_of_thawing(each)) for each in everything]
    found = [(each, points) for each, points in found if points]
    if not found:
        return NOTHING
    told = [
        (each.title, point)
        for each, points in found
        for point in points
        if point.difference.told_apart
    ]
    better = [(title, point) for title, point in told if point.difference.mean > 0]
    worse = [(title, point) for title, point in told if point.difference.mean < 0]
    if better:
        title, point = max(better, key=lambda each: each[1].difference.mean)
        some = len({title for title, _ in better})
        words = THAWING_HELPS_ON_ALL if some == len(found) else THAWING_HELPS_ON_SOME
        sentence = words.format(
            some=some,
            all=len(found),
            dataset=title,
            gain=100 * point.difference.mean,
            images=point.num_images,
        )
    else:
        sentence = THAWING_HELPS_ON_NONE.format(all=len(found))
    if not worse:
        return sentence
    title, point = min(worse, key=lambda each: each[1].difference.mean)
    lost = THAWING_LOST.format(
        loss=100 * point.difference.mean, dataset=title, images=point.num_images
    )
    return f"{sentence} {lost}"


# --- What pretraining gains -----------------------------------------------------------------------

PRETRAINING = (
    "A new head on a pretrained network is {low:.0f} to {high:.0f} points better than training "
    "from scratch."
)
PRETRAINING_MIXED = (
    "A new head on a pretrained network is up to {high:.0f} points better than training from "
    "scratch, and up to {loss:.1f} points worse."
)
PRETRAINING_WORSE = (
    "A new head on a pretrained network is up to {loss:.1f} points worse than training from "
    "scratch."
)
PRETRAINING_WORTH = (
    "On {dataset} the head with {few:,} images is as good as training from scratch with about "
    "{many:,.0f}."
)
PRETRAINING_BEYOND = (
    "On {dataset} training from scratch with {many:,.0f} images does not reach the head with "
    "{few:,}."
)


def of_pretraining(everything: Sequence[Recorded]) -> str:
    """Say what pretraining gains in points, and how many images it is worth."""
    found = [(each, gains.gain_of_pretraining(each)) for each in everything]
    found = [(each, points) for each, points in found if points]
    if not found:
        return NOTHING
    means = [100 * point.difference.mean for _, points in found for point in points]
    low, high = min(means), max(means)
    words = PRETRAINING if low > 0 else PRETRAINING_MIXED if high > 0 else PRETRAINING_WORSE
    sentence = words.format(low=low, high=high, loss=-low)
    worth = [said for each, _ in found if (said := in_images(each))]
    return f"{sentence} {worth[0]}" if worth else sentence


def in_images(recorded: Recorded) -> str:
    """Say with how many images training from scratch equals the head with FEW_IMAGES, or ""."""
    head = dict(gains.by_images(recorded, HEAD))
    if FEW_IMAGES not in head:
        return ""
    found = gains.worth_in_images(gains.by_images(recorded, SCRATCH), head[FEW_IMAGES])
    if found is None:
        return ""
    many, reached = found
    words = PRETRAINING_WORTH if reached else PRETRAINING_BEYOND
    return words.format(dataset=recorded.title, few=FEW_IMAGES, many=many)


# --- How deep to cut ------------------------------------------------------------------------------

CUT = (
    "On {dataset} with {images:,} images the best cut thaws {share:.0%} of the parameters and "
    "gains {gain:+.1f} points over the head alone."
)
CUT_IS_CHANCE = (
    "On {dataset} with {images:,} images no cut is better than the head alone by more than chance."
)


def shares(backbone: str) -> dict[str, float]:
    """Return the share of the backbone's parameters that each recorded cut thaws, by way."""
    layers = backbones.load_layer_table(backbone)
    total = sum(row.params for row in layers)

    def above(layer: str) -> float:
        first = backbones.layer_index(layers, layer)
        return sum(row.params for row in layers[first:]) / total

    blocks = {row.block: row.name for row in reversed(layers)}
    found = {f"from {name}": above(name) for name in blocks.values() if name != layers[0].name}
    return found | {TOP: above(backbones.get(backbone).thaw_from), EVERYTHING: 1.0}


def of_depth(recorded: Recorded, num_images: int, found: Sequence[Depth]) -> str:
    """Say which cut was best on a dataset.

    Args:
        recorded: Everything recorded on the dataset.
        num_images: Number of training images.
        found: From gains.depths.
    """
    if not found:
        return NOTHING
    best = max(found, key=lambda each: each.point.difference.mean)
    told = best.point.difference.low > 0
    return (CUT if told else CUT_IS_CHANCE).format(
        dataset=recorded.title,
        images=num_images,
        share=best.thawed,
        gain=100 * best.point.difference.mean,
    )


# --- What is lost by choosing wrongly -------------------------------------------------------------

CHOICES = (
    "Always training the head only is {head:.1f} points below the best choice on average, always "
    "thawing everything {everything:.1f}, the rule {rule:.1f}, and what looks worst on the "
    "validation images {worst:.1f}."
)
POLICIES = {
    "rule": "What the rule says",
    "head": "Always the head only",
    "top": "Always the top layers",
    "everything": "Always everything",
    "worst": "What looks worst in validation",
}


def policies(of: Sequence[Field], rule: dict[tuple[str, int], str]) -> tuple[Policy, ...]:
    """Return what each way of choosing loses; empty without fields.

    Args:
        of: The fields.
        rule: Dataset and number of images -> what the rule chooses.
    """
    complete = [field for field in of if field.is_complete]
    if not complete:
        return ()
    return tuple(choosing.policy(id_, complete, _choice(id_, rule)) for id_ in POLICIES)


def _choice(id_: str, rule: dict[tuple[str, int], str]) -> Callable[[Field], str]:
    def choose(field: Field) -> str:
        if id_ == "worst":
            return field.worst
        return rule[field.recorded.dataset, field.num_images] if id_ == "rule" else id_

    return choose


def of_choices(found: Sequence[Policy]) -> str:
    """Say what is lost by choosing wrongly."""
    if not found:
        return NOTHING
    lost = {each.id: 100 * each.lost for each in found}
    return CHOICES.format(**{name: lost[name] for name in ("head", "everything", "rule", "worst")})


# --- The rate, the resolution ---------------------------------------------------------------------

RATE_LOSES = (
    "Thawed at the head's own rate, {dataset} loses {loss:.1f} points against the best of the "
    "three rates."
)
RATE_EVEN = (
    "With everything thawed, the head's own rate is within a point of the best of the three rates "
    "on every dataset."
)


def of_rates(everything: Sequence[Recorded]) -> str:
    """Say what the head's own rate costs, once everything is thawed."""
    losses = []
    for recorded in everything:
        found = dict(gains.of_rates(recorded))
        if len(found) == len(RATES):
            best = max(point.difference.mean for point in found.values())
            losses.append((recorded.title, 100 * (best - found[RATES[0]].difference.mean)))
    if not losses:
        return NOTHING
    title, loss = max(losses, key=lambda each: each[1])
    if loss >= 100 * HARDLY:
        return RATE_LOSES.format(dataset=title, loss=loss)
    return RATE_EVEN


RESOLUTION_WINS = (
    "Images of {large} instead of {small} pixels gain more for the head alone than thawing at "
    "{small} pixels on {some} of {all} kinds of images."
)


def of_resolution(everything: Sequence[Recorded]) -> str:
    """Say where larger images gain more than thawing at a smaller size."""
    pairs = [pair for each in everything if (pair := resolution_and_thawing(each))]
    if not pairs:
        return NOTHING
    some = sum(size.difference.mean > thawing.difference.mean for size, thawing in pairs)
    return RESOLUTION_WINS.format(
        large=grid.HEAD_SIZES[-1], small=grid.THAWED_SIZE, some=some, all=len(pairs)
    )


def resolution_and_thawing(recorded: Recorded) -> tuple[Point, Point] | None:
    """What the published size and what thawing gain, on the same number of images, for the head."""
    thawing = {point.num_images: point for point in gains.gain_of_thawing(recorded)}
    number = resolution_images(recorded)
    sizes = dict(gains.gain_of_resolution(recorded, number))
    if number not in thawing or grid.HEAD_SIZES[-1] not in sizes:
        return None
    return sizes[grid.HEAD_SIZES[-1]], thawing[number]


def resolution_images(recorded: Recorded) -> int:
    """The number of images at which resolution is compared: the middle one of the thawed runs."""
    return grid.THAWED_SIZES[recorded.dataset][1]


# --- Similarity -----------------------------------------------------------------------------------

SIMILARITY = (
    "The less similar a dataset, the more thawing gained: the ranks correlate by {rank:+.2f}. With "
    "{number} datasets that is weak evidence."
)
SIMILARITY_SAYS_NOTHING = (
    "Similarity, as measured, does not say what thawing gains: the ranks correlate by {rank:+.2f}, "
    "with {number} datasets."
)
# Below it, ranks are about as good as in random order.
RANKED = -0.5


def of_similarity(points: Sequence[tuple[str, float, Point]]) -> str:
    """Say whether measured similarity predicts the gain of thawing."""
    if len(points) < 3:
        return NOTHING
    rank = gains.rank_correlation(
        [(similarity, point.difference.mean) for _, similarity, point in points]
    )
    words = SIMILARITY if rank <= RANKED else SIMILARITY_SAYS_NOTHING
    return words.format(rank=rank, number=len(points))
