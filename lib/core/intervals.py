"""95 % confidence intervals of a share, and of the difference of two shares on the same images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb, lgamma, sqrt

import numpy as np
import numpy.typing as npt

Z_95 = 1.959963984540054  # 97.5 % quantile of the normal distribution
# Number of bisection steps; 2**-40 is far below the printed precision.
BISECTIONS = 40


def wilson_interval(correct: int, num_images: int) -> tuple[float, float]:
    """Compute the 95 % interval of an accuracy, by Wilson's score.

    Args:
        correct: Number of images classified correctly.
        num_images: Number of all images.

    Raises:
        ValueError: If there are no images, or more correct ones than images.

    Example:

    >>> [round(bound, 3) for bound in wilson_interval(37, 40)]
    [0.801, 0.974]

    Reference:
        Wilson 1927, "Probable Inference" (wilson-1927).
    """
    if not 0 <= correct <= num_images or num_images < 1:
        raise ValueError(f"Expected 0 <= correct <= num_images; got {correct} of {num_images}.")
    share = correct / num_images
    scale = 1 + Z_95**2 / num_images
    centre = (share + Z_95**2 / (2 * num_images)) / scale
    half = Z_95 / scale * sqrt(share * (1 - share) / num_images + Z_95**2 / (4 * num_images**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def boundary(beyond: Callable[[float], bool], inside: float, outside: float) -> float:
    """Bisect for the point where `beyond` becomes true, between `inside` and `outside`."""
    if not beyond(outside):
        return outside
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if beyond(middle) else (middle, outside)
    return inside


@dataclass(frozen=True)
class PairedDifference:
    """Accuracy of a second run minus that of a first, on the same test images.

    Args:
        num_images: Number of test images.
        first_only: Images that only the first run classified correctly.
        second_only: Images that only the second run classified correctly.
        low: Lower end of the 95 % interval of the difference, -1 to 1.
        high: Upper end of that interval.
        p_value: p-value of McNemar's exact test.
    """

    num_images: int
    first_only: int
    second_only: int
    low: float
    high: float
    p_value: float

    @property
    def difference(self) -> float:
        """Accuracy of the second run minus that of the first."""
        return (self.second_only - self.first_only) / self.num_images

    @property
    def told_apart(self) -> bool:
        """True if the interval does not contain 0."""
        return self.low > 0 or self.high < 0

    def headline(self, first: str, second: str) -> str:
        """Say which run is better and by how much, or that they cannot be told apart."""
        if not self.told_apart:
            return f"{first} and {second} cannot be told apart with {self.num_images:,} images"
        better, worse = (second, first) if self.difference > 0 else (first, second)
        return f"{better} is {abs(self.difference) * 100:.1f} points more accurate than {worse}"

    def in_words(self, first: str = "the first run", second: str = "the second run") -> str:
        """Say the same with the interval of the difference."""
        interval = f"95 % interval {self.low * 100:+.1f} to {self.high * 100:+.1f}"
        words = self.headline(first, second)
        if not self.told_apart:
            ahead = second if self.difference > 0 else first
            size = abs(self.difference) * 100
            words += f": {ahead} is {size:.1f} points ahead" if size else ": they are level"
        words = f"{words}, {interval}."
        return words[0].upper() + words[1:]


def paired_difference(first_only: int, second_only: int, num_images: int) -> PairedDifference:
    """Compute the difference of two accuracies on the same images, its interval and p-value.

    Args:
        first_only: Images that only the first run classified correctly.
        second_only: Images that only the second run classified correctly.
        num_images: Number of all images.

    Raises:
        ValueError: If the counts are impossible.

    Reference:
        Tango 1998, "Equivalence test and confidence interval for the difference in proportions
        for the paired-sample design" (tango-1998); McNemar 1947 (mcnemar-1947).
    """
    if min(first_only, second_only) < 0 or not first_only + second_only <= num_images >= 1:
        raise ValueError(
            f"Expected counts within {num_images} images; got {first_only} and {second_only}."
        )
    low = -_tango_bound(first_only, second_only, num_images)
    high = _tango_bound(second_only, first_only, num_images)
    uneven = first_only + second_only
    tail = sum(comb(uneven, k) for k in range(min(first_only, second_only) + 1))
    # Python divides integers of any size exactly; a float of 2**uneven could overflow.
    p_value = min(1.0, 2 * tail / 2**uneven)
    return PairedDifference(num_images, first_only, second_only, low, high, p_value)


def paired_interval(first: float, second: float, num_images: int) -> tuple[float, float]:
    """Estimate the 95 % interval of a paired difference if only the two accuracies are known.

    The number of images that only one run classifies correctly is estimated as if the runs were
    independent. That is conservative: images that are hard for one are mostly hard for the other.

    Args:
        first: Accuracy of the first run, 0 to 1.
        second: Accuracy of the second run, on the same images.
        num_images: Number of images, 1 or more.

    Returns:
        Lower and upper end of second minus first, -1 to 1.

    Example:

    >>> [round(bound, 2) for bound in paired_interval(1 / 3, 1, 3)]
    [-0.27, 0.94]

    Reference:
        Tango 1998 (tango-1998).
    """
    lost, gained = num_images * first * (1 - second), num_images * (1 - first) * second
    return -_tango_bound(lost, gained, num_images), _tango_bound(gained, lost, num_images)


def _tango_bound(gained: float, lost: float, num_images: int) -> float:
    """Compute the upper end of Tango's interval of (gained - lost) / num_images.

    It is the largest difference that is at most 1.96 standard errors from the measured one, with
    the standard error of the most likely probabilities under that difference.
    """

    def beyond(difference: float) -> bool:
        b = (2 * num_images - gained + lost) * difference - gained - lost
        c = -lost * difference * (1 - difference)
        # The most likely probability of an image that is lost.
        of_lost = (sqrt(max(0.0, b * b - 8 * num_images * c)) - b) / (4 * num_images)
        variance = num_images * (2 * of_lost + difference * (1 - difference))
        distance = num_images * difference - (gained - lost)
        return distance > Z_95 * sqrt(max(0.0, variance))

    return boundary(beyond, (gained - lost) / num_images, 1.0)


def crossed_interval(differences: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Compute the 95 % interval of a mean difference over crossed seeds and test images.

    Both the choice of test images and the choice of seeds change the mean. Both variances are
    estimated and added; every seed was tested on the same images, so the interaction of seed and
    image counts twice, which makes the interval wider rather than too narrow. Two pseudo-images,
    half an image for each side and one for neither, keep it valid if only few images differ.

    Input shape: (seeds, test images), -1, 0 or 1 each.

    Returns:
        Lower and upper end, -1 to 1.

    Reference:
        Agresti and Min 2005, "Simple improved confidence intervals for comparing matched
        proportions" (agresti-min-2005); Satterthwaite 1946, "An approximate distribution of
        estimates of variance components" (satterthwaite-1946).
    """
    num_seeds, num_images = differences.shape
    of_image, of_seed = differences.mean(axis=0), differences.mean(axis=1)
    padded = num_images + 2
    centre = of_image.sum() / padded
    of_images = ((of_image**2).sum() + 1) / padded - centre**2
    parts = [(of_images / padded, padded - 1)]
    if num_seeds > 1:
        parts.append((of_seed.var(ddof=1) / num_seeds, num_seeds - 1))
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    half = t_quantile(freedom) * sqrt(variance)
    return max(-1.0, float(centre - half)), min(1.0, float(centre + half))


