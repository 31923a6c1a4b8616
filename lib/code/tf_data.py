"""The tf.data code of a run's pipeline: from files to batches, in the order Thaw does it."""

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
    resizing differs from it by rounding (tests/oracle/test_data_code.py says by how much). A
    photograph that was taken upright, or has transparent parts, is turned and put on white by
    Thaw only.

    Args:
        backbone: Whose range the values are rescaled to.
        seed: Of the choice of training images, their order and the augmentation.
    """
    own = datasets.is_own(dataset.id)
    return templates.render(
        "tf_data.py.j2",
        **preprocessing.values(backbone),
        dataset=dataset,
        own=own,
        # What a reader called it goes into no code.
        title="Your own images" if own else dataset.title,
        image_size=image_size,
        batch_size=BATCH_SIZE,
        num_images=num_images,
        seed=seed,
        order=backbone.preprocessing.order,
    )
