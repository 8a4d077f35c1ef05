"""The activity by component: a balance transaction as its gross, fees and taxes, which add up to its net."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings

import stripe_reports as sr
from played_reports import frame, intervals, random_ledgers
from stripe_reports import catalog
from stripe_reports.catalog.natural_keys import money_of, natural_key

ITEMIZED, SUMMARY = "activity.itemized.3", "activity.summary.1"
ACTIVITY = "balance_change_from_activity.itemized.3"
KEY = ("balance_transaction_id", "balance_transaction_component", "fee_id", "activity_at")
MONEY = pl.Decimal(38, 6)
IS_GROSS = pl.col("balance_transaction_component") == "gross"

# As the loaders of several companies declare it: six decimals, times without a zone, plain dates.
HEADER = (
    *("balance_transaction_id", "balance_transaction_created_at", "balance_transaction_reporting_category"),
    *("balance_transaction_component", "activity_at", "activity_interval_type", "activity_start_date"),
    *("activity_end_date", "currency", "amount", "fee_id", "automatic_payout_effective_at"),
)
FILE = "\n".join(
    [
        ",".join(HEADER),
        "txn_1,2026-10-01 00:31:15,charge,gross,2026-10-01 00:31:15,,,,usd,69.350000,,2026-10-06 00:00:00",
        "txn_1,2026-10-01 00:31:15,charge,interchange,2026-10-01 00:31:15,,,,usd,-0.005991,fee_1,",
        "txn_2,2026-10-02 03:00:00,fee,other_fee,2026-10-01 00:00:00,range,2026-10-01,2026-10-01,usd,-0.02,,",
        "",
    ]
).encode()
any_ledger = random_ledgers(0.3, 3.0)


@pytest.mark.parametrize("report_type", [None, "activity.itemized", "activity.itemized.2", ITEMIZED])
def test_a_file_is_read_with_exact_types(report_type):
    """Six decimals of a cent, instants in UTC, days as dates; also if only its header tells what it is."""
    read = sr.read_csv(FILE, report_type=report_type) if report_type else sr.read_csv(FILE)
    assert read.schema["amount"] == MONEY
    assert read["amount"].to_list() == [Decimal("69.35"), Decimal("-0.005991"), Decimal("-0.02")]
    assert read.schema["activity_at"] == pl.Datetime("us", "UTC")
    assert read.schema["automatic_payout_effective_at"] == pl.Datetime("us", "UTC")
    assert read.schema["activity_start_date"] == pl.Date()
    assert natural_key(read.columns, report_type) == KEY
    assert money_of(read.columns, report_type) == ("amount", "currency")


@settings(deadline=None, max_examples=10)
@given(any_ledger, intervals())
def test_the_components_of_each_transaction_sum_to_its_net(ledger, interval):
    """Gross is its gross, all others are minus its fee; every transaction of the activity is there."""
    parts, whole = frame(ITEMIZED, interval, ledger), frame(ACTIVITY, interval, ledger)
    amount = pl.col("amount")
    sums = parts.group_by("balance_transaction_id", maintain_order=True).agg(
        gross=amount.filter(IS_GROSS).sum(), fee=-amount.filter(~IS_GROSS).sum(), net=amount.sum()
    )
    assert sums.equals(whole.select(sums.columns))
    assert parts.select(KEY).is_unique().all()


@settings(deadline=None, max_examples=5)
@given(any_ledger, intervals())
def test_the_fees_of_the_components_are_those_of_all_fees(ledger, interval):
    """Amount and tax, in each currency; stand-alone fees are transactions of their own, with their tax."""
    category = pl.col("balance_transaction_reporting_category")
    parts = frame(ITEMIZED, interval, ledger).filter(~category.is_in(["fee", "network_cost"]))
    fees = frame("all_fees.balance_transaction_created.itemized.2", interval, ledger)
    fees = fees.filter(pl.col("fee_transaction_id").is_null())
    left = parts.filter(~IS_GROSS).group_by("currency").agg(amount=-pl.col("amount").sum())
    assert left.sort("currency").equals(
        fees.group_by("currency").agg(pl.col("amount").sum()).sort("currency")
    )


@settings(deadline=None, max_examples=5)
@given(any_ledger, intervals())
def test_the_summary_is_that_of_the_balance_change(ledger, interval):
    """The same six columns over the same transactions."""
    other = frame("balance_change_from_activity.summary.1", interval, ledger)
    assert frame(SUMMARY, interval, ledger).equals(other)


def test_the_amount_that_a_customer_saw_is_of_the_gross_alone(client):
    """Empty for disputes, negative for refunds."""
    rows = client.frame(ITEMIZED, "2026-09")
    seen = pl.col("customer_facing_amount")
    category = pl.col("balance_transaction_reporting_category")
    assert rows.filter(~IS_GROSS | (category == "dispute")).select(seen.is_null().all()).item()
    assert rows.filter(IS_GROSS & (category == "refund")).select((seen < 0).all()).item()
    assert rows.filter(IS_GROSS & (category == "charge")).select((seen > 0).all()).item()


def test_components_tie_out_with_the_activity(client):
    """By transaction, so errors do not cancel out; the rows behind a difference are the transaction's."""
    activity, parts = client.frame(ACTIVITY, "2026-10"), client.frame(ITEMIZED, "2026-10")
    tied = sr.tie_out(activity=activity, components=parts)
    control = "each transaction = its components"
    assert control in tied.frame()["control"].to_list()
    assert tied.passes
    first = pl.when(pl.int_range(pl.len()) == 0).then(1).otherwise(0)
    changed = parts.with_columns(amount=(pl.col("amount") + first).cast(MONEY))
    broken = sr.tie_out(activity=activity, components=changed)
    assert broken.failed()["control"].to_list() == [control]
    assert broken.failed()["difference"].to_list() == [Decimal(-1)]
    rows = broken.rows(control)
    assert set(rows["balance_transaction_id"]) == {parts["balance_transaction_id"][0]}
    assert rows["report"].unique(maintain_order=True).to_list() == ["activity", "components"]


