"""A dataset in a folder on this machine, or on a disk that it shares. Folders have mode 0700, files 0600."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path

from stripe_reports.render.remedies import everywhere
from stripe_reports.storage.datasets.layout import STAGING
from stripe_reports.storage.datasets.place import Found, Place, StorageOptions
from stripe_reports.storage.disk import digest, disk_errors, make_missing, shown_path

__all__ = ["Folder"]

_REMEDY = everywhere("Check that the folder exists and can be written, or choose another place.")


class Folder(Place):
    """A folder. A file is written elsewhere in it and then linked to its name, which fails if that exists."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.options = StorageOptions()

    def __str__(self) -> str:
        return shown_path(self.path)

    @property
    def address(self) -> str:
        """The path itself, for another process, whose home folder may be another."""
        return str(self.path)

    def for_polars(self, name: str) -> str:
        """The path or address of an object, for polars."""
        return str(self.path / name)

    def objects(self, folder: str) -> Iterator[Found]:
        """List the objects below a folder."""
        with self._errors("list", folder):
            for parent, _, names in os.walk(self.path / folder, onerror=_unless_missing):
                for name in names:
                    path = Path(parent) / name
                    with suppress(FileNotFoundError):  # moved meanwhile
                        found = path.stat()
                        written = datetime.fromtimestamp(found.st_mtime, UTC)
                        yield Found(path.relative_to(self.path).as_posix(), found.st_size, written)

    def folders(self, folder: str) -> list[str]:
        """List the folders directly in a folder."""
        path = self.path / folder
        with self._errors("list", folder):
            return sorted(each.name for each in path.iterdir() if each.is_dir()) if path.is_dir() else []

    def read(self, name: str) -> bytes | None:
        """Read a small object."""
        with self._errors("read", name), suppress(FileNotFoundError):
            return (self.path / name).read_bytes()
        return None

    def write_new(self, name: str, content: bytes) -> bool:
        """Write an object that does not exist yet."""
        return self._put_new(name, lambda file: file.write_bytes(content))

    def upload_new(self, file: Path, name: str) -> bool:
        """Copy a file to an object that does not exist yet."""
        return self._put_new(name, lambda copy: shutil.copyfile(file, copy))

    def _put_new(self, name: str, write: Callable[[Path], object]) -> bool:
        target = self.path / name
        with self._errors("write", name):
            if target.exists():
                return False
            temporary = self.path / STAGING / uuid.uuid4().hex
            make_missing(temporary.parent)
            try:
                temporary.touch(0o600, exist_ok=False)
                write(temporary)
                make_missing(target.parent)
                os.link(temporary, target)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
        return True

    def digest(self, name: str) -> tuple[int, str] | None:
        """Return the size and the SHA-256 of an object."""
        with self._errors("read", name), suppress(FileNotFoundError):
            return (self.path / name).stat().st_size, digest(self.path / name)
        return None

    def move(self, name: str, to: str) -> bool:
        """Move an object."""
        with self._errors("move", name):
            make_missing((self.path / to).parent)
            try:
                (self.path / name).replace(self.path / to)
            except FileNotFoundError:
                return False
        return True

    def remove(self, name: str) -> None:
        """Remove an object."""
        with self._errors("remove", name):
            (self.path / name).unlink(missing_ok=True)

    def prepare(self, name: str) -> None:
        """Create an empty file with mode 0600, which polars overwrites."""
        with self._errors("write", name):
            make_missing((self.path / name).parent)
            (self.path / name).touch(0o600)

    def _errors(self, what: str, name: str) -> AbstractContextManager[None]:
        return disk_errors(what, self.path / name, remedy=_REMEDY)


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
