"""Download the file of a run, and store it as one typed Parquet file with its provenance."""

from __future__ import annotations

import logging
import threading
from functools import partial
from pathlib import Path

from stripe_reports.errors import ResultTooLargeError, ResultUnavailableError
from stripe_reports.http.api import Api
from stripe_reports.http.files import Files
from stripe_reports.http.settings import Settings
from stripe_reports.models import AnyRun, Provenance, ReportRequest
from stripe_reports.parsing import warn_of_ambiguous
from stripe_reports.parsing.overrides import Overrides, in_words
from stripe_reports.planning import deadline
from stripe_reports.planning.echo import echoes_all
from stripe_reports.planning.reuse import result_key
from stripe_reports.render import remedies
from stripe_reports.runs.account import Account
from stripe_reports.runs.convert import Converted, convert, provenance_of
from stripe_reports.runs.task import Connection, Destination, Figures, Task
from stripe_reports.runs.unrecognised import note_result
from stripe_reports.storage.disk import size_text
from stripe_reports.storage.store import Store, StoredResult

__all__ = ["Downloader", "Room"]

logger = logging.getLogger("stripe_reports")

LARGE = 32_000_000
"""Bytes from which a result needs much memory while it is read."""

SMALL_AT_ONCE, LARGE_AT_ONCE = 8, 2
"""Maximum results downloaded and read at the same time, which limits the memory."""


class Room:
    """Limits how many results are read at once, and so the memory used; the accounts of a key share it."""

    def __init__(self) -> None:
        self._small = threading.BoundedSemaphore(SMALL_AT_ONCE)
        self._large = threading.BoundedSemaphore(LARGE_AT_ONCE)

    def for_(self, run: AnyRun) -> threading.BoundedSemaphore:
        """Return the semaphore for a result of this size; one of unknown size counts as large."""
        size = run.file.size if run.file else None
        return self._large if size is None or size >= LARGE else self._small


class Downloader:
    """Turns finished runs into stored results, a few at a time."""

    def __init__(
        self, account: Account, api: Api, files: Files, store: Store, settings: Settings, room: Room
    ) -> None:
        self._account = account
        self._api = api
        self._files = files
        self._store = store
        self._settings = settings
        self._room = room

    def result_of(self, request: ReportRequest, run: AnyRun, overrides: Overrides) -> StoredResult:
        """The stored result of a succeeded run; it is downloaded and typed if it is not stored yet."""
        with deadline.about(run), self._store.lock_run(run.id, timeout=deadline.left()):
            found = self._store.find(run, schema_overrides=in_words(overrides))
            if found is not None and found.provenance.request == request:
                return found
            self._check_size(run)
            busy = "Other results of this client were being read, and not all"
            try:
                with deadline.turn(self._room.for_(run), busy):
                    return self._download(request, run, overrides)
            except ResultUnavailableError:
                self._api.forget(run)  # the next answer may name another file
                raise

    def _check_size(self, run: AnyRun) -> None:
        most = self._settings.max_result_bytes
        if run.file is not None and run.file.size is not None and run.file.size > most:
            raise ResultTooLargeError(
                f"Stripe says that the result file {run.file.id} has more than {size_text(most)}, the most "
                "that this client stores of one; it was not downloaded.",
                remedy=remedies.allow_larger_results(),
            )

    def _download(self, request: ReportRequest, run: AnyRun, overrides: Overrides) -> StoredResult:
        with self._store.staging(run.id, room=(run.file and run.file.size) or 0) as folder:
            converted = convert(
                run,
                request,
                folder,
                files=self._files,
                max_bytes=self._settings.max_result_bytes,
                describe=lambda download, kinds_from: provenance_of(
                    request,
                    run,
                    download,
                    kinds_from,
                    owner=self._settings.owner,
                    api_version=self._settings.api_version,
                    fetched_at=self._account.now(),
                    is_complete=self._is_complete(request, run),
                    overrides=overrides,
                ),
                keep_damaged=partial(self._store.keep_damaged, run_id=run.id),
                overrides=overrides,
            )
            return self._keep(converted)

    def task(
        self,
        request: ReportRequest,
        run: AnyRun,
        overrides: Overrides,
        *,
        destination: Destination,
        connection: Connection,
    ) -> Task:
        """Return the task of a worker: to do what ``result_of`` does, except storing the result."""
        self._check_size(run)
        return Task(
            run=run,
            request=request,
            account=self._settings.account,
            destination=destination,
            connection=connection,
            fetched_at=self._account.now(),
            is_complete=self._is_complete(request, run),
            overrides=overrides,
        )

    def take(self, task: Task, figures: Figures) -> StoredResult:
        """Store what a worker has made in a folder of ``Store.staging_for_workers``."""
        made = figures.entry
        parquet = Path(task.destination.place, made.object)
        provenance = Provenance.from_json(made.provenance)
        with deadline.about(task.run), self._store.lock_run(task.run.id, timeout=deadline.left()):
            return self._keep(Converted(parquet, made.rows, provenance, figures.ambiguous))

    def _keep(self, made: Converted) -> StoredResult:
        warn_of_ambiguous(made.ambiguous)
        provenance = made.provenance
        key = result_key(self._account.key_of(provenance.request), provenance.schema_overrides)
        stored = self._store.put(key, made.parquet, provenance, rows=made.rows)
        note_result(self._store.launch_log, stored)
        limit = self._settings.cache_limit
        for path in self._store.evict(limit, keep=stored.path):
            logger.info("removed %s: the stored results took more than %s", path, size_text(limit))
        return stored

    def _is_complete(self, request: ReportRequest, run: AnyRun) -> bool:
        """True if all parameters of the run are known: Stripe shows them, or it was launched here."""
        return echoes_all(request) or self._store.launch_log.launch_of(run.id) is not None
