"""Writes what the page Features shows before anything runs: lib/core/data/features.

python -m lib.tools.export_features [--missing | --check] [--images FOLDER]

`channels.npz`: usual value and deviation of every channel at every depth, and the images and cells
that excite it most. `patches.zip`: those patches for the most selective channels. `looks`: the
strongest answers to the example images. `filters.npz`: the first filters, pretrained and of the
recorded run from scratch. `probes.json`: how far each depth carries. `image_maps`: the images of
each dataset as points. Every dataset that ships with Thaw is measured. The photographs of cats and
dogs are not part of Thaw: --images names a folder of them, one folder for each class; without it
their stored numbers are kept.

The run from scratch is trained again, because its model is too large to ship. With --missing only
datasets that are not measured yet are added. With --check nothing is written: a sample is computed
again, and it exits with 1 if one number differs.
"""

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import backbones, datasets, strategies
from lib.core.features import depths, filters, image_map, looks, probes
from lib.core.lab.folder import MODEL_FILE
from lib.core.maps import feature_maps
from lib.core.runs import Run
from lib.tools.record_runs import nothing_cached

CHECKED = "openmoji_animals_food"
PHOTOGRAPHS = "cats_vs_dogs"
SCRATCH = "scratch"
# Other machines sum in another order, which may change a few close decisions.
MAX_IMAGES_APART = 4
TOLERANCE = 0.05
BATCH = 16

Array = npt.NDArray[Any]


