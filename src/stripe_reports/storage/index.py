"""The index of one owner's folder: which files are stored, and which runs were launched from here.

It is an SQLite file, so that finding, launching and evicting cost the same among 100,000 results as among
100. It may be lost, damaged or of another version of this package: the files are listed again, and a launch
that is forgotten costs a call, never a wrong result. A file is entered before it is moved to its place, so no
file is without its entry; an entry without a file is removed when it is found.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeVar

from stripe_reports.errors import StoreError
from stripe_reports.render import remedies
from stripe_reports.storage.disk import disk_errors, files_in, in_folder, lacks_tables, shown_path

__all__ = ["Index"]

logger = logging.getLogger("stripe_reports")

T = TypeVar("T")

BUSY_TIMEOUT = 30.0
"""Maximum time to wait for the write of another thread or process, in seconds."""

_VERSION = 1

_IS_PENDING = """instr(record, '"status": "pending"') > 0"""
"""The condition of launches whose runs were pending when last seen; an index has only these."""

_SCHEMA = (
    "CREATE TABLE files (path TEXT PRIMARY KEY, key TEXT NOT NULL, run_id TEXT NOT NULL,"
    " size INTEGER NOT NULL, added REAL NOT NULL) WITHOUT ROWID",
    "CREATE INDEX files_by_key ON files (key)",
    "CREATE INDEX files_by_run ON files (run_id)",
    "CREATE INDEX files_by_age ON files (added, path, size)",
    "CREATE TABLE total (size INTEGER NOT NULL)",
    "INSERT INTO total VALUES (0)",
    "CREATE TRIGGER added AFTER INSERT ON files BEGIN UPDATE total SET size = size + new.size; END",
    "CREATE TRIGGER removed AFTER DELETE ON files BEGIN UPDATE total SET size = size - old.size; END",
    "CREATE TABLE launches (key TEXT NOT NULL, name TEXT NOT NULL, run_id TEXT, record TEXT NOT NULL,"
    " PRIMARY KEY (key, name)) WITHOUT ROWID",
    "CREATE INDEX launches_by_run ON launches (run_id)",
    f"CREATE INDEX launches_pending ON launches (key) WHERE {_IS_PENDING}",
    f"PRAGMA user_version = {_VERSION}",
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file in the owner's folder.

    Attributes:
        path: Relative to the folder.
        key: The name of the folder that it is in; for a result the start of its request's key.
        run_id: The run whose result it is.
        size: In bytes.
        added: When it was stored, in Unix seconds by this machine's clock.
    """

    path: str
    key: str
    run_id: str
    size: int
    added: float


