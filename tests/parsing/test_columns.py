"""The types of a report's columns, and which report type the columns belong to."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typed_files import ACTIVITY, FEES, MONEY, NAIVE_TIME, PARIS, TAX, UTC_TIME, as_text, at, lines

from stored_csv import write_parquet
from stripe_reports import catalog
from stripe_reports.errors import (
    DamagedFileError,
    NotAReportError,
    ParameterError,
    UnknownReportTypeError,
)
from stripe_reports.models import Column
from stripe_reports.notices import UnknownReportTypeWarning
from stripe_reports.parsing import (
    convert_csv,
    dtype_of,
    guess_report_type,
    read_csv,
    schema_of,
)
from stripe_reports.parsing.columns import column as column_named
from stripe_reports.parsing.columns import is_pattern
from stripe_reports.parsing.schema import check_asked, the_report_type_of

RATE = pl.Decimal(38, 12)
PAYOUTS = "payouts.itemized.3"
BASE = "balance_change_from_activity.itemized"
REVENUE = "revenue_recognition.debit_credit_by_customer"


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


@pytest.mark.parametrize("name", ["net", "*", "**", "a*", "^a$", "^$", "^a", "a$", "^", "$"])
def test_a_name_is_a_pattern_if_polars_says_so(name):
    """Metadata keys may be such names; polars would take other columns for them, or none."""
    assert is_pattern(name) == pl.col(name).meta.has_multiple_outputs()
    frame = pl.DataFrame({"other": [1], name: [2]})
    assert frame.select(column_named(name)).to_dict(as_series=False) == {name: [2]}


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


@pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")
def test_a_file_needs_no_type_if_half_of_its_columns_are_known():
    """Stripe adds report types, most of whose columns have the names of others."""
    known = ["payout_status", "issuing_bank"]
    assert read_csv(lines(",".join([*known, "a", "b"]))).columns == [*known, "a", "b"]
    with pytest.raises(NotAReportError, match="most of its columns"):
        read_csv(lines(",".join([*known, "a", "b", "c"])))


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


PARTLY_KNOWN = "financial_account_balance_change_from_activity.itemized.2"


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
            PARTLY_KNOWN, defaults_of("payouts.itemized.5")[:-1], False, id="all columns are another's"
        ),
        pytest.param(
            *("balance.summary.2", [*defaults_of("payouts.itemized.5")[:-1], "brand_new"], False),
            id="most columns are another's",
        ),
        pytest.param(
            PARTLY_KNOWN,
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
        with pytest.raises(NotAReportError, match=re.escape(str(csv))):
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


@pytest.mark.parametrize(
    ("header", "asked", "said"),
    [
        pytest.param(["net", "fee"], ["fee", "net"], None, id="in another order"),
        pytest.param(["net"], ["net", "fee"], "it lacks 'fee'.", id="one is missing"),
        pytest.param(["net", "fee"], ["net"], "it has 'fee'.", id="one too many"),
        pytest.param(
            list("abcd"),
            list("wxyz"),
            "it lacks 'w', 'x', 'y', … and has 'a', 'b', 'c', ….",
            id="the file of another run",
        ),
        pytest.param(list("abc"), list("abcxyz"), "it lacks 'x', 'y', 'z'.", id="three are not abridged"),
    ],
)
def test_a_file_must_have_exactly_the_columns_requested(header, asked, said):
    """Otherwise it is the file of another run, and a column that is missing would be missed too late."""
    if said is None:
        check_asked(header, asked, file="file_1", advice="Nothing was stored.")
    else:
        with pytest.raises(NotAReportError) as caught:
            check_asked(header, asked, file="file_1", advice="Nothing was stored.")
        assert str(caught.value).startswith(
            f"The columns of file_1 are not those requested: {said} Nothing was stored."
        )


def test_the_file_of_another_run_is_refused_with_its_name_and_not_stored(tmp_path):
    """Its type and its values may all be right."""
    csv, parquet = tmp_path / "report.csv", tmp_path / "report.parquet"
    csv.write_bytes(lines("currency,net", "usd,1.00"))
    with pytest.raises(NotAReportError) as caught:
        write_parquet(csv, parquet, report_type=None, timezone=None, columns=["net", "fee"])
    assert str(caught.value).startswith(
        f"The columns of {csv} are not those requested: it lacks 'fee' and has 'currency'. "
        "It is not the report requested, so nothing was stored."
    )
    assert not parquet.exists()


@pytest.mark.parametrize(
    ("column", "overrides", "said"),
    [
        pytest.param("net", None, "such as '-1234.50'. Download", id="catalogued"),
        pytest.param(
            "description",
            {"description": pl.Int64},
            "is not a whole number. You asked to read the column as Int64. Download",
            id="the user's own type",
        ),
        pytest.param(
            "amount",
            None,
            "That the column is a money is known from columns of that name in other report types only. "
            "To read it as text: schema_overrides={'amount': pl.String}",
            id="known by its name",
        ),
    ],
)
def test_a_wrong_value_is_told_with_the_source_of_its_type(column, overrides, said):
    """If the type is a guess or the user's own, it may be the type that is wrong."""
    content = lines(f'"currency","gross","{column}"', '"usd","1.00","x"')
    with pytest.raises(DamagedFileError, match=re.escape(said)) as caught:
        read_csv(content, report_type=ACTIVITY, schema_overrides=overrides)
    assert (caught.value.line, caught.value.column) == (2, column)


def test_a_file_that_several_types_have_is_not_guessed():
    """Its rows would be kept under the wrong name."""
    header = ["currency", "gross", "fee", "net"]
    with pytest.raises(
        ParameterError, match=r"\d+ report types have the columns of f.csv: .*Pass the type"
    ) as caught:
        the_report_type_of(header, None, file="f.csv")
    assert caught.value.param == "report_type"
    assert the_report_type_of(header, "payouts.itemized", file="f.csv").base == "payouts.itemized"
    own = catalog.get("payouts.itemized.5")
    assert the_report_type_of(own.default_columns, None, file="f.csv") == own


def test_a_file_of_known_columns_that_no_type_has_together_needs_a_name(tmp_path):
    """It can be read as a frame. To be kept, it needs the type that it is kept as."""
    content = lines("payout_status,issuing_bank,open_accounting_period", "paid,Chase,2026-10")
    with pytest.warns(UnknownReportTypeWarning, match="match no report type in the catalogue"):
        assert read_csv(content).row(0) == ("paid", "Chase", "2026-10")
    with pytest.raises(ParameterError, match="belong to no report type of the catalogue") as caught:
        convert_csv(content, tmp_path / "a.parquet", report_type=None, timezone=None, schema_overrides=None)
    assert caught.value.param == "report_type"
    assert list(tmp_path.iterdir()) == []
