"""A file is read while it is written: the reader gets exactly what is in it, or nothing comes of it."""

from __future__ import annotations

import threading

import pytest

from stripe_reports.storage import arriving
from stripe_reports.storage.arriving import ArrivingFile

BLOCK = b"x" * 1000


@pytest.fixture(params=[0, 10**9], ids=["meanwhile", "when it is complete"])
def open_file(request, tmp_path, monkeypatch):
    """Opens a file whose contents are joined by its reader."""
    monkeypatch.setattr(arriving, "_SMALL", request.param)
    monkeypatch.setattr(arriving, "_MOST_WAITING", 3_000)

    def opened(read=b"".join, max_bytes=10**9):
        return ArrivingFile(tmp_path / "file", max_bytes=max_bytes, read=read)

    return opened


def test_the_reader_gets_what_is_in_the_file(open_file, tmp_path):
    """Also more than may wait."""
    with open_file() as file:
        for number in range(100):
            file.write(b"%3d" % number + BLOCK)
        file.finish()
    assert file.result() == (tmp_path / "file").read_bytes()


def test_a_file_that_starts_again_is_read_again(open_file):
    """The line broke, and the download starts again: nothing of the first attempt may be in the result."""
    with open_file() as file:
        for _ in range(10):
            file.write(b"first")
        file.seek(0)
        file.truncate()
        file.write(b"second")
        file.finish()
    assert file.result() == b"second"


def test_an_error_of_the_reader_is_raised_after_the_file_was_written_whole(open_file, tmp_path):
    """It is kept for a person to look at; and whether it came whole decides what the error means."""

    def fail(blocks):
        next(blocks)
        raise ValueError("a damaged row")

    with open_file(fail) as file:
        for _ in range(100):
            file.write(BLOCK)
        file.finish()
    with pytest.raises(ValueError, match="a damaged row"):
        file.result()
    assert (tmp_path / "file").stat().st_size == 100_000


def test_a_file_that_is_closed_early_leaves_no_reader(open_file):
    """A reader that goes on could write to a folder that is removed."""
    ended = []

    def read(blocks):
        try:
            return b"".join(blocks)
        finally:
            ended.append(True)

    def interrupted():
        with open_file(read) as file:
            for _ in range(10):
                file.write(BLOCK)
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threading.active_count() == before
    assert len(ended) == (arriving._SMALL == 0)
