"""Pretrained weights: found here, fetched in time, or refused in a sentence; never made up."""

import hashlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from lib.core import backbones
from lib.core.errors import WeightsError
from lib.training.model import build_architecture, build_backbone
from lib.training.network import weights

SIZE = 96
NAME = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"
CHOICES = "or choose EfficientNet-Lite0, whose weights are already here."


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights of this machine, and nothing of its network."""
    monkeypatch.delenv("THAW_WEIGHTS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
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


@pytest.mark.parametrize("write", [write_legacy, write_keras_3, write_whole_model])
@pytest.mark.parametrize("name", ["mine.h5", "mine.weights.h5", "mine.hdf5"])
def test_a_local_file_is_used_in_each_layout_that_keras_writes(
    original: keras.Model,
    write: Callable[[keras.Model, Path], Path],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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


def test_a_name_that_never_resolves_costs_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(60) and [])
    start = time.monotonic()
    with pytest.raises(WeightsError, match="cannot be reached"):
        weights.find(backbones.get("vgg16"), 224)
    assert time.monotonic() - start < 10
    released.set()


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


@contextmanager
def serving(respond: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(content: bytes, length: int | None = None) -> Callable[[BaseHTTPRequestHandler], None]:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content) if length is None else length))
        request.end_headers()
        request.wfile.write(content)

    return respond


def left_in_cache() -> list[str]:
    return [path.name for path in weights.cache_folder().iterdir()]


def test_a_download_reports_its_bytes_and_stays_in_the_cache_of_keras(
    original: keras.Model, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = published.read_bytes()
    asked: list[str] = []
    seen: list[tuple[int, int]] = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        send(content)(request)

    with serving(respond) as url:
        monkeypatch.setattr(weights, "BASE_URL", url)
        model = build_backbone(
            "mobilenet_v2", SIZE, weights="imagenet", progress=lambda *step: seen.append(step)
        )
        assert_same(model, original)
        build_backbone("mobilenet_v2", SIZE, weights="imagenet")
    assert asked == [f"/tensorflow/keras-applications/mobilenet_v2/{NAME}"]
    assert seen == sorted(seen)
    assert seen[-1] == (len(content), len(content))
    assert left_in_cache() == [NAME]


def test_a_download_with_another_checksum_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(send(b"something else")) as url:
        monkeypatch.setattr(weights, "BASE_URL", url)
        with pytest.raises(WeightsError, match="its checksum is not the published one"):
            weights.find(backbones.get("vgg16"), 224)
    assert left_in_cache() == []


def test_a_download_with_the_published_checksum_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    checksum = hashlib.md5(b"the file").hexdigest()
    monkeypatch.setitem(weights.PUBLISHED, "vgg16", ("vgg16/", checksum))
    with serving(send(b"the file")) as url:
        monkeypatch.setattr(weights, "BASE_URL", url)
        assert weights.find(backbones.get("vgg16"), 224).read_bytes() == b"the file"


def test_a_download_that_ends_too_soon_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(send(b"half", length=8)) as url:
        monkeypatch.setattr(weights, "BASE_URL", url)
        with pytest.raises(WeightsError, match=r"could not be downloaded: "):
            weights.find(backbones.get("mobilenet_v2"), SIZE)
    assert left_in_cache() == []


def test_a_download_that_stalls_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def respond(request: BaseHTTPRequestHandler) -> None:
        send(b"half", length=8)(request)
        released.wait(60)

    monkeypatch.setattr(weights, "STALL_SECONDS", 0.3)
    with serving(respond) as url:
        monkeypatch.setattr(weights, "BASE_URL", url)
        start = time.monotonic()
        with pytest.raises(WeightsError, match="could not be downloaded: timed out"):
            weights.find(backbones.get("mobilenet_v2"), SIZE)
        assert time.monotonic() - start < 10
        released.set()
    assert left_in_cache() == []


def test_a_server_without_the_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda request: request.send_error(404)) as url:
        monkeypatch.setattr(weights, "BASE_URL", url)
        with pytest.raises(WeightsError, match="could not be downloaded: HTTP Error 404"):
            weights.find(backbones.get("mobilenet_v2"), SIZE)


def test_a_download_that_is_cancelled_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with serving(send(b"content")) as url:
        monkeypatch.setattr(weights, "BASE_URL", url)
        with pytest.raises(KeyboardInterrupt):
            weights.find(backbones.get("mobilenet_v2"), SIZE, cancel)
    assert left_in_cache() == []


@pytest.mark.parametrize(
    ("image_size", "published_size"),
    [(96, 96), (95, 224), (128, 128), (150, 224), (160, 160), (192, 192), (224, 224), (300, 224)],
)
def test_mobilenet_v2_takes_the_weights_of_its_image_size(
    image_size: int, published_size: int
) -> None:
    name = weights.file_name(backbones.get("mobilenet_v2"), image_size)
    assert f"_{published_size}_no_top" in name
