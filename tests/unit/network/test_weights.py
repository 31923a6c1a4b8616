"""Pretrained weights: found here, fetched in time, or refused in a sentence; never made up."""

import hashlib
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from lib.core import backbones
from lib.core.errors import WeightsError
from lib.core.files import reachability
from lib.training.model import build_architecture, build_backbone
from lib.training.network import weights
from lib.training.sources import http
from tests import tiny_web
from tests.speeds import thorough_beyond
from tests.tiny_web import Behaviour

SIZE = 96
NAME = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"
CHOICES = "or choose EfficientNet-Lite0, whose weights are already here."


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights of this machine, and nothing of its network."""
    monkeypatch.delenv("THAW_WEIGHTS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(weights, "BASE_URL", f"http://127.0.0.1:{port}/")  # closed again


@pytest.fixture(scope="module")
def original() -> keras.Model:
    return build_architecture("mobilenet_v2", SIZE, seed=7)


def write_legacy(model: keras.Model, path: Path) -> Path:
    """A weights file as keras.applications publishes them: the layout of Keras 1 and 2."""
    with h5py.File(path, "w") as file:
        layers = [layer for layer in model.layers if layer.weights]
        file.attrs["layer_names"] = [layer.name.encode() for layer in layers]
        for layer in layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, layer.weights, strict=True):
                group[name] = weight.numpy()
    return path


@pytest.fixture(scope="module")
def published(original: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_legacy(original, tmp_path_factory.mktemp("published") / NAME)


def write_keras_3(model: keras.Model, path: Path) -> Path:
    model.save_weights(path.with_name("x.weights.h5"))
    return path.with_name("x.weights.h5").rename(path)


def write_whole_model(model: keras.Model, path: Path) -> Path:
    model.save(path)
    return path


def assert_same(model: keras.Model, original: keras.Model) -> None:
    assert all(map(np.array_equal, model.get_weights(), original.get_weights()))


LAYOUTS = (write_legacy, write_keras_3, write_whole_model)
ENDINGS = ("mine.h5", "mine.weights.h5", "mine.hdf5")


@pytest.mark.parametrize(
    "layout", thorough_beyond([(write_keras_3, "mine.weights.h5")], product(LAYOUTS, ENDINGS))
)
def test_a_local_file_is_used_in_each_layout_that_keras_writes(
    original: keras.Model,
    layout: tuple[Callable[[keras.Model, Path], Path], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, name = layout
    path = write(original, tmp_path / "made.h5").rename(tmp_path / name)
    monkeypatch.setenv("THAW_WEIGHTS", str(path))
    assert_same(build_backbone("mobilenet_v2", SIZE, weights="imagenet"), original)


def test_a_folder_of_files_is_searched_by_name(
    original: keras.Model, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_WEIGHTS", str(published.parent))
    assert_same(build_backbone("mobilenet_v2", SIZE, weights="imagenet"), original)
    with pytest.raises(WeightsError, match=r"MobileNetV2 are not on this machine"):
        build_backbone("mobilenet_v2", 128, weights="imagenet")


def test_the_cache_of_keras_is_used(original: keras.Model, published: Path) -> None:
    weights.cache_folder().mkdir(parents=True)
    shutil.copy(published, weights.cache_folder())
    assert_same(build_backbone("mobilenet_v2", SIZE, weights="imagenet"), original)


def test_a_cached_file_with_another_checksum_is_not_used() -> None:
    name = backbones.get("vgg16").weights_file
    weights.cache_folder().mkdir(parents=True)
    (weights.cache_folder() / name).write_bytes(b"half a file")
    with pytest.raises(WeightsError, match="VGG16 are not on this machine"):
        build_backbone("vgg16", 32, weights="imagenet")


def test_without_weights_and_network_the_next_steps_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as told:
        build_backbone("mobilenet_v2", SIZE, weights="imagenet")
    assert told.value.message == (
        "The ImageNet weights of MobileNetV2 are not on this machine and 127.0.0.1 cannot be "
        "reached."
    )
    folder = tmp_path / "keras" / "models"
    assert told.value.next_step == (
        f"Put {NAME} into {folder} or into a folder named by THAW_WEIGHTS, {CHOICES}"
    )


def test_a_name_that_never_resolves_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved, waited = threading.Event(), []

    def never(*_: object, **__: object) -> list[object]:
        waited.append(resolved.wait(60))
        return []

    monkeypatch.setattr(reachability, "PREFLIGHT_S", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(WeightsError, match="cannot be reached"):
        find_vgg16()
    assert waited == []
    resolved.set()


def test_a_path_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_WEIGHTS", "nowhere.h5")
    with pytest.raises(WeightsError, match=r"THAW_WEIGHTS names nowhere.h5, which does not exist"):
        build_backbone("mobilenet_v2", SIZE, weights="imagenet")


def test_a_file_of_another_backbone_is_refused(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_WEIGHTS", str(published))
    with pytest.raises(WeightsError, match=r"weights of VGG16 .* holds 260 tensors instead of 26"):
        build_backbone("vgg16", 32, weights="imagenet")


def test_a_file_with_one_wrong_shape_is_refused(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(published, tmp_path))
    with h5py.File(path, "r+") as file:
        del file["Conv1/Conv1/kernel:0"]
        file["Conv1/Conv1/kernel:0"] = np.zeros((3, 3, 3, 31), np.float32)
    monkeypatch.setenv("THAW_WEIGHTS", str(path))
    with pytest.raises(WeightsError, match=r"it has no tensor of shape \(3, 3, 3, 32\)"):
        build_backbone("mobilenet_v2", SIZE, weights="imagenet")


def test_the_right_shapes_in_the_wrong_order_are_refused(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(published, tmp_path))
    with h5py.File(path, "r+") as file:
        file.attrs["layer_names"] = file.attrs["layer_names"][::-1]
    monkeypatch.setenv("THAW_WEIGHTS", str(path))
    with pytest.raises(WeightsError, match=r"it could not be read \(ValueError\)"):
        build_backbone("mobilenet_v2", SIZE, weights="imagenet")


@pytest.mark.parametrize("content", [b"", b"not HDF5", bytes(5000)])
def test_a_file_that_is_not_hdf5_is_refused(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NAME).write_bytes(content)
    monkeypatch.setenv("THAW_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"it could not be read \(OSError\)") as told:
        build_backbone("mobilenet_v2", SIZE, weights="imagenet")
    assert told.value.next_step.endswith(CHOICES)


# --- Downloads, from a server on this machine ------------------------------------------------


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behaviour]:
    """A server that has one file under every name."""
    monkeypatch.setattr(http, "PAUSE_S", 0.01)
    with tiny_web.server() as (url, behaviour):
        monkeypatch.setattr(weights, "BASE_URL", url.removesuffix("tiny.zip"))
        yield behaviour


def find_vgg16(progress: http.Report | None = None) -> Path:
    return weights.find(backbones.get("vgg16"), 224, progress)


@pytest.fixture
def vgg16(web: Behaviour, monkeypatch: pytest.MonkeyPatch) -> Behaviour:
    """The same server, with what was published as the weights of VGG16."""
    checksum = hashlib.md5(web.content).hexdigest()
    monkeypatch.setitem(weights.PUBLISHED, "vgg16", ("vgg16/", checksum))
    return web


def left_in_cache() -> list[str]:
    """What is in the cache of Keras, but for the empty files that locks leave."""
    names = sorted(path.name for path in weights.cache_folder().iterdir())
    return [name for name in names if not name.endswith(".lock")]


def test_a_download_reports_its_bytes_and_stays_in_the_cache_of_keras(
    original: keras.Model, published: Path, web: Behaviour
) -> None:
    web.content = published.read_bytes()
    seen: list[tuple[int, int]] = []
    model = build_backbone(
        "mobilenet_v2", SIZE, weights="imagenet", progress=lambda *step: seen.append(step)
    )
    assert_same(model, original)
    build_backbone("mobilenet_v2", SIZE, weights="imagenet")
    assert web.paths == [f"/tensorflow/keras-applications/mobilenet_v2/{NAME}"]
    assert seen == sorted(seen)
    assert seen[-1] == (len(web.content), len(web.content))
    assert left_in_cache() == [NAME]


def test_a_download_with_another_checksum_is_thrown_away(web: Behaviour) -> None:
    with pytest.raises(WeightsError) as told:
        find_vgg16()
    assert told.value.message == (
        "The ImageNet weights of VGG16 could not be downloaded. "
        "Its checksum is not the published one."
    )
    assert told.value.next_step.endswith(CHOICES)
    assert left_in_cache() == []


def test_a_download_with_the_published_checksum_is_kept(vgg16: Behaviour) -> None:
    assert find_vgg16().read_bytes() == vgg16.content


def test_a_download_that_breaks_off_goes_on_where_it_ended(vgg16: Behaviour) -> None:
    vgg16.breaks = 1
    assert find_vgg16().read_bytes() == vgg16.content
    assert [bool(asked) for asked in vgg16.asked] == [False, True]


def test_a_download_that_could_not_end_goes_on_the_next_time(
    vgg16: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_ATTEMPTS", 1)
    vgg16.breaks = 1
    with pytest.raises(WeightsError, match=r"The download from 127.0.0.1 broke off after 0.\d MB"):
        find_vgg16()
    assert left_in_cache() == [f".{backbones.get('vgg16').weights_file}.part"]
    assert find_vgg16().read_bytes() == vgg16.content
    assert [bool(asked) for asked in vgg16.asked] == [False, True]
    assert left_in_cache() == [backbones.get("vgg16").weights_file]


def test_a_download_that_stalls_ends(web: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(http, "STALL_S", 0.3)
    web.stalls = 1
    with pytest.raises(WeightsError, match=r"could not be downloaded.* nothing came for 0.3 s"):
        find_vgg16()


def test_a_server_without_the_file_is_told(web: Behaviour) -> None:
    web.status = 404
    with pytest.raises(WeightsError, match=r"127.0.0.1 refuses the file: it answered 404"):
        find_vgg16()


def test_a_download_that_is_cancelled_goes_on_the_next_time(vgg16: Behaviour) -> None:
    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_vgg16(cancel)
    assert find_vgg16().read_bytes() == vgg16.content
    assert [bool(asked) for asked in vgg16.asked] == [False, True]


def test_two_who_need_the_same_weights_at_once_fetch_them_once(vgg16: Behaviour) -> None:
    with ThreadPoolExecutor() as threads:
        paths = list(threads.map(lambda _: find_vgg16(), range(2)))
    assert [path.read_bytes() for path in paths] == [vgg16.content] * 2
    assert vgg16.asked == [""]


def test_a_full_disk_is_told(vgg16: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(http, "fetch", no_space)
    with pytest.raises(WeightsError, match=r"downloaded\. \[Errno 28\] No space left on device\."):
        find_vgg16()


@pytest.mark.parametrize(
    ("image_size", "published_size"),
    [(96, 96), (95, 224), (128, 128), (150, 224), (160, 160), (192, 192), (224, 224), (300, 224)],
)
def test_mobilenet_v2_takes_the_weights_of_its_image_size(
    image_size: int, published_size: int
) -> None:
    name = weights.file_name(backbones.get("mobilenet_v2"), image_size)
    assert f"_{published_size}_no_top" in name
