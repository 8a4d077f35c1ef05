"""Results on disk: one Parquet file for each run, with its provenance inside.

    <cache_dir>/<mode>-<key digest>[-<account>]/      0700, files 0600
        results/<report type>/<request key>/<run id>.parquet, and .sha256: its hash, and how many rows
        launches/ report_types.json durations.json     see ``launch_log``
        api_answers.sqlite                             cached answers; see ``http/answer_cache``
        damaged/<run id>.csv                           what Stripe sent and could not be read
        locks/  staging/                               a folder for each result that is made, and its lock

A result is never seen half written: it is made in ``staging``, then moved to its place.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
from filelock import Timeout

from stripe_reports.errors import FileError, StoreError
from stripe_reports.models import Mode, Owner, Provenance, ReportRequest, RunView
from stripe_reports.parsing.parquet import UNREADABLE, count_rows
from stripe_reports.planning import deadline
from stripe_reports.planning.reuse import KnownRun
from stripe_reports.render import remedies
from stripe_reports.storage.disk import (
    disk_errors,
    files_in,
    locked,
    move,
    remove_folder,
    safe_name,
    size_text,
)
from stripe_reports.storage.launch_log import LaunchLog
from stripe_reports.storage.seals import rows_of, seal, seal_of

__all__ = ["METADATA_KEY", "Store", "StoredResult"]

METADATA_KEY = "stripe_reports"
LOCK_TIMEOUT = 120.0
STORE_TIMEOUT = 3600.0
"""Maximum time to wait for the download of another thread or process, in seconds."""

LOCK_ALONE_KEPT_FOR = 24 * 3600.0

_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result file on this machine."""

    path: Path
    provenance: Provenance

    @property
    def as_known(self) -> KnownRun:
        """Return its run for the reuse rule."""
        return KnownRun(self.provenance.run.id, "succeeded", self.provenance.as_of, "stored")


