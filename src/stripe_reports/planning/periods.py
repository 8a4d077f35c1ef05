"""Periods such as ``"2026-10"`` or ``"last month"`` as the instants that Stripe is asked for.

Stripe's ``timezone`` parameter moves no bound, so local midnights are worked out here.
Source: https://docs.stripe.com/api/reporting/report_run/create
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from stripe_reports.errors import IntervalError, ParameterError
from stripe_reports.models import iso, zone_named
from stripe_reports.render.suggest import did_you_mean

__all__ = [
    "PRESETS",
    "Bound",
    "Interval",
    "Period",
    "Split",
    "clip",
    "is_calendar",
    "is_relative",
    "parse",
    "split",
]

Bound = str | date
"""Where an interval starts or ends: a day, an aware datetime, or the ISO text of a day, month or instant."""

Period = str | date | Sequence[Bound]
"""A text such as ``"2026-Q3"``, a day, or a pair of bounds, the end excluded."""

Split = Literal["day", "week", "month", "quarter", "year"]
"""The calendar period that each part of a long interval is one of."""

PRESETS: tuple[str, ...] = (
    *("last month", "this month"),
    *("last quarter", "this quarter"),
    *("last year", "this year"),
    *("last week", "this week"),
    *("last 7 days", "last 30 days"),
    *("yesterday", "today"),
)
"""The relative periods, in the order of a menu: whole months first, for whoever closes the books."""

_EXAMPLES = "'2026-10-05', '2026-10', '2026-Q3', '2026', '2026-W41', '2026-10-01/2026-10-15' or 'last month'"
_FIRST_YEAR, _LAST_YEAR = 1900, 9998
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)

_CALENDAR = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-?q(?P<quarter>[1-4])|-?w(?P<week>[0-9]{2})|-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?"
)
_UNIT = re.compile(r"(?P<which>this|last|previous) (?P<unit>week|month|quarter|year)")
_DAYS = re.compile(r"(?:last|previous) (?P<count>[1-9][0-9]{0,4}) days?")
_INSTANT = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[t ][0-9].*")

_Span = tuple[date, date]
"""The first day of a period, and the first day after it."""


@dataclass(frozen=True, slots=True, repr=False)
class Interval:
    """The time from *start* up to, not including, *end*: aware UTC datetimes in whole seconds.

    ``str(interval)`` is its ISO 8601 text, which ``parse`` reads back.

    Attributes:
        timezone: IANA zone in which the period was meant; the bounds are already worked out from it.
        is_open: The period was still going on ("this month", "today"), so ``clip`` may cut its end.
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


def parse(period: Period, *, timezone: str, now: datetime) -> Interval:
    """The interval that a period means in *timezone*.

    A calendar period is that period by the clocks of the zone: across daylight saving a day may have 23
    or 25 hours, and it starts at the first instant that it has. Weeks are ISO weeks, from Monday.

    Args:
        period: ``"2026-10-05"``, ``"2026-10"``, ``"2026-Q3"``, ``"2026"``, ``"2026-W41"``; two of them, or
            two instants with an offset, as ``"start/end"`` or ``(start, end)``, the end excluded; a date;
            ``"today"``, ``"yesterday"``, ``"last 7 days"`` (full days before today); ``"this"`` or
            ``"last"`` with ``week``, ``month``, ``quarter`` or ``year``.
        timezone: IANA zone, such as ``"Europe/Paris"``.
        now: The present, which relative periods count from; any aware datetime.

    Raises:
        IntervalError: The text is no period, the day does not exist, a bound has no zone or has
            fractions of a second, or the end is not after the start.
        ParameterError: There is no such zone.

    Example:
        >>> str(parse("2026-10", timezone="Europe/Paris", now=datetime.now(UTC)))
        '2026-10-01T00:00:00+02:00/2026-11-01T00:00:00+01:00'
    """
    zone = zone_named(timezone)
    first, after, is_open = _bounds(period, today=_today(now, zone))
    start, end = _instant(first, zone), _instant(after, zone)
    if start < end:
        return Interval(start, end, timezone, is_open)
    if _is_day(first) and _is_day(after) and first < after:
        raise _error(f"{first} does not exist in {timezone}: the clocks there skipped that day.")
    raise _error(
        f"The interval is empty: it starts at {iso(start)} and ends before {iso(end)}. "
        "Give the start first, then the first day or instant that is no longer wanted."
    )


