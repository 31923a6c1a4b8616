"""Global pooling: from a feature map to a vector."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


def _maps(maps: npt.ArrayLike) -> FloatArray:
    values = np.asarray(maps, dtype=np.float64 if np.asarray(maps).dtype.kind in "iub" else None)
    if values.ndim != 4 or 0 in values.shape:
        raise ValueError(
            "Expected feature maps of shape (batch, height, width, channels) with at least one "
            f"of each; received shape {values.shape}."
        )
    return values


def global_average_pool(maps: npt.ArrayLike) -> FloatArray:
    """Average each channel over all its positions.

    Input shape: (batch, height, width, channels), none of them 0.
    Output shape: (batch, channels).

    Raises:
        ValueError: If the rank is not 4 or the map is empty.

    Example:

    >>> global_average_pool([[[[1.0, 10.0], [3.0, 30.0]]]])
    array([[ 2., 20.]])

    Reference:
        Lin, Chen, Yan 2013, "Network in Network", section 3.2 (network-in-network).
    """
    result: FloatArray = _maps(maps).mean(axis=(1, 2))
    return result


def global_max_pool(maps: npt.ArrayLike) -> FloatArray:
    """Keep the largest value of each channel.

    Input shape: (batch, height, width, channels), none of them 0.
    Output shape: (batch, channels).

    Raises:
        ValueError: If the rank is not 4 or the map is empty.

    Example:

    >>> global_max_pool([[[[1.0, 10.0], [3.0, 30.0]]]])
    array([[ 3., 30.]])
    """
    result: FloatArray = _maps(maps).max(axis=(1, 2))
    return result


def class_activation_map(maps: npt.ArrayLike, weights: npt.ArrayLike) -> FloatArray:
    """Weigh the channels by what a class makes of them: where in the image its logit comes from.

    Because the average of a weighted sum is the weighted sum of the averages, the mean of the
    result over its positions plus the bias of the class is the logit, exactly.

    Input shape: (batch, height, width, channels) and (channels, classes).
    Output shape: (batch, height, width, classes).

    Raises:
        ValueError: If the ranks or the number of channels do not fit.

    Example:

    >>> class_activation_map([[[[1.0, 10.0], [3.0, 30.0]]]], [[1.0], [0.5]])
    array([[[[ 6.],
             [18.]]]])

    Reference:
        Zhou et al. 2016, "Learning Deep Features for Discriminative Localization" (cam).
    """
    values, kernel = _maps(maps), np.asarray(weights)
    if kernel.ndim != 2 or kernel.shape[0] != values.shape[-1]:
        raise ValueError(
            f"Expected weights of shape ({values.shape[-1]}, classes); received {kernel.shape}."
        )
    result: FloatArray = values @ kernel
    return result
