"""The freeze plan of a run in PyTorch, on torchvision's ResNet50: code to read and compare.

The code is equivalent but not identical: torchvision's ResNet50 has other weights, other
preprocessing and no biases in its convolutions. Frozen layers, phases and learning rates are the
same.
"""

from collections.abc import Sequence

from lib.code import templates
from lib.core import backbones, freezing, heads, runs, strategies
from lib.core.backbones import LayerRow
from lib.core.freezing import FreezePlan
from lib.core.heads import HeadSpec
from lib.core.runs import Phase, Run, TrainConfig

BACKBONE = "resnet50"
FEATURES = (7, 7, 2048)  # (height, width, channels) at 224 pixels

# Keras's numbered parts of a block -> their names in torchvision.
PARTS = {"0_conv": "downsample.0", "0_bn": "downsample.1"} | {
    f"{number}_{kind}": f"{kind}{number}" for number in (1, 2, 3) for kind in ("conv", "bn")
}
# First layer of each stage of ResNet50, from output to input.
STAGES = (*(f"conv{stage}_block1_1_conv" for stage in (5, 4, 3, 2)), "conv1_conv")


def module_name(layer: str) -> str:
    """The torchvision module that corresponds to a Keras layer of ResNet50.

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

    For another backbone, each step thaws one stage of ResNet50, from output to input, with the
    same number of steps. "" thaws everything.
    """
    names = strategies.cuts(config.strategy, config.thaw_from)
    if config.backbone == BACKBONE:
        return names
    return tuple(name and stage for name, stage in zip(names, STAGES, strict=False))


def thawed_modules(layers: Sequence[LayerRow], cut: str) -> tuple[str, ...]:
    """The thawed torchvision modules for a cut; complete stages and blocks have one name.

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


def trainable_params(run: Run, phase: Phase) -> int:
    """Parameters that learn in a phase, with torchvision's ResNet50 as backbone.

    Its convolutions have no biases. In Keras they have biases, which have no effect, because
    BatchNormalization subtracts the mean.
    """
    config, layers = run.config, backbones.load_layer_table(BACKBONE)
    cut = cuts(config)[phase.step - 1]
    plan = strategies.phase_plan(phase.name, config.strategy, layers, cut, config.batch_norm)
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
    """The phases of a run in PyTorch, for reading; with the images of the run it is executable.

    Args:
        run: A run with `class_names` in its result.

    Raises:
        ConfigError: If the run names a layer ResNet50 does not have.
    """
    config, head = run.config, head_spec(run)
    runs.check(config, config.num_images)
    (features,) = heads.pooled_shape(head, FEATURES)
    return templates.render(
        "torch_run.py.j2",
        run=run,
        config=config,
        pretrained=strategies.get(config.strategy).pretrained,
        head=head,
        features=features,
        phases=[_phase(run, phase) for phase in config.phases],
    )


def _phase(run: Run, phase: Phase) -> tuple[Phase, str, tuple[str, ...], str]:
    """A phase, its description, the modules it thaws, and the number of trainable parameters."""
    modules: tuple[str, ...] = ()
    words = "the head learns"
    if phase.name != "feature_extraction":
        cut = cuts(run.config)[phase.step - 1]
        modules = thawed_modules(backbones.load_layer_table(BACKBONE), cut)
        words = f"thawed from Keras's {cut} on" if cut else "everything learns"
    return phase, words, modules, f"{trainable_params(run, phase):,}"