def is_relative(period: Period) -> bool:
    """Whether *period* depends on the present, as ``"last month"`` does."""
    return isinstance(period, str) and _relative(_plain(period), date(2000, 1, 1)) is not None


def is_calendar(period: Period) -> bool:
    """Whether *period* is one period of the calendar, such as ``"2026"``, ``"2026-Q4"`` or a date."""
    if isinstance(period, str):
        return _calendar(_plain(period)) is not None
    return isinstance(period, date) and _is_day(period)


def split(interval: Interval, unit: Split) -> tuple[Interval, ...]:
    """The calendar days, weeks, months, quarters or years of an interval, in order.

    They tile it: each part ends where the next one starts. The first and the last may be partial; all others
    are what ``parse`` gives for that period in the same zone. Weeks start on Monday.

    Args:
        interval: What is to be split.
        unit: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``, by the clocks of its zone.

    Raises:
        ParameterError: No such unit.

    Example:
        >>> quarter = parse("2026-Q1", timezone="UTC", now=datetime.now(UTC))
        >>> [str(part.last_included_day) for part in split(quarter, "month")]
        ['2026-01-31', '2026-02-28', '2026-03-31']
    """
    if unit not in get_args(Split):
        raise ParameterError(
            f"split={unit!r} is no part of the calendar. Write {', '.join(map(repr, get_args(Split)))}.",
            param="split",
        )
    zone = zone_named(interval.timezone)
    cuts = [interval.start]
    _, day = _around(interval.start.astimezone(zone).date(), unit)
    while (cut := _start_of_day(day, zone)) < interval.end:
        if cut > cuts[-1]:  # not a day that the clocks of the zone skipped
            cuts.append(cut)
        _, day = _around(day, unit)
    return tuple(
        replace(interval, start=start, end=end, is_open=interval.is_open and end == interval.end)
        for start, end in pairwise([*cuts, interval.end])
    )


def clip(
    interval: Interval, *, available_start: datetime, available_end: datetime, report_type: str
) -> Interval:
    """The part of *interval* that Stripe has data for: all of it, or an open one up to *available_end*.

    Only the end of an open interval is ever cut; the result's ``end`` then differs from the one passed in.

    Args:
        interval: What is wanted.
        available_start: ``data_available_start`` of the report type.
        available_end: Its ``data_available_end``.
        report_type: Its id, for the message.

    Raises:
        IntervalError: The interval reaches beyond the available data, or an open one has none yet.
    """
    if interval.is_open and interval.start < available_end:
        interval = replace(interval, end=min(interval.end, available_end))
    is_early, is_late = interval.start < available_start, interval.end > available_end
    if not is_early and not is_late:
        return interval
    start, end = max(interval.start, available_start), min(interval.end, available_end)
    part = f"What there is now: ({iso(start)!r}, {iso(end)!r})." if start < end else "None of that is there."
    raise IntervalError(
        f"Stripe has data for {report_type} from {iso(available_start)} to {iso(available_end)}; "
        f"the interval asked for is {iso(interval.start)} to {iso(interval.end)}. {part}"
        + (" Ask again later for the rest: Stripe adds data about twice a day." if is_late else ""),
        param="interval_start" if is_early else "interval_end",
    )


def _bounds(period: Period, *, today: date) -> tuple[date, date, bool]:
    """Both bounds, as days or datetimes, and whether the period is open."""
    match period:
        case str():
            return _bounds_of_text(period, today=today)
        case datetime():
            raise _error(
                f"{period.isoformat()!r} is an instant, not a period. "
                "Give its day with .date(), or both bounds: (start, end)."
            )
        case date():
            return *_around(_in_range(period), "day"), False
        case [start, end]:
            return _bound(start), _bound(end), False
        case _:
            raise _error(f"{period!r} is not a period: write {_EXAMPLES}, a date, or a pair (start, end).")


def _bounds_of_text(text: str, *, today: date) -> tuple[date, date, bool]:
    plain = _plain(text)
    if (relative := _relative(plain, today)) is not None:
        return relative
    if (days := _calendar(plain)) is not None:
        return *days, False
    if plain.count("/") == 1:
        start, end = plain.split("/")
        return _bound(start), _bound(end), False
    if _INSTANT.fullmatch(plain):
        raise _error(f"{text!r} is an instant, not a period. Give both bounds: 'start/end'.")
    hint = did_you_mean(plain, PRESETS, most=1, cutoff=0.6)
    raise _error(f"{text!r} is not a period.{hint} Write {_EXAMPLES}.")


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _relative(text: str, today: date) -> tuple[date, date, bool] | None:
    if text == "today":
        return *_around(today, "day"), True
    if text == "yesterday":
        return today - _DAY, today, False
    if counted := _DAYS.fullmatch(text):
        return today - int(counted["count"]) * _DAY, today, False
    if named := _UNIT.fullmatch(text):
        first, after = _around(today, named["unit"])
        if named["which"] == "this":
            return first, after, True
        return *_around(first - _DAY, named["unit"]), False
    return None


