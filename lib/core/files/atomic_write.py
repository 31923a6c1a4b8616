"""A file is there whole or not at all, whenever its writer is killed or the disk is full."""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path


def write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file by atomic rename.

    Args:
        path: In a folder that exists.
        content: What it holds from now on.
        durable: Wait for the disk, so that a loss of power leaves it whole as well. Not for what
            is written several times a second.

    Raises:
        OSError: If it cannot be written; what was there is still there.
    """
    # Not one of `tempfile`: those cannot be read by others, and a store can be shared.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, values: object, *, durable: bool = True) -> None:
    """Write a file of JSON by atomic rename.

    Args:
        path: In a folder that exists.
        values: As for `json_bytes`.
        durable: As for `write`.

    Raises:
        OSError: If it cannot be written; what was there is still there.
    """
    write(path, json_bytes(values), durable=durable)


def json_bytes(values: object) -> bytes:
    """Values as JSON that people can read too: indented, and the same values in the same order.

    Args:
        values: Of the types that JSON has.

    Example:

    >>> print(json_bytes({"b": 1, "a": "x"}).decode(), end="")
    {
      "a": "x",
      "b": 1
    }
    """
    return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()
