"""Features on disk are right or not there, whatever happened to the disk."""

import os
import shutil

import numpy as np
import pytest

from lib.training.sources import feature_cache

RNG = np.random.default_rng(0)
FEATURES = (
    RNG.normal(size=(6, 4, 4, 3)).astype(np.float32),
    RNG.normal(size=(6, 8)).astype(np.float32),
)

INPUTS = ("images",)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    return tmp_path


class Compute:
    """Makes features and counts how often it was asked to."""

    def __init__(self, tensors=FEATURES):
        self.tensors, self.times = tensors, 0

    def __call__(self, given):
        assert given == INPUTS
        self.times += 1
        return self.tensors


def fetch(compute, **identity):
    features = feature_cache.fetch({"weights": "w", **identity}, lambda: INPUTS, compute)
    for got, expected in zip(features.tensors, compute.tensors, strict=True):
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == expected.dtype
    return features


def entry():
    (folder,) = feature_cache.cache_folder().iterdir()
    return folder


def test_features_are_computed_once():
    compute = Compute()
    assert not fetch(compute).from_cache
    assert fetch(compute).from_cache
    assert compute.times == 1
    assert {path.name for path in entry().iterdir()} == {"0.npy", "1.npy", "manifest.json"}


def test_what_features_are_made_from_is_not_asked_for_where_they_are_stored():
    compute = Compute()
    fetch(compute)

    def forbidden():
        raise AssertionError("asked for")

    assert feature_cache.fetch({"weights": "w"}, forbidden, compute).from_cache


@pytest.mark.parametrize(
    "other", [{"weights": "v"}, {"images": "i"}, {"what": "pooled"}, {"version": 2}]
)
def test_other_weights_images_cut_or_version_are_other_features(other):
    compute = Compute()
    fetch(compute)
    fetch(compute, **other)
    assert compute.times == 2


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-5])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def claim_a_huge_shape(path):
    path.write_bytes(path.read_bytes().replace(b"(6, 4, 4, 3)", b"(999999999999999999, 9)", 1))


def make_an_archive(path):
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(3))


def other_numbers(path):
    with path.open("wb") as file:
        np.save(file, FEATURES[0].view(np.int32))


