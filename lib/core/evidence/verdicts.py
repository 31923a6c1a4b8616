"""What the recorded runs say of the textbook in one field, and what one should do first.

Sentences are chosen whole and filled with numbers, so that each reads well and can be translated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from lib.core import backbones
from lib.core.evidence import gains
from lib.core.evidence.choosing import Field
from lib.core.evidence.findings import HARDLY
from lib.core.evidence.gains import Point
from lib.core.evidence.grid import HEAD, Recorded

# --- One field ------------------------------------------------------------------------------------

AGREES = (
    "On {data} thawing was better than the head alone by {gain:.1f} points ({low:+.1f} to "
    "{high:+.1f}), as the textbook has it."
)
HEAD_AGREES = (
    "On {data} the head alone was as good as thawing ({gain:+.1f} points, {low:+.1f} to "
    "{high:+.1f}), as the textbook has it."
)
THAWING_CONTRADICTS = (
    "The recorded runs contradict the textbook here: on {data} thawing was better than the head "
    "alone by {gain:.1f} points ({low:+.1f} to {high:+.1f})."
)
CANNOT_TELL = (
    "On {data} thawing made a difference of {gain:+.1f} points ({low:+.1f} to {high:+.1f}) to the "
    "head alone: this may be chance, so first try the head, which costs less."
)
HEAD_CONTRADICTS = (
    "The recorded runs contradict the textbook here: on {data} thawing was worse than the head "
    "alone ({gain:+.1f} points, {low:+.1f} to {high:+.1f})."
)


@dataclass(frozen=True)
class OfField:
    """What a field of the recorded runs says of the textbook.

    Args:
        words: One sentence.
        contradicts: True if the textbook is wrong there by more than chance.
    """

    words: str
    contradicts: bool


def of_field(field: Field, way: str) -> OfField:
    """Compare what the rule chooses with a field.

    Args:
        field: A dataset with a number of images.
        way: What the rule chooses: HEAD, or a way of thawing.
    """
    point = gains.compare(
        field.recorded,
        gains.thawed(field.recorded, field.num_images),
        field.ways[HEAD],
        field.num_images,
    )
    assert point is not None, "A field has a thawed run for each seed."
    found = point.difference
    if way == HEAD:
        words = THAWING_CONTRADICTS if found.low > 0 else HEAD_AGREES
    elif found.high < 0:
        words = HEAD_CONTRADICTS
    else:
        words = AGREES if found.low > 0 else CANNOT_TELL
    sentence = words.format(
        data=f"{field.recorded.title} with {field.num_images:,} images",
        gain=100 * found.mean,
        low=100 * found.low,
        high=100 * found.high,
    )
    return OfField(sentence, words in (THAWING_CONTRADICTS, HEAD_CONTRADICTS))


# --- What should one do first? --------------------------------------------------------------------

FIRST_THE_HEAD = (
    "On these datasets, with {backbone}: train the head alone first. It is within {hardly:.0f} "
    "point of the best choice in {near} of {all} fields and takes about {share:.0%} of the time of "
    "thawing."
)
THEN_THAW = (
    "Then thaw if the images are unlike ImageNet: the largest gain was {gain:+.1f} points, on "
    "{dataset} with {images:,} images."
)
FIRST_THAW = (
    "On these datasets, with {backbone}: the head alone is within {hardly:.0f} point of the best "
    "choice in only {near} of {all} fields, so solve the head, which takes seconds, and then thaw "
    "and compare."
)


def closing(everything: Sequence[Recorded], of: Sequence[Field]) -> str:
    """Say what one should do first, from all fields.

    Args:
        everything: All recorded datasets, of one backbone.
        of: The fields.
    """
    if not of:
        return ""
    near, times = 0, []
    best: tuple[str, Point] | None = None
    for field in of:
        better = gains.compare(
            field.recorded, field.ways[field.preferred], field.ways[HEAD], field.num_images
        )
        near += better is None or better.difference.mean <= HARDLY
        thawing = [way for way in field.ways if way != HEAD]
        head, *others = (
            fmean(line.core_s for line in field.ways[way].values()) for way in (HEAD, *thawing)
        )
        times.append(head / max(others))
        if better and (best is None or better.difference.mean > best[1].difference.mean):
            best = field.recorded.title, better
    backbone = backbones.get(everything[0].backbone).title
    facts = {"backbone": backbone, "hardly": 100 * HARDLY, "near": near, "all": len(of)}
    if 2 * near < len(of):
        return FIRST_THAW.format(**facts)
    first = FIRST_THE_HEAD.format(**facts, share=fmean(times))
    if best is None or best[1].difference.low <= 0:
        return first
    title, point = best
    then = THEN_THAW.format(
        gain=100 * point.difference.mean, dataset=title, images=point.num_images
    )
    return f"{first} {then}"
