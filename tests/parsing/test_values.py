"""Numbers, times and dates are read exactly, or refused with their place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typed_files import ACTIVITY, FEES, NAIVE_TIME, PARIS, REPEATED, TAX, at, lines, the_damage

from stripe_reports.errors import (
    DamagedFileError,
    ParameterError,
)
from stripe_reports.parsing import (
    AmbiguousTimeWarning,
    damage,
    read_csv,
)
from stripe_reports.parsing.value_forms import have_form

PAYOUTS, DAY = "payouts.itemized.3", "payout_expected_arrival_date"

# Numbers


@pytest.mark.parametrize(
    "value", ["25", "-0.5", "00012.50", "0", "-0.00", "1.0000000000", "9" * 32 + ".999999"]
)
def test_money_is_exact(value):
    """Floats lose cents within a month of sales."""
    assert read_csv(lines("currency,net", f"usd,{value}"))["net"].item() == Decimal(value)


@given(st.decimals(min_value=-(10**32) + 1, max_value=10**32 - 1, places=6))
@settings(max_examples=50)
def test_every_number_that_fits_is_read_exactly(value):
    """Six decimals and 32 digits before them, without exception."""
    assert read_csv(lines("currency,net", f"usd,{value:f}"))["net"].item() == value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param("0.0000001", "more than 6 decimals", id="a seventh decimal"),
        pytest.param("1" + "0" * 32, "more than 32 digits", id="too many digits"),
        *(
            (value, "not a number as Stripe writes it")
            for value in [
                "1e3",
                "+1",
                " 1",
                "1 ",
                ".5",
                "5.",
                "(12.00)",
                "1,200.00",
                "0,25",
                "NaN",
                "inf",
                "-",
                "$1",
            ]
        ),
    ],
)
def test_a_number_that_cannot_be_kept_exactly_is_refused_with_its_place(value, problem):
    """polars rounds the seventh decimal and accepts exponents without a word."""
    damage = the_damage(lines("currency,fee,net", "usd,1.00,1.00", f'usd,1.00,"{value}"'))
    assert (damage.line, damage.column) == (3, "net")
    assert repr(value[:60]) in str(damage)
    assert problem in str(damage)


@pytest.mark.parametrize(
    ("report_type", "column", "values"),
    [
        (ACTIVITY, "net", ["1.0000000000", "-0", "9" * 32 + ".999999", "-" + "0" * 40]),
        (TAX, "filing_exchange_rate", ["0.123456789012", "9" * 26]),
        (None, "count", ["-9223372036854775808", "9223372036854775807", "-0", "007"]),
        (FEES, "card_present", ["true", "false"]),
        (PAYOUTS, DAY, ["2024-02-29", "2026-10-05 00:00:00"]),
        (ACTIVITY, "created_utc", ["1000-01-01 00:00:00", "9999-12-31 23:59:59"]),
        (ACTIVITY, "created", ["2026-10-25 02:30:00", "2026-03-29 01:59:59", "2026-03-29 03:00:00"]),
    ],
)
def test_right_values_are_not_blamed_for_a_wrong_one(report_type, column, values):
    """The first and last of each kind, zeros that lose nothing, both sides of a change of the clocks."""
    content = lines(f"currency,{column}", *(f"usd,{value}" for value in ["", *values, "x"]))
    damage = the_damage(content, report_type=report_type, timezone="Europe/Paris")
    assert (damage.line, damage.column) == (3 + len(values), column)
    assert str(damage).startswith(f"the file, line {3 + len(values)}, column {column!r}: 'x' is n")


@pytest.mark.parametrize(
    ("report_type", "column", "value", "said"),
    [
        (ACTIVITY, "net", "1e3", "is not a number as Stripe writes it, such as '-1234.50'."),
        (ACTIVITY, "net", "1,200.00", "such as '-1234.50'; run the report without decimal_separator."),
        (ACTIVITY, "net", "-1" + "0" * 32, "has more than 32 digits before the point."),
        (TAX, "filing_exchange_rate", "0.1234567890123", "has more than 12 decimals, which would be lost."),
        (None, "count", "1.0", "is not a whole number."),
        (None, "count", "-9223372036854775809", "does not fit into 64 bits."),
        (FEES, "card_present", "True", "is neither 'true' nor 'false'."),
        (PAYOUTS, DAY, "5 Oct", "is neither a date (YYYY-MM-DD) nor a midnight time (YYYY-MM-DD 00:00:00)."),
        (PAYOUTS, DAY, "2026-02-30", "is a date that does not exist."),
        (ACTIVITY, "created_utc", "5 Oct", "is not a time as Stripe writes it (YYYY-MM-DD HH:MM:SS)."),
        (ACTIVITY, "created", "2026-02-30 00:00:00", "is a time that does not exist."),
        (
            *(ACTIVITY, "created", "2026-03-29 02:30:00"),
            "does not exist in Europe/Paris: the clocks were set forward at that time.",
        ),
    ],
)
def test_a_wrong_value_is_shown_with_what_is_wrong_of_it(report_type, column, value, said):
    """Who looks at the cell must know what to look for."""
    content = lines(f"currency,{column}", f'usd,"{value}"')
    damage = the_damage(content, report_type=report_type, timezone="Europe/Paris")
    start = f"the file, line 2, column {column!r}: {value!r} "
    assert str(damage).startswith(start)
    assert f"{said} Download the report again" in str(damage)


def test_a_long_value_is_shown_in_part():
    """A cell may be as large as its file."""
    damage = the_damage(lines("currency,net", "usd," + "x" * 61), report_type=ACTIVITY)
    assert f": '{'x' * 60}' is not a number" in str(damage)


def test_a_rate_keeps_twelve_decimals_and_refuses_more():
    """Exchange rates need more decimals than money."""
    content = "filing_exchange_rate,currency", "0.1234567890123,usd"
    damage = the_damage(lines(*content), report_type=TAX)
    assert (damage.line, damage.column) == (2, "filing_exchange_rate")


@given(st.text(st.sampled_from("0123456789.-+eE_ ,'١"), max_size=12))
@example("-.5")
@settings(max_examples=100)
def test_a_number_is_read_as_python_reads_it_or_refused(value):
    """There is no third outcome, such as a rounded or a shifted number."""
    try:
        net = read_csv(lines("currency,net", f'"usd","{value}"'))["net"].item()
    except DamagedFileError as damage:
        assert (damage.line, damage.column) == (2, "net")  # noqa: PT017 - either outcome is right
    else:
        assert net == (Decimal(value) if value else None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("count", "1.0"),
        ("count", "+1"),
        ("count", "9223372036854775808"),
        ("livemode", "yes"),
        ("livemode", "True"),
    ],
)
def test_whole_numbers_and_booleans_are_refused_in_any_other_form(column, value):
    """What nobody has seen Stripe write is more likely to be damage."""
    filler, report_type = ("currency", None) if column == "count" else ("platform_id", FEES)
    options = {} if report_type is None else {"report_type": report_type}
    damage = the_damage(lines(f"{filler},{column}", f'"x","{value}"'), **options)
    assert (damage.line, damage.column) == (2, column)


# Times


@pytest.mark.parametrize(
    "value",
    [
        *("2026-02-30 00:00:00", "2026-10-01 24:00:00", "2026-10-01 23:59:60", "0000-01-01 00:00:00"),
        *("2026-10-01", "2026-10-01T00:00:00", "2026-10-01 00:00", "2026-10-01 00:00:00.000", "01/10/2026"),
        *("2026-1-1 0:0:0", "2026-10-1  0:00:00", " 2026-10-01 00:00:00", "2026-10-01 00:00:00Z"),
    ],
)
@pytest.mark.parametrize("column", ["created_utc", "created"])
@pytest.mark.parametrize("timezone", [None, "Europe/Paris"])
def test_a_time_that_is_not_one_or_not_stripes_is_refused_with_its_place(value, column, timezone):
    """polars alone would read 23:59:60 as the next day and accept days of one digit."""
    options = {} if timezone is None else {"timezone": timezone}
    content = lines(f"currency,{column}", "usd,2026-10-01 00:00:00", f"usd,{value}")
    damage = the_damage(content, report_type=ACTIVITY, **options)
    assert (damage.line, damage.column) == (3, column)


@given(st.datetimes(min_value=at("1000-01-01 00:00"), max_value=at("9999-12-30 00:00")))
@settings(max_examples=50)
def test_every_time_is_read_to_the_second(value):
    """Including leap days and times before 1970."""
    value = value.replace(microsecond=0)
    frame = read_csv(lines("currency,created_utc,created", f"usd,{value},{value}"), report_type=ACTIVITY)
    assert frame.row(0) == ("usd", value.replace(tzinfo=UTC), value)


@given(
    st.datetimes(at("1000-01-01 00:00"), at("9999-12-30 00:00")),
    st.lists(st.tuples(st.integers(0, 18), st.sampled_from("0123456789-:; +./\t\u00e9")), max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_no_other_sign_in_a_time_passes_the_quick_comparison(value, changes):
    """Nothing else looks at the text of times; polars takes blanks and 23:59:60."""
    signs = list(str(value.replace(microsecond=0)))
    for position, sign in changes:
        signs[position] = sign
    text = "".join(signs)
    try:
        column = pl.DataFrame({"time": [text]})
        column.select(pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"))
    except pl.exceptions.PolarsError:
        return
    is_stripes = re.fullmatch(r"[1-9]\d{3}-\d\d-\d\d \d\d:\d\d:[0-5]\d", text, re.ASCII)
    assert have_form(NAIVE_TIME, [column["time"]]) == bool(is_stripes)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**6), max_value=10**6),
    st.integers(0, 9),
    st.lists(st.tuples(st.integers(0, 16), st.sampled_from("0123456789-.+eE, _\n")), max_size=2),
    st.sampled_from([(pl.Decimal(38, 6), r"-?[0-9]+(\.[0-9]{1,6}0*)?"), (pl.Int64(), r"-?[0-9]+")]),
)
@settings(max_examples=300, deadline=None)
def test_no_other_sign_in_a_number_passes_the_quick_comparison(value, dropped, changes, kind):
    """polars takes a plus, exponents and a bare point, and rounds."""
    dtype, pattern = kind
    signs = list(str(value)[: len(str(value)) - dropped])
    for position, sign in changes:
        signs[position : position + 1] = sign
    column = pl.Series("number", ["".join(signs), "1", None])
    if column.cast(dtype, strict=False).count() == column.count():
        assert have_form(dtype, [column]) == bool(re.fullmatch(pattern, column[0]))


@pytest.mark.parametrize(
    "value", ["2026-10-05 12:00:00", "2026-10-05 00:00:01", "2026-02-30", "2026-10-05T00:00:00"]
)
def test_a_date_is_a_day_or_its_midnight(value):
    """Dropping a time of day would move payouts to another day without notice."""
    damage = the_damage(lines("payout_id,payout_expected_arrival_date", f"po_1,{value}"))
    assert (damage.line, damage.column) == (2, "payout_expected_arrival_date")


def test_a_local_time_is_the_instant_of_its_utc_twin():
    """The twin tells the two 02:30 of the night apart on which clocks are set back."""
    frame = read_csv(REPEATED, report_type=ACTIVITY, timezone="Europe/Paris")
    instants = [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC), None]
    assert frame["created"].dt.convert_time_zone("UTC").to_list() == instants
    assert frame["created"].dtype == PARIS


def test_without_a_zone_local_times_are_the_wall_clocks():
    """A downloaded file does not say which zone was chosen."""
    frame = read_csv(REPEATED, report_type=ACTIVITY)
    assert frame["created"].to_list() == [at("2026-10-25 02:30"), at("2026-10-25 02:30"), None]


@pytest.mark.parametrize(
    ("local", "zone"),
    [
        pytest.param("2026-07-01 12:00:00", "Europe/London", id="another zone was chosen"),
        pytest.param("2026-07-01 12:00:01", "Europe/Paris", id="another second"),
        pytest.param("", "Europe/Paris", id="nothing"),
        pytest.param("rubbish", "Europe/Paris", id="not a time"),
    ],
)
def test_a_local_time_that_contradicts_its_twin_is_an_error(local, zone):
    """A wrong zone would otherwise put sales into the wrong month without notice."""
    rows = "2026-07-01 09:00:00,,usd", f"2026-07-01 10:00:00,{local},usd"
    damage = the_damage(lines("created_utc,created,currency", rows[1]), report_type=ACTIVITY, timezone=zone)
    assert (damage.line, damage.column) == (2, "created")


def test_a_local_time_is_empty_where_its_twin_is():
    """As many empty cells in both columns prove nothing: the time that is written would become nothing."""
    same = ["2026-07-01 10:00:00,2026-07-01 12:00:00,usd"] * 500
    rows = [*same, "2026-07-01 10:00:00,,usd", ",2026-07-01 12:00:00,usd", *same]
    damage = the_damage(
        lines("created_utc,created,currency", *rows), report_type=ACTIVITY, timezone="Europe/Paris"
    )
    assert (damage.line, damage.column) == (502, "created")
    assert "timezone" not in str(damage)


def test_where_the_rules_of_a_zone_may_be_old_the_time_can_be_read_as_text():
    """A law may change clocks before polars knows; to download the file again would change nothing."""
    content = lines("created_utc,created", "2027-01-15 12:00:00,2027-01-15 05:00:00")
    found = the_damage(content, report_type=ACTIVITY, timezone="America/Vancouver")
    assert "upgrade polars and tzdata" in found.problem
    assert "schema_overrides={'created': pl.String}" in found.remedy.for_python


def test_if_python_and_polars_disagree_about_a_zone_the_error_says_so(monkeypatch):
    """Each brings its own rules, and one of them may be older."""
    monkeypatch.setattr(damage, "ZoneInfo", lambda _: ZoneInfo("America/Phoenix"))
    content = lines("created_utc,created", "2026-01-15 12:00:00,2026-01-15 05:00:00")
    found = the_damage(content, report_type=ACTIVITY, timezone="America/Vancouver")
    assert "polars and Python read its local times in different ways" in found.problem
    assert "schema_overrides={'created': pl.String}" in found.remedy.for_python


@pytest.mark.parametrize(
    ("column", "zone"), [("created_utc", "Europe/Paris"), ("created", "UTC"), ("created", "Europe/London")]
)
def test_a_time_is_not_read_in_another_zone_than_it_is_written_in(column, zone):
    """It would become another instant without notice. To show it in a zone is another thing."""
    overrides = {column: pl.Datetime("us", zone)}
    with pytest.raises(ParameterError, match=rf"dt\.convert_time_zone\('{zone}'\)") as caught:
        read_csv(REPEATED, report_type=ACTIVITY, timezone="Europe/Paris", schema_overrides=overrides)
    assert caught.value.param == "schema_overrides"


@pytest.mark.parametrize(
    ("column", "timezone", "dtype"),
    [
        ("created_utc", "Europe/Paris", pl.Datetime("us", "UTC")),
        ("created_utc", "Europe/Paris", pl.Datetime("us", "Etc/UTC")),
        ("created_utc", "Europe/Paris", pl.Datetime("us")),
        ("created", "Etc/UTC", pl.Datetime("us", "UTC")),
        ("created", "Etc/UTC", pl.Datetime("us", "Etc/UTC")),
        ("created", None, pl.Datetime("us", "Asia/Tokyo")),
    ],
)
def test_a_zone_that_contradicts_nothing_can_be_set(column, timezone, dtype):
    """It is the same, or none, or the zone of the text is not known."""
    times = {"created_utc": "2026-07-01 10:00:00", "created": "2026-07-01 12:00:00"}
    content = lines(",".join(times), ",".join(times.values()))
    frame = read_csv(content, report_type=ACTIVITY, timezone=timezone, schema_overrides={column: dtype})
    assert frame.schema[column] == dtype
    assert frame[column].dt.to_string("%Y-%m-%d %H:%M:%S").item() == times[column]


def test_the_earlier_of_a_repeated_hour_is_taken_with_a_counted_warning():
    """Without the twin nobody can know; the warning names the column that would tell."""
    content = lines(
        "currency,created",
        "usd,2026-10-25 02:30:00",
        "usd,2026-10-25 02:45:00",
        "usd,2026-10-25 03:30:00",
    )
    with pytest.warns(AmbiguousTimeWarning, match=r"2 times of column 'created'.*'created_utc'") as warned:
        frame = read_csv(content, report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame["created"].dt.convert_time_zone("UTC").dt.hour().to_list() == [0, 0, 2]
    assert warned[0].filename == __file__


def test_a_column_without_twin_in_any_report_is_warned_of_without_advice():
    """Advice to add a column that does not exist would be refused by Stripe."""
    content = lines("platform_id,balance_transaction_created", "acct_1,2026-10-25 02:30:00")
    with pytest.warns(AmbiguousTimeWarning, match="1 time of column") as warned:
        read_csv(content, report_type=FEES, timezone="Europe/Paris")
    assert "Add the column" not in str(warned[0].message)


def test_a_column_that_the_user_reads_as_a_local_time_has_repeated_hours_too():
    """Its text is as ambiguous as that of a column of the catalogue."""
    content = lines('"currency","description"', '"usd","2026-10-25 02:30:00"')
    overrides = {"description": pl.Datetime("us", "Europe/Paris")}
    with pytest.warns(AmbiguousTimeWarning, match="description"):
        frame = read_csv(content, report_type=ACTIVITY, schema_overrides=overrides)
    assert frame["description"].dt.convert_time_zone("UTC").dt.hour().to_list() == [0]


def test_a_skipped_hour_is_an_error():
    """No clock showed it, so the zone or the file is wrong."""
    content = lines("currency,created", "usd,2026-03-29 02:30:00")
    damage = the_damage(content, report_type=ACTIVITY, timezone="Europe/Paris")
    assert (damage.line, damage.column) == (2, "created")
    assert "set forward" in str(damage)


@given(
    st.lists(
        st.datetimes(at("2010-01-01 00:00"), at("2037-01-01 00:00")).map(
            lambda time: time.replace(microsecond=0)
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(
        ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
    ),
)
@settings(max_examples=50)
def test_twins_agree_in_every_zone_at_every_time(instants, zone):
    """Half-hour shifts, odd offsets and clocks that change around Ramadan included."""
    rows = [
        f"{utc},{utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S},usd"
        for utc in instants
    ]
    frame = read_csv(lines("created_utc,created,currency", *rows), report_type=ACTIVITY, timezone=zone)
    assert frame["created"].dt.convert_time_zone("UTC").to_list() == frame["created_utc"].to_list()
