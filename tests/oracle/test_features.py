"""What the page Features ships is what the network computes."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from lib.core import backbones, splits
from lib.core.features import depths, filters, image_map, looks, probes
from lib.core.maps import feature_maps
from lib.core.strategy.similarity import IMAGE_SIZE
from lib.tools import export_features
from lib.training.answers import features, patches, similarity
from lib.training.answers import image_map as mapping
from lib.training.images import single_image
from lib.training.network import depths as network
from lib.training.sources import tfds
from tests.speeds import thorough_beyond

OPENMOJI = "openmoji_animals_food"
APPLY = backbones.get(depths.BACKBONE).preprocessing.apply
# Half a step of the bytes, and the rounding of another processor.
TOLERANCE = 0.5 * looks.FULL / looks.STEPS + 0.01


def shown(id_: str) -> np.ndarray:
    picture = feature_maps.examples()[id_].picture()
    return single_image.decode(picture, depths.IMAGE_SIZE, depths.IMAGE_SIZE).pixels


def test_shipped_answers_are_those_of_keras_submodels() -> None:
    backbone = network.pretrained(depths.IMAGE_SIZE)
    inputs = APPLY(shown("cat")[np.newaxis])
    for depth in (depths.depths()[place] for place in (0, 4, 10, 17)):
        submodel = keras.Model(backbone.input, backbone.get_layer(depth.layer).output)
        maps = submodel(inputs, training=False).numpy()[0]
        look, known = looks.example("cat")[depth.block], looks.channels()[depth.block]
        channels = list(look.channels)
        wanted = (maps[:, :, channels] - known.mean[channels]) / known.spread[channels]
        found = looks.deviations(look.maps)
        wanted = np.clip(np.moveaxis(wanted, 2, 0), -looks.FULL, looks.FULL)
        assert np.abs(found - wanted).max() <= TOLERANCE
    # Recomputing them as a worker does for the reader's own image gives the same.
    again = features.strongest(shown("cat"))
    for block, look in looks.example("cat").items():
        assert tuple(again[f"{block}_channels"]) == look.channels


@pytest.mark.parametrize("place", thorough_beyond([3], [0, 3, 6, 9, 17]))
def test_a_receptive_field_is_where_the_gradient_of_a_cell_is_not_zero(place: int) -> None:
    # Random weights: a trained channel may ignore the rim of its field.
    keras.utils.set_random_seed(0)
    size = 128
    depth = depths.depths(size)[place]
    backbone = keras.models.clone_model(network.pretrained(size))
    submodel = keras.Model(backbone.input, backbone.get_layer(depth.layer).output)
    image = tf.constant(np.random.default_rng(0).normal(size=(1, size, size, 3)).astype("float32"))
    for row, column in ((0, 0), (depth.grid // 2, depth.grid - 1)):
        with tf.GradientTape() as tape:
            tape.watch(image)
            cell = tf.reduce_sum(submodel(image, training=False)[0, row, column] ** 2)
        reached = np.abs(tape.gradient(cell, image).numpy()[0]).max(axis=2) > 0
        for axis, at in ((1, row), (0, column)):
            along = np.flatnonzero(reached.any(axis=axis))
            first, end = depth.field.of_cell(at, size)
            assert (along.min(), along.max() + 1) == (first, end)


def test_the_filters_are_those_of_the_stem_and_answer_as_shipped() -> None:
    known = filters.load()["pretrained"]
    pixels = shown("cat")
    inputs = APPLY(pixels[np.newaxis])
    answer = tf.nn.conv2d(inputs, known.kernel.astype("float32"), 2, "SAME").numpy()[0]
    answer = np.clip(answer * known.scale + known.shift, 0, 6)
    backbone = network.pretrained(depths.IMAGE_SIZE)
    stem = keras.Model(backbone.input, backbone.get_layer("stem_relu").output)
    maps = stem(inputs, training=False).numpy()[0]
    assert np.abs(answer - maps).max() < 1e-3
    with Image.open(io.BytesIO(looks.answers("cat"))) as stored:
        found = np.asarray(stored.convert("L"), float)
    with Image.open(io.BytesIO(patches.answers(maps))) as made:
        assert np.abs(found - np.asarray(made.convert("L"), float)).max() <= 3


@pytest.mark.thorough
def test_patches_are_where_their_channel_is_excited_most_and_from_no_test_image() -> None:
    block, place = "block_6", 7
    known = looks.channels()[block]
    channel = known.chosen[0]
    pixels = patches.shipped_images(known.images[channel].tolist())
    maps = features.maps_network().of_batch(APPLY(pixels))[place].numpy()[..., channel]
    largest = maps.reshape(len(maps), -1).argmax(axis=1)
    cells = [divmod(int(at), maps.shape[2]) for at in largest]
    assert cells == [tuple(cell) for cell in known.cells[channel].tolist()]
    # The first excites most, and all of them more than any image of a sample.
    peaks = maps.max(axis=(1, 2))
    assert (np.diff(peaks) <= 1e-4).all()
    sample = patches.shipped_images(range(0, 200, 10))
    others = features.maps_network().of_batch(APPLY(sample))[place].numpy()[..., channel]
    among = np.isin(np.arange(0, 200, 10), known.images[channel])
    assert others.max(axis=(1, 2))[~among].max() <= peaks[-1] + 1e-4
    picture = patches.strip(depths.depths()[place], pixels, cells)
    shipped = looks.strip(depths.depths()[place], channel, depths.IMAGE_SIZE).picture
    both = [
        np.asarray(Image.open(io.BytesIO(each)).convert("RGB"), int) for each in (picture, shipped)
    ]
    assert np.abs(both[0] - both[1]).mean() < 2
    for source in looks.sources():
        if source.dataset:
            data = tfds.source(source.dataset)
            test = splits.split(data.labels, len(data.class_names), 0, data.class_names).test
            assert not set(test.tolist()) & set(source.indices.tolist())


def test_a_channel_without_shipped_patches_is_answered_by_a_worker() -> None:
    picture = feature_maps.examples()["cat"].picture()
    said = features.channel(picture, "top", 1200, (0, 121, 90))
    assert {name: said[name][8:12] for name in said} == {"over": b"WEBP", "patches": b"WEBP"}


@pytest.mark.thorough
def test_pooled_features_probes_neighbours_and_components_are_those_that_ship() -> None:
    pixels, labels = similarity.chosen(OPENMOJI).load()
    by_depth = features.pooled(pixels)
    backbone = network.pretrained(IMAGE_SIZE)
    middle = keras.Model(backbone.input, backbone.get_layer("block_9_add").output)
    maps = middle(APPLY(pixels[:4]), training=False).numpy()
    np.testing.assert_allclose(by_depth[10][:4], maps.mean(axis=(1, 2)), atol=1e-4)
    made = image_map.load(OPENMOJI)
    assert made.labels.tolist() == labels.tolist()
    places = (0, 10, 17)
    for place in places:
        near = image_map.right_neighbours(by_depth[place], labels).mean()
        assert near == pytest.approx(made.neighbours[place], abs=0.05)
    points = image_map.scaled(image_map.principal_components(by_depth[10]))
    stored = made.points["pca"][10].astype(float)
    back = image_map.aligned(stored, points)
    # Points on the border were moved there.
    assert np.median(np.linalg.norm(back - points, axis=1)) < 0.05
    found = probes.shipped()[OPENMOJI]
    sample = features.probe(
        [by_depth[0]] + [by_depth[10]] * 16 + [by_depth[17]], labels, OPENMOJI, found.fingerprint
    )
    for place in places:
        apart = sample.rows[place].correct - found.rows[place].correct
        assert abs(apart) <= export_features.MAX_IMAGES_APART


def test_a_map_is_the_same_each_time_and_tsne_moves_on_from_the_depth_before() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 20)
    first = rng.normal(size=(40, 8)) + 4 * labels[:, np.newaxis]
    one, other = (mapping.build([first, first + 1e-6], labels) for _ in range(2))
    assert (one.points["tsne"] == other.points["tsne"]).all()
    apart = np.abs(one.points["tsne"][0] - one.points["tsne"][1])
    assert np.median(apart) < image_map.FINEST / 10
