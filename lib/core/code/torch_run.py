"""The freeze plan of a run in PyTorch, on torchvision's ResNet50: code to read and compare.

An equivalent and no copy: torchvision's ResNet50 has other weights, other preprocessing and no
biases in its convolutions. What is frozen, when, and at which learning rate is the same.
"""

from collections.abc import Sequence

from lib.core import backbones, freezing, heads, strategies
from lib.core.backbones import LayerRow
from lib.core.freezing import FreezePlan
from lib.core.heads import HeadSpec
from lib.core.runs import Phase, Run, TrainConfig

BACKBONE = "resnet50"
FEATURES = (7, 7, 2048)  # (height, width, channels) at 224 pixels

# What torchvision calls the parts of a block that Keras numbers.
PARTS = {
    "0_conv": "downsample.0",
    "0_bn": "downsample.1",
    "1_conv": "conv1",
    "1_bn": "bn1",
    "2_conv": "conv2",
    "2_bn": "bn2",
    "3_conv": "conv3",
    "3_bn": "bn3",
}
# Where a stage of ResNet50 begins, from the head downwards.
STAGES = (*(f"conv{stage}_block1_1_conv" for stage in (5, 4, 3, 2)), "conv1_conv")

# With the constants of Keras, where PyTorch has others.
OPTIMIZERS: dict[str, str] = {
    "adam": "torch.optim.Adam(groups, eps=1e-7)",
    "rmsprop": "torch.optim.RMSprop(groups, alpha=0.9, eps=1e-7)",
    "sgd": "torch.optim.SGD(groups, momentum=0.9)",
}


def module_name(layer: str) -> str:
    """The torchvision module that is this Keras layer of ResNet50.

    Example:

    >>> module_name("conv1_conv"), module_name("conv5_block1_0_bn")
    ('conv1', 'layer4.0.downsample.1')
    """
    stage, _, rest = layer.partition("_")
    if stage == "conv1":
        return f"{rest}1"
    block, _, part = rest.partition("_")
    # Keras counts stages from conv2 and blocks from 1, torchvision from layer1 and 0.
    return f"layer{int(stage[-1]) - 1}.{int(block.removeprefix('block')) - 1}.{PARTS[part]}"


def cuts(config: TrainConfig) -> tuple[str, ...]:
    """First thawed layer of each fine-tuning phase, as a layer of Keras's ResNet50.

    A run with another backbone is translated: as many steps, one stage each, from the head
    downwards. "" thaws everything.
    """
    if config.strategy != "partial_fine_tuning":
        return ("",)
    names = tuple(config.thaw_from.split(","))
    return names if config.backbone == BACKBONE else STAGES[: len(names)]


def thawed_modules(layers: Sequence[LayerRow], cut: str) -> tuple[str, ...]:
    """The torchvision modules thawed from a Keras layer on: whole stages and blocks by one name.

    Args:
        layers: Layer table of resnet50.
        cut: First thawed layer; "" for everything.

    Raises:
        ConfigError: If ResNet50 has no such layer.

    Example:

    >>> layers = backbones.load_layer_table("resnet50")
    >>> thawed_modules(layers, "conv5_block1_1_conv")
    ('layer4',)
    >>> thawed_modules(layers, "conv5_block3_3_conv")
    ('layer4.2.conv3', 'layer4.2.bn3')
    """
    plan = FreezePlan.from_layer(layers, cut) if cut else FreezePlan.none()
    thawed = {module_name(row.name): not plan.is_frozen(row) for row in layers if row.weights}
    found = []
    for name in thawed:
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            module = ".".join(parts[:depth])
            inside = [learns for other, learns in thawed.items() if _is_in(other, module)]
            if all(inside):
                found.append(module)
                break
    return tuple(dict.fromkeys(found))


def _is_in(name: str, module: str) -> bool:
    return f"{name}.".startswith(f"{module}.")


def head_spec(run: Run) -> HeadSpec:
    """The head of a run."""
    config = run.config
    outputs = heads.outputs_for(len(run.result["class_names"]))
    return HeadSpec(config.pooling, config.hidden_units, config.dropout, outputs)


def phase_plan(run: Run, phase: Phase) -> FreezePlan:
    """What is frozen in a phase, as a plan for Keras's ResNet50."""
    layers = backbones.load_layer_table(BACKBONE)
    if phase.name == "feature_extraction":
        return FreezePlan.all(layers)
    cut = cuts(run.config)[phase.step - 1]
    return strategies.final_plan(run.config.strategy, layers, cut, run.config.batch_norm)


def trainable_params(run: Run, phase: Phase) -> int:
    """Parameters that learn in a phase, with torchvision's ResNet50 as backbone.

    Its convolutions have no biases. In Keras they have, and the mean that BatchNormalization
    subtracts takes them out again.
    """
    layers, plan = backbones.load_layer_table(BACKBONE), phase_plan(run, phase)
    biases = sum(
        weight.size
        for row in layers
        if row.type == "Conv2D" and not plan.is_frozen(row)
        for weight in row.weights
        if weight.name == "bias"
    )
    head = heads.count_params(head_spec(run), FEATURES)
    return freezing.count_params(layers, plan).trainable - biases + head.trainable


