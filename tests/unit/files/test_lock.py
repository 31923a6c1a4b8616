"""A lock is held by one, is seen to be held by many, and its file can go."""

import threading

import pytest

from lib.core.files import lock


def test_many_who_look_at_a_free_lock_do_not_take_it_from_each_other(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    seen, barrier = [], threading.Barrier(8)

    def look():
        barrier.wait()
        seen.extend(lock.held(path) for _ in range(200))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not any(seen)


def test_a_lock_is_held_by_one_and_its_file_is_gone_afterwards(tmp_path):
    path = tmp_path / "lock"
    with lock.if_free(path) as first:
        assert first
        assert lock.held(path)
        with lock.if_free(path) as second:
            assert not second
        assert lock.held(path)
    assert not path.exists()
    assert not lock.held(path)
    with lock.if_free(path) as again:
        assert again


def test_a_lock_whose_file_is_removed_between_opening_and_locking_is_not_held(
    tmp_path, monkeypatch
):
    path = tmp_path / "lock"
    try_lock = lock._try_lock

    def too_late(descriptor, **options):
        # The process before lets go of it at this moment.
        monkeypatch.setattr(lock, "_try_lock", try_lock)
        path.unlink()
        return try_lock(descriptor, **options)

    monkeypatch.setattr(lock, "_try_lock", too_late)
    assert lock._taken(path) is None
    with lock.if_free(path) as held:
        assert held


def test_a_lock_that_cannot_be_made_is_an_error_and_not_held(tmp_path):
    with pytest.raises(OSError), lock.if_free(tmp_path / "missing" / "lock"):  # noqa: PT011
        pass
    assert not lock.held(tmp_path / "missing" / "lock")
