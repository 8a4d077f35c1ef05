"""The rules by which the bytes of a report become a typed frame, or an error."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from stored_csv import write_parquet
from stripe_reports import catalog
from stripe_reports.errors import (
    DamagedFileError,
    FileError,
    NotAReportError,
    ParameterError,
    UnknownReportTypeError,
)
from stripe_reports.models import Column
from stripe_reports.notices import UnknownReportTypeWarning
from stripe_reports.parsing import (
    AmbiguousTimeWarning,
    dtype_of,
    guess_report_type,
    read_csv,
    schema_of,
    tables,
)
from stripe_reports.parsing.value_forms import have_form

MONEY = pl.Decimal(38, 6)
RATE = pl.Decimal(38, 12)
UTC_TIME = pl.Datetime("us", "UTC")
NAIVE_TIME = pl.Datetime("us")
PARIS = pl.Datetime("us", "Europe/Paris")

ACTIVITY = "balance_change_from_activity.itemized.3"
PAYOUTS = "payouts.itemized.3"
FEES = "connect_card_payments_fees.transaction_level.1"
BASE = "balance_change_from_activity.itemized"
REVENUE = "revenue_recognition.debit_credit_by_customer"
TAX = "tax.transactions.itemized.2"

SAMPLES = Path(__file__).parents[2] / "shared" / "samples" / "csv"


def at(text: str) -> datetime:
    """A time without zone."""
    return datetime.fromisoformat(text)


def lines(*rows: str) -> bytes:
    return "".join(row + "\n" for row in rows).encode()


def as_text(content: bytes, folder: Path) -> pl.DataFrame:
    """The file as a report of an unknown type, whose columns are all text."""
    source, parquet = folder / "report.csv", folder / "report.parquet"
    source.write_bytes(content)
    write_parquet(source, parquet, report_type=None, timezone=None)
    return pl.read_parquet(parquet)


def the_damage(content: bytes, **options: str) -> DamagedFileError:
    with pytest.raises(DamagedFileError) as caught:
        read_csv(content, **options)
    return caught.value


# Types


@pytest.mark.parametrize(
    ("kind", "timezone", "expected"),
    [
        ("money", None, MONEY),
        ("rate", None, RATE),
        ("datetime_utc", None, UTC_TIME),
        ("datetime_utc", "Europe/Paris", UTC_TIME),
        ("datetime_local", "Europe/Paris", PARIS),
        ("datetime_local", "UTC", UTC_TIME),
        ("datetime_local", "Etc/UTC", UTC_TIME),
        ("datetime_local", None, NAIVE_TIME),
        ("integer", None, pl.Int64()),
        ("boolean", None, pl.Boolean()),
        *(
            (kind, None, pl.String())
            for kind in ("id", "currency", "category", "text", "metadata", "unknown")
        ),
    ],
)
def test_a_column_has_the_type_of_its_kind(kind, timezone, expected):
    """Inferred types differ from month to month, and make numbers of ids and floats of money."""
    assert dtype_of(Column("x", kind), timezone) == expected


def test_a_date_is_text_until_somebody_has_seen_how_stripe_writes_it():
    """Stripe documents no form of its date columns; refusing an unforeseen one would lose the report."""
    types = {
        column.name: dtype_of(column, None)
        for report_type in catalog.report_types().values()
        for column in report_type.columns
        if column.kind == "date"
    }
    assert types == {
        "activity_start_date": pl.Date(),
        "activity_end_date": pl.Date(),
        "payout_expected_arrival_date": pl.Date(),
        "accounting_period": pl.String(),
        "open_accounting_period": pl.String(),
        "booked_date": pl.String(),
        "date": pl.String(),
    }


def test_a_schema_follows_the_file_and_goes_by_the_names_of_columns_that_the_type_lacks():
    """Stripe adds columns and report types before anybody updates a catalogue; what has no kind is text."""
    names = ["gateway_account", "net", "payment_metadata[Coupon Code]", "created"]
    schema = schema_of(names, catalog.get(ACTIVITY), "Europe/Paris")
    assert list(schema.items()) == [
        ("gateway_account", pl.String()),
        ("net", MONEY),
        ("payment_metadata[Coupon Code]", pl.String()),
        ("created", PARIS),
    ]
    assert schema_of(names, None, "Europe/Paris") == schema


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "europe/paris", "US/Pacific-New", "Factory", ""])
def test_a_zone_that_polars_lacks_is_refused_before_reading(timezone):
    """Otherwise it fails inside polars, long after, with a message about something else."""
    with pytest.raises(ParameterError, match=r"not a time zone|does not know the time zone") as caught:
        read_csv(lines("currency,created", "usd,2026-10-01 00:00:00"), timezone=timezone)
    assert caught.value.param == "timezone"


def test_a_report_is_read_exactly_with_its_own_order():
    """One file with a column of every kind."""
    content = lines(
        '"payout_id","effective_at_utc","effective_at","payout_expected_arrival_date","currency","gross","trace_id"',
        '"po_2","2026-10-24 23:30:00","2026-10-25 01:30:00","2026-10-27 00:00:00","usd","1200.10","0012"',
        '"po_1","2026-10-25 01:30:00","2026-10-25 02:30:00",,"jpy","-500",',
    )
    paris = ZoneInfo("Europe/Paris")
    assert_frame_equal(
        read_csv(content, report_type=PAYOUTS, timezone="Europe/Paris"),
        pl.DataFrame(
            {
                "payout_id": ["po_2", "po_1"],
                "effective_at_utc": [at("2026-10-24 23:30"), at("2026-10-25 01:30")],
                "effective_at": [
                    datetime(2026, 10, 25, 1, 30, tzinfo=paris),
                    datetime(2026, 10, 25, 2, 30, tzinfo=paris, fold=1),
                ],
                "payout_expected_arrival_date": [date(2026, 10, 27), None],
                "currency": ["usd", "jpy"],
                "gross": [Decimal("1200.10"), Decimal(-500)],
                "trace_id": ["0012", None],
            },
            schema={
                "payout_id": pl.String,
                "effective_at_utc": UTC_TIME,
                "effective_at": PARIS,
                "payout_expected_arrival_date": pl.Date,
                "currency": pl.String,
                "gross": MONEY,
                "trace_id": pl.String,
            },
        ),
    )


def test_an_empty_time_and_its_twin_may_be_written_differently():
    """One bare and one quoted are both nothing."""
    frame = read_csv(b'created_utc,created\n"",\n,""\n', report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame.rows() == [(None, None), (None, None)]


@pytest.mark.parametrize("written", ["", '""'], ids=["bare", "quoted"])
def test_an_empty_cell_is_null_in_every_type(written):
    """Stripe leaves empty cells bare; other programs quote them. Neither is a zero or an empty text."""
    names = ["transfer_created", "balance_transaction_created", "captured_amount", "card_present", "bin"]
    content = lines(",".join(names), ",".join([written] * 5), '"2026-10-01 00:00:00",,"1.50","true","042"')
    assert_frame_equal(
        read_csv(content, report_type=FEES),
        pl.DataFrame(
            {
                "transfer_created": [None, at("2026-10-01 00:00")],
                "balance_transaction_created": [None, None],
                "captured_amount": [None, Decimal("1.50")],
                "card_present": [None, True],
                "bin": [None, "042"],
            },
            schema=dict(zip(names, [UTC_TIME, NAIVE_TIME, MONEY, pl.Boolean, pl.String], strict=True)),
        ),
    )


def test_whole_numbers_rates_and_dates_without_time_are_read():
    """The kinds that only few reports have."""
    assert read_csv(
        lines("quantity_decimal,filing_exchange_rate", "3.5,0.005991123456"), report_type=TAX
    ).row(0) == (Decimal("3.5"), Decimal("0.005991123456"))
    assert read_csv(lines("currency,count,gross", "usd,12,1.00"))["count"].to_list() == [12]
    assert read_csv(lines("payout_id,payout_expected_arrival_date", "po_1,2026-10-05"))[
        "payout_expected_arrival_date"
    ].to_list() == [date(2026, 10, 5)]


@pytest.mark.parametrize(
    "value", ["007", " padded ", "USD", "$149.00", "01/04/2024", "1e5", "NaN", "null", "é\u2028"]
)
def test_text_stays_as_written(value):
    """A trace id that loses its zeros no longer matches the bank's statement."""
    frame = read_csv(lines('"currency","net","payment_metadata[a b]"', f'"{value}","1.00","{value}"'))
    assert frame.row(0) == (value, Decimal(1), value)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["newline", "crlf", "no newline"])
