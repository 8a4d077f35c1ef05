"""Periods become the instants of a request, in any zone and across any change of clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.errors import IntervalError, ParameterError
from stripe_reports.planning.intervals import Interval, Split, clip, split
from stripe_reports.planning.periods import PRESETS, is_calendar, is_relative, parse

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)

# Not zones that an account can be in: "Factory" means "not set up yet", "localtime" is the machine's own.
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
zones = st.sampled_from(ZONES)
days = st.dates(date(1990, 1, 1), date(2037, 12, 31))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bounds(period: object, zone: str = "UTC", now: datetime = NOW) -> tuple[datetime, datetime]:
    interval = parse(period, timezone=zone, now=now)
    return interval.start, interval.end


# Calendar periods


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        pytest.param("2026-10-05", "2026-10-05", "2026-10-06", id="day"),
        pytest.param(date(2026, 10, 5), "2026-10-05", "2026-10-06", id="a date"),
        pytest.param("2028-02", "2028-02-01", "2028-03-01", id="month"),
        pytest.param("2026-12", "2026-12-01", "2027-01-01", id="December"),
        pytest.param("2026-Q3", "2026-07-01", "2026-10-01", id="quarter"),
        pytest.param("2026-q4", "2026-10-01", "2027-01-01", id="quarter in lower case"),
        pytest.param("2026", "2026-01-01", "2027-01-01", id="year"),
        pytest.param("October 2026", "2026-10-01", "2026-11-01", id="month by name"),
        pytest.param("oct 2026", "2026-10-01", "2026-11-01", id="month by short name"),
        pytest.param("Sept. 2026", "2026-09-01", "2026-10-01", id="September, as many shorten it"),
        pytest.param("10/2026", "2026-10-01", "2026-11-01", id="month first"),
        pytest.param("1/2026", "2026-01-01", "2026-02-01", id="month first, one digit"),
        pytest.param("Q3 2026", "2026-07-01", "2026-10-01", id="quarter first"),
        pytest.param("Q3/2026", "2026-07-01", "2026-10-01", id="quarter first, with a slash"),
        pytest.param("FY2026", "2026-01-01", "2027-01-01", id="fiscal year that is the calendar year"),
        pytest.param("2026-W41", "2026-10-05", "2026-10-12", id="ISO week"),
        pytest.param("2026-W01", "2025-12-29", "2026-01-05", id="ISO week that starts in the year before"),
        pytest.param("2026-W53", "2026-12-28", "2027-01-04", id="the 53rd week of a long year"),
        pytest.param("  2026-10 ", "2026-10-01", "2026-11-01", id="blanks around"),
    ],
)
def test_a_calendar_period_runs_from_midnight_to_midnight(period, start, end):
    assert bounds(period) == (utc(start), utc(end))


@pytest.mark.parametrize(
    "period",
    [
        pytest.param("2026-10-01/2026-10-15", id="days"),
        pytest.param("2026-10 / 2026-10-15", id="a month stands for its first day"),
        pytest.param("2026-Q4/2026-10-15", id="so does a quarter"),
        pytest.param("2026-10-01T00:00:00Z/2026-10-15T00:00:00Z", id="instants"),
        pytest.param("2026-10-01t02:00:00+02:00/2026-10-15", id="an instant with an offset, and a day"),
        pytest.param((date(2026, 10, 1), date(2026, 10, 15)), id="pair of dates"),
        pytest.param(["2026-10-01", date(2026, 10, 15)], id="pair of a text and a date"),
        pytest.param((utc("2026-10-01"), "2026-10-15T00:00:00Z"), id="pair of instants"),
        pytest.param(
            (datetime(2026, 9, 30, 17, tzinfo=ZoneInfo("America/Los_Angeles")), utc("2026-10-15")),
            id="pair of instants of other zones",
        ),
    ],
)
def test_an_interval_excludes_its_end(period):
    assert bounds(period) == (utc("2026-10-01"), utc("2026-10-15"))


def test_bounds_are_plain_utc_datetimes():
    paris = ZoneInfo("Europe/Paris")
    interval = parse(
        (datetime(2026, 10, 1, tzinfo=paris), date(2026, 11, 1)), timezone="Europe/Paris", now=NOW
    )
    assert (interval.start.tzinfo, interval.end.tzinfo) == (UTC, UTC)


# Relative periods


@pytest.mark.parametrize(
    ("period", "start", "end", "is_open"),
    [
        ("today", "2026-11-05", "2026-11-06", True),
        ("yesterday", "2026-11-04", "2026-11-05", False),
        ("this week", "2026-11-02", "2026-11-09", True),
        ("last week", "2026-10-26", "2026-11-02", False),
        ("this month", "2026-11-01", "2026-12-01", True),
        ("last month", "2026-10-01", "2026-11-01", False),
        ("this quarter", "2026-10-01", "2027-01-01", True),
        ("last quarter", "2026-07-01", "2026-10-01", False),
        ("this year", "2026-01-01", "2027-01-01", True),
        ("last year", "2025-01-01", "2026-01-01", False),
        ("last 7 days", "2026-10-29", "2026-11-05", False),
        ("last 1 day", "2026-11-04", "2026-11-05", False),
        ("last 3 months", "2026-08-01", "2026-11-01", False),
        ("last 12 months", "2025-11-01", "2026-11-01", False),
        ("last 2 quarters", "2026-04-01", "2026-10-01", False),
        ("previous 2 weeks", "2026-10-19", "2026-11-02", False),
        ("last 2 years", "2024-01-01", "2026-01-01", False),
        ("mtd", "2026-11-01", "2026-11-06", True),
        ("QTD", "2026-10-01", "2026-11-06", True),
        ("ytd", "2026-01-01", "2026-11-06", True),
        ("  Previous   MONTH ", "2026-10-01", "2026-11-01", False),
    ],
)
def test_a_relative_period_counts_from_now_and_only_one_still_going_on_is_open(period, start, end, is_open):
    assert parse(period, timezone="UTC", now=NOW) == Interval(utc(start), utc(end), "UTC", is_open)


@pytest.mark.parametrize(
    ("period", "starts_in", "start", "end", "is_open"),
    [
        pytest.param("FY2026", 4, "2025-04-01", "2026-04-01", False, id="named after the year it ends in"),
        pytest.param("fy 2027", 4, "2026-04-01", "2027-04-01", True, id="still going on"),
        pytest.param("FY2026", 1, "2026-01-01", "2027-01-01", True, id="the calendar year"),
        pytest.param("FY2027", 12, "2026-12-01", "2027-12-01", False, id="not begun"),
        pytest.param("this fiscal year", 10, "2026-10-01", "2027-10-01", True, id="this"),
        pytest.param("this fiscal year", 11, "2026-11-01", "2027-11-01", True, id="this, in its first month"),
        pytest.param("last fiscal year", 10, "2025-10-01", "2026-10-01", False, id="last"),
        pytest.param("last fiscal year", 11, "2025-11-01", "2026-11-01", False, id="last, a month ago"),
        pytest.param("last fiscal year", 12, "2024-12-01", "2025-12-01", False, id="last, before its month"),
    ],
)
def test_a_fiscal_year_is_named_after_the_year_in_which_it_ends(period, starts_in, start, end, is_open):
    """It starts in the month that the company chose."""
    interval = parse(period, timezone="UTC", now=NOW, fiscal_year_start=starts_in)
    assert interval == Interval(utc(start), utc(end), "UTC", is_open)


def test_relative_periods_use_the_calendar_of_the_zone():
    """At 15:30 UTC on the last of October it is November in Tokyo."""
    now = utc("2026-10-31T15:30")
    assert bounds("this month", "Asia/Tokyo", now) == (utc("2026-10-31T15:00"), utc("2026-11-30T15:00"))
    assert bounds("this month", "UTC", now) == (utc("2026-10-01"), utc("2026-11-01"))


def test_now_may_be_written_in_any_zone_but_must_have_one():
    now = NOW.astimezone(timezone(timedelta(hours=-12)))
    assert bounds("today", now=now) == bounds("today")
    with pytest.raises(ValueError, match="now has no zone"):
        bounds("today", now=NOW.replace(tzinfo=None))


def test_every_preset_is_a_relative_period():
    for preset in PRESETS:
        assert parse(preset, timezone="Europe/Paris", now=NOW).start < NOW
        assert is_relative(preset.upper())


@pytest.mark.parametrize(
    "period", ["2026-10", "2026-10-01/2026-10-15", date(2026, 10, 5), ("2026-10", "2026-11"), "last mnth"]
)
def test_any_other_period_means_the_same_at_any_time(period):
    assert not is_relative(period)


# Clocks


@pytest.mark.parametrize(
    ("period", "zone", "start", "end"),
    [
        pytest.param(
            "2026-10", "Europe/Paris", "2026-09-30T22:00", "2026-10-31T23:00", id="summer to winter"
        ),
        pytest.param("2026-03-29", "Europe/Paris", "2026-03-28T23:00", "2026-03-29T22:00", id="23 hours"),
        pytest.param("2026-10-25", "Europe/Paris", "2026-10-24T22:00", "2026-10-25T23:00", id="25 hours"),
        pytest.param(
            "2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00", "2018-11-05T02:00", id="midnight skipped"
        ),
        pytest.param("2023-04-28", "Africa/Cairo", "2023-04-27T22:00", "2023-04-28T21:00", id="in Cairo"),
        pytest.param("2026-03-29", "Asia/Beirut", "2026-03-28T22:00", "2026-03-29T21:00", id="in Beirut"),
        pytest.param(
            "1993-08-22", "Pacific/Kwajalein", "1993-08-21T12:00", "1993-08-22T12:00", id="after a lost day"
        ),
        pytest.param(
            "2026-11-01", "America/Havana", "2026-11-01T04:00", "2026-11-02T05:00", id="midnight repeated"
        ),
        pytest.param(
            "2006-10-29", "America/St_Johns", "2006-10-29T02:30", "2006-10-30T03:30", id="back at 00:01"
        ),
        pytest.param(
            "2006-04-02", "America/St_Johns", "2006-04-02T03:30", "2006-04-03T02:30", id="forward at 00:01"
        ),
        pytest.param(
            "2024-03-31", "America/Scoresbysund", "2024-03-31T01:00", "2024-04-01T01:00", id="skipped, west"
        ),
        pytest.param(
            "1919-03-31", "America/Toronto", "1919-03-31T04:30", "1919-04-01T04:00", id="23:30 became 00:30"
        ),
        pytest.param("2026-01", "Asia/Kolkata", "2025-12-31T18:30", "2026-01-31T18:30", id="half hours"),
    ],
)
def test_a_day_starts_at_its_first_existing_instant(period, zone, start, end):
    assert bounds(period, zone) == (utc(start), utc(end))


@pytest.mark.parametrize(
    ("day", "zone"), [("2011-12-30", "Pacific/Apia"), ("1993-08-21", "Pacific/Kwajalein")]
)
def test_a_day_that_the_clocks_skipped_is_not_a_period(day, zone):
    """Samoa went from the 29th to the 31st of December 2011."""
    with pytest.raises(IntervalError, match=f"{day} does not exist in {zone}: the clocks"):
        parse(day, timezone=zone, now=NOW)


def test_a_longer_period_may_contain_or_touch_a_skipped_day():
    start, end = bounds("2011-12", "Pacific/Apia")
    assert end - start == timedelta(days=30)
    assert bounds("2011-12-30/2012-01-01", "Pacific/Apia") == bounds("2011-12-31", "Pacific/Apia")


def exists(day: date, zone: str) -> bool:
    """Whether the clocks of the zone ever showed 6:00 or 18:00 of that day."""
    hours = (datetime.combine(day, time(hour), ZoneInfo(zone)) for hour in (6, 18))
    return any(hour.astimezone(UTC).astimezone(ZoneInfo(zone)) == hour for hour in hours)


@given(first=days, zone=zones)
def test_each_day_ends_where_the_next_one_starts(first, zone):
    """Every second of a month is in exactly one of its days."""
    existing = [day for day in (first + timedelta(days=n) for n in range(4)) if exists(day, zone)]
    intervals = [parse(day, timezone=zone, now=NOW) for day in existing]
    for one, next_ in pairwise(intervals):
        assert one.end == next_.start


@pytest.mark.parametrize("unit", ["week", "month", "quarter", "year"])
@given(day=days, zone=zones)
def test_consecutive_periods_meet_and_contain_their_days(unit, day, zone):
    start, _ = bounds(day if exists(day, zone) else day + timedelta(days=1), zone)
    this = parse(f"this {unit}", timezone=zone, now=start)
    last = parse(f"last {unit}", timezone=zone, now=start)
    assert last.end == this.start <= start < this.end


@given(day=days, seconds=st.integers(0, 86_399), zone=zones)
def test_an_instant_lies_in_the_interval_of_its_local_day(day, seconds, zone):
    """Except when clocks that are put back over midnight show the previous day once more."""
    instant = datetime.combine(day, time(), UTC) + timedelta(seconds=seconds)
    local = instant.astimezone(ZoneInfo(zone))
    start, end = bounds(local.date(), zone)
    if local.fold and not start <= instant < end:
        assert end <= instant < end + timedelta(hours=2)
    else:
        assert start <= instant < end


def weeks_with_a_change(zone: str) -> Iterator[date]:
    """The first days of the weeks in which the clocks of the zone were changed."""
    noons = [datetime(1990, 1, 1, 12, tzinfo=ZoneInfo(zone)) + timedelta(weeks=n) for n in range(48 * 52)]
    return (before.date() for before, after in pairwise(noons) if before.utcoffset() != after.utcoffset())


def test_no_change_of_clocks_since_1990_leaves_a_gap_between_days():
    """In every zone, each day starts in the second after the last one of the day before."""
    second = timedelta(seconds=1)
    for zone in ZONES:
        for first in weeks_with_a_change(zone):
            week = [first + timedelta(days=n) for n in range(9)]
            intervals = [parse(day, timezone=zone, now=NOW) for day in week if exists(day, zone)]
            for one, next_ in pairwise(intervals):
                assert one.end == next_.start
                last, start = (i.astimezone(ZoneInfo(zone)) for i in (one.end - second, next_.start))
                assert last.date() == one.last_included_day < start.date()


# What an interval says of itself


@given(day=days, zone=zones)
def test_the_last_included_day_of_a_month_is_its_last_day(day, zone):
    month = parse(f"{day:%Y-%m}", timezone=zone, now=NOW)
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    assert month.last_included_day == (last if exists(last, zone) else last - timedelta(days=1))


@given(period=st.sampled_from(PRESETS) | days, zone=zones)
def test_the_text_of_an_interval_can_be_parsed_again(period, zone):
    if isinstance(period, date) and not exists(period, zone):
        return
    interval = parse(period, timezone=zone, now=NOW)
    assert bounds(str(interval), zone) == (interval.start, interval.end)
    assert bounds((interval.start.isoformat(), interval.end.isoformat()), zone) == (
        interval.start,
        interval.end,
    )


def test_the_repr_shows_both_bounds_and_the_last_included_day():
    interval = parse("2026-10", timezone="Europe/Paris", now=NOW)
    assert repr(interval) == (
        "<Interval 2026-10-01T00:00:00+02:00/2026-11-01T00:00:00+01:00 Europe/Paris, "
        "last included day 2026-10-31>"
    )


# What is refused


@pytest.mark.parametrize(
    ("period", "message"),
    [
        pytest.param("last mnth", r"'last mnth' is not a period. Did you mean 'last month'\?", id="typo"),
        pytest.param("October", r"'October' is not a period. Write '2026-10', 'October 2026'", id="a name"),
        pytest.param("2026/10", r"is not a period. Did you mean '2026-10'\?", id="year, slash, month"),
        pytest.param("Octobre 2026", r"Did you mean .October 2026.\?", id="another language"),
        pytest.param("13/2026", "does not exist: month must be", id="13th month, first"),
        pytest.param("last 1999 years", "is out of range", id="too many years"),
        pytest.param("", "'' is not a period", id="nothing"),
        pytest.param("last 0 days", "is not a period", id="no days"),
        pytest.param("10/05/2026", "is not a period", id="American date"),
        pytest.param(2026, "2026 is not a period", id="a number"),
        pytest.param(("2026-10", "2026-11", "2026-12"), "a pair", id="three bounds"),
        pytest.param("2026-13", "'2026-13' does not exist: month must be", id="13th month"),
        pytest.param("2026-02-29", "'2026-02-29' does not exist: day is out of range", id="29 Feb"),
        pytest.param("2025-W53", "'2025-W53' does not exist: Invalid week: 53", id="no such week"),
        pytest.param("1899-12-31", "1899-12-31 is out of range", id="another century"),
        pytest.param("9999", "9999-01-01 is out of range", id="the last year"),
        pytest.param(date.max, "9999-12-31 is out of range", id="the last day"),
        pytest.param("0000-01-01", "does not exist", id="year 0"),
        pytest.param("last 99999 days", "out of range", id="centuries"),
        pytest.param("today/tomorrow", "'today' is not the start or end of a period", id="relative bound"),
        pytest.param((2026, 2027), "2026 is not the start or end of a period", id="numbers as bounds"),
        pytest.param("2026-10-15/2026-10-01", "is empty: it starts at 2026-10-15T00:00:00Z", id="reversed"),
        pytest.param("2026-10-15/2026-10-15", "is empty", id="end is start"),
        pytest.param(NOW, "is an instant, not a period", id="one datetime"),
        pytest.param("2026-10-05T12:00:00Z", "is an instant, not a period", id="one instant"),
        pytest.param((NOW.replace(tzinfo=None), NOW), "no time zone, so its time is unknown", id="naive"),
        pytest.param("2026-10-01T00:00:00/2026-11", "has no time zone", id="naive text"),
        pytest.param((NOW, NOW.replace(microsecond=1)), "counts whole seconds", id="fractions of a second"),
    ],
)
def test_an_invalid_period_is_refused_with_reason_and_remedy(period, message):
    with pytest.raises(IntervalError, match=message):
        parse(period, timezone="UTC", now=NOW)


@pytest.mark.parametrize("zone", ["Europe/Pariss", "", "../etc/passwd", "/etc/localtime"])
def test_a_zone_must_be_known(zone):
    with pytest.raises(ParameterError, match="is not a time zone") as caught:
        parse("2026-10", timezone=zone, now=NOW)
    assert caught.value.param == "timezone"
    assert not isinstance(caught.value, IntervalError)


# What Stripe has data for

AVAILABLE = {"available_start": utc("2022-04-29"), "available_end": utc("2026-11-05T12:00")}


def clipped(period: object) -> Interval:
    return clip(parse(period, timezone="UTC", now=NOW), report_type="balance.summary.1", **AVAILABLE)


def test_an_interval_within_the_available_data_is_unchanged():
    """It may start and end at the limits."""
    for period in ("2026-10", (AVAILABLE["available_start"], AVAILABLE["available_end"])):
        assert clipped(period) == parse(period, timezone="UTC", now=NOW)


@pytest.mark.parametrize("period", ["today", "this month", "this quarter", "this year"])
def test_an_open_interval_is_truncated_where_the_data_end(period):
    asked = parse(period, timezone="UTC", now=NOW)
    assert clipped(period) == Interval(asked.start, AVAILABLE["available_end"], "UTC", is_open=True)


def test_an_open_interval_with_complete_data_is_not_truncated():
    """The day of its zone ended before Stripe's."""
    asked = Interval(utc("2026-11-04"), utc("2026-11-05"), "UTC", is_open=True)
    assert clip(asked, report_type="balance.summary.1", **AVAILABLE) == asked


