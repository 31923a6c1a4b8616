"""The map of size and similarity: the data with which the browser draws rule and evidence."""

from collections.abc import Sequence
from typing import Any

from lib.core import datasets
from lib.core.datasets import DatasetSpec
from lib.core.evidence import borders
from lib.core.evidence.borders import Band
from lib.core.evidence.choosing import Field
from lib.core.strategy import evidence, kinds, rule
from lib.core.strategy.prose import REGIONS
from lib.figures import marks, theme

# Labelled images on the axis: from a handful to more than most courses have. A point outside this
# range stays at the edge.
LOWEST, HIGHEST = 10, 100_000
# Opacity of the colour "trainable" in a field: the more layers are thawed, the higher.
WARMTH = {"head": 0.0, "top": 0.12, "middle": 0.2, "everything": 0.34}
COLD = 0.2
# The similarity at which the names of the fields are written: between the rows of dots.
NAMES_AT = {True: 0.68, False: 0.1}


def dot(field: Field) -> dict[str, Any]:
    """Describe one dot of the evidence: its position, the best way, and whether it may be chance.

    Args:
        field: A field of the recorded runs.
    """
    title, (first, second, *_) = field.recorded.title, field.ranking
    winner, told = evidence.WAYS[first].title, field.difference(first, second).told_apart
    return {
        "images": field.num_images,
        "similarity": field.situation.similarity,
        "dataset": title,
        "way": first,
        "told": told,
        "words": f"{title}, {field.num_images:,} images: {winner}"
        + ("" if told else " came first, which may be chance"),
    }


def reference(spec: DatasetSpec) -> dict[str, Any]:
    """Describe the position of a whole dataset.

    Args:
        spec: A dataset of the registry.
    """
    whole = evidence.situation_of(spec.id, spec.max_train_images)
    return {
        "images": whole.num_images,
        "similarity": whole.similarity,
        "dataset": spec.title,
        "words": f"{spec.title}, all {whole.num_images:,} training images",
    }


def payload(found: Sequence[Field], *, dark: bool = False) -> dict[str, Any]:
    """Describe everything on the map except the reader's own point.

    Args:
        found: The fields of the recorded runs.
        dark: True for the dark theme.
    """
    colours = theme.palette(dark)
    recorded = list({field.recorded.dataset: field.recorded for field in found}.values())
    sizes, similarities = borders.size(recorded), borders.similarity(recorded)
    return {
        "axis": {"lowest": LOWEST, "highest": HIGHEST},
        "similar": rule.SIMILAR,
        "bands": {"images": _ends(sizes), "similarity": _ends(similarities)},
        "fields": [
            {
                "region": region.id,
                "large": region.large,
                "similar": region.similar,
                "words": evidence.WAYS[region.way].title,
                "colour": colours.frozen if region.way == "head" else colours.trainable,
                "opacity": COLD if region.way == "head" else WARMTH[region.way],
                "at": NAMES_AT[region.similar],
            }
            for region in REGIONS.values()
        ],
        "kinds": [
            {
                "id": kind.id,
                "short": kind.short,
                "value": kind.value,
                "about": f"{kind.words}: {kind.example}",
            }
            for kind in kinds.KINDS.values()
        ],
        "ways": {
            way.id: {
                "title": way.title,
                "mark": marks.MARKS[way.id],
                "colour": marks.way_colour(way.id, colours),
            }
            for way in evidence.WAYS.values()
        },
        "dots": [dot(field) for field in found],
        "inWords": alt_text(found),
        "references": [reference(spec) for spec in datasets.DATASETS.values()],
    }


def _ends(band: Band | None) -> list[float | None] | None:
    return [band.low, band.high] if band else None


def alt_text(found: Sequence[Field]) -> str:
    """Return the evidence on the map as alternative text, one sentence."""
    dots = "; ".join(dot(field)["words"] for field in found)
    return f"Best way of training in the recorded runs: {dots or 'nothing is recorded'}."
