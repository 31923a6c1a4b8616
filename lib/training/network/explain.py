"""Class activation maps and Grad-CAM, on the last feature map."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lib.core import pooling
from lib.core.heads import HeadSpec

FloatArray = npt.NDArray[np.float32]


def is_exact(head: HeadSpec) -> bool:
    """True if a logit is the mean of its map plus bias: the head is GAP and one Dense layer."""
    return head.pooling == "gap" and not head.hidden_units


def cam(maps: FloatArray, kernel: FloatArray) -> FloatArray:
    """Class activation maps of one image: their mean plus the bias is the logit.

    Input shape: (rows, columns, channels) and (channels, outputs).
    Output shape: (rows, columns, outputs), signed.

    Reference:
        Zhou et al. 2016, "Learning Deep Features for Discriminative Localization" (cam).
    """
    return pooling.class_activation_map(maps[np.newaxis], kernel)[0].astype(np.float32)


def grad_cam(maps: tf.Tensor, top: Callable[[tf.Tensor], tf.Tensor]) -> FloatArray:
    """Grad-CAM of one image: channels weighted by the mean gradient of a logit.

    Only the layers after the feature map are differentiated, in inference mode, so the result does
    not depend on which backbone layers are frozen. The paper clips at 0; here the sign is kept.

    Args:
        maps: (1, rows, columns, channels).
        top: From the maps to (1, outputs) logits, in inference mode.

    Output shape: (rows, columns, outputs), signed. With a head of GAP and Dense it is the class
    activation map divided by the number of positions.

    Reference:
        Selvaraju et al. 2017, "Grad-CAM", equations 1 and 2 (grad-cam).
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(maps)
        logits = top(maps)
        outputs = [logits[0, index] for index in range(logits.shape[-1])]
    gradients = tf.stack([tape.gradient(output, maps)[0] for output in outputs])
    weights = tf.reduce_mean(gradients, axis=(1, 2))  # (outputs, channels)
    result: FloatArray = tf.einsum("hwc,oc->hwo", maps[0], weights).numpy()
    return result