def savez(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays by name into one compressed file."""
    # Typed as bool by NumPy, because one of its keyword arguments is.
    np.savez_compressed(path, **arrays)


def offline() -> list[str]:
    """The datasets whose images ship."""
    return [spec.id for spec in datasets.DATASETS.values() if spec.offline]


# --- Channels and patches -------------------------------------------------------------------------


class Excited:
    """The largest answers of every channel of a depth while images go by."""

    def __init__(self, channels: int) -> None:
        self.count, self.total, self.squares = 0, np.zeros(channels), np.zeros(channels)
        self.values = np.full((channels, 0), -np.inf)
        self.images = np.zeros((channels, 0), np.int64)
        self.cells = np.zeros((channels, 0), np.int64)

    def see(self, maps: Array, first: int) -> None:
        """Look at the maps of some images, (images, rows, columns, channels)."""
        flat = maps.reshape(len(maps), -1, maps.shape[-1]).astype(np.float64)
        self.count += flat.shape[0] * flat.shape[1]
        self.total += flat.sum(axis=(0, 1))
        self.squares += (flat**2).sum(axis=(0, 1))
        places = flat.argmax(axis=1)
        largest = np.take_along_axis(flat, places[:, np.newaxis], axis=1)[:, 0]
        numbers = np.broadcast_to(np.arange(first, first + len(maps))[:, np.newaxis], places.shape)
        values = np.concatenate([self.values, largest.T], axis=1)
        order = np.argsort(-values, axis=1, kind="stable")[:, : looks.NUM_PATCHES]

        def taken(old: Array, new: Array) -> Array:
            return np.take_along_axis(np.concatenate([old, new.T], axis=1), order, axis=1)

        self.images, self.cells = taken(self.images, numbers), taken(self.cells, places)
        self.values = np.take_along_axis(values, order, axis=1)

    def arrays(self, depth: depths.Depth) -> dict[str, Array]:
        """The arrays of a depth in channels.npz."""
        mean = self.total / self.count
        spread = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        scale = np.where(spread > 0, spread, np.inf)
        selective = (self.values.mean(axis=1) - mean) / scale
        chosen = np.argsort(-selective, kind="stable")[: looks.NUM_CHOSEN]
        found: dict[str, Array] = {
            "mean": mean.astype(np.float32),
            "spread": spread.astype(np.float32),
            "chosen": chosen.astype(np.int16),
            "images": self.images.astype(np.uint16),
            "cells": np.stack(np.divmod(self.cells, depth.grid), axis=-1).astype(np.uint8),
        }
        return {f"{depth.block}_{name}": array for name, array in found.items()}


def channels() -> tuple[dict[str, Array], Array]:
    """The arrays of channels.npz, and all images, (images, 224, 224, 3)."""
    from lib.training.answers import features, patches, similarity

    every, pixels = depths.depths(), []
    excited = [Excited(depth.channels) for depth in every]
    found: dict[str, Array] = {}
    for name in offline():
        chosen = similarity.chosen(name)
        found[f"source_{name}"] = chosen.indices().astype(np.int32)
        pixels.append(chosen.load(depths.IMAGE_SIZE)[0])
    pixels.append(patches.photographs())
    photographs = [not example.dataset for example in feature_maps.examples().values()]
    found["source_"] = np.arange(sum(photographs), dtype=np.int32)
    whole = np.concatenate(pixels)
    apply = backbones.get(depths.BACKBONE).preprocessing.apply
    for start in range(0, len(whole), BATCH):
        maps = features.maps_network().of_batch(apply(whole[start : start + BATCH]))
        for each, part in zip(excited, maps, strict=True):
            each.see(part.numpy(), start)
    for each, depth in zip(excited, every, strict=True):
        found |= each.arrays(depth)
    return found, whole


def write_patches(whole: Array) -> None:
    """Write the patches of the chosen channels; channels.npz is there already."""
    from lib.training.answers import patches

    with zipfile.ZipFile(looks.PATCHES_FILE, "w", zipfile.ZIP_STORED) as stored:
        for depth in depths.depths():
            known = looks.channels()[depth.block]
            for channel in known.chosen:
                cells = [(int(row), int(column)) for row, column in known.cells[channel]]
                picture = patches.strip(depth, whole[known.images[channel]], cells)
                # A fixed date, so that the same patches make the same file.
                entry = zipfile.ZipInfo(f"{depth.block}/{channel}.webp", (2026, 1, 1, 0, 0, 0))
                stored.writestr(entry, picture)


def look_at(id_: str) -> tuple[dict[str, Array], bytes]:
    """The arrays of an example image, and the answers of the first filters as a WebP file."""
    from lib.training.answers import features
    from lib.training.images import single_image

    picture = feature_maps.examples()[id_].picture()
    shown = single_image.decode(picture, depths.IMAGE_SIZE, depths.IMAGE_SIZE)
    found = features.strongest(shown.pixels)
    answers = found.pop("answers")
    arrays = {
        name: array.astype(np.int16) if name.endswith("_channels") else array
        for name, array in found.items()
    }
    return arrays, answers


def write_look(id_: str) -> None:
    """Write the files of an example image."""
    arrays, answers = look_at(id_)
    savez(looks.FOLDER / "looks" / f"{id_}.npz", arrays)
    (looks.FOLDER / "looks" / f"{id_}.webp").write_bytes(answers)


# --- Filters --------------------------------------------------------------------------------------


def first_filters(backbone: Any, name: str) -> dict[str, Array]:
    """Kernel, scale and shift of the first convolution of a backbone."""
    kernel = backbone.get_layer("stem_conv").get_weights()[0]
    norm = backbone.get_layer("stem_bn")
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    found: dict[str, Array] = {"kernel": kernel, "scale": scale, "shift": beta - mean * scale}
    return {f"{name}_{part}": array.astype(np.float32) for part, array in found.items()}


# --- Datasets and runs ----------------------------------------------------------------------------


def write_map(name: str, arrays: dict[str, Array], sheet: bytes | None) -> None:
    """Write a map of images, and its thumbnails unless those of its dataset are used."""
    image_map.FOLDER.mkdir(parents=True, exist_ok=True)
    savez(image_map.FOLDER / f"{name}.npz", arrays)
    if sheet is not None:
        (image_map.FOLDER / f"{name}.webp").write_bytes(sheet)


def recorded(strategies_: Collection[str], *, stored: bool = False) -> Run:
    """The recorded run on most images with one of some strategies.

    Args:
        strategies_: Ids of strategies.
        stored: Whether its final model has to be stored.
    """
    from lib.core.lab.store import RunStore

    found = [
        run
        for run in RunStore()
        if run.recorded
        and run.config.strategy in strategies_
        and run.config.backbone == depths.BACKBONE
        and (not stored or (run.folder / "model" / MODEL_FILE).is_file())
    ]
    return max(found, key=lambda run: (run.config.num_images, run.result["test_accuracy"]))


def of_runs() -> Iterator[tuple[str, dict[str, Array], bytes | None]]:
    """Maps of recorded runs, each with a name and thumbnails, and the filters from scratch."""
    from lib.training import inference, task
    from lib.training.answers import features

    with tempfile.TemporaryDirectory() as folder:
        run = recorded(["from_scratch"])
        task.train(run.config, lambda event: None, folder=Path(folder) / SCRATCH)
        backbone = inference.backbone_of(str(Path(folder) / SCRATCH), run.config)
        yield "filters", first_filters(backbone, SCRATCH), None
        said = features.before_after(str(Path(folder) / SCRATCH), asdict(run.config))
        yield f"before_{SCRATCH}", said["before"], said["sheet"]
        yield f"after_{SCRATCH}", said["after"], None
    fine_tunes = [each.id for each in strategies.STRATEGIES.values() if each.fine_tunes]
    run = recorded(fine_tunes, stored=True)
    said = features.before_after(str(run.folder), asdict(run.config))
    yield f"before_{run.id}", said["before"], said["sheet"]
    yield f"after_{run.id}", said["after"], None


def measured(name: str, images: Path | None = None) -> dict[str, Any]:
    """What a worker answers about a dataset."""
    from lib.training.answers import features
    from lib.training.sources import folder

    if images is None:
        return features.measure(name)
    fingerprint = folder.describe_folder(images).fingerprint
    return features.measure(name, fingerprint, folder=images)


# --- Check ----------------------------------------------------------------------------------------


def differences() -> Iterator[str]:
    """Differences between stored numbers and new ones, one line each."""
    from lib.training.network import depths as network

    for id_ in feature_maps.examples():
        with np.load(looks.FOLDER / "looks" / f"{id_}.npz", allow_pickle=False) as stored:
            for name, array in look_at(id_)[0].items():
                apart = np.abs(stored[name].astype(int) - array.astype(int)).max()
                if apart > 1:
                    yield f"{id_}: {name} differs by up to {apart}"
    new = first_filters(network.pretrained(depths.IMAGE_SIZE), "pretrained")
    with np.load(filters.FILE, allow_pickle=False) as stored:
        for name, array in new.items():
            if not np.allclose(stored[name], array, atol=1e-6):
                yield f"filters: {name} differs"
    said = measured(CHECKED)
    old, found = probes.shipped()[CHECKED], probes.parse(said["probes"])
    for before, after in zip(old.rows, found.rows, strict=True):
        if abs(before.correct - after.correct) > MAX_IMAGES_APART:
            yield f"{CHECKED}: {after.block} gets {after.correct} right, not {before.correct}"
    apart = np.abs(np.array(image_map.load(CHECKED).neighbours) - said["map"]["neighbours"]).max()
    if apart > TOLERANCE:
        yield f"{CHECKED}: the neighbours differ by up to {apart:.3f}"


def write(images: Path | None) -> None:
    """Write every file."""
    from lib.training.network import depths as network

    looks.FOLDER.mkdir(parents=True, exist_ok=True)
    (looks.FOLDER / "looks").mkdir(exist_ok=True)
    arrays, whole = channels()
    savez(looks.CHANNELS_FILE, arrays)
    write_patches(whole)
    print("patches", f"{looks.PATCHES_FILE.stat().st_size:,} bytes", flush=True)
    for id_ in feature_maps.examples():
        write_look(id_)
    write_datasets(images)
    weights = first_filters(network.pretrained(depths.IMAGE_SIZE), "pretrained")
    write_runs(weights)


def write_datasets(images: Path | None, *, missing: bool = False) -> None:
    """Write the probes and the map of each dataset.

    Args:
        images: Photographs of cats and dogs; None to keep their stored numbers.
        missing: Whether to keep what is stored of the other datasets, too.
    """
    kept = {}
    if probes.FILE.exists():
        kept = {name: probes.to_dict(each) for name, each in probes.shipped().items()}
    found = {}
    for name in offline():
        if missing and name in kept and name in image_map.names():
            found[name] = kept[name]
            continue
        said = measured(name)
        found[name] = said["probes"]
        write_map(name, said["map"], said["sheet"])
        print(name, [row["correct"] for row in said["probes"]["rows"]], flush=True)
    if images:
        found[PHOTOGRAPHS] = measured(PHOTOGRAPHS, images)["probes"]
    elif PHOTOGRAPHS in kept:
        found[PHOTOGRAPHS] = kept[PHOTOGRAPHS]
    probes.FILE.write_text(f"{json.dumps(list(found.values()), indent=1)}\n", "utf-8")


def write_runs(weights: dict[str, Array]) -> None:
    """Write the filters, and the maps of recorded runs.

    Args:
        weights: The arrays of the pretrained filters.
    """
    for name, arrays, sheet in of_runs():
        if name == "filters":
            savez(filters.FILE, weights | arrays)
        else:
            write_map(name, arrays, sheet)
        print(name, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.export_features")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--missing", action="store_true", help="measure new datasets only")
    parser.add_argument("--images", type=Path, help="photographs of cats_vs_dogs, a folder a class")
    options = parser.parse_args(arguments)
    with nothing_cached():
        if options.check:
            found = list(differences())
            print(*found, sep="\n")
            return 1 if found else 0
        if options.missing:
            write_datasets(options.images, missing=True)
        else:
            write(options.images)
    return 0


if __name__ == "__main__":
    sys.exit(main())
