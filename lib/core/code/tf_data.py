"""The tf.data code of a run's pipeline: from files to batches, in the order Thaw does it."""

import numpy as np
import numpy.typing as npt

from lib.core import datasets
from lib.core.backbones import BackboneSpec, Preprocessing
from lib.core.datasets import DatasetSpec

BATCH_SIZE = 32

_HEADER = '''\
"""{title}: the pipeline of a run in Thaw, as tf.data. Run it from Thaw's folder."""

{imports}

IMAGE_SIZE, BATCH_SIZE, NUM_IMAGES, SEED = {image_size}, {batch_size}, {num_images}, {seed}
'''

_FROM_TFDS = """\
# Still encoded, and one file after the other, so that an index means the same image every time.
data = tfds.load(
    "{id}",
    split="train",
    decoders={{"image": tfds.decode.SkipDecoding()}},
    read_config=tfds.ReadConfig(interleave_cycle_length=1),
)
labels = np.array([row["label"] for row in data.as_numpy_iterator()])
"""

_FROM_FOLDER = """\
FOLDER = Path("images")  # holds one folder of images a class
files = [file for folder in sorted(FOLDER.iterdir()) for file in sorted(folder.iterdir())]
class_names = sorted({file.parent.name for file in files})
labels = np.array([class_names.index(file.parent.name) for file in files])
"""

_SPLIT = """\
# Divided by file, before anything is shuffled: no image is in two splits.
parts = splits.split(labels, NUM_IMAGES, SEED)
"""

_DECODED = '''\
def decoded(file):
    """One image: RGB, stretched to a square, whole numbers from 0 to 255."""
    image = tf.io.decode_image(file, channels=3, expand_animations=False)
    image = tf.image.resize(image, (IMAGE_SIZE, IMAGE_SIZE), antialias=True)
    return tf.round(image)
'''

_AUGMENT = """\
# Where a run augments. Other draws at every call; of 0 to 255, so before rescaling.
augment = keras.Sequential(
    [
        keras.layers.RandomFlip("horizontal", seed=SEED),
        keras.layers.RandomRotation(0.1, fill_mode="nearest", seed=SEED + 1),
        keras.layers.RandomZoom(0.1, fill_mode="nearest", seed=SEED + 2),
        keras.layers.RandomContrast(0.1, value_range=(0, 255), seed=SEED + 3),
    ]
)
"""

_READ_TFDS = '''\
def read(part, training=False):
    """Batches of images and labels of one split."""
    chosen = tf.constant(np.isin(np.arange(len(labels)), part))
    images = data.enumerate().filter(lambda index, row: chosen[index])
    images = images.map(lambda index, row: (decoded(row["image"]), row["label"])).cache()
'''

_READ_FOLDER = '''\
def read(part, training=False):
    """Batches of images and labels of one split."""
    images = tf.data.Dataset.from_tensor_slices(([str(files[at]) for at in part], labels[part]))
    images = images.map(lambda file, label: (decoded(tf.io.read_file(file)), label)).cache()
'''

_BATCHES = """\
    if training:
        images = images.shuffle(len(part), seed=SEED)  # within the split, anew every epoch
    images = images.batch(BATCH_SIZE)
    if training:
        images = images.map(lambda batch, label: (augment(batch, training=True), label))
    return images.map(lambda batch, label: (rescaled(batch), label)).prefetch(tf.data.AUTOTUNE)


train = read(parts.train, training=True)
validation = read(parts.validation)
test = read(parts.test)  # once, at the end
"""

# Built from Thaw's own folder, as TFDS does not have them.
_BUILDERS = "import lib.training.builders  # noqa: F401 - the datasets that need no network"


def code(
    dataset: DatasetSpec, backbone: BackboneSpec, *, image_size: int, num_images: int, seed: int
) -> str:
    """The pipeline of a run as tf.data code.

    Thaw itself decodes with Pillow, which gives the same bytes on every machine; TensorFlow's
    resizing differs from it by rounding (tests/oracle/test_data_code.py says by how much). A
    photograph that was taken upright, or has transparent parts, is turned and put on white by
    Thaw only.

    Args:
        dataset: Which images.
        backbone: Whose range the values are rescaled to.
        image_size: Side in pixels.
        num_images: Training images.
        seed: Of the choice of training images, their order and the augmentation.
    """
    own = datasets.is_own(dataset.id)
    imports = [
        *(["from pathlib import Path", ""] if own else []),
        "import keras",
        "import numpy as np",
        "import tensorflow as tf",
        *([] if own else ["import tensorflow_datasets as tfds"]),
        "",
        *([_BUILDERS] if dataset.offline and not own else []),
        "from lib.core import splits  # Thaw's own: one file that needs NumPy alone",
    ]
    header = _HEADER.format(
        # What a reader called it goes into no code.
        title="Your own images" if own else dataset.title,
        imports="\n".join(imports),
        image_size=image_size,
        batch_size=BATCH_SIZE,
        num_images=num_images,
        seed=seed,
    )
    source = _FROM_FOLDER if own else _FROM_TFDS.format(id=dataset.id)
    read = (_READ_FOLDER if own else _READ_TFDS) + _BATCHES
    functions = [_DECODED, _AUGMENT, _rescaled(backbone.preprocessing), read]
    return "\n".join([header, source, _SPLIT, "\n" + "\n\n".join(functions)])


def _rescaled(how: Preprocessing) -> str:
    """The function that brings values to the range of the network."""
    lines = ["def rescaled(images):", '    """The range the network was trained with."""']
    if not any(how.mean) and how.scale == 1.0 and how.order == "RGB":
        lines.append("    return images  # this network rescales by itself, as its first layer")
        return "\n".join(lines) + "\n"
    values = "images[..., ::-1]" if how.order == "BGR" else "images"
    if how.order == "BGR":
        lines.append("    # Trained with blue first.")
    divisor = 1 / np.asarray(how.scale)
    difference = f"{values} - {_number(np.asarray(how.mean))}"
    if np.all(divisor == 1):
        lines.append(f"    return {difference}")
    else:
        lines.append(f"    return ({difference}) / {_number(divisor)}")
    return "\n".join(lines) + "\n"


def _number(values: npt.NDArray[np.float64]) -> str:
    """A number, or where the channels differ a constant of one for each, as people write them.

    Example:

    >>> _number(np.array([127.0, 127.0, 127.0])), _number(np.array([0.5, 1.5]))
    ('127', 'tf.constant([0.5, 1.5])')
    """
    texts = [f"{value:.7g}" for value in np.atleast_1d(values)]
    return texts[0] if len(set(texts)) == 1 else f"tf.constant([{', '.join(texts)}])"
