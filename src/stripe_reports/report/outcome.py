"""What came of one report of a set: the report, or why it is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, time
from typing import Literal

from stripe_reports.errors import StripeReportsError
from stripe_reports.models import ReportRequest, iso
from stripe_reports.planning.grid import Cell
from stripe_reports.render.remedies import Remedy
from stripe_reports.report.report import Action, Report
from stripe_reports.report.shared import SharedReport

__all__ = ["OWN_ACCOUNT", "ReportOutcome", "Status", "interval_of"]

Status = Literal["stored", "reused", "launched", "failed", "missing"]

OWN_ACCOUNT = "own"
"""The name of the key's own account, which has no other."""

_STATUS: Mapping[Action, Status] = {
    "stored": "stored",
    "reused": "reused",
    "awaited": "reused",
    "launched": "launched",
}


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """One row of ``ReportSet.status()``.

    Attributes:
        cell: The request, and the account that it was made for.
        status: ``stored``, ``reused`` or ``launched`` if the report is there; ``failed``; or ``missing``: it
            was not asked for, or its run goes on at Stripe.
        reason: Why, in a sentence.
        remedy: What can be done, in words for Python, command line and form, if *reason* does not say it.
        report: The report, if it is there.
        run_id: The run, as far as it is known.
        error: Name of the error's class, if it failed.
    """

    cell: Cell
    status: Status
    reason: str
    report: Report | SharedReport | None = None
    run_id: str | None = None
    error: str | None = None
    remedy: Remedy | None = None

    @classmethod
    def of(cls, cell: Cell, report: Report | SharedReport) -> ReportOutcome:
        """Return the outcome of a cell whose report is there."""
        return cls(cell, _STATUS[report.reuse.action], str(report.reuse), report, report.run.id)

    @classmethod
    def failing(cls, cell: Cell, error: Exception, *, run_id: str | None = None) -> ReportOutcome:
        """Return the outcome of a cell that failed with an error; *run_id* is its run, if it has one."""
        name = type(error).__name__
        if isinstance(error, StripeReportsError):
            return cls(cell, "failed", error.problem, run_id=run_id, error=name, remedy=error.remedy)
        return cls(cell, "failed", str(error) or name, run_id=run_id, error=name)

    @property
    def advice(self) -> str:
        """The reason and the remedy, in terms of calls and arguments."""
        return self._with(self.remedy.for_python if self.remedy else "")

    def for_command_line(self) -> str:
        """Return the reason and the remedy, in terms of commands and options."""
        return self._with(self.remedy.for_command_line if self.remedy else "")

    def _with(self, remedy: str) -> str:
        return " ".join(filter(None, (self.reason, remedy)))

    @property
    def request(self) -> ReportRequest:
        """The request as it was made: Stripe may have refused the last second of a period that goes on."""
        return self.cell.request if self.report is None else self.report.request

    @property
    def account(self) -> str:
        """The account, with a name for the key's own."""
        return self.cell.account or OWN_ACCOUNT

    @property
    def name(self) -> str:
        """The report in a few words: type, account and interval."""
        of_account = f" of {self.cell.account}" if self.cell.account else ""
        return f"{self.request.report_type}{of_account}, {interval_of(self.request)}"


def interval_of(request: ReportRequest) -> str:
    """Return the interval as it can be asked for again: ``2026-08-01/2026-09-01``, the end not included.

    A report about one moment has only that; one about a payout, its id.
    """
    zone = request.display_zone if request.tax_invoice_month is None else UTC
    bounds = [
        bound.astimezone(zone) for bound in (request.period_start, request.period_end) if bound is not None
    ]
    if all(bound.time() == time.min for bound in bounds):
        texts = [f"{bound:%Y-%m-%d}" for bound in bounds]
    else:
        texts = [iso(bound, zone) for bound in bounds]
    return "/".join(texts) or request.payout or "all time"
