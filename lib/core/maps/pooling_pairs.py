"""Pairs of runs that differ only in the pooling of the head: GAP against Flatten."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lib.core import datasets
from lib.core.intervals import PairedDifference
from lib.core.reading import evaluation
from lib.core.runs import Run, TrainConfig

# A smaller rise of the validation loss does not count as a rise.
TURNED = 0.05
# A smaller change is not visible in two decimals.
SHOWN = 0.005


@dataclass(frozen=True, eq=False)
class HeadPair:
    """One run with a GAP head and one with a Flatten head, all else equal.

    Args:
        gap: The run with global average pooling.
        flatten: The run with Flatten.
        difference: Test accuracy of Flatten minus that of GAP, image by image; None if the runs
            have no stored prediction for each image.
    """

    gap: Run
    flatten: Run
    difference: PairedDifference | None

    @property
    def runs(self) -> dict[str, Run]:
        """The two runs by the name of their head."""
        return {"GAP": self.gap, "Flatten": self.flatten}

    @property
    def title(self) -> str:
        """Dataset and number of training images."""
        config = self.gap.config
        data = datasets.DATASETS.get(config.dataset)
        return f"{data.title if data else config.dataset}, {config.num_images:,} training images"


def pairs(runs: Iterable[Run]) -> tuple[HeadPair, ...]:
    """Pair runs that differ only in GAP or Flatten.

    Args:
        runs: Runs in any order; unfinished runs and runs without a partner are ignored.

    Returns:
        Pairs sorted by dataset and then by number of images.
    """
    together: dict[TrainConfig, dict[str, Run]] = {}
    for run in runs:
        config = run.config
        if run.status == "finished" and run.history and config.strategy == "feature_extraction":
            together.setdefault(replace(config, pooling="gap"), {})[config.pooling] = run
    found = [
        HeadPair(members["gap"], members["flatten"], _difference(members))
        for members in together.values()
        if {"gap", "flatten"} <= set(members)
    ]
    order = list(datasets.DATASETS)

    def place(pair: HeadPair) -> tuple[int, int]:
        config = pair.gap.config
        known = config.dataset in order
        return order.index(config.dataset) if known else len(order), config.num_images

    return tuple(sorted(found, key=place))


def _difference(members: dict[str, Run]) -> PairedDifference | None:
    said = [evaluation.load(members[name]) for name in ("gap", "flatten")]
    if said[0] is None or said[1] is None:
        return None
    try:
        return evaluation.compare(said[0], said[1])
    except ValueError:
        return None


def head_params(run: Run) -> int:
    """Count the parameters of the head of a feature-extraction run: all that it trained."""
    return int(run.result["params"]["feature_extraction"]["trainable"])


def loss_rise(run: Run) -> float:
    """Return by how much the last validation loss is above the lowest one; 0 if it never rose."""
    losses = [record.val_loss for record in run.history]
    return losses[-1] - min(losses)


def _lowest(run: Run) -> tuple[float, int]:
    """Return the lowest validation loss and its epoch."""
    best = min(run.history, key=lambda record: record.val_loss)
    return best.val_loss, best.epoch


def verdict(pair: HeadPair) -> str:
    """Describe the results of a pair in two sentences."""
    parts = []
    for name, run in pair.runs.items():
        lowest, epoch = _lowest(run)
        last = run.history[-1]
        if loss_rise(run) < TURNED:
            fell = f"falls to {lowest:.2f} and " if last.val_loss - lowest >= SHOWN else ""
            parts.append(f"With {name} the validation loss {fell}ends at {last.val_loss:.2f}")
        else:
            parts.append(
                f"with {name} it turned at epoch {epoch} and rose from {lowest:.2f} to "
                f"{last.val_loss:.2f}"
                if parts
                else f"With {name} the validation loss turned at epoch {epoch} and rose from "
                f"{lowest:.2f} to {last.val_loss:.2f}"
            )
    first, second = parts
    second = second[0].lower() + second[1:]
    if second.startswith("with Flatten the validation loss"):
        second = second.replace("the validation loss", "it")
    return f"{first}, {second}. {accuracy_words(pair)}"


def accuracy_words(pair: HeadPair) -> str:
    """Say which of the two has the better test accuracy, or that the difference may be chance."""
    if pair.difference is not None:
        return pair.difference.in_words("GAP", "Flatten")
    low, high = pair.gap.result["test_interval_95"], pair.flatten.result["test_interval_95"]
    if max(low[0], high[0]) <= min(low[1], high[1]):
        return "The intervals of the two test accuracies overlap."
    return "The intervals of the two test accuracies do not overlap."


def headline(found: Iterable[HeadPair]) -> str:
    """Summarise all pairs in one sentence.

    Args:
        found: One pair or more.
    """
    compared = list(found)
    many = len(compared)
    told = [pair for pair in compared if pair.difference and pair.difference.told_apart]
    turned = {
        name: sum(loss_rise(pair.runs[name]) >= TURNED for pair in compared)
        for name in ("GAP", "Flatten")
    }
    overfits = (
        f"The Flatten head's validation loss ended {TURNED} or more above its lowest in "
        f"{turned['Flatten']} of {many} comparisons, the GAP head's in {turned['GAP']}"
    )
    if not told:
        accuracy = "in none of them can the two test accuracies be told apart"
    else:
        better = sum(pair.difference.difference < 0 for pair in told if pair.difference)
        accuracy = (
            f"{len(told)} of the test accuracies can be told apart: GAP is ahead in {better}, "
            f"Flatten in {len(told) - better}"
        )
    return f"{overfits}; {accuracy}."
