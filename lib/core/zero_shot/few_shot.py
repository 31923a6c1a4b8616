"""A classifier from a few images: the class with the nearest mean of features."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Images of each class in one draw, and how many draws: their spread is what the figure shows.
SHOTS = (1, 2, 5, 10)
NUM_DRAWS = 200
SEED = 0
# The middle of the draws that a band covers.
BAND = (0.05, 0.95)


def nearest_mean(features: FloatArray, labels: IntArray, asked: FloatArray) -> IntArray:
    """Classify by the nearest class mean, in cosine distance.

    Each feature vector is scaled to length 1, the vectors of a class are averaged, and an image
    gets the class whose mean, scaled again, is nearest. Nothing is fitted.

    Args:
        features: (images, channels), of labelled images; every class has at least one.
        labels: (images,), 0 to the number of classes minus 1.
        asked: (others, channels).

    Output shape: (others,), the nearest class; on a tie the first.

    Raises:
        ValueError: If a class has no image.

    Example:

    >>> two = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> nearest_mean(two, np.array([0, 1]), np.array([[3.0, 1.0], [0.1, 0.2]])).tolist()
    [0, 1]

    Reference:
        Mensink and others 2013 (mensink-2013), nearest class mean; Snell and others 2017
        (snell-2017), as few-shot learning.
    """
    classes = np.arange(labels.max() + 1 if len(labels) else 0)
    missing = sorted(set(classes.tolist()) - set(labels.tolist()))
    if missing or not len(classes):
        raise ValueError(f"Expected an image of every class; there is none of {missing or 'any'}.")
    near = _unit(features)
    means = _unit(np.stack([near[labels == each].mean(axis=0) for each in classes]))
    nearest: IntArray = (_unit(asked) @ means.T).argmax(axis=1).astype(np.int64)
    return nearest


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: FloatArray = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled


def draws(labels: IntArray, shots: int, num_draws: int = NUM_DRAWS) -> Iterator[IntArray]:
    """Draw the same number of images of every class, again and again.

    Args:
        labels: (images,), of the images to draw from.
        shots: Images of each class in one draw.
        num_draws: How often.

    Yields:
        Indices into `labels`, (classes * shots,), without repetition.

    Raises:
        ValueError: If a class has fewer images than `shots`.
    """
    classes = np.unique(labels)
    of_class = [np.flatnonzero(labels == each) for each in classes]
    fewest = min(map(len, of_class), default=0)
    if shots < 1 or fewest < shots:
        raise ValueError(f"Expected {shots} images of every class; one has {fewest}.")
    rng = np.random.default_rng((SEED, shots))
    for _ in range(num_draws):
        yield np.concatenate([rng.choice(each, shots, replace=False) for each in of_class])


def counts(
    features: FloatArray, labels: IntArray, asked: FloatArray, truth: IntArray
) -> dict[int, list[int]]:
    """Count how many images are classified correctly in every draw, for each of SHOTS.

    Args:
        features: (images, channels), of the images to draw from.
        labels: (images,).
        asked: (others, channels), of the images to classify.
        truth: (others,), their classes.

    Returns:
        Shots of each class -> number of correct answers in each draw. Numbers of shots that the
        smallest class cannot give are left out.
    """
    fewest = int(np.unique(labels, return_counts=True)[1].min()) if len(labels) else 0
    near, far = features.astype(float), asked.astype(float)
    return {
        shots: [
            int((nearest_mean(near[drawn], labels[drawn], far) == truth).sum())
            for drawn in draws(labels, shots)
        ]
        for shots in SHOTS
        if shots <= fewest
    }


def band(shares: FloatArray) -> tuple[float, float]:
    """Return the ends of the middle 90 % of the draws.

    Args:
        shares: (draws,), an accuracy each.
    """
    low, high = np.quantile(shares, BAND)
    return float(low), float(high)
