"""The order of examples inside an offline dataset: fixed, mixed and stratified."""

import hashlib
from collections.abc import Iterable, Mapping


def interleaved(groups: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Interleave the names of all groups, so that any slice has the same share of each group.

    Therefore `train[:80%]`, `train[80%:90%]` and `train[90%:]` have the same shares of every class,
    within one image. Inside a group, names are sorted by their SHA-256: this mixes kinds of images,
    and it is the same on every machine and with every version of NumPy.

    Returns:
        Pairs (group, name).

    Example:

    >>> [group for group, _ in interleaved({"a": "1234", "b": "56"})]
    ['a', 'b', 'a', 'a', 'b', 'a']
    """
    placed = []
    for group, names in groups.items():
        mixed = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
        placed += [((i + 0.5) / len(mixed), group, name) for i, name in enumerate(mixed)]
    return [(group, name) for _, group, name in sorted(placed)]
