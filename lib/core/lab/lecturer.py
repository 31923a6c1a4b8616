"""Who looks after all runs: whoever has the key that the terminal of the server shows.

The key is made anew at every start of the server and is kept in memory only. It is typed in on a
page, and is never part of a link, because links are projected.
"""

import hmac
import secrets
import threading

# Crockford's alphabet: none of its letters looks like a digit. Sixteen of them are 80 random bits.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
GROUPS, LETTERS = 4, 4


class Lecturer:
    """The key of one server, and the readers who have given it.

    Example:

    >>> lecturer = Lecturer()
    >>> lecturer.welcome(lecturer.key.upper(), "a reader"), lecturer.is_one("a reader")
    (True, True)
    """

    def __init__(self) -> None:
        self.key = "-".join(
            "".join(secrets.choice(ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS)
        )
        self._lock = threading.Lock()
        self._readers: set[str] = set()

    def welcome(self, text: str, reader: str) -> bool:
        """Let a reader look after all runs if they know the key; True where they do.

        Args:
            text: What was typed in.
            reader: Hash of the reader's own key.
        """
        typed = text.strip().lower().encode()
        if not reader or not hmac.compare_digest(typed, self.key.encode()):
            return False
        with self._lock:
            self._readers.add(reader)
        return True

    def is_one(self, reader: str) -> bool:
        """True where a reader has given the key."""
        with self._lock:
            return bool(reader) and reader in self._readers


# That of this process, which is the server.
HERE = Lecturer()