def test_a_report_without_rows_has_all_columns_with_their_types(end):
    """More than half of genuine reports are header only; code that sums a column must work on them."""
    frame = read_csv(b'"currency","created_utc","created","gross"' + end, report_type=ACTIVITY)
    assert frame.height == 0
    assert frame.schema == {
        "currency": pl.String,
        "created_utc": UTC_TIME,
        "created": NAIVE_TIME,
        "gross": MONEY,
    }


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
        *("2026-10-01", "2026-10-01T00:00:00", "2026-10-01 00:00", "2026-10-01 00:00:00.5", "01/10/2026"),
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


REPEATED = lines(
    "created_utc,created,currency",
    "2026-10-25 00:30:00,2026-10-25 02:30:00,usd",
    "2026-10-25 01:30:00,2026-10-25 02:30:00,usd",
    ",,usd",
)


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


# The form of the file


REPORT = lines(
    '"balance_transaction_id","currency","net","description"',
    '"txn_1","usd","1.00","plain"',
    '"txn_2","usd","2.00",',
    '"txn_3","usd","3.00","comma, quote "" and',
    'a second line"',
    '"txn_4","usd","4.00","last"',
)
DESCRIPTIONS = ["plain", None, 'comma, quote " and\na second line', "last"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(REPORT, id="as Stripe writes it"),
        pytest.param(b"\xef\xbb\xbf" + REPORT, id="byte order mark"),
        pytest.param(REPORT[:-1], id="no newline at the end"),
        pytest.param(
            REPORT.replace(b'""', b"\0")
            .replace(b'"', b"")
            .replace(b"comma", b'"comma')
            .replace(b"line", b'line"')
            .replace(b"\0", b'""'),
            id="quoted where needed",
        ),
        pytest.param(REPORT.replace(b'00",\n', b'00",""\n'), id="empty cells quoted"),
        pytest.param(REPORT.replace(b'"usd"', b"usd"), id="numbers and codes bare"),
    ],
)
def test_every_way_to_quote_gives_the_same_frame(content):
    """Files pass through other programs; only what they change in values matters."""
    frame = read_csv(content)
    assert frame["description"].to_list() == DESCRIPTIONS
    assert frame["net"].to_list() == [Decimal(n) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("ending", [b"\r\n", b""])
def test_lines_may_end_as_on_windows(ending):
    """Carriage returns at the end of a line belong to it; inside a cell they are text."""
    content = REPORT.replace(b"\n", b"\r\n").removesuffix(b"\r\n") + ending
    assert read_csv(content)["description"].to_list() == [
        text and text.replace("\n", "\r\n") for text in DESCRIPTIONS
    ]


def test_carriage_returns_inside_cells_are_text():
    """Descriptions typed on Windows have them, whatever ends the lines of the report."""
    content = b'"currency","description"\n"usd","a\r\nb\r"\n"eur",\n'
    assert read_csv(content)["description"].to_list() == ["a\r\nb\r", None]


NAMES = ["*", "^.*$", "^currency$", "currency", "net", "description"]


@pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")
@given(st.permutations(NAMES), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_a_column_may_have_any_name(tmp_path_factory, names, quoting):
    """polars takes some names for patterns; metadata keys are whatever their author wrote."""
    rows = [
        names,
        ["1.50" if name == "net" else f'{name}, "1"' for name in names],
        ["" if name in {"net", "*"} else f"{name} 2" for name in names],
    ]
    text, folder = io.StringIO(), tmp_path_factory.getbasetemp()
    csv.writer(text, quoting=quoting, lineterminator="\n").writerows(rows)
    content = text.getvalue().encode()
    frame = read_csv(content, report_type=ACTIVITY)
    assert frame.columns == names
    for name, first, second in zip(*rows, strict=True):
        expected = [Decimal("1.50"), None] if name == "net" else [first, second or None]
        assert frame[name].to_list() == expected
    (folder / "hostile.csv").write_bytes(content)
    write_parquet(
        folder / "hostile.csv", folder / "hostile.parquet", report_type=catalog.get(ACTIVITY), timezone=None
    )
    assert_frame_equal(pl.read_parquet(folder / "hostile.parquet", glob=False), frame)


@pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")
def test_a_column_of_a_large_file_may_have_any_name():
    """Quotes inside the cells of such columns are counted, too."""
    rows = many_rows('say ""x"", or')
    rows[0] = rows[0].replace("description", "*").replace("currency", "^x$")
    frame = read_csv(lines(*rows), report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame["*"][0] == 'say "x", or'
    assert set(frame["^x$"].to_list()) == {"usd"}


def test_a_single_column_may_have_empty_rows():
    """A line that is blank is a row whose only cell is empty."""
    assert read_csv(b"currency\nusd\n\neur\n")["currency"].to_list() == ["usd", None, "eur"]
    assert read_csv(b'"currency"\n"usd"\n\n')["currency"].to_list() == ["usd", None]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
TEXTS = st.one_of(TEXT, st.text(st.sampled_from('a,"\r\n \ufeff'), max_size=6))


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(TEXTS, min_size=width, max_size=width), min_size=1)
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=150, deadline=None)
def test_every_text_survives_however_it_is_quoted(tmp_path_factory, rows, quoting, line_end):
    """Quotes, commas, line breaks and blanks in cells are data."""
    # Python leaves a carriage return bare, where it would end a line.
    assume(quoting == csv.QUOTE_ALL or not any("\r" in cell for row in rows for cell in row))
    file = io.StringIO()
    writer = csv.writer(file, quoting=quoting, lineterminator=line_end)
    writer.writerow([f"c{i}" for i in range(len(rows[0]))])
    writer.writerows(rows)
    frame = as_text(file.getvalue().encode(), tmp_path_factory.getbasetemp())
    assert frame.rows() == [tuple(cell or None for cell in row) for row in rows]


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        pytest.param(b"a,b,c\n1,2,3\n1,2\n", 3, "c", id="short row"),
        pytest.param(b"a,b,c\n1,2\n1,2,3\n", 2, "c", id="first row short"),
        pytest.param(
            b'"a","b","c"\n"1","2","3"\n"1","2"\n"1","2",\n', 3, "c", id="short row among empty cells"
        ),
        pytest.param(b'"a","b","c"\n"1","""",\n"1","2"\n', 3, "c", id="quotes in a cell hide no short row"),
        pytest.param(b'"a","b","c"\n"1","2","3"\n"1","2"\r\n', 3, "c", id="short row that ends otherwise"),
        pytest.param(b'"a","b","c"\n"1","",""\n"1"\n', 3, "b", id="short row after empty quotes"),
        pytest.param(b"a,b,c\n1,2,3\n1,2,3,4\n", 3, "c", id="long row"),
        pytest.param(b"a,b,c\n1,2,3,\n", 2, "c", id="comma too many"),
        pytest.param(b"a,b,c\n1,2,3\n\n1,2,3\n", 3, "b", id="blank line"),
        pytest.param(b"a,b,c\n1,2,3\n\n", 3, "b", id="blank line at the end"),
        pytest.param(b'a,b,c\n1,2,3\n1,"2,3\n', 3, None, id="quote never closed"),
        pytest.param(b'a,b,c\n1,2,3\n1,"2', 3, None, id="cut inside a cell"),
        pytest.param(b'a,b,c\n1,2,3\n1,"2"', 3, "c", id="cut between cells"),
        pytest.param(b'a,b,c\n1,"say "hi" x",3\n', 2, "b", id="quotes not doubled"),
        pytest.param(b'a,b,c\n1,"2"x"3",3\n', 2, "b", id="text between quotes"),
        pytest.param(b'a,b,c\n1,a"b"c,3\n', 2, "b", id="quotes in a bare cell"),
        pytest.param(b'a,b,c\n1, "2",3\n', 2, "b", id="blank before a quote"),
        pytest.param(b"a,b,c\n1\r,2,3\n", 2, "a", id="carriage return in a bare cell"),
        pytest.param(b"a,b,c\n1,2,3\n1,\0,3\n", 3, "b", id="NUL"),
        pytest.param(b"a,b,c\n1,2,3\n" + b"\0" * 512, 3, "a", id="NULs at the end"),
        pytest.param(b"a,b,c\n1,2,3\n1,\xff,3\n", 3, "b", id="not UTF-8"),
        pytest.param(b'a,b,c\n1,"x\ny\n\nz",3\n1,2\n', 6, "c", id="after a cell of four lines"),
        pytest.param(b"\xef\xbb\xbfa,b,c\r\n1,2,3\r\n1,2\r\n", 3, "c", id="short row, Windows"),
        pytest.param(b"a,b,a\n1,2,3\n", 1, "a", id="column twice"),
        pytest.param(b"a,,c\n1,2,3\n", 1, None, id="column without name"),
        pytest.param(b'a,"b\n', 1, None, id="header cut"),
        pytest.param(b"a,\xff\n", 1, None, id="header not UTF-8"),
        pytest.param(b"\na,b\n1,2\n", 1, None, id="header missing"),
        pytest.param(b"", None, None, id="empty file"),
        pytest.param(b"\xef\xbb\xbf\r\n", None, None, id="only a byte order mark"),
    ],
)
def test_damage_is_an_error_that_names_its_place(tmp_path, content, line, column):
    """polars reads most of these without a word: short rows as nulls, stray quotes dropped."""
    with pytest.raises(DamagedFileError) as caught:
        as_text(content, tmp_path)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.path == str(tmp_path / "report.csv")
    assert "Download the report again" in str(caught.value)
    assert not (tmp_path / "report.parquet").exists()


