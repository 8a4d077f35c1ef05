"""Launch a run, but only once: equal launches on all machines share an idempotency key, and so one run."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stripe_reports.errors import NotFoundError, RunLimitError, ServerError
from stripe_reports.http.api import Api, CreatedRun
from stripe_reports.http.transport import Transport
from stripe_reports.models import AnyRun, ReportRequest, ReportType
from stripe_reports.planning import backoff, deadline
from stripe_reports.planning.reuse import Policy, generation_of, idempotency_key
from stripe_reports.report.report import Decision
from stripe_reports.runs.account import Account, check_available
from stripe_reports.runs.find import AtStripe, Nowhere
from stripe_reports.storage.launch_log import LaunchRecord
from stripe_reports.storage.store import Store

__all__ = ["Launcher"]

logger = logging.getLogger("stripe_reports")

MOST_ATTEMPTS = 5
"""Maximum runs of other machines, failed or too old, that are skipped before a new run is forced."""

_LONG_AFTER = datetime.max.replace(tzinfo=UTC)

MOST_REFUSALS = 4
"""Launches that may be refused for runs in progress while none of ours is known to be one."""

A_MOMENT = timedelta(seconds=10)
"""A run that is older than its launch by more than this existed before."""


class Launcher:
    """Creates runs at Stripe, and records them in the log of launches."""

    def __init__(self, account: Account, api: Api, store: Store, transport: Transport) -> None:
        self._account = account
        self._api = api
        self._store = store
        self._transport = transport

    def launch(self, request: ReportRequest) -> AnyRun:
        """Launch a new run, even if an earlier one would answer."""
        with self._store.lock_request(self._account.key_of(request)):
            return self._launch(request, self._account.report_type(request.report_type), "never").run

    def launch_or_join(
        self, request: ReportRequest, policy: Policy, found: Nowhere, *, listed_soon: bool = False
    ) -> AtStripe:
        """Launch a run, or join one of another machine; the caller holds the lock of the request.

        Args:
            request: The request.
            policy: The policy of the call.
            found: What was found instead of a run.
            listed_soon: True if the runs of the account are listed before anything is concluded from this
                one: a run that is certainly new is then not retrieved again.
        """
        report_type = found.report_type or self._account.report_type(request.report_type)
        asked = self._account.time()  # by Stripe's clock, as the run's creation will be
        created = self._launch(request, report_type, policy, new_from=asked if listed_soon else None)
        return AtStripe(created.run, _launched_or_found(created, found.reason, asked), is_created=True)

    def _launch(
        self,
        request: ReportRequest,
        report_type: ReportType,
        policy: Policy,
        *,
        new_from: datetime | None = None,
    ) -> CreatedRun:
        """Create a run, or get the one that another machine created."""
        now = self._account.time()
        check_available(request, report_type, now)
        key, generation = self._account.key_of(request), generation_of(report_type, now)
        oldest = now - policy if isinstance(policy, timedelta) else None
        first = sum(record.generation == generation for record in self._store.launch_log.launches(key))
        for attempt in range(first, first + MOST_ATTEMPTS + 1):
            # reuse='never' asks for a new run, not for the one that another machine launched.
            is_alone = policy == "never" or attempt == first + MOST_ATTEMPTS
            created = self._create(
                request,
                generation,
                attempt,
                distinct=f"{attempt} {uuid.uuid4()}" if is_alone else attempt,
                new_from=new_from,
            )
            run = created.run
            if is_alone or not (
                run.state in ("failed", "canceled") or (oldest is not None and run.created < oldest)
            ):
                break
            # Else a replay: another machine launched it, and it failed, or is too old.
        return created

    def _create(
        self,
        request: ReportRequest,
        generation: datetime | None,
        attempt: int,
        *,
        distinct: str | int,
        new_from: datetime | None,
    ) -> CreatedRun:
        key = self._account.key_of(request)
        record = LaunchRecord(
            request=request, generation=generation, attempt=attempt, run_id=None, status="error"
        )
        try:
            created = self._create_when_there_is_room(request, idempotency_key(key, generation, distinct))
        except ServerError as error:
            if error.stripe_message:
                # Stripe repeats its own error for this idempotency key: the next attempt needs another key.
                # An error of a gateway says nothing about Stripe, which may have launched the run.
                self._store.launch_log.remember(key, record)
            raise
        run = created.run
        record = _of_run(record, run)
        # At once: if this process is killed now, the same call must find the run tomorrow.
        self._store.launch_log.remember(key, record)
        if new_from is None or run.state != "pending" or _is_earlier(created, new_from):
            with deadline.about(run):  # the create answer may be the replay of an old one
                run = self._api.retrieve_run(run.id, request)
            if _of_run(record, run) != record:
                self._store.launch_log.remember(key, _of_run(record, run))
        logger.info("%s %s: %r", "found" if created.is_replayed else "launched", run.id, request)
        return replace(created, run=run)

    def _create_when_there_is_room(self, request: ReportRequest, idempotency_key: str) -> CreatedRun:
        """Create a run; while Stripe has too many runs of the key in progress, wait until one of ours ends.

        Raises:
            RunLimitError: None of them was launched from here for this account, so it is unknown when one
                ends.
            CallTimeoutError: None ended within the time of the call.
        """
        refused_for_others = 0
        while True:
            try:
                return self._api.create_run(request, idempotency_key=idempotency_key)
            except RunLimitError as error:
                logger.info("waiting for a run to end: %s", error.problem)
                if self._waited_for_one():
                    continue
                # Another thread may not have noted its run yet, or one may just have ended.
                refused_for_others += 1
                if refused_for_others == MOST_REFUSALS:
                    raise
                pause = backoff.retry_pause(refused_for_others, self._transport.rng)
                deadline.pause(
                    self._transport.clock, pause, "No run was launched, since too many are in progress"
                )

    def _waited_for_one(self) -> bool:
        """Wait until the oldest run in progress that was launched from here ends; False if there is none."""
        pending = self._store.launch_log.pending()
        if not pending:
            return False
        key, record = min(pending, key=lambda each: each[1].created or _LONG_AFTER)
        unfinished = f"Run {record.run_id} did not end, and Stripe launches no other run until one ends"
        for pause in backoff.poll_pauses(None, self._transport.rng):
            try:
                run = self._api.retrieve_run(str(record.run_id), record.request)
            except NotFoundError:
                self._store.launch_log.remember(key, replace(record, status="gone"))
                return True
            if run.state != "pending":
                self._store.launch_log.remember(key, replace(record, status=run.state, as_of=run.as_of))
                return True
            deadline.pause(self._transport.clock, pause, unfinished)
        return False


def _of_run(record: LaunchRecord, run: AnyRun) -> LaunchRecord:
    return replace(record, run_id=run.id, status=run.state, created=run.created, as_of=run.as_of)


def _launched_or_found(created: CreatedRun, reason: str, asked: datetime) -> Decision:
    """Stripe answers an equal launch with the run of the first one, made on another machine or here.

    A header says so, except where the call itself had to be repeated; then the age of the run shows it.
    """
    run = created.run
    if not _is_earlier(created, asked):
        return Decision("launched", reason)
    data = f"; its data are of {run.as_of:%Y-%m-%d %H:%M} UTC" if run.state == "succeeded" else ""
    return Decision(
        "awaited" if run.state == "pending" else "reused",
        f"run {run.id} reused: the same had been launched elsewhere, or before the cache was cleared, on "
        f"{run.created:%Y-%m-%d %H:%M} UTC{data}",
    )


def _is_earlier(created: CreatedRun, asked: datetime) -> bool:
    """Return True if the run of a launch existed before it."""
    return created.is_replayed or created.run.created < asked - A_MOMENT
