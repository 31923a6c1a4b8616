"""Every fault has one cause, so that the catalogue by cause has every case."""

import pytest

from lib.core.broken import causes
from lib.core.broken.faults import FAULTS


def test_every_fault_has_exactly_one_cause() -> None:
    listed = [fault for faults in causes.CAUSES.values() for fault in faults]
    assert sorted(listed) == sorted(FAULTS)


def test_a_fault_that_is_unknown_has_none() -> None:
    with pytest.raises(KeyError):
        causes.cause_of("horoscope")
