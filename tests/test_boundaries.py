"""The import table of docs/design.md: the folder a file stands in says what it may import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERAS = {"keras", "tensorflow", "tensorflow_datasets"}
OUTSIDE = KERAS | {"streamlit", "plotly", "dask", "distributed", "pandas", "PIL"}

# folder -> (libraries it may import, folders of lib it may import)
TABLE = {
    "pages": ({"streamlit"}, {"ui", "figures", "jobs", "core"}),
    "lib/ui": ({"streamlit"}, {"ui", "core", "figures", "jobs"}),
    "lib/figures": ({"plotly"}, {"figures", "core"}),
    "lib/jobs": ({"dask", "distributed"}, {"jobs", "core"}),
    "lib/training": (KERAS | {"PIL"}, {"training", "core"}),
    "lib/core": (set(), {"core"}),
}


def imports_of(path: Path) -> set[str]:
    """Every dotted name a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relative to itself"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files_of(folder: str) -> list[Path]:
    files = sorted((ROOT / folder).rglob("*.py"))
    return [*files, ROOT / "app.py"] if folder == "pages" else files


@pytest.mark.parametrize("folder", TABLE)
def test_a_folder_imports_only_what_its_row_of_the_table_allows(folder: str) -> None:
    libraries, parts = TABLE[folder]
    for path in files_of(folder):
        for name in imports_of(path):
            top, *rest = name.split(".")
            if top == "lib":
                assert set(rest[:1]) & parts, f"{path} imports {name}"
            else:
                assert top not in OUTSIDE - libraries, f"{path} imports {name}"


def test_core_imports_nothing_but_the_standard_library_and_numpy() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "lib"}
    for path in files_of("lib/core"):
        assert {name.split(".")[0] for name in imports_of(path)} <= allowed, path


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that are loaded in a fresh interpreter after a statement."""
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def modules_of(folder: str) -> list[str]:
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in files_of(folder)
        if path.name != "__init__.py"
    ]


@pytest.mark.parametrize("folder", ["lib/core", "lib/figures", "lib/jobs", "lib/ui"])
def test_importing_a_folder_of_the_web_process_loads_no_keras(folder: str) -> None:
    loaded = loaded_after("import " + ", ".join(modules_of(folder)))
    assert not loaded & KERAS
    if folder != "lib/ui":
        assert "streamlit" not in loaded


def test_the_check_would_notice_keras() -> None:
    assert "keras" in loaded_after("import lib.training.network.head")


def test_no_page_writes_html_and_only_the_ui_writes_the_session() -> None:
    for path in [*files_of("pages"), *files_of("lib")]:
        text = path.read_text("utf-8")
        assert "unsafe_allow_html" not in text, path
        if "lib/ui" not in path.as_posix():
            assert "session_state" not in text, path
