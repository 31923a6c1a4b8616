"""The evidence behind the strategies: the same data trained in five ways, at three sizes, thrice.

`python -m lib.tools.record_runs evidence` trains the runs; each stands in `data/evidence` in a
folder named after it.
"""

from dataclasses import dataclass

from lib.core import datasets, runs
from lib.core.runs import TrainConfig

# 96 pixels and twenty epochs in all, so that the whole grid is recorded in an afternoon on two
# cores. Each way of training sees every image equally often.
IMAGE_SIZE = 96
NUM_EPOCHS = 20
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Way:
    """One way of training that is compared.

    Args:
        id: Name in links and figures.
        title: Short name on the page.
        strategy: Id of strategies.STRATEGIES.
        thaw_from: First thawed layer of partial fine-tuning, "" for the other strategies.
    """

    id: str
    title: str
    strategy: str
    thaw_from: str = ""


# From frozen to free. The backbone is EfficientNet-Lite0: block 11 opens its last stage but one,
# block 5 the first of those that see 1/16 of the side of the image.
WAYS: dict[str, Way] = {
    way.id: way
    for way in (
        Way("head", "Head only", "feature_extraction"),
        Way("top", "Top layers", "partial_fine_tuning", "block_11_expand_conv"),
        Way("middle", "From the middle", "partial_fine_tuning", "block_5_expand_conv"),
        Way("everything", "Everything", "full_fine_tuning"),
        Way("scratch", "From scratch", "from_scratch"),
    )
}

# Training images of each dataset; the last is all that OpenMoji has, and a large number for two
# cores on the others.
SIZES: dict[str, tuple[int, ...]] = {
    "openmoji_animals_food": (20, 60, 160),
    "elpv": (50, 200, 1_000),
    "cats_vs_dogs": (50, 200, 1_000),
}
# Recorded on some of its images, which are not part of Thaw: the runs carry their fingerprint.
PHOTOGRAPHS = "cats_vs_dogs"


def config(
    dataset: str,
    way: Way,
    num_images: int,
    seed: int,
    *,
    data_fingerprint: str | None = None,
    max_train_images: int | None = None,
) -> TrainConfig:
    """The configuration of one recorded run.

    Args:
        dataset: Key of SIZES.
        way: How it is trained.
        num_images: Training images.
        seed: One of SEEDS.
        data_fingerprint: Of a folder of images that stands for the dataset.
        max_train_images: Of that folder.
    """
    if data_fingerprint is None:
        max_train_images = datasets.get(dataset).max_train_images
    tuned = way.strategy not in ("feature_extraction", "from_scratch")
    return runs.make_config(
        dataset=dataset,
        strategy=way.strategy,
        thaw_from=way.thaw_from or None,
        num_images=num_images,
        image_size=IMAGE_SIZE,
        head_epochs=NUM_EPOCHS // 2 if tuned else NUM_EPOCHS,
        fine_tune_epochs=NUM_EPOCHS // 2 if tuned else 0,
        seed=seed,
        data_fingerprint=data_fingerprint or datasets.get(dataset).fingerprint,
        max_train_images=max_train_images,
    )
