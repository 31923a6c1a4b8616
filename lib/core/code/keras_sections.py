"""The steps of a run as Keras code, one section each; lib.core.code.keras_run puts them together.

They repeat what lib.training does for the same configuration: the same order, the same seeds.
"""

import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from lib.core import backbones, heads, runs, strategies
from lib.core.backbones import BackboneSpec
from lib.core.code import keras_model
from lib.core.runs import Phase, Run, TrainConfig

BACKBONE_FILE = "backbone.keras"
IMAGES_FOLDER = "images"

LINE_LENGTH = 92
OPTIMIZERS: dict[str, str] = {
    "adam": "keras.optimizers.Adam(learning_rate)",
    "rmsprop": "keras.optimizers.RMSprop(learning_rate)",
    "sgd": "keras.optimizers.SGD(learning_rate, momentum=0.9)",
}


@dataclass(frozen=True)
class Section:
    """A step of the code: a cell of the notebook, a stretch of the script.

    Args:
        title: A few words.
        text: Why it is so, in a few sentences.
        code: Python, without a line break at the end.
    """

    title: str
    text: str
    code: str


def folder_names(class_names: Sequence[str]) -> tuple[str, ...]:
    """Names for the folders of the classes that every file system takes, all different.

    Example:

    >>> folder_names(["animal", "food/drink", "food drink"])
    ('animal', 'food_drink', 'food_drink_2')
    """
    names: list[str] = []
    for class_name in class_names:
        plain = re.sub(r"[^\w-]+", "_", class_name).strip("_") or "class"
        # Some file systems do not tell capitals apart.
        taken = {name.casefold() for name in names}
        count, name = 1, plain
        while name.casefold() in taken:
            count += 1
            name = f"{plain}_{count}"
        names.append(name)
    return tuple(names)


def needs_backbone_file(config: TrainConfig) -> bool:
    """True where keras.applications does not have the backbone, so that a file has to hold it."""
    return config.backbone not in keras_model.APPLICATIONS


def sections(run: Run) -> tuple[Section, ...]:
    """The code of a finished run, step by step.

    Args:
        run: With its history and its result.

    Raises:
        ConfigError: If it could not have been trained: what is in its fields becomes code.
    """
    config = run.config
    runs.check(config, config.num_images)
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    for name in filter(None, config.thaw_from.split(",")):
        backbones.layer_index(layers, name)
    outputs = heads.outputs_for(len(run.result["class_names"]))
    return (
        _settings(run),
        _images(),
        _backbone(config),
        _model(config, outputs),
        *([_thawing(config)] if strategies.get(config.strategy).fine_tunes else []),
        _compiling(config, outputs),
        _training(config),
        *(_phase(run, phase) for phase in config.phases),
        _evaluating(run),
    )


def _settings(run: Run) -> Section:
    names = json.dumps(folder_names(run.result["class_names"]), ensure_ascii=False)
    lines = [
        "from pathlib import Path",
        "",
        "import keras",
        "import numpy as np",
        "",
        f"SEED = {run.config.seed}",
        f"IMAGE_SIZE = {run.config.image_size}",
        f"BATCH_SIZE = {run.config.batch_size}",
        *_wrapped_list("CLASS_NAMES", names),
    ]
    if run.config.early_stopping:
        lines.append(f"PATIENCE = {run.config.early_stopping}")
    return Section(
        "Settings",
        "What decides how the run ends. Another seed is another run: other first weights of the "
        "head, and the training images in another order.",
        "\n".join(lines),
    )


def _wrapped_list(name: str, items: str) -> list[str]:
    """An assignment of a list, on several lines where one is too short."""
    if len(items) + len(name) + 3 <= LINE_LENGTH:
        return [f"{name} = {items}"]
    inside = textwrap.wrap(
        items[1:-1] + ",",
        LINE_LENGTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"{name} = [", *inside, "]"]


def _images() -> Section:
    return Section(
        "The images",
        "The split is on disk: one folder each for training, validation and test, in it one folder "
        "a class. The file names begin with the position an image had in the run, so sorting by "
        "name restores the order, and no image can be in two splits. They are already square and "
        "of the right size.",
        f'''\
def load(split):
    """Images (n, IMAGE_SIZE, IMAGE_SIZE, 3), uint8 RGB from 0 to 255, and labels (n,)."""
    files = sorted(Path("{IMAGES_FOLDER}", split).glob("*/*.png"), key=lambda file: file.name)
    images = np.stack([np.asarray(keras.utils.load_img(file)) for file in files])
    labels = np.array([CLASS_NAMES.index(file.parent.name) for file in files])
    return images, labels


train_images, train_labels = load("train")
validation_images, validation_labels = load("validation")
test_images, test_labels = load("test")
print(len(train_labels), "images to train on,", len(validation_labels), "to validate")''',
    )


