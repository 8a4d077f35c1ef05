"""The runs of one owner: found or launched, followed to their end, and their results stored."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version
from itertools import islice
from types import MappingProxyType
from typing import assert_never

import polars as pl

from stripe_reports import catalog
from stripe_reports import parsing as tables
from stripe_reports.catalog.assumptions import sentence, warn_once
from stripe_reports.catalog.siblings import UNKNOWN
from stripe_reports.errors import (
    DamagedFileError,
    LiveModeRequiredError,
    NetworkError,
    NotAReportError,
    NotFoundError,
    RateLimitError,
    ResultTooLargeError,
    ResultUnavailableError,
    RunError,
    RunFailedError,
    RunTimeoutError,
    ServerError,
    StoreError,
    StripeReportsError,
)
from stripe_reports.http.api_v1 import Api, CreatedRun
from stripe_reports.http.files import Files
from stripe_reports.http.transport import Transport
from stripe_reports.models import Provenance, ReportRequest, ReportRun, ReportType
from stripe_reports.planning import backoff, deadline
from stripe_reports.planning.intervals import Interval, clip
from stripe_reports.planning.reuse import (
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
    result_key,
)
from stripe_reports.report.report import Decision, FetchPlan, Report
from stripe_reports.runs.polling import Looks
from stripe_reports.runs.progress import Progress
from stripe_reports.storage.bounded_file import BoundedFile
from stripe_reports.storage.disk import size_text
from stripe_reports.storage.launch_log import LaunchRecord
from stripe_reports.storage.store import METADATA_KEY, Store, StoredResult
from stripe_reports.storage.unpack import unpacked

__all__ = ["NONE", "PAGES_LISTED", "Overrides", "Progress", "Runs"]

logger = logging.getLogger("stripe_reports")

PAGES_LISTED = 3
"""How many pages of a hundred runs are looked through for one that answers."""

MOST_ATTEMPTS = 5
"""So many runs of other machines, failed or too old, are stepped over before one is surely launched."""

A_MOMENT = timedelta(seconds=10)
"""A run that is older than its launch by more than that was there before."""

LARGE = 32_000_000
"""Bytes from which a result takes long to read, and much memory."""

LAST_LOOK = 1.0
"""Seconds before the end of a wait at which the run is looked at once more."""

SMALL_AT_ONCE, LARGE_AT_ONCE = 8, 2
"""So many results are read and typed at once: polars uses every core for one."""


Overrides = Mapping[str, pl.DataType]
"""The polars types that the user set, by column; checked."""

NONE: Overrides = MappingProxyType({})


class Runs:
    """What one owner has run, here and at Stripe."""

    def __init__(self, api: Api, store: Store, transport: Transport) -> None:
        self._api = api
        self._files = Files(transport)
        self._store = store
        self._transport = transport
        self._looks = Looks(api, transport.clock)
        self._room = threading.BoundedSemaphore(SMALL_AT_ONCE)
        self._room_for_large = threading.BoundedSemaphore(LARGE_AT_ONCE)

    def report_type(self, id_: str) -> ReportType:
        """A report type as Stripe has it now, completed by the catalogue."""
        try:
            return catalog.merge(self._api.retrieve_report_type(id_))
        except LiveModeRequiredError:
            raise
        except NotFoundError as error:
            raise catalog.unknown(id_, says=error.stripe_message) from error

    def time(self) -> datetime:
        """Stripe's time; asked for if no answer has told it lately."""
        if self._transport.stripe_time() is None:
            self._api.list_runs(limit=1)  # never cached, so its Date is now's
        return self._transport.now()

    def listed(
        self, since: datetime | None = None, *, pages: int | None = None, page_size: int = 100
    ) -> Iterator[ReportRun]:
        """Runs at Stripe, newest first, created at or after an instant; at most so many pages."""
        for runs in islice(self._api.pages_of_runs(since, page_size=page_size), pages):
            yield from runs

    def retrieve(self, id_: str) -> ReportRun:
        """The run of that id, as it is now; if it was launched here, it must be of what was sent."""
        run = self._api.retrieve_run(id_)
        return self._api.verified(run, self._launched_as(run.id))

    def launch(self, request: ReportRequest) -> ReportRun:
        """A new run of a request, whatever there is."""
        with self._store.lock(self._key(request)):
            return self._launch(request, self.report_type(request.report_type), "never").run

    def check_available(self, request: ReportRequest) -> None:
        """Find out whether Stripe has data for a request, at the cost of one call.

        Raises:
            IntervalError: It does not; the message has both limits.
        """
        _check_available(request, self.report_type(request.report_type))

    def stored(self, request: ReportRequest, policy: Policy, overrides: Overrides = NONE) -> Report | None:
        """The stored report, if it answers without a question to Stripe."""
        stored = self._results(request, overrides)
        settled = plan(request, policy, known=[result.as_known for result in stored.values()])
        if not isinstance(settled, Reuse):
            return None
        return _report(stored[settled.run.id], Decision("stored", settled.reason), asked=request)

    def answer(
        self,
        request: ReportRequest,
        policy: Policy,
        overrides: Overrides = NONE,
        *,
        progress: Progress | None,
    ) -> Report:
        """The report: from a run that may answer, or from a new one, within the time of the call.

        *overrides* are the polars types that the user set; they make another stored result, of the same run.
        """
        if (settled := self.stored(request, policy, overrides)) is not None:
            return settled
        unusable: dict[str, str] = {}
        while True:
            with self._store.lock(self._key(request), timeout=deadline.left()):
                found = self._find(request, policy, overrides, unusable)
            if isinstance(found, Report):
                return found
            run, decision = found
            run = self.wait(run, progress=progress, request=request)
            try:
                stored_result = self._stored(request, run, overrides)
            except ResultUnavailableError:
                if decision.action == "launched":
                    raise
                unusable[run.id] = "expired"
                continue
            decision = _with_age(decision, stored_result.provenance.as_of, run)
            return _report(stored_result, decision, asked=request)

    def plan(self, request: ReportRequest, policy: Policy) -> FetchPlan:
        """What ``answer`` would do, from what is known here; see ``Client.plan``."""
        key = self._key(request)
        stored = self._results(request, NONE)
        known = self._known(key, stored, {}, looking=False)
        step = plan(request, policy, known=known)
        if isinstance(step, AskForType):
            type_ = self.report_type(request.report_type)
            now = self._transport.now()
            step = plan(request, policy, known=known, report_type=type_, listed=[], now=now)
        match step:
            case Reuse(run, reason) if run.place == "stored":
                fetched_at = stored[run.id].provenance.fetched_at
                return FetchPlan("stored", reason, run.as_of, fetched_at, run.id)
            case Reuse(run, reason):
                return FetchPlan("reused", reason, run.as_of, None, run.id)
            case Await(run, reason):
                return FetchPlan("awaited", reason, run.as_of, None, run.id)
            case Launch(reason):
                return FetchPlan("launched", reason)
            case _:
                raise AssertionError(f"{step} after everything was told")

    def wait(
        self, run: ReportRun, *, progress: Progress | None, request: ReportRequest | None = None
    ) -> ReportRun:
        """The run, once it has succeeded; see ``Client.wait``. *request* is what it must be a run of."""
        clock = self._transport.clock
        asked = request or self._launched_as(run.id) or run
        self._api.verified(run, asked)
        started = clock.monotonic()
        expected = backoff.estimate(self._store.journal.durations(run.report_type))
        pauses = backoff.looks(expected, self._transport.rng)
        last_look = min(LAST_LOOK, deadline.left() / 2)
        trouble: StripeReportsError | None = None
        try:
            with self._looks.following(run) as followed, deadline.about(run):
                while run.status == "pending":
                    elapsed = clock.monotonic() - started
                    if progress:
                        progress(run, elapsed, expected)
                    if deadline.left() <= 0:
                        raise _timed_out(run, elapsed) from trouble
                    before_last_look = deadline.left() - last_look
                    longest = before_last_look if before_last_look > 0 else deadline.left()
                    self._looks.pause(followed, min(next(pauses), longest))
                    if deadline.left() <= 0:
                        continue
                    try:
                        look = self._looks.look(run, within=deadline.left())
                        seen = self._api.verified(look, asked)
                        if seen is not run:
                            run, trouble = seen, None
                    except (NetworkError, RateLimitError, ServerError) as error:
                        trouble = error  # it may pass, and the run goes on meanwhile
                        logger.warning("could not look at %s: %s", run.id, error)
        except (KeyboardInterrupt, StripeReportsError) as error:
            if not isinstance(error, RunTimeoutError):
                error.add_note(
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

    def report_of(self, run: ReportRun, overrides: Overrides = NONE) -> Report:
        """The report of a finished run, wherever it was launched."""
        stored = self._store.find(run, schema_overrides=_in_words(overrides))
        request = stored.provenance.request if stored else self._launched_as(run.id)
        self._api.verified(run, request)
        if stored is None:
            if run.status == "pending":
                run = self._api.verified(self._api.retrieve_run(run.id), request or run)
            if run.status == "pending":
                raise RunError(
                    f"Report run {run.id} is still pending; follow it with client.wait(run) first.", run
                )
            self._note_end(run)
            if run.status != "succeeded":
                raise _failure(run)
            stored = self._stored(request or self._api.request_of(run), run, overrides)
        return _report(stored, Decision("reused", f"run {run.id} was asked for by its id"))

    def frame_of(self, report: Report, overrides: Overrides = NONE) -> pl.DataFrame:
        """The frame of a report, read from Stripe once more if its file is removed or damaged meanwhile."""
        try:
            return report.frame()
        except StoreError as error:
            logger.warning("%s", error)
            with self._store.kept():
                return self.report_of(report.run, overrides).frame()

    def _launched_as(self, run_id: str) -> ReportRequest | None:
        """What a run was launched for, if it was launched from here."""
        record = self._store.journal.launch_of(run_id)
        return record.request if record else None

    def _key(self, request: ReportRequest) -> str:
        settings = self._transport.settings
        return request_key(request, settings.owner, settings.api_version)

    def _results(self, request: ReportRequest, overrides: Overrides) -> dict[str, StoredResult]:
        """The stored results of a request that were read with these types, by the id of their run."""
        key = result_key(self._key(request), _in_words(overrides))
        return {result.provenance.run.id: result for result in self._store.results(key, request)}

    def _find(
        self, request: ReportRequest, policy: Policy, overrides: Overrides, unusable: dict[str, str]
    ) -> Report | tuple[ReportRun, Decision]:
        """Follow the plan as far as a report or a run; the caller holds the request.

        Runs that turn out to be gone are added to *unusable*.
        """
        key = self._key(request)
        stored = self._results(request, overrides)
        known = self._known(key, stored, unusable, looking=policy != "never")
        report_type: ReportType | None = None
        listed: list[KnownRun] | None = None
        while True:
            now = self.time() if report_type else None
            step = plan(request, policy, known=known, report_type=report_type, listed=listed, now=now)
            match step:
                case Reuse(run, reason) if run.place == "stored":
                    return _report(stored[run.id], Decision("stored", reason), asked=request)
                case Reuse(run, reason) | Await(run, reason):
                    try:
                        current = self._api.retrieve_run(run.id, request)
                    except NotFoundError:  # noted here, and gone at Stripe: a simulator that began anew
                        unusable[run.id] = "gone"
                        return self._find(request, policy, overrides, unusable)
                    return current, Decision("reused" if isinstance(step, Reuse) else "awaited", reason)
                case Launch(reason):
                    report_type = report_type or self.report_type(request.report_type)
                    asked = self.time()  # by Stripe's clock, as the run's creation will be
                    created = self._launch(request, report_type, policy)
                    return created.run, _launched_or_found(created, reason, asked)
                case AskForType():
                    report_type = self.report_type(request.report_type)
                case AskForRuns(since):
                    seen = {run.id for run in known}
                    listed = [
                        replace(run, status=unusable.get(run.id, run.status))
                        for run in self._made_elsewhere(request, since, seen)
                    ]
                case _:
                    assert_never(step)

    def _known(
        self, key: str, stored: Mapping[str, StoredResult], unusable: Mapping[str, str], *, looking: bool
    ) -> list[KnownRun]:
        """The runs of a request that are stored here or were launched from here, as they are now."""
        launches = {record.run_id: record for record in self._store.journal.launches(key) if record.run_id}
        known = []
        for id_, result in stored.items():
            launch = launches.pop(id_, None)
            generation = launch.generation if launch else None
            known.append(replace(result.as_known, generation=generation))
        for record in launches.values():
            if looking and record.status == "pending":
                record = self._looked_at(key, record)
            run = record.as_known
            if run is not None:
                known.append(replace(run, status=unusable.get(run.id, run.status)))
        return known

    def _looked_at(self, key: str, record: LaunchRecord) -> LaunchRecord:
        """A launch that was pending when last seen, as it is now."""
        try:
            run = self._api.retrieve_run(str(record.run_id), record.request)
        except NotFoundError:
            record = replace(record, status="gone")
        else:
            record = replace(record, status=run.status, as_of=as_of(run))
        if record.status != "pending":
            self._store.journal.remember(key, record)
        return record

    def _made_elsewhere(
        self, request: ReportRequest, since: datetime | None, ours: Collection[str]
    ) -> Iterator[KnownRun]:
        """Runs at Stripe that are surely of this request: what was sent is echoed whole, and is the same.

        Others simply do not qualify; but *ours*, the ids of runs of this request, must be of it.
        """
        if not _echoes_all(request):
            return
        sent = request.to_stripe()
        for run in self.listed(since, pages=PAGES_LISTED):
            if run.id in ours:
                self._api.verified(run, request)
            elif run.report_type == request.report_type and dict(run.parameters) == sent:
                yield KnownRun(run.id, run.status, as_of(run), "listed")

    def _launch(self, request: ReportRequest, report_type: ReportType, policy: Policy) -> CreatedRun:
        """Create a run, or get the one that another machine created; the caller holds the request."""
        _check_available(request, report_type)
        key, generation = self._key(request), report_type.updated
        oldest = self.time() - policy if isinstance(policy, timedelta) else None
        first = sum(record.generation == generation for record in self._store.journal.launches(key))
        for attempt in range(first, first + MOST_ATTEMPTS + 1):
            # Whoever forces a launch wants a run of now, not the one that another machine launched.
            is_alone = policy == "never" or attempt == first + MOST_ATTEMPTS
            created = self._create(
                request, generation, attempt, distinct=f"{attempt} {uuid.uuid4()}" if is_alone else attempt
            )
            run = created.run
            if is_alone or not (run.status == "failed" or (oldest is not None and run.created < oldest)):
                break
            # Else a replay: another machine launched it, and it failed, or is too old.
        return created

    def _create(
        self, request: ReportRequest, generation: datetime | None, attempt: int, *, distinct: str | int
    ) -> CreatedRun:
        key = self._key(request)
        record = LaunchRecord(
            request=request, generation=generation, attempt=attempt, run_id=None, status="error"
        )
        try:
            created = self._api.create_run(
                request, idempotency_key=idempotency_key(key, generation, distinct)
            )
        except ServerError as error:
            if error.stripe_message:
                # Stripe's own error is kept for this idempotency key: the next attempt needs another.
                # A gateway's tells nothing of Stripe, which may well have launched the run.
                self._store.journal.remember(key, record)
            raise
        with deadline.about(created.run):  # the create answer may be the replay of an old one
            run = self._api.retrieve_run(created.run.id, request)
        record = replace(record, run_id=run.id, status=run.status, created=run.created, as_of=as_of(run))
        self._store.journal.remember(key, record)
        logger.info("%s %s: %r", "found" if created.is_replayed else "launched", run.id, request)
        return replace(created, run=run)

    def _note_end(self, run: ReportRun) -> None:
        """Write down what became of a run, for the next decision and the next estimate."""
        record = self._store.journal.launch_of(run.id)
        if record is not None and record.status != run.status:
            key = self._key(record.request)
            self._store.journal.remember(key, replace(record, status=run.status, as_of=as_of(run)))
            if run.succeeded_at is not None and run.succeeded_at > run.created:
                seconds = (run.succeeded_at - run.created).total_seconds()
                self._store.journal.note_duration(run.report_type, seconds)

    def _stored(self, request: ReportRequest, run: ReportRun, overrides: Overrides = NONE) -> StoredResult:
        """The result of a succeeded run, downloaded and typed unless that was done before."""
        with deadline.about(run), self._store.lock(run.id, timeout=deadline.left()):
            found = self._store.find(run, schema_overrides=_in_words(overrides))
            if found is not None and found.provenance.request == request:
                return found
            self._check_size(run)
            busy = "Other results of this client were being read, and not all"
            try:
                with deadline.turn(self._room_for(run), busy):
                    return self._download(request, run, overrides)
            except ResultUnavailableError:
                self._api.forget(run)  # the next answer may name another file
                raise

    def _check_size(self, run: ReportRun) -> None:
        most = self._transport.settings.max_result_bytes
        if run.result is not None and run.result.size is not None and run.result.size > most:
            raise ResultTooLargeError(
                f"Stripe says that the result file {run.result.id} has more than {size_text(most)}, the most "
                "that this client stores of one; it was not downloaded. If that is right, allow more with "
                "Client(max_result_bytes=...)."
            )

    def _room_for(self, run: ReportRun) -> threading.BoundedSemaphore:
        """Where to wait for a turn to read a result: few at once, so that memory does for many runs."""
        size = run.result.size if run.result else None
        return self._room_for_large if size is None or size >= LARGE else self._room

    def _download(self, request: ReportRequest, run: ReportRun, overrides: Overrides) -> StoredResult:
        if run.result is None:
            raise ResultUnavailableError(
                f"Report run {run.id} succeeded, but Stripe names no result file. "
                "Fetch again with reuse='never' to launch a new run."
            )
        settings = self._transport.settings
        report_type, name = catalog.completed(request.report_type), f"the result file {run.result.id}"
        with self._store.staging(room=run.result.size or 0) as folder:
            received, parquet = folder / "received", folder / "result.parquet"
            with BoundedFile(received, max_bytes=settings.max_result_bytes) as target:
                download = self._files.download(run.result, target)
            csv = unpacked(received, max_bytes=settings.max_result_bytes)
            if run.result.size not in (None, download.size, csv.stat().st_size):
                raise DamagedFileError(
                    f"The result file {run.result.id} should have {run.result.size:,} bytes, packed or "
                    f"unpacked, and has {csv.stat().st_size:,}. Nothing was stored; fetch again."
                )
            try:
                provenance = Provenance(
                    request=request,
                    run=run,
                    as_of=as_of(run),
                    fetched_at=self._transport.now(),
                    account=settings.owner.account,
                    livemode=settings.owner.mode == "live",
                    key_digest=settings.owner.key_digest,
                    place=settings.owner.place,
                    api_version=settings.api_version,
                    size=download.size,
                    sha256=download.sha256,
                    package_version=version("stripe-reports"),
                    is_complete=_echoes_all(request) or self._store.journal.launch_of(run.id) is not None,
                    schema_overrides=_in_words(overrides),
                    kinds_from=tables.kinds_in(
                        csv, report_type=report_type, schema_overrides=overrides, name=name
                    ),
                )
                rows = tables.write_parquet(
                    csv,
                    parquet,
                    report_type=report_type,
                    columns=request.columns,
                    timezone=request.timezone or "UTC",
                    schema_overrides=overrides,
                    metadata={METADATA_KEY: provenance.to_json()},
                    name=name,
                )
            except (DamagedFileError, NotAReportError) as error:
                kept = self._store.keep_damaged(csv, run.id)
                error.add_note(
                    f"It is the result of run {run.id}, as Stripe sent it, and is kept as {kept}. Launch a "
                    "new run with fetch(..., reuse='never')."
                )
                raise
            unknown = provenance.kinds_from.get(UNKNOWN, ())
            strangers = (f"{request.report_type} {column}" for column in unknown)
            self._store.journal.note_unrecognised("columns", *strangers)
            key = result_key(self._key(request), provenance.schema_overrides)
            stored = self._store.put(key, parquet, provenance, rows=rows)
        for path in self._store.evict(settings.cache_limit, keep=stored.path):
            logger.info(
                "removed %s: the stored results took more than %s", path, size_text(settings.cache_limit)
            )
        return stored


def _in_words(overrides: Overrides) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in overrides.items()}


