"""The tf.data code of a run's input pipeline, with the steps in the same order as in Thaw."""

from lib.code import preprocessing, templates
from lib.core import datasets
from lib.core.backbones import BackboneSpec
from lib.core.datasets import DatasetSpec

BATCH_SIZE = 32


def code(
    dataset: DatasetSpec, backbone: BackboneSpec, *, image_size: int, num_images: int, seed: int
) -> str:
    """The pipeline of a run as tf.data code.

    Thaw itself decodes with Pillow, which gives the same bytes on every machine; TensorFlow's
    resizing differs from it by rounding (tests/oracle/test_data_code.py measures it). Only Thaw
    applies the EXIF orientation and the ICC profile of a photograph, puts transparent images on
    white and reads AVIF; the page says so beside the code.

    Args:
        backbone: Its input range is the target of the rescaling.
        seed: Seed for the choice and order of training images and for augmentation.
    """
    own = datasets.is_own(dataset.id)
    return templates.render(
        "tf_data.py.j2",
        **preprocessing.values(backbone),
        dataset=dataset,
        own=own,
        # The reader's own title is untrusted, so it is not inserted into code.
        title="Your own images" if own else dataset.title,
        image_size=image_size,
        batch_size=BATCH_SIZE,
        num_images=num_images,
        seed=seed,
        order=backbone.preprocessing.order,
    )
