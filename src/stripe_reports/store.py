"""Results on disk, one Parquet file for each run with its provenance inside; and what was launched.

    <cache_dir>/<mode>-<key digest>[-<account>]/      0700, files 0600
        results/<report type>/<request key>/<run id>.parquet
        launches/<request key>/<run id>.json           what was launched, to be found again by any process
        report_types.json                              ids the account offers, remembered for a day
        api_answers.sqlite                             requests-cache; see ``transport``
        locks/  staging/

A result appears in its place whole or not at all: it is made in ``staging`` and moved.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import polars as pl
from filelock import FileLock, Timeout

from stripe_reports.errors import StoreError, StripeReportsError
from stripe_reports.models import ReportRequest, ReportRun
from stripe_reports.reuse import KnownRun
from stripe_reports.settings import Owner

__all__ = ["LaunchRecord", "Provenance", "Store", "StoredResult"]

METADATA_KEY = "stripe_reports"
LOCK_TIMEOUT = 120.0
STAGING_KEPT_FOR = 24 * 3600.0
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result comes from: who asked, for what, which run answered, when, and with which bytes.

    Attributes:
        request: What was asked for.
        run: Stripe's run, as it was when it had succeeded.
        as_of: How old the data are: the earlier of the creation of run and file.
        fetched_at: When the file was read from Stripe, by Stripe's clock.
        account: ``acct_…`` acted for, or None for the key's own account.
        livemode: Live data or test data.
        key_digest: First digits of the key's SHA-256: enough to tell keys apart, not to know one.
        api_version: Stripe's API version asked for.
        size: Bytes of the CSV file.
        sha256: SHA-256 of the CSV file, in hex.
        package_version: Version of this package that stored it.
        is_complete: Whether all parameters of the run are known; if not, it answers no later request.
    """

    request: ReportRequest
    run: ReportRun
    as_of: datetime
    fetched_at: datetime
    account: str | None
    livemode: bool
    key_digest: str
    api_version: str
    size: int
    sha256: str
    package_version: str
    is_complete: bool = True

    def to_json(self) -> str:
        """All of it, as one line."""
        return json.dumps(
            {
                "report_type": self.request.report_type,
                "parameters": self.request.to_stripe(),
                "run": self.run.to_stripe(),
                "as_of": self.as_of.isoformat(),
                "fetched_at": self.fetched_at.isoformat(),
                "account": self.account,
                "livemode": self.livemode,
                "key_digest": self.key_digest,
                "api_version": self.api_version,
                "size": self.size,
                "sha256": self.sha256,
                "package_version": self.package_version,
                "is_complete": self.is_complete,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Back from ``to_json``; raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
        read = json.loads(text)
        return cls(
            request=ReportRequest.from_stripe(read.pop("report_type"), read.pop("parameters")),
            run=ReportRun.from_stripe(read.pop("run")),
            as_of=datetime.fromisoformat(read.pop("as_of")),
            fetched_at=datetime.fromisoformat(read.pop("fetched_at")),
            **read,
        )


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result file of this machine."""

    path: Path
    provenance: Provenance

    @property
    def as_known(self) -> KnownRun:
        """The run behind it, for the reuse rule."""
        return KnownRun(self.provenance.run.id, "succeeded", self.provenance.as_of, "stored")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRecord:
    """A launch made from this machine. A *run_id* of None is one that Stripe answered with a server error."""

    request: ReportRequest
    generation: datetime | None
    attempt: int
    run_id: str | None
    status: str
    created: datetime | None = None
    as_of: datetime | None = None

    @property
    def as_known(self) -> KnownRun | None:
        """The run, for the reuse rule."""
        if self.run_id is None or self.created is None:
            return None
        return KnownRun(self.run_id, self.status, self.as_of or self.created, "launched")


@dataclass(slots=True)
class Store:
    """The folder of one owner's results.

    Raises:
        StoreError: From any method: the folder cannot be read or written; the message says why.
    """

    root: Path
    owner: Owner
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.root / self.owner.folder

    def prepare(self) -> None:
        """Make the owner's folder, for its eyes only."""
        with _disk("make the folder of results", self.folder):
            _make_private(self.folder)

    @property
    def answers_path(self) -> Path:
        """SQLite file of requests-cache."""
        return self.folder / "api_answers.sqlite"

    @contextmanager
    def lock(self, name: str, *, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
        """Hold a request or a run, so that no other thread or process decides about it or stores it."""
        path = self._made("locks") / f"{_safe(name)[:64]}.lock"
        lock = FileLock(path, mode=0o600)
        try:
            with _disk("lock", path):
                lock.acquire(timeout=timeout)
        except Timeout:
            raise StoreError(
                f"Another process has held {path} for {timeout:.0f} s. If none is running, delete that file."
            ) from None
        try:
            yield
        finally:
            lock.release()

    # Results

    def results(self, key: str, request: ReportRequest) -> list[StoredResult]:
        """The stored results of a request; unreadable files are left out."""
        with _disk("list stored results", self.folder):
            paths = sorted(self._results_folder(key, request).glob("*.parquet"))
        found = [result for path in paths if (result := self.open(path)) is not None]
        return [result for result in found if result.provenance.request == request]

    def find(self, run: ReportRun) -> StoredResult | None:
        """The stored result of a run, by its id."""
        folder = self.folder / "results" / _safe(run.report_type)
        with _disk("look for a stored result", folder):
            paths = list(folder.glob(f"*/{_safe(run.id)}.parquet"))
        return next((result for path in paths if (result := self.open(path)) is not None), None)

    def open(self, path: Path) -> StoredResult | None:
        """The result at *path*, or None if it is not a readable result of this owner."""
        try:
            metadata = pl.read_parquet_metadata(path)
            provenance = Provenance.from_json(metadata[METADATA_KEY])
        except (OSError, KeyError, TypeError, ValueError, pl.exceptions.PolarsError):
            return None
        mine = (provenance.key_digest, provenance.account, "live" if provenance.livemode else "test")
        return StoredResult(path, provenance) if mine == self._identity else None

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A fresh folder beside the results, gone afterwards; leftovers of killed processes go with it."""
        parent = self._made("staging")
        for old in parent.iterdir():
            with suppress(OSError):
                if time.time() - old.stat().st_mtime > STAGING_KEPT_FOR:
                    shutil.rmtree(old, ignore_errors=True)
        folder = parent / uuid.uuid4().hex
        with _disk("write a result", folder):
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def put(self, key: str, staged: Path, provenance: Provenance) -> StoredResult:
        """Move a finished Parquet file from ``staging`` to its place."""
        folder = self._results_folder(key, provenance.request)
        if not provenance.is_complete:
            folder = folder.parent / "unmatched"
        path = folder / f"{_safe(provenance.run.id)}.parquet"
        with _disk("store a result", path):
            _make_private(folder)
            staged.chmod(0o600)
            staged.replace(path)
        return StoredResult(path, provenance)

    def _results_folder(self, key: str, request: ReportRequest) -> Path:
        return self.folder / "results" / _safe(request.report_type) / key[:32]

    # Launches

    def launches(self, key: str) -> list[LaunchRecord]:
        """What was launched for a request from this machine; unreadable records are left out."""
        with _disk("read the launches", self.folder):
            paths = sorted((self.folder / "launches" / key[:32]).glob("*.json"))
        return [record for path in paths if (record := _read_launch(path)) is not None]

    def launch_of(self, run_id: str) -> LaunchRecord | None:
        """The launch that made a run, if it was made here."""
        with _disk("read the launches", self.folder):
            paths = list((self.folder / "launches").glob(f"*/{_safe(run_id)}.json"))
        return next((record for path in paths if (record := _read_launch(path)) is not None), None)

    def remember(self, key: str, record: LaunchRecord) -> None:
        """Write down a launch, or what became of it."""
        folder = self._made("launches", key[:32])
        generation = int(record.generation.timestamp()) if record.generation else 0
        name = _safe(record.run_id) if record.run_id else f"no-run-{generation}-{record.attempt}"
        _write_json(
            folder / f"{name}.json",
            {
                "report_type": record.request.report_type,
                "parameters": record.request.to_stripe(),
                "generation": _iso(record.generation),
                "attempt": record.attempt,
                "run_id": record.run_id,
                "status": record.status,
                "created": _iso(record.created),
                "as_of": _iso(record.as_of),
            },
        )

    # What the account offers

    def offered(self) -> tuple[tuple[str, ...], datetime] | None:
        """Ids of the report types that the account offers, and when that was so; None if never asked."""
        try:
            read = json.loads((self.folder / "report_types.json").read_text("utf-8"))
            return tuple(read["ids"]), datetime.fromisoformat(read["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember_offered(self, ids: Sequence[str], at: datetime) -> None:
        """Write down what the account offers."""
        self.prepare()
        _write_json(self.folder / "report_types.json", {"at": at.isoformat(), "ids": list(ids)})

    @property
    def _identity(self) -> tuple[str, str | None, str]:
        return self.owner.key_digest, self.owner.account, self.owner.mode

    def _made(self, *parts: str) -> Path:
        self.prepare()
        folder = self.folder.joinpath(*parts)
        with _disk("make a folder", folder):
            _make_private(folder)
        return folder


def _read_launch(path: Path) -> LaunchRecord | None:
    try:
        read = json.loads(path.read_text("utf-8"))
        return LaunchRecord(
            request=ReportRequest.from_stripe(read["report_type"], read["parameters"]),
            generation=_instant(read["generation"]),
            attempt=read["attempt"],
            run_id=read["run_id"],
            status=read["status"],
            created=_instant(read["created"]),
            as_of=_instant(read["as_of"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_json(path: Path, content: Any) -> None:
    """Write whole or not at all, for the owner's eyes only."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with _disk("write", path):
        try:
            with open(temporary, "x", encoding="utf-8", opener=_private) as file:
                json.dump(content, file)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _make_private(folder: Path) -> None:
    """Make a folder and what is missing above it; ``parents=True`` would leave those open to others."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _safe(name: str) -> str:
    """*name* as a file name; ids come from answers and are not trusted to be one."""
    if not _SAFE_NAME.fullmatch(name) or ".." in name:
        raise StoreError(f"{name[:100]!r} cannot be the name of a file, so its result is not stored.")
    return name


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


@contextmanager
def _disk(what: str, path: Path) -> Iterator[None]:
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