@dataclass(slots=True)
class Store:
    """The folder of one owner's results.

    Raises:
        StoreError: From any method: the folder cannot be read or written; the message says why.
    """

    root: Path
    owner: Owner
    folder: Path = field(init=False)
    launch_log: LaunchLog = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.root / self.owner.folder
        self.launch_log = LaunchLog(self.folder)

    @property
    def answers_path(self) -> Path:
        """The SQLite file of requests-cache."""
        return self.folder / "api_answers.sqlite"

    @contextmanager
    def lock(self, name: str, *, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
        """Lock a request or a run, so that no other thread or process decides on it or stores it."""
        path = self.folder / "locks" / f"{safe_name(name)[:64]}.lock"
        with ExitStack() as held:
            try:
                with disk_errors("lock", path):
                    held.enter_context(locked(path, timeout=timeout))
            except Timeout:
                deadline.check(
                    f"Another process was busy with the same report (it holds {path}) and did not finish"
                )
                raise StoreError(
                    f"Another process has been busy with the same report for {timeout:.0f} s (it holds "
                    f"{path}). Try again when it has finished; its launch will be found, not repeated."
                ) from None
            yield

    def results(self, key: str, request: ReportRequest) -> list[StoredResult]:
        """List the stored results of a request; unreadable files are left out."""
        with disk_errors("list stored results", self.folder):
            paths = files_in(self._results_folder(key, request), "*.parquet")
        found = [result for path in paths if (result := self.open(path)) is not None]
        return [result for result in found if result.provenance.request == request]

    def find(self, run: RunView, *, schema_overrides: Mapping[str, str] | None = None) -> StoredResult | None:
        """The stored result of a run, by its id; read with these overrides, none by default."""
        folder = self.folder / "results" / safe_name(run.report_type)
        with disk_errors("look for a stored result", folder):
            paths = files_in(folder, f"*/{safe_name(run.id)}.parquet")
        found = (result for path in paths if (result := self.open(path)) is not None)
        wanted = schema_overrides or {}
        return next((each for each in found if each.provenance.schema_overrides == wanted), None)

    def open(self, path: Path) -> StoredResult | None:
        """Open the result at *path*; None if it is not a complete, readable result of this owner."""
        try:
            metadata = pl.read_parquet_metadata(path)
            provenance = replace(Provenance.from_json(metadata[METADATA_KEY]), rows=rows_of(path))
        except (*UNREADABLE, KeyError, TypeError, ValueError):
            return None
        mode: Mode = "live" if provenance.livemode else "test"
        owner = Owner(provenance.key_digest, provenance.account, mode, provenance.place)
        return StoredResult(path, provenance) if owner == self.owner else None

    @contextmanager
    def staging(self, *, room: int = 0) -> Iterator[Path]:
        """Give a new folder next to the results, removed afterwards with leftovers of killed processes.

        Args:
            room: Size of the expected file in bytes; converting it needs the same again.
        """
        self.remove_leftovers()
        parent = self.folder / "staging"
        folder = parent / uuid.uuid4().hex
        lock = _lock_of(folder)
        try:
            with disk_errors("write a result", folder), locked(lock, timeout=LOCK_TIMEOUT):
                self._check_room(parent, 2 * room)
                folder.mkdir(mode=0o700)
                try:
                    yield folder
                except (FileError, OSError, pl.exceptions.PolarsError):
                    self._check_room(parent, 2 * room)  # polars does not report a full disk
                    raise
                finally:
                    # A late writer of polars may still put a file into it, which is a leftover then.
                    shutil.rmtree(folder, ignore_errors=True)
        finally:
            with suppress(OSError):
                lock.unlink()

    def remove_leftovers(self) -> None:
        """Remove the staging folders without a lock holder: their processes were killed."""
        with disk_errors("look for leftovers", self.folder):
            found = files_in(self.folder / "staging", "*")
        for folder in (path for path in found if path.suffix != _LOCK):
            # Its creator held the lock before creating the folder.
            with suppress(Timeout, OSError), locked(_lock_of(folder), timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
                _lock_of(folder).unlink()
        for lock in (path for path in found if path.suffix == _LOCK):
            with suppress(OSError):  # only a lock: its folder was not yet created
                if not _staged_of(lock).exists() and time.time() - lock.stat().st_mtime > LOCK_ALONE_KEPT_FOR:
                    lock.unlink()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prevent clearing the store, while a result that was lost after storing is stored again."""
        with self.lock("clear", timeout=STORE_TIMEOUT):
            yield

    def clear(self) -> None:
        """Remove everything except files that others are writing, and empty lock files."""
        self.remove_leftovers()
        with self.kept(), disk_errors("remove the stored results", self.folder):
            _empty(self.answers_path)
            for path in files_in(self.folder, "*"):
                if path.name in {"locks", "staging"} or path.name.startswith(self.answers_path.name):
                    continue
                if path.is_dir():
                    remove_folder(path)
                else:
                    path.unlink(missing_ok=True)

    @staticmethod
    def _check_room(folder: Path, needed: int) -> None:
        with disk_errors("check the free space", folder):
            free = shutil.disk_usage(folder).free
        if free < needed:
            raise StoreError(
                f"The disk is full: the result needs about {size_text(needed)} in {folder}, which has "
                f"{size_text(free)} left.",
                remedy=remedies.make_room(),
            )

    def put(self, key: str, staged: Path, provenance: Provenance, *, rows: int) -> StoredResult:
        """Move a finished Parquet file of *rows* rows from ``staging`` to its place.

        Raises:
            StoreError: It has a different number of rows, or it cannot be moved.
        """
        folder = self._results_folder(key, provenance.request)
        if not provenance.is_complete:
            folder = folder.parent / "unmatched"
        path = folder / f"{safe_name(provenance.run.id)}.parquet"
        with disk_errors("store a result", path):
            staged.chmod(0o600)
            seal(staged, rows=rows)
            if (there := count_rows(staged)) != rows:
                raise StoreError(
                    f"The result of run {provenance.run.id} has {rows:,} rows, but {there:,} were written to "
                    f"{staged.parent}. Nothing was stored; fetch again, and check the disk if it fails again."
                )
            move(seal_of(staged), seal_of(path))
            move(staged, path)  # last: a file without a seal, or a seal without a file, is not a result
        return StoredResult(path, replace(provenance, rows=rows))

    def keep_damaged(self, csv: Path, run_id: str) -> Path:
        """Keep a file that could not be read, so that a person can look at it."""
        path = self.folder / "damaged" / f"{safe_name(run_id)}.csv"
        with disk_errors("keep a damaged file", path):
            csv.chmod(0o600)
            move(csv, path)
        return path

    def _results_folder(self, key: str, request: ReportRequest) -> Path:
        return self.folder / "results" / safe_name(request.report_type) / key[:32]

    def all_results(self) -> Iterator[StoredResult]:
        """Iterate over the stored results of this owner."""
        with disk_errors("list stored results", self.folder):
            paths = files_in(self.folder, "results/*/*/*.parquet")
        yield from (result for path in paths if (result := self.open(path)) is not None)

    def remove(self, path: Path) -> None:
        """Remove a stored result, and its folders if they are empty."""
        with disk_errors("remove a stored result", path):
            path.unlink(missing_ok=True)
            seal_of(path).unlink(missing_ok=True)
        for folder in path.parents[:2]:
            with suppress(OSError):  # not empty
                folder.rmdir()

    def evict(self, limit: int, *, keep: Path) -> list[Path]:
        """Remove the oldest files, damaged ones included, until at most *limit* bytes are left."""
        found = []
        with disk_errors("list the stored results", self.folder):
            results = files_in(self.folder, "results/*/*/*.parquet")
            for path in [*results, *files_in(self.folder, "damaged/*.csv")]:
                with suppress(FileNotFoundError):  # another process needs space too
                    found.append((path.stat(), path))
        total, removed = sum(stat.st_size for stat, _ in found), []
        for stat, path in sorted(found, key=lambda each: each[0].st_mtime):
            if total <= limit:
                break
            if path != keep:
                self.remove(path)
                removed.append(path)
                total -= stat.st_size
        return removed

    def on_this_machine(self) -> list[Store]:
        """List the stores of all owners in the same folder, this one included."""
        with disk_errors("list the folders", self.root):
            folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        owners = (Owner.of_folder(folder.name) for folder in folders if folder.is_dir())
        return [Store(self.root, owner) for owner in owners if owner is not None]


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def _staged_of(lock: Path) -> Path:
    return lock.with_name(lock.name.removesuffix(_LOCK))


def _empty(answers: Path) -> None:
    """Empty a cache of answers that others may be using; remove a broken one.

    Its journal belongs to SQLite: removing it while another process writes would break the file.
    """
    if not answers.exists():
        return
    try:
        with closing(
            sqlite3.connect(f"{answers.absolute().as_uri()}?mode=rw", uri=True, timeout=5)
        ) as database:
            database.execute("PRAGMA secure_delete = ON")
            with database:
                database.execute("DELETE FROM responses")
    except sqlite3.Error:
        answers.unlink(missing_ok=True)
