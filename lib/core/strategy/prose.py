"""The texts of the rule: its recommendation in each of the four regions, why, and when it fails."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """One of the four fields of the plane.

    Args:
        id: Name of the region.
        large: True on the side of many images.
        similar: True on the side of similar images.
        way: Key of evidence.WAYS that the rule recommends.
        title: The recommendation as a headline.
        where: Description of the region.
        reason: Why the rule recommends it.
        caveat: When it fails.
        watch_for: What to look at in the curves.
        sources: Keys in docs/sources.md.
    """

    id: str
    large: bool
    similar: bool
    way: str
    title: str
    where: str
    reason: str
    caveat: str
    watch_for: str
    sources: tuple[str, ...]


REGIONS: dict[str, Region] = {
    region.id: region
    for region in (
        Region(
            "small_similar",
            large=False,
            similar=True,
            way="head",
            title="Train the head only",
            where="few images, similar",
            reason="The features of the backbone fit such images well enough; with so few images, "
            "a larger trainable part can overfit.",
            caveat="If training accuracy stays low as well, the features do not fit after all.",
            watch_for="Both curves flatten early: thawing the top layers is the next thing to try.",
            sources=("cs231n-transfer", "keras-transfer"),
        ),
        Region(
            "large_similar",
            large=True,
            similar=True,
            way="top",
            title="Train the top layers",
            where="many images, similar",
            reason="There are enough images to fine-tune without overfitting, and the lower layers "
            "already fit them.",
            caveat="The head only may already be as good and is much cheaper: try it first.",
            watch_for="The validation accuracy where fine-tuning starts: if it falls, the learning "
            "rate is too high.",
            sources=("cs231n-transfer", "tf-transfer"),
        ),
        Region(
            "small_dissimilar",
            large=False,
            similar=False,
            way="middle",
            title="Train more top layers",
            where="few images, dissimilar",
            reason="The upper layers are too specific to photographs of things, so freeze only the "
            "lower half and train all layers above it.",
            caveat="The hard case: this often overfits. An alternative is a head on features of an "
            "earlier layer, which fit if the late ones are too specific; more images are better "
            "still.",
            watch_for="A growing gap between training and validation: stop earlier or freeze more.",
            sources=("cs231n-transfer", "yosinski-2014"),
        ),
        Region(
            "large_dissimilar",
            large=True,
            similar=False,
            way="everything",
            title="Train everything",
            where="many images, dissimilar",
            reason="The features have to change, and there are enough images for it. Pretrained "
            "weights are still the better start.",
            caveat="The less similar the images are, the less pretraining helps beyond the first "
            "layers: compare with a run from scratch.",
            watch_for="The first epochs after thawing: too high a learning rate destroys the "
            "pretrained features.",
            sources=("cs231n-transfer", "raghu-2019"),
        ),
    )
}

HURRY_TITLE = "Train the head only, for now"
HURRY_REASON = (
    "In so little time only the head can be trained: frozen layers run only once for any data."
)


def hurry_caveat(region: Region) -> str:
    """Say what the rule recommends if there is more time."""
    return f"With more time the rule says: {region.title[0].lower()}{region.title[1:]}."


def phone_note(backbone: str, num_params: int, limit: int) -> str:
    """Say whether a backbone is small enough for a phone.

    Args:
        backbone: Title of the backbone.
        num_params: Number of its parameters.
        limit: Largest number of parameters for a phone.
    """
    millions = f"{num_params / 1e6:.1f} million parameters"
    frozen = "Freezing changes neither the size nor the speed of the trained network."
    if num_params <= limit:
        return f"For a phone: {backbone} has {millions}, which fits. {frozen}"
    return (
        f"For a phone: {backbone} has {millions}, too many; EfficientNet-Lite0 was made for one. "
        f"{frozen}"
    )


def noisy_note(factor: int) -> str:
    """Say what wrong labels change.

    Args:
        factor: Factor for the number of images from which a dataset is large.
    """
    return (
        f"Wrong labels: {factor} times as many images are needed to count as many, batches are "
        "larger, and training stops early, because a network learns wrong labels last."
    )


def size_border(region: Region, large_from: int) -> str:
    """Say where the other side of the size border begins, as seen from a region."""
    if region.large:
        return f"with fewer than {large_from:,} images"
    return f"from {large_from:,} images on"


def similarity_border(region: Region, similar_from: float) -> str:
    """Say where the other side of the similarity border begins, as seen from a region."""
    if region.similar:
        return f"below a similarity of {similar_from:g}"
    return f"from a similarity of {similar_from:g}"