def rows_by_the_standard_library(content: bytes) -> list[tuple[str | None, ...]] | None:
    """What Python's own reader makes of the file, or None if it finds fault with it."""
    try:
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        header, *rows = csv.reader(text, strict=True)
    except (ValueError, csv.Error):
        return None
    rows = [row or [""] for row in rows]
    if len(set(header)) < len(header) or any(len(row) != len(header) for row in rows):
        return None
    return [tuple(cell or None for cell in row) for row in rows]


SMALL = b'"a","b","c"\n"1","two",\n"3","say ""four""",\n,"5, 6",\n"7","8","9"\n'


@given(
    st.integers(0, len(SMALL)),
    st.integers(0, 4),
    st.text(st.sampled_from('",\n\r\0x'), max_size=3).map(str.encode) | st.binary(max_size=2),
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_a_changed_file_is_an_error_or_what_python_reads(tmp_path_factory, position, deleted, inserted, cut):
    """Whatever bytes are lost, added or exchanged, no frame differs from what is written."""
    rest = b"" if cut else SMALL[position + deleted :]
    content = SMALL[:position] + inserted + rest
    try:
        frame = as_text(content, tmp_path_factory.getbasetemp())
    except FileError:
        return
    assert frame.rows() == rows_by_the_standard_library(content)


def many_rows(last: str) -> list[str]:
    """More than a megabyte, whose sizes are added up; every third row is empty at its end."""
    names = '"balance_transaction_id","created_utc","created","currency","net","description"'
    time = '"2026-10-24 23:30:00","2026-10-25 01:30:00"'
    return [
        names,
        *(f'"txn_{n:024}",{time},"usd","{n}.25",' + (f'"{last}"' if n % 3 else "") for n in range(1, 20_001)),
    ]


def rewritten(rows: list[str], quoting: int, line_end: str) -> bytes:
    file = io.StringIO()
    csv.writer(file, quoting=quoting, lineterminator=line_end).writerows(csv.reader(rows))
    return file.getvalue().encode()


@pytest.mark.parametrize("last", ["x", 'say ""x"", or', "a, b"])
@pytest.mark.parametrize(
    "rewrite",
    [
        pytest.param(lambda rows: lines(*rows), id="as Stripe writes it"),
        pytest.param(lambda rows: lines(*rows).replace(b"\n", b"\r\n"), id="Windows"),
        pytest.param(lambda rows: rewritten(rows, csv.QUOTE_MINIMAL, "\n"), id="quoted where needed"),
        pytest.param(lambda rows: rewritten(rows, csv.QUOTE_ALL, "\r\n"), id="all quoted"),
        pytest.param(lambda rows: lines(*rows).replace(b'"usd"', b"usd"), id="some bare"),
    ],
)
def test_a_large_file_is_read_exactly_in_order(last, rewrite):
    """polars reads a large piece in parallel blocks, and it is neither written again nor read strictly."""
    frame = read_csv(rewrite(many_rows(last)), report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame["net"].to_list() == [Decimal(n) + Decimal("0.25") for n in range(1, 20_001)]
    assert frame["description"].to_list() == [
        last.replace('""', '"') if n % 3 else None for n in range(1, 20_001)
    ]


@pytest.mark.parametrize(
    ("damaged", "column"),
    [
        pytest.param(lambda row: row.rpartition(",")[0], "description", id="short"),
        pytest.param(lambda row: row + ",", "description", id="long"),
        pytest.param(lambda row: "", "created_utc", id="blank"),
        pytest.param(lambda row: row + '"a "b" c"', "description", id="stray quotes"),
        pytest.param(lambda row: row.replace('"usd"', '"u"s"d"'), "currency", id="lost quotes"),
        pytest.param(lambda row: row + '"\0"', "description", id="NUL"),
        pytest.param(lambda row: row.replace(".25", ".2500001"), "net", id="a seventh decimal"),
        pytest.param(lambda row: row.replace(".25", "e1"), "net", id="an exponent"),
        pytest.param(lambda row: row.replace("23:30:00", "23:30:60"), "created_utc", id="not a time"),
        pytest.param(lambda row: row.replace("01:30:00", ""), "created", id="not a local time"),
        pytest.param(lambda row: row.replace('"2026-10-25 01:30:00"', ""), "created", id="no local time"),
    ],
)
@pytest.mark.parametrize("last", ["x", 'say ""x"", or'])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_one_damaged_row_among_many_is_found(damaged, column, last, line_end):
    """The sums over a large piece reveal a single byte too few or too many."""
    rows = many_rows(last)
    rows[15_000] = damaged(rows[15_000])
    content = line_end.join([*rows, ""]).encode()
    damage = the_damage(content, report_type=ACTIVITY, timezone="Europe/Paris")
    assert (damage.line, damage.column) == (15_001, column)


@pytest.mark.parametrize("earlier", ["", 'the ""first""'])
def test_quotes_that_come_late_or_in_another_column_are_text(earlier):
    """Nothing is assumed of a column from its first rows."""
    rows = many_rows("x")
    rows[1] = rows[1].replace('"x"', f'"{earlier}x"')
    rows[15_000] = rows[15_000].replace('"txn_', '"""txn_')
    rows[15_001] = rows[15_001].replace('"x"', '"say ""x"""')
    frame = read_csv(lines(*rows), report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame["balance_transaction_id"][14_999].startswith('"txn_')
    assert frame["description"][15_000] == 'say "x"'
    rows[17_000] = rows[17_000].removesuffix('"x"').removesuffix(",")
    damage = the_damage(lines(*rows), report_type=ACTIVITY, timezone="Europe/Paris")
    assert (damage.line, damage.column) == (17_001, "description")


def test_line_ends_may_be_mixed():
    """Rows that another program appended are rows."""
    rows = many_rows("x")
    rows[15_000] += "\r"
    assert read_csv(lines(*rows), report_type=ACTIVITY).height == 20_000


def test_a_wrong_zone_is_found_in_a_large_file():
    """There, local times are compared with their twins in a sample of the rows."""
    damage = the_damage(lines(*many_rows("x")), report_type=ACTIVITY, timezone="Europe/London")
    assert (damage.line, damage.column) == (2, "created")
    assert "another timezone" in str(damage)


@given(
    st.integers(0, 40), st.integers(0, 30), st.text(st.sampled_from('",\n\r\0x'), max_size=3).map(str.encode)
)
@settings(max_examples=60, deadline=None)
def test_a_change_in_a_large_file_is_an_error_or_what_python_reads(position, deleted, inserted):
    """As for small files, which are written again."""
    content = lines(*many_rows('say ""x""')[:3000])
    middle = content.index(b"txn_", len(content) // 2) + position
    content = content[:middle] + inserted + content[middle + deleted :]
    try:
        frame = read_csv(content, report_type=ACTIVITY)
    except FileError:
        return
    texts = frame.select("balance_transaction_id", "currency", "description")
    expected = rows_by_the_standard_library(content)
    assert expected is not None
    assert texts.rows() == [(row[0], row[3], row[5]) for row in expected]


# What is not a report


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"<!DOCTYPE html><html>", "web page", id="HTML"),
        pytest.param(b'\n {"error": {"message": "No such file"}}', "JSON", id="an error of the API"),
        pytest.param(b"\x1f\x8b\x08\x00", "gzip", id="gzip"),
        pytest.param(b"PK\x03\x04....", "ZIP archive or an Excel workbook", id="xlsx or zip"),
        pytest.param(b"%PDF-1.7", "PDF", id="PDF"),
        pytest.param(b"PAR1....", "Parquet", id="Parquet"),
        pytest.param("currency,net\n".encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(b"currency;net\nusd;1.00\n", "semicolons", id="another separator"),
        pytest.param(
            b"id,Amount,Created (UTC)\npo_1,12.00,2026-10-01 00:00\n", "another export", id="Payouts export"
        ),
        pytest.param(b'"id","Description","Created date (UTC)"\n', "another export", id="Payments export"),
        pytest.param(
            b"name,email\nJenny,j@example.com\n", "most of its columns", id="a table of something else"
        ),
        pytest.param(b"hello\n", "most of its columns", id="any text"),
    ],
)
def test_another_file_is_named_for_what_it_looks_like(content, said):
    """People pick the wrong file, or save an error page under the name of the report."""
    with pytest.raises(NotAReportError, match=said):
        read_csv(content)


def test_an_error_page_in_place_of_a_result_is_refused_too(tmp_path):
    """A proxy may answer a download with its own page."""
    with pytest.raises(NotAReportError, match="web page"):
        as_text(b"<html><body>Sign in</body></html>\n", tmp_path)


# Which report it is


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("category,description,net_amount,currency", "balance.summary.2", id="default columns"),
        pytest.param("payout_id,payout_status,gross", "payouts.itemized.5", id="newest version"),
        pytest.param("net,balance_transaction_id,gateway_account", f"{BASE}.7", id="an extra column"),
        pytest.param("open_accounting_period,amount", f"{REVENUE}.1", id="another family"),
        pytest.param("name,email", None, id="none"),
    ],
)
def test_the_columns_tell_the_report_type(header, expected):
    """Most known columns first; then exact defaults; then the first of the catalogue, newest version."""
    guess = guess_report_type(header.split(","))
    assert (guess and guess.id) == expected