def _check_available(request: ReportRequest, report_type: ReportType) -> None:
    start, end = request.interval_start, request.interval_end
    first, last = report_type.data_available_start, report_type.data_available_end
    if end is None or first is None or last is None:
        return
    clip(
        Interval(start or end, end, request.display_zone.key),
        available_start=first,
        available_end=last,
        report_type=report_type.id,
        is_moment=start is None,
    )


def _launched_or_found(created: CreatedRun, reason: str, asked: datetime) -> Decision:
    """Stripe answers an equal launch with the run that the first one made: on another machine, or here.

    Whether it does is told, but not where a call had to be repeated; there, the age of the run tells.
    """
    run = created.run
    if not created.is_replayed and run.created >= asked - A_MOMENT:
        return Decision("launched", reason)
    return Decision(
        "awaited" if run.status == "pending" else "reused",
        f"run {run.id} reused: the same had been launched elsewhere, or before the cache was cleared, on "
        f"{run.created:%Y-%m-%d %H:%M} UTC, for the same data",
    )


def _with_age(decision: Decision, age: datetime, run: ReportRun) -> Decision:
    """Say it where Stripe answered a new run with an older file."""
    if decision.action == "launched" and age < run.created:
        return replace(
            decision,
            reason=f"{decision.reason}; Stripe answered with an older file, data of {age:%Y-%m-%d %H:%M} UTC",
        )
    return decision