@pytest.mark.parametrize(
    ("period", "param", "message"),
    [
        pytest.param(
            "2026-11",
            "interval_end",
            "The period ends after the available data. Asked for: 2026-11-01T00:00:00Z/2026-12-01T00:00:00Z. "
            "Stripe has data for balance.summary.1 from 2022-04-29 00:00 to 2026-11-05 12:00 (UTC). "
            "The last whole day is 2026-11-04; Stripe adds data about twice a day.",
            id="ends too late",
        ),
        pytest.param(
            "2026-12", "interval_end", "Stripe has no data for that time yet.", id="all of it too late"
        ),
        pytest.param(
            "2026-11-05T12:00:00Z/2026-11-06",
            "interval_end",
            "Stripe has no data for that time yet.",
            id="starts where the data end",
        ),
        pytest.param(
            "2022",
            "interval_start",
            "The period starts before the available data.",
            id="starts too early",
        ),
        pytest.param("2021", "interval_start", "starts before the available data", id="all of it too early"),
        pytest.param("2022/2027", "interval_start", "ends after the available data", id="too early and late"),
    ],
)
def test_any_other_period_beyond_the_available_data_is_an_error_that_names_both_limits(
    period, param, message
):
    """If it were silently truncated, half a month would be taken for a month."""
    with pytest.raises(IntervalError) as caught:
        clipped(period)
    assert message in str(caught.value)
    assert "from 2022-04-29 00:00 to 2026-11-05 12:00 (UTC)" in str(caught.value)
    assert caught.value.param == param