def test_default_columns_of_every_type_are_all_known_to_its_guess():
    """Several types share their default columns; any of them gives the right types."""
    for report_type in catalog.report_types().values():
        if report_type.default_columns:
            guess = guess_report_type(report_type.default_columns)
            assert guess is not None
            assert all(guess.column(name) for name in report_type.default_columns)


def test_a_version_decides_where_versions_differ():
    """Times of payouts were UTC before reports took a timezone."""
    content = lines("currency,automatic_payout_effective_at", "usd,2026-10-01 00:00:00")
    dtypes = {
        name: read_csv(content, report_type=name)["automatic_payout_effective_at"].dtype
        for name in (f"{BASE}.1", f"{BASE}.7", BASE)
    }
    assert dtypes == {f"{BASE}.1": UTC_TIME, f"{BASE}.7": NAIVE_TIME, BASE: NAIVE_TIME}


def test_a_type_without_version_takes_the_version_that_has_the_columns():
    """The newest version of some types has lost columns that older files have."""
    versions = [
        type_ for type_ in catalog.report_types().values() if type_.base == "tax.transactions.itemized"
    ]
    only_in_first = {c.name for c in versions[0].columns} - {c.name for t in versions[1:] for c in t.columns}
    for name in only_in_first:
        header = [column.name for column in versions[0].columns]
        expected = schema_of(header, versions[0], None)
        frame = read_csv(lines(",".join(header)), report_type="tax.transactions.itemized")
        assert frame.schema == expected, name


