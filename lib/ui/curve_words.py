"""What is seen in a figure of learning curves, in words that explain themselves."""

from lib.core.runs import TrainConfig
from lib.ui.glossary import term


def below(config: TrainConfig) -> str:
    """Return the text below the curves of a run, in Markdown."""
    lines = (
        f"Accuracy and {term('loss')} after each {term('epoch')}, on {term('validation')} and on "
        "training images."
    )
    if not config.fine_tune_epochs:
        return lines
    return (
        f"{lines} Up to the orange line only the {term('head')} learns; then layers of the "
        f"{term('frozen')} {term('backbone')} are {term('thaw', 'thawed')} for "
        f"{term('fine_tuning', 'fine-tuning')}, at another {term('learning_rate', 'rate')}."
    )
