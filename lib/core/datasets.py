"""The datasets: what is in each, who made it, and how far it is from ImageNet."""

from dataclasses import dataclass

from lib.core import splits
from lib.core.errors import ConfigError


@dataclass(frozen=True)
class DatasetSpec:
    """A dataset under its TFDS name.

    Args:
        id: TFDS name, as in `tfds.load(id)`.
        title: Name on the page.
        version: Of the TFDS builder; part of every run's identity.
        num_images: Labelled images Thaw uses, of all classes together: those of TFDS's "train".
        class_names: In label order.
        licence: Short name, such as "CC BY-SA 4.0", or that none is stated.
        attribution: Who made it; shown wherever its images are.
        source: Key in docs/sources.md.
        about: One sentence for a beginner.
        offline: True where the images come with a Python package.
        download_mb: What TFDS would download, in megabytes of 1,000,000 bytes, rounded up; 0 where
            nothing is.
    """

    id: str
    title: str
    version: str
    num_images: int
    class_names: tuple[str, ...]
    licence: str
    attribution: str
    source: str
    about: str
    offline: bool = False
    download_mb: int = 0

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def max_train_images(self) -> int:
        """Images left for training once validation and test have theirs."""
        return splits.max_train_images(self.num_images)

    @property
    def fingerprint(self) -> str:
        """What a run's identity says of its data."""
        return f"{self.id}/{self.version}"


# Offline first, then as a course would take them up. Class names, versions and download sizes are
# those of tensorflow-datasets 4.9.10 (tests/oracle/test_pipeline.py compares them); numbers of
# images are those of its catalogue (tfds-catalog).
DATASETS: dict[str, DatasetSpec] = {
    spec.id: spec
    for spec in (
        DatasetSpec(
            id="openmoji_animals_food",
            title="OpenMoji drawings",
            version="1.0.0",
            num_images=240,
            class_names=("animal", "food"),
            licence="CC BY-SA 4.0",
            attribution="All emojis designed by OpenMoji, the open-source emoji and icon project.",
            source="openmoji",
            about="240 drawings: is it an animal, or food and drink?",
            offline=True,
        ),
        DatasetSpec(
            id="elpv",
            title="Solar cells",
            version="1.0.0",
            num_images=2223,
            class_names=("functional", "defective"),
            licence="CC BY-NC-SA 4.0",
            attribution="ELPV dataset, Buerhop-Lutz et al. 2018, ZAE Bayern and FAU Erlangen.",
            source="elpv",
            about="Photographs of solar cells that glow under current: sound or surely defective?",
            offline=True,
        ),
        DatasetSpec(
            id="cats_vs_dogs",
            title="Cats and dogs",
            version="4.0.1",
            num_images=23262,
            class_names=("cat", "dog"),
            licence="Microsoft Research licence, research use",
            attribution="Elson, Douceur, Howell and Saul 2007, Asirra; Microsoft Research.",
            source="cats-vs-dogs",
            about="23,262 photographs of cats and dogs: the data of the well-known tutorial.",
            download_mb=825,
        ),
        DatasetSpec(
            id="tf_flowers",
            title="Flowers",
            version="3.0.1",
            num_images=3670,
            class_names=("dandelion", "daisy", "tulips", "sunflowers", "roses"),
            licence="CC BY 2.0",
            attribution="The TensorFlow Team, 2019; each photographer is named in the archive.",
            source="tfds-catalog",
            about="3,670 photographs of five kinds of flowers, in many sizes.",
            download_mb=229,
        ),
        DatasetSpec(
            id="oxford_iiit_pet",
            title="Oxford-IIIT pets",
            version="4.0.0",
            num_images=3680,
            class_names=(
                "Abyssinian",
                "american_bulldog",
                "american_pit_bull_terrier",
                "basset_hound",
                "beagle",
                "Bengal",
                "Birman",
                "Bombay",
                "boxer",
                "British_Shorthair",
                "chihuahua",
                "Egyptian_Mau",
                "english_cocker_spaniel",
                "english_setter",
                "german_shorthaired",
                "great_pyrenees",
                "havanese",
                "japanese_chin",
                "keeshond",
                "leonberger",
                "Maine_Coon",
                "miniature_pinscher",
                "newfoundland",
                "Persian",
                "pomeranian",
                "pug",
                "Ragdoll",
                "Russian_Blue",
                "saint_bernard",
                "samoyed",
                "scottish_terrier",
                "shiba_inu",
                "Siamese",
                "Sphynx",
                "staffordshire_bull_terrier",
                "wheaten_terrier",
                "yorkshire_terrier",
            ),
            licence="CC BY-SA 4.0",
            attribution="Parkhi, Vedaldi, Zisserman and Jawahar 2012, Cats and Dogs.",
            source="tfds-catalog",
            about="37 breeds of cats and dogs with about 100 photographs each.",
            download_mb=812,
        ),
        DatasetSpec(
            id="beans",
            title="Bean leaves",
            version="0.1.0",
            num_images=1034,
            class_names=("angular_leaf_spot", "bean_rust", "healthy"),
            licence="MIT",
            attribution="Makerere AI Lab 2020, annotated by experts of NaCRRI, Uganda.",
            source="tfds-catalog",
            about="Bean leaves photographed in the field: healthy, or one of two diseases?",
            download_mb=181,
        ),
        DatasetSpec(
            id="eurosat",
            title="EuroSAT",
            version="2.0.0",
            num_images=27000,
            class_names=(
                "AnnualCrop",
                "Forest",
                "HerbaceousVegetation",
                "Highway",
                "Industrial",
                "Pasture",
                "PermanentCrop",
                "Residential",
                "River",
                "SeaLake",
            ),
            licence="MIT",
            attribution="Helber, Bischke, Dengel and Borth 2017; Copernicus Sentinel-2 data.",
            source="tfds-catalog",
            about="Europe from above, 64 x 64 pixels at a time: how is the land used?",
            download_mb=95,
        ),
        DatasetSpec(
            id="malaria",
            title="Malaria",
            version="1.0.0",
            num_images=27558,
            class_names=("parasitized", "uninfected"),
            licence="None stated; published by the U.S. National Library of Medicine",
            attribution="Rajaraman et al. 2018, PeerJ 6:e4568.",
            source="tfds-catalog",
            about="Blood cells under a microscope: is there a malaria parasite in it?",
            download_mb=354,
        ),
        DatasetSpec(
            id="cifar10",
            title="CIFAR-10",
            version="3.0.2",
            num_images=50000,
            class_names=(
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse",
                "ship",
                "truck",
            ),
            licence="None stated",
            attribution="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.",
            source="tfds-catalog",
            about="50,000 tiny photographs, 32 x 32 pixels, of ten things.",
            download_mb=171,
        ),
        DatasetSpec(
            id="rock_paper_scissors",
            title="Rock, paper, scissors",
            version="3.0.0",
            num_images=2520,
            class_names=("rock", "paper", "scissors"),
            licence="CC BY 2.0",
            attribution="Laurence Moroney 2019.",
            source="tfds-catalog",
            about="2,520 computer-generated hands that play the game.",
            download_mb=231,
        ),
    )
}


def get(dataset: str) -> DatasetSpec:
    """The spec of a dataset.

    Raises:
        ConfigError: If Thaw does not know it.
    """
    if dataset not in DATASETS:
        raise ConfigError(
            f"Thaw has no dataset called {dataset!r}.", f"Choose one of: {', '.join(DATASETS)}."
        )
    return DATASETS[dataset]
