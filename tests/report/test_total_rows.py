"""A summary with a row of all categories together: its parts are rows too, so nothing counts it as well."""

from __future__ import annotations

import openpyxl
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from stripe_reports.charts.selections import selection_expr
from stripe_reports.pages.cells import cells_of

SUMMARIES = ["balance_change_from_activity.summary", "payout_reconciliation.summary"]


def with_a_total(report):
    """The same report with a row "Total" for each currency."""
    rows = report.frame()
    amounts = pl.col("count", "gross", "fee", "net").sum()
    totals = rows.group_by("currency").agg(amounts).with_columns(reporting_category=pl.lit("Total"))
    table = pl.concat([rows, totals.select(rows.columns).cast(rows.schema)])

    class WithTotal(sr.Report):
        def scan(self):
            return table.lazy()

    return WithTotal(report.request, report.run, report.reuse, report.provenance, report.path)


@pytest.fixture(params=SUMMARIES)
def both(request, client):
    """A summary as it is, and with the total."""
    report = client.fetch(request.param, "2026-10")
    return report, with_a_total(report)


def test_a_chart_has_no_bar_for_the_total_and_its_title_no_double_sum(both):
    """The title said twice the net of the month."""
    report, more = both
    for kind in report.chart_kinds():
        usual, chart = (each.chart(kind, linked=True) for each in (report, more))
        assert chart.to_dict()["title"] == usual.to_dict()["title"]
        assert "Total" not in str(chart.to_dict()["datasets"])
        behind = more.scan().filter(selection_expr(chart, {}).expr)
        assert_frame_equal(behind.collect(), report.frame())


def test_totals_of_a_page_a_table_and_a_workbook_count_it_once(both, tmp_path):
    """The total itself stays a row like any other, and a note says so."""
    report, more = both
    subtotals = [
        [part for part in each.table().as_raw_html().split("<tr") if "Total EUR" in part] for each in both
    ]
    assert subtotals[0] == subtotals[1] != []
    sheets = []
    for number, each in enumerate(both):
        each.write_excel(tmp_path / f"{number}.xlsx")
        sheets.append(openpyxl.load_workbook(tmp_path / f"{number}.xlsx"))
    usual, book = sheets
    assert list(book["Totals"].values) == list(usual["Totals"].values)
    said = f"{report.frame()['currency'].n_unique()} rows are in no total: other rows already add up to them."
    assert dict(book["About"].values)["totals"] == said
    assert "totals" not in dict(usual["About"].values)
    for shown, other in (
        (more.to_html(), report.to_html()),
        (more.table().as_raw_html(), report.table().as_raw_html()),
    ):
        assert said in shown
        assert "in no total" not in other


def test_a_total_without_a_currency_is_still_a_row_of_the_table(client):
    """It would be in no currency's part, since no row without a currency is counted."""
    report = client.fetch(SUMMARIES[0], "2026-10")
    total = (
        report.frame()
        .head(1)
        .with_columns(
            reporting_category=pl.lit("total"),
            currency=pl.lit(None, pl.String),
            count=pl.lit(98765, pl.Int64),
        )
    )
    table = cells_of(pl.concat([report.frame(), total]), counted=report.frame().lazy())
    assert [part.currency for part in table.parts][-1] == "no currency"
    assert any("98,765" in row for row in table.parts[-1].rows)
    assert table.parts[-1].total is None


def test_a_comparison_and_a_tie_out_count_it_once(both, client):
    """With it, every change would be twice as large."""
    report, more = both
    assert sr.compare(more, more).frame().equals(sr.compare(report, report).frame())
    base = report.request.report_type.partition(".summary")[0]
    parts = client.fetch_all(f"{base}.itemized", "2026-10")
    assert parts.tie_out(more)["passes"].all()
