"""Why the lower layers can stay frozen, and where that is not true."""

from lib.core.features import probes
from lib.ui.features import words
from lib.ui.sources import Lesson

GENERAL = (
    "Every image has edges, colours and textures, so every network for images learns them first, "
    "and the first filters of different networks look alike. What comes later is made for the "
    "classes of the training: Yosinski and others exchanged the layers of two networks and found "
    "that accuracy falls with the depth of the exchanged layer, and more if the tasks differ."
)
PROBES = (
    "A linear probe is a head on the features of one depth; the network stays as it is. If the "
    "probe is accurate, the classes are already separated there. In a trained network probes get "
    "better from layer to layer, as Alain and Bengio showed, on the classes it was trained for."
)
PARTS = (
    "Zeiler and Fergus looked for the patches that excite a channel most. They found edges and "
    "corners in the second layer, textures in the third, and parts of things in the fourth. The "
    "patches on this page come from few images, so they show what these images have to offer."
)


def lessons() -> tuple[Lesson, ...]:
    """Return the lessons of the page, with what the measurements say against them."""
    return (
        ("Why do lower layers fit other images?", GENERAL, ("yosinski-2014",)),
        ("What does a linear probe show?", PROBES, ("alain-2016",)),
        ("From edges to things", PARTS, ("zeiler-2014",)),
        ("What is not true of it", _against(), ("raghu-2019",)),
    )


def _against() -> str:
    """Say where the middle is better than the top, from the shipped measurements."""
    found = []
    for each in probes.shipped().values():
        top = each.share(each.rows[-1]).value
        best = each.share(each.rows[each.best]).value
        sure = "more than chance" if each.against_last(each.best).told_apart else "maybe chance"
        found.append(
            f"- `{each.dataset}`: best after {words.name(each.depth(each.best))} with {best:.1%}; "
            f"at the end {top:.1%} ({sure})."
        )
    return (
        "Deeper is not always better. The upper layers were made for the classes of ImageNet, and "
        "on other images they may throw away what counts. Raghu and others found for X-rays and "
        "retinas that mostly the lowest layers are of use, and that a small network from scratch "
        "does as well. On the images here:\n\n" + "\n".join(found)
    )
