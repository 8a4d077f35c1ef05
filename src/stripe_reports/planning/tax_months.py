"""Reports by the month of a tax invoice, such as ``"2026-10"``, which replaces the interval.

Stripe counts the transactions of the month in UTC, whatever the zone of the client. Sources:
https://docs.stripe.com/changelog/endive/2026-11-18/invoice-filtered-all-fees-report and
https://support.stripe.com/questions/understanding-your-monthly-tax-invoice
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from stripe_reports.errors import IntervalError
from stripe_reports.models import ReportRequest, ReportType, month_bounds
from stripe_reports.planning.intervals import Interval
from stripe_reports.render import remedies

__all__ = ["TAX_INVOICE_MONTH", "in_months", "month_of", "takes_month", "whole_months"]

TAX_INVOICE_MONTH = "tax_invoice_month"


def takes_month(report_type: ReportType) -> bool:
    """Tell whether the type has a tax invoice month instead of an interval."""
    return TAX_INVOICE_MONTH in report_type.parameters


def month_of(interval: Interval, report_type: str, now: datetime) -> str:
    """Return the month that an interval is, as Stripe takes it.

    Raises:
        IntervalError: It is not one whole calendar month in UTC.
    """
    month = f"{interval.start:%Y-%m}"
    if month_bounds(month) != (interval.start, interval.end):
        last_complete = now.astimezone(UTC).replace(day=1) - timedelta(days=1)
        raise IntervalError(
            f"{report_type} has the fees of one tax invoice, so its period must be one whole calendar month "
            f"in UTC; got {interval}.",
            param="interval_start",
            remedy=remedies.write_a_month(min(month, f"{last_complete:%Y-%m}")),
        )
    return month


def whole_months(interval: Interval, report_type: str) -> Interval:
    """Return *interval*; an open one ends with its last complete month.

    Raises:
        IntervalError: A bound is not the start of a month in UTC, or no month of an open one is over.
    """
    end = interval.end
    if interval.is_open:
        end = datetime.combine(end.date().replace(day=1), time.min, end.tzinfo)
    if any(bound != month_bounds(f"{bound:%Y-%m}")[0] for bound in (interval.start, end)):
        raise IntervalError(
            f"{report_type} has the fees of tax invoices, so its period must be whole calendar months in "
            f"UTC; got {interval}. Write months, such as '2026-01/2026-04'.",
            param="interval_start",
        )
    if end <= interval.start:
        raise IntervalError(
            f"{report_type} has the fees of tax invoices, and no month of that period is over yet. "
            "Choose an earlier period.",
            param="interval_end",
        )
    return replace(interval, end=end)


def in_months(request: ReportRequest) -> tuple[ReportRequest, ...]:
    """Return a request for each month of a request with whole months as its interval."""
    start, end = request.interval_start, request.interval_end
    requests = []
    while start is not None and end is not None and start < end:
        month = f"{start:%Y-%m}"
        requests.append(
            replace(request, interval_start=None, interval_end=None, tax_invoice_month=month, zone=None)
        )
        _, start = month_bounds(month)
    return tuple(requests)
