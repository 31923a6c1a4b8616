"""The lists of a layer follow from the committed table, for any input shape."""

import pytest

from lib.core.errors import ConfigError
from lib.core.trainable import layer_kinds
from lib.core.trainable.layer_kinds import KINDS, SIZES


def lengths(kind: str, sizes: dict[str, int], trainable: bool) -> list[int]:
    return [len(each) for each in layer_kinds.lists(kind, sizes, trainable).values()]


def test_dense_on_four_inputs_has_two_weights_that_freezing_moves() -> None:
    sizes = {"features": 4, "units": 3}
    assert lengths("dense", sizes, True) == [2, 2, 0]
    assert lengths("dense", sizes, False) == [2, 0, 2]
    assert [weight.shape for weight in layer_kinds.lists("dense", sizes, True)["weights"]] == [
        (4, 3),
        (3,),
    ]


def test_batch_normalization_has_two_weights_that_are_never_trainable() -> None:
    assert lengths("batch_norm", {"features": 4}, True) == [4, 2, 2]
    assert lengths("batch_norm", {"features": 4}, False) == [4, 0, 4]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trainable", [True, False])
def test_the_two_short_lists_share_the_long_one_between_them(kind: str, trainable: bool) -> None:
    found = layer_kinds.lists(kind, layer_kinds.default_sizes(kind), trainable)
    every, learning, rest = (list(found[name]) for name in layer_kinds.LISTS)
    assert sorted(map(str, learning + rest)) == sorted(map(str, every))
    assert trainable or not learning


def test_there_are_at_least_twelve_kinds_and_each_has_its_row() -> None:
    assert len(KINDS) >= 12
    assert layer_kinds.table().keys() == KINDS.keys()
    assert {key for kind in KINDS.values() for key in kind.sizes} == set(SIZES)


def test_a_weight_counts_its_parameters_and_a_number_is_one() -> None:
    weights = layer_kinds.lists("normalization", {"features": 4}, True)["weights"]
    assert [weight.count for weight in weights] == [4, 4, 1]


@pytest.mark.parametrize("sizes", [{}, {"features": 4}, {"features": 4, "units": 0}])
def test_sizes_that_no_layer_has_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"(Units|Features) cannot be"):
        layer_kinds.lists("dense", sizes, True)


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="no kind of layer 'lambda'"):
        layer_kinds.check("lambda", {})


@pytest.mark.parametrize("value", [True, 3.0, "3", 10**9])
def test_a_size_is_a_whole_number_within_its_limit(value: object) -> None:
    with pytest.raises(ConfigError):
        layer_kinds.check("dense", {"features": 4, "units": value})  # type: ignore[dict-item]
