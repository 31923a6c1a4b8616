"""What a worker says of one image is what Keras says of it, and asking changes nothing else."""

import io
import json
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from lib.core import backbones, datasets, freezing, heads, pooling, runs, strategies
from lib.core.backbones import Preprocessing
from lib.core.errors import ConfigError, DataError, StoreError
from lib.core.heads import HeadSpec
from lib.core.lab.store import RunStore
from lib.core.maps import predictions
from lib.training import inference, model, task
from lib.training.answers import imagenet
from lib.training.images import single_image
from lib.training.network import stored_model
from lib.training.network.head import build_head, build_pooling
from tests.speeds import thorough_beyond

SIZE = 64
# When a test gives up; no limit of what is tested.
PATIENCE_S = 120.0
SAMPLES = Path(datasets.__file__).parent / "data" / "samples"
DRAWING = sorted((SAMPLES / "openmoji_animals_food" / "animal").glob("*.*"))[0].read_bytes()
CELL = sorted((SAMPLES / "elpv" / "defective").glob("*.*"))[0].read_bytes()


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height=50, width=70, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return encoded(Image.fromarray(pixels))


HOLD_OUT = {"a drawing": DRAWING, "a solar cell": CELL, "noise": noise()}


# --- Images ---------------------------------------------------------------------------------------


