"""The import table of docs/design.md: the folder a file stands in says what it may import."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERAS = {"keras", "tensorflow", "tensorflow_datasets"}
OUTSIDE = KERAS | {"streamlit", "plotly", "dask", "distributed", "pandas", "PIL", "jinja2"}

# folder -> (libraries it may import, folders of lib it may import)
TABLE = {
    "pages": ({"streamlit"}, {"ui", "figures", "jobs", "code", "core", "server"}),
    "lib/server": ({"streamlit"}, {"server", "core"}),
    "lib/ui": ({"streamlit"}, {"ui", "core", "code", "figures", "jobs"}),
    "lib/figures": ({"plotly"}, {"figures", "core"}),
    "lib/jobs": ({"dask", "distributed"}, {"jobs", "core"}),
    "lib/training": (KERAS | {"PIL"}, {"training", "core"}),
    "lib/code": ({"jinja2"}, {"code", "core"}),
    "lib/core": (set(), {"core"}),
}


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """The module of a file, and everything in it that is a function or an import."""
    kinds = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)
    every = ast.walk(ast.parse(path.read_text("utf-8")))
    return [node for node in every if isinstance(node, kinds)]


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Every dotted name a file imports, wherever in it."""
    names: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relative to itself"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


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


def test_a_worker_starts_without_libraries_that_only_some_runs_need() -> None:
    solver = "from lib.training.engine import solved_head; solved_head.get_ready()"
    loaded = loaded_after(f"import lib.training.task; {solver}")
    assert {"keras", "tensorflow", "scipy"} <= loaded
    assert not loaded & {"sklearn", "pandas"}
    assert {"sklearn", "pandas"} <= loaded_after("import lib.training.task, sklearn, pandas")


def modules_of(folder: str) -> list[str]:
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in files_of(folder)
        if path.name != "__init__.py"
    ]


@pytest.mark.parametrize(
    ("folders", "have_pages"),
    [
        (("lib/core", "lib/code", "lib/figures", "lib/jobs"), False),
        (("lib/server", "lib/ui"), True),
    ],
)
def test_importing_the_folders_of_the_web_process_loads_no_keras(
    folders: tuple[str, ...], have_pages: bool
) -> None:
    modules = [name for folder in folders for name in modules_of(folder)]
    loaded = loaded_after("import " + ", ".join(modules))
    assert not loaded & KERAS
    # The check notices what is loaded.
    assert ("streamlit" in loaded) == have_pages


@pytest.mark.thorough
def test_the_check_would_notice_keras() -> None:
    assert "keras" in loaded_after("import lib.training.network.head")


def test_no_page_writes_html_and_only_the_ui_writes_the_session() -> None:
    for path in [*files_of("pages"), *files_of("lib")]:
        text = path.read_text("utf-8")
        assert "unsafe_allow_html" not in text, path
        if "lib/ui" not in path.as_posix():
            assert "session_state" not in text, path


# --- Rooms ----------------------------------------------------------------------------------------

MAX_MODULES, MAX_LINES, MAX_FUNCTION_LINES = 15, 350, 60
# Flat: a tool is found by its name.
LARGE_ROOMS = {"lib/tools"}
REASON = "Long because"


def rooms() -> list[Path]:
    """Every folder of lib with Python files in it."""
    return sorted({path.parent for path in files_of("lib")})


def in_words(folder: Path) -> str:
    """The docstring of a room."""
    text = (folder / "__init__.py").read_text("utf-8") if (folder / "__init__.py").exists() else ""
    return ast.get_docstring(ast.parse(text)) or ""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path) for path in files_of("lib")}


def imported(path: Path) -> set[str]:
    """The modules of lib that a file imports."""
    return {name if name in MODULES else name.rpartition(".")[0] for name in imports_of(path)} & (
        MODULES - {"lib"}
    )


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """A path that comes back to where it began; empty where there is none."""
    done: set[str] = set()

    def search(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for after in sorted(graph.get(node, ())):
            if found := search(after, [*way, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := search(node, []))), [])


def test_the_search_for_a_cycle_finds_one() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_no_module_imports_itself_by_a_detour() -> None:
    assert cycle({name_of(path): imported(path) for path in files_of("lib")}) == []


def test_no_room_imports_itself_by_a_detour() -> None:
    graph: dict[str, set[str]] = {}
    for path in files_of("lib"):
        room = name_of(path.parent)
        # The root of a floor holds what all its rooms need, and its way in.
        if room.count(".") > 1:
            others = {
                name if name in PACKAGES else name.rpartition(".")[0] for name in imported(path)
            }
            graph.setdefault(room, set()).update(
                other for other in others - {room} if other.count(".") > 1
            )
    assert cycle(graph) == []


PACKAGES = {name_of(folder) for folder in rooms()}


def neighbours(folder: Path) -> set[str]:
    """The folders of lib that a room imports from; all inline components are one."""
    modules = {name for path in folder.rglob("*.py") for name in imported(path)}
    found = {name if name in PACKAGES else name.rpartition(".")[0] for name in modules}
    return {".".join(name.split(".")[1:3]) for name in found} - {
        ".".join(folder.relative_to(ROOT).parts[1:])
    }


@pytest.mark.parametrize("folder", rooms(), ids=name_of)
def test_a_room_says_what_belongs_in_it_and_from_where_it_imports(folder: Path) -> None:
    words = in_words(folder)
    assert len(words.split(".")[0].split()) >= 3, f"{folder} says nothing of itself"
    if name_of(folder).count(".") != 2:
        return
    last = " ".join(words.split("\n\n")[-1].split())
    assert last.startswith("Imports: "), f"{folder} does not say from where it imports"
    said = set(last.removeprefix("Imports: ").rstrip(".").split(", ")) - {"nothing of lib"}
    assert said == neighbours(folder)


def test_no_folder_is_a_list_to_read_to_the_end() -> None:
    for folder in rooms():
        count = len([path for path in folder.glob("*.py") if path.name != "__init__.py"])
        assert count <= MAX_MODULES or folder.relative_to(ROOT).as_posix() in LARGE_ROOMS, folder


def test_what_is_long_says_why() -> None:
    for path in [*files_of("lib"), *files_of("pages")]:
        module, *nodes = nodes_of(path)
        lines = path.read_text("utf-8").count("\n")
        assert isinstance(module, ast.Module)
        assert lines <= MAX_LINES or REASON in (ast.get_docstring(module) or ""), path
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                reason = REASON in (ast.get_docstring(node) or "")
                assert lines <= MAX_FUNCTION_LINES or reason, f"{path}: {node.name}"
