"""The period before that of a request: the month before a month, and so on."""

from __future__ import annotations

from datetime import date, datetime, time

from stripe_reports.models import ReportRequest

__all__ = ["period_before"]


def period_before(request: ReportRequest) -> tuple[date, date] | tuple[datetime, datetime]:
    """Return the bounds of the period that ends where the request starts: for a month, the month before."""
    if request.period_start is None or request.period_end is None:
        raise ValueError(f"{request!r} has no interval.")
    start, end = _local(request, request.period_start), _local(request, request.period_end)
    if start.time() == time():
        first, after = start.date(), end.date()
        within_its_month = end <= _local_midnight(start, _plus_months(first, 1))
        if first.day == 1 and (within_its_month or (end.time() == time() and after.day == 1)):
            return _plus_months(first, -(1 if within_its_month else _months(first, after))), first
        if end.time() == time():
            return first - (after - first), first
    return request.period_start - (request.period_end - request.period_start), request.period_start


def _local(request: ReportRequest, instant: datetime) -> datetime:
    return instant.astimezone(request.display_zone)


def _local_midnight(like: datetime, day: date) -> datetime:
    return datetime.combine(day, time(), like.tzinfo)


def _months(first: date, after: date) -> int:
    return 12 * (after.year - first.year) + after.month - first.month


def _plus_months(first: date, count: int) -> date:
    months = 12 * first.year + first.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)