def _backbone(config: TrainConfig) -> Section:
    spec = backbones.get(config.backbone)
    pretrained = strategies.get(config.strategy).pretrained
    lines = [
        "# Layers without a name of their own are numbered: from zero, also when run again.",
        "keras.utils.clear_session()",
        "keras.utils.set_random_seed(SEED)",
    ]
    if needs_backbone_file(config):
        lines.append(f'base = keras.saving.load_model("{BACKBONE_FILE}", compile=False)')
        first = "its ImageNet weights" if pretrained else "the random weights the run began with"
        return Section(
            "The backbone",
            f"{spec.title} without its classifier. keras.applications does not have it, so "
            f"{BACKBONE_FILE} holds it with {first}, before any training.",
            "\n".join(lines),
        )
    constructor, _ = keras_model.APPLICATIONS[spec.id]
    weights = '"imagenet"' if pretrained else "None"
    lines += [
        f"base = keras.applications.{constructor}(",
        f"    input_shape=(IMAGE_SIZE, IMAGE_SIZE, 3), include_top=False, weights={weights}",
        ")",
    ]
    if _drops(config):
        lines += ["", _DROPPING]
    if pretrained:
        text = (
            f"{spec.title} without its classifier. Keras downloads the ImageNet weights once and "
            "keeps them in its cache."
        )
    else:
        lines += ["", _FROM_SCRATCH]
        text = (
            f"{spec.title} with random weights: every initializer gets a seed of its own. Its "
            "BatchNormalization has momentum 0.9, because the moving statistics could not follow "
            "in so few steps with the usual 0.99."
        )
    return Section("The backbone", text, "\n".join(lines))


_DROPPING = '''
drop_rates = {
    layer.name: layer.rate for layer in base.layers if isinstance(layer, keras.layers.Dropout)
}


def drop_from(first):
    """Whole blocks are dropped while training, but not below what learns."""
    for index, layer in enumerate(base.layers):
        if layer.name in drop_rates:
            layer.rate = drop_rates[layer.name] if index >= first else 0.0'''.lstrip()

_FROM_SCRATCH = '''
import zlib


def seeded(value, key):
    """A layer's configuration with a seed in every random initializer."""
    if isinstance(value, list):
        return [seeded(part, f"{key}/{index}") for index, part in enumerate(value)]
    if not isinstance(value, dict):
        return value
    value = {name: seeded(part, f"{key}/{name}") for name, part in value.items()}
    return value | {"seed": zlib.crc32(f"{SEED}/{key}".encode())} if "seed" in value else value


def copy(layer):
    config = layer.get_config()
    if isinstance(layer, keras.layers.BatchNormalization):
        config["momentum"] = 0.9
    return type(layer).from_config(seeded(config, config["name"]))


base = keras.models.clone_model(base, clone_function=copy)'''.lstrip()


def _preprocessing(spec: BackboneSpec) -> str:
    if spec.id in keras_model.APPLICATIONS:
        return f"keras.applications.{keras_model.APPLICATIONS[spec.id][1]}.preprocess_input"
    # Only EfficientNet-Lite0 gets here, and its three channels are alike: (x - mean) / divisor.
    how = spec.preprocessing
    scale = how.scale if isinstance(how.scale, float) else how.scale[0]
    mean, divisor = how.mean[0], round(1 / scale)
    return f"keras.layers.Rescaling(1 / {divisor}, offset=-{mean:g} / {divisor})"


