"""What happened between two balances: the activity of their period, if it is stored. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from stripe_reports.report.report import Report

if TYPE_CHECKING:
    from stripe_reports.notebook.form.shown_report import ShownReport
    from stripe_reports.report.options import ChartOptions

__all__ = ["activity_of"]

_BALANCE = "balance.summary."
_ACTIVITY = "balance_change_from_activity.summary."
_NEEDED = {"reporting_category", "gross", "fee", "currency"}
"""The columns that the chart needs; a request may choose others."""


def activity_of(report: ShownReport, stored: Callable[[], Iterable[Report]]) -> ChartOptions:
    """Return the option of a balance's chart that has its activity; none for any other report.

    Args:
        report: The report that is shown.
        stored: Lists the reports on this machine, newest first; called for a balance only.
    """
    if not isinstance(report, Report) or not report.request.report_type.startswith(_BALANCE):
        return {}
    balance = report.request
    for each in stored():
        request = each.request
        has_all_rows = request.currency in (None, balance.currency)
        if (
            has_all_rows
            and request.report_type.startswith(_ACTIVITY)
            and (request.period_start, request.period_end) == (balance.period_start, balance.period_end)
            and set(each.scan().collect_schema().names()) >= _NEEDED
        ):
            return {"activity": each}
    return {}
