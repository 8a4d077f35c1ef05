"""Split a request into the requests of its calendar parts."""

from __future__ import annotations

from dataclasses import replace

from stripe_reports import catalog
from stripe_reports.catalog.splitting import check_split
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest
from stripe_reports.planning import intervals
from stripe_reports.planning.intervals import Interval, Split
from stripe_reports.planning.tax_months import in_months, takes_month

__all__ = ["check_split_of", "requests_of"]


def check_split_of(report_type: str, *, has_period: bool) -> None:
    """Refuse to split a type that has no parts.

    A report about one moment has no parts, but one can be requested for the end of each part of a period.

    Raises:
        ParameterError: The type cannot be split; the message says why.
    """
    if not (has_period and _is_about_a_moment(report_type)):
        check_split(report_type)


def requests_of(
    request: ReportRequest, split: Split | None, period: Interval | None = None
) -> tuple[ReportRequest, ...]:
    """Return the requests of the parts of an interval, in order; without *split*, only the request itself.

    Args:
        request: The request of the whole interval.
        split: The period of each part; None for one part.
        period: The interval that the user named. A report about one moment is then requested for the end of
            each of its parts; the request itself has only the last of them.

    Raises:
        ParameterError: Reports of that type mean something else in parts, or have no interval to split.
    """
    if split is None:
        return (request,)
    if period is not None and _is_about_a_moment(request.report_type):
        return tuple(_up_to(request, part) for part in intervals.split(period, split))
    check_split(request.report_type)
    is_by_month = takes_month(catalog.completed(request.report_type))
    if is_by_month and split != "month":
        raise ParameterError(
            f"{request.report_type} has the fees of one tax invoice, a month: its parts must be months. "
            f"Write split='month' instead of {split!r}.",
            param="split",
        )
    if request.tax_invoice_month is not None:
        return (request,)
    start, end = request.interval_start, request.interval_end
    if start is None or end is None:
        raise ParameterError(f"{request.report_type} needs a period to split.", param="interval_start")
    parts = intervals.split(Interval(start, end, request.display_zone.key), split)
    if is_by_month:
        return in_months(request)
    return tuple(replace(_up_to(request, part), interval_start=part.start) for part in parts)


def _is_about_a_moment(report_type: str) -> bool:
    known = catalog.completed(report_type).parameters
    return "interval_end" in known and "interval_start" not in known


def _up_to(request: ReportRequest, part: Interval) -> ReportRequest:
    """Return the request with the end of a part; only the last one may be truncated."""
    is_last = part.end == request.interval_end
    return replace(request, interval_end=part.end, truncated_at=request.truncated_at if is_last else None)
