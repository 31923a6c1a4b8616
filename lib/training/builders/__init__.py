"""TFDS builders for the datasets that come with a Python package and need no network.

Importing this package registers them, so that `tfds.load("openmoji_animals_food")` works as it
does for any other TFDS name.

Imports: training, training.images.
"""

from lib.training.builders.digits import Digits
from lib.training.builders.elpv import Elpv
from lib.training.builders.openmoji_animals_food import OpenmojiAnimalsFood
from lib.training.builders.openmoji_themes import OpenmojiThemes

__all__ = ["Digits", "Elpv", "OpenmojiAnimalsFood", "OpenmojiThemes"]
