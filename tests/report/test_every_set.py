"""A year of months of every report type: its charts, table, page and Excel file, and what is in its rows."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import openpyxl
import polars as pl
import pytest
from test_every_report import NEWEST

import stripe_reports as sr
from simulator_api import CONNECTED
from stripe_reports import catalog
from stripe_reports.catalog.splitting import check_split, has_totals, why_not_split
from stripe_reports.charts import theme
from stripe_reports.charts.choosing import kinds_for, recipe_for
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError
from stripe_reports.render.currency_order import busiest_first, nonzero_rows
from stripe_reports.simulator import Simulator

YEAR = "2025-11-01/2026-11-01"
OF_MOMENTS = [id_ for id_ in NEWEST if "one moment" in (why_not_split(id_) or "")]
IN_PARTS = [id_ for id_ in NEWEST if why_not_split(id_) is None or id_ in OF_MOMENTS]
COLUMNS = {id_: [column.name for column in catalog.get(id_).columns] for id_ in IN_PARTS}
DRAWN = list({tuple(kinds_for(id_, COLUMNS[id_])): id_ for id_ in reversed(IN_PARTS)}.values())
"""One type for each combination of charts."""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """An account with few charges."""
    simulator = Simulator(1, latency=1.0, charges_per_day=2.0)
    with DemoClient(simulator, livemode=True, cache_dir=tmp_path_factory.mktemp("small")) as client:
        yield client


def year_of(client, id_, **options):
    if id_.startswith("connect_card_payments_fees."):  # run on a connected account
        with sr.demo(livemode=True, account=CONNECTED[0]) as own:
            return own.fetch_all(id_, YEAR, split="month", **options)
    return client.fetch_all(id_, YEAR, split="month", **options)


@pytest.mark.parametrize("id_", DRAWN)
def test_a_year_of_months_has_one_chart_of_each_kind_a_table_a_page_and_a_workbook(small, id_, tmp_path):
    """As one report has, and each chart is small enough to send by mail."""
    year = year_of(small, id_)
    assert year.chart_kinds(), "a type whose columns are known has a chart"
    for kind in year.chart_kinds():
        chart = year.chart(kind, linked=True)
        assert len(chart.to_json(indent=None)) < 200_000
    assert year.table(rows=5).as_raw_html()
    assert "<svg" in year.to_html(rows=5)
    assert year.write_excel(tmp_path / "year.xlsx") == year.frame().height


@pytest.mark.parametrize("id_", [id_ for id_ in DRAWN if has_totals(id_) or id_ in OF_MOMENTS])
def test_rows_of_totals_say_of_which_part_they_are(small, id_):
    """Without it, twelve starting balances could not be told apart."""
    year = year_of(small, id_)
    frame = year.frame()
    ends = [part.request.period_end for part in year.parts if len(part)]
    assert frame["interval_end"].unique().sort().to_list() == ends
    assert ("interval_start" in frame.columns) == has_totals(id_)
    months = pl.concat([part.frame() for part in year.parts])
    assert frame.drop("interval_start", "interval_end", strict=False).equals(months)


@pytest.mark.parametrize("id_", [id_ for id_ in DRAWN if id_ in OF_MOMENTS])
def test_states_at_several_moments_are_added_up_nowhere(small, id_, tmp_path):
    """A balance of March and one of April are not money that was there twice."""
    year = year_of(small, id_)
    columns = year.frame().columns
    assert all(recipe_for(id_, columns, kind).time == ("interval_end",) for kind in year.chart_kinds())
    assert "EUR and" not in str(year.chart().to_dict()["title"]["text"])
    assert "Total EUR" not in year.table(rows=5).as_raw_html()
    year.write_excel(tmp_path / "year.xlsx")
    assert "Totals" not in openpyxl.load_workbook(tmp_path / "year.xlsx").sheetnames
    if "gross" in columns:
        with pytest.raises(ParameterError, match="sum over moments"):
            year.totals()
        by_category = year.table(by="reporting_category", rows=500).as_raw_html()
        assert by_category.count("2026-03-01") > 1


@pytest.fixture(scope="module")
def balances(small):
    """A year of monthly balances."""
    return year_of(small, "balance.summary.2")


def cells(chart):
    """Each figure of a table of balances, by row and column, in EUR."""
    datasets = chart.to_dict()["datasets"].values()
    rows = [row for data in datasets for row in data if row.get("currency") == "eur"]
    return {(row["category"], row["series"]): row["exact"] for row in rows}


def test_a_year_of_balances_is_one_table_from_start_to_end(balances):
    """Each month begins where the last one ended, and the row of all months has the whole change."""
    found = cells(balances.chart())
    months = [name for name, column in found if column == "ending balance"]
    assert months == [
        *(f"{datetime(2025 + n // 12, n % 12 + 1, 1, tzinfo=UTC):%B %Y}" for n in range(10, 22)),
        "Total",
    ]
    for one, after in pairwise(months[:-1]):
        assert found[one, "ending balance"] == found[after, "starting balance"]
    assert found["Total", "starting balance"] == found["November 2025", "starting balance"]
    assert found["Total", "ending balance"] == found["October 2026", "ending balance"]


def test_only_months_whose_activity_is_there_and_adds_up_show_its_parts(small, balances):
    """The others have their gross activity, so that each row leads to its end."""
    quarter = small.fetch_all("balance_change_from_activity.summary", "2026-Q3", split="month").frame()
    is_august = pl.col("interval_start") == datetime(2026, 8, 1, tzinfo=UTC)
    wrong = pl.when(is_august & (pl.col("reporting_category") == "charge")).then(pl.col("gross") + 1)
    found = cells(balances.chart(activity=quarter.with_columns(gross=wrong.otherwise("gross"))))
    assert {name for name, column in found if column == "sales"} == {"July 2026", "September 2026", "Total"}
    assert ("August 2026", "gross activity") in found
    assert ("July 2026", "gross activity") not in found


def test_chart_and_table_have_one_order_of_currencies(small, balances):
    """Whatever is drawn instead of the rows."""
    activity = small.fetch_all("balance_change_from_activity.summary", YEAR, split="month")
    order = [each.upper() for each in busiest_first(nonzero_rows(balances.scan()))]
    page = balances.table(rows=1000).as_raw_html()
    assert sorted(order, key=lambda currency: page.index(f">{currency}<")) == order
    for kind in balances.chart_kinds():
        for options in ({}, {"activity": activity}):
            chart = balances.chart(kind, **options)
            rows = [row for data in chart.to_dict()["datasets"].values() for row in data if row]
            assert list(dict.fromkeys(row["currency"].upper() for row in rows)) == order
            assert order[0] in chart.to_dict()["title"]["text"].partition(" and ")[0]


def test_an_activity_that_does_not_name_its_months_is_refused(small, balances):
    """A summary of the year does not say what happened in March."""
    with pytest.raises(ParameterError, match=r"in the same parts.*split="):
        balances.chart(activity=small.fetch("balance_change_from_activity.summary", YEAR))


def test_a_balance_that_the_row_does_not_explain_has_a_column_for_the_rest(balances):
    """As in the waterfall of one month."""
    draw = recipe_for("balance.summary.2", balances.frame().columns)
    is_start = (pl.col("category") == "starting_balance") & (pl.col("currency") == "eur")
    frame = balances.frame().with_columns(
        net_amount=pl.when(is_start).then(pl.col("net_amount") - 1).otherwise("net_amount")
    )
    assert cells(draw(frame, every="month"))["May 2026", "unexplained"] == "1.00 EUR"


def test_what_changed_between_two_months_is_unexplained_in_the_row_of_all(balances):
    """As after a restatement of months that were stored before: each row is right, their sum is not."""
    draw = recipe_for("balance.summary.2", balances.frame().columns)
    is_later = pl.col("interval_start") >= datetime(2026, 5, 1, tzinfo=UTC)
    is_state = pl.col("category").is_in(["starting_balance", "ending_balance"])
    moved = is_later & is_state & (pl.col("currency") == "eur")
    frame = balances.frame().with_columns(
        net_amount=pl.when(moved).then(pl.col("net_amount") + 1).otherwise("net_amount")
    )
    found = cells(draw(frame, every="month"))
    assert {name: text for (name, column), text in found.items() if column == "unexplained"} == {
        "Total": "1.00 EUR"
    }


def test_a_state_in_the_present_month_is_as_whole_as_any_other(small):
    """Pale bars are sums of a part of a month; a balance at its last moment is no part of one."""
    for id_ in (
        "ending_balance_reconciliation.summary",
        "connect.negative_balance_refunds_disputes_overview",
    ):
        chart = small.fetch_all(id_, "2026", split="month").chart().to_dict()
        assert "Pale" not in str(chart["title"])
        assert "fillOpacity': {'condition'" not in str(chart)


def test_one_minute_of_runs_is_one_time_of_the_data(client):
    """The runs of a quarter are some seconds apart."""
    client.fetch("payouts.summary", "2026-09")
    quarter = client.fetch_all("payouts.summary", "2026-Q3", split="month")
    assert len({part.provenance.as_of for part in quarter.parts}) == 2
    assert quarter.chart().to_dict()["title"]["subtitle"][-1].endswith("data as of 2026-11-05 12:00 UTC")


def test_a_part_of_a_month_is_named_by_its_days(small):
    """The present month ends where the data end."""
    year = small.fetch_all("balance.summary", "2026", split="month")
    rows = list(dict.fromkeys(name for name, _ in cells(year.chart())))
    assert rows[-3:] == ["October 2026", "1–4 Nov 2026", "Total"]


def test_a_year_of_days_shows_the_last_ones_that_fit_and_says_so(balances):
    """A row per day would be too many to read, and days cannot be summed up to balances."""
    one = balances.frame().filter(interval_start=datetime(2026, 1, 1, tzinfo=UTC))
    days = pl.datetime_range(
        datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC), "1d", eager=True
    )
    frame = (
        one.drop("interval_start")
        .join(pl.DataFrame({"interval_start": days}), how="cross")
        .select(one.columns)
    )
    chart = recipe_for("balance.summary.2", frame.columns)(frame, every="day")
    assert len(chart.to_json(indent=None)) < 200_000
    subtitle = str(chart.to_dict()["title"]["subtitle"])
    assert "Not drawn: the first" in subtitle
    assert "days. Draw one currency, or fewer days." in subtitle


def test_a_selected_month_gives_the_rows_of_its_report(balances):
    """In any zone; the row of all months gives all rows."""
    chart = balances.chart(linked=True)
    frame = balances.frame()

    def picked(name):
        found = sr.selection_expr(chart, {"picked": [{"category": name, "currency": "eur"}]})
        return frame.filter(found.expr)

    assert picked("March 2026").equals(
        frame.filter(currency="eur", interval_start=datetime(2026, 3, 1, tzinfo=UTC))
    )
    assert picked("Total").equals(frame.filter(currency="eur"))
    assert theme.remarks(chart)["links"]


def test_a_selected_moment_gives_the_state_of_its_month(small):
    """The end of a month is not included: it is midnight of the next one."""
    year = year_of(small, "ending_balance_reconciliation.summary.1")
    chart = year.chart(linked=True)
    march = sr.selection_expr(chart, {"bar": [{"period": "2026-03-01", "category": "charge"}]})
    found = year.frame().filter(march.expr)
    assert set(found["interval_end"]) == {datetime(2026, 4, 1, tzinfo=UTC)}
    assert set(found["reporting_category"]) == {"charge"}


def test_months_of_a_zone_are_those_of_the_zone(small):
    """A month in Auckland begins on the last day of the month before in UTC."""
    months = small.fetch_all("balance.summary", "2026-Q1", split="month", timezone="Pacific/Auckland")
    assert {name for name, _ in cells(months.chart())} == {
        "January 2026",
        "February 2026",
        "March 2026",
        "Total",
    }


def test_every_type_of_the_catalogue_with_an_interval_is_in_the_tests_above():
    """So that a new one is drawn too."""
    for id_ in set(NEWEST) - set(IN_PARTS):
        assert "payout" in catalog.get(id_).required_parameters
        with pytest.raises(ParameterError, match="one payout"):
            check_split(id_)
