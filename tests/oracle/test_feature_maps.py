"""The committed feature maps against the live network, and the identity on an image drawn now."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib.core.lab.store import RunStore
from lib.core.maps import feature_maps
from lib.core.maps.feature_maps import FeatureMaps
from lib.tools import export_feature_maps
from lib.training import inference
from lib.training.answers import imagenet
from tests.speeds import thorough_beyond

TOLERANCE = 1e-4


@pytest.mark.thorough
def test_the_committed_maps_are_what_the_network_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert export_feature_maps.main(["--check"]) == 0, capsys.readouterr().out


def test_the_check_notices_another_number(tmp_path: Path) -> None:
    stored = {"maps_96x96": np.zeros((3, 3, 1280), np.float32)}
    np.savez(tmp_path / "cat.npz", **stored)
    assert not export_feature_maps.difference(tmp_path / "cat.npz", stored)
    changed = {"maps_96x96": stored["maps_96x96"] + 0.01}
    assert export_feature_maps.difference(tmp_path / "cat.npz", changed) == "other content"
    assert export_feature_maps.difference(tmp_path / "dog.npz", changed) == "missing"


@pytest.mark.parametrize(("height", "width"), [(96, 96), (131, 187), (224, 160)])
def test_the_identity_holds_for_every_class_on_an_image_nobody_has_seen(
    height: int, width: int
) -> None:
    pixels = np.random.default_rng().integers(0, 256, (40, 30, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    answer = imagenet.feature_map(file.getvalue(), height, width, range(1000))
    maps = FeatureMaps((height, width), answer["maps"].astype(float), answer["logits"])
    for place, index in enumerate(answer["classes"]):
        made = feature_maps.decide(
            maps, answer["kernel_top"][:, place], float(answer["bias_top"][place])
        )
        assert made.mean + made.bias == pytest.approx(maps.logits[index], abs=TOLERANCE)


@pytest.mark.parametrize("example", thorough_beyond(["drawn_cat"], ["drawn_cat", "cracked_cell"]))
def test_the_head_of_a_recorded_run_says_what_its_own_model_says(example: str) -> None:
    spec = feature_maps.examples()[example]
    run = next(
        run
        for run in RunStore(Path("nowhere"))
        if run.config.dataset == spec.dataset and feature_maps.reads_averages(run.config)
    )
    classifier = feature_maps.run_classifier(run)
    assert classifier is not None
    maps = feature_maps.load(example, (run.config.image_size,) * 2)
    made = feature_maps.decide(maps, *classifier.column(1))
    said = inference.predict(str(run.folder), vars(run.config), spec.picture())
    assert made.logit == pytest.approx(said["logits"][0], abs=TOLERANCE)
    np.testing.assert_allclose(made.cam, said["map"][:, :, 1], atol=1e-3)
