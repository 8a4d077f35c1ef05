"""Intervals of time: clipped to the data that Stripe has, or split by the calendar. Bounds are in UTC."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from stripe_reports.errors import IntervalError, ParameterError
from stripe_reports.models import iso, zone_named

__all__ = ["Interval", "Split", "around", "clip", "first_of_month", "split", "start_of_day"]

Split = Literal["day", "week", "month", "quarter", "year"]
"""The calendar period of each part of a long interval."""

_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True, repr=False)
class Interval:
    """The time from *start* up to, not including, *end*: aware UTC datetimes in whole seconds.

    ``str(interval)`` is its ISO 8601 text, which ``parse`` reads back.

    Attributes:
        timezone: IANA zone of the period; the bounds are already computed from it.
        is_open: True if the period had not ended ("this month", "today"), so ``clip`` may shorten it.
    """

    start: datetime
    end: datetime
    timezone: str
    is_open: bool = False

    @property
    def last_included_day(self) -> date:
        """The day of the last included second, in ``timezone``."""
        return (self.end - _SECOND).astimezone(zone_named(self.timezone)).date()

    def __str__(self) -> str:
        zone = zone_named(self.timezone)
        return f"{iso(self.start, zone)}/{iso(self.end, zone)}"

    def __repr__(self) -> str:
        open_ = ", open" if self.is_open else ""
        return f"<Interval {self} {self.timezone}, last included day {self.last_included_day}{open_}>"


def split(interval: Interval, unit: Split) -> tuple[Interval, ...]:
    """Split an interval into calendar days, weeks, months, quarters or years, in order.

    Each part ends where the next one starts. The first and the last part may be partial; all others equal
    what ``parse`` returns for that period in the same zone. Weeks start on Monday.

    Args:
        interval: The interval to split.
        unit: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``, by the clocks of its zone.

    Raises:
        ParameterError: No such unit.

    Example:
        >>> quarter = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), "UTC")
        >>> [str(part.last_included_day) for part in split(quarter, "month")]
        ['2026-01-31', '2026-02-28', '2026-03-31']
    """
    if unit not in get_args(Split):
        raise ParameterError(
            f"split must be one of {', '.join(map(repr, get_args(Split)))}; got {unit!r}.",
            param="split",
        )
    zone = zone_named(interval.timezone)
    cuts = [interval.start]
    _, day = around(interval.start.astimezone(zone).date(), unit)
    while (cut := start_of_day(day, zone)) < interval.end:
        if cut > cuts[-1]:  # skips a day that does not exist in the zone
            cuts.append(cut)
        _, day = around(day, unit)
    return tuple(
        replace(interval, start=start, end=end, is_open=interval.is_open and end == interval.end)
        for start, end in pairwise([*cuts, interval.end])
    )


def clip(
    interval: Interval,
    *,
    available_start: datetime,
    available_end: datetime,
    report_type: str,
    is_moment: bool = False,
) -> Interval:
    """Return *interval*; an open one ends at *available_end* at the latest.

    Only the end of an open interval is ever changed.

    Args:
        interval: The interval requested.
        available_start: ``data_available_start`` of the report type.
        available_end: Its ``data_available_end``.
        report_type: Its id, for the message.
        is_moment: True if the report describes only the end of the interval.

    Raises:
        IntervalError: The interval extends beyond the available data, or an open one has no data yet.
    """
    if interval.is_open and interval.start < available_end:
        interval = replace(interval, end=min(interval.end, available_end))
    first_needed = interval.end if is_moment else interval.start
    if available_start <= first_needed and interval.end <= available_end:
        return interval
    zone = zone_named(interval.timezone)
    asked = iso(interval.end, zone) if is_moment else str(interval)
    first, last = (f"{bound.astimezone(zone):%Y-%m-%d %H:%M}" for bound in (available_start, available_end))
    if interval.start >= available_end:
        what, advice = "Stripe has no data for that time yet.", "Stripe adds data about twice a day."
    elif interval.end > available_end:
        last_whole_day = (available_end.astimezone(zone) - _DAY).date()
        what = "The period ends after the available data."
        advice = f"The last whole day is {last_whole_day}; Stripe adds data about twice a day."
    else:
        what, advice = "The period starts before the available data.", "Choose a later start."
    raise IntervalError(
        f"{what} Asked for: {asked}. Stripe has data for {report_type} from {first} to {last} "
        f"({interval.timezone}). {advice}",
        param="interval_start" if first_needed < available_start else "interval_end",
    )


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of *day*: midnight, the earlier of two, or the end of a gap."""
    midnight = datetime.combine(day, time.min, zone)
    by_offset_before = midnight.astimezone(UTC)
    by_offset_after = midnight.replace(fold=1).astimezone(UTC)
    if by_offset_before <= by_offset_after:
        return by_offset_before
    # The clocks skipped midnight: the two readings are those before and after the change.
    gap = range((by_offset_before - by_offset_after) // _SECOND)
    seconds = bisect_left(gap, day, key=lambda n: (by_offset_after + n * _SECOND).astimezone(zone).date())
    return by_offset_after + seconds * _SECOND


def around(day: date, unit: str) -> tuple[date, date]:
    """Return the first day of the day, week, month, quarter or year of *day*, and the first day after it."""
    match unit:
        case "day":
            first, after = day, day + _DAY
        case "week":
            first = day - day.weekday() * _DAY
            after = first + 7 * _DAY
        case "month":
            first = day.replace(day=1)
            after = first_of_month(day.year, day.month + 1)
        case "quarter":
            first = first_of_month(day.year, day.month - (day.month - 1) % 3)
            after = first_of_month(first.year, first.month + 3)
        case _:
            first, after = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return first, after


def first_of_month(year: int, month: int) -> date:
    """Return the first day of *month*, which may exceed 12: 13 is January of the next year."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
