"""Global pooling: from a feature map to a vector, and from the vector to a decision."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


def _numbers(values: npt.ArrayLike, what: str) -> FloatArray:
    """Convert to an array; integers become float64, so that sums cannot overflow."""
    try:
        found = np.asarray(values)
    except ValueError:  # Rows of different lengths.
        found = np.asarray(values, dtype=object)
    if found.dtype.kind not in "iubf":
        raise ValueError(f"Expected {what} of numbers in even rows; received {found.dtype}.")
    return found if found.dtype.kind == "f" else found.astype(np.float64)


def _maps(maps: npt.ArrayLike) -> FloatArray:
    values = _numbers(maps, "feature maps")
    if values.ndim != 4 or 0 in values.shape:
        raise ValueError(
            "Expected feature maps of shape (batch, height, width, channels) with at least one "
            f"of each; received shape {values.shape}."
        )
    return values


def _kernel(weights: npt.ArrayLike, inputs: int) -> FloatArray:
    kernel = _numbers(weights, "weights")
    if kernel.ndim != 2 or kernel.shape[0] != inputs:
        raise ValueError(f"Expected weights of shape ({inputs}, classes); received {kernel.shape}.")
    return kernel


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
    """Sum the channels with the weights of a class: the positions from which its logit comes.

    Because the average of a weighted sum is the weighted sum of the averages, the mean of the
    result over its positions plus the bias of the class is the logit, within rounding.

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
    values = _maps(maps)
    result: FloatArray = values @ _kernel(weights, values.shape[-1])
    return result


def flatten(maps: npt.ArrayLike) -> FloatArray:
    """Concatenate all values, which a head without pooling gets as its input.

    Input shape: (batch, height, width, channels), none of them 0.
    Output shape: (batch, height * width * channels): row by row, in each position all channels.

    Raises:
        ValueError: If the rank is not 4 or the map is empty.

    Example:

    >>> flatten([[[[1.0, 10.0], [3.0, 30.0]]]])
    array([[ 1., 10.,  3., 30.]])
    """
    values = _maps(maps)
    return values.reshape(len(values), -1)


def logits(vectors: npt.ArrayLike, weights: npt.ArrayLike, bias: npt.ArrayLike) -> FloatArray:
    """Apply a Dense layer to pooled vectors: a weighted sum plus a bias for each class.

    Input shape: (batch, inputs), (inputs, classes) and (classes,).
    Output shape: (batch, classes).

    Raises:
        ValueError: If the shapes do not fit.

    Example:

    >>> logits([[2.0, 20.0]], [[1.0], [0.5]], [3.0])
    array([[15.]])
    """
    values, offset = _numbers(vectors, "vectors"), _numbers(bias, "a bias")
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(
            f"Expected vectors of shape (batch, inputs); received shape {values.shape}."
        )
    kernel = _kernel(weights, values.shape[-1])
    if offset.shape != kernel.shape[1:]:
        raise ValueError(f"Expected a bias of shape {kernel.shape[1:]}; received {offset.shape}.")
    result: FloatArray = values @ kernel + offset
    return result
