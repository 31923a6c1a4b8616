"""Pictures of a reader's own for the browser tests: drawn here, as real image files."""

import io
import random
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

PHOTOGRAPHS = Path(__file__).resolve().parents[1] / "data" / "photographs"
SQUARES, SQUARE_SIZE = 4, 128
SHAPES = ("circle", "square")


def picture(shape: str, seed: int, form: str = "PNG") -> bytes:
    """A dark circle or square somewhere on a light ground, as a file."""
    draw = random.Random(f"{shape} {seed}")
    image = Image.new("RGB", (220, 180), tuple(draw.randrange(180, 255) for _ in range(3)))
    x, y, side = draw.randrange(10, 90), draw.randrange(10, 70), draw.randrange(50, 100)
    ink = tuple(draw.randrange(0, 120) for _ in range(3))
    on = ImageDraw.Draw(image)
    (on.ellipse if shape == "circle" else on.rectangle)((x, y, x + side, y + side), fill=ink)
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def pictures(num: int, shapes: Sequence[str] = SHAPES) -> dict[str, bytes]:
    """Path in a folder with one folder a class -> file."""
    return {f"{shape}/{n}.png": picture(shape, n) for shape in shapes for n in range(num)}


def large_pictures(num: int) -> dict[str, bytes]:
    """As `pictures`, of six megapixels each: some seconds of work."""
    # Soft, so that a hundred of them are not too large to upload.
    ground = Image.effect_noise((30, 20), 90).resize((3_000, 2_000)).convert("RGB")
    files = {}
    for shape in SHAPES:
        for number in range(num):
            ground.paste((4 * number, 0, 255 * (shape == "circle")), (0, 0, 300, 300))
            file = io.BytesIO()
            ground.save(file, "JPEG", quality=60)
            files[f"{shape}/{number}.jpg"] = file.getvalue()
    return files


def photographs(kind: str) -> list[bytes]:
    """Sixteen photographs of one kind, each of 128 x 128 pixels and of another place.

    Args:
        kind: Name of a file in tests/data/photographs, whose README says where it comes from.
    """
    files = []
    with Image.open(PHOTOGRAPHS / f"{kind}.jpg") as whole:
        for place in range(SQUARES**2):
            left, top = (SQUARE_SIZE * part for part in divmod(place, SQUARES))
            file = io.BytesIO()
            square = whole.crop((left, top, left + SQUARE_SIZE, top + SQUARE_SIZE))
            square.convert("RGB").save(file, "JPEG", quality=90)
            files.append(file.getvalue())
    return files


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    """An archive of some files; returns its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