def test_a_report_type_that_is_not_the_files_is_an_error():
    """Reading the columns of another type as text would hide the mistake until a sum fails."""
    with pytest.raises(NotAReportError, match=r"not those of balance\.summary\.1; they look like payouts"):
        read_csv(lines("payout_id,payout_status,gross", "po_1,paid,1.00"), report_type="balance.summary.1")
    with pytest.raises(NotAReportError, match="another export"):
        read_csv(b"id,Amount,Created (UTC)\n", report_type="payouts.itemized.3")


def defaults_of(report_type):
    return catalog.get(report_type).default_columns


WAYS = {
    "read_csv": lambda csv, _, type_: read_csv(csv, report_type=type_),
    "write_parquet": lambda csv, parquet, type_: write_parquet(
        csv, parquet, report_type=catalog.get(type_), timezone=None
    ),
}


@pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("type_", "header", "is_taken"),
    [
        pytest.param(
            "balance.summary.2", defaults_of("payouts.itemized.5"), False, id="more unknown than known"
        ),
        pytest.param(
            "payouts.itemized.5", defaults_of("balance.summary.2"), False, id="another's default columns"
        ),
        pytest.param("payouts.itemized.5", ["id", "Amount", "Created (UTC)"], False, id="titles"),
        pytest.param("payouts.itemized.3", ["a", "b"], False, id="columns of no report"),
        pytest.param("payouts.itemized.3", ["gross", "currency"], True, id="few columns"),
        pytest.param(
            "payouts.itemized.5", [*defaults_of("payouts.itemized.5"), "brand_new"], True, id="a new column"
        ),
        pytest.param(
            "payouts.itemized.3", [*defaults_of("payouts.itemized.5"), "trace_id"], True, id="another version"
        ),
        pytest.param(
            "balance_change_from_activity.itemized.3",
            ["net", *(f"payment_metadata[{key}]" for key in "abcdef")],
            True,
            id="metadata",
        ),
        pytest.param("failed_payouts.itemized.2", ["a", "b"], True, id="no column is known"),
        pytest.param(
            "financial_account_balance_change_from_activity.itemized.2",
            ["currency", "a", "b", "c", "gross", "created", "net"],
            True,
            id="few columns are known",
        ),
    ],
)
def test_a_file_is_refused_for_its_columns_whichever_way_it_comes(tmp_path, way, type_, header, is_taken):
    """A result file by mistake and a download under a wrong name are one mistake. New columns are none."""
    csv = tmp_path / "report.csv"
    csv.write_text(",".join(header) + "\n", "utf-8")
    if is_taken:
        WAYS[way](csv, tmp_path / "report.parquet", type_)
    else:
        with pytest.raises(NotAReportError):
            WAYS[way](csv, tmp_path / "report.parquet", type_)
        assert not (tmp_path / "report.parquet").exists()


