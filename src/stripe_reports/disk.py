"""Files for their owner's eyes only, written whole or not at all, with errors that say what to do."""

from __future__ import annotations

import errno
import json
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import Timeout

from stripe_reports.errors import StoreError, StripeReportsError

__all__ = ["disk_errors", "make_private", "read_json", "safe_name", "size_text", "write_json"]

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}")


@contextmanager
def disk_errors(what: str, path: Path) -> Iterator[None]:
    """Turn the system's errors into one that says what to do."""
    try:
        yield
    except (StripeReportsError, Timeout):
        raise
    except OSError as error:
        advice = "Choose another folder with Client(cache_dir=...)."
        if error.errno == errno.ENOSPC:
            advice = f"The disk is full: make room, or delete old results. {advice}"
        raise StoreError(f"Could not {what} at {path}: {error.strerror or error}. {advice}") from error


def make_private(folder: Path) -> None:
    """Make a folder and what is missing above it; ``parents=True`` would leave those open to others."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def read_json(path: Path) -> Any:
    """What a file holds; raises ``OSError`` or ``ValueError`` if it cannot be read."""
    return json.loads(path.read_text("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write whole or not at all, for the owner's eyes only."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with disk_errors("write", path):
        try:
            with open(temporary, "x", encoding="utf-8", opener=_private) as file:
                json.dump(content, file)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """*name* as a file name; ids come from answers and are not trusted to be one."""
    if not _SAFE_NAME.fullmatch(name) or ".." in name:
        raise StoreError(f"{name[:100]!r} cannot be the name of a file, so its result is not stored.")
    return name


def size_text(count: int) -> str:
    """A number of bytes for people."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
