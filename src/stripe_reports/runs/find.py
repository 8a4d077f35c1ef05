"""Find what answers a request: a result on this disk, a run at Stripe, or neither.

``planning/reuse`` decides; this module tells it which results are stored, which runs were launched from here,
and which runs Stripe lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from stripe_reports.errors import DamagedFileError, NotFoundError, ResultUnavailableError
from stripe_reports.http.api import Api
from stripe_reports.models import AnyRun, ReportRequest, ReportType
from stripe_reports.parsing.overrides import NO_OVERRIDES, Overrides, in_words
from stripe_reports.planning.echo import echoes_all
from stripe_reports.planning.reuse import (
    AskForRuns,
    AskForType,
    Await,
    KnownRun,
    Launch,
    Policy,
    Reuse,
    plan,
    result_key,
)
from stripe_reports.report.report import Decision, FetchPlan
from stripe_reports.runs.account import Account
from stripe_reports.runs.listing import PAGES_LISTED, RecentRuns
from stripe_reports.storage.launch_log import LaunchRecord
from stripe_reports.storage.store import Store, StoredResult

__all__ = ["AtStripe", "Finder", "Nowhere", "OnDisk", "why_unusable"]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A stored result answers."""

    result: StoredResult
    decision: Decision


MOST_REPLACED = 2
"""Runs without a usable result after which a call no longer replaces a run that came of its launch."""


@dataclass(frozen=True, slots=True)
class AtStripe:
    """A run at Stripe answers, now or when it has finished.

    Attributes:
        run: The run.
        decision: Why it answers.
        is_created: True if it came of a launch, which may be answered with the run of an earlier one.
    """

    run: AnyRun
    decision: Decision
    is_created: bool = False


@dataclass(frozen=True, slots=True)
class Nowhere:
    """Nothing answers; a run must be launched.

    Attributes:
        reason: Why, including which runs were not used.
        report_type: The type as Stripe describes it now, if it was asked.
    """

    reason: str
    report_type: ReportType | None


