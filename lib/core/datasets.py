"""The datasets: what each one contains, who made it, and how similar it is to ImageNet.

Long because it holds a registry in reading order, one entry per dataset.
"""

import re
from dataclasses import dataclass

from lib.core import splits
from lib.core.errors import ConfigError

# The training, validation and test splits of a tutorial for a dataset with only one split.
TUTORIAL_SPLIT = ("train[:80%]", "train[80%:90%]", "train[90%:]")
# With a test split, validation images are the last ones of the training split.
TRAIN_AND_TEST = ("train[:90%]", "train[90%:]", "test")

# Prefix of the ids of readers' own images (lib.core.uploads).
OWN_PREFIX = "images-"

# A dataset in preparation needs its archive, the unpacked files, and the records of TFDS, which
# are about as large as the archive if their size is published (cifar10 0.8, tf_flowers 1.0).
DISK_SPACE_FACTOR = 3
# Free space to keep in addition.
DISK_SPACE_MARGIN_MB = 200


@dataclass(frozen=True)
class DatasetSpec:
    """A dataset under its TFDS name.

    Args:
        id: TFDS name, as in `tfds.load(id)`.
        title: Name on the page.
        version: Version of the TFDS builder; part of every run's identity.
        num_images: Number of labelled images that Thaw uses: those of the TFDS split "train".
        class_names: Class names in label order.
        licence: Short name, such as "CC BY-SA 4.0", or a note that none is stated.
        attribution: Who made it; shown wherever its images are shown.
        source: Key in docs/sources.md.
        about: One sentence for a beginner.
        citation: Authors, title, place and year of publication.
        address: Web address with more information.
        kind: Key of lib.core.strategy.kinds.KINDS; "" if unknown.
        kind_reason: Reason for its similarity to ImageNet.
        offline: True if a Python package contains the images.
        download_mb: Size of the TFDS download in megabytes of 1,000,000 bytes, rounded up; 0 if
            there is none.
        host: Host of the download.
        tfds_split: Splits that a tutorial reads for training, validation and test.
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
    citation: str = ""
    address: str = ""
    kind: str = ""
    kind_reason: str = ""
    offline: bool = False
    download_mb: int = 0
    host: str = ""
    tfds_split: tuple[str, str, str] = TUTORIAL_SPLIT
    num_given: tuple[int, ...] = ()

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def max_train_images(self) -> int:
        """Number of images left for training after the validation and test images."""
        return splits.max_train_images(self.num_images, self.num_given)

    @property
    def fingerprint(self) -> str:
        """The part of a run's identity that identifies its data."""
        return f"{self.id}/{self.version}"

    @property
    def disk_mb(self) -> int:
        """Free space needed to prepare it, in megabytes of 1,000,000 bytes."""
        return disk_mb(self.download_mb)


