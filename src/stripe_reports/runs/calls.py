"""The public calls about report types and single runs: launch, retrieve, wait, read, stored reports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import islice

import polars as pl

from stripe_reports import catalog
from stripe_reports.catalog import ReportTypeName, purposes
from stripe_reports.errors import ParameterError
from stripe_reports.http.transport import Transport
from stripe_reports.models import AnyRun, ReportRequest, ReportType
from stripe_reports.planning import deadline
from stripe_reports.render import worker_remedies
from stripe_reports.report.listings import ReportRuns, ReportTypes, StoredReports
from stripe_reports.report.report import Decision, Report
from stripe_reports.runs.account import Account
from stripe_reports.runs.fetch import Runs
from stripe_reports.runs.progress import Progress, ProgressOption
from stripe_reports.runs.task import Connection
from stripe_reports.storage.store import Store

__all__ = ["RunCalls"]

DOWNLOAD_TIMEOUT = 3600.0
"""Seconds for reading the result of a run that has finished."""


class RunCalls(ABC):
    """The part of ``Client`` that lists report types and handles runs one by one."""

    _account: Account
    _runs: Runs
    _store: Store
    _transport: Transport

    def report_types(self, search: str | None = None) -> ReportTypes:
        """List the report types that the account offers, completed by what the catalogue knows.

        Args:
            search: What a report is about, such as ``"deposit"``, ``"sales tax"`` or a part of its name: list
                those found, the best first, each in the version that a name without version means. None lists
                every type and version.

        One call, answered from disk for a minute. Stripe's page: https://docs.stripe.com/reports/report-types.

        Raises:
            StripeAPIError, NetworkError: Stripe refused or could not be asked.

        Example:
            >>> [type_.id for type_ in client.report_types() if type_.base == "balance.summary"]
            ['balance.summary.1', 'balance.summary.2']
            >>> client.report_types("sales tax")[0].id
            'tax.transactions.itemized.2'
        """
        offered = self._account.report_types()
        if search is None:
            return ReportTypes(offered)
        by_id = {type_.id: type_ for type_ in offered}
        bases = dict.fromkeys(type_.base for type_ in purposes.search(search, offered))
        return ReportTypes((by_id[self._account.versioned(base)] for base in bases), search=search)

    def report_type(self, report_type: ReportTypeName | str) -> ReportType:
        """Return a report type: its parameters, its columns, and the interval with available data.

        Args:
            report_type: Id with or without version; without, the newest that the account offers.

        Raises:
            UnknownReportTypeError: No such type; the message has the nearest names.
            LiveModeRequiredError: Stripe has it for live data only, and this is a test key.

        Example:
            >>> client.report_type("payouts.itemized").column("trace_id").kind
            'text'
        """
        found = self._account.report_type(self._account.versioned(report_type))
        return self._account.with_output_columns(found)

    def launch(self, request: ReportRequest) -> AnyRun:
        """Create a new run at Stripe, and return it, usually pending.

        If Stripe refuses the end of a period that is not over yet, the run ends one second earlier; its
        ``parameters`` show it.

        Raises:
            IntervalError: The interval exceeds the available data; the message has both limits.
            ParameterError: It is not a request.
            StripeAPIError: Stripe refused it.

        Stripe's page: https://docs.stripe.com/api/reporting/report_run/create.
        """
        if not isinstance(request, ReportRequest):
            raise ParameterError(f"A run is launched for a ReportRequest, not for {request!r:.100}.")
        accepted = self._account.as_accepted(request)
        catalog.check(request, self._account.known_type(request.report_type))
        return self._runs.launch(accepted)

    def retrieve(self, run_id: str) -> AnyRun:
        """Return the run with that id, as it is now: one call, or none if it is known to be finished.

        Raises:
            ParameterError: It is not the id of a run (``frr_…``).
            NotFoundError: There is no such run for this key; runs of other accounts or modes are not visible.
            AnswerMismatchError: The run differs from the request for which it was launched here.
        """
        if not isinstance(run_id, str):
            raise ParameterError(
                f"A run is retrieved by its id, a text such as 'frr_…', not by {run_id!r:.100}.",
                param="run_id",
            )
        return self._account.retrieve(run_id)

    def runs(self, limit: int = 20) -> ReportRuns:
        """List the newest runs of the account, newest first, wherever they were launched; a call per hundred.

        Reports v2 lists no runs: there they are those that were launched with this cache folder, a call each.

        Raises:
            ParameterError: *limit* is below one.
            StripeAPIError, NetworkError: Stripe refused or could not be asked.
        """
        if limit < 1:
            raise ParameterError(f"limit={limit!r}: ask for one run at least.", param="limit")
        return ReportRuns(islice(self._account.newest_runs(page_size=min(limit, 100)), limit))

    def pending(self) -> ReportRuns:
        """List the runs in progress, newest first, launched by this process, an earlier one, or elsewhere.

        They are the pending runs among the 300 newest of the account, and all that were launched with this
        cache folder. ``wait`` joins one by its id; so does the ``fetch`` for which it was launched.

        Raises:
            StripeAPIError, NetworkError: Stripe refused or could not be asked.
            AnswerMismatchError: A run differs from the request for which it was launched here.

        Example:
            >>> run = client.launch(client.request("balance.summary", "2026-10"))
            >>> [each.id for each in client.pending()] == [run.id]
            True
        """
        return ReportRuns(self._runs.finder.pending())

    def wait(self, run: AnyRun | str, *, timeout: float = 600.0, progress: ProgressOption = "auto") -> AnyRun:
        """Poll a run until it finishes, and return it finished.

        The first polls are soon, later ones less often, at most twelve a minute. A timeout or an interrupt
        does not cancel the run: it continues at Stripe and can be waited for again.

        Args:
            run: A run of any status, or its id; a succeeded one comes back without a call.
            timeout: Maximum duration of the call, in seconds.
            progress: Called at every poll with the run, the seconds since its launch, and those expected or
                None.
                ``"auto"`` shows the wait within a second, a bar in a notebook, one line in a terminal, else
                log lines; False shows nothing.

        Raises:
            RunFailedError: The run failed, or its status is unknown; ``error.run`` is the run.
            RunTimeoutError: The run was still pending after *timeout* seconds.
            CallTimeoutError: The run with that id was not retrieved within *timeout*.

        Example:
            >>> run = client.launch(client.request("balance.summary", "2026-10"))
            >>> client.wait(run, timeout=60).status
            'succeeded'
        """
        about = run.report_type if isinstance(run, AnyRun) else str(run)
        with self._within(timeout), self._shown(progress, about) as told:
            return self._runs.follower.wait(self._run(run), progress=told)

    def read(self, run: AnyRun | str, *, timeout: float = DOWNLOAD_TIMEOUT) -> pl.DataFrame:
        """Return the result of a finished run, or of the run with that id, as a DataFrame.

        It is read from Stripe once, then from disk. For arguments and errors see ``report``.
        """
        with self._within(timeout):
            return self._runs.frame_of(self._runs.report_of(self._run(run)))

    def scan(self, run: AnyRun | str, *, timeout: float = DOWNLOAD_TIMEOUT) -> pl.LazyFrame:
        """Return the result of a finished run, or of the run with that id, as a LazyFrame; see ``read``.

        Only what a query needs is read into memory, whatever the size of the result.
        """
        return self.report(run, timeout=timeout).scan()

    def report(self, run: AnyRun | str, *, timeout: float = DOWNLOAD_TIMEOUT) -> Report:
        """Return the report of a finished run, or of the run with that id: from disk, else from Stripe.

        Args:
            run: A run, or its id.
            timeout: Maximum duration of the call, in seconds; an hour by default.

        Raises:
            RunError: The run is still pending, or failed.
            RunTimeoutError, CallTimeoutError: The file was not read within *timeout*.
            FileError: The result file is missing or damaged, or too large.
        """
        with self._within(timeout):
            return self._runs.report_of(self._run(run))

    def stored(self) -> StoredReports:
        """List the reports that are stored on this machine for this client, last fetched first. No call.

        Example:
            >>> client.frame("balance.summary", "2026-10").height
            36
            >>> [report.run.report_type for report in client.stored()]
            ['balance.summary.2']
        """
        found = sorted(self._store.all_results(), key=lambda each: each.provenance.fetched_at, reverse=True)
        decision = Decision("stored", "chosen among the stored results")
        return StoredReports(
            Report(each.provenance.request, each.provenance.run, decision, each.provenance, each.path)
            for each in found
        )

    def now(self) -> datetime:
        """Return Stripe's time, from its last answer; before the first, this machine's time. No call."""
        return self._transport.now()

    def clock_skew(self) -> timedelta | None:
        """Return how far this machine's clock is ahead of Stripe's, by its last answer; None before any."""
        now = self._transport.stripe_time()
        return None if now is None else self._transport.clock.now() - now

    def _time(self) -> datetime:
        """Return Stripe's time; make a call if no recent answer told it."""
        return self._account.time()

    def _sleep(self, seconds: float) -> None:
        """Wait, by the clock of the client."""
        self._transport.clock.sleep(seconds)

    def _within(self, timeout: float) -> AbstractContextManager[None]:
        """Limit a block to a number of seconds."""
        return deadline.within(self._transport.clock, _checked_timeout(timeout))

    @abstractmethod
    def _shown(
        self, progress: ProgressOption, about: str | ReportRequest
    ) -> AbstractContextManager[Progress | None]:
        """Give the callback for *progress*, in a block that shows the wait."""

    def _run(self, run: AnyRun | str) -> AnyRun:
        if isinstance(run, str):
            return self.retrieve(run)
        if not isinstance(run, AnyRun):
            raise ParameterError(
                f"A run is a ReportRun or the id of one, 'frr_…', not {run!r:.100}.", param="run"
            )
        return run

    def _connection(self, *, are_elsewhere: bool) -> Connection:
        """Return the way to Stripe for workers, in this process or elsewhere."""
        is_served = are_elsewhere and self._transport.settings.in_process
        return Connection.of(self._transport.settings, served_at=self._served_at() if is_served else None)

    def _served_at(self) -> str:
        """Return the address of the application in this process, as other processes reach it."""
        raise ParameterError(
            "In place of Stripe, this client has an application in this process, which the workers of other "
            "processes do not reach.",
            param="executor",
            remedy=worker_remedies.serve_application(),
        )


def _checked_timeout(timeout: object) -> float:
    if not isinstance(timeout, int | float) or not timeout >= 0:
        raise ParameterError(
            f"timeout must be a number of seconds, 0 or more; got {timeout!r}.", param="timeout"
        )
    return float(timeout)
