"""Colour management: from the ICC profile of an image to sRGB."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

SRGB = ImageCms.createProfile("sRGB")
# White becomes white, black becomes black, what sRGB has stays as it looks, and what it does not
# have becomes a neighbour (docs/sources.md, `icc`).
INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
# Of 255. Two writings of sRGB differ by rounding, Display P3 from it by up to 50 and more.
SAME = 2
LEVELS = np.linspace(0, 255, 7).round().astype(np.uint8)


def to_srgb(mode: str, profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """The transform of an ICC profile to sRGB; None where it would change no colour.

    Args:
        mode: Of the image, as Pillow calls it; what is transparent does not matter.
        profile: As the file has it; b"" where it has none.
    """
    return _transform(profile, _mode(mode)) if profile else None


def converted(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    """An image in sRGB, without its transparency."""
    return transform.apply(image.convert(_mode(image.mode)))


def _mode(mode: str) -> str:
    """The colour space of a mode: grey, CMYK or RGB."""
    if mode in ("1", "L", "LA") or mode.startswith("I"):
        return "L"
    return "CMYK" if mode == "CMYK" else "RGB"


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """As `to_srgb`, once for each profile: the images of a dataset have few different ones.

    Most profiles describe sRGB. They are recognised by their effect on sample colours, not by their
    names, and cost nothing then: the pixels are those of an image without a profile. A profile that
    cannot be read, or is for another colour space than the image has, is ignored.
    """
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(opened, SRGB, mode, "RGB", INTENT, FLAGS)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    levels = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS), axis=-1).reshape(1, -1, 3)
    colours = Image.fromarray(levels).convert(mode)
    before, after = colours.convert("RGB"), transform.apply(colours)
    change = np.abs(np.asarray(before, int) - np.asarray(after, int)).max()
    return transform if change > SAME else None
