"""The reports on connected accounts: what each sold, what it was paid out, and what its cards cost."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stripe_reports as sr
from played_reports import (
    DAY,
    KNOWN,
    PUBLISHED,
    SEPTEMBER,
    account_and_payout,
    frame,
    happened,
    intervals,
    major,
    named_in,
    sums,
)
from stripe_reports import catalog
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.ledger.connected_accounts import connected_accounts
from stripe_reports.simulator.ledger.ledger import USUAL_ACCOUNTS, Ledger
from stripe_reports.simulator.reports import reports
from stripe_reports.simulator.reports.tax import taxed

# A platform is fourteen more ledgers, and the small accounts share one: a few seeds, whose accounts are kept.
random_ledgers = st.builds(
    Ledger.of, st.integers(0, 3), st.just(2.0), accounts=st.sampled_from([USUAL_ACCOUNTS, 20])
)
for_every_ledger = settings(deadline=None, max_examples=4)


# Connect


def test_connected_accounts_have_a_long_tail():
    """The largest sells more than the six smallest in its currency, and every account sells something."""
    rows = frame("connected_account_balance_change_from_activity.itemized.3", SEPTEMBER, Ledger.of(1))
    sold = rows.filter(reporting_category="charge", currency="eur").group_by("connected_account")
    eur = sold.agg(pl.col("gross").sum()).sort("gross", descending=True)["gross"]
    assert rows["connected_account"].n_unique() == len(connected_accounts(Ledger.of(1)))
    assert eur[0] > 2 * eur[1]
    assert eur[0] > eur[-3:].sum()


@given(ledger=random_ledgers, asked=intervals())
@for_every_ledger
def test_the_reports_on_connected_accounts_agree_like_the_platforms(ledger, asked):
    """Summaries count the rows of itemised types; starting, activity and payouts give the ending."""
    balance = frame("connected_account_balance.summary.1", asked, ledger)
    figures = {(c, k): n for k, _, n, c in balance.rows() if c}
    activity = frame("connected_account_balance_change_from_activity.itemized.3", asked, ledger)
    paid = frame("connected_account_payouts.itemized.3", asked, ledger)
    open_ = frame("connected_account_ending_balance_reconciliation.itemized.4", asked, ledger)
    for currency in {currency for currency, _ in figures}:
        f = {k: n for (c, k), n in figures.items() if c == currency}
        start, moved, out, end = (
            f.get(name, 0) for name in ("starting_balance", "activity", "payouts", "ending_balance")
        )
        assert start + moved + out == end
        assert activity.filter(currency=currency)["net"].sum() == moved
        assert -paid.filter(currency=currency)["net"].sum() == out
        assert open_.filter(currency=currency)["net"].sum() == end
    for family in ("balance_change_from_activity", "payouts", "payout_reconciliation"):
        version = max(
            t.version
            for t in catalog.report_types().values()
            if t.base == f"connected_account_{family}.itemized"
        )
        rows = frame(f"connected_account_{family}.itemized.{version}", asked, ledger)
        counted = rows.group_by("currency", "reporting_category").agg(
            pl.len(), pl.col("gross", "fee", "net").sum()
        )
        summed = frame(f"connected_account_{family}.summary.1", asked, ledger)
        summed = summed.select(
            "currency", "reporting_category", pl.col("count").cast(pl.UInt32), "gross", "fee", "net"
        )
        assert sorted(counted.rows()) == sorted(summed.rows())


@given(ledger=random_ledgers, asked=intervals(), number=st.integers(0, 13))
@for_every_ledger
def test_the_rows_of_one_connected_account_are_the_same_in_all_three_ways(ledger, asked, number):
    """By ``connected_account``, by ``connected_accounts``, and by the header ``Stripe-Account``."""
    id_ = connected_accounts(ledger)[number].id
    report_type = "connected_account_balance_change_from_activity.itemized.3"
    every = frame(report_type, asked, ledger)
    one = frame(report_type, asked | {"connected_account": id_}, ledger)
    listed = frame(report_type, asked | {"connected_accounts": [id_]}, ledger)
    own = frame("balance_change_from_activity.itemized.3", asked, ledger, account=id_)
    assert one.equals(every.filter(connected_account=id_))
    assert listed.equals(one)
    assert own.equals(one.drop("connected_account"))


def test_a_client_acts_for_a_connected_account(tmp_path):
    """Only ``account=`` is needed: the same types, other figures, and other payouts by id."""
    simulator = Simulator(seed=1, charges_per_day=6.0, latency=1.0)
    account, payout = account_and_payout()
    with (
        DemoClient(simulator, cache_dir=tmp_path / "platform") as platform,
        DemoClient(simulator, cache_dir=tmp_path / "account", account=account, livemode=True) as own,
    ):
        seen = platform.frame("connected_account_balance.summary", "2026-09", connected_account=account)
        assert own.frame("balance.summary.1", "2026-09").equals(seen)
        settled = own.frame("payout_reconciliation.by_id.summary", payout=payout)
        assert settled["net"].sum() > 0
        costs = own.frame("connect_card_payments_fees.plan_level", "2026-09")
        assert set(costs["connected_account_id"]) == {account}


@pytest.mark.parametrize(
    "report_type", [id_ for id_ in KNOWN if id_.startswith("connected_account") and "itemized" in id_]
)
def test_filters_select_rows_of_connected_accounts_without_changing_them(report_type):
    """Currency, category and account."""
    ledger = Ledger.of(1, 6.0)
    takes, asked = catalog.get(report_type).parameters, SEPTEMBER | named_in(report_type, ledger)
    shown = (
        "connected_account",
        "reporting_category",
        "currency",
        "balance_transaction_id",
        "id",
        "net",
        "total",
    )
    names = [name for name in shown if catalog.get(report_type).column(name)]
    every = frame(report_type, asked, ledger, columns=names)
    for name, wanted in (
        ("currency", "usd"),
        ("reporting_category", "refund"),
        ("reporting_category", "payout"),
        ("connected_account", account_and_payout()[0]),
    ):
        if name in takes:
            kept = frame(report_type, asked | {name: wanted}, ledger, columns=names)
            assert kept.equals(every.filter(pl.col(name) == wanted))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        pytest.param({"connected_account": "acct_nobody"}, "No such account: 'acct_nobody'", id="one"),
        pytest.param({"connected_accounts": ["acct_a"]}, "No such account: 'acct_a'", id="several"),
    ],
)
def test_an_account_that_is_not_connected_is_refused(client, parameters, message):
    """An empty file would look like an answer."""
    request = client.request(
        "connected_account_balance_change_from_activity.summary.1", "2026-09", **parameters
    )
    with pytest.raises(sr.StripeReportsError, match=message):
        client.launch(request)


def test_a_payout_is_found_only_in_its_own_account(client):
    """The platform's payouts are not those of a connected account."""
    _, payout = account_and_payout()
    type_ = "connected_account_payout_reconciliation.by_id.summary.1"
    with pytest.raises(sr.StripeReportsError, match="No such payout"):
        client.launch(
            client.request(type_, connected_account=connected_accounts(Ledger.of(1))[1].id, payout=payout)
        )