def test_a_frame_that_is_not_the_components_is_refused(client):
    """With the name of the report that it looks like."""
    activity = client.frame(ACTIVITY, "2026-10")
    with pytest.raises(
        sr.errors.ParameterError, match=r"components must be activity\.itemized.*pass it as activity"
    ):
        sr.tie_out(components=activity)
    with pytest.raises(sr.errors.ParameterError, match="pass it as components="):
        sr.tie_out(activity=client.frame(ITEMIZED, "2026-10"))


def test_it_is_compared_by_component(client):
    """A fee that Stripe changed later is one changed row."""
    rows = client.frame(ITEMIZED, "2026-10")
    cheaper = rows.with_columns(amount=pl.when(IS_GROSS).then("amount").otherwise(pl.col("amount") / 2))
    found = sr.diff(rows, cheaper.cast({"amount": MONEY}), report_type=ITEMIZED)
    assert (found.added.height, found.removed.height) == (0, 0)
    assert found.changed.height == rows.filter(~IS_GROSS).height


def test_it_is_drawn_and_written(client, tmp_path):
    """The chart adds up to the net of the month; Excel has numbers."""
    for id_, kind in ((ITEMIZED, "components"), (SUMMARY, "categories")):
        report = client.fetch(id_, "2026-10")
        assert list(report.chart_kinds()) == [kind]
        assert report.chart(linked=True).to_dict()["title"]["text"]
        assert report.write_excel(tmp_path / f"{id_}.xlsx") == len(report)


def test_its_facts_are_marked_as_reported():
    """Several loaders run it; no page of Stripe describes it."""
    for id_ in ("activity.itemized.2", ITEMIZED, SUMMARY):
        type_ = catalog.get(id_)
        assert {type_.evidence, *(column.evidence for column in type_.columns)} == {"reported"}
        assert not type_.columns_complete
    assert catalog.newest("activity.itemized") == ITEMIZED
