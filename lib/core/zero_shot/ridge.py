"""Ridge regression from a description to the weights of a classifier, or to what they answer."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Chosen before anything was measured, and not tuned: with one attribute in three true, it counts as
# much as one more animal.
STRENGTH = 1.0


@dataclass(frozen=True, eq=False)
class Ridge:
    """A fitted regression.

    Args:
        centre: (attributes,), mean description of the classes it was fitted to.
        mean: (targets,), their mean target.
        slopes: (attributes, targets), the change of the targets with each attribute.
    """

    centre: FloatArray
    mean: FloatArray
    slopes: FloatArray

    def at(self, descriptions: FloatArray) -> FloatArray:
        """Predict the targets of descriptions.

        Input shape: (..., attributes). Output shape: (..., targets).
        """
        predicted: FloatArray = self.mean + (descriptions - self.centre) @ self.slopes
        return predicted


def fit(descriptions: FloatArray, targets: FloatArray, strength: float = STRENGTH) -> Ridge:
    """Fit targets to descriptions, with a penalty on large slopes and none on the mean.

    The prediction is linear in the targets. So a regression on the weights of a classifier,
    applied to an image, equals a regression on the logits that these weights give to the image:
    the second form needs no image features and is what the browser computes.

    Args:
        descriptions: (classes, attributes), 0 or 1.
        targets: (classes, targets), for example the weights of each class.
        strength: The penalty, greater than 0, so that attributes that always go together have a
            solution too.

    Raises:
        ValueError: If the strength is not greater than 0, or there are not as many targets as
            descriptions.

    Example:

    >>> line = fit(np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]]), strength=0.5)
    >>> line.at(np.array([[0.0], [1.0]])).ravel().tolist()
    [1.5, 2.5]

    Reference:
        Hoerl and Kennard 1970 (hoerl-kennard-1970); from attributes to a classifier: Romera-Paredes
        and Torr 2015 (romera-paredes-2015).
    """
    if not strength > 0:
        raise ValueError(f"Expected a strength greater than 0; got {strength}.")
    if len(descriptions) != len(targets) or not len(descriptions):
        raise ValueError(f"Expected {len(descriptions)} targets, at least one; got {len(targets)}.")
    centre, mean = descriptions.mean(axis=0), targets.mean(axis=0)
    away = descriptions - centre
    gram = away.T @ away + strength * np.eye(away.shape[1])
    return Ridge(centre, mean, np.linalg.solve(gram, away.T @ (targets - mean)))
