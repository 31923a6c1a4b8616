"""The plane of size and similarity: what the browser draws of the rule and the evidence."""

from typing import Any

from lib.core import datasets
from lib.core.datasets import DatasetSpec
from lib.core.strategy import evidence, kinds, rule
from lib.core.strategy.evidence import Cell, Evidence
from lib.core.strategy.prose import REGIONS
from lib.figures import marks, theme

# Labelled images on the axis: a handful to more than most courses have. Beyond, a point stays at
# the edge.
LOWEST, HIGHEST = 10, 100_000
# How much of the colour of what learns a field has: the more layers are thawed, the more.
WARMTH = {"head": 0.0, "top": 0.12, "middle": 0.2, "everything": 0.34}
COLD = 0.2
# At which similarity the names of the fields stand: between the rows of dots.
NAMES_AT = {True: 0.68, False: 0.1}


def dot(cell: Cell) -> dict[str, Any]:
    """One dot of the evidence: where it lies, which way won there, and whether chance explains it.

    Args:
        cell: Of the evidence.
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
        + ("" if cell.lead.told_apart else " came first, by no more than chance gives"),
    }


def reference(spec: DatasetSpec) -> dict[str, Any]:
    """Where all of a dataset of the app lies.

    Args:
        spec: Of the registry.
    """
    whole = evidence.situation_of(spec.id, spec.max_train_images)
    return {
        "images": whole.num_images,
        "similarity": whole.similarity,
        "dataset": spec.title,
        "words": f"{spec.title}, all {whole.num_images:,} training images",
    }


def payload(found: Evidence, *, dark: bool = False) -> dict[str, Any]:
    """Everything on the map but the reader's own point.

    Args:
        found: The evidence.
        dark: Which appearance.
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
    """The evidence on the map in a sentence, for those who cannot see it."""
    dots = "; ".join(dot(cell)["words"] for cell in found.cells)
    return f"Which way won in the recorded runs: {dots or 'nothing is recorded'}."
