"""The map of size and similarity: the data with which the browser draws rule and evidence."""

from typing import Any

from lib.core import datasets
from lib.core.datasets import DatasetSpec
from lib.core.strategy import evidence, kinds, rule
from lib.core.strategy.evidence import Cell, Evidence
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


def dot(cell: Cell) -> dict[str, Any]:
    """Describe one dot of the evidence: its position, the best way, and whether it may be chance.

    Args:
        cell: A cell of the evidence.
    """
    title = datasets.get(cell.dataset).title
    winner = evidence.WAYS[cell.winner].title
    return {
        "images": cell.num_images,
        "similarity": cell.situation.similarity,
        "dataset": title,
        "way": cell.winner,
        "told": cell.lead.told_apart,
        "words": f"{title}, {cell.num_images:,} images: {winner}"
        + ("" if cell.lead.told_apart else " came first, which may be chance"),
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


def payload(found: Evidence, *, dark: bool = False) -> dict[str, Any]:
    """Describe everything on the map except the reader's own point.

    Args:
        found: The evidence.
        dark: True for the dark theme.
    """
    colours = theme.palette(dark)
    return {
        "axis": {"lowest": LOWEST, "highest": HIGHEST},
        "similar": rule.SIMILAR,
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
            {"id": kind.id, "words": kind.words, "value": kind.value, "example": kind.example}
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
        "dots": [dot(cell) for cell in found.cells],
        "inWords": alt_text(found),
        "references": [reference(spec) for spec in datasets.DATASETS.values()],
    }


def alt_text(found: Evidence) -> str:
    """Return the evidence on the map as alternative text, one sentence."""
    dots = "; ".join(dot(cell)["words"] for cell in found.cells)
    return f"Best way of training in the recorded runs: {dots or 'nothing is recorded'}."