def t_quantile(freedom: float) -> float:
    """Compute the 97.5 % quantile of Student's t distribution.

    Args:
        freedom: Degrees of freedom, 1 or more; need not be an integer.

    Example:

    >>> round(t_quantile(2), 2), round(t_quantile(1e6), 2)
    (4.3, 1.96)
    """
    t = np.linspace(0, 13, 13_001)  # with one degree of freedom the quantile is 12.7
    scale = np.exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * np.pi)
    density = scale * (1 + t**2 / freedom) ** (-(freedom + 1) / 2)
    below = 0.5 + np.concatenate(([0], np.cumsum((density[1:] + density[:-1]) / 2))) * (t[1] - t[0])
    return float(np.interp(0.975, below, t))


@dataclass(frozen=True)
class MeanDifference:
    """A mean difference of two ways over folds, with its 95 % interval.

    Args:
        mean: Over all seeds and test images, -1 to 1.
        low: Lower end of the interval.
        high: Upper end of the interval.
        num_seeds: Number of seeds, each with a fold of its own.
        num_images: Number of different test images.
    """

    mean: float
    low: float
    high: float
    num_seeds: int
    num_images: int

    @property
    def told_apart(self) -> bool:
        """True if the interval does not contain 0."""
        return self.low > 0 or self.high < 0


def folded_difference(
    differences: Sequence[npt.NDArray[np.float64]], images: Sequence[npt.NDArray[np.int64]]
) -> MeanDifference:
    """Compute a mean difference over seeds that each test a fold, and its 95 % interval.

    The folds of a round are disjoint, and each image is tested once in a round; seeds of different
    rounds share test images. Two variances are estimated and added. That of the images comes from
    the means of each image over the rounds, so an image that is tested twice counts once. That of
    the seeds (which images were trained on, and in which order) is what the means of the folds
    differ beyond what their images explain. Two pseudo-images, half an image for each side and one
    for neither, keep it valid if only few images differ. The interval is about images like those of
    the dataset; training sets that share most of their images make it a little too narrow.

    Args:
        differences: For each seed (test images,): 1 where only the first way is right, -1 where
            only the second is, 0 elsewhere.
        images: For each seed (test images,), which images of the dataset they are.

    Raises:
        ValueError: If there are no test images.

    Reference:
        Agresti and Min 2005 (agresti-min-2005); Satterthwaite 1946 (satterthwaite-1946). A
        simulation in tests/unit/test_intervals.py measures its coverage.
    """
    if not sum(map(len, images)):
        raise ValueError("There are no test images.")
    values, which = np.concatenate(differences), np.concatenate(images)
    _, position = np.unique(which, return_inverse=True)
    times = np.bincount(position)
    of_image = np.bincount(position, values) / times
    num_seeds, num_images = len(images), len(of_image)
    padded = num_images + 2
    centre = of_image.sum() / padded
    of_images = ((of_image**2).sum() + 1) / padded - centre**2
    parts = [(of_images / padded, padded - 1)]
    if num_seeds > 1:
        means = np.array([float(each.mean()) for each in differences])
        inside = float(np.mean([each.var() / max(1, len(each) - 1) for each in differences]))
        parts.append((max(0.0, float(means.var(ddof=1)) - inside) / num_seeds, num_seeds - 1))
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    half = t_quantile(freedom) * sqrt(variance)
    return MeanDifference(
        float(values.mean()),
        max(-1.0, float(centre - half)),
        min(1.0, float(centre + half)),
        num_seeds,
        num_images,
    )
