"""Tables to print: exact, and by currency."""

from __future__ import annotations

import re
import stat
import sys
from decimal import Decimal
from html.parser import HTMLParser
from types import SimpleNamespace

import polars as pl
import pytest
from great_tables import GT
from hypothesis import given, settings
from hypothesis import strategies as st

import report_frames as frames
from stripe_reports.errors import MissingExtraError, ParameterError, StoreError
from stripe_reports.pages.cells import cells_of
from stripe_reports.pages.printed_table import ReportTable, table_of_frame
from stripe_reports.render.money import currency_column, figure, money
from stripe_reports.render.table import html_table, text_table

MARKUP = "<img src=x onerror=alert(1)>"


def exact(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-"))


class _Texts(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


# Figures


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "eur", "1,234.50 EUR"),
        ("-500", "jpy", "−500 JPY"),
        ("1.2", "KWD", "1.200 KWD"),
        ("0.005991", "usd", "0.005991 USD"),
        ("3", "", "3.00"),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_is_never_rounded(amount, currency, text):
    assert money(Decimal(amount), currency) == text


def test_a_plus_sign_is_written_only_on_request():
    assert figure(Decimal(5), "eur") == "5.00"
    assert figure(Decimal(5), "eur", signed=True) == "+5.00"
    assert figure(Decimal(0), "eur", signed=True) == "0.00"


def test_an_amount_has_the_currency_of_its_own_column():
    columns = ["currency", "customer_facing_currency"]
    assert currency_column("net", columns) == "currency"
    assert currency_column("customer_facing_amount", columns) == "customer_facing_currency"
    assert currency_column("total_amount", ["fee_currency"]) == "fee_currency"
    assert currency_column("fee", ["fee", "balance_currency"]) == "balance_currency"
    assert currency_column("net", []) is None


@pytest.mark.parametrize("table", [text_table, html_table])
def test_small_tables_write_each_amount_with_the_decimals_of_its_currency(table):
    """The tables of differences showed jpy with decimals and kwd with only two."""
    frame = pl.DataFrame(
        {"currency": ["jpy", "kwd", "eur"], "net": [Decimal(1500), Decimal("1.5"), Decimal("1176.46")]},
        schema={"currency": pl.String, "net": pl.Decimal(38, 6)},
    )
    texts = re.findall(r"[\d.,]*\d", re.sub(r"style=\"[^\"]*\"", "", table(frame)))
    assert texts == ["1,500", "1.500", "1,176.46"]


def test_a_table_in_a_terminal_is_no_wider_than_it(monkeypatch):
    """A wrapped line is unreadable; the columns that do not fit are named."""
    frame = pl.DataFrame({"payout_id": ["po_1"], "description": ["x" * 30], "status": ["paid"]})
    assert text_table(frame).splitlines()[0].split() == frame.columns, "a file has no width"
    assert text_table(frame, width=45).splitlines() == [
        "payout_id  description",
        f"po_1       {'x' * 30}",
        "not shown: status",
    ]
    assert text_table(frame, width=5).splitlines()[0] == "payout_id", "one column at least"
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setenv("COLUMNS", "45")
    assert "not shown: status" in text_table(frame)


# Rows and sums


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), rows=st.integers(1, 60), shown=st.integers(0, 60))
def test_a_subtotal_is_the_sum_of_all_rows_of_its_currency_shown_or_not(seed, rows, shown):
    frame = frames.activity(seed, rows=rows)
    cells = cells_of(frame, rows=shown)
    at = {name: n for n, name in enumerate(cells.header)}
    assert sum(len(part.rows) for part in cells.parts) == min(rows, shown)
    for part in cells.parts:
        of = frame.filter(currency=part.currency.lower())
        for name, column in (("Gross", "gross"), ("Fee", "fee"), ("Net", "net")):
            assert exact(part.total[at[name]]) == of[column].sum()
    assert (cells.note is None) == (rows <= shown)


def test_every_cell_is_the_exact_value():
    frame = frames.activity(1, rows=30)
    cells = cells_of(frame)
    at = cells.header.index("Net")
    shown = [exact(row[at]) for part in cells.parts for row in part.rows]
    assert sorted(shown) == sorted(frame["net"])


def test_rows_can_be_summed_by_columns():
    frame = frames.activity(1, currencies=["eur"])
    (part,) = cells_of(frame, by="reporting_category").parts
    sums = {row[0]: (row[1], exact(row[4])) for row in part.rows}
    for name, count, net in (
        frame.group_by("reporting_category").agg(pl.len(), pl.col("net").sum()).iter_rows()
    ):
        assert sums[name] == (f"{count}", net)
    assert part.total[:2] == ["Total EUR", f"{len(frame)}"]