def test_an_open_interval_without_any_data_yet_is_an_error():
    tomorrow = parse("today", timezone="UTC", now=NOW + timedelta(days=1))
    with pytest.raises(IntervalError, match="no data for that time yet"):
        clip(tomorrow, report_type="balance.summary.1", **AVAILABLE)


def test_an_open_interval_that_starts_before_the_data_is_an_error():
    with pytest.raises(IntervalError, match="starts before the available data"):
        clip(
            parse("this year", timezone="UTC", now=NOW),
            available_start=utc("2026-03-01"),
            available_end=AVAILABLE["available_end"],
            report_type="balance.summary.1",
        )


# Parts


@given(
    first=days,
    seconds=st.integers(0, 86_399),
    length=st.integers(1, 500 * 86_400),
    zone=zones,
    unit=st.sampled_from(get_args(Split)),
)
def test_parts_tile_an_interval_without_gap_or_overlap(first, seconds, length, zone, unit):
    """In any zone, every second is in exactly one part; no part extends into a second period."""
    begins = datetime.combine(first, time(), UTC) + timedelta(seconds=seconds)
    interval = Interval(begins, begins + timedelta(seconds=length), zone)
    parts = split(interval, unit)
    assert (parts[0].start, parts[-1].end) == (interval.start, interval.end)
    assert all(part.start < part.end for part in parts)
    assert all(one.end == after.start for one, after in pairwise(parts))
    assert len({period_of(part, unit) for part in parts}) == len(parts)