def png_that_claims(width, height):
    """A PNG of a few bytes whose header claims this size."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


GREY = Image.linear_gradient("L")
REFUSED = {
    "nothing": b"",
    "text": b"hello",
    "a web page": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a HEIC": b"\0\0\0\x18ftypheic" + bytes(200),
    "a TIFF": encoded(GREY, "TIFF"),
    "a PDF": b"%PDF-1.7\n",
    "half a JPEG": encoded(GREY, "JPEG")[:600],
    "half a PNG": encoded(GREY, "PNG")[:300],
    "half a WebP": encoded(GREY, "WEBP")[:200],
    "a few bytes that claim 2,500 megapixels": png_that_claims(50_000, 50_000),
    "a few bytes that claim 40 megapixels and one": png_that_claims(40_000_001, 1),
    "more than 10 MB": encoded(GREY) + bytes(single_image.MAX_BYTES),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_no_image_of_the_right_kind_is_refused_in_one_sentence(data):
    with pytest.raises(DataError) as refused:
        single_image.decode(data, SIZE, SIZE)
    assert refused.value.message.count(".") - refused.value.message.count(" MB") <= 1
    assert refused.value.message.startswith("This image ")
    assert refused.value.next_step == single_image.NEXT_STEP


def test_ten_megabytes_and_forty_megapixels_are_still_taken(monkeypatch):
    small = encoded(GREY)
    padded = small + bytes(single_image.MAX_BYTES - len(small))
    assert single_image.decode(padded, 8, 8).size == (256, 256)
    monkeypatch.setattr(single_image.images, "MAX_PIXELS", 256 * 256)
    assert single_image.decode(small, 8, 8).size == (256, 256)
    monkeypatch.setattr(single_image.images, "MAX_PIXELS", 256 * 256 - 1)
    with pytest.raises(DataError, match="megapixels"):
        single_image.decode(small, 8, 8)


TAKEN = {
    "JPEG": (encoded(GREY, "JPEG"), "JPEG"),
    "PNG": (encoded(GREY, "PNG"), "PNG"),
    "WebP": (encoded(GREY, "WEBP"), "WebP"),
    "GIF": (encoded(GREY, "GIF"), "GIF"),
    "BMP": (encoded(GREY, "BMP"), "BMP"),
    "AVIF": (encoded(GREY, "AVIF"), "AVIF"),
    "CMYK": (encoded(GREY.convert("RGB").convert("CMYK"), "JPEG"), "JPEG"),
    "palette": (encoded(GREY.convert("P")), "PNG"),
    "alpha": (encoded(GREY.convert("RGBA")), "PNG"),
    "grey and alpha": (encoded(GREY.convert("LA")), "PNG"),
    "16 bit": (encoded(Image.fromarray(np.asarray(GREY, np.uint16) * 257)), "PNG"),
    "animated": (
        encoded(GREY, "WEBP", save_all=True, append_images=[GREY.rotate(180)], lossless=True),
        "WebP",
    ),
}


@pytest.mark.parametrize(("data", "name"), TAKEN.values(), ids=TAKEN)
def test_every_kind_of_image_that_is_taken_shows_the_same(data, name):
    seen = single_image.decode(data, 32, 48)
    assert (seen.format, seen.size, seen.pixels.shape) == (name, (256, 256), (32, 48, 3))
    # The gradient runs from black at the top to white at the bottom.
    expected = np.broadcast_to(np.linspace(4, 251, 32)[:, None, None], (32, 48, 3))
    np.testing.assert_allclose(seen.pixels.astype(float), expected, atol=6)


def test_a_photograph_taken_upright_is_shown_upright_and_says_its_size_so():
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = Image.new("RGB", (60, 20), "black")
    wide.paste("white", (30, 0, 60, 20))
    seen = single_image.decode(encoded(wide, "JPEG", exif=exif), 60, 20)
    assert seen.size == (20, 60)
    assert seen.pixels[:25].max() < 20
    assert seen.pixels[35:].min() > 235


def test_an_image_is_decoded_as_training_decodes_it():
    assert (
        single_image.decode(DRAWING, 96, 96).pixels == single_image.images.decode(DRAWING, 96)
    ).all()


# --- The ImageNet classifier ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [(96, 96), (64, 128)])
@pytest.mark.parametrize("image", HOLD_OUT.values(), ids=HOLD_OUT)
def test_the_mean_of_every_shown_map_plus_its_bias_is_the_logit(image, size):
    answer = imagenet.feature_map(image, *size, classes=[7, 999])
    rows, columns = size[0] // 32, size[1] // 32
    assert answer["maps"].shape == (rows, columns, 1280)
    assert answer["logits"].shape == (1000,)
    assert answer["image"].shape == (*size, 3)
    maps = pooling.class_activation_map(answer["maps"][np.newaxis], answer["kernel_top"])
    logits = answer["logits"][answer["classes"]]
    np.testing.assert_allclose(maps.mean((0, 1, 2)) + answer["bias_top"], logits, atol=1e-4)
    assert answer["classes"][-2:] == [7, 999]


def test_the_classifier_says_what_the_published_model_says():
    from lib.training.network import efficientnet_lite

    published = efficientnet_lite.efficientnet_lite0(224, include_top=True)
    efficientnet_lite.load_imagenet_weights(published)
    answer = imagenet.feature_map(DRAWING, 224, 224)
    batch = (answer["image"][np.newaxis].astype(np.float32) - 127) / 128
    expected = published.predict(batch, verbose=0)[0]
    top = np.argsort(-expected)[:5]
    assert [index for index, _ in answer["top"]] == top.tolist()
    np.testing.assert_allclose([p for _, p in answer["top"]], expected[top], atol=1e-5)


@pytest.mark.parametrize("size", [(31, 64), (64, 31), (513, 64), (64, 100_000), (0, 0)])
def test_sizes_the_network_cannot_take_are_refused(size):
    with pytest.raises(DataError) as refused:
        imagenet.feature_map(DRAWING, *size)
    assert refused.value.next_step


# --- Models of runs -------------------------------------------------------------------------------


def config_of(**asked):
    defaults = {"num_images": 16, "image_size": SIZE, "head_epochs": 1, "fine_tune_epochs": 1}
    return runs.make_config(**defaults | asked)


def store_model(folder, config, num_classes, seed=0):
    """A run folder with a model that was not trained but differs from the pretrained one."""
    rng = np.random.default_rng(seed)
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    pretrained = strategies.get(config.strategy).pretrained
    backbone = model.build_backbone(
        config.backbone,
        config.image_size,
        weights="imagenet" if pretrained else None,
        seed=config.seed,
    )
    spec = HeadSpec(
        config.pooling, config.hidden_units, config.dropout, heads.outputs_for(num_classes)
    )
    head = build_head(spec, layers[-1].output_shape, seed=1)
    pool = build_pooling(spec, layers[-1].output_shape)
    if len(config.phases) > 1:
        stored_model.save(folder / "model", backbone, head, [], phase="feature_extraction")
    changed = []
    if config.phases[-1].key == "fine_tuning":
        plan = strategies.final_plan(config.strategy, layers, config.thaw_from, config.batch_norm)
        changed = [row.name for row in layers if row.weights and row.name not in plan.frozen]
        for name in changed:
            layer = backbone.get_layer(name)
            layer.set_weights([w * rng.uniform(0.95, 1.05, w.shape) for w in layer.get_weights()])
    head.set_weights([w + rng.normal(0, 0.05, w.shape) for w in head.get_weights()])
    stored_model.save(folder / "model", backbone, head, changed)
    return keras.Sequential([backbone, pool, head])


KINDS = {
    "GAP, two classes": ({"strategy": "feature_extraction"}, 2),
    "GAP, thawed, three classes": ({"strategy": "full_fine_tuning"}, 3),
    "GMP, hidden layer, thawed in part": (
        {"strategy": "partial_fine_tuning", "pooling": "gmp", "hidden_units": 8},
        2,
    ),
    "Flatten, dropout": (
        {"strategy": "feature_extraction", "pooling": "flatten", "dropout": 0.5},
        3,
    ),
    "from scratch": ({"strategy": "from_scratch"}, 2),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """One stored model of each kind for every test that asks for it by name."""
    made = {}

    def get(name):
        if name not in made:
            asked, num_classes = KINDS[name]
            folder, config = tmp_path_factory.mktemp("run"), config_of(**asked)
            made[name] = folder, config, store_model(folder, config, num_classes), num_classes
        return made[name]

    return get


# A kind after the other, with all its tests: its model is restored once for them.
FEW = ["GAP, two classes", "GMP, hidden layer, thawed in part"]
every_kind = pytest.mark.parametrize("name", thorough_beyond(FEW, KINDS), scope="module")


def as_probabilities(logits):
    """What Keras makes of logits, one row an image; two columns for one logit."""
    if logits.shape[-1] == 1:
        positive = keras.ops.sigmoid(logits)
        return np.concatenate([1 - positive, positive], axis=-1)
    return np.asarray(keras.ops.softmax(logits))


@every_kind
def test_a_prediction_is_that_of_the_whole_model(stored, name):
    folder, config, whole, num_classes = stored(name)
    answers = [inference.predict(str(folder), asdict(config), image) for image in HOLD_OUT.values()]
    images = np.stack([answer["image"] for answer in answers])
    batch = backbones.get(config.backbone).preprocessing.apply(images)
    logits = whole(batch, training=False).numpy()
    for answer, of_keras, probabilities in zip(
        answers, logits, as_probabilities(logits), strict=True
    ):
        np.testing.assert_allclose(answer["logits"], of_keras, atol=1e-4)
        np.testing.assert_allclose(answer["probabilities"], probabilities, atol=1e-5)
        assert answer["probabilities"].shape == (num_classes,)
        assert answer["map"].shape == (SIZE // 32, SIZE // 32, num_classes)


@every_kind
def test_where_it_looked_is_exact_only_under_gap_and_one_dense_layer(stored, name):
    folder, config, _, num_classes = stored(name)
    answer = inference.predict(str(folder), asdict(config), DRAWING)
    is_exact = config.pooling == "gap" and not config.hidden_units
    assert (answer["how"], "maps" in answer) == (("cam", True) if is_exact else ("grad_cam", False))
    if not is_exact:
        return
    means = answer["map"].mean((0, 1))
    if num_classes == 2:
        np.testing.assert_allclose(means[1] + answer["bias"][0], answer["logits"][0], atol=1e-4)
        np.testing.assert_array_equal(answer["map"][..., 0], -answer["map"][..., 1])
    else:
        np.testing.assert_allclose(means + answer["bias"], answer["logits"], atol=1e-4)
    by_hand = answer["maps"].mean((0, 1)) @ answer["kernel"] + answer["bias"]
    np.testing.assert_allclose(by_hand, answer["logits"], atol=1e-4)


@every_kind
def test_before_fine_tuning_is_the_model_at_the_end_of_feature_extraction(stored, name):
    folder, config, _, _ = stored(name)
    answer = inference.predict(str(folder), asdict(config), DRAWING)
    if len(config.phases) == 1:
        assert answer["before"] is None
        return
    alone = inference.predict(str(folder), asdict(config), DRAWING, phase="feature_extraction")
    assert alone["before"] is None
    for key in ("logits", "probabilities", "map"):
        np.testing.assert_array_equal(answer["before"][key], alone[key])
        assert abs(answer[key] - alone[key]).max() > 1e-4


@pytest.mark.thorough
def test_the_last_phase_by_its_name_is_the_run(stored):
    folder, config, _, _ = stored("GAP, thawed, three classes")
    named = inference.predict(str(folder), asdict(config), DRAWING, phase="fine_tuning")
    plain = inference.predict(str(folder), asdict(config), DRAWING)
    np.testing.assert_array_equal(named["logits"], plain["logits"])


@pytest.mark.parametrize("phase", ["", "weights", "../../secret", "fine_tuning_2"])
def test_a_phase_the_run_does_not_have_is_refused(stored, phase):
    folder, config, _, _ = stored("GAP, thawed, three classes")
    with pytest.raises(ConfigError):
        inference.predict(str(folder), asdict(config), DRAWING, phase=phase)


# --- Files that are not what they should be -------------------------------------------------------


def test_a_run_without_a_stored_model_says_so(tmp_path):
    with pytest.raises(inference.NotStoredError) as refused:
        inference.predict(str(tmp_path), asdict(config_of()), DRAWING)
    assert refused.value.next_step


@pytest.mark.thorough
def test_a_fine_tuned_run_that_kept_only_its_first_phase_can_show_that(tmp_path):
    config = config_of(strategy="full_fine_tuning")
    store_model(tmp_path, config, 2)
    (tmp_path / "model" / "weights.npz").unlink()
    with pytest.raises(inference.NotStoredError):
        inference.predict(str(tmp_path), asdict(config), DRAWING)
    answer = inference.predict(str(tmp_path), asdict(config), DRAWING, phase="feature_extraction")
    assert answer["how"] == "cam"


def damage(kind, path):
    if kind == "cut off":
        np.savez(path, **{"head/0": np.zeros((1280, 1)), "head/1": np.zeros(1)})
        path.write_bytes(path.read_bytes()[:2_000])
    elif kind == "text":
        path.write_text("hello")
    elif kind == "code":
        np.savez(path, **{"head/0": np.array([print], dtype=object)})
    elif kind == "no head":
        np.savez(path, other=np.zeros(3))
    elif kind == "another head":
        np.savez(path, **{"head/0": np.zeros((7, 2)), "head/1": np.zeros(2)})
    elif kind == "a head of a million classes":
        np.savez_compressed(path, **{"head/0": np.zeros((1, 1)), "head/1": np.zeros(1_000_000)})
    elif kind == "a layer that is not there":
        head = {"head/0": np.zeros((1280, 1)), "head/1": np.zeros(1)}
        np.savez(path, **head, **{"nonsense/0": np.zeros(3)})


@pytest.mark.parametrize(
    "kind",
    [
        "cut off",
        "text",
        "code",
        "no head",
        "another head",
        "a head of a million classes",
        "a layer that is not there",
    ],
)
def test_a_damaged_model_is_one_sentence(tmp_path, kind):
    config = config_of(strategy="feature_extraction")
    (tmp_path / "model").mkdir()
    damage(kind, tmp_path / "model" / "weights.npz")
    for ask in (
        lambda: inference.predict(str(tmp_path), asdict(config), DRAWING),
        lambda: inference.export_keras(str(tmp_path), asdict(config)),
    ):
        with pytest.raises(StoreError) as refused:
            ask()
        assert refused.value.next_step


def test_a_configuration_that_is_none_is_refused():
    with pytest.raises(ConfigError):
        inference.predict("", {"backbone": "vgg16"}, DRAWING)


# --- Nothing else is changed ----------------------------------------------------------------------


@pytest.mark.thorough
def test_asking_changes_no_model_that_is_kept(stored):
    folder, config, _, _ = stored("GMP, hidden layer, thawed in part")
    asked = str(folder), asdict(config)
    first = inference.predict(*asked, DRAWING)
    kept = inference._restored(inference._Stored.find(config, str(folder), None))
    seen = [
        (layer.name, layer.trainable, len(layer._inbound_nodes)) for layer in kept.backbone.layers
    ]
    weights = [w.copy() for w in kept.backbone.get_weights() + kept.head.get_weights()]
    imagenet._classifier.cache_clear()
    inference._restored.cache_clear()
    imagenet.feature_map(DRAWING, 64, 64)
    second = inference.predict(*asked, DRAWING)
    inference.export_keras(*asked)
    third = inference.predict(*asked, DRAWING)
    for answer in (second, third):
        np.testing.assert_array_equal(answer["logits"], first["logits"])
    assert seen == [
        (layer.name, layer.trainable, len(layer._inbound_nodes)) for layer in kept.backbone.layers
    ]
    for old, new in zip(
        weights, kept.backbone.get_weights() + kept.head.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(old, new)


@pytest.mark.thorough
def test_models_are_kept_for_the_next_question_but_not_many(stored):
    inference._restored.cache_clear()
    for name in list(KINDS)[:3]:
        folder, config, _, _ = stored(name)
        for _ in range(2):
            inference.predict(str(folder), asdict(config), DRAWING)
    info = inference._restored.cache_info()
    assert info.currsize == info.maxsize == inference.MODELS_KEPT
    assert info.hits >= 3


@pytest.mark.thorough
def test_a_model_that_was_trained_again_is_not_taken_from_the_cache(tmp_path):
    config = config_of(strategy="feature_extraction")
    logits = []
    for seed in (1, 2):
        store_model(tmp_path, config, 2, seed=seed)
        logits.append(inference.predict(str(tmp_path), asdict(config), DRAWING)["logits"])
    assert abs(logits[0] - logits[1]).max() > 1e-4


@pytest.mark.thorough
def test_the_seeds_of_dropout_are_those_of_the_run_whatever_is_built_beside_it(monkeypatch):
    monkeypatch.setattr(model.pretrained, "load", lambda *_: None)

    def seeds(seed):
        backbone = model.build_backbone("efficientnet_b0", 32, weights="imagenet", seed=seed)
        return [
            int(layer.seed_generator.state.numpy()[0])
            for layer in backbone.layers
            if isinstance(layer, keras.layers.Dropout)
        ]

    found = seeds(7)
    assert len(set(found)) == len(found) > 3
    keras.layers.Dropout(0.5)
    assert seeds(7) == found
    assert not set(seeds(8)) & set(found)


@pytest.mark.thorough
def test_a_run_ends_the_same_whatever_is_asked_beside_it(stored, tmp_path):
    folder, config, _, _ = stored("GAP, thawed, three classes")
    trained = config_of(strategy="partial_fine_tuning", fine_tune_epochs=3, seed=5, dropout=0.2)
    alone = task.train(trained, print, store=RunStore(tmp_path / "alone"))
    over, asked_twice, answered = threading.Event(), threading.Event(), []

    def keep_asking() -> None:
        while not over.is_set():
            inference._restored.cache_clear()
            answered.append(inference.predict(str(folder), asdict(config), DRAWING)["logits"])
            imagenet.feature_map(DRAWING, 64, 64)
            if len(answered) == 2:
                asked_twice.set()

    def report(event: Mapping[str, object]) -> None:
        # However quick the machine is: the epochs after the first go on beside further questions.
        if "epoch" in event:
            assert asked_twice.wait(PATIENCE_S)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        beside = task.train(trained, report, store=RunStore(tmp_path / "beside"))
    finally:
        over.set()
        asking.join()
    assert len(answered) >= 2
    for mine, theirs in zip(alone.history, beside.history, strict=True):
        assert (mine.loss, mine.val_loss) == (theirs.loss, theirs.val_loss)


# --- The model to take home -----------------------------------------------------------------------


# Thawed whole, in part and not at all; two classes and three; each kind of pooling.
@pytest.mark.parametrize(
    "name",
    thorough_beyond(
        ["GMP, hidden layer, thawed in part"],
        [name for name in KINDS if "thawed" in name or "Flatten" in name],
    ),
)
def test_the_file_to_take_home_says_the_same_and_counts_what_was_trained(stored, name, tmp_path):
    folder, config, _, num_classes = stored(name)
    exported = inference.export_keras(str(folder), asdict(config))
    path = tmp_path / "model.keras"
    path.write_bytes(exported["file"])
    loaded = keras.models.load_model(path)  # safe_mode is on unless it is switched off
    answer = inference.predict(str(folder), asdict(config), CELL)
    said = loaded(answer["image"][np.newaxis], training=False)[0]
    expected = answer["probabilities"][1:] if num_classes == 2 else answer["probabilities"]
    np.testing.assert_allclose(said, expected, atol=1e-5)
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    plan = freezing.FreezePlan.all(layers)
    if config.strategy != "feature_extraction":
        plan = strategies.final_plan(config.strategy, layers, config.thaw_from, config.batch_norm)
    spec = HeadSpec(config.pooling, config.hidden_units, 0, heads.outputs_for(num_classes))
    head = heads.count_params(spec, layers[-1].output_shape)
    counts = freezing.count_params(layers, plan)
    assert exported["params"] == loaded.count_params() == counts.total + head.total
    trainable = sum(int(np.prod(weight.shape)) for weight in loaded.trainable_weights)
    assert trainable == counts.trainable + head.trainable


def test_the_file_to_take_home_is_data_and_names_nothing_but_keras(stored):
    folder, config, _, _ = stored("GAP, two classes")
    file = inference.export_keras(str(folder), asdict(config))["file"]
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert set(archive.namelist()) == {"metadata.json", "config.json", "model.weights.h5"}
        text = archive.read("config.json").decode()
    assert "Lambda" not in text
    modules = {
        value
        for match in text.split('"module": ')[1:]
        if (value := match.split(",")[0].strip('" ')) != "null"
    }
    assert all(module == "builtins" or module.split(".")[0] == "keras" for module in modules)


# The two tests above load the file where Thaw is, and find nothing of Thaw named in it.
@pytest.mark.thorough
def test_the_file_to_take_home_opens_without_thaw(stored, tmp_path):
    folder, config, _, _ = stored("GAP, two classes")
    exported = inference.export_keras(str(folder), asdict(config))
    (tmp_path / "model.keras").write_bytes(exported["file"])
    answer = inference.predict(str(folder), asdict(config), CELL)
    np.save(tmp_path / "image.npy", answer["image"])
    code = (
        "import keras, numpy as np, json, sys\n"
        "model = keras.models.load_model('model.keras')\n"
        "print(json.dumps(model.predict(np.load('image.npy')[None], verbose=0).tolist()))\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'lib']\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    ((said,),) = json.loads(done.stdout.splitlines()[-1])
    assert said == pytest.approx(float(answer["probabilities"][1]), abs=1e-5)


PREPROCESSINGS = {
    "LITE": backbones.LITE,
    "MINUS_ONE_TO_ONE": backbones.MINUS_ONE_TO_ONE,
    "CAFFE": backbones.CAFFE,
    "TORCH": backbones.TORCH,
    "BUILT_IN": backbones.BUILT_IN,
}


@pytest.mark.parametrize("how", PREPROCESSINGS.values(), ids=PREPROCESSINGS)
def test_preprocessing_within_a_file_is_that_of_the_app(how: Preprocessing, tmp_path):
    image = keras.Input((8, 8, 3))
    keras.Model(image, inference._preprocessed(image, how)).save(tmp_path / "p.keras")
    loaded = keras.models.load_model(tmp_path / "p.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    found = loaded.predict(pixels, verbose=0)
    np.testing.assert_allclose(found, how.apply(pixels), rtol=1e-5, atol=1e-4)


def test_every_backbone_says_its_preprocessing_in_words():
    assert {spec.preprocessing for spec in backbones.BACKBONES.values()} == set(
        PREPROCESSINGS.values()
    )
    words = {predictions.in_words(how) for how in PREPROCESSINGS.values()}
    assert len(words) == len(PREPROCESSINGS)
