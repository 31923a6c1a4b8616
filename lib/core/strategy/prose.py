"""The words of the rule: what it says in each of its four regions, why, and when it fails."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """One of the four fields of the plane.

    Args:
        id: Its name.
        large: On which side of the size border it lies.
        similar: On which side of the border of similarity.
        way: Key of evidence.WAYS: what the rule says there.
        title: What to do, as a headline.
        where: The field in words.
        reason: Why the rule says so.
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
            reason="The images resemble what the backbone knows, so its features fit as they are; "
            "so few would overfit a larger model.",
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
            caveat="The head alone may already be as good and is much cheaper: try it first.",
            watch_for="Validation accuracy jumps or stands still where fine-tuning starts: if it "
            "falls, the learning rate is too high.",
            sources=("cs231n-transfer", "tf-transfer"),
        ),
        Region(
            "small_dissimilar",
            large=False,
            similar=False,
            way="middle",
            title="Train from the middle up",
            where="few images, dissimilar",
            reason="The upper layers are too specific to photographs of things, so freeze only the "
            "bottom and train from the middle upward.",
            caveat="The hard case: this often overfits. The other way is a head on features of an "
            "earlier layer, which fit where the late ones are too special; more images are the "
            "better one.",
            watch_for="Training accuracy runs away from validation: stop earlier, or freeze more.",
            sources=("cs231n-transfer", "yosinski-2014"),
        ),
        Region(
            "large_dissimilar",
            large=True,
            similar=False,
            way="everything",
            title="Train everything",
            where="many images, dissimilar",
            reason="The features have to change, and there are images enough to do it. Pretrained "
            "weights are still the better start.",
            caveat="The further away the images, the less pretraining gives beyond its first "
            "layers: compare with a run from scratch.",
            watch_for="The first epochs after thawing: with too high a rate they destroy what was "
            "learned.",
            sources=("cs231n-transfer", "raghu-2019"),
        ),
    )
}

HURRY_TITLE = "Train the head only, for now"
HURRY_REASON = (
    "In so little time only the head can learn: the frozen layers run once, whatever the data are."
)


def hurry_caveat(region: Region) -> str:
    """What the rule says where there is more time."""
    return f"With more time the rule says: {region.title[0].lower()}{region.title[1:]}."


def phone_note(backbone: str, num_params: int, limit: int) -> str:
    """Whether a backbone is small enough for a phone.

    Args:
        backbone: Its title.
        num_params: Its parameters.
        limit: The most that fit.
    """
    millions = f"{num_params / 1e6:.1f} million parameters"
    frozen = "What is frozen changes neither the size nor the speed of the finished network."
    if num_params <= limit:
        return f"For a phone: {backbone} has {millions}, which fits. {frozen}"
    return (
        f"For a phone: {backbone} has {millions}, too many; EfficientNet-Lite0 was made for one. "
        f"{frozen}"
    )


def noisy_note(factor: int) -> str:
    """What wrong labels change.

    Args:
        factor: How many times as many images it takes to count as many.
    """
    return (
        f"Wrong labels: it takes {factor} times as many images to count as many, batches are "
        "larger, and training stops early, for wrong labels are what a network learns last."
    )


def size_border(region: Region, large_from: int) -> str:
    """The border of size as it is seen from a region: where the other side begins."""
    if region.large:
        return f"with fewer than {large_from:,} images"
    return f"from {large_from:,} images on"


def similarity_border(region: Region, similar_from: float) -> str:
    """The border of similarity as it is seen from a region: where the other side begins."""
    if region.similar:
        return f"below a similarity of {similar_from:g}"
    return f"from a similarity of {similar_from:g}"
