"""Files of customers' data: nobody else can read them, none is half written, none is overwritten."""

import errno
import os
import sys

import pytest
from filelock import Timeout

from stripe_reports.errors import StoreError
from stripe_reports.storage import disk

ON_WINDOWS = sys.platform == "win32"


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has no such modes")
def test_a_folder_and_its_missing_parents_are_private(tmp_path):
    """An existing folder that others can read is closed; its parents belong to somebody else."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    disk.make_private(shared / "new" / "own")
    assert [mode(path) for path in (shared, shared / "new", shared / "new" / "own")] == [0o755, 0o700, 0o700]
    disk.make_private(shared)
    assert mode(shared) == 0o700


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has no such modes")
def test_every_way_to_write_makes_a_private_file(tmp_path):
    """Whatever the user's umask allows."""
    before = os.umask(0)
    try:
        disk.write_json(tmp_path / "json", {})
        disk.append(tmp_path / "appended", b"x")
        disk.write_new(tmp_path / "new", "x")
        with disk.written_whole(tmp_path / "whole") as temporary:
            temporary.write_text("x")
        with disk.locked(tmp_path / "lock", timeout=0):
            pass
    finally:
        os.umask(before)
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == dict.fromkeys(
        ("json", "appended", "new", "whole", "lock"), 0o600
    )


def test_a_file_that_is_not_finished_leaves_the_old_one_and_nothing_else(tmp_path):
    """A reader finds the old contents or the new ones."""
    target = tmp_path / "file"
    target.write_text("old")

    def fail():
        with disk.written_whole(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with pytest.raises(TypeError):
        disk.write_json(target, {"half": object()})
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_new_file_never_replaces_another(tmp_path):
    """Evidence that exists is evidence."""
    disk.write_new(tmp_path / "file", "first")
    with pytest.raises(FileExistsError):
        disk.write_new(tmp_path / "file", "second")
    assert (tmp_path / "file").read_text() == "first"


def test_what_is_appended_comes_after_what_is_there(tmp_path):
    """Other processes append too."""
    for line in (b"one\n", b"two\n"):
        disk.append(tmp_path / "new" / "file", line)
    assert (tmp_path / "new" / "file").read_bytes() == b"one\ntwo\n"


def test_a_lock_is_free_again_after_an_error(tmp_path):
    """Until then nobody else gets it."""
    path = tmp_path / "locks" / "one"
    with disk.locked(path, timeout=0), pytest.raises(Timeout), disk.locked(path, timeout=0):
        pass
    with pytest.raises(KeyError), disk.locked(path, timeout=0):
        raise KeyError
    with disk.locked(path, timeout=0):
        pass


def test_a_folder_is_removed_with_all_that_is_in_it(tmp_path):
    """One that is not there was removed by somebody else."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("x")
    disk.remove_folder(tmp_path / "a")
    disk.remove_folder(tmp_path / "a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "is_safe"),
    [
        *((name, True) for name in ("frr_1", "balance.summary.2", "0", "a" * 201)),
        *((name, False) for name in ("", ".a", "a/b", "a\\b", "a..b", "a b", "a\n", "é", "-a", "a" * 202)),
    ],
)
def test_a_name_from_an_answer_is_used_only_if_it_stays_in_its_folder(name, is_safe):
    """On every system; ids come from answers."""
    if is_safe:
        assert disk.safe_name(name) == name
    else:
        with pytest.raises(StoreError, match="is not a safe file name, so its result was not stored"):
            disk.safe_name(name)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_500_000, "1.5 MB"),
        (2e9, "2.0 GB"),
        (3e12, "3000.0 GB"),
    ],
)
def test_a_size_is_written_with_one_decimal(size, text):
    """In the units of file managers."""
    assert disk.size_text(size) == text


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/secret/name"), "No space left on device"),
        (ValueError("a wrong value"), "a wrong value"),
        (ValueError(), "ValueError"),
    ],
)
def test_a_reason_is_what_happened_or_else_the_kind_of_error(error, reason):
    """The name of the file is in the message already; an empty reason would be no reason."""
    assert disk.reason_of(error) == reason


@pytest.mark.parametrize(("code", "is_told"), [(errno.ENOSPC, True), (errno.EACCES, False)])
def test_an_error_of_the_system_says_what_was_done_where_and_what_to_do(tmp_path, code, is_told):
    """Only a full disk is helped by removing files."""
    with pytest.raises(StoreError) as caught, disk.disk_errors("store a result", tmp_path / "file"):
        raise OSError(code, os.strerror(code))
    text = str(caught.value)
    assert text.startswith(
        f"Could not store a result at {disk.shown_path(tmp_path / 'file')}: {os.strerror(code)}."
    )
    assert ("free some space" in text) is is_told
    assert "cache_dir" in text