@given(ledger=random_ledgers, end=st.integers(PUBLISHED - 500 * DAY, PUBLISHED))
@for_every_ledger
def test_negative_balances_are_those_of_the_balance_report(ledger, end):
    """A balance is the ending balance and the amount being collected; all below zero are listed."""
    rows = frame("connect.negative_balance_refunds_disputes_overview.1", {"interval_end": end}, ledger)
    asked = {"interval_start": end - 7 * DAY, "interval_end": end}
    shown = {(row["account_id"], row["currency"]): row for row in rows.to_dicts()}
    for account in connected_accounts(ledger):
        balance = frame("balance.summary.1", asked, ledger, account=account.id)
        for currency, ending in (
            balance.filter(category="ending_balance").select("currency", "net_amount").rows()
        ):
            row = shown.get((account.id, currency))
            assert row or currency is None or ending >= 0
            if row:
                assert row["balance_excluding_pending_debits"] == ending
                assert row["balance"] - row["pending_debits"] == ending
                week = (
                    happened(account.ledger, asked)
                    .filter(pl.col("currency") == currency)
                    .with_columns(major("gross"))
                )
                for name in ("refund", "dispute"):
                    moved = week.filter(pl.col("reporting_category") == name)["gross"].sum()
                    assert row[f"{name}ed_amount_7d" if name == "refund" else "disputed_amount_7d"] == -moved


