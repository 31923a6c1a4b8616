"""The pipeline as code: valid Python, formatted, and of the dataset and the backbone it names."""

import ast

import numpy as np
import pytest

from lib.code import tf_data
from lib.core import backbones, datasets
from lib.core.backbones import BackboneSpec
from lib.core.uploads import own_datasets

LITE = backbones.get("efficientnet_lite0")


def code_of(dataset: datasets.DatasetSpec, backbone: BackboneSpec = LITE) -> str:
    return tf_data.code(dataset, backbone, image_size=96, num_images=50, seed=3)


@pytest.mark.parametrize("dataset", datasets.DATASETS.values(), ids=lambda spec: spec.id)
@pytest.mark.parametrize("backbone", backbones.BACKBONES.values(), ids=lambda spec: spec.id)
def test_it_is_python_of_short_lines(dataset: datasets.DatasetSpec, backbone: BackboneSpec) -> None:
    text = code_of(dataset, backbone)
    ast.parse(text)
    assert max(map(len, text.splitlines())) <= 100
    assert f'"{dataset.id}"' in text
    assert ("import lib.training.builders" in text) == dataset.offline


def test_what_a_reader_wrote_is_not_in_the_code() -> None:
    own = own_datasets.OwnSpec(
        id="images-0123456789ab",
        title='"""; import os',
        version="0" * 64,
        num_images=60,
        class_names=("a'; b", "c"),
        licence="",
        attribution="",
        source="",
        about="",
        offline=True,
    )
    text = code_of(own)
    ast.parse(text)
    assert "import os" not in text
    assert "images-0123456789ab" not in text
    assert "tfds" not in text


@pytest.mark.parametrize("backbone", backbones.BACKBONES.values(), ids=lambda spec: spec.id)
def test_rescaling_is_the_backbones_own(backbone: BackboneSpec) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3)).astype(np.float32)

    class Tf:
        constant = staticmethod(np.array)

    names: dict[str, object] = {"tf": Tf}
    (function,) = (
        node
        for node in ast.parse(code_of(datasets.get("elpv"), backbone)).body
        if isinstance(node, ast.FunctionDef) and node.name == "rescaled"
    )
    exec(ast.unparse(function), names)
    rescaled = names["rescaled"](pixels)  # type: ignore[operator]
    assert np.allclose(rescaled, backbone.preprocessing.apply(pixels), atol=1e-4)