def code(run: Run) -> str:
    """The phases of a run in PyTorch, to read; with the images of the run it also runs.

    Args:
        run: With `class_names` in its result.

    Raises:
        ConfigError: If the run names a layer ResNet50 does not have.
    """
    parts = (_opening(run), _freezing(run), _training(run), "\n".join(_phases(run)))
    return "\n\n\n".join(part.strip() for part in parts) + "\n"


def _opening(run: Run) -> str:
    config = run.config
    weights = '"IMAGENET1K_V1"' if strategies.get(config.strategy).pretrained else "None"
    translated = "" if config.backbone == BACKBONE else _TRANSLATED
    augmentation = _AUGMENTATION if config.augmentation else ""
    transform = "augment" if config.augmentation else "preprocess"
    return f'''"""The freeze plan of run {run.id} of Thaw in PyTorch, on torchvision's ResNet50.
{translated}
Not the same numbers: torchvision's weights and preprocessing are others, and its convolutions
have no biases. The same plan: what is frozen, when, and at which learning rate.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, models
from torchvision.transforms import v2

torch.manual_seed({config.seed})
preprocess = models.ResNet50_Weights.IMAGENET1K_V1.transforms(resize_size=224)
{augmentation}train_set = datasets.ImageFolder("images/train", {transform})
loader = DataLoader(train_set, batch_size={config.batch_size}, shuffle=True)

model = models.resnet50(weights={weights})
{_head(run)}
'''


_TRANSLATED = """
The run has another backbone. Its cut is translated: from the head downwards, a stage of ResNet50
for each step of fine-tuning.
"""

_AUGMENTATION = """\
augment = v2.Compose(
    [
        v2.RandomHorizontalFlip(),
        v2.RandomAffine(degrees=36, scale=(0.9, 1.1)),
        v2.ColorJitter(contrast=0.1),
        preprocess,
    ]
)
"""


def _head(run: Run) -> str:
    head = head_spec(run)
    (features,) = heads.pooled_shape(head, FEATURES)
    lines = {
        "gap": [],
        "gmp": ["model.avgpool = nn.AdaptiveMaxPool2d(1)"],
        "flatten": ["model.avgpool = nn.Identity()  # every position of the last map"],
    }[head.pooling]
    layers = []
    if head.hidden_units:
        layers += [f"nn.Linear({features}, {head.hidden_units})", "nn.ReLU()"]
    if head.dropout:
        layers.append(f"nn.Dropout({head.dropout:g})")
    layers.append(f"nn.Linear({head.hidden_units or features}, {head.outputs})")
    new = layers[0]
    if len(layers) > 1:
        new = "nn.Sequential(\n    " + ",\n    ".join(layers) + ",\n)"
    return "\n".join([*lines, "# In place of the 1,000 classes.", f"model.fc = {new}"])


def _freezing(run: Run) -> str:
    norms = _FROZEN_NORMS if run.config.batch_norm == "frozen" else ""
    return f'''def thaw(*modules):
    """Let the head and these modules learn; freeze everything else."""
    learning = tuple(f"{{module}}." for module in ("fc", *modules))
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(learning)
{norms}

def training_mode():
    """Before each epoch: dropout on, and what is frozen in inference mode."""
    model.train()
    # In Keras `trainable = False` also puts a BatchNormalization into inference mode. Here
    # requires_grad says nothing of its running statistics, and model.train() lets them move:
    # they have to be stopped again every time.
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()
'''


_FROZEN_NORMS = """\
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)
"""


def _training(run: Run) -> str:
    config = run.config
    one_logit = head_spec(run).outputs == 1
    loss = "BCEWithLogitsLoss" if one_logit else "CrossEntropyLoss"
    value = (
        "loss_function(model(images)[:, 0], labels.float())"
        if one_logit
        else "loss_function(model(images), labels)"
    )
    return f"""
loss_function = nn.{loss}()


def train(num_epochs, learning_rate, head_factor=1.0):
    # A new optimizer, with what learns and nothing else: what compile() does in Keras.
    body = [p for n, p in model.named_parameters() if p.requires_grad and not n.startswith("fc.")]
    groups = [
        {{"params": body, "lr": learning_rate}},
        {{"params": model.fc.parameters(), "lr": learning_rate * head_factor}},
    ]
    optimizer = {OPTIMIZERS[config.optimizer]}
    for _ in range(num_epochs):
        training_mode()
        for images, labels in loader:
            optimizer.zero_grad()
            {value}.backward()
            optimizer.step()

"""


def _phases(run: Run) -> list[str]:
    layers, config = backbones.load_layer_table(BACKBONE), run.config
    parts = []
    for number, phase in enumerate(config.phases, start=1):
        modules: tuple[str, ...] = ()
        words = "the head learns"
        if phase.name != "feature_extraction":
            cut = cuts(config)[phase.step - 1]
            modules = thawed_modules(layers, cut)
            words = f"thawed from Keras's {cut} on" if cut else "everything learns"
        factor = config.head_rate_factor if phase.name == "fine_tuning" else 1
        more = f", head_factor={factor!r}" if factor != 1 else ""
        names = ", ".join(f'"{module}"' for module in modules)
        parts.append(
            f"# Phase {number}: {words}, {trainable_params(run, phase):,} parameters.\n"
            f"thaw({names})\n"
            f"train({phase.num_epochs}, learning_rate={phase.learning_rate!r}{more})\n"
        )
    return parts
