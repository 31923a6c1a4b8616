"""The figures that limit what a reader may take."""

import re
from pathlib import Path

import pytest

from lib.core import limits
from lib.core.errors import ConfigError, StoreError

SECURITY = Path(__file__).parents[2] / "docs" / "security.md"


def test_a_laptop_is_assumed_and_a_figure_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(limits.VARIABLE, raising=False)
    assert limits.current() == limits.LAPTOP
    monkeypatch.setenv(limits.VARIABLE, "room, imports_each=3")
    assert limits.current().imports_each == 3
    assert limits.current().imports == limits.ROOM.imports
    monkeypatch.setenv(limits.VARIABLE, "free_mb=5")
    assert (limits.current().free_mb, limits.current().runs) == (5, limits.LAPTOP.runs)


@pytest.mark.parametrize("text", ["hall", "room,runs", "room,walks=3", "room,runs=many", "runs=-1"])
def test_limits_that_cannot_be_read_are_one_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="THAW_LIMITS holds") as caught:
        limits.read(text)
    assert "laptop or room" in caught.value.next_step


@pytest.mark.parametrize(
    ("address", "which"),
    [
        ("127.0.0.1", limits.LAPTOP),
        ("localhost", limits.LAPTOP),
        ("0.0.0.0", limits.ROOM),
        ("", limits.ROOM),
        ("192.168.1.7", limits.ROOM),
    ],
)
def test_a_server_that_others_can_reach_has_the_limits_of_a_room(
    address: str, which: limits.Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.VARIABLE, "")  # so that it is put back
    monkeypatch.delenv(limits.VARIABLE)
    limits.use_for(address)
    assert limits.current() == which


def test_what_a_lecturer_has_set_goes_before_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.VARIABLE, "laptop")
    limits.use_for("0.0.0.0")
    assert limits.current() == limits.LAPTOP


def test_nobody_of_a_room_may_take_more_than_all_of_it() -> None:
    for found in limits.DEFAULTS.values():
        for name, figure in vars(found).items():
            if name.endswith("_each"):
                assert figure <= getattr(found, name.removesuffix("_each")), name


def test_every_figure_is_in_the_documentation_with_its_defaults() -> None:
    lines = re.findall(
        r"^\| `(\w+)` \|[^|]+\|([^|]+)\|([^|]+)\|$", SECURITY.read_text("utf-8"), re.M
    )
    documented = {name: cells for name, *cells in lines}
    for which, found in enumerate((limits.LAPTOP, limits.ROOM)):
        for name, figure in vars(found).items():
            cell = documented[name.removesuffix("_each")][which].strip().replace(",", "")
            each, _, together = cell.rpartition(" / ")
            assert str(figure) == (each if name.endswith("_each") else together), name


def test_the_disk_keeps_its_floor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits.check_disk(tmp_path)
    monkeypatch.setenv(limits.VARIABLE, f"free_mb={10**12}")
    with pytest.raises(StoreError, match="MB left, and Thaw leaves") as caught:
        limits.check_disk(tmp_path)
    assert "THAW_HOME" in caught.value.next_step


def test_a_container_has_the_memory_that_it_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(limits.VARIABLE, raising=False)
    unlimited, limited = tmp_path / "memory.max", tmp_path / "limit_in_bytes"
    unlimited.write_text("max\n", "ascii")
    monkeypatch.setattr(limits, "CONTAINER_LIMITS", (unlimited, tmp_path / "none"))
    whole = limits.machine_bytes()
    assert whole > 10**9
    limited.write_text("2000000000\n", "ascii")
    monkeypatch.setattr(limits, "CONTAINER_LIMITS", (unlimited, limited))
    assert limits.machine_bytes() == min(whole, 2_000_000_000)
    assert limits.run_bytes() == limits.machine_bytes() * 3 // 4
    assert limits.run_bytes(3) == limits.machine_bytes() // 4


def test_the_memory_of_a_run_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.VARIABLE, "memory_mb=1500")
    assert limits.run_bytes(4) == 1_500_000_000