@pytest.mark.parametrize("by", ["currency", "net", ["currency", "reporting_category"], ["fee", "fee"]])
def test_a_table_by_any_columns_has_all_rows_in_its_counts(client, by):
    """Also by the currency, which makes the groups, and by an amount, which is then not added up."""
    report = client.fetch("balance_change_from_activity.itemized", "2026-10")
    cells = cells_of(report.scan(), by=by, rows=10_000)
    at = cells.header.index("Count")
    assert sum(exact(row[at]) for part in cells.parts for row in part.rows) == len(report)
    assert report.table(by=by)


def test_balances_are_not_added_to_flows():
    frame = pl.DataFrame(
        {
            "category": ["starting_balance", "activity"],
            "net_amount": [Decimal(1), Decimal(2)],
            "currency": "eur",
        }
    ).with_columns(pl.col("net_amount").cast(pl.Decimal(38, 6)))
    assert [part.total for part in cells_of(frame).parts] == [None]


def test_amounts_in_another_currency_are_not_added_to_the_rows():
    frame = frames.activity(1, rows=5, currencies=["eur"]).with_columns(
        customer_facing_amount=pl.col("gross"), customer_facing_currency=pl.lit("jpy")
    )
    cells = cells_of(frame)
    at = cells.header.index("Customer facing amount")
    assert cells.parts[0].total[at] == ""
    assert cells.parts[0].rows[0][at] == figure(frame["gross"][0], "jpy")


def test_a_report_without_rows_keeps_its_columns():
    cells = cells_of(frames.activity(rows=0))
    assert "Net" in cells.header
    assert cells.parts == []
    assert "Net" in table_of_frame(frames.activity(rows=0)).as_raw_html()


def test_an_unknown_column_is_refused_with_the_nearest():
    with pytest.raises(ParameterError, match=r"no column 'nett'\. Did you mean 'net'"):
        cells_of(frames.activity(), columns=["nett"])
    assert cells_of(frames.activity(), columns="net").header == ["Net"]


def test_a_negative_number_of_rows_is_refused():
    with pytest.raises(ParameterError, match="rows must be at least 0"):
        cells_of(frames.activity(), rows=-1)


# great_tables


def test_it_is_a_great_table_that_can_be_restyled():
    table = table_of_frame(frames.activity(), title="October")
    assert isinstance(table, GT)
    again = table.tab_source_note("Audited").cols_label({"0": "When"})
    assert isinstance(again, ReportTable)
    assert {"Audited", "When", "October"} <= set(_Texts(again.as_raw_html()).texts)


def test_texts_of_a_report_are_escaped():
    frame = frames.activity(rows=3).with_columns(card_brand=pl.lit(MARKUP))
    table = table_of_frame(frame, title=MARKUP, subtitle=MARKUP, source=MARKUP)
    assert MARKUP not in table.as_raw_html()
    assert _Texts(table.as_raw_html()).texts.count(MARKUP) == 6


def test_it_is_saved_as_a_private_page(tmp_path):
    """It contains customers' data."""
    table_of_frame(frames.activity(rows=5)).save(tmp_path / "t.html")
    assert (tmp_path / "t.html").read_text("utf-8").lstrip().startswith("<!DOCTYPE html>")
    assert stat.S_IMODE((tmp_path / "t.html").stat().st_mode) == 0o600


def test_a_failure_to_save_is_a_clear_error(tmp_path):
    with pytest.raises(StoreError, match="Choose another path"):
        table_of_frame(frames.activity(rows=5)).save(tmp_path / "missing" / "t.html")


@pytest.mark.parametrize("name", ["t.xlsx", "t.png", "t.pdf", "t"])
def test_another_ending_is_refused(name, tmp_path):
    """The message says how to get a picture."""
    with pytest.raises(ParameterError, match="print it from a browser"):
        table_of_frame(frames.activity()).save(tmp_path / name)


# Of a report


def test_the_table_of_a_report_has_its_name_and_provenance(client):
    report = client.fetch("balance_change_from_activity.itemized", "2026-10", columns=["net", "currency"])
    texts = _Texts(report.table(rows=3).as_raw_html()).texts
    assert "Itemized balance change from activity" in texts
    assert any("2026-10-01 to 2026-10-31, UTC" in text and "data as of" in text for text in texts)
    assert any(report.run.id in text for text in texts)


def test_without_great_tables_the_error_says_what_to_install(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "great_tables", None)
    report = client.fetch("balance.summary", "2026-10")
    with pytest.raises(MissingExtraError, match=r"pip install 'stripe-reports\[tables\]'"):
        report.table()
