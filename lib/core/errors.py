"""Errors that a reader can act on: one sentence and one next step."""


class ThawError(ValueError):
    """An expected failure with a message for the reader.

    Args:
        message: One sentence: what happened, what was expected, what was received.
        next_step: One sentence: what the reader can do now.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __reduce__(self) -> tuple[type["ThawError"], tuple[str, str]]:
        # Errors are pickled from the worker to the web process with both sentences.
        return type(self), (self.message, self.next_step)

    def in_words(self) -> str:
        """Return both sentences in one line."""
        return f"{self.message} {self.next_step}".strip()


class ConfigError(ThawError):
    """A setting of a run has a value that cannot be used."""


class WeightsError(ThawError):
    """Pretrained weights are missing, cannot be downloaded or do not fit."""


class DataError(ThawError):
    """A dataset or an image cannot be used."""


class StoreError(ThawError):
    """The run store cannot be read or written."""


class EngineError(ThawError):
    """The training engine cannot be started or reached."""


class VoteError(ThawError):
    """A vote cannot be taken part in, asked for or ended."""
