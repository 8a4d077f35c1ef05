"""What happened between two balances: the activity of their period, if it is stored. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import polars as pl

from stripe_reports.catalog.splitting import PART
from stripe_reports.models import ReportRequest, base_of
from stripe_reports.report.report import Report
from stripe_reports.report.report_set import ReportSet

if TYPE_CHECKING:
    from stripe_reports.notebook.form.shown_report import ShownReport
    from stripe_reports.report.options import ChartOptions

__all__ = ["activity_of"]

_BALANCE = "balance.summary"
_ACTIVITY = "balance_change_from_activity.summary"
_NEEDED = ("reporting_category", "currency", "gross", "fee")
"""The columns that the chart needs; a request may choose others."""

_OF_WHOLE = "waterfall"
"""The kind of chart that adds the activity of all parts up, so it needs that of each."""


def activity_of(
    report: ShownReport, kind: str | None, stored: Callable[[], Iterable[Report]]
) -> ChartOptions:
    """Return the option of a balance's chart that has its activity; none for any other report.

    Args:
        report: The report or the set of balances that is shown.
        kind: The kind of chart; None for the first.
        stored: Lists the reports on this machine, newest first; called for a balance only.
    """
    if base_of(report.request.report_type) != _BALANCE:
        return {}
    match report:
        case Report():
            found = _of(report.request, list(stored()))
            return {} if found is None else {"activity": found}
        case ReportSet() if PART in report.schema:
            listed = list(stored())
            parts = [(part.request, _of(part.request, listed)) for part in report.parts]
            rows = [
                found.scan().select(*_NEEDED, pl.lit(request.period_start).alias(PART))
                for request, found in parts
                if found is not None
            ]
            is_enough = len(rows) == len(parts) if kind == _OF_WHOLE else bool(rows)
            return {"activity": pl.concat(rows)} if is_enough else {}
    return {}


def _of(balance: ReportRequest, stored: Iterable[Report]) -> Report | None:
    """Return the stored activity of the period of a balance."""
    for each in stored:
        request = each.request
        has_all_rows = request.currency in (None, balance.currency)
        if (
            has_all_rows
            and base_of(request.report_type) == _ACTIVITY
            and (request.period_start, request.period_end) == (balance.period_start, balance.period_end)
            and set(each.schema.names()) >= set(_NEEDED)
        ):
            return each
    return None