def _calendar(text: str) -> _Span | None:
    """The days of ``2026``, ``2026-q3``, ``2026-10``, ``2026-w41`` or ``2026-10-05``; None if it is none."""
    part = _CALENDAR.fullmatch(text)
    if part is None:
        return None
    year, quarter = int(part["year"]), int(part["quarter"] or 1)
    try:
        if part["week"]:
            first = date.fromisocalendar(year, int(part["week"]), 1)
        else:
            first = date(year, int(part["month"] or 3 * quarter - 2), int(part["day"] or 1))
    except ValueError as reason:
        raise _error(f"{text.upper()!r} is not in the calendar: {reason}.") from None
    return _around(_in_range(first), part.lastgroup or "year")


def _around(day: date, unit: str) -> _Span:
    """The day, week, month, quarter or year that *day* is in."""
    match unit:
        case "day":
            first, after = day, day + _DAY
        case "week":
            first = day - day.weekday() * _DAY
            after = first + 7 * _DAY
        case "month":
            first = day.replace(day=1)
            after = _first_of_month(day.year, day.month + 1)
        case "quarter":
            first = _first_of_month(day.year, day.month - (day.month - 1) % 3)
            after = _first_of_month(first.year, first.month + 3)
        case _:
            first, after = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return first, after


def _first_of_month(year: int, month: int) -> date:
    """The first day of *month*, which may run over into the next year: 13 is its January."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _bound(value: object) -> date:
    """One bound as a day (the first of its month, quarter, …) or as the datetime that it is."""
    if isinstance(value, str):
        text = value.strip().lower()
        if (days := _calendar(text)) is not None:
            return days[0]
        with suppress(ValueError):
            return datetime.fromisoformat(text.upper())
    if isinstance(value, date):
        return value
    raise _error(
        f"{value!r} is not the bound of an interval. Write a day or month, such as '2026-10-01' or "
        "'2026-10', or an instant with its offset, such as '2026-10-01T00:00:00Z'."
    )


def _is_day(bound: date) -> bool:
    return not isinstance(bound, datetime)


def _instant(bound: date, zone: ZoneInfo) -> datetime:
    """The bound in UTC: a datetime as it is, a day as its first instant in *zone*."""
    _in_range(bound)
    if not isinstance(bound, datetime):
        return _start_of_day(bound, zone)
    if bound.tzinfo is None:
        raise _error(
            f"{bound.isoformat()!r} has no zone, so it is no instant. Add an offset "
            f"('{bound.isoformat()}Z' for UTC), or give days: they are taken in {zone.key}."
        )
    if bound.microsecond:
        raise _error(f"{bound.isoformat()!r}: Stripe counts whole seconds. Use .replace(microsecond=0).")
    utc = bound.astimezone(UTC)
    return datetime.combine(utc.date(), utc.time(), UTC)  # a plain datetime, also from a pandas Timestamp


def _start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of *day*: its midnight, the earlier one of two, or the end of a gap around it."""
    midnight = datetime.combine(day, time.min, zone)
    by_offset_before = midnight.astimezone(UTC)
    by_offset_after = midnight.replace(fold=1).astimezone(UTC)
    if by_offset_before <= by_offset_after:
        return by_offset_before
    # The clocks skipped midnight: they were put forward after the one reading of it, up to the other.
    gap = range((by_offset_before - by_offset_after) // _SECOND)
    seconds = bisect_left(gap, day, key=lambda n: (by_offset_after + n * _SECOND).astimezone(zone).date())
    return by_offset_after + seconds * _SECOND


def _today(now: datetime, zone: ZoneInfo) -> date:
    if now.tzinfo is None:
        raise ValueError("now has no zone; pass datetime.now(UTC)")
    return now.astimezone(zone).date()


def _in_range(day: date) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise _error(f"{day} is out of range: periods lie between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return day


def _error(message: str) -> IntervalError:
    return IntervalError(message, param="interval_start")
