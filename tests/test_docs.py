"""What exists is documented, and what is documented exists."""

import re
from pathlib import Path

import pytest

from lib.core import backbones, datasets, strategies
from lib.ui import shell, sources

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
DESIGN = (ROOT / "docs/design.md").read_text("utf-8")
SOURCES = (ROOT / "docs/sources.md").read_text("utf-8")
SOURCE_KEYS = set(re.findall(r"^\| `([a-z0-9-]+)` \|", SOURCES, re.MULTILINE))


# What the engine tells its own workers; nobody else sets it.
HANDED_ON = {"THAW_ENGINE_TRAINER"}


def python_files() -> list[Path]:
    return [
        path for folder in ("lib", "pages") for path in sorted((ROOT / folder).rglob("*.py"))
    ] + [ROOT / "app.py"]


@pytest.mark.parametrize("name", shell.PAGES)
def test_every_page_of_the_navigation_exists_and_is_in_the_readme(name: str) -> None:
    spec = shell.PAGES[name]
    assert (ROOT / spec.path).is_file()
    assert spec.title in README


def test_every_page_file_is_in_the_navigation() -> None:
    files = {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")}
    assert files == {spec.path for spec in shell.PAGES.values()} - {"app.py"}


@pytest.mark.parametrize("id_", [*backbones.BACKBONES, *datasets.DATASETS, *strategies.STRATEGIES])
def test_every_backbone_dataset_and_strategy_is_in_the_readme(id_: str) -> None:
    assert f"`{id_}`" in README


@pytest.mark.parametrize("spec", [*backbones.BACKBONES.values(), *datasets.DATASETS.values()])
def test_every_backbone_and_dataset_has_a_source(spec: object) -> None:
    assert spec.source in SOURCE_KEYS  # type: ignore[attr-defined]


def test_every_source_shown_on_a_page_is_in_the_list() -> None:
    assert set(sources.SOURCES) <= SOURCE_KEYS
    for title, address in sources.SOURCES.values():
        assert title in SOURCES
        assert address in SOURCES


def test_every_setting_is_in_the_readme_and_every_setting_of_the_readme_is_read() -> None:
    read = set()
    for path in [*python_files(), *(ROOT / "tests").rglob("conftest.py")]:
        read |= set(re.findall(r"""["'](THAW_[A-Z_]+)["']""", path.read_text("utf-8")))
    read -= HANDED_ON
    documented = set(re.findall(r"^\| `(THAW_[A-Z_]+)` \|", README, re.MULTILINE))
    assert read == documented


def test_every_requirement_is_pinned_and_has_its_reason() -> None:
    reasons = (ROOT / "docs/decisions/0001-dependencies.md").read_text("utf-8")
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text("utf-8").splitlines():
            if not line or line.startswith(("#", "-r")):
                continue
            match = re.match(r"^([A-Za-z0-9_-]+)==[0-9][0-9a-z.]*( ; .+)?$", line)
            assert match, line
            assert f"`{match[1]}`" in reasons, line


def test_every_folder_of_lib_is_in_the_design() -> None:
    for folder in (ROOT / "lib").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert f"{folder.name}/" in DESIGN


def test_the_changelog_has_an_entry_for_this_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_no_file_left_something_for_later() -> None:
    for path in python_files():
        assert not re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text("utf-8")), path