def _model(config: TrainConfig, outputs: int) -> Section:
    spec = backbones.get(config.backbone)
    lines = ["inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3))"]
    if config.augmentation:
        lines += [
            "# Only while training, and with other draws in every step.",
            'x = keras.layers.RandomFlip("horizontal", seed=SEED)(inputs)',
            'x = keras.layers.RandomRotation(0.1, fill_mode="nearest", seed=SEED + 1)(x)',
            'x = keras.layers.RandomZoom(0.1, fill_mode="nearest", seed=SEED + 2)(x)',
            "x = keras.layers.RandomContrast(0.1, value_range=(0, 255), seed=SEED + 3)(x)",
        ]
    lines.append(f"x = {_preprocessing(spec)}({'x' if config.augmentation else 'inputs'})")
    if config.batch_norm == "tutorial":
        lines += [
            "# As in the well-known tutorial. In Keras 3 fit() overrides it: the thawed",
            "# BatchNormalization layers run in training mode all the same.",
            "x = base(x, training=False)",
        ]
    else:
        lines.append("x = base(x)  # feature maps: (batch, height, width, channels)")
    lines.append(f"x = keras.layers.{heads.POOLINGS[config.pooling][1]}()(x)")
    if config.hidden_units:
        lines += [
            "x = keras.layers.Dense(",
            f"    {config.hidden_units},",
            '    activation="relu",',
            '    name="hidden",',
            "    kernel_initializer=keras.initializers.GlorotUniform(SEED + 1),",
            ")(x)",
        ]
    if config.dropout:
        lines.append(f"x = keras.layers.Dropout({config.dropout:g}, seed=SEED)(x)")
    lines += [
        "outputs = keras.layers.Dense(",
        f'    {outputs}, name="logits", kernel_initializer=keras.initializers.GlorotUniform(SEED)',
        ")(x)",
        "model = keras.Model(inputs, outputs)",
    ]
    logits = "One logit tells two classes apart" if outputs == 1 else "One logit a class"
    return Section(
        "The model",
        "The preprocessing is part of the model, so it can be neither forgotten nor done twice. "
        f"{logits}: the sigmoid or softmax is in the loss, and nowhere else.",
        "\n".join(lines),
    )


def _thawing(config: TrainConfig) -> Section:
    lines = _THAWING.splitlines()
    if config.batch_norm == "frozen":
        lines += _FREEZING_NORMS.splitlines()
        norms = "BatchNormalization is frozen in every phase."
    else:
        norms = "BatchNormalization is thawed with its neighbours, so its statistics move."
    return Section(
        "Thawing", f"Which layers learn is decided layer by layer. {norms}", "\n".join(lines)
    )


_THAWING = '''\
def position(name):
    return [layer.name for layer in base.layers].index(name)


def thaw_from(name):
    """Thaw every layer of the backbone from this one on; freeze those before it."""
    # Each layer by itself: `base.trainable = True` alone does nothing where it is True already,
    # and leaves frozen layers inside it frozen.
    base.trainable = True
    first = position(name)
    for index, layer in enumerate(base.layers):
        layer.trainable = index >= first'''

_FREEZING_NORMS = """\
    # A frozen BatchNormalization runs in inference mode: it normalizes with the statistics of
    # ImageNet and keeps them. Thawed, it would normalize with those of a batch and let them
    # move, and a short run on few images would drift away from what the frozen layers expect.
    # Calling base(x, training=False) instead does not survive fit() in Keras 3.
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False"""


def _compiling(config: TrainConfig, outputs: int) -> Section:
    if outputs == 1:
        loss = "BinaryCrossentropy"
        metric = 'BinaryAccuracy(name="accuracy", threshold=0.0)'
    else:
        loss = "SparseCategoricalCrossentropy"
        metric = 'SparseCategoricalAccuracy(name="accuracy")'
    two_rates = config.head_rate_factor != 1
    lines = [
        "def make_optimizer(learning_rate):",
        f"    return {OPTIMIZERS[config.optimizer]}",
        "",
        "",
    ]
    if two_rates:
        lines += [
            "def two_rates(learning_rate, head_factor):",
            '    """One optimizer for the backbone, and a faster one for the head."""',
            "    for_backbone = make_optimizer(learning_rate)",
            "    for_head = make_optimizer(learning_rate * head_factor)",
            "    of_backbone = {id(variable) for variable in base.variables}",
            "    return keras.optimizers.MultiOptimizer(",
            "        lambda variable: for_backbone if id(variable) in of_backbone else for_head",
            "    )",
            "",
            "",
        ]
    lines += [
        "def compile_model(optimizer):",
        "    model.compile(",
        "        optimizer=optimizer,",
        f"        loss=keras.losses.{loss}(from_logits=True),",
        f"        metrics=[keras.metrics.{metric}],",
        "        # On a CPU, compiled depthwise convolutions took ten times as long.",
        "        jit_compile=False,",
        "    )",
        "    learning = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)",
        '    print(f"{learning:,} of {model.count_params():,} parameters learn")',
    ]
    return Section(
        "Compiling",
        "compile() fixes which weights a training step changes. After every change of trainable "
        "the model is compiled again, or fit() would go on as before without a word. It also "
        "begins a new optimizer, which remembers no earlier step.",
        "\n".join(lines),
    )


