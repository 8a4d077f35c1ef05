"""Charts of accounts whose fees are rows of their own: the same figures as their reports, to the cent."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_chart_recipes import exact, panels, sums, table

import named_recipes as recipes
import report_frames as frames
from played_reports import EVERY_TERMS, INTERCHANGE_PLUS, STAND_ALONE
from stripe_reports.charts.selections import selection_expr
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError
from stripe_reports.render.money import money
from stripe_reports.simulator import Simulator

MONTHS = st.sampled_from(["2026-10", "2026-09", "2026-Q3", "2025-03", "2026-10-05/2026-10-12"])
accounts = st.tuples(st.integers(1, 4), st.sampled_from(EVERY_TERMS))
exactly = settings(max_examples=6, deadline=None)
FEES = ["fee", "network_cost"]


@cache
def client(seed=1, terms=INTERCHANGE_PLUS):
    terms = replace(terms, lists_payouts=True)
    return DemoClient(Simulator(seed, latency=1.0, charges_per_day=6.0, terms=terms))


@exactly
@given(account=accounts, period=MONTHS)
def test_gross_and_fees_are_those_of_the_balance_summary(account, period):
    """A fee in a row of its own is drawn as a fee, and its tax with it."""
    activity = client(*account).frame("balance_change_from_activity.itemized.3", period)
    figures = client(*account).frame("balance.summary.2", period)
    found = sums(recipes.gross_fee_net(activity), "category")
    for is_gross, category in ((True, "activity_gross"), (False, "activity_fee")):
        shown = Counter({currency: Decimal(0) for currency, _ in found})
        for (currency, name), value in found.items():
            shown[currency] += value * ((name == "gross") == is_gross)
        expected = dict(figures.filter(category=category).select("currency", "net_amount").rows())
        assert {c: v for c, v in shown.items() if v} == {c: v for c, v in expected.items() if c and v}


@exactly
@given(account=accounts, period=MONTHS)
def test_a_fee_rate_has_all_fees_of_the_charges_and_no_tax(account, period):
    """In the charges, or beside them: an account that pays beside them does not pay nothing."""
    activity = client(*account).frame("balance_change_from_activity.itemized.3", period)
    chart = recipes.fee_rate(activity)
    alone = pl.col("reporting_category").is_in(FEES) & (account[1].pricing != "blended")
    is_charge = pl.col("reporting_category") == "charge"
    fees = pl.when(is_charge).then("fee").when(alone).then(-pl.col("gross")).otherwise(0)
    for currency, points in panels(chart):
        here = activity.filter(currency=currency)
        points = [point for point in points if point["fees"]]
        assert sum(exact(point["fees"]) for point in points) == here.select(fees.sum()).item()
        assert sum(exact(point["of"]) for point in points) == here.filter(is_charge)["gross"].sum()
    counted = activity.filter(selection_expr(chart, {}).expr)
    assert counted.select(fees.sum()).item() == activity.select(fees.sum()).item()


@pytest.mark.parametrize("terms", [INTERCHANGE_PLUS, STAND_ALONE], ids=lambda terms: terms.pricing)
def test_fees_beside_the_charges_are_one_line_and_the_chart_says_so(terms):
    """They have no card brand; a rate of zero for each brand would be false."""
    report = client(1, terms).fetch("balance_change_from_activity.itemized.3", "2026-Q3", columns="all")
    chart = report.chart("fee_rate", currency="eur", every="quarter")
    ((_, points),) = panels(chart)
    assert {point["category"] for point in points} == {"all charges"}
    assert all(0.01 < point["value"] < 0.06 for point in points if point["value"])
    assert "without tax" in str(chart.to_dict()["title"]["subtitle"])
    with pytest.raises(ParameterError, match="rows of their own"):
        report.chart("fee_rate", by="card_brand")


@exactly
@given(account=accounts, period=MONTHS)
def test_a_payout_is_not_drawn_as_its_own_transaction(account, period):
    """Neither in its composition nor in the other charts of a reconciliation, and no selection has it."""
    own = client(*account)
    named = [
        "automatic_payout_id",
        "source_id",
        "created",
        "reporting_category",
        "currency",
        "gross",
        "fee",
        "net",
    ]
    report = own.fetch("payout_reconciliation.itemized.7", period, columns=named)
    frame = report.frame()
    rows = frame.filter(pl.col("source_id").ne_missing(pl.col("automatic_payout_id")))
    assert rows.height < frame.height or frame.is_empty()
    paid = own.frame("payouts.itemized.5", period).filter(
        pl.col("reporting_category") == "payout",
        pl.col("payout_id").is_in(rows["automatic_payout_id"].implode()),
    )
    nets = {key: value for key, value in table(paid, "net").items() if value}
    for kind in ("payouts", "net"):
        chart = report.chart(kind)
        assert {key: value for key, value in sums(chart).items() if value} == nets
        assert frame.filter(selection_expr(chart, {}).expr).equals(rows)
    summary = own.frame("payout_reconciliation.summary.2", period)
    for composition in (report.chart("composition"), recipes.payout_composition(summary)):
        wholes = {currency: exact(bars[-1]["amount"]) for currency, bars in panels(composition)}
        assert {(currency,): whole for currency, whole in wholes.items() if whole} == nets


def test_the_totals_of_a_reconciliation_leave_out_the_payouts_that_it_lists():
    """Printed, on its page, and of many months: otherwise each currency sums to zero."""
    report = client(1).fetch("payout_reconciliation.itemized.7", "2026-10", currency="eur")
    listed = report.frame()
    net = listed.filter(pl.col("reporting_category") != "payout")["net"].sum()
    assert listed["net"].sum() == 0 < net
    total = money(net, "eur").removesuffix(" EUR")
    assert total in report.table(rows=3).as_raw_html()
    assert report.to_html(rows=3).count(total) >= 2
    by_category = report.table(by="reporting_category").as_raw_html()
    assert total in by_category
    assert "payout" not in by_category.partition("<tbody")[2].replace("payout_", "")
    year = client(1).fetch_all("payout_reconciliation.itemized.7", "2026-Q3", split="month", currency="eur")
    rows = year.frame().filter(pl.col("reporting_category") != "payout")
    assert year.totals().rows() == [
        ("eur", rows.height, *(rows[name].sum() for name in ("gross", "fee", "net")))
    ]
    assert year.tie_out(client(1).fetch(year.summary_request()))["passes"].all()


@pytest.mark.parametrize("has_source", [True, False])
def test_a_selection_has_no_payout_whichever_columns_tell_it(has_source):
    """By its source where the report has it, else by its category."""
    frame = frames.activity(1, rows=40, currencies=["eur"])
    frame = frame.with_columns(source_id=pl.lit("ch_1"))
    payout = frame.head(1).with_columns(reporting_category=pl.lit("payout"), source_id="automatic_payout_id")
    listed = pl.concat([frame, payout])
    listed = listed if has_source else listed.drop("source_id")
    chart = recipes.payouts_made_of(listed, top=20)
    assert sums(chart) == table(frame, "net")
    found = selection_expr(chart, {})
    assert listed.filter(found.expr).height == frame.height
    assert listed.filter(eval(found.code, {"pl": pl})).equals(listed.filter(found.expr))  # noqa: S307


def test_a_payout_with_a_fee_is_drawn_as_what_the_bank_gets():
    """Gross 55, fee -1, net 56: the bank gets 55."""
    frame = frames.payouts(1, rows=1, currencies=["eur"]).with_columns(
        gross=pl.lit(Decimal(55)).cast(pl.Decimal(38, 6)),
        fee=pl.lit(Decimal(-1)).cast(pl.Decimal(38, 6)),
        net=pl.lit(Decimal(56)).cast(pl.Decimal(38, 6)),
    )
    assert sums(recipes.payouts_over_time(frame)) == {("eur",): Decimal(55)}
    assert sums(recipes.payouts_over_time(frame.drop("gross"))) == {("eur",): Decimal(56)}
