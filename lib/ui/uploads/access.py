"""Which datasets a reader can choose, and whose images they may see."""

from lib.core import datasets as registry
from lib.core.datasets import DatasetSpec
from lib.core.errors import DataError
from lib.core.runs import TrainConfig
from lib.core.uploads import own_datasets, retention
from lib.core.uploads.own_datasets import OwnDataset
from lib.ui.uploads import reader


def datasets() -> dict[str, DatasetSpec]:
    """Return the datasets that this reader can choose, by id, with their own first."""
    return {each.id: each.spec for each in mine()} | registry.DATASETS


def mine() -> tuple[OwnDataset, ...]:
    """Return the reader's own datasets, newest first."""
    retention.tidy_now_and_then()
    return own_datasets.owned_by(reader.owner())


def spec(dataset: str) -> DatasetSpec | None:
    """Return a dataset of the registry or one of the reader's own; None for any other id."""
    if not registry.is_own(dataset):
        return registry.DATASETS.get(dataset)
    found = own_datasets.get(dataset) if is_mine(dataset) else None
    return found.spec if found else None


def title(dataset: str) -> str:
    """Return the title of a dataset on a page.

    The title of own images is shown only to readers who may see the images.
    """
    if not registry.is_own(dataset):
        known = registry.DATASETS.get(dataset)
        return known.title if known else registry.unknown(dataset)
    found = own_datasets.get(dataset) if may_see(dataset) else None
    return found.title if found else registry.anonymous(dataset)


def is_mine(dataset: str) -> bool:
    """Return True if a dataset is in the registry or belongs to this reader: they see its runs."""
    return not registry.is_own(dataset) or own_datasets.owns(dataset, reader.owner())


def may_see(dataset: str) -> bool:
    """Return True if this reader may see the images of a dataset and the models trained on them."""
    return own_datasets.may_see(dataset, reader.owner())


def are_gone(dataset: str) -> bool:
    """Return True if a dataset was made of own images and has been deleted."""
    return registry.is_own(dataset) and own_datasets.get(dataset) is None


def claim(config: TrainConfig) -> None:
    """Make this reader the owner of the own images that an imported run was trained on.

    Raises:
        StoreError: If the images belong to another reader.
    """
    if registry.is_own(config.dataset):
        own_datasets.claim(config.dataset, reader.know())


def check(config: TrainConfig) -> None:
    """Refuse a run on another reader's images, or on images that were deleted.

    Raises:
        DataError: If this reader cannot train on them.
    """
    if registry.is_own(config.dataset) and spec(config.dataset) is None:
        raise DataError(
            "The images of this run are not among yours: they are another reader's, or were "
            "deleted.",
            "Choose another dataset.",
        )
