"""How the period of a request is called by people, and the period before it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from stripe_reports.models import ReportRequest, zone_named

__all__ = ["day_text", "name_of", "period_before"]

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)  # strftime would speak the machine's language
_DAY = timedelta(days=1)


def name_of(request: ReportRequest) -> str:
    """``"October 2026"``, ``"Q3 2026"``, ``"2026"``, both days, or the moment or payout where it is one."""
    if request.payout is not None:
        return f"Payout {request.payout}"
    end = request.interval_end
    if end is None:
        return request.report_type
    last = request.last_included_day
    if request.interval_start is None or last is None:
        return f"The balance at the end of {day_text(last or end)}"
    start, end = _local(request, request.interval_start), _local(request, end)
    if start.time() == end.time() == time():
        first, after = start.date(), end.date()
        if first.day == after.day == 1:
            months = _months(first, after)
            if months == 1:
                return f"{_MONTHS[first.month - 1]} {first.year}"
            if months == 3 and first.month % 3 == 1:
                return f"Q{first.month // 3 + 1} {first.year}"
            if months == 12 and first.month == 1:
                return str(first.year)
        if after - first == _DAY:
            return day_text(first)
        return f"{day_text(first)} to {day_text(last)}"
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"


def day_text(day: date) -> str:
    """``"3 Nov 2026"``."""
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


def period_before(request: ReportRequest) -> tuple[date, date] | tuple[datetime, datetime]:
    """The bounds of the period that ends where the request's starts: the month before a month, and so on."""
    if request.interval_start is None or request.interval_end is None:
        raise ValueError(f"{request!r} has no interval.")
    start, end = _local(request, request.interval_start), _local(request, request.interval_end)
    if start.time() == time():
        first, after = start.date(), end.date()
        within_its_month = end <= _local_midnight(start, _plus_months(first, 1))
        if first.day == 1 and (within_its_month or (end.time() == time() and after.day == 1)):
            return _plus_months(first, -(1 if within_its_month else _months(first, after))), first
        if end.time() == time():
            return first - (after - first), first
    return request.interval_start - (request.interval_end - request.interval_start), request.interval_start


def _local(request: ReportRequest, instant: datetime) -> datetime:
    return instant.astimezone(zone_named(request.timezone or request.zone or "UTC"))


def _local_midnight(like: datetime, day: date) -> datetime:
    return datetime.combine(day, time(), like.tzinfo)


def _months(first: date, after: date) -> int:
    return 12 * (after.year - first.year) + after.month - first.month


def _plus_months(first: date, count: int) -> date:
    months = 12 * first.year + first.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)