# Offline datasets first, then in the order of a typical course. Class names, versions and download
# sizes are those of tensorflow-datasets 4.9.10 (tests/oracle/test_pipeline.py compares them);
# numbers of images are those of its catalogue (tfds-catalog).
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
            citation=(
                "HfG Schwäbisch Gmünd: OpenMoji, the open-source emoji and icon project. Version "
                "17.0.0, for Unicode's Emoji 17.0 of 2025."
            ),
            address="https://openmoji.org",
            kind="drawings",
            kind_reason=(
                "Flat drawings with outlines; ImageNet is photographs, with hardly a drawing "
                "among them."
            ),
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
            about="Photographs of solar cells that glow under current: intact or defective?",
            citation=(
                "Buerhop-Lutz, Deitsch, Maier, Gallwitz, Berger, Doll, Hauch, Camus and Brabec: A "
                "Benchmark for Visual Identification of Defective Solar Cells in "
                "Electroluminescence Imagery. EU PVSEC, 2018."
            ),
            address="https://github.com/zae-bayern/elpv-dataset",
            kind="technical",
            kind_reason=(
                "Grey close-ups of cells that glow in the infrared; ImageNet has nothing like them."
            ),
            offline=True,
        ),
        DatasetSpec(
            id="openmoji_themes",
            title="OpenMoji by theme",
            version="1.0.0",
            num_images=1370,
            class_names=(
                "smileys",
                "people",
                "nature",
                "food",
                "travel",
                "activities",
                "objects",
                "symbols",
            ),
            licence="CC BY-SA 4.0",
            attribution="All emojis designed by OpenMoji, the open-source emoji and icon project.",
            source="openmoji",
            about="1,370 drawings of eight themes, from smileys to symbols.",
            citation=(
                "HfG Schwäbisch Gmünd: OpenMoji, the open-source emoji and icon project. Version "
                "17.0.0, for Unicode's Emoji 17.0 of 2025."
            ),
            address="https://openmoji.org",
            kind="drawings",
            kind_reason=(
                "Flat drawings with outlines, many of signs and faces; ImageNet is photographs of "
                "things."
            ),
            offline=True,
        ),
        DatasetSpec(
            id="digits",
            title="Handwritten digits",
            version="1.0.0",
            num_images=1797,
            class_names=tuple("0123456789"),
            licence="CC BY 4.0",
            attribution="Alpaydin and Kaynak 1998, UCI Machine Learning Repository.",
            source="digits",
            about="1,797 handwritten digits, enlarged from 8 x 8 pixels: which one is it?",
            citation=(
                "Alpaydin and Kaynak: Optical Recognition of Handwritten Digits. UCI Machine "
                "Learning Repository, 1998."
            ),
            address="https://archive.ics.uci.edu/dataset/80",
            kind="handwriting",
            kind_reason=(
                "Blurred white strokes on black; ImageNet has things in colour and hardly any "
                "writing."
            ),
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
            citation=(
                "Elson, Douceur, Howell and Saul: Asirra: A CAPTCHA that Exploits Interest-"
                "Aligned Manual Image Categorization. ACM CCS, 2007."
            ),
            address="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
            kind="everyday",
            kind_reason=(
                "Cats and dogs as people photograph them; many classes of ImageNet are breeds of "
                "both."
            ),
            download_mb=825,
            host="download.microsoft.com",
        ),
        DatasetSpec(
            id="tf_flowers",
            title="Flowers",
            version="3.0.1",
            num_images=3670,
            class_names=("dandelion", "daisy", "tulips", "sunflowers", "roses"),
            licence="CC BY 2.0",
            attribution="The TensorFlow Team, 2019; each photographer is named in the archive.",
            source="tf-flowers",
            about="3,670 photographs of five kinds of flowers, in many sizes.",
            citation="The TensorFlow Team: Flowers. 2019.",
            address="https://www.tensorflow.org/tutorials/load_data/images",
            kind="everyday",
            kind_reason=(
                "Photographs of flowers; ImageNet has few kinds of them, but the same sort of "
                "picture."
            ),
            download_mb=229,
            host="download.tensorflow.org",
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
            source="oxford-iiit-pet",
            about="37 breeds of cats and dogs with about 100 photographs each.",
            citation="Parkhi, Vedaldi, Zisserman and Jawahar: Cats and Dogs. IEEE CVPR, 2012.",
            address="https://www.robots.ox.ac.uk/~vgg/data/pets/",
            kind="detail",
            kind_reason=(
                "Breeds of cats and dogs, many of them classes of ImageNet; only details tell "
                "them apart."
            ),
            download_mb=812,
            host="thor.robots.ox.ac.uk",
            tfds_split=TRAIN_AND_TEST,
        ),
        DatasetSpec(
            id="beans",
            title="Bean leaves",
            version="0.1.0",
            num_images=1034,
            class_names=("angular_leaf_spot", "bean_rust", "healthy"),
            licence="MIT",
            attribution="Makerere AI Lab 2020, annotated by experts of NaCRRI, Uganda.",
            source="beans",
            about="Bean leaves photographed in the field: healthy, or one of two diseases?",
            citation="Makerere AI Lab: Bean disease dataset. 2020.",
            address="https://github.com/AI-Lab-Makerere/ibean/",
            kind="detail",
            kind_reason=(
                "Leaves taken with a phone; the whole picture is one leaf, and only spots on it "
                "count."
            ),
            download_mb=181,
            host="storage.googleapis.com",
            tfds_split=("train", "validation", "test"),
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
            source="eurosat",
            about="Europe from above, 64 x 64 pixels at a time: how is the land used?",
            citation=(
                "Helber, Bischke, Dengel and Borth: EuroSAT: A Novel Dataset and Deep Learning "
                "Benchmark for Land Use and Land Cover Classification. 2017."
            ),
            address="https://github.com/phelber/eurosat",
            kind="satellite",
            kind_reason=(
                "Land from above, 10 m a pixel, with no up or down; ImageNet looks at things from "
                "the side."
            ),
            download_mb=95,
            host="madm.dfki.de",
        ),
        DatasetSpec(
            id="malaria",
            title="Malaria",
            version="1.0.0",
            num_images=27558,
            class_names=("parasitized", "uninfected"),
            licence="None stated; published by the U.S. National Library of Medicine",
            attribution="Rajaraman et al. 2018, PeerJ 6:e4568.",
            source="malaria",
            about="Blood cells under a microscope: is there a malaria parasite in it?",
            citation=(
                "Rajaraman and others: Pre-trained convolutional neural networks as feature "
                "extractors toward improved malaria parasite detection in thin blood smear "
                "images. PeerJ 6:e4568, 2018."
            ),
            address="https://doi.org/10.7717/peerj.4568",
            kind="microscope",
            kind_reason=(
                "Stained cells, one a picture, on black; ImageNet has no pictures from a "
                "microscope."
            ),
            download_mb=354,
            host="data.lhncbc.nlm.nih.gov",
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
            source="cifar10",
            about="50,000 tiny photographs, 32 x 32 pixels, of ten things.",
            citation=(
                "Krizhevsky: Learning Multiple Layers of Features from Tiny Images. University of "
                "Toronto, 2009."
            ),
            address="https://www.cs.toronto.edu/~kriz/cifar.html",
            kind="everyday",
            kind_reason=(
                "Animals and vehicles that ImageNet has too, but 32 x 32 pixels small, so blurred "
                "once enlarged."
            ),
            download_mb=171,
            host="www.cs.toronto.edu",
            tfds_split=TRAIN_AND_TEST,
        ),
        DatasetSpec(
            id="rock_paper_scissors",
            title="Rock, paper, scissors",
            version="3.0.0",
            num_images=2520,
            class_names=("rock", "paper", "scissors"),
            licence="CC BY 2.0",
            attribution="Laurence Moroney 2019.",
            source="rock-paper-scissors",
            about="2,520 computer-generated hands that play the game.",
            citation="Moroney: Rock, Paper, Scissors Dataset. 2019.",
            address="https://laurencemoroney.com/datasets.html",
            kind="everyday",
            kind_reason=(
                "Rendered hands on white that look like photographs; ImageNet has hands, but no "
                "class of them."
            ),
            download_mb=231,
            host="storage.googleapis.com",
            tfds_split=TRAIN_AND_TEST,
        ),
    )
}


