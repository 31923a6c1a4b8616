"""Every test session has a THAW_HOME of its own, shared by its tests: data is prepared once."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Before TensorFlow is loaded anywhere: its greetings are not what a test says.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# A busy machine is no failure, and what was found here before does not decide what is tried there.
hypothesis.settings.register_profile("thaw", deadline=None, database=None)
hypothesis.settings.load_profile("thaw")


@pytest.fixture(scope="session", autouse=True)
def thaw_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("thaw-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_HOME", str(home))
        # Nobody's own settings decide how a test ends.
        for name in ("THAW_SCHEDULER", "THAW_WEIGHTS", "THAW_WORKERS"):
            patch.delenv(name, raising=False)
        yield home
