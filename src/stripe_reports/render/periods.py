"""Periods as text for people: the only place that formats an interval."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

__all__ = ["day_text", "days_text", "period_name"]

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)  # strftime would use the locale of the machine
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


def day_text(day: date) -> str:
    """Format a day: ``"3 Nov 2026"``."""
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


def period_name(start: datetime, end: datetime, zone: tzinfo) -> str:
    """Name an interval: ``"October 2026"``, ``"Q3 2026"``, ``"2026"``, or its first and last day.

    Args:
        start: First instant of the interval.
        end: First instant after it.
        zone: Time zone of the period.
    """
    start, end = start.astimezone(zone), end.astimezone(zone)
    if not start.time() == end.time() == time.min:
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    first, after = start.date(), end.date()
    if first.day == after.day == 1:
        months = 12 * (after.year - first.year) + after.month - first.month
        if months == 1:
            return f"{_MONTHS[first.month - 1]} {first.year}"
        if months == 3 and first.month % 3 == 1:
            return f"Q{first.month // 3 + 1} {first.year}"
        if months == 12 and first.month == 1:
            return str(first.year)
    if after - first == _DAY:
        return day_text(first)
    return f"{day_text(first)} to {day_text(after - _DAY)}"


def days_text(start: datetime | None, end: datetime, zone: tzinfo) -> str:
    """Format the days: ``"2026-10-01 to 2026-10-31"``, both included; bounds other than midnight with time.

    Args:
        start: First instant of the interval; None for a report about one moment.
        end: First instant after it.
        zone: Time zone of the period.
    """
    start, end = start and start.astimezone(zone), end.astimezone(zone)
    if all(bound.time() == time.min for bound in (start, end) if bound):
        first = start and f"{start:%Y-%m-%d}"
        last = f"{(end.replace(tzinfo=None) - _SECOND):%Y-%m-%d}"
    else:
        first, last = start and f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}"
    return last if first == last else f"{first} to {last}" if first else f"up to {last}"
