"""What a network receives of an image: its own preprocessing, or that of a broken run."""

import numpy as np

from lib.core import backbones
from lib.core.backbones import BUILT_IN, Preprocessing
from lib.core.runs import TrainConfig

# For a network that preprocesses its input itself: what many tutorials do before it.
ZERO_TO_ONE = Preprocessing("RGB", (0.0, 0.0, 0.0), 1 / 255)


def preprocessing_of(config: TrainConfig) -> Preprocessing:
    """Return the preprocessing of a run: that of its backbone, unless its fault is another one.

    Example:

    >>> from lib.core.runs import make_config
    >>> low, high = preprocessing_of(make_config(fault="preprocessed_twice")).value_range
    >>> round(low, 3), round(high, 3)
    (-1.0, -0.984)
    """
    own = backbones.get(config.backbone).preprocessing
    if config.fault == "wrong_range":
        return ZERO_TO_ONE if own == BUILT_IN else BUILT_IN
    if config.fault == "preprocessed_twice":
        return _twice(ZERO_TO_ONE if own == BUILT_IN else own)
    return own


def _twice(how: Preprocessing) -> Preprocessing:
    """The same preprocessing applied to its own result, as one.

    With s for the scale and m for the mean, ((x - m) s - m) s is (x - m - m / s) s s. The order of
    the channels is turned twice, so it is that of the image; the means belong to the turned order.
    """
    scale = np.broadcast_to(np.asarray(how.scale, float), 3)
    mean = np.asarray(how.mean, float)
    if how.order == "BGR":
        # The first pass subtracts from channels in the order BGR, the second in the order RGB.
        first_mean, first_scale = mean[::-1], scale[::-1]
    else:
        first_mean, first_scale = mean, scale
    both = first_mean + mean / first_scale
    a, b, c = (float(value) for value in both)
    d, e, f = (float(value) for value in first_scale * scale)
    return Preprocessing("RGB", (a, b, c), (d, e, f))
