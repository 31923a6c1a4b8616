"""EfficientNet-Lite0 in Keras holds and computes what its checkpoint says."""

from pathlib import Path

import keras
import numpy as np
import pytest

from lib.core.errors import WeightsError
from lib.training.model import build_backbone, quick_variables
from lib.training.network import efficientnet_lite, torch_checkpoint
from tests.speeds import thorough_beyond

TOTAL_WITH_TOP = 4_694_024  # efficientnet-lite README of tensorflow/tpu: 4.7 million
NUM_TENSORS = 296

# Recorded with Keras 3.15.1 for the picture of `ramp`: a bright corner.
SPOTLIGHT = 818
RAMP_PROBABILITY = 0.0669


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    return torch_checkpoint.read(efficientnet_lite.checkpoint_path())


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    model = efficientnet_lite.efficientnet_lite0(224, include_top=True)
    efficientnet_lite.load_imagenet_weights(model)
    return model


def test_the_model_with_its_classifier_has_the_published_number_of_parameters(
    classifier: keras.Model,
) -> None:
    assert classifier.count_params() == TOTAL_WITH_TOP


def test_every_tensor_of_the_checkpoint_is_in_the_model_once(
    classifier: keras.Model, tensors: dict[str, np.ndarray]
) -> None:
    assert len(tensors) == NUM_TENSORS
    counters = [name for name in tensors if name.endswith("num_batches_tracked")]

    def key(array: np.ndarray) -> tuple[int, bytes]:
        # The same numbers in any layout of axes.
        return array.size, np.sort(array, axis=None).astype(np.float32).tobytes()

    expected = sorted(key(tensors[name]) for name in tensors if name not in counters)
    assert sorted(key(weight.numpy()) for weight in classifier.weights) == expected


@pytest.mark.parametrize(
    ("layer", "tensor", "axes"),
    [
        ("stem_conv", "_conv_stem.weight", (2, 3, 1, 0)),
        ("block_0_depthwise_conv", "_blocks.0._depthwise_conv.weight", (2, 3, 0, 1)),
        ("block_0_depthwise_bn", "_blocks.0._bn1.weight", (0,)),
        ("block_7_expand_bn", "_blocks.7._bn0.weight", (0,)),
        ("block_15_project_conv", "_blocks.15._project_conv.weight", (2, 3, 1, 0)),
        ("block_15_project_bn", "_blocks.15._bn2.weight", (0,)),
        ("top_bn", "_bn1.weight", (0,)),
        ("predictions", "_fc.weight", (1, 0)),
    ],
)
def test_a_layer_holds_the_tensor_of_its_name(
    classifier: keras.Model,
    tensors: dict[str, np.ndarray],
    layer: str,
    tensor: str,
    axes: tuple[int, ...],
) -> None:
    first = classifier.get_layer(layer).weights[0].numpy()
    np.testing.assert_array_equal(first, tensors[tensor].transpose(axes))


def test_batch_normalization_has_scale_shift_mean_and_variance_in_this_order(
    classifier: keras.Model, tensors: dict[str, np.ndarray]
) -> None:
    layer = classifier.get_layer("block_3_project_bn")
    for weight, part in zip(
        layer.weights, ("weight", "bias", "running_mean", "running_var"), strict=True
    ):
        np.testing.assert_array_equal(weight, tensors[f"_blocks.3._bn2.{part}"])