def _training(config: TrainConfig) -> Section:
    stops = config.early_stopping
    lines = [
        "order = np.random.default_rng(SEED)",
        "history = []",
        "",
        "",
        "def train(num_epochs):",
        *(["    val_losses = []"] if stops else []),
        "    for _ in range(num_epochs):",
        "        shuffled = order.permutation(len(train_labels))",
        "        result = model.fit(",
        "            train_images[shuffled],",
        "            train_labels[shuffled],",
        "            validation_data=(validation_images, validation_labels),",
        "            batch_size=BATCH_SIZE,",
        "            shuffle=False,",
        "            verbose=0,",
        "        )",
        "        scores = {name: values[0] for name, values in result.history.items()}",
        "        history.append(scores)",
        '        line = "  ".join(f"{name} {value:.4f}" for name, value in scores.items())',
        '        print(f"epoch {len(history):3d}  {line}")',
    ]
    if stops:
        lines += [
            '        val_losses.append(scores["val_loss"])',
            "        if len(val_losses) > PATIENCE and (",
            "            min(val_losses[-PATIENCE:]) >= min(val_losses[:-PATIENCE])",
            "        ):",
            "            break  # no lower validation loss for PATIENCE epochs",
        ]
    return Section(
        "Training",
        "One fit() an epoch, because the order of the images comes from the generator of the run: "
        "one generator for all epochs, so that each of them has its own order.",
        "\n".join(lines),
    )


def _phase(run: Run, phase: Phase) -> Section:
    config = run.config
    optimizer = f"make_optimizer({phase.learning_rate!r})"
    if phase.name == "feature_extraction":
        heading = "only the head learns"
        text = (
            "A new head begins with random weights. Its first gradients would destroy what the "
            "backbone knows, so the backbone is frozen until the head is sensible. Thaw computes "
            "what comes out of the frozen layers once; here they run in every step, which takes "
            "longer and gives the same numbers."
        )
        lines = ["base.trainable = False"]
        if _drops(config):
            lines.append("drop_from(len(base.layers))")
    elif phase.name == "fine_tuning":
        heading = f"thawed from {phase.thaw_from}" if phase.thaw_from else "everything is thawed"
        text = (
            "Layers of the backbone learn too, at a rate low enough to change what they know and "
            "not to replace it. Compiled again, or nothing would change."
        )
        lines = [f"thaw_from({_layer(phase.thaw_from)})"]
        if _drops(config):
            deepest = _layer(config.thaw_from.split(",")[-1])
            lines.append(f"drop_from(position({deepest}))")
        if config.head_rate_factor != 1:
            text += f" The head learns {config.head_rate_factor:g} times as fast."
            optimizer = f"two_rates({phase.learning_rate!r}, {config.head_rate_factor!r})"
    else:
        heading = "everything learns"
        text = "Everything learns from random weights: what transfer learning is measured against."
        lines = []
    lines += [f"compile_model({optimizer})", f"train({phase.num_epochs})"]
    return Section(f"Phase {config.phases.index(phase) + 1}: {heading}", text, "\n".join(lines))


def _layer(name: str) -> str:
    """The name of a layer as Python text; the first layer's where there is none."""
    return f'"{name}"' if name else "base.layers[0].name"


def _drops(config: TrainConfig) -> bool:
    """True where frozen layers of the backbone would drop something while fit() runs.

    An augmented run has the whole graph in training mode, as fit() has it.
    """
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    pretrained = strategies.get(config.strategy).pretrained
    return pretrained and not config.augmentation and any(row.type == "Dropout" for row in layers)


def _evaluating(run: Run) -> Section:
    return Section(
        "The result",
        "The test images are used once, at the end. Next to each number is the one of the run in "
        "Thaw; on another machine rounding differs, and a prediction near the border may tip.",
        f"""\
_, val_accuracy = model.evaluate(validation_images, validation_labels, verbose=0)
_, test_accuracy = model.evaluate(test_images, test_labels, verbose=0)
print(f"validation accuracy {{val_accuracy:.4f}} (in Thaw {run.history[-1].val_accuracy:.4f})")
print(f"test accuracy {{test_accuracy:.4f}} (in Thaw {run.result["test_accuracy"]:.4f})")

# A model made of the same layers has no optimizer: what predicts, and nothing else.
keras.Model(model.inputs, model.outputs).save("model.keras")""",
    )
