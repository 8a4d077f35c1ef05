"""Files written atomically, with mode 0600; errors say what to do."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from stripe_reports.errors import StoreError, StripeReportsError
from stripe_reports.render import remedies
from stripe_reports.render.remedies import Remedy, everywhere

__all__ = [
    "append",
    "digest",
    "disk_errors",
    "files_in",
    "in_folder",
    "lacks_tables",
    "locked",
    "make_missing",
    "make_private",
    "move",
    "read_json",
    "reason_of",
    "remove_folder",
    "safe_name",
    "shown_path",
    "size_text",
    "write_json",
    "write_new",
    "written_whole",
]

_TRIES = 20

T = TypeVar("T")

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}")


@contextmanager
def disk_errors(what: str, path: Path, *, remedy: Remedy | None = None) -> Iterator[None]:
    """Turn the system's errors into one that says what to do."""
    try:
        yield
    except (StripeReportsError, Timeout):
        raise
    except OSError as error:
        remedy = remedy or remedies.choose_another_folder()
        if error.errno == errno.ENOSPC:
            remedy = everywhere("The disk is full: free some space, or delete old results.") + remedy
        raise StoreError(
            f"Could not {what} at {shown_path(path)}: {error.strerror or type(error).__name__}.",
            remedy=remedy,
        ) from error


def reason_of(error: BaseException) -> str:
    """Return why a file could not be used, without its name, which the message has already."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def lacks_tables(error: sqlite3.Error | OSError) -> bool:
    """Tell whether an error means that an SQLite file has other tables than ours, or none."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


def make_private(folder: Path) -> None:
    """Create a folder and its missing parents with mode 0700; an existing folder is set to 0700 too.

    Raises:
        OSError: It cannot be created, or belongs to another user.
    """
    make_missing(folder)
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        folder.chmod(0o700)


def make_missing(folder: Path) -> None:
    """Create a folder and its missing parents with mode 0700; an existing folder is not changed.

    Raises:
        OSError: It cannot be created.
    """
    if not folder.is_dir():
        make_missing(folder.parent)  # ``parents=True`` would let others read these
        folder.mkdir(mode=0o700, exist_ok=True)


def files_in(folder: Path, pattern: str) -> list[Path]:
    """List the files that match, sorted, even if others remove folders at the same time."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            return sorted(folder.glob(pattern))
    return sorted(folder.glob(pattern))


def in_folder(folder: Path, use: Callable[[], T]) -> T:
    """Call *use* after creating the folder, and retry if others remove the folder meanwhile."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            make_private(folder)
            return use()
    make_private(folder)
    return use()


def move(source: Path, target: Path) -> None:
    """Move a file, creating the target folder if necessary."""
    in_folder(target.parent, lambda: source.replace(target))


@contextmanager
def locked(path: Path, *, timeout: float, poll: float = 0.05) -> Iterator[None]:
    """Hold a lock file against other threads and processes; raise ``Timeout`` if it stays held elsewhere.

    It is tried again every *poll* seconds.

    The file must not be removed while it may be held: one process could hold the removed file and another a
    new one, so both would have the lock.
    """
    lock = FileLock(path, mode=0o600)
    in_folder(path.parent, lambda: lock.acquire(timeout=timeout, poll_interval=poll))
    try:
        yield
    finally:
        lock.release()


def remove_folder(folder: Path) -> None:
    """Remove a folder with its contents, even if others write or remove files in it.

    Raises:
        OSError: Something could not be removed.
    """
    for _ in range(_TRIES):
        if not folder.exists():
            return
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}:
                raise
    shutil.rmtree(folder)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> Any:
    """Return the contents of a JSON file; raise ``OSError`` or ``ValueError`` if it cannot be read."""
    return json.loads(path.read_text("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file atomically, with mode 0600, creating its folder if necessary."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")

    def write() -> None:
        try:
            with open(temporary, "x", encoding="utf-8", opener=_private) as file:
                json.dump(content, file)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    with disk_errors("write", path):
        in_folder(path.parent, write)


def append(path: Path, content: bytes) -> None:
    """Append to a file with mode 0600 in one write, which the writes of other processes do not interrupt."""

    def write() -> None:
        with open(path, "ab", buffering=0, opener=_private) as file:
            file.write(content)

    with disk_errors("write", path):
        in_folder(path.parent, write)


def write_new(path: Path, content: str) -> None:
    """Write a new text file with mode 0600; raise ``FileExistsError`` instead of overwriting a file."""
    with open(path, "x", encoding="utf-8", opener=_private) as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)  # it is this call's, and incomplete
            raise


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file to write, and move it to *path* when complete; its mode is 0600."""
    target = Path(path).expanduser()
    temporary = target.with_name(f".{uuid.uuid4().hex}.part")
    with disk_errors("write", target, remedy=everywhere("Choose another path, or free some disk space.")):
        try:
            temporary.touch(0o600, exist_ok=False)
            yield temporary
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """Return *name* if it is a safe file name; ids come from answers and are not trusted."""
    if not _SAFE_NAME.fullmatch(name) or ".." in name:
        raise StoreError(f"{name[:100]!r} is not a safe file name, so its result was not stored.")
    return name


def shown_path(path: str | os.PathLike[str]) -> str:
    """Write a path for people, with ``~`` for the home folder: its name, often the user's, is not saved."""
    path = Path(path)
    try:
        home = Path.home()
        below = path.relative_to(home)
    except (RuntimeError, ValueError):  # there is no home folder, or the path is elsewhere
        return str(path)
    return str(path if home == home.parent else Path("~") / below)


def size_text(count: int) -> str:
    """Format a number of bytes for people."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