class Finder:
    """Looks for an answer on this disk first, then among the runs launched from here, then at Stripe."""

    def __init__(self, account: Account, api: Api, store: Store) -> None:
        self._account = account
        self._api = api
        self._store = store

    def stored(self, request: ReportRequest, policy: Policy, overrides: Overrides) -> OnDisk | None:
        """Return the stored result, if it answers without a call to Stripe."""
        stored = self._results(request, overrides)
        step = plan(request, policy, known=[result.as_known for result in stored.values()])
        if not isinstance(step, Reuse):
            return None
        return OnDisk(stored[step.run.id], Decision("stored", step.reason))

    def find(
        self,
        request: ReportRequest,
        policy: Policy,
        overrides: Overrides,
        unusable: dict[str, str],
        recent: RecentRuns | None = None,
    ) -> OnDisk | AtStripe | Nowhere:
        """Ask Stripe for the missing facts until the plan decides; the caller holds the lock of the request.

        Runs that no longer exist at Stripe are added to *unusable*. Many requests share *recent*, the runs
        that Stripe lists; without it, they are listed for this one.
        """
        stored = self._results(request, overrides)
        known = self._known(request, stored, unusable, looking=policy != "never", recent=recent)
        report_type: ReportType | None = None
        listed: list[KnownRun] | None = None
        while True:
            now = self._account.time() if report_type else None
            step = plan(request, policy, known=known, report_type=report_type, listed=listed, now=now)
            match step:
                case Reuse(run, reason) if run.place == "stored":
                    return OnDisk(stored[run.id], Decision("stored", reason))
                case Reuse(run, reason) | Await(run, reason):
                    try:
                        current = self._current(run.id, request, recent)
                    except NotFoundError:  # launched here, but not known there: a simulator was restarted
                        unusable[run.id] = "gone"
                        return self.find(request, policy, overrides, unusable, recent)
                    return AtStripe(
                        current, Decision("reused" if isinstance(step, Reuse) else "awaited", reason)
                    )
                case Launch(reason):
                    return Nowhere(reason, report_type)
                case AskForType():
                    report_type = self._account.report_type(request.report_type)
                case AskForRuns(since):
                    seen = {run.id for run in known}
                    listed = [
                        replace(run, status=unusable.get(run.id, run.status))
                        for run in self._made_elsewhere(request, since, seen, recent)
                    ]
                case _:
                    assert_never(step)

    def plan(self, request: ReportRequest, policy: Policy) -> FetchPlan:
        """Return what ``find`` would find, from what is known here; see ``Client.plan``."""
        stored = self._results(request, NO_OVERRIDES)
        known = self._known(request, stored, {}, looking=False)
        step = plan(request, policy, known=known)
        if isinstance(step, AskForType):
            type_ = self._account.report_type(request.report_type)
            now = self._account.now()
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

    def _results(self, request: ReportRequest, overrides: Overrides) -> dict[str, StoredResult]:
        """Return the stored results of a request that were read with these types, by the id of their run."""
        key = result_key(self._account.key_of(request), in_words(overrides))
        return {result.provenance.run.id: result for result in self._store.results(key, request)}

    def _known(
        self,
        request: ReportRequest,
        stored: Mapping[str, StoredResult],
        unusable: Mapping[str, str],
        *,
        looking: bool,
        recent: RecentRuns | None = None,
    ) -> list[KnownRun]:
        """Return the runs of a request that are stored here or were launched from here, as they are now."""
        key = self._account.key_of(request)
        launches = {record.run_id: record for record in self._store.launch_log.launches(key) if record.run_id}
        known = []
        for id_, result in stored.items():
            launch = launches.pop(id_, None)
            generation = launch.generation if launch else None
            known.append(replace(result.as_known, generation=generation))
        for record in launches.values():
            if looking and record.status == "pending":
                record = self._looked_at(key, record, recent)
            run = record.as_known
            if run is not None:
                known.append(replace(run, status=unusable.get(run.id, run.status)))
        return known

    def pending(self) -> list[AnyRun]:
        """Return the runs in progress, newest first: those on the first pages, and those launched here."""
        found = {run.id: run for run in self._account.runs(pages=PAGES_LISTED)}
        for key, record in self._store.launch_log.pending():
            id_ = str(record.run_id)
            if id_ not in found or found[id_].state != "pending":
                found.pop(id_, None)
                if self._looked_at(key, record, None).status == "pending":
                    found[id_] = self._api.retrieve_run(id_, record.request)
        pending = [run for run in found.values() if run.state == "pending"]
        return sorted(pending, key=lambda run: run.created, reverse=True)

    def _current(self, id_: str, request: ReportRequest, recent: RecentRuns | None) -> AnyRun:
        """Return a run as it is now: as it was listed for this call, or else retrieved."""
        listed = None if recent is None else recent.find(id_)
        return self._api.retrieve_run(id_, request) if listed is None else self._api.verified(listed, request)

    def _looked_at(self, key: str, record: LaunchRecord, recent: RecentRuns | None) -> LaunchRecord:
        """Return the current state of a launch that was pending at the last poll."""
        try:
            run = self._current(str(record.run_id), record.request, recent)
        except NotFoundError:
            record = replace(record, status="gone")
        else:
            record = replace(record, status=run.state, as_of=run.as_of)
        if record.status != "pending":
            self._store.launch_log.remember(key, record)
        return record

    def _made_elsewhere(
        self,
        request: ReportRequest,
        since: datetime | None,
        ours: Collection[str],
        recent: RecentRuns | None,
    ) -> Iterator[KnownRun]:
        """List runs that are certainly of this request: all parameters are echoed, and equal those sent.

        Other runs are ignored; but *ours*, the ids of runs known to be of this request, must be of it.
        """
        if not echoes_all(request):
            return
        sent = request.to_stripe()
        runs = self._account.runs(since, pages=PAGES_LISTED) if recent is None else recent.since(since)
        for run in runs:
            if run.id in ours:
                self._api.verified(run, request)
            elif run.report_type == request.report_type and dict(run.plain_parameters) == sent:
                yield KnownRun(run.id, run.state, run.as_of, "listed")


def why_unusable(error: Exception, found: AtStripe, unusable: Mapping[str, str]) -> str | None:
    """Return the status of a run whose result cannot be had, so that it is not reused; None if it may be.

    A run that this call has launched is not replaced within the call: the next one may fail the same way. So
    may one that seems to be of an earlier launch, if it is not the first of the call.

    Args:
        error: The error of its result.
        found: The run, and how it was found.
        unusable: The runs of the call whose results could not be had before.
    """
    is_own = found.is_created and (found.decision.action == "launched" or len(unusable) >= MOST_REPLACED)
    if is_own:
        return None
    if isinstance(error, ResultUnavailableError):
        return "expired"
    return "damaged" if isinstance(error, DamagedFileError) and error.needs_new_run else None