@pytest.mark.parametrize("report_type", catalog.report_types())
def test_the_default_columns_of_a_type_are_never_taken_for_anothers(report_type):
    """Nor all columns that are known."""
    known = catalog.get(report_type)
    for names in (known.default_columns, [column.name for column in known.columns]):
        if names:
            read_csv(",".join(names).encode() + b"\n", report_type=report_type)


@pytest.mark.parametrize(
    ("name", "header"),
    [("payout.itemized", b"payout_id,gross\n"), ("nonsense", b"net\n"), ("payout.itemised.9", b"a,b\n")],
)
def test_an_unknown_report_type_is_an_error(name, header):
    """A slip in the name must not make text of all columns."""
    with pytest.raises(UnknownReportTypeError):
        read_csv(header, report_type=name)


def test_a_type_whose_columns_nobody_knows_is_read_as_text():
    """It is real, and its file is worth having."""
    with pytest.warns(UnknownReportTypeWarning, match="does not have the columns of failed_payouts"):
        frame = read_csv(b"a,b\n1,2\n", report_type="failed_payouts.itemized.2")
    assert_frame_equal(frame, pl.DataFrame({"a": ["1"], "b": ["2"]}))


# Sources and Parquet


def test_a_file_may_be_a_path_bytes_or_a_binary_file(tmp_path):
    """Uploads in notebooks are bytes; names may hold what shells expand."""
    path = tmp_path / "report [1]*?.csv"
    path.write_bytes(REPORT)
    expected = read_csv(REPORT)
    with path.open("rb") as file:
        for source in (path, str(path), file, io.BytesIO(REPORT)):
            assert_frame_equal(read_csv(source), expected)


