"""Versions of packages as a run states them; they become lines of a requirements file."""

import re

# The longest of a published package have about 40 characters.
MAX_LENGTH = 100
# Python's own, which a build from its repository ends in "+", is never such a line.
_PEP_440 = re.compile(
    r"""
    v?
    (?:[0-9]+!)?                                                # epoch
    [0-9]+(?:\.[0-9]+)*                                         # release
    (?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?  # pre-release
    (?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?               # post-release
    (?:[-_.]?dev[-_.]?[0-9]*)?                                  # development release
    (?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?                         # local version
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE | re.ASCII)


def is_version(text: object) -> bool:
    """True for a version by PEP 440, and for nothing that pip would read as more than a version.

    Example:

    >>> is_version("2.21.0rc1"), is_version("3.15.1 --extra-index-url http://host")
    (True, False)

    Reference:
        PEP 440, appendix B.
    """
    return isinstance(text, str) and len(text) <= MAX_LENGTH and bool(_PEP_440.fullmatch(text))


def is_package(text: object) -> bool:
    """True for the name of a package.

    Reference:
        PEP 508, "Names".
    """
    return isinstance(text, str) and len(text) <= MAX_LENGTH and bool(_NAME.fullmatch(text))


def are_versions(values: object) -> bool:
    """True for packages with their versions, as `versions` of result.json has them."""
    return (
        isinstance(values, dict)
        and len(values) <= MAX_LENGTH
        and all(is_package(name) and _is_stated(name, text) for name, text in values.items())
    )


def _is_stated(name: str, text: object) -> bool:
    if name == "python" and isinstance(text, str):
        return is_version(text.removesuffix("+"))
    return is_version(text)