def _echoes_all(request: ReportRequest) -> bool:
    """Whether a run of this type shows all that was sent, so that one made elsewhere can be recognised."""
    type_ = catalog.get(request.report_type)
    return type_ is not None and set(type_.parameters) <= catalog.ECHOED


def _timed_out(run: ReportRun, elapsed: float) -> RunTimeoutError:
    return RunTimeoutError(
        f"Report run {run.id} ({run.report_type}) is still pending after {elapsed:.0f} s. Stripe is still "
        f"processing it; the run was not cancelled. Wait again with client.wait(client.retrieve({run.id!r}), "
        f"timeout={2 * max(elapsed, 300):.0f}); no new run is needed.",
        run,
    )


def _failure(run: ReportRun) -> RunFailedError:
    if run.status == "failed":
        says = (run.error or "nothing").removesuffix(".")
        return RunFailedError(
            f"Report run {run.id} ({run.report_type}) failed. Stripe says: {says}. "
            "Failures are rare and often pass: fetch again, and a new run is launched.",
            run,
        )
    return RunFailedError(
        f"Report run {run.id} ({run.report_type}) has the status {run.status!r}, which this version of "
        f"stripe-reports does not know. See it with client.retrieve({run.id!r}).",
        run,
    )


def _report(stored: StoredResult, decision: Decision, *, asked: ReportRequest | None = None) -> Report:
    provenance = stored.provenance
    warn_once(provenance.request.report_type, provenance.kinds_from)
    assumed = sentence(provenance.request.report_type, provenance.kinds_from)
    decision = replace(decision, notes=(assumed,) if assumed else ())
    # What was asked for is equal, and knows besides in which zone it was meant.
    return Report(asked or provenance.request, provenance.run, decision, provenance, stored.path)