def test_a_file_in_text_mode_is_refused():
    """Its line ends may have been changed, and its bytes cannot be counted."""
    with pytest.raises(TypeError, match="binary mode"):
        read_csv(io.StringIO("currency\n"))


def test_a_missing_file_is_the_systems_error(tmp_path):
    """Python's own message is the clearest."""
    with pytest.raises(FileNotFoundError):
        read_csv(tmp_path / "nowhere.csv")


def test_a_parquet_file_holds_the_same_frame_and_what_it_is_about(tmp_path):
    """The store keeps results as Parquet, with their provenance inside."""
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(REPEATED)
    rows = write_parquet(
        source,
        parquet,
        report_type=catalog.get(ACTIVITY),
        timezone="Europe/Paris",
        metadata={"run": "frr_1"},
    )
    assert rows == 3
    assert_frame_equal(
        pl.read_parquet(parquet), read_csv(REPEATED, report_type=ACTIVITY, timezone="Europe/Paris")
    )
    assert pl.read_parquet_metadata(parquet)["run"] == "frr_1"


def test_a_report_without_rows_becomes_a_parquet_file_too(tmp_path):
    """An empty month is a result, with types and provenance."""
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(b'"created","gross"\n')
    assert (
        write_parquet(
            source,
            parquet,
            report_type=catalog.get(ACTIVITY),
            timezone="Europe/Paris",
            metadata={"run": "frr_1"},
        )
        == 0
    )
    assert pl.read_parquet_schema(parquet) == {"created": PARIS, "gross": MONEY}
    assert pl.read_parquet_metadata(parquet)["run"] == "frr_1"