DAMAGES = {
    "cut short": ("0.npy", cut_short),
    "a flipped bit": ("0.npy", flip_a_bit),
    "empty": ("0.npy", lambda path: path.write_bytes(b"")),
    "noise": ("0.npy", lambda path: path.write_bytes(b"\x93NUMPY\x01\x00\xff\xff{")),
    "a huge shape": ("0.npy", claim_a_huge_shape),
    "an archive": ("0.npy", make_an_archive),
    "the same bytes as integers": ("0.npy", other_numbers),
    "missing": ("1.npy", os.unlink),
    "manifest missing": ("manifest.json", os.unlink),
    "manifest cut short": ("manifest.json", cut_short),
    "manifest a list": ("manifest.json", lambda path: path.write_text("[]")),
    "manifest without a checksum": (
        "manifest.json",
        lambda path: path.write_text('{"tensors": 2}'),
    ),
    "manifest of nothing": ("manifest.json", lambda path: path.write_text('{"tensors": "2"}')),
    "manifest too deep": ("manifest.json", lambda path: path.write_text("[" * 100_000)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_computed_again_and_replaced(damage):
    compute = Compute()
    fetch(compute)
    name, spoil = DAMAGES[damage]
    spoil(entry() / name)
    assert not fetch(compute).from_cache
    assert fetch(compute).from_cache
    assert compute.times == 2


def test_a_kill_while_writing_leaves_no_entry(monkeypatch):
    class KilledError(BaseException):
        pass

    def killed(*_):
        raise KilledError

    compute = Compute()
    with monkeypatch.context() as patch:
        # What `finally` would clean up is left too, as a kill leaves it.
        patch.setattr(feature_cache.os, "rename", killed)
        patch.setattr(feature_cache.scratch_dirs, "remove", lambda *_: None)
        with pytest.raises(KilledError):
            fetch(compute)
    assert entry().name.startswith(".writing-")
    assert not fetch(compute).from_cache
    assert fetch(compute).from_cache


def test_a_full_disk_costs_time_and_nothing_else(monkeypatch):
    def full(file, array, **_):
        (file.parent / file.name).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(feature_cache.np, "save", full)
    compute = Compute()
    assert not fetch(compute).from_cache
    assert not fetch(compute).from_cache
    assert compute.times == 2
    assert list(feature_cache.cache_folder().iterdir()) == []


def test_a_cache_that_cannot_be_made_costs_time_and_nothing_else(home):
    (home / "features").write_text("in the way")
    assert not fetch(Compute()).from_cache


def size_of(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def test_the_cache_stays_within_its_bound_and_the_least_recently_used_goes_first(monkeypatch):
    compute = Compute()
    fetch(compute, what="a")
    each = size_of(entry())
    monkeypatch.setattr(feature_cache, "MAX_CACHE_BYTES", 3 * each + each // 2)

    def used(age_s):
        # Uses an hour apart, without waiting for one.
        for folder in feature_cache.cache_folder().iterdir():
            manifest = folder / "manifest.json"
            then = manifest.stat().st_mtime - age_s
            os.utime(manifest, (then, then))

    for what in "bc":
        used(3600)
        fetch(compute, what=what)
    used(3600)
    assert fetch(compute, what="a").from_cache  # Now b is the one not used for longest.
    used(3600)
    fetch(compute, what="d")
    sizes = [size_of(folder) for folder in feature_cache.cache_folder().iterdir()]
    assert len(sizes) == 3
    assert sum(sizes) <= feature_cache.MAX_CACHE_BYTES
    assert [fetch(compute, what=what).from_cache for what in "acd"] == [True] * 3
    assert not fetch(compute, what="b").from_cache


def test_what_a_kill_left_behind_goes_before_any_entry(monkeypatch):
    compute = Compute()
    fetch(compute, what="a")
    each = size_of(entry())
    for name in (".writing-abc", "0" * 64):
        shutil.copytree(entry_of("a"), feature_cache.cache_folder() / name)
    (feature_cache.cache_folder() / ("0" * 64) / "manifest.json").unlink()
    os.utime(feature_cache.cache_folder() / ".writing-abc", (1_000, 1_000))
    monkeypatch.setattr(feature_cache, "MAX_CACHE_BYTES", 2 * each + each // 2)
    fetch(compute, what="b")
    assert len(list(feature_cache.cache_folder().iterdir())) == 2
    assert [fetch(compute, what=what).from_cache for what in "ab"] == [True, True]


def entry_of(what):
    """The one entry there is, which was just made for `what`."""
    assert what == "a"
    return next(p for p in feature_cache.cache_folder().iterdir() if (p / "manifest.json").exists())


def test_an_entry_that_another_process_is_writing_is_not_taken_away(monkeypatch):
    monkeypatch.setattr(feature_cache, "MAX_CACHE_BYTES", 1)
    save = np.save

    def meanwhile(path, tensor, **options):
        # The other server, whose cache is full at this moment.
        monkeypatch.setattr(feature_cache.np, "save", save)
        save(path, tensor, **options)
        feature_cache._forget_oldest()

    monkeypatch.setattr(feature_cache.np, "save", meanwhile)
    feature_cache._write(
        feature_cache.cache_folder() / "entry",
        feature_cache.Features(FEATURES, 1.0, 1, from_cache=False),
        "",
    )
    stored = feature_cache._read(entry())
    assert stored
    np.testing.assert_array_equal(stored.tensors[1], FEATURES[1])


def test_an_entry_that_another_process_has_written_meanwhile_stays(monkeypatch):
    compute = Compute()

    def both(given):
        fetch(Compute())  # The other server computes the same.
        seen.append(entry().stat().st_ino)
        return compute(given)

    seen = []
    feature_cache.fetch({"weights": "w"}, lambda: INPUTS, both)
    assert entry().stat().st_ino == seen[0]
    assert fetch(Compute()).from_cache


def test_an_entry_that_is_too_large_is_not_stored(monkeypatch):
    compute = Compute()
    total = sum(tensor.nbytes for tensor in FEATURES)
    monkeypatch.setattr(feature_cache, "MAX_ENTRY_BYTES", total - 1)
    assert not fetch(compute).from_cache
    assert not feature_cache.cache_folder().exists()
    monkeypatch.setattr(feature_cache, "MAX_ENTRY_BYTES", total)
    assert not fetch(compute).from_cache
    assert fetch(compute).from_cache


def test_stopping_while_features_are_computed_stores_nothing():
    def stop(given):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        feature_cache.fetch({"weights": "w"}, lambda: INPUTS, stop)
    assert not feature_cache.cache_folder().exists()
