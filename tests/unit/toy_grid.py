"""Recorded runs on folds with known accuracies, for tests of what is computed from them."""

from dataclasses import replace

import numpy as np

from lib.core.evidence import folds, grid
from lib.core.evidence.grid import EVERYTHING, HEAD, TOP, Line, Recorded

LABELS = np.arange(1_600) % 2
SEEDS = range(5)


def line(way, num_images, seed, share, *, rate=0.0, val_loss=0.5, image_size=128, core_s=1.0):
    """A run that is right on the first images of its fold."""
    tested = folds.tested(LABELS, seed)
    said = LABELS[tested].copy()
    wrong = round((1 - share) * len(said))
    said[len(said) - wrong :] = 1 - said[len(said) - wrong :]
    return Line(
        way,
        num_images,
        seed,
        image_size,
        rate,
        0.01,
        1,
        1,
        core_s,
        0.9,
        val_loss,
        grid.packed(said),
    )


def toy(lines, dataset="elpv"):
    return Recorded(dataset, grid.BACKBONE, LABELS, {}, tuple(lines))


def field_of(head, top, everything, *, dataset="elpv", num_images=200, losses=(0.5, 0.5, 0.5)):
    lines = [
        line(way, num_images, seed, share, rate=rate, val_loss=loss, core_s=seconds)
        for (way, share, rate, seconds), loss in zip(
            (
                (HEAD, head, 0.0, 1.0),
                (TOP, top, 1e-4, 10.0),
                (EVERYTHING, everything, 1e-4, 40.0),
            ),
            losses,
            strict=True,
        )
        for seed in SEEDS
    ]
    # A second rate that no validation image prefers.
    lines += [replace(each, rate=1e-5, val_loss=each.val_loss + 1) for each in lines if each.rate]
    return toy(lines, dataset)
