"""Getting ready for a lecture room: what is fetched, what is not, and what is said of it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow_datasets as tfds

from lib.core import backbones, datasets
from lib.core.datasets import DATASETS
from lib.core.images import download_status
from lib.tools import prefetch
from lib.training.network import weights
from lib.training.sources import http
from tests import tiny_builder, tiny_web
from tests.oracle import test_builders as goldens
from tests.tiny_web import SPEC, Behaviour

OFFLINE = {spec.id for spec in DATASETS.values() if spec.offline}

ROOT = Path(__file__).parents[2]


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behaviour]:
    """A fresh THAW_HOME, a fresh KERAS_HOME, and a server that has one dataset and all weights."""
    assert tiny_builder.TinyWeb.name == SPEC.id
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setitem(datasets.DATASETS, SPEC.id, SPEC)
    monkeypatch.setattr(http, "PAUSE_S", 0.01)
    monkeypatch.setattr(prefetch, "SECONDS_BETWEEN_LINES", 0.05)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with tiny_web.server() as (url, behaviour):
        monkeypatch.setenv(tiny_web.URL_VARIABLE, url)
        monkeypatch.setattr(weights, "BASE_URL", url.removesuffix("tiny.zip"))
        yield behaviour


@pytest.mark.thorough
def test_offline_datasets_are_ready_on_a_fresh_machine_and_the_same_everywhere(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    said = subprocess.run(
        [sys.executable, "-m", "lib.tools.prefetch"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(re.findall(r"  ready .* MB  [\d.]+ s$", said, re.MULTILINE)) == len(OFFLINE), said
    for name, expected in (
        ("openmoji_animals_food", goldens.OPENMOJI_SHA256),
        ("elpv", goldens.ELPV_SHA256),
    ):
        builder = tfds.builder(name, data_dir=tmp_path / "datasets")
        assert goldens.checksum(builder.as_dataset("train", as_supervised=True)) == expected
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "datasets").rglob("*.tf*")}
    assert prefetch.main([]) == 0
    assert f"{len(OFFLINE)} of {len(OFFLINE)} ready" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_a_dataset_is_fetched_with_progress_and_once(web, capsys):
    web.piece, web.pause_s = 100_000, 0.2
    assert prefetch.main(["--datasets", SPEC.id]) == 0
    said = capsys.readouterr()
    assert re.search(r"^tiny_web: Downloading, \d+ of 1 MB$", said.err, re.MULTILINE)
    assert re.search(r"^tiny_web  ready +\d\.\d MB  \d+\.\d s$", said.out, re.MULTILINE)
    assert "1 of 1 ready" in said.out
    assert download_status.picture_file(SPEC).exists()
    assert prefetch.main(["--datasets", SPEC.id]) == 0
    assert web.asked == [""]


def test_what_cannot_be_fetched_is_missing_with_its_reason_and_the_rest_is_ready(web, capsys):
    web.status = 404
    assert prefetch.main(["--datasets", SPEC.id, "openmoji_animals_food"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"^tiny_web +missing .* it answered 404", said, re.MULTILINE)
    assert re.search(r"^openmoji_animals_food  ready", said, re.MULTILINE)
    assert "1 of 2 ready" in said


@pytest.mark.thorough
def test_what_was_interrupted_goes_on_where_it_ended(web, monkeypatch, capsys):
    monkeypatch.setattr(http, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(http, "STALL_S", 1.0)
    web.piece, web.stalls = 300_000, 1
    assert prefetch.main(["--datasets", SPEC.id]) == 1
    assert "broke off after" in capsys.readouterr().out
    assert prefetch.main(["--datasets", SPEC.id]) == 0
    assert web.asked[-1].startswith("bytes=")


@pytest.mark.thorough
def test_the_weights_of_every_input_size_are_fetched_and_once(web, capsys):
    assert prefetch.main(["--backbones", "mobilenet_v2", "efficientnet_lite0"]) == 0
    said = capsys.readouterr().out
    assert "2 of 2 ready" in said
    files = sorted(path.name for path in weights.cache_folder().glob("[!.]*"))
    spec = backbones.get("mobilenet_v2")
    assert files == sorted(weights.file_name(spec, size) for size in weights.PUBLISHED_SIZES)
    assert len(web.asked) == 5
    assert prefetch.main(["--backbones", "mobilenet_v2"]) == 0
    assert len(web.asked) == 5


def test_weights_that_are_not_what_was_published_are_missing(web, capsys):
    assert prefetch.main(["--backbones", "vgg16"]) == 1
    assert "Its checksum is not the published one." in capsys.readouterr().out
    assert list(weights.cache_folder().glob("[!.]*")) == []


@pytest.mark.thorough
def test_a_list_says_what_is_here_and_fetches_nothing(web, capsys):
    prefetch.main(["--datasets", SPEC.id])
    capsys.readouterr()
    web.asked.clear()
    assert prefetch.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = {line.split()[0]: line for line in lines[:-1]}
    assert set(found) == {*DATASETS, *backbones.BACKBONES}
    ready = {name for name, line in found.items() if line.split()[1] == "ready"}
    assert ready == {SPEC.id, *OFFLINE, "efficientnet_lite0"}
    assert found["cats_vs_dogs"].endswith("825 MB to download")
    assert f"{len(ready)} of {len(found)} ready" in lines[-1]
    assert web.asked == []


@pytest.mark.parametrize(
    "arguments", [["--all", "--datasets", "beans"], ["--backbones", "nonsense"], ["--datasets"]]
)
def test_a_question_that_is_no_good_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        prefetch.main(arguments)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err