# Interchange-plus fees


@given(ledger=random_ledgers, asked=intervals(days=60))
@for_every_ledger
def test_interchange_plus_has_six_decimals_and_sums_to_the_fee_charged(ledger, asked):
    """The parts of a row add up to its total, which is the fee of its balance transaction."""
    type_ = "connect_card_payments_fees.transaction_level.1"
    rows = frame(type_, asked, ledger)
    text = pl.read_csv(bytes(reports.csv(ledger, catalog.get(type_), asked, PUBLISHED)), infer_schema=False)
    parts = [
        "card_scheme_fee",
        "interchange_fee",
        "discount_fee",
        "non_transactional_card_scheme_fee",
        "platform_application_fee",
    ]
    for name in (*parts, "total_amount"):
        assert text[name].str.contains(r"^-?\d+\.\d{6}$").all()
    assert rows.filter(pl.sum_horizontal(parts) != pl.col("total_amount")).is_empty()
    charges = rows.filter(fee_category="charge")
    assert charges.filter(pl.any_horizontal(pl.col(parts) < 0)).is_empty()
    activity = frame(
        "connected_account_balance_change_from_activity.itemized.3",
        asked,
        ledger,
        columns=["balance_transaction_id", "reporting_category", "gross", "fee", "payment_method_type"],
    )
    is_fee = pl.col("reporting_category") == "fee"
    carries = is_fee | ((pl.col("payment_method_type") == "card") & (pl.col("fee") != 0))
    charged = activity.filter(carries).select(
        "balance_transaction_id", pl.when(is_fee).then(-pl.col("gross")).otherwise("fee")
    )
    assert sums(rows.select("balance_transaction_id", "total_amount"), "id") == sums(charged, "id")


@given(ledger=random_ledgers, asked=intervals(days=60))
@for_every_ledger
def test_plans_add_up_to_the_transactions(ledger, asked):
    """By account, currency and category of cost."""
    rows = frame("connect_card_payments_fees.transaction_level.1", asked, ledger)
    plans = frame("connect_card_payments_fees.plan_level.1", asked, ledger)
    by = ["connected_account_id", "fee_currency"]
    expected = pl.concat(
        rows.group_by(by).agg(category=pl.lit(category), total=pl.sum_horizontal(pl.col(names).sum()))
        for category, names in (
            ("interchange", ["interchange_fee", "discount_fee"]),
            ("card_scheme", ["card_scheme_fee", "non_transactional_card_scheme_fee"]),
        )
    )
    got = plans.group_by(*by, "network_cost_category").agg(pl.col("total_amount").sum())
    assert sums(got, *by, "category") == sums(expected, *by, "category")


# Taxes


@given(ledger=random_ledgers, asked=intervals(days=60))
@for_every_ledger
def test_taxes_of_connected_accounts_are_those_in_their_own_charges(ledger, asked):
    """For each account."""
    rows = frame("connected_account_tax.transactions.itemized.2", asked, ledger)
    got = rows.group_by("connected_account", "currency").agg(pl.col("tax_amount").sum())
    expected = [
        happened(account.ledger, asked)
        .lazy()
        .filter(pl.col("reporting_category").is_in(["charge", "refund"]))
        .pipe(lambda rows, draws=account.ledger.draws: taxed(draws, rows))
        .with_columns(pl.col("currency").cast(pl.String), tax=major("tax"))
        .group_by(pl.lit(account.id), "currency")
        .agg(pl.col("tax").sum())
        .collect()
        for account in connected_accounts(ledger)
    ]
    assert sums(got, "account", "currency") == sums(pl.concat(expected), "account", "currency")
