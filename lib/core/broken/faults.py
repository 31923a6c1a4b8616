"""The faults that a run can have on purpose: what each one does, and the line of code that differs.

Long because it holds a registry, one entry per fault, in the order of the page.

A fault is a setting of a run like any other (`fault` in lib/core/config.py). Mended, the run has
the same configuration without it. Some faults are only wrong values of settings: `settings` then
says which, and the run is trained like any run with those values. The others are acted out where
the run is trained: those of the data in `lib/training/sources/broken_data.py`, those of the input
in `inputs.py`, and the others in `lib/training/engine/network.py` and `lib/training/model.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lib.core.errors import ConfigError

# Values of settings, by name.
Values = Mapping[str, Any]

RATE_TOO_HIGH, RATE_TOO_LOW = 100.0, 0.001
# Share of the training images that get a wrong label.
SHUFFLED_SHARE = 0.3
# One image in so many of the rare class stays.
RARE_ONE_IN = 20
FEW_VALIDATION_IMAGES = 10


def _nothing(values: Values) -> dict[str, Any]:
    return {}


def _together(values: Values) -> dict[str, Any]:
    """All epochs are epochs of fine-tuning, at the rate of the head."""
    return {
        "head_epochs": 0,
        "fine_tune_epochs": values["head_epochs"] + values["fine_tune_epochs"],
        "fine_tune_learning_rate": values["head_learning_rate"],
        "head_rate_factor": 1.0,
    }


def _rates(values: Values, factor: float) -> dict[str, Any]:
    names = ("head_learning_rate", "fine_tune_learning_rate")
    return {name: values[name] * factor for name in names}


def _one_rate(values: Values) -> dict[str, Any]:
    """The rate of the head goes on, because the optimizer does."""
    rate = values["head_learning_rate"]
    return {"fine_tune_learning_rate": rate, "step_rate_factor": 1.0, "head_rate_factor": 1.0}


# What a fault needs of a run -> whether it is there, what to say if not, and what to do about it.
NEEDS: dict[str, tuple[Callable[[Values], bool], str, str]] = {
    "fine_tuning": (
        lambda values: values["strategy"] != "from_scratch" and values["fine_tune_epochs"] > 0,
        "This fault happens while the backbone is fine-tuned, and this run does not fine-tune it.",
        "Choose a strategy that thaws layers.",
    ),
    "head_first": (
        lambda values: values["head_epochs"] > 0,
        "This fault happens after the head was trained, and this run does not train it first.",
        "Give the head at least one epoch.",
    ),
    "one_step": (
        lambda values: "," not in values["thaw_from"] and values["strategy"][:7] != "gradual",
        "This fault happens at the one moment of thawing, and this run thaws in several steps.",
        "Choose another strategy.",
    ),
    "steps": (
        lambda values: values["head_solver"] == "steps",
        "This fault happens in the steps of the optimizer, and the head of this run is solved "
        "without them.",
        "Train the head epoch by epoch.",
    ),
    "pretrained": (
        lambda values: values["strategy"] != "from_scratch",
        "This fault takes the pretrained weights away, and this run has none.",
        "Choose another strategy.",
    ),
    "from_scratch": (
        lambda values: values["strategy"] == "from_scratch",
        "This fault happens in a network with random weights, and this run starts from pretrained "
        "ones.",
        "Choose the strategy From scratch.",
    ),
    "frozen_statistics": (
        lambda values: values["batch_norm"] == "frozen",
        "This fault thaws BatchNormalization, and in this run it is thawed already.",
        "Keep BatchNormalization frozen.",
    ),
    "vector": (
        lambda values: values["pooling"] != "flatten",
        "This fault gives the run a Flatten head, and it has one already.",
        "Choose another pooling.",
    ),
    "own_split": (
        lambda values: values["judged_by"] == "test_images",
        "This fault is in the split of the images, and a cross-validated run has none.",
        "Judge the run by test images.",
    ),
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a run.

    Args:
        id: Value of the setting `fault`, in links and run folders.
        name: What is wrong, in a few plain words.
        does: What the fault does, in one or two sentences.
        broken: The line of Keras code as it is wrong.
        mended: The same line as it should be.
        settings: From the settings of a run to those that the fault changes.
        is_acted: True if training itself acts it out; False if the changed settings are all of it.
        needs: Keys of NEEDS: what a run must have for this fault.
    """

    id: str
    name: str
    does: str
    broken: str
    mended: str
    settings: Callable[[Values], dict[str, Any]] = _nothing
    is_acted: bool = True
    needs: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The fault in two or three words, for a list or beside a line.

        Example:

        >>> FAULTS["labels_shifted"].short
        'labels shifted'
        """
        return self.id.replace("_", " ")


FAULTS: dict[str, Fault] = {
    fault.id: fault
    for fault in (
        Fault(
            "thawed_together",
            "Head and backbone are trained together from the start",
            "The backbone is thawed before the head has learned anything, and both are trained at "
            "the learning rate of the head. The large errors of an untrained head change the "
            "pretrained weights.",
            "base.trainable = True; model.compile(Adam(1e-3), loss); model.fit(train, epochs=10)",
            "base.trainable = False; model.compile(Adam(1e-3), loss); model.fit(train, epochs=5)  "
            "# then thaw, Adam(1e-4)",
            _together,
            is_acted=False,
            needs=("fine_tuning", "head_first", "steps"),
        ),
        Fault(
            "batch_norm_thawed",
            "BatchNormalization is thawed with small batches",
            "The BatchNormalization layers of the backbone are trained with the others. They then "
            "use the mean and variance of each batch, which say little if a batch has few images.",
            "layer.trainable = True",
            "layer.trainable = not isinstance(layer, BatchNormalization)",
            lambda values: {"batch_norm": "thawed"},
            is_acted=False,
            needs=("fine_tuning", "frozen_statistics"),
        ),
        Fault(
            "never_compiled",
            "Layers are thawed without compiling again",
            "The layers are set to trainable, and the summary counts them. But the model is not "
            "compiled again, so the steps go on training the head alone, at the head's rate.",
            "base.trainable = True; model.fit(train)",
            "base.trainable = True; model.compile(Adam(1e-4), loss); model.fit(train)",
            _one_rate,
            needs=("fine_tuning", "head_first", "one_step", "steps"),
        ),
        Fault(
            "preprocessed_twice",
            "Preprocessing is applied twice",
            "The images are scaled for the network, and the scaled values are scaled once more. "
            "With most networks all values then lie close together.",
            "x = preprocess_input(preprocess_input(image))",
            "x = preprocess_input(image)",
        ),
        Fault(
            "wrong_range",
            "The input has the wrong range",
            "The network gets values of a range in which it has never seen any: 0 to 255 without "
            "preprocessing, or 0 to 1 if the network itself expects 0 to 255.",
            "x = image",
            "x = preprocess_input(image)",
        ),
        Fault(
            "labels_shuffled",
            "Some training labels are wrong",
            f"{SHUFFLED_SHARE:.0%} of the training images have the label of another class. The "
            "labels of the validation and test images are right.",
            "labels[wrong] = (labels[wrong] + rng.integers(1, num_classes, len(wrong))) "
            "% num_classes",
            "labels = read_labels()",
        ),
        Fault(
            "labels_shifted",
            "Training labels are shifted by one class",
            "Every training image has the label of the next class, as if the class names were "
            "listed in another order for training than for validation.",
            "labels = (labels + 1) % num_classes",
            "labels = labels",
            needs=("own_split",),
        ),
        Fault(
            "validation_in_training",
            "Validation images are training images",
            "The validation images are taken from the training images, so validation measures "
            "what the network has seen. The test images are new to it.",
            "validation = train.take(len(validation))",
            "validation = rest.take(len(validation))  # files that are not in train",
            needs=("own_split",),
        ),
        Fault(
            "other_distribution",
            "Training images look different from validation images",
            "The training images are negatives: dark is bright and each colour is its opposite. "
            "The validation and test images are as they were.",
            "train = train.map(lambda image, label: (255 - image, label))",
            "train = train",
            needs=("own_split",),
        ),
        Fault(
            "few_validation_images",
            "There are too few validation images",
            f"Only {FEW_VALIDATION_IMAGES} validation images are left, so each of them is worth "
            f"{1 / FEW_VALIDATION_IMAGES:.0%} of the accuracy.",
            f"validation = validation.take({FEW_VALIDATION_IMAGES})",
            "validation = validation",
            needs=("own_split",),
        ),
        Fault(
            "rate_too_high",
            "The learning rate is far too high",
            f"Every learning rate of the run is {RATE_TOO_HIGH:,.0f} times as high as it should "
            "be.",
            f"optimizer = Adam({RATE_TOO_HIGH:,.0f} * learning_rate)",
            "optimizer = Adam(learning_rate)",
            lambda values: _rates(values, RATE_TOO_HIGH),
            is_acted=False,
            needs=("steps",),
        ),
        Fault(
            "rate_too_low",
            "The learning rate is far too low",
            f"Every learning rate of the run is {1 / RATE_TOO_LOW:,.0f} times as low as it should "
            "be.",
            f"optimizer = Adam(learning_rate / {1 / RATE_TOO_LOW:,.0f})",
            "optimizer = Adam(learning_rate)",
            lambda values: _rates(values, RATE_TOO_LOW),
            is_acted=False,
            needs=("steps",),
        ),
        Fault(
            "flatten_head",
            "A Flatten head with too many weights",
            "The head sees every place of the feature map by itself instead of the average over "
            "all places. It has many times as many weights, and as few images to fit them to.",
            "x = Flatten()(features)",
            "x = GlobalAveragePooling2D()(features)",
            lambda values: {"pooling": "flatten"},
            is_acted=False,
            needs=("vector",),
        ),
        Fault(
            "destroying_augmentation",
            "Augmentation destroys the class",
            "Training images are turned by any angle, mirrored both ways and cut to a small part, "
            "so that often nothing is left of what tells the classes apart.",
            'augment = [RandomFlip("horizontal_and_vertical"), RandomRotation(0.5), '
            "RandomZoom((-0.8, -0.4))]",
            "augment = []  # or changes after which a person still knows the class",
            lambda values: {"augmentation": True, "head_solver": "steps"},
            needs=("steps",),
        ),
        Fault(
            "rare_class",
            "One class has far too few images",
            f"Of the last class, one image in {RARE_ONE_IN} is left for training and validation. "
            "A network that hardly ever says this class still looks accurate.",
            f"images = [*first_class, *last_class[::{RARE_ONE_IN}]]",
            "images = [*first_class, *last_class]",
            needs=("own_split",),
        ),
        Fault(
            "sigmoid_from_logits",
            "The head ends in a sigmoid, and the loss expects logits",
            "The outputs are squeezed into 0 to 1 before a loss that takes them for logits. No "
            "output is below 0, so with two classes every image is class 1.",
            'Dense(1, activation="sigmoid"); BinaryCrossentropy(from_logits=True)',
            "Dense(1); BinaryCrossentropy(from_logits=True)",
            needs=("steps",),
        ),
        Fault(
            "random_backbone",
            "The frozen backbone has random weights",
            "The pretrained weights were never loaded. Frozen random layers stay as they are, so "
            "the head gets features that mean nothing.",
            "base = EfficientNetLite0(weights=None)",
            'base = EfficientNetLite0(weights="imagenet")',
            needs=("pretrained",),
        ),
        Fault(
            "slow_statistics",
            "The statistics of BatchNormalization move too slowly",
            "The network is trained from scratch with the usual momentum of 0.99, which needs "
            "hundreds of steps. Evaluation uses moving statistics that are still near their first "
            "values.",
            "BatchNormalization(momentum=0.99)",
            "BatchNormalization(momentum=0.9)",
            needs=("from_scratch",),
        ),
    )
}


def get(fault: str) -> Fault:
    """Return a fault.

    Raises:
        ConfigError: If it is unknown.
    """
    if fault not in FAULTS:
        raise ConfigError(
            f"Thaw has no fault called {fault!r}.", f"Choose one of: {', '.join(FAULTS)}."
        )
    return FAULTS[fault]


def refusal(fault: str, values: Values) -> ConfigError | None:
    """Return why a run cannot have a fault; None if it can.

    Args:
        fault: Key of FAULTS.
        values: All settings of the run.
    """
    for need in get(fault).needs:
        is_there, words, next_step = NEEDS[need]
        if not is_there(values):
            return ConfigError(words, next_step)
    return None
