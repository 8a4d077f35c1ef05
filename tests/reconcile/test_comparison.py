"""Two reports of one type compared: exact differences, and fees split into volume and rate."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stripe_reports as sr
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError
from stripe_reports.reconcile import comparison
from stripe_reports.render.money import money
from stripe_reports.simulator import Simulator

MONEY = pl.Decimal(38, 6)
ACTIVITY = "balance_change_from_activity"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with DemoClient(Simulator(1, latency=1.0), cache_dir=tmp_path_factory.mktemp("cache")) as made:
        yield made


def rows(*values):
    """The sums of one report: category, currency, gross, fee, count."""
    text, number = pl.String(), MONEY
    schema = {
        "reporting_category": text,
        "currency": text,
        "gross": number,
        "fee": number,
        "count": pl.Int64(),
    }
    table = pl.DataFrame(values, schema, orient="row")
    return table.with_columns(net=(pl.col("gross") - pl.col("fee")).cast(MONEY))


@pytest.fixture(scope="module")
def october(client):
    return client.fetch(f"{ACTIVITY}.summary", "2026-10")


def compared(report, now, before):
    """The comparison of two reports with these rows, in the place of *report*'s own."""
    return sr.compare(_with(report, now), _with(report, before))


def _with(report, table):
    class Made(sr.Report):
        def scan(self):
            return table.lazy()

    return Made(report.request, report.run, report.reuse, report.provenance, report.path)


@pytest.mark.parametrize("by", ["currency", "description"])
def test_balances_are_compared_by_category_only(client, by):
    """The sum of a starting balance, all changes and the ending balance was called the net amount."""
    with pytest.raises(ParameterError, match="Balances are compared by category"):
        client.compare("balance.summary", "2026-10", "2026-09", by=by)
    both = client.compare("balance.summary", "2026-10", "2026-09", by=["category", "description"])
    assert both.sentence == client.compare("balance.summary", "2026-10", "2026-09").sentence


def test_the_chart_has_the_currencies_in_the_order_of_the_table(october):
    """The panels were in the order of all transactions, and the table in that of rows with an amount."""
    few = [("charge", "usd", Decimal(5), Decimal(0), 900)]
    many = [(category, "eur", Decimal(5), Decimal(0), 1) for category in ("charge", "refund", "dispute")]
    found = compared(october, rows(*few, *many), rows())
    assert found.frame()["currency"].unique(maintain_order=True).to_list() == ["eur", "usd"]
    panels = found.chart().to_dict()["vconcat"]
    titles = [panel["layer"][0]["encoding"]["x"]["axis"]["title"] for panel in panels]
    assert titles == ["EUR", "USD"]


def test_the_note_on_days_counts_parts_of_a_day(client):
    """A day and a half were two days, and half a day was none, without a note."""
    noon = [datetime(2026, 10, day, hour, tzinfo=UTC) for day, hour in ((1, 0), (2, 12), (3, 0))]
    found = client.compare(f"{ACTIVITY}.summary", (noon[0], noon[1]), (noon[1], noon[2]))
    assert "has 1.5 days" in found.notes[0]
    assert "has 0.5." in found.notes[0]


def test_balances_of_two_moments_are_named_inside_the_sentence(client):
    """It said 'Net of The balance'."""
    found = client.compare("ending_balance_reconciliation.itemized", "2026-10", "2026-09")
    said = "Net of the balance at the end of 31 Oct 2026 against the balance at the end of 30 Sep 2026: "
    assert found.sentence.startswith(said)


