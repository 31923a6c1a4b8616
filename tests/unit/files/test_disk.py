"""A folder takes what its files take."""

from lib.core.files import disk


def test_files_at_every_depth_count_and_folders_do_not(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "one").write_bytes(bytes(10))
    (tmp_path / "a" / "b" / "two").write_bytes(bytes(5))
    assert disk.folder_bytes(tmp_path) == 15


def test_what_is_not_there_takes_nothing(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert disk.folder_bytes(tmp_path) == 0
    assert disk.folder_bytes(tmp_path / "nowhere") == 0