def disk_mb(download_mb: int) -> int:
    """Return the free space needed to prepare a dataset, in megabytes of 1,000,000 bytes.

    Args:
        download_mb: Size of the download in the same unit.

    Example:

    >>> disk_mb(825)
    2675
    """
    return DISK_SPACE_FACTOR * download_mb + DISK_SPACE_MARGIN_MB


def load_code(spec: DatasetSpec) -> str:
    """Return the code with which a tutorial reads a dataset through TFDS."""
    parts = "".join(f'        "{part}",\n' for part in spec.tfds_split)
    known = "import lib.training.builders  # registers the name\n" if spec.offline else ""
    return (
        f"import tensorflow_datasets as tfds\n{known}\n"
        f"(train, validation, test), info = tfds.load(\n"
        f'    "{spec.id}",\n    split=[\n{parts}    ],\n'
        "    as_supervised=True,\n    with_info=True,\n)\n"
    )


def get(dataset: str) -> DatasetSpec:
    """Return the spec of a dataset.

    Raises:
        ConfigError: If the dataset is unknown.
    """
    if dataset not in DATASETS:
        raise ConfigError(
            f"Thaw has no dataset called {dataset!r}.", f"Choose one of: {', '.join(DATASETS)}."
        )
    return DATASETS[dataset]


def is_own(dataset: str) -> bool:
    """Return True if an id belongs to the own images of some reader."""
    return dataset.startswith(OWN_PREFIX)


def is_possible(dataset: str) -> bool:
    """Return True if an id is one of the registry, or has the form of own images.

    Example:

    >>> is_possible("elpv"), is_possible("images-ab12cd34ef56"), is_possible("images-*")
    (True, True, False)
    """
    return dataset in DATASETS or re.fullmatch(f"{OWN_PREFIX}[0-9a-f]{{12}}", dataset) is not None


def unknown(dataset: str) -> str:
    """Return what to call a dataset that is not in the registry: a stored run may name any.

    A name of TFDS says what it is; anything else could be markup.

    Example:

    >>> unknown("stanford_dogs"), unknown("![](//host)")
    ('stanford_dogs', 'a dataset unknown here')
    """
    looks_like_one = re.fullmatch("[a-z0-9]+(_[a-z0-9]+)*", dataset) and len(dataset) <= 60
    return dataset if looks_like_one else "a dataset unknown here"


def anonymous(dataset: str) -> str:
    """Return a name for own images whose title is missing or must not be shown.

    Example:

    >>> anonymous("images-ab12cd34ef56")
    'own images ab12'
    """
    return f"own images {dataset.removeprefix(OWN_PREFIX)[:4]}"
