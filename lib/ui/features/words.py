"""What a depth knows and what the measurements of a dataset say, in whole sentences."""

from lib.core.features.depths import IMAGE_SIZE, Depth
from lib.core.features.probes import Probes
from lib.ui.glossary import term
from lib.ui.parts.feature_maps.payload import percent

# In pixels: whoever sees no more of an image can tell edges and colours only.
EDGES_ONLY = 16


def name(depth: Depth) -> str:
    """Return what a depth is called for a reader.

    Example:

    >>> from lib.core.features.depths import depths
    >>> name(depths()[0]), name(depths()[5]), name(depths()[-1])
    ('the stem', 'block 4', 'the top')
    """
    return depth.block.replace("_", " ") if "_" in depth.block else f"the {depth.block}"


def knows(depth: Depth) -> str:
    """Say what the layers up to a depth know, and what that means for freezing.

    How much of the image a position sees decides which of three sentences it is.

    Args:
        depth: A depth, for images of IMAGE_SIZE.

    Reference:
        Yosinski et al. 2014, "How transferable are features in deep neural networks?"
        (yosinski-2014); Zeiler and Fergus 2014 (zeiler-2014).
    """
    if depth.field.size <= EDGES_ONLY:
        return (
            "The first layers find edges and colours. Every image has them, so these layers can "
            f"stay {term('frozen')}."
        )
    if depth.field.size < IMAGE_SIZE:
        return (
            "Here the network finds corners, textures and parts. Many images share them, so these "
            f"layers can often stay {term('frozen')}."
        )
    return (
        "The last layers know the things of ImageNet. A new task may need others, so these "
        f"layers are the first to {term('thaw')}."
    )


def measured_here(probes: Probes, title: str, place: int) -> str:
    """Say how many images a head on one depth gets right, beside a head at the top.

    Args:
        probes: The measurements of a dataset.
        title: Title of the dataset, for use in Markdown.
        place: Place of the depth.
    """
    here, top = (percent(probes.share(row).value) for row in (probes.rows[place], probes.rows[-1]))
    if place == len(probes.rows) - 1:
        return f"A {term('head')} at the top gets {top} of the images of {title} right."
    return (
        f"A {term('head')} on this depth gets {here} of the images of {title} right, a head at the "
        f"top {top}."
    )


def finding(probes: Probes) -> str:
    """Say where a head sits best, and whether that differs from the end by more than chance.

    Args:
        probes: The measurements of a dataset.
    """
    best, last = probes.best, len(probes.rows) - 1
    top = probes.share(probes.rows[last]).value
    if best == last:
        return (
            f"**A {term('head')} sits best at the end of the network, with {top:.1%} of the images "
            "right.** No earlier depth is better on these images."
        )
    found = probes.against_last(best)
    share = probes.share(probes.rows[best]).value
    numbers = (
        f"It gets {share:.1%} of the images right, and the one at the end {top:.1%}: "
        f"{100 * found.difference:.1f} points more, {term('interval')} {100 * found.low:+.1f} to "
        f"{100 * found.high:+.1f}."
    )
    where = name(probes.depth(best))
    if found.told_apart:
        return (
            f"**On these images the middle is better than the top: a {term('head')} sits best "
            f"after {where}.** {numbers} The layers after it are too specific to ImageNet."
        )
    return (
        f"**The {term('head')} after {where} is the most accurate, but the one at the end is as "
        f"good within chance.** {numbers}"
    )


def meaning(probes: Probes) -> str:
    """Say what the curve means for the cut, in one sentence.

    Args:
        probes: The measurements of a dataset.
    """
    depth = probes.depth(probes.enough)
    return (
        f"From {name(depth)} on, the accuracy reaches the best one within its "
        f"{term('interval', 'interval')}, so the layers up to there can stay {term('frozen')}, and "
        f"{term('thaw', 'thawing')} can start at layer {depth.cut}."
    )
