"""The public calls that compare and explain reports: tie-out, restatement, evidence, payouts, periods."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Unpack

from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest
from stripe_reports.planning.periods import Period
from stripe_reports.planning.reuse import Policy
from stripe_reports.reconcile.comparison import Comparison, compare_periods
from stripe_reports.reconcile.payout import ExplainedPayout, explain_payout
from stripe_reports.reconcile.period_tie_out import tie_out
from stripe_reports.reconcile.protocol import ReportClient
from stripe_reports.reconcile.restatement import Restatement, restatement
from stripe_reports.reconcile.set_tie_out import tie_out_set
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render.signature import spelled_out
from stripe_reports.report.report import Report
from stripe_reports.report.report_set import ReportSet
from stripe_reports.runs.progress import Progress, ProgressOption
from stripe_reports.runs.request import Parameters

if TYPE_CHECKING:
    from stripe_reports.reconcile.evidence import EvidenceFolder

__all__ = ["Closing"]


class Closing(ReportClient, Protocol):
    """The part of ``Client`` that compares reports with each other."""

    def now(self) -> datetime:
        """See ``Client.now``."""

    def _within(self, timeout: float) -> AbstractContextManager[None]:
        """A block that takes so many seconds at most."""

    def _shown(
        self, progress: ProgressOption, about: str | ReportRequest
    ) -> AbstractContextManager[Progress | None]:
        """A block that shows its waits, with the function to call at every poll."""

    def tie_out(
        self,
        period: Period | ReportSet,
        *,
        timezone: str | None = None,
        currency: str | None = None,
        reuse: Policy = "auto",
        timeout: float = 900.0,
        progress: ProgressOption = "auto",
    ) -> TieOut:
        """Check that the period's reports agree with each other, and name the rows that make them differ.

        Fetches, side by side and reused where possible: the balance summary of the period and of the one
        before, the itemised activity and payouts, and the payout and ending balance reconciliations.

        Args:
            period: See ``request``; a period that is not over yet is truncated at the end of the data. Or a
                set of ``fetch_all``, such as the itemised activity and payouts of a year in months: it is
                compared with the balance summary of its whole interval, and only that is fetched.
            timezone: Time zone of the period; a set has its own.
            currency: One currency only; a set has its own.
            reuse: See ``fetch``; ``"never"`` launches new runs for all reports.
            timeout: Maximum duration of the call, in seconds.
            progress: Called at every poll of a pending run, from several threads.

        Raises:
            ParameterError: A set of several accounts, or without a report that can be compared; or a time
                zone or currency beside a set.
            StripeReportsError: As ``fetch``. A control that fails is no error; see ``TieOut.passes``.

        Example:
            >>> client.tie_out("2026-10")
            October 2026: 60 of 60 controls pass
        """
        with self._within(timeout), self._shown(progress, "tie-out") as told:
            if isinstance(period, ReportSet):
                if timezone or currency:
                    raise ParameterError("A set has its own time zone and currency; give neither beside it.")
                return tie_out_set(self, period, reuse=reuse, timeout=timeout, progress=told)
            return tie_out(
                self,
                period,
                timezone=timezone,
                currency=currency,
                reuse=reuse,
                timeout=timeout,
                progress=told,
            )

    def restatement(
        self, report: Report, *, timeout: float = 900.0, progress: ProgressOption = "auto"
    ) -> Restatement:
        """Find what Stripe changed since *report* was run: the same request again, compared row by row.

        Both runs stay stored.

        Args:
            report: An earlier report, as ``fetch`` gave it.
            timeout: Maximum duration of the call, in seconds.
            progress: Called at every poll of the run.

        Raises:
            StripeReportsError: As ``fetch``.

        Example:
            >>> report = client.fetch("balance_change_from_activity.itemized", "2026-10")
            >>> client.restatement(report).is_restated
            False
        """
        return restatement(self, report, timeout=timeout, progress=progress)

    def evidence(
        self,
        period: Period,
        folder: str | os.PathLike[str],
        *,
        timezone: str | None = None,
        currency: str | None = None,
        reuse: Policy = "auto",
        timeout: float = 900.0,
        progress: ProgressOption = "auto",
    ) -> EvidenceFolder:
        """Write the evidence for the close of a period to a new folder or .zip.

        It holds the reports (Parquet and CSV), their provenance, the controls, charts, a page that opens
        without key or Python, and the hash of every file; ``sr.verify`` or ``stripe-reports verify`` checks
        it. It is written atomically, mode 0600, and never overwrites. Failed controls are recorded as
        failed.

        Args:
            period: See ``tie_out``.
            folder: New folder; a name that ends in ``.zip`` creates a single file.
            timezone: See ``tie_out``.
            currency: See ``tie_out``.
            reuse: See ``tie_out``.
            timeout: See ``tie_out``.
            progress: See ``tie_out``.

        Raises:
            ParameterError: *folder* already exists.
            StoreError: It cannot be written.
            StripeReportsError: As ``fetch``.

        Example:
            >>> client.evidence("2026-10", "close-2026-10.zip").tie_out.passes
            True
        """
        from stripe_reports.reconcile.evidence import new_path, write_evidence

        path = new_path(folder)  # before any run is launched
        result = self.tie_out(
            period, timezone=timezone, currency=currency, reuse=reuse, timeout=timeout, progress=progress
        )
        return write_evidence(result, path, written_at=self.now())

    def explain_payout(
        self,
        payout: str,
        *,
        timezone: str | None = None,
        reuse: Policy = "auto",
        timeout: float = 900.0,
        progress: ProgressOption = "auto",
    ) -> ExplainedPayout:
        """Say why a deposit is not the sales: the sales, fees, refunds and so on that a payout consists of.

        Fetches the transactions of the payout, and the payouts of its day for its status, fee and arrival.

        Args:
            payout: ``po_…``, an automatic payout.
            timezone: Zone of the local times in the rows; the day of arrival does not depend on it.
            reuse: See ``fetch``.
            timeout: Maximum duration of the call, in seconds.
            progress: Called at every poll of the two runs.

        Raises:
            ParameterError: It is not the id of a payout, or a manual or instant one, of which Stripe does not
                record the transactions.
            InvalidRequestError: There is no such payout.
            StripeReportsError: As ``fetch``.

        Example:
            >>> october = client.frame("payouts.itemized", "2026-10", currency="eur")
            >>> client.explain_payout(october["payout_id"][0]).bridge()["part"].to_list()
            ['sales', 'processing fees', 'refunds', 'other fees']
        """
        with self._within(timeout):
            return explain_payout(
                self, payout, timezone=timezone, reuse=reuse, timeout=timeout, progress=progress
            )

    @spelled_out(Parameters)
    def compare(
        self,
        report_type: str,
        period: Period,
        other_period: Period,
        *,
        by: str | Sequence[str] | None = None,
        reuse: Policy = "auto",
        timeout: float = 900.0,
        progress: ProgressOption = "auto",
        **parameters: Unpack[Parameters],
    ) -> Comparison:
        """Compare a report of two periods: what changed, by category and currency, and for fees why.

        Both are fetched side by side, with the columns of *by*; ``sr.compare`` compares two reports that you
        have.

        Args:
            report_type: Id with or without version.
            period: The period of interest; see ``request``.
            other_period: The period to compare with, such as the month or the year before.
            by: One column or several that make the groups; None for the reporting category, if there is one.
            reuse: See ``fetch``.
            timeout: Maximum duration of the call, in seconds.
            progress: Called at every poll of the two runs, from two threads.
            **parameters: See ``request``; the same for both periods.

        Raises:
            ParameterError: See ``sr.compare``.
            StripeReportsError: As ``fetch``.

        Example:
            >>> changes = client.compare("balance_change_from_activity.summary", "2026-10", "2025-10")
            >>> changes.frame().select("currency", "difference", "fee_by_volume", "fee_by_rate").width
            4
        """
        with self._within(timeout):
            return compare_periods(
                self,
                report_type,
                period,
                other_period,
                by,
                reuse=reuse,
                timeout=timeout,
                progress=progress,
                **parameters,
            )
