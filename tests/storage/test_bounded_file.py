"""A file with a maximum size: nothing is lost up to it, nothing is written beyond it."""

import shutil
from types import SimpleNamespace

import pytest

from stripe_reports.errors import ResultTooLargeError, StoreError
from stripe_reports.storage.bounded_file import BoundedFile


def test_a_file_of_exactly_the_maximum_size_is_written(tmp_path):
    """The limit is the largest size that is allowed."""
    with BoundedFile(tmp_path / "file", max_bytes=10) as file:
        assert file.write(b"12345") == file.write(bytearray(b"67890")) == 5
    assert (tmp_path / "file").read_bytes() == b"1234567890"


def test_one_byte_more_is_refused_with_the_remedy(tmp_path):
    """Also if it arrives alone, and if the file was emptied before."""
    with BoundedFile(tmp_path / "file", max_bytes=1_500) as file:
        file.write(b"x" * 1_500)
        file.seek(0)
        file.truncate()
        file.write(b"x" * 1_500)
        with pytest.raises(ResultTooLargeError, match=r"larger than 1\.5 kB.*max_result_bytes"):
            file.write(b"x")


def test_as_much_space_as_the_file_has_must_stay_free(tmp_path, monkeypatch):
    """Converting it needs the same again; the disk is looked at before each quarter of it is used."""
    free, looked = [1_000], []

    def usage(folder):
        looked.append(folder)
        return SimpleNamespace(free=free[0])

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with BoundedFile(tmp_path / "file", max_bytes=10**9) as file:
        file.write(b"x" * 1_000)
        file.write(b"x" * 250)
        assert looked == [tmp_path]
        free[0] = 1_200
        with pytest.raises(
            StoreError, match=r"nearly full: 1\.3 kB of a result were received, 1\.2 kB are free"
        ):
            file.write(b"x")
        assert looked == [tmp_path] * 2
