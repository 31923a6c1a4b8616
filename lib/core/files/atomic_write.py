"""Atomic writes: a file is complete or unchanged, even if the writer is killed or the disk full."""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path


def write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file by atomic rename.

    Args:
        path: Path of the file, in an existing folder.
        content: The new content.
        durable: Wait for the disk, so that the file also survives a power failure. Use False for
            files that are written several times a second.

    Raises:
        OSError: If it cannot be written; the old content is then unchanged.
    """
    # Not from `tempfile`: other users cannot read such files, and a store can be shared.
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
        path: Path of the file, in an existing folder.
        values: The values, as for `json_bytes`.
        durable: As for `write`.

    Raises:
        OSError: If it cannot be written; the old content is then unchanged.
    """
    write(path, json_bytes(values), durable=durable)


def json_bytes(values: object) -> bytes:
    """Encode values as readable JSON: indented, with sorted keys.

    Args:
        values: Values of JSON types.

    Example:

    >>> print(json_bytes({"b": 1, "a": "x"}).decode(), end="")
    {
      "a": "x",
      "b": 1
    }
    """
    return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()
