"""Parse periods such as ``"2026-10"``, ``"Q3 2026"`` or ``"last month"`` into the instants for Stripe.

Stripe's ``timezone`` parameter never shifts a bound, so local midnights are computed here.
Source: https://docs.stripe.com/api/reporting/report_run/create
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from stripe_reports.errors import IntervalError
from stripe_reports.models import iso, zone_named
from stripe_reports.planning.intervals import Interval, around, first_of_month, start_of_day
from stripe_reports.render.suggest import did_you_mean, suggestion

__all__ = ["PRESETS", "Bound", "Period", "is_calendar", "is_relative", "parse"]

Bound = str | date
"""A bound of an interval: a day, an aware datetime, or the ISO text of a day, month or instant."""

Period = str | date | Sequence[Bound]
"""A text such as ``"2026-Q3"``, a day, or a pair of bounds, the end excluded."""

PRESETS: tuple[str, ...] = (
    *("last month", "this month", "last 3 months", "last 12 months"),
    *("last quarter", "this quarter"),
    *("last year", "this year", "ytd"),
    *("last week", "this week"),
    *("last 7 days", "last 30 days"),
    *("yesterday", "today"),
)
"""The relative periods in the order of a menu: whole months first, for closing the books."""

_EXAMPLES = (
    "'2026-10', 'October 2026', '2026-Q3', '2026', 'FY2026', '2026-10-05', '2026-W41', "
    "'2026-10-01/2026-10-15', 'last month' or 'ytd'"
)
_FIRST_YEAR, _LAST_YEAR = 1900, 9998
_DAY = timedelta(days=1)

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_CALENDAR = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-?q(?P<quarter>[1-4])|-?w(?P<week>[0-9]{2})|-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?"
)
_QUARTER_FIRST = re.compile(r"q(?P<quarter>[1-4])[ -/]?(?P<year>[0-9]{4})")
_MONTH_FIRST = re.compile(r"(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})")
_MONTH_NAMED = re.compile(r"(?P<name>[a-z]{3,9})\.? (?P<year>[0-9]{4})")
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})/(?P<month>[0-9]{1,2})")
_FISCAL_YEAR = re.compile(r"fy ?(?P<year>[0-9]{4})")
_UNIT = re.compile(r"(?P<which>this|last|previous) (?P<unit>week|month|quarter|year|fiscal year)")
_COUNTED = re.compile(r"(?:last|previous) (?P<count>[1-9][0-9]{0,4}) (?P<unit>day|week|month|quarter|year)s?")
_TO_DATE = {"mtd": "month", "qtd": "quarter", "ytd": "year"}
_INSTANT = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[t ][0-9].*")

_Span = tuple[date, date]
"""First day of a period, and first day after it."""


def parse(period: Period, *, timezone: str, now: datetime, fiscal_year_start: int = 1) -> Interval:
    """Return the interval of a period in *timezone*.

    A calendar period follows the clocks of the zone: with daylight saving a day may have 23 or 25 hours, and
    it starts at its first existing instant. Weeks are ISO weeks, from Monday.

    Args:
        period: ``"2026-10-05"``, ``"2026-10"``, ``"October 2026"``, ``"10/2026"``, ``"2026-Q3"``,
            ``"Q3 2026"``, ``"2026"``, ``"2026-W41"``, ``"FY2026"``; two of them, or two instants with an
            offset, as ``"start/end"`` or ``(start, end)``, the end excluded; a date; ``"today"``,
            ``"yesterday"``; ``"last 7 days"``, ``"last 3 months"`` and so on (complete ones, before the
            current one); ``"mtd"``, ``"qtd"``, ``"ytd"`` (up to today); ``"this"`` or ``"last"`` with
            ``week``, ``month``, ``quarter``, ``year`` or ``fiscal year``.
        timezone: IANA zone, such as ``"Europe/Paris"``.
        now: The present time, for relative periods; any aware datetime.
        fiscal_year_start: Month in which a fiscal year starts, 1 to 12; it is named after the year in which
            it ends.

    Raises:
        IntervalError: The text is not a period, the day does not exist, a bound has no zone or has fractions
            of a second, or the end is not after the start.
        ParameterError: There is no such zone.

    Example:
        >>> str(parse("2026-10", timezone="Europe/Paris", now=datetime.now(UTC)))
        '2026-10-01T00:00:00+02:00/2026-11-01T00:00:00+01:00'
    """
    zone = zone_named(timezone)
    first, after, is_open = _Reader(_today(now, zone), fiscal_year_start).bounds(period)
    start, end = _instant(first, zone), _instant(after, zone)
    if start < end:
        return Interval(start, end, timezone, is_open)
    if _is_day(first) and _is_day(after) and first < after:
        raise _error(f"{first} does not exist in {timezone}: the clocks there skipped that day.")
    raise _error(
        f"The period is empty: it starts at {iso(start, zone)} and ends before {iso(end, zone)}. "
        "Write the start first, then the first day or instant after the period."
    )


def is_relative(period: Period) -> bool:
    """Tell whether *period* depends on the present, as ``"last month"`` does."""
    return isinstance(period, str) and _Reader(date(2000, 1, 1), 1).relative(_plain(period)) is not None


def is_calendar(period: Period) -> bool:
    """Tell whether *period* is a single calendar period, such as ``"2026"``, ``"2026-Q4"`` or a date."""
    if isinstance(period, str):
        return _Reader(date(2000, 1, 1), 1).calendar(_plain(period)) is not None
    return isinstance(period, date) and _is_day(period)


class _Reader:
    """Converts the text of a period to days, relative to *today*."""

    def __init__(self, today: date, fiscal_year_start: int) -> None:
        self._today = today
        self._fiscal_start = fiscal_year_start

    def bounds(self, period: Period) -> tuple[date, date, bool]:
        """Return both bounds, as days or datetimes, and whether the period has not yet ended."""
        match period:
            case str():
                return self._bounds_of_text(period)
            case datetime():
                raise _error(
                    f"{period.isoformat()!r} is an instant, not a period. "
                    "Give its day with .date(), or both bounds: (start, end)."
                )
            case date():
                return *around(_in_range(period), "day"), False
            case [start, end]:
                return self._bound(start), self._bound(end), False
            case _:
                raise _error(
                    f"{period!r} is not a period. Write {_EXAMPLES}, a date, or a pair (start, end)."
                )

    def _bounds_of_text(self, text: str) -> tuple[date, date, bool]:
        plain = _plain(text)
        if (relative := self.relative(plain)) is not None:
            return relative
        if (days := self.calendar(plain)) is not None:
            is_fiscal = _FISCAL_YEAR.fullmatch(plain) is not None
            return *days, is_fiscal and days[0] <= self._today < days[1]
        if plain.count("/") == 1 and not _YEAR_FIRST.fullmatch(plain):
            start, end = plain.split("/")
            return self._bound(start), self._bound(end), False
        if _INSTANT.fullmatch(plain):
            raise _error(f"{text!r} is an instant, not a period. Give both bounds: 'start/end'.")
        raise _error(f"{text!r} is not a period.{_nearest(plain)} Write {_EXAMPLES}.")

    def relative(self, text: str) -> tuple[date, date, bool] | None:
        """Return the days of ``last month``, ``ytd`` and so on, and whether the period has not yet ended."""
        today = self._today
        if text == "today":
            return *around(today, "day"), True
        if text == "yesterday":
            return today - _DAY, today, False
        if text in _TO_DATE:
            return around(today, _TO_DATE[text])[0], today + _DAY, True
        if counted := _COUNTED.fullmatch(text):
            return self._counted(int(counted["count"]), counted["unit"])
        if named := _UNIT.fullmatch(text):
            first, after = self._around(today, named["unit"])
            if named["which"] == "this":
                return first, after, True
            return *self._around(first - _DAY, named["unit"]), False
        return None

    def _counted(self, count: int, unit: str) -> tuple[date, date, bool]:
        """Return the last *count* complete days, weeks, months, … before the current one."""
        after, _ = around(self._today, unit)
        if unit in ("day", "week"):
            return after - count * _DAY * (7 if unit == "week" else 1), after, False
        months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
        if months >= 12 * (after.year - _FIRST_YEAR):
            raise _error(
                f"'last {count} {unit}s' is out of range: periods lie between {_FIRST_YEAR} and {_LAST_YEAR}."
            )
        return first_of_month(after.year, after.month - months), after, False

    def _around(self, day: date, unit: str) -> _Span:
        if unit != "fiscal year":
            return around(day, unit)
        return self._fiscal_year(day.year + (self._fiscal_start > 1 and day.month >= self._fiscal_start))

    def _fiscal_year(self, ends_in: int) -> _Span:
        """Return the fiscal year named after the year in which it ends."""
        start_year = ends_in - (self._fiscal_start > 1)
        return date(start_year, self._fiscal_start, 1), date(start_year + 1, self._fiscal_start, 1)

    def calendar(self, text: str) -> _Span | None:
        """Return the days of ``2026``, ``q3 2026``, ``2026-10``, ``october 2026``, …; None for other text."""
        if fiscal := _FISCAL_YEAR.fullmatch(text):
            return self._fiscal_year(_in_range(date(int(fiscal["year"]) or 1, 1, 1)).year)
        part = _CALENDAR.fullmatch(_in_iso_order(text))
        if part is None:
            return None
        year, quarter = int(part["year"]), int(part["quarter"] or 1)
        try:
            if part["week"]:
                first = date.fromisocalendar(year, int(part["week"]), 1)
            else:
                first = date(year, int(part["month"] or 3 * quarter - 2), int(part["day"] or 1))
        except ValueError as reason:
            raise _error(f"{text.upper()!r} does not exist: {reason}.") from None
        return around(_in_range(first), part.lastgroup or "year")

    def _bound(self, value: object) -> date:
        """Return one bound as a day (the first of its month, quarter, …), or as the given datetime."""
        if isinstance(value, str):
            text = _plain(value)
            if (days := self.calendar(text)) is not None:
                return days[0]
            with suppress(ValueError):
                return datetime.fromisoformat(text.upper())
        if isinstance(value, date):
            return value
        raise _error(
            f"{value!r} is not the start or end of a period. Write a day or month, such as '2026-10-01' or "
            "'2026-10', or an instant with its offset, such as '2026-10-01T00:00:00Z'."
        )


def _in_iso_order(text: str) -> str:
    """Rewrite ``october 2026`` and ``10/2026`` as ``2026-10``, ``q3 2026`` as ``2026-q3``."""
    if named := _MONTH_NAMED.fullmatch(text):
        number = next((n for n, month in enumerate(_MONTHS, 1) if _is_month(named["name"], month)), None)
        return f"{named['year']}-{number:02}" if number else text
    if month := _MONTH_FIRST.fullmatch(text):
        return f"{month['year']}-{month['month']:0>2}"
    if quarter := _QUARTER_FIRST.fullmatch(text):
        return f"{quarter['year']}-q{quarter['quarter']}"
    return text


def _is_month(written: str, month: str) -> bool:
    return written in (month, month[:3]) or written == month[:4] == "sept"


def _nearest(text: str) -> str:
    """Suggest the period that was probably meant."""
    if month := _YEAR_FIRST.fullmatch(text):
        return suggestion([f"{month['year']}-{month['month']:0>2}"]) if 1 <= int(month["month"]) <= 12 else ""
    if named := _MONTH_NAMED.fullmatch(text):
        near = get_close_matches(named["name"], _MONTHS, n=1, cutoff=0.6)
        return suggestion([f"{month.title()} {named['year']}" for month in near])
    return did_you_mean(text, PRESETS, most=1, cutoff=0.6)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _is_day(bound: date) -> bool:
    return not isinstance(bound, datetime)


def _instant(bound: date, zone: ZoneInfo) -> datetime:
    """Return the bound in UTC; for a day, its first instant in *zone*."""
    _in_range(bound)
    if not isinstance(bound, datetime):
        return start_of_day(bound, zone)
    if bound.tzinfo is None:
        raise _error(
            f"{bound.isoformat()!r} has no time zone, so its time is unknown. Add an offset "
            f"('{bound.isoformat()}Z' for UTC), or give days, which are interpreted in {zone.key}."
        )
    if bound.microsecond:
        raise _error(
            f"{bound.isoformat()!r} has fractions of a second, but Stripe counts whole seconds. Use "
            ".replace(microsecond=0)."
        )
    utc = bound.astimezone(UTC)
    return datetime.combine(utc.date(), utc.time(), UTC)  # a plain datetime, also from a pandas Timestamp


def _today(now: datetime, zone: ZoneInfo) -> date:
    if now.tzinfo is None:
        raise ValueError("now has no zone; pass datetime.now(UTC)")
    return now.astimezone(zone).date()


def _in_range(day: date) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise _error(f"{day} is out of range. Give a period between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return day


def _error(message: str) -> IntervalError:
    return IntervalError(message, param="interval_start")
