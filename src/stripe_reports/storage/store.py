"""Results on disk: one Parquet file for each run, with its provenance inside.

    <cache_dir>/<mode>-<key digest>[-<account>]/      0700, files 0600
        results/<report type>/<request key>/<run id>.parquet, and .sha256: its hash, and how many rows
        index.sqlite                                   the results and the launches; see ``index``
        report_types.json durations.json               see ``launch_log``
        api_answers.sqlite                             cached answers; see ``http/answer_cache``
        damaged/<run id>.csv                           what Stripe sent and could not be read
        locks/                                         at most 256 for all requests and runs, and some more
        staging/                                       folders of results that are being made

A result is never seen half written: it is made in ``staging``, then moved to its place.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    make_private,
    move,
    remove_folder,
    safe_name,
    shown_path,
    size_text,
)
from stripe_reports.storage.index import Index
from stripe_reports.storage.launch_log import LaunchLog
from stripe_reports.storage.seals import move_sealed, rows_of, seal, seal_of

__all__ = ["METADATA_KEY", "Store", "StoredResult"]

METADATA_KEY = "stripe_reports"
LOCK_TIMEOUT = 120.0
STORE_TIMEOUT = 3600.0
"""Maximum time to wait for the download of another thread or process, in seconds."""

_RESULT = ".parquet"

_LOCKS = 128
"""Locks of requests, and as many of runs: a fixed number, since removing one that may be held is a race."""

_CALLS = 64
"""Maximum calls that let workers make results at the same time."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result file on this machine."""

    path: Path
    provenance: Provenance

    @property
    def as_known(self) -> KnownRun:
        """Return its run for the reuse rule."""
        run = self.provenance.run
        return KnownRun(run.id, "succeeded", self.provenance.as_of, "stored", created=run.created)


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
    _index: Index = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.root / self.owner.folder
        self.launch_log = LaunchLog(self.folder)
        self._index = Index(self.folder)

    @property
    def answers_path(self) -> Path:
        """The SQLite file of requests-cache."""
        return self.folder / "api_answers.sqlite"

    @contextmanager
    def lock_request(self, key: str, *, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
        """Lock a request, so that no other thread or process decides on it; see ``lock_run``."""
        with self._lock(f"request-{_bucket(key)}", timeout=timeout):
            yield

    @contextmanager
    def lock_run(self, run_id: str, *, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
        """Lock a run, so that no other thread or process stores its result.

        Other runs share the lock, so a second one must not be locked inside it.
        """
        with self._lock(f"run-{_bucket(run_id)}", timeout=timeout):
            yield

    @contextmanager
    def _lock(self, name: str, *, timeout: float) -> Iterator[None]:
        path = self._lock_file(name)
        with ExitStack() as held:
            try:
                with disk_errors("lock", path):
                    held.enter_context(locked(path, timeout=timeout))
            except Timeout:
                deadline.check(
                    f"Another process was busy with the same report (it holds {shown_path(path)}) and did "
                    "not finish"
                )
                raise StoreError(
                    f"Another process has been busy with the same report for {timeout:.0f} s (it holds "
                    f"{shown_path(path)}). Try again when it has finished; its launch will be found, not "
                    "repeated."
                ) from None
            yield

    def _lock_file(self, name: str) -> Path:
        return self.folder / "locks" / f"{name}.lock"

    def results(self, key: str, request: ReportRequest) -> list[StoredResult]:
        """List the stored results of a request; unreadable files are left out."""
        folder = self._results_folder(key, request)
        found = self._opened(path for path in self._index.of_key(folder.name) if path.parent == folder)
        return [result for result in found if result.provenance.request == request]

    def find(self, run: RunView, *, schema_overrides: Mapping[str, str] | None = None) -> StoredResult | None:
        """Return the stored result of a run, by its id; read with these overrides, none by default."""
        found = self._opened(path for path in self._index.of_run(run.id) if path.suffix == _RESULT)
        wanted = schema_overrides or {}
        return next((each for each in found if each.provenance.schema_overrides == wanted), None)

    def _opened(self, paths: Iterable[Path]) -> Iterator[StoredResult]:
        """Open the results that can be read; an entry without a file is removed."""
        for path in paths:
            result = self.open(path)
            if result is not None:
                yield result
            elif not path.exists():
                self._index.remove(path)

    def open(self, path: Path) -> StoredResult | None:
        """Open the result at *path*; None if it is not a complete, readable result of this owner."""
        try:
            metadata = pl.read_parquet_metadata(path)
            provenance = replace(Provenance.from_json(metadata[METADATA_KEY]), rows=rows_of(path))
        except (*UNREADABLE, KeyError, TypeError, ValueError):
            return None
        mode: Mode = "live" if provenance.livemode else "test"
        owner = Owner(provenance.key_digest, provenance.account, mode, provenance.place, provenance.run.api)
        return StoredResult(path, provenance) if owner == self.owner else None

    @contextmanager
    def staging(self, run_id: str, *, room: int = 0) -> Iterator[Path]:
        """Give a new folder next to the results, removed afterwards with leftovers of killed processes.

        Args:
            run_id: The run whose result is made; the caller holds its lock, which shows that the folder is in
                use.
            room: Size of the expected file in bytes; converting it needs the same again.
        """
        lock = f"run-{_bucket(run_id)}"
        self.remove_leftovers(held=lock)
        parent = self.folder / "staging"
        folder = parent / f"{lock}-{uuid.uuid4().hex}"
        with disk_errors("write a result", folder):
            make_private(parent)
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

    @contextmanager
    def staging_for_workers(self) -> Iterator[Path]:
        """Give a new folder, in which other processes may make results until the end of the block.

        Each of them makes a folder of its own in it. The lock is that of the whole block, and belongs to no
        run: while results of the block are stored, the lock of each one's run is taken.
        """
        with ExitStack() as held:
            lock = self._free_call_lock(held)
            self.remove_leftovers(held=lock)
            folder = self.folder / "staging" / f"{lock}-{uuid.uuid4().hex}"
            with disk_errors("write a result", folder):
                make_private(folder)
            try:
                yield folder
            finally:
                # A worker that goes on may still put a file into it, which is a leftover then.
                shutil.rmtree(folder, ignore_errors=True)

    def _free_call_lock(self, held: ExitStack) -> str:
        """Hold the first lock of a call that is free, and return its name."""
        for number in range(_CALLS):
            name = f"call-{number:02x}"
            with suppress(Timeout), disk_errors("lock", self._lock_file(name)):
                held.enter_context(locked(self._lock_file(name), timeout=0))
                return name
        raise StoreError(
            f"{_CALLS} calls are storing results in {shown_path(self.folder)} already. Wait for one of them."
        )

    def remove_leftovers(self, *, held: str | None = None) -> None:
        """Remove the staging folders of processes that were killed: the lock in their name is free.

        Args:
            held: Name of the lock that the caller itself holds.
        """
        with disk_errors("look for leftovers", self.folder):
            found = files_in(self.folder / "staging", "*-*-*")
        for folder in found:
            name = folder.name.rpartition("-")[0]
            with ExitStack() as lock, suppress(Timeout, OSError):
                if name != held:
                    lock.enter_context(locked(self._lock_file(name), timeout=0))
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prevent clearing the store, while a result that was lost after storing is stored again."""
        with self._lock("clear", timeout=STORE_TIMEOUT):
            yield

    def clear(self) -> None:
        """Remove everything except files that others are writing, and empty lock files."""
        self.remove_leftovers()
        with self.kept(), disk_errors("remove the stored results", self.folder):
            _empty(self.answers_path)
            self._index.clear()
            databases = (self.answers_path.name, self._index.path.name)  # and their journals
            for path in files_in(self.folder, "*"):
                if path.name in {"locks", "staging"} or path.name.startswith(databases):
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
                f"The disk is full: the result needs about {size_text(needed)} in {shown_path(folder)}, "
                f"which has {size_text(free)} left.",
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
            self._move_in(staged, path, move_sealed)
        return StoredResult(path, replace(provenance, rows=rows))

    def keep_damaged(self, csv: Path, run_id: str) -> Path:
        """Keep a file that could not be read, so that a person can look at it."""
        path = self.folder / "damaged" / f"{safe_name(run_id)}.csv"
        with disk_errors("keep a damaged file", path):
            csv.chmod(0o600)
            self._move_in(csv, path, move)
        return path

    def _move_in(self, source: Path, path: Path, move: Callable[[Path, Path], None]) -> None:
        """Move a finished file to its place; it is in the index before and afterwards."""
        size = source.stat().st_size
        self._index.add(path, size=size)
        move(source, path)
        self._index.add(path, size=size)  # a process that looked for the file before removed it

    def _results_folder(self, key: str, request: ReportRequest) -> Path:
        return self.folder / "results" / safe_name(request.report_type) / key[:32]

    def all_results(self) -> Iterator[StoredResult]:
        """Iterate over the stored results of this owner."""
        yield from self._opened(path for path in self._index.files() if path.suffix == _RESULT)

    def remove(self, path: Path) -> None:
        """Remove a stored result, and its folders if they are empty."""
        with disk_errors("remove a stored result", path):
            path.unlink(missing_ok=True)
            seal_of(path).unlink(missing_ok=True)
        self._index.remove(path)
        for folder in path.parents[:2]:
            with suppress(OSError):  # not empty
                folder.rmdir()

    def evict(self, limit: int, *, keep: Path) -> list[Path]:
        """Remove the oldest files, damaged ones included, until at most *limit* bytes are left."""
        oldest = [path for path in self._index.beyond(limit) if path != keep]
        for path in oldest:
            self.remove(path)
        return oldest

    def on_this_machine(self) -> list[Store]:
        """List the stores of all owners in the same folder, this one included."""
        with disk_errors("list the folders", self.root):
            folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        owners = (Owner.of_folder(folder.name) for folder in folders if folder.is_dir())
        return [Store(self.root, owner) for owner in owners if owner is not None]


def _bucket(name: str) -> str:
    """Return the number of the lock that stands for a request or a run, as two digits."""
    return f"{int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % _LOCKS:02x}"


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
            # An empty cache is not locked, so no other process has to wait.
            if database.execute("SELECT 1 FROM responses LIMIT 1").fetchone():
                database.execute("PRAGMA secure_delete = ON")
                with database:
                    database.execute("DELETE FROM responses")
    except sqlite3.Error:
        answers.unlink(missing_ok=True)