class Index:
    """The index in one owner's folder.

    Each call opens the file again, which takes a fraction of a millisecond and works in threads and after a
    fork.

    Raises:
        StoreError: From any method: it cannot be read or written; the message says why.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "index.sqlite"

    # Files

    def add(self, path: Path, *, size: int) -> None:
        """Enter a file before it is moved to *path*, whose names say which request and run it is of."""
        entry = self._entry(path, size=size, added=time.time())
        self._write(lambda database: _add(database, entry))

    def remove(self, path: Path) -> None:
        """Remove the entry of a file."""
        self._write(lambda database: _remove(database, self._relative(path)))

    def of_key(self, key: str) -> list[Path]:
        """List the files of a request, sorted."""
        return self._paths("SELECT path FROM files WHERE key = ? ORDER BY path", key)

    def of_run(self, run_id: str) -> list[Path]:
        """List the files of a run, sorted."""
        return self._paths("SELECT path FROM files WHERE run_id = ? ORDER BY path", run_id)

    def files(self) -> list[Path]:
        """List all files, sorted."""
        return self._paths("SELECT path FROM files ORDER BY path")

    def beyond(self, limit: int) -> list[Path]:
        """List the oldest files to remove, so that the others have at most *limit* bytes together."""

        def oldest(database: sqlite3.Connection) -> list[Path]:
            ((excess,),) = database.execute("SELECT size - ? FROM total", [limit])
            found = []
            for path, size in database.execute("SELECT path, size FROM files ORDER BY added, path"):
                if excess <= 0:
                    break
                found.append(self.folder / path)
                excess -= size
            return found

        return self._read(oldest, default=[])

    # Launches

    def remember_launch(self, key: str, name: str, run_id: str | None, record: str) -> None:
        """Record a launch of a request; an earlier record of that name is replaced."""
        row = (key, name, run_id, record)
        self._write(lambda database: database.execute("REPLACE INTO launches VALUES (?, ?, ?, ?)", row))

    def launches(self, key: str) -> list[str]:
        """Return the records of the launches of a request."""
        rows = self._rows("SELECT record FROM launches WHERE key = ? ORDER BY name", key)
        return [record for (record,) in rows]

    def launches_of(self, run_id: str) -> list[str]:
        """Return the records of the launch of a run; none if it was not launched from here."""
        rows = self._rows("SELECT record FROM launches WHERE run_id = ?", run_id)
        return [record for (record,) in rows]

    def launches_with_run(self) -> list[str]:
        """Return the record of each launch that made a run."""
        return [record for (record,) in self._rows("SELECT record FROM launches WHERE run_id IS NOT NULL")]

    def pending_launches(self) -> list[tuple[str, str]]:
        """Return the key and record of each launch whose run was pending when it was last seen."""
        return self._rows(f"SELECT key, record FROM launches WHERE {_IS_PENDING}")  # noqa: S608 - no value in it

    def clear(self) -> None:
        """Remove all entries; the file stays, because others may have it open."""

        def empty(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM files")
            database.execute("DELETE FROM launches")

        if self._rows("SELECT 1 FROM files UNION ALL SELECT 1 FROM launches LIMIT 1"):
            self._write(empty)

    # The SQLite file

    def _paths(self, query: str, *values: str) -> list[Path]:
        return [self.folder / path for (path,) in self._rows(query, *values)]

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        return self._read(lambda database: database.execute(query, values).fetchall(), default=[])

    def _read(self, use: Callable[[sqlite3.Connection], T], *, default: T) -> T:
        """Call *use*; return *default* if nothing is stored, without creating anything."""
        return self._open(use) if self.folder.exists() else default

    def _write(self, use: Callable[[sqlite3.Connection], object]) -> None:
        def change(database: sqlite3.Connection) -> None:
            with _transaction(database):
                use(database)

        self._open(change)

    def _open(self, use: Callable[[sqlite3.Connection], T]) -> T:
        with disk_errors("open the index", self.path):
            try:
                try:
                    return self._opened(use)
                except sqlite3.DatabaseError as error:
                    if isinstance(error, sqlite3.OperationalError) and not lacks_tables(error):
                        raise  # locked, full, read-only: not damaged
                    logger.warning(
                        "The index %s was damaged (%s); the files are listed again.",
                        shown_path(self.path),
                        error,
                    )
                    self.path.unlink(missing_ok=True)
                    return self._opened(use)
            except sqlite3.Error as error:
                remedy = remedies.choose_another_folder()
                raise StoreError(
                    f"Could not use the index {shown_path(self.path)}: {error}.", remedy=remedy
                ) from error

    def _opened(self, use: Callable[[sqlite3.Connection], T]) -> T:
        if not self.path.exists():  # SQLite would let others read it
            in_folder(self.folder, lambda: self.path.touch(0o600))
        with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT, isolation_level=None)) as database:
            database.execute("PRAGMA synchronous = OFF")  # it may be lost with the power
            database.execute("PRAGMA secure_delete = ON")  # requests name customers
            if database.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                self._create(database)
            return use(database)

    def _create(self, database: sqlite3.Connection) -> None:
        """Create the tables, and enter the files that are there."""
        with _transaction(database):
            if database.execute("PRAGMA user_version").fetchone() == (_VERSION,):
                return  # another process was faster
            for table in _tables(database):  # of another version of this package
                database.execute(f'DROP TABLE "{table}"')
            for statement in _SCHEMA:
                database.execute(statement)
            for pattern in ("results/*/*/*.parquet", "damaged/*.csv"):
                for path in files_in(self.folder, pattern):
                    with suppress(FileNotFoundError):
                        found = path.stat()
                        _add(database, self._entry(path, size=found.st_size, added=found.st_mtime))

    def _entry(self, path: Path, *, size: int, added: float) -> _Entry:
        return _Entry(self._relative(path), path.parent.name, path.stem, size, added)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()


def _tables(database: sqlite3.Connection) -> list[str]:
    """Return the names of all tables; their indexes and triggers are dropped with them."""
    found = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in database.execute(found)]


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _add(database: sqlite3.Connection, entry: _Entry) -> None:
    _remove(database, entry.path)
    database.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?)", astuple(entry))


def _remove(database: sqlite3.Connection, path: str) -> None:
    database.execute("DELETE FROM files WHERE path = ?", [path])
