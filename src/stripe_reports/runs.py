"""The runs of one owner: found or launched, followed to their end, and their results stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import assert_never

from stripe_reports import backoff, catalog, intervals, tables
from stripe_reports.api import Api
from stripe_reports.disk import size_text
from stripe_reports.errors import (
    FileError,
    ResultUnavailableError,
    RunError,
    RunFailedError,
    RunTimeoutError,
    ServerError,
)
from stripe_reports.journal import LaunchRecord
from stripe_reports.looks import Looks
from stripe_reports.models import ReportRequest, ReportRun, ReportType
from stripe_reports.report import Decision, Report
from stripe_reports.reuse import (
    AskForRuns,
    AskForType,
    Await,
    KnownRun,
    Launch,
    Policy,
    Reuse,
    as_of,
    idempotency_key,
    plan,
    request_key,
)
from stripe_reports.store import METADATA_KEY, Provenance, Store, StoredResult
from stripe_reports.transport import Transport
from stripe_reports.unpack import unpacked

__all__ = ["PAGES_LISTED", "Progress", "Runs", "cut_to_available"]

logger = logging.getLogger("stripe_reports")

PAGES_LISTED = 3
"""How many pages of a hundred runs are looked through for one that answers."""

Progress = Callable[[ReportRun, float, float | None], None]
"""Called at every look at a run with the run, the seconds so far, and the seconds expected or None."""


class Runs:
    """What one owner has run, here and at Stripe."""

    def __init__(self, api: Api, store: Store, transport: Transport) -> None:
        self._api = api
        self._store = store
        self._transport = transport
        self._looks = Looks(api, transport.clock)

    def report_type(self, id_: str) -> ReportType:
        """A report type as Stripe has it now, completed by the catalogue."""
        return catalog.merge(self._api.retrieve_report_type(id_))

    def listed(self, since: datetime | None = None, *, pages: int | None = None) -> Iterator[ReportRun]:
        """Runs at Stripe, newest first, created at or after an instant; so many pages of a hundred."""
        after = None
        while pages is None or pages > 0:
            page = self._api.list_runs(created_from=since, after=after)
            yield from page.runs
            if not page.has_more or not page.runs:
                return
            after = page.runs[-1].id
            pages = None if pages is None else pages - 1

    def launch(self, request: ReportRequest) -> ReportRun:
        """A new run of a request."""
        with self._store.lock(self._key(request)):
            return self._launch(request, self.report_type(request.report_type))

    def answer(
        self, request: ReportRequest, policy: Policy, *, timeout: float, progress: Progress | None
    ) -> Report:
        """The report: from a run that may answer, or from a new one."""
        unusable: set[str] = set()
        while True:
            with self._store.lock(self._key(request)):
                found = self._find(request, policy, unusable)
            if isinstance(found, Report):
                return found
            run, decision = found
            if run.status == "failed" and decision.action != "launched":
                self._note_end(run)
                unusable.add(run.id)
                continue
            run = self.wait(run, timeout=timeout, progress=progress)
            try:
                return _report(self._stored(request, run), decision)
            except ResultUnavailableError:
                if decision.action == "launched":
                    raise
                unusable.add(run.id)

    def wait(self, run: ReportRun, *, timeout: float, progress: Progress | None) -> ReportRun:
        """The run, once it has succeeded; see ``Client.wait``."""
        clock = self._transport.clock
        started = clock.monotonic()
        expected = backoff.estimate(self._store.journal.durations(run.report_type))
        pauses = backoff.looks(expected, self._transport.rng)
        try:
            with self._looks.following(run):
                while run.status == "pending":
                    elapsed = clock.monotonic() - started
                    if progress:
                        progress(run, elapsed, expected)
                    if elapsed >= timeout:
                        raise _timed_out(run, elapsed, timeout)
                    clock.sleep(min(next(pauses), timeout - elapsed))
                    run = self._looks.look(run)
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"Report run {run.id} goes on at Stripe. To come back to it: "
                f"client.wait(client.retrieve({run.id!r})), or the same fetch again."
            )
            raise
        self._note_end(run)
        if progress:
            progress(run, clock.monotonic() - started, expected)
        if run.status != "succeeded":
            raise _failure(run)
        return run

    def report_of(self, run: ReportRun) -> Report:
        """The report of a finished run, wherever it was launched."""
        stored = self._store.find(run)
        if stored is None:
            if run.status == "pending":
                run = self._api.retrieve_run(run.id)
            if run.status == "pending":
                raise RunError(
                    f"Report run {run.id} is still pending; follow it with client.wait(run) first.", run
                )
            self._note_end(run)
            if run.status != "succeeded":
                raise _failure(run)
            record = self._store.journal.launch_of(run.id)
            request = record.request if record else ReportRequest.from_stripe(run.report_type, run.parameters)
            stored = self._stored(request, run)
        return _report(stored, Decision("reused", f"run {run.id} was asked for by its id"))

    def _key(self, request: ReportRequest) -> str:
        settings = self._transport.settings
        return request_key(request, settings.owner, settings.api_version)

    def _find(
        self, request: ReportRequest, policy: Policy, unusable: Collection[str]
    ) -> Report | tuple[ReportRun, Decision]:
        """Follow the plan as far as a report or a run; the caller holds the request."""
        stored = {
            result.provenance.run.id: result for result in self._store.results(self._key(request), request)
        }
        launches = [record.as_known for record in self._store.journal.launches(self._key(request))]
        known = [
            *(result.as_known for result in stored.values()),
            *(run for run in launches if run is not None and run.id not in stored),
        ]
        known = [run for run in known if run.id not in unusable]
        report_type: ReportType | None = None
        listed: list[KnownRun] | None = None
        while True:
            now = self._transport.stripe_time() if report_type else None
            step = plan(request, policy, known=known, report_type=report_type, listed=listed, now=now)
            match step:
                case Reuse(run, reason) if run.place == "stored":
                    return _report(stored[run.id], Decision("stored", reason))
                case Reuse(run, reason):
                    return self._api.retrieve_run(run.id), Decision("reused", reason)
                case Await(run, reason):
                    return self._api.retrieve_run(run.id), Decision("awaited", reason)
                case Launch(reason):
                    report_type = report_type or self.report_type(request.report_type)
                    return self._launch(request, report_type), Decision("launched", reason)
                case AskForType():
                    report_type = self.report_type(request.report_type)
                case AskForRuns(since):
                    seen = {run.id for run in known} | set(unusable)
                    listed = [run for run in self._made_elsewhere(request, since) if run.id not in seen]
                case _:
                    assert_never(step)

    def _made_elsewhere(self, request: ReportRequest, since: datetime | None) -> Iterator[KnownRun]:
        """Runs at Stripe that are surely of this request: what was sent is echoed whole, and is the same."""
        if not _echoes_all(request):
            return
        sent = request.to_stripe()
        for run in self.listed(since, pages=PAGES_LISTED):
            if run.report_type == request.report_type and dict(run.parameters) == sent:
                yield KnownRun(run.id, run.status, as_of(run), "listed")

    def _launch(self, request: ReportRequest, report_type: ReportType) -> ReportRun:
        """Create a run; the caller holds the request."""
        end = request.interval_end
        if end is not None:
            start = request.interval_start or end - timedelta(seconds=1)
            cut_to_available(intervals.Interval(start, end, request.timezone or "UTC"), report_type)
        key, generation = self._key(request), report_type.updated
        attempt = sum(record.generation == generation for record in self._store.journal.launches(key))
        record = LaunchRecord(
            request=request, generation=generation, attempt=attempt, run_id=None, status="error"
        )
        try:
            run = self._api.create_run(request, idempotency_key=idempotency_key(key, generation, attempt))
        except ServerError:
            # Stripe keeps answering this idempotency key with the error: the next attempt needs another.
            self._store.journal.remember(key, record)
            raise
        self._store.journal.remember(
            key, replace(record, run_id=run.id, status="pending", created=run.created, as_of=run.created)
        )
        logger.info("launched %s: %r", run.id, request)
        return self._api.retrieve_run(run.id)  # the create answer may be the replay of an old one

    def _note_end(self, run: ReportRun) -> None:
        """Write down what became of a run, for the next decision and the next estimate."""
        record = self._store.journal.launch_of(run.id)
        if record is not None and record.status != run.status:
            key = self._key(record.request)
            self._store.journal.remember(key, replace(record, status=run.status, as_of=as_of(run)))
        if run.succeeded_at is not None and run.succeeded_at > run.created:
            seconds = (run.succeeded_at - run.created).total_seconds()
            self._store.journal.note_duration(run.report_type, seconds)

    def _stored(self, request: ReportRequest, run: ReportRun) -> StoredResult:
        """The result of a succeeded run, downloaded and typed unless that was done before."""
        with self._store.lock(run.id, timeout=3600):
            found = self._store.find(run)
            if found is not None and found.provenance.request == request:
                return found
            return self._download(request, run)

    def _download(self, request: ReportRequest, run: ReportRun) -> StoredResult:
        if run.result is None:
            raise ResultUnavailableError(
                f"Report run {run.id} succeeded, but Stripe names no result file. "
                "Fetch again with reuse='never' to launch a new run."
            )
        settings = self._transport.settings
        with self._store.staging(room=run.result.size or 0) as folder:
            received, parquet = folder / "received", folder / "result.parquet"
            with received.open("w+b") as target:
                download = self._api.download(run.result, target)
            csv = unpacked(received)
            provenance = Provenance(
                request=request,
                run=run,
                as_of=as_of(run),
                fetched_at=self._transport.now(),
                account=settings.owner.account,
                livemode=settings.owner.mode == "live",
                key_digest=settings.owner.key_digest,
                api_version=settings.api_version,
                size=download.size,
                sha256=download.sha256,
                package_version=version("stripe-reports"),
                is_complete=_echoes_all(request) or self._store.journal.launch_of(run.id) is not None,
            )
            try:
                tables.write_parquet(
                    csv,
                    parquet,
                    report_type=catalog.get(request.report_type),
                    timezone=request.timezone or "UTC",
                    metadata={METADATA_KEY: provenance.to_json()},
                )
            except FileError as error:
                error.add_note(
                    f"It is the result file {run.result.id} of run {run.id}. Nothing was stored; fetch again."
                )
                raise
            stored = self._store.put(self._key(request), parquet, provenance)
        for path in self._store.evict(settings.cache_limit, keep=stored.path):
            logger.info(
                "removed %s: the stored results took more than %s", path, size_text(settings.cache_limit)
            )
        return stored


def cut_to_available(interval: intervals.Interval, report_type: ReportType) -> intervals.Interval:
    """The interval within what Stripe has data for: an open one is cut, any other must fit.

    Raises:
        IntervalError: It does not; the message has both limits.
    """
    start, end = report_type.data_available_start, report_type.data_available_end
    if start is None or end is None:
        return interval
    return intervals.clip(interval, available_start=start, available_end=end, report_type=report_type.id)


def _echoes_all(request: ReportRequest) -> bool:
    """Whether a run of this type shows all that was sent, so that one made elsewhere can be recognised."""
    type_ = catalog.get(request.report_type)
    return type_ is not None and set(type_.parameters) <= catalog.ECHOED


def _timed_out(run: ReportRun, elapsed: float, timeout: float) -> RunTimeoutError:
    return RunTimeoutError(
        f"Report run {run.id} ({run.report_type}) is still pending after {elapsed:.0f} s. Stripe is still "
        f"processing it; the run was not cancelled. Wait again with client.wait(client.retrieve({run.id!r}), "
        f"timeout={2 * max(timeout, 300):.0f}); no new run is needed.",
        run,
    )


def _failure(run: ReportRun) -> RunFailedError:
    if run.status == "failed":
        return RunFailedError(
            f"Report run {run.id} ({run.report_type}) failed. Stripe says: {run.error or 'nothing'}. "
            "Failures are rare and often pass: fetch again, and a new run is launched.",
            run,
        )
    return RunFailedError(
        f"Report run {run.id} ({run.report_type}) has the status {run.status!r}, which this version of "
        f"stripe-reports does not know. See it with client.retrieve({run.id!r}).",
        run,
    )


def _report(stored: StoredResult, decision: Decision) -> Report:
    provenance = stored.provenance
    return Report(provenance.request, provenance.run, decision, provenance, stored.path)
