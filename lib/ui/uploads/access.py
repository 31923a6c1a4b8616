"""The reader's own datasets, and what of others' runs a reader may see."""

from lib.core import datasets as registry
from lib.core.datasets import DatasetSpec
from lib.core.errors import DataError
from lib.core.runs import TrainConfig
from lib.core.uploads import own_datasets, retention
from lib.core.uploads.own_datasets import OwnDataset
from lib.ui.uploads import reader


def datasets() -> dict[str, DatasetSpec]:
    """The datasets that this reader can choose, by their ids: the registry's, then their own."""
    return registry.DATASETS | {each.id: each.spec for each in mine()}


def mine() -> tuple[OwnDataset, ...]:
    """The datasets of this reader's own, newest first."""
    retention.tidy_now_and_then()
    return own_datasets.owned_by(reader.owner())


def spec(dataset: str) -> DatasetSpec | None:
    """A dataset of the registry or of this reader's own; None for any other."""
    if not registry.is_own(dataset):
        return registry.DATASETS.get(dataset)
    found = own_datasets.get(dataset) if is_mine(dataset) else None
    return found.spec if found else None


def title(dataset: str) -> str:
    """What a dataset is called on a page; one of a reader's own only for those who may see it."""
    if not registry.is_own(dataset):
        known = registry.DATASETS.get(dataset)
        return known.title if known else dataset
    found = own_datasets.get(dataset) if may_see(dataset) else None
    return found.title if found else registry.anonymous(dataset)


def is_mine(dataset: str) -> bool:
    """True where a dataset is this reader's own, or no reader's: its runs are in their lists."""
    return not registry.is_own(dataset) or own_datasets.owns(dataset, reader.owner())


def may_see(dataset: str) -> bool:
    """True where this reader may see the images of a dataset, and what was learned from them."""
    return own_datasets.may_see(dataset, reader.owner())


def are_gone(dataset: str) -> bool:
    """True where a dataset was some reader's own and was deleted."""
    return registry.is_own(dataset) and own_datasets.get(dataset) is None


def claim(config: TrainConfig) -> None:
    """Make this reader the owner of a run that comes as a file, where it is on own images.

    Raises:
        StoreError: If it is another reader's.
    """
    if registry.is_own(config.dataset):
        own_datasets.claim(config.dataset, reader.know())


def check(config: TrainConfig) -> None:
    """Refuse a run on images of another reader, or on images that are gone.

    Raises:
        DataError: If this reader cannot train on them.
    """
    if registry.is_own(config.dataset) and spec(config.dataset) is None:
        raise DataError(
            "The images of this run are not among yours: they are another reader's, or were "
            "deleted.",
            "Choose another dataset.",
        )
