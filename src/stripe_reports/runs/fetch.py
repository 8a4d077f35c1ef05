"""The path from a request to its report; ``Runs.fetch`` shows it from top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import polars as pl

from stripe_reports.catalog.assumptions import sentence, warn_once
from stripe_reports.errors import (
    DamagedFileError,
    InvalidRequestError,
    ResultUnavailableError,
    RunError,
    StoreError,
)
from stripe_reports.http.api import Api
from stripe_reports.http.files import Files
from stripe_reports.http.transport import Transport
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.parsing.overrides import NO_OVERRIDES, Overrides, in_words
from stripe_reports.planning import data_end, deadline
from stripe_reports.planning.remarks import remarks
from stripe_reports.planning.reuse import Policy
from stripe_reports.render import remedies
from stripe_reports.report.report import Decision, Report
from stripe_reports.runs.account import Account
from stripe_reports.runs.download import Downloader, Room
from stripe_reports.runs.find import AtStripe, Finder, Nowhere, OnDisk, why_unusable
from stripe_reports.runs.follow import Follower
from stripe_reports.runs.launch import Launcher
from stripe_reports.runs.listing import RecentRuns
from stripe_reports.runs.progress import Progress
from stripe_reports.runs.task import Connection, Destination, Figures, Task
from stripe_reports.storage.store import Store, StoredResult

__all__ = ["Runs"]

_T = TypeVar("_T")

INTERRUPTED = (
    "A run that was launched goes on at Stripe, or has ended there: the same fetch comes back to it."
)
"""Note on an interrupt during a launch or a download."""

logger = logging.getLogger("stripe_reports")


class Runs:
    """Finds the report of a request; or launches a run, follows it and downloads its file.

    Attributes:
        account: The account at Stripe.
        finder: Finds what answers a request.
        launcher: Launches runs.
        follower: Follows runs until they finish.
        room: Limits how many results are read at the same time.
        api: Stripe's Reporting API, for this account.
        files: The result files at Stripe, for this account.
        log: The log of what was launched for this account from this machine.
    """

    def __init__(
        self, account: Account, api: Api, store: Store, transport: Transport, room: Room | None = None
    ) -> None:
        self.account = account
        self.finder = Finder(account, api, store)
        self.launcher = Launcher(account, api, store, transport)
        self.follower = Follower(account, api, store.launch_log, transport)
        self.room = room or Room()
        self.files = Files(transport, api)
        self.log = store.launch_log
        self._downloader = Downloader(account, api, self.files, store, transport.settings, self.room)
        self.api = api
        self._store = store

    def fetch(
        self,
        request: ReportRequest,
        policy: Policy,
        overrides: Overrides = NO_OVERRIDES,
        *,
        progress: Progress | None,
    ) -> Report:
        """Return the report of a request: a stored one, or that of an earlier or new run.

        A result that is read with other *overrides* is stored separately, of the same run.
        """
        try:
            return self._with_accepted_end(
                request, lambda each: self._fetch(each, policy, overrides, progress=progress)
            )
        except KeyboardInterrupt as interrupt:
            if not getattr(interrupt, "__notes__", ()):  # not while a run was waited for, which is named then
                interrupt.add_note(INTERRUPTED)
            raise

    def launch(self, request: ReportRequest) -> AnyRun:
        """Launch a new run, even if an earlier one would answer."""
        return self._with_accepted_end(request, self.launcher.launch)

    def _with_accepted_end(self, request: ReportRequest, act: Callable[[ReportRequest], _T]) -> _T:
        """Call *act*, once more with one second less if Stripe refuses the end of a truncated period.

        An interval that the user named is not changed: the error says what to ask for.
        """
        try:
            return act(request)
        except InvalidRequestError as refusal:
            bound = data_end.bound_named(refusal)
            if bound is None or not data_end.is_at_the_edge(
                bound, request, self.account.report_type(request.report_type)
            ):
                raise
            shorter = data_end.shortened(request)
            if bound == "interval_start":
                refusal.advise(remedies.start_after_the_data())
                raise
            if shorter is None:
                refusal.advise(remedies.end_before_the_data())
                raise
            logger.info("asking for one second less: %s", refusal.problem)
        is_refused_too = False
        try:
            return act(shorter)
        except InvalidRequestError:
            is_refused_too = True  # so the end was not the reason
            raise
        finally:
            if not is_refused_too:
                self._store.launch_log.note_data_end_refused()

    def _fetch(
        self, request: ReportRequest, policy: Policy, overrides: Overrides, *, progress: Progress | None
    ) -> Report:
        if (report := self.stored(request, policy, overrides)) is not None:
            return report
        unusable: dict[str, str] = {}
        while True:
            with self._store.lock_request(self.account.key_of(request), timeout=deadline.left()):
                found = self.finder.find(request, policy, overrides, unusable)
                if isinstance(found, Nowhere):
                    found = self.launcher.launch_or_join(request, policy, found)
            if isinstance(found, OnDisk):
                return _report(found.result, found.decision, asked=request)
            run = self.follower.wait(found.run, progress=progress, request=request)
            try:
                return self.read(request, run, found.decision, overrides)
            except (ResultUnavailableError, DamagedFileError) as error:
                why = why_unusable(error, found, unusable)
                if why is None:
                    raise
                unusable[run.id] = why

    # For a call that fetches many reports; see runs/grid

    def ask(
        self,
        request: ReportRequest,
        policy: Policy,
        overrides: Overrides,
        *,
        unusable: Mapping[str, str],
        recent: RecentRuns,
    ) -> tuple[ReportRequest, Report | AtStripe]:
        """Find or launch the run of a request that is not stored, under the lock of the request.

        Args:
            request: The request.
            policy: The policy of the call.
            overrides: Types of columns that the user set.
            unusable: Runs whose files are gone or damaged, and which of both.
            recent: The newest runs of the account.

        Returns:
            The request as Stripe accepted it, and its report if it was stored meanwhile, or else its run.
        """
        gone = dict(unusable)

        def decide(request: ReportRequest) -> tuple[ReportRequest, Report | AtStripe]:
            with self._store.lock_request(self.account.key_of(request)):
                found = self.finder.find(request, policy, overrides, gone, recent)
                if isinstance(found, Nowhere):
                    found = self.launcher.launch_or_join(request, policy, found, listed_soon=True)
            if isinstance(found, OnDisk):
                return request, _report(found.result, found.decision, asked=request)
            return request, found

        return self._with_accepted_end(request, decide)

    def durations(self, report_type: str) -> list[float]:
        """Return the durations of the last runs of a type in seconds, oldest first."""
        return self.log.durations(report_type)

    def read(self, request: ReportRequest, run: AnyRun, decision: Decision, overrides: Overrides) -> Report:
        """Read the result of a succeeded run, and return its report.

        Raises:
            IntervalError: Its data end before the period starts, which only Reports v2 tells so late.
        """
        data_end.check_has_data(request, run)
        result = self._downloader.result_of(request, run, overrides)
        return _report(result, _with_age(decision, result.provenance.as_of, run), asked=request)

    def task(
        self,
        request: ReportRequest,
        found: AtStripe,
        overrides: Overrides,
        *,
        destination: Destination,
        connection: Connection,
    ) -> Report | Task:
        """Return the task of a worker for a succeeded run; or the report of the run, if it is stored.

        Raises:
            IntervalError: See ``read``.
        """
        data_end.check_has_data(request, found.run)
        stored = self._store.find(found.run, schema_overrides=in_words(overrides))
        if stored is not None and stored.provenance.request == request:
            return _report(stored, found.decision, asked=request)
        return self._downloader.task(
            request, found.run, overrides, destination=destination, connection=connection
        )

    def take(self, task: Task, figures: Figures, decision: Decision) -> Report:
        """Store what a worker has made, and return its report."""
        result = self._downloader.take(task, figures)
        return _report(result, _with_age(decision, result.provenance.as_of, task.run), asked=task.request)

    def stored(
        self, request: ReportRequest, policy: Policy, overrides: Overrides = NO_OVERRIDES
    ) -> Report | None:
        """Return the stored report, if it answers without a call to Stripe."""
        found = self.finder.stored(request, policy, overrides)
        return None if found is None else _report(found.result, found.decision, asked=request)

    def report_of(self, run: AnyRun, overrides: Overrides = NO_OVERRIDES) -> Report:
        """Return the report of a finished run, wherever it was launched."""
        stored = self._store.find(run, schema_overrides=in_words(overrides))
        request = stored.provenance.request if stored else self._store.launch_log.request_of(run.id)
        self.api.verified(run, request)
        if stored is None:
            if run.state == "pending":
                run = self.api.verified(self.api.retrieve_run(run.id), request or run)
            if run.state == "pending":
                raise RunError(
                    f"Report run {run.id} is still pending.", run, remedy=remedies.wait_first(run.id)
                )
            self.follower.finished(run)
            stored = self._downloader.result_of(request or self.api.request_of(run), run, overrides)
        return _report(stored, Decision("reused", f"run {run.id} was asked for by its id"))

    def frame_of(self, report: Report, overrides: Overrides = NO_OVERRIDES) -> pl.DataFrame:
        """Return the frame of a report; download it again if its file was removed or damaged meanwhile."""
        try:
            return report.frame()
        except StoreError as error:
            logger.warning("%s", error)
            with self._store.kept():
                return self.report_of(report.run, overrides).frame()


def _with_age(decision: Decision, age: datetime, run: AnyRun) -> Decision:
    """Add to the reason that Stripe answered a new run with an older file, if it did."""
    if decision.action == "launched" and run.has_older_file:
        return replace(
            decision,
            reason=f"{decision.reason}; Stripe answered with an older file, data of {age:%Y-%m-%d %H:%M} UTC",
        )
    return decision


def _report(stored: StoredResult, decision: Decision, *, asked: ReportRequest | None = None) -> Report:
    provenance = stored.provenance
    warn_once(provenance.request.report_type, provenance.kinds_from)
    assumed = sentence(provenance.request.report_type, provenance.kinds_from)
    # The given request equals the stored one, and also knows how its period was meant.
    request = (asked or provenance.request).truncated_by(provenance.as_of)
    of_run = data_end.of_unknown_age(provenance.run)
    notes = (*remarks(request), *data_end.unfinished(request), *of_run)
    decision = replace(decision, notes=notes, assumed=(assumed,) if assumed else ())
    return Report(request, provenance.run, decision, provenance, stored.path)