amounts = st.decimals(-(10**6), 10**6, places=3)
tables = st.lists(
    st.tuples(
        st.sampled_from(["charge", "refund", "dispute", "fee", "network_cost", None]),
        st.sampled_from(["eur", "jpy", None]),
        amounts,
        amounts,
        st.integers(0, 1000),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("now", "written"),
    [("1000000.01", "+0.01, +<0.1 %"), ("999999.99", "−0.01, −<0.1 %"), ("1000000", "0.00, 0.0 %")],
)
def test_a_change_is_zero_percent_only_if_nothing_changed(october, now, written):
    """A cent more than a million was +0.0 %."""
    reports = (rows(("charge", "eur", Decimal(gross), Decimal(0), 1)) for gross in (now, "1000000"))
    assert f"({written})" in compared(october, *reports).sentence


@settings(max_examples=25, deadline=None)
@given(now=tables, before=tables)
def test_every_difference_is_exact_and_fees_split_without_a_rest(october, now, before):
    """Volume and rate sum to the change of the fee, and all groups to the totals of both reports."""
    found = compared(october, rows(*now), rows(*before)).frame()
    assert (found["fee_by_volume"] + found["fee_by_rate"] == found["fee_difference"]).all()
    for currency in {each[1] for each in (*now, *before)}:
        of_currency = found.filter(pl.col("currency").eq_missing(pl.lit(currency, pl.String)))
        for table, amount, count in ((now, "amount", "count"), (before, "other_amount", "other_count")):
            chosen = [each for each in table if each[1] == currency]
            assert of_currency[amount].sum() == sum(each[2] - each[3] for each in chosen)
            assert of_currency[count].sum() == sum(each[4] for each in chosen)
        assert (
            of_currency["difference"].sum() == of_currency["amount"].sum() - of_currency["other_amount"].sum()
        )


@given(
    now=st.integers(1, 10**9), before=st.integers(1, 10**9), fee=st.integers(-(10**6), 10**6), gain=amounts
)
def test_the_part_by_volume_is_the_old_rate_times_the_change_of_volume(now, before, fee, gain):
    """(v − V) · F / V, to half a cent; the rest is by rate."""
    both = pl.DataFrame(
        {"gross": [now], "other_gross": [before], "fee": [fee + gain], "other_fee": [fee]},
        schema_overrides=dict.fromkeys(("gross", "other_gross", "fee", "other_fee"), MONEY),
    ).with_columns(currency=pl.lit("eur"), count=1, other_count=1, **{comparison._CATEGORY: pl.lit("charge")})
    exact = Fraction(now - before) * fee / before
    assert abs(Fraction(comparison._by_volume(both)[0]) - exact) <= Fraction(1, 200)


@pytest.mark.parametrize(
    ("now", "before", "volume", "rate"),
    [
        pytest.param(("charge", 200, 6, 9), ("charge", 100, 2, 9), 2, 2, id="twice the sales, a higher rate"),
        pytest.param(("dispute", -90, 40, 2), ("dispute", -10, 20, 1), 20, 0, id="disputes cost a fixed fee"),
        pytest.param(("charge", 100, 3, 9), None, 3, 0, id="nothing before: all of it is volume"),
        pytest.param(None, ("charge", 100, 3, 9), -3, 0, id="nothing now"),
    ],
)
def test_a_change_of_fees_is_split_by_what_the_fee_is_for(october, now, before, volume, rate):
    """A dispute's fee does not depend on its amount."""
    tables = [rows(*([(each[0], "eur", *each[1:])] if each else [])) for each in (now, before)]
    row = compared(october, *tables).frame().row(0, named=True)
    assert (row["fee_by_volume"], row["fee_by_rate"]) == (volume, rate)


def test_the_volume_of_a_stand_alone_fee_is_that_of_the_charges(october):
    """Twice the charges at the same price cost twice as much; a new fee is a change of the rate."""
    before = rows(("charge", "eur", 100, 0, 1), ("network_cost", "eur", -2, 0, 1))
    now = rows(("charge", "eur", 200, 0, 2), ("network_cost", "eur", -4, 0, 1), ("fee", "eur", -1, 0, 1))
    found = compared(october, now, before).frame()
    split = {
        row[0]: row[1:] for row in found.select("reporting_category", "fee_by_volume", "fee_by_rate").rows()
    }
    assert split == {"charge": (0, 0), "network_cost": (2, 0), "fee": (0, 1)}


def test_months_are_compared_by_category_and_currency(client):
    """Month over month, with the number of transactions, the shares, and a sentence."""
    found = client.compare(f"{ACTIVITY}.summary", "2026-10", "2026-09")
    october, september = (client.frame(f"{ACTIVITY}.summary", month) for month in ("2026-10", "2026-09"))
    for table, amount, count in ((october, "amount", "count"), (september, "other_amount", "other_count")):
        key = ["reporting_category", "currency"]
        expected = table.filter(pl.col("net") != 0).select(
            *key, pl.col("net").alias(amount), count=pl.col("count")
        )
        got = found.frame().filter(pl.col(count) != 0).select(*key, amount, count=count)
        assert got.sort(key).equals(expected.sort(key))
    eur = found.frame().filter(currency="eur")
    assert eur["share"].sum() == pytest.approx(Decimal(1), abs=Decimal("0.00001"))
    assert eur["reporting_category"][0] == "charge", "the largest change first"
    charge = eur.row(0, named=True)
    assert charge["change"] == round(charge["difference"] / charge["other_amount"], 6)
    assert found.sentence.startswith(
        "Net of October 2026 against September 2026: 37,921.85 EUR (+861.52, +2.3 %)"
    )
    assert "fees +68.64 (+53.18 from volume, +15.46 from the rate)" in found.sentence
    assert "2,222,778 JPY" in repr(found)
    assert found.notes == ("October 2026 has 31 days, September 2026 has 30.",)
    assert "37,921.85 EUR" in found._repr_html_()


def test_a_year_is_compared_with_the_year_before_by_any_column(client):
    """The columns of *by* are requested too; a month of the same length has no note."""
    found = client.compare(f"{ACTIVITY}.itemized", "2026-10", "2025-10", by="card_brand", currency="eur")
    assert found.by == ("card_brand",)
    assert found.notes == ()
    october = client.frame(f"{ACTIVITY}.itemized", "2026-10", currency="eur")
    assert found.frame()["amount"].sum() == october["net"].sum()
    assert found.frame()["count"].sum() == october.height
    spec = found.chart(theme="dark").to_dict()
    drawn = next(data for data in spec["datasets"].values() if len(data) > 1)
    assert {row["exact"] for row in drawn} == {money(each, "eur") for each in found.frame()["difference"]}


def test_lines_of_a_balance_have_no_share(client):
    """Their sum has no meaning; the sentence names the ending balance."""
    found = client.compare("balance.summary", "2026-10", "2026-09", currency="eur")
    assert found.frame()["share"].null_count() == found.frame().height
    assert found.sentence.startswith("The balance of October 2026 against September 2026: 3,520.35 EUR (")
    assert found.frame()["category"][0] == "starting_balance", "in the order of the report"


def test_months_of_balances_of_several_accounts_are_those_of_each_account(client):
    """The first start of one account is not that of another."""
    asked = {"accounts": ["own", client.simulator.account_ids(1)[0]], "currency": "eur"}
    types = {"balance.summary": "net_amount", "ending_balance_reconciliation.summary": "net"}
    shown = ["amount", "other_amount", "difference"]
    for report_type, amount in types.items():
        months, quarter = (
            [client.fetch_all(report_type, each, split=split, **asked) for each in ("2026-Q3", "2026-Q2")]
            for split in ("month", None)
        )
        key = "category" if amount == "net_amount" else "reporting_category"
        for by in (key, ["account", key]):
            compared = [sr.compare(*each, by=by).frame().sort(by) for each in (months, quarter)]
            assert compared[0].select(shown).equals(compared[1].select(shown))
        with pytest.raises(ParameterError, match="need the column 'interval_end'"):
            sr.compare(*months, by="interval_end")


def test_months_of_balances_are_compared_as_those_of_the_whole_quarter(client):
    """Three starting balances are no amount that anybody has."""
    third, second = (
        client.fetch_all("balance.summary", each, split="month") for each in ("2026-Q3", "2026-Q2")
    )
    whole = client.compare("balance.summary", "2026-Q3", "2026-Q2").frame()
    shown = ["category", "currency", "amount", "other_amount", "difference"]
    assert sr.compare(third, second).frame().select(shown).equals(whole.select(shown))


def test_what_cannot_be_compared_is_refused(client):
    """Reports of different types, a missing column, a frame."""
    activity, balance = (client.fetch(name, "2026-10") for name in (f"{ACTIVITY}.summary", "balance.summary"))
    with pytest.raises(ParameterError, match="reports of one type can be compared"):
        sr.compare(activity, balance)
    with pytest.raises(ParameterError, match="need the column 'card_brand'"):
        sr.compare(activity, activity, by="card_brand")
    with pytest.raises(ParameterError, match="must be a report or a set"):
        sr.compare(activity.frame(), activity)
    other = client.fetch(f"{ACTIVITY}.summary", "2026-09", currency="eur")
    assert "currency is None and 'eur'" in sr.compare(activity, other).notes[1]
