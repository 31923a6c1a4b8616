"""Finds the ImageNet weights of the keras.applications backbones.

The sources are, in this order: a local file named by THAW_WEIGHTS, the cache of Keras, and a
download, which resumes an interrupted one. Random weights are never used as a substitute.
"""

import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import h5py
import keras

from lib.core import backbones
from lib.core.backbones import BackboneSpec, LayerRow
from lib.core.errors import DataError, WeightsError
from lib.core.files import lock as file_lock
from lib.core.files import reachability
from lib.training.sources import http

BASE_URL = "https://storage.googleapis.com/"

# id -> (folder below BASE_URL, checksum of the file without the classifier as listed in Keras: MD5
# or SHA-256, empty if it lists none). Source: keras/src/applications/*.py, Keras 3.15.1.
PUBLISHED: dict[str, tuple[str, str]] = {
    "mobilenet_v2": ("tensorflow/keras-applications/mobilenet_v2/", ""),
    "vgg16": ("tensorflow/keras-applications/vgg16/", "6d6bbae143d832006294945121d1f1fc"),
    "xception": ("tensorflow/keras-applications/xception/", "b0042744bf5b25fce3cb969f33bebb97"),
    "resnet50": ("tensorflow/keras-applications/resnet/", "4d473c1dd8becc155b73f8504c6f6626"),
    "efficientnet_b0": ("keras-applications/", "50bc09e76180e00e4465e1a485ddc09d"),
    "mobilenet_v3_small": (
        "tensorflow/keras-applications/mobilenet_v3/",
        "d3e8ec802a04aa4fc771ee12a9a9b836",
    ),
    "densenet121": ("tensorflow/keras-applications/densenet/", "30ee3e1110167f948a6b9946edeeb738"),
    "inception_v3": (
        "tensorflow/keras-applications/inception_v3/",
        "bcbd6486424b2319ff4ef7d526e38f63",
    ),
    "convnext_tiny": (
        "tensorflow/keras-applications/convnext/",
        "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    ),
}

# Keras publishes one MobileNetV2 for each of these image sizes; the last for all others.
PUBLISHED_SIZES = (96, 128, 160, 192, 224)


def file_name(spec: BackboneSpec, image_size: int) -> str:
    """Name of the weights file for an image size in pixels.

    Example:

    >>> file_name(backbones.get("mobilenet_v2"), 150)
    'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5'
    """
    size = image_size if image_size in PUBLISHED_SIZES else PUBLISHED_SIZES[-1]
    return spec.weights_file.format(size=size)


def cache_folder() -> Path:
    """The folder where Keras keeps weights it has downloaded: KERAS_HOME, else ~/.keras."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser() / "models"


def _next_step(name: str) -> str:
    return (
        f"Put {name} into {cache_folder()} or into a folder named by THAW_WEIGHTS, "
        "or choose EfficientNet-Lite0, whose weights are already here."
    )


def _local_file(name: str) -> Path | None:
    """The file that THAW_WEIGHTS refers to, if the variable is set and the file exists."""
    chosen = os.environ.get("THAW_WEIGHTS")
    if not chosen:
        return None
    path = Path(chosen).expanduser()
    if path.is_dir():
        path = path / name
        return path if path.exists() else None
    if not path.exists():
        raise WeightsError(
            f"THAW_WEIGHTS names {path}, which does not exist.",
            f"Let it name a file or a folder that holds {name}, or unset it.",
        )
    return path


def _is_published(path: Path, checksum: str) -> bool:
    """True if the file exists and its checksum, if there is one, is correct."""
    if not path.is_file():
        return False
    method = "sha256" if len(checksum) == 64 else "md5"
    with path.open("rb") as file:
        return not checksum or hashlib.file_digest(file, method).hexdigest() == checksum


def is_here(spec: BackboneSpec, image_size: int) -> bool:
    """True if the ImageNet weights of a backbone are on this machine, as far as names tell."""
    if spec.id not in PUBLISHED:  # They are installed.
        return True
    name = file_name(spec, image_size)
    try:
        return _local_file(name) is not None or (cache_folder() / name).is_file()
    except WeightsError:
        return False


def find(spec: BackboneSpec, image_size: int, progress: http.Report | None = None) -> Path:
    """The file with the ImageNet weights of a keras.applications backbone.

    Args:
        progress: Called with bytes done and total bytes (0 if unknown) during a download.

    Raises:
        WeightsError: If the file is not on this machine and cannot be downloaded.
    """
    name = file_name(spec, image_size)
    local = _local_file(name)
    if local:
        return local
    folder, checksum = PUBLISHED[spec.id]
    cached = cache_folder() / name
    url = BASE_URL + folder + name
    try:
        if _is_published(cached, checksum):
            return cached
        if not reachability.reachable([reachability.address(url)]):
            raise WeightsError(
                f"The ImageNet weights of {spec.title} are not on this machine and "
                f"{urlsplit(url).hostname} cannot be reached.",
                _next_step(name),
            )
        cached.parent.mkdir(parents=True, exist_ok=True)
        with file_lock.only_one(cached.with_name(f".{name}.lock")):
            if not _is_published(cached, checksum):  # another process may have downloaded it
                _download(url, cached, checksum, progress)
    except (OSError, DataError) as error:
        reason = error.message if isinstance(error, DataError) else f"{error}."
        raise WeightsError(
            f"The ImageNet weights of {spec.title} could not be downloaded. {reason}",
            _next_step(name),
        ) from error
    return cached


def _download(url: str, path: Path, checksum: str, progress: http.Report | None) -> None:
    """Download a file and check it; an incomplete file never gets the final name."""
    part = path.with_name(f".{path.name}.part")
    http.fetch(url, part, report=progress or (lambda *_: None), cancelled=lambda: False)
    if not _is_published(part, checksum):
        part.unlink()
        raise DataError("Its checksum is not the published one.")
    os.replace(part, path)


def _stored_shapes(path: Path) -> tuple[Counter[tuple[int, ...]], bool]:
    """Shapes of the weights in an HDF5 file, and whether it has the layout of Keras 1 and 2.

    The weights themselves are not read.
    """
    shapes: Counter[tuple[int, ...]] = Counter()

    def visit(name: str, entry: h5py.Dataset | h5py.Group) -> None:
        # The seed generators of Dropout layers are state, not weights.
        if isinstance(entry, h5py.Dataset) and "seed_generator" not in name:
            shapes[entry.shape] += 1

    with h5py.File(path, "r") as file:
        # A complete model saved by Keras 1 or 2 has its weights in a separate group.
        weights = file.get("model_weights", file)
        weights.visititems(visit)
        return shapes, "layer_names" in weights.attrs


def _misfit(stored: Counter[tuple[int, ...]], layers: Sequence[LayerRow]) -> str:
    """Describe a mismatch of shapes, as the end of a sentence; empty if they match."""
    expected = Counter(weight.shape for row in layers for weight in row.weights)
    if stored.total() != expected.total():
        return f"it holds {stored.total()} tensors instead of {expected.total()}"
    missing = expected - stored
    return f"it has no tensor of shape {max(missing)}" if missing else ""


def load(
    model: keras.Model, spec: BackboneSpec, image_size: int, progress: http.Report | None = None
) -> None:
    """Load the ImageNet weights of a keras.applications backbone.

    Args:
        model: The backbone without its classifier; changed in place.
        progress: Called with bytes done and total bytes (0 if unknown) during a download.

    Raises:
        WeightsError: If there is no such file here and it cannot be downloaded, or if its weights
            do not fit.
    """
    path = find(spec, image_size, progress)
    try:
        stored, legacy = _stored_shapes(path)
        misfit = _misfit(stored, backbones.load_layer_table(spec.id, image_size))
        if not misfit:
            _load(model, path, ".h5" if legacy else ".weights.h5")
    except Exception as error:
        # h5py and Keras raise many kinds of errors for a damaged file: OSError, KeyError ...
        misfit = f"it could not be read ({type(error).__name__})"
    if misfit:
        raise WeightsError(
            f"The file {path} does not hold the weights of {spec.title} without its classifier: "
            f"{misfit}.",
            "Remove it or let THAW_WEIGHTS name another one, or choose EfficientNet-Lite0, whose "
            "weights are already here.",
        )


def _load(model: keras.Model, path: Path, ending: str) -> None:
    """Call `model.load_weights`, which detects the file layout by the extension."""
    if path.name.endswith(ending) and path.name.endswith(".weights.h5") == (ending != ".h5"):
        model.load_weights(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        model.load_weights(shutil.copy(path, Path(folder, f"copy{ending}")))