def test_nothing_is_left_after_an_error(tmp_path):
    """Half a result must never look like one."""
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(REPORT + b'"txn_5","usd"\n')
    with pytest.raises(DamagedFileError):
        write_parquet(source, parquet, report_type=catalog.get(ACTIVITY), timezone=None)
    assert not parquet.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_is_the_systems_error_and_no_damage(tmp_path, monkeypatch):
    """Downloading again would not help."""
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(REPORT)
    monkeypatch.setattr("uuid.uuid4", lambda: UUID(int=0))
    parquet.with_name(f"{parquet.name}.{UUID(int=0).hex}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_parquet(source, parquet, report_type=None, timezone=None)


def test_parquet_is_written_with_the_same_warning(tmp_path):
    """A repeated hour is as ambiguous in a fetched report as in a downloaded one."""
    source = tmp_path / "a.csv"
    source.write_bytes(lines("created,currency", "2026-10-25 02:30:00,usd"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        write_parquet(
            source, tmp_path / "a.parquet", report_type=catalog.get(ACTIVITY), timezone="Europe/Paris"
        )
    assert [warning.category for warning in caught] == [AmbiguousTimeWarning]


# Genuine files


def types_of(names: str, dtype: pl.DataType) -> dict[str, pl.DataType]:
    return dict.fromkeys(names.split(), dtype)


SAMPLE_TYPES: list[tuple[str, int, Sequence[dict[str, pl.DataType]]]] = [
    (
        "balance_change_from_activity.itemized.csv",
        2,
        [
            types_of("created_utc available_on_utc", UTC_TIME),
            types_of("gross fee net", MONEY),
            types_of("balance_transaction_id currency reporting_category description", pl.String()),
        ],
    ),
    (
        "balance_change_from_activity.itemized.7.csv",
        2,
        [
            types_of("automatic_payout_effective_at available_on created", NAIVE_TIME),
            types_of("gross fee net", MONEY),
            types_of(
                "automatic_payout_id balance_transaction_id charge_id currency description "
                "payment_intent_id payment_metadata[external_identifier] payment_method_type card_brand "
                "card_country card_funding "
                "reporting_category source_id trace_id_status gateway_account",
                pl.String(),
            ),
        ],
    ),
    (
        "payout_reconciliation.by_id.itemized.4.csv",
        3,
        [
            types_of("automatic_payout_effective_at available_on created", NAIVE_TIME),
            types_of("gross fee net", MONEY),
            types_of(
                "automatic_payout_id balance_transaction_id charge_id currency description "
                "payment_intent_id payment_metadata[external_identifier] payment_method_type card_brand "
                "card_country card_funding "
                "reporting_category source_id trace_id_status gateway_account",
                pl.String(),
            ),
        ],
    ),
    (
        "connect_card_payments_fees.transaction_level.1.header-only.csv",
        0,
        [
            types_of("transfer_created fee_incurred_at", UTC_TIME),
            types_of("balance_transaction_created", NAIVE_TIME),
            types_of("card_present livemode", pl.Boolean()),
            types_of(
                "captured_amount card_scheme_fee interchange_fee non_transactional_card_scheme_fee "
                "discount_fee platform_application_fee total_amount",
                MONEY,
            ),
            types_of(
                "platform_id connected_account_id connected_account_name transfer_id balance_transaction_id "
                "automatic_payout_id charge_id captured_currency refund_id dispute_id card_brand bin "
                "issuing_bank card_funding card_country fee_category fee_currency",
                pl.String(),
            ),
        ],
    ),
]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the genuine files are not here")
@pytest.mark.parametrize(("name", "height", "types"), SAMPLE_TYPES, ids=[name for name, *_ in SAMPLE_TYPES])
@pytest.mark.filterwarnings("ignore:.*its kind is unknown. gateway_account:UserWarning")
def test_genuine_files_are_typed_column_by_column(name, height, types):
    """Nobody in this project wrote them."""
    frame = read_csv(SAMPLES / name)
    assert frame.height == height
    assert dict(frame.schema) == {column: dtype for group in types for column, dtype in group.items()}
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert frame.columns == header
    texts = [position for position, dtype in enumerate(frame.dtypes) if dtype == pl.String]
    assert [[row[i] for i in texts] for row in frame.rows()] == [
        [row[i] or None for i in texts] for row in rows
    ]


def test_rows_that_are_lost_on_the_way_are_noticed(tmp_path, monkeypatch):
    """A file with missing rows must not be taken for a month with little activity."""
    register = tables.register_io_source
    monkeypatch.setattr(tables, "register_io_source", lambda *a, **b: register(*a, **b).tail(1))
    source, parquet = tmp_path / "in.csv", tmp_path / "out"
    source.write_bytes(b"currency,net\nusd,1.00\nusd,2.00\n")
    with pytest.raises(OSError, match="wrote 1 of 2 rows"):
        write_parquet(source, parquet, report_type=None, timezone=None)
    assert list(tmp_path.iterdir()) == [source]
