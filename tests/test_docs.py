"""What exists is documented, and what is documented exists."""

import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.core import backbones, datasets, limits, strategies
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


def test_every_source_that_a_page_names_is_in_the_list_with_its_address() -> None:
    named = set()
    for path in python_files():
        for keys in re.findall(r"sources\.(?:cite|link)\(([^*)]+)\)", path.read_text("utf-8")):
            named |= set(re.findall(r'"([a-z0-9-]+)"', keys))
    # What Thaw measured itself has no address.
    assert named > {"keras-transfer", "cam", "thaw-measurements"}
    assert named - {"thaw-measurements"} <= set(sources.SOURCES) <= SOURCE_KEYS


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


def loaded(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def test_pre_commit_runs_the_checks_of_ci_and_downloads_nothing() -> None:
    paragraphs = (ROOT / ".ci/run").read_text("utf-8").split("\n\n")
    (checks,) = [each for each in paragraphs if "\nruff check" in each]
    installs = ("#", "pip install", "npm ci")
    commands = [line for line in checks.splitlines() if not line.startswith(installs)]
    (repository,) = loaded(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == commands
    # Any other language would have pre-commit install the tool, and files would change the command.
    for hook in repository["hooks"]:
        assert (hook["language"], hook["pass_filenames"]) == ("system", False), hook["id"]


def test_pre_commit_accepts_its_configuration() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]
    subprocess.run(command, cwd=ROOT, check=True)


def test_ci_runs_the_tests_of_the_readme_and_then_those_they_leave_out() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    assert options["ini_options"]["addopts"].endswith(" -m 'not thorough'")
    (readme,) = re.findall(r"^pip install .*pytest.*$", README, re.MULTILINE)
    (ci,) = re.findall(r"^pip install .*pytest.*\n.*$", (ROOT / ".ci/run").read_text("utf-8"), re.M)
    assert ci.replace(" -q", "") == f"{readme}\npytest -n 3 -m thorough"


def test_the_workflow_runs_everything_on_linux_and_the_fast_tests_elsewhere() -> None:
    jobs = loaded(".github/workflows/ci.yml")["jobs"]
    commands = {
        name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()
    }
    assert commands == {
        "everything": ["bash .ci/run"],
        "fast": ["pip install -r requirements-dev.txt", "pytest -m fast"],
    }
    assert jobs["everything"]["runs-on"].startswith("ubuntu-")
    systems = [each.partition("-")[0] for each in jobs["fast"]["strategy"]["matrix"]["os"]]
    assert systems == ["windows", "macos"]


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("bug_report", {"version", "page", "expected", "seen", "run", "system"}),
        ("wish", {"version", "lesson", "today", "room"}),
    ],
)
def test_an_issue_form_asks_for_what_helps(name: str, needed: set[str]) -> None:
    form = loaded(f".github/ISSUE_TEMPLATE/{name}.yml")
    assert form["name"]
    assert form["description"]
    fields = {each["id"]: each for each in form["body"] if each["type"] != "markdown"}
    assert fields.keys() >= needed
    assert all(each["attributes"]["label"] for each in fields.values())


def test_the_citation_names_the_version_the_licence_and_the_authors() -> None:
    citation = loaded("CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    (author,) = citation["authors"]
    assert author["name"] in (ROOT / "LICENSE").read_text("utf-8")


def test_the_limits_in_the_documentation_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    rows = {line.split("`")[1]: line.split(" | ") for line in text.splitlines() if "| `" in line}
    for field in fields(limits.Limits):
        name = field.name.removesuffix("_each")
        for column, figures in ((-2, limits.LAPTOP), (-1, limits.ROOM)):
            said = [each.strip(" |").replace(",", "") for each in rows[name][column].split(" / ")]
            place = 0 if field.name.endswith("_each") else -1
            assert said[place] == str(getattr(figures, field.name)), field.name


@pytest.mark.parametrize(
    "text", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/security.md"]
)
def test_every_file_that_a_text_points_at_exists(text: str) -> None:
    named = re.findall(
        r"(?<![\w/])((?:docs/|\.github/)[\w./-]*\w\.(?:md|yml)|[A-Z]{4,}\.(?:md|cff))",
        (ROOT / text).read_text("utf-8"),
    )
    assert named
    for path in named:
        assert (ROOT / path).is_file(), path


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