@given(day=days, zone=zones, unit=st.sampled_from(["month", "quarter", "year"]))
def test_a_complete_part_equals_the_period_requested_alone(day, zone, unit):
    """So a month that was fetched alone is not fetched again as a part of a longer interval."""
    interval = parse((day - timedelta(days=400), day + timedelta(days=400)), timezone=zone, now=NOW)
    for part in split(interval, unit)[1:-1]:
        year, number = period_of(part, unit)
        name = {"month": f"{year}-{number:02}", "quarter": f"{year}-Q{number}", "year": f"{year}"}[unit]
        assert (part.start, part.end) == bounds(name, zone)


def period_of(part: Interval, unit: str) -> tuple[int, int]:
    """The calendar period of the day that a part ends on."""
    day = part.last_included_day
    numbers = {
        "day": day.timetuple().tm_yday,
        "month": day.month,
        "quarter": (day.month + 2) // 3,
        "year": 0,
    }
    return tuple(day.isocalendar()[:2]) if unit == "week" else (day.year, numbers[unit])


@pytest.mark.parametrize(
    ("period", "unit", "last_days"),
    [
        pytest.param("2026-Q1", "month", ["2026-01-31", "2026-02-28", "2026-03-31"], id="whole months"),
        pytest.param(
            "2026-01-15/2026-03-02", "month", ["2026-01-31", "2026-02-28", "2026-03-01"], id="partial"
        ),
        pytest.param(
            "2026-10",
            "week",
            ["2026-10-04", "2026-10-11", "2026-10-18", "2026-10-25", "2026-10-31"],
            id="weeks",
        ),
        pytest.param("2026-10-05", "month", ["2026-10-05"], id="within one"),
        pytest.param("2025-11/2026-05", "quarter", ["2025-12-31", "2026-03-31", "2026-04-30"], id="quarters"),
    ],
)
def test_parts_are_calendar_periods(period, unit, last_days):
    parts = split(parse(period, timezone="Europe/Paris", now=NOW), unit)
    assert [str(part.last_included_day) for part in parts] == last_days


def test_a_day_that_the_clocks_skipped_is_not_a_part():
    """Samoa had no 30 December 2011."""
    parts = split(parse("2011-12-29/2012-01-01", timezone="Pacific/Apia", now=NOW), "day")
    assert [str(part.last_included_day) for part in parts] == ["2011-12-29", "2011-12-31"]


def test_an_unknown_unit_is_refused():
    """Nobody gets other parts than requested."""
    with pytest.raises(ParameterError, match="'month'") as caught:
        split(parse("2026", timezone="UTC", now=NOW), "months")
    assert caught.value.param == "split"


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2026", True),
        ("2026-Q4", True),
        (date(2026, 10, 5), True),
        ("this year", False),
        ("2026/2027", False),
        (("2026", "2027"), False),
        (datetime(2026, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_calendar_period_differs_from_a_pair_and_a_relative_period(period, expected):
    """Only a calendar period can be incomplete without saying so."""
    assert is_calendar(period) is expected