def ramp(size: int) -> np.ndarray:
    """A picture that is the same everywhere: red grows rightwards, green downwards."""
    steps = np.linspace(0, 255, size, dtype=np.float32)
    image = np.zeros((1, size, size, 3), np.float32)
    image[0, :, :, 0], image[0, :, :, 1] = steps[None, :], steps[:, None]
    return (image - 127) / 128


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int, depthwise: bool) -> np.ndarray:
    """Convolution in PyTorch's layout of kernels, padded as TensorFlow's "same"."""
    size, width = x.shape[0], kernel.shape[-1]
    padding = max((-(-size // stride) - 1) * stride + width - size, 0)
    around = (padding // 2, padding - padding // 2)
    x = np.pad(x, (around, around, (0, 0)))
    # (height, width, channels, kernel height, kernel width)
    windows = np.lib.stride_tricks.sliding_window_view(x, (width, width), axis=(0, 1))
    windows = windows[::stride, ::stride]
    if depthwise:
        return np.einsum("hwcij,cij->hwc", windows, kernel[:, 0])
    return np.tensordot(windows, kernel, axes=((2, 3, 4), (1, 2, 3)))


def reference_probabilities(image: np.ndarray, tensors: dict[str, np.ndarray]) -> np.ndarray:
    """The network written out in NumPy from the names in the checkpoint alone."""

    def norm(x: np.ndarray, name: str, relu: bool = True) -> np.ndarray:
        scale, shift, mean, variance = (
            tensors[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        x = (x - mean) / np.sqrt(variance + 1e-3) * scale + shift
        return np.clip(x, 0, 6) if relu else x

    x = norm(convolve(image, tensors["_conv_stem.weight"], 2, False), "_bn0")
    for index in range(16):
        name, came_in = f"_blocks.{index}.", x
        if f"{name}_expand_conv.weight" in tensors:
            kernel = tensors[f"{name}_expand_conv.weight"]
            x = norm(convolve(x, kernel, 1, False), f"{name}_bn0")
        stride = 2 if index in (1, 3, 5, 11) else 1
        kernel = tensors[f"{name}_depthwise_conv.weight"]
        x = norm(convolve(x, kernel, stride, True), f"{name}_bn1")
        kernel = tensors[f"{name}_project_conv.weight"]
        x = norm(convolve(x, kernel, 1, False), f"{name}_bn2", relu=False)
        if x.shape == came_in.shape:
            x = x + came_in
    x = norm(convolve(x, tensors["_conv_head.weight"], 1, False), "_bn1")
    logits = tensors["_fc.weight"] @ x.mean(axis=(0, 1)) + tensors["_fc.bias"]
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


# An even size, and an odd one, where "same" padding is symmetric.
@pytest.mark.parametrize("size", thorough_beyond([75], [64, 75]))
def test_the_forward_pass_is_that_of_the_network_written_out(
    tensors: dict[str, np.ndarray], size: int
) -> None:
    model = efficientnet_lite.efficientnet_lite0(size, include_top=True)
    efficientnet_lite.load_imagenet_weights(model)
    expected = reference_probabilities(ramp(size)[0], tensors)
    np.testing.assert_allclose(model(ramp(size)).numpy()[0], expected, atol=1e-5)


def test_the_forward_pass_gives_the_recorded_class(classifier: keras.Model) -> None:
    probabilities = classifier(ramp(224)).numpy()[0]
    assert probabilities.argmax() == SPOTLIGHT
    assert probabilities.max() == pytest.approx(RAMP_PROBABILITY, abs=1e-3)


def test_the_backbone_computes_what_the_classifier_pools(classifier: keras.Model) -> None:
    backbone = build_backbone("efficientnet_lite0", 224, weights="imagenet")
    pooled = backbone(ramp(224)).numpy().mean(axis=(1, 2))
    dense = classifier.get_layer("predictions")
    expected = classifier(ramp(224)).numpy()
    np.testing.assert_allclose(dense(pooled).numpy(), expected, atol=1e-5)


# The classifier takes others above.
@pytest.mark.parametrize("size", thorough_beyond([97], [32, 97, 128]))
def test_it_takes_any_image_size(size: int) -> None:
    model = build_backbone("efficientnet_lite0", size, weights="imagenet")
    side = -(-size // 32)
    assert model(ramp(size)).shape == (1, side, side, 1280)


def test_another_file_in_the_place_of_the_checkpoint_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = efficientnet_lite.checkpoint_path().read_bytes()
    copy = tmp_path / "efficientnet-lite0-57934424.pth"
    copy.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    monkeypatch.setattr(efficientnet_lite, "checkpoint_path", lambda: copy)
    with pytest.raises(WeightsError, match="are not the published ones: their SHA-256 begins"):
        build_backbone("efficientnet_lite0", 32, weights="imagenet")


def test_a_missing_checkpoint_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(efficientnet_lite, "checkpoint_path", lambda: tmp_path / "nothing.pth")
    with pytest.raises(WeightsError, match="could not be opened: No such file"):
        build_backbone("efficientnet_lite0", 32, weights="imagenet")


def test_variables_that_are_made_quickly_are_the_same_to_keras():
    usual = build_backbone("efficientnet_lite0", 32, weights="imagenet")
    with quick_variables():
        quick = build_backbone("efficientnet_lite0", 32, weights="imagenet")
    assert [weight.path for weight in quick.weights] == [weight.path for weight in usual.weights]
    for one, other in zip(quick.get_weights(), usual.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    # The names under which TensorFlow prepares each anew.
    assert len({weight.value.name for weight in usual.weights}) == len(usual.weights)
    assert {weight.value.name for weight in quick.weights} == {"weight:0"}
