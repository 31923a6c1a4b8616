"""What tests/conftest.py gives the processes to do, and what it does where one of them ends."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import next_file

# When the test gives up waiting; it takes seconds.
PATIENCE_S = 120
CONFTEST = Path(__file__).parents[1] / "conftest.py"
FATAL = """
import os
import pytest

@pytest.mark.parametrize("number", range(6))
def test_number(number):
    if number == 2:
        os._exit(1)
"""
SLOW = """
import time

def test_slow():
    time.sleep(0.5)
"""


@pytest.mark.thorough
def test_a_process_that_ends_fails_one_test_and_the_rest_of_its_file_runs(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    shutil.copy(CONFTEST, tmp_path / "tests")
    (tmp_path / "tests" / "test_fatal.py").write_text(FATAL, encoding="utf-8")
    # Those before it are done when the process ends, and the other process has little left to do.
    for number in range(60):
        file = tmp_path / "tests" / f"test_a_{number:02}.py"
        file.write_text("def test_fine(): pass\n", encoding="utf-8")
    for number in range(3):
        (tmp_path / "tests" / f"test_z_{number}.py").write_text(SLOW, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "--no-loadscope-reorder", "-q", "tests"],
        cwd=tmp_path,
        # How this run was asked to print does not decide what that one prints.
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert "1 failed, 68 passed" in done.stdout
    assert done.stdout.count("node down") == 1


def test_of_two_processes_one_does_the_browser_tests_while_there_is_anything_else_to_do() -> None:
    browser = [f"tests/browser/test_{name}.py" for name in "abc"]
    oracle = [f"tests/oracle/test_{name}.py" for name in "abc"]
    waiting = [browser[1], oracle[1], browser[2], oracle[2]]
    has_server, has_none = ["tests/unit/test_a.py", browser[0]], [oracle[0]]
    assert next_file(waiting, has_server, [has_none]) == browser[1]
    assert next_file(waiting, has_none, [has_server]) == oracle[1]
    # At first, and of more than two processes, a second one takes what comes next.
    assert next_file(waiting, has_none, [has_none]) == browser[1]
    assert next_file(waiting, has_none, [has_server, has_none, has_none]) == browser[1]
    # Nobody is idle as long as there is anything left.
    assert next_file(browser[1:], has_none, [has_server]) == browser[1]
    assert next_file(oracle, has_server, [has_none]) == oracle[0]
