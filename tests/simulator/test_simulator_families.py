"""Every report type with known columns is simulated, and agrees with the ledger where they overlap.

``test_simulator_reports.py`` has those on the platform's own balance, ``test_simulator_connect.py`` those on
connected accounts.
"""

import contextlib
import hashlib
import re
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings

import stripe_reports as sr
from played_reports import (
    DAY,
    INTERCHANGE_PLUS,
    KNOWN,
    PUBLISHED,
    SEPTEMBER,
    frame,
    intervals,
    major,
    named_in,
    random_ledgers,
    sums,
)
from stripe_reports import catalog
from stripe_reports.demo_client import DemoClient
from stripe_reports.parsing.schema import schema_of
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.ledger import pools
from stripe_reports.simulator.ledger.jurisdictions import PLACES
from stripe_reports.simulator.ledger.ledger import ACCOUNT_OPENED, Ledger
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.reports import reports

UNKNOWN = [type_.id for type_ in catalog.report_types().values() if not type_.columns]

any_ledger = random_ledgers(0.3, 3.0)
for_every_ledger = settings(deadline=None, max_examples=10)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A client with a live key, to which every type is offered."""
    simulator = Simulator(seed=1, charges_per_day=6.0, latency=1.0)
    with DemoClient(simulator, cache_dir=tmp_path_factory.mktemp("live"), livemode=True) as client:
        yield client


# Every type


@pytest.mark.parametrize("report_type", KNOWN)
def test_every_type_with_known_columns_is_simulated(live, report_type):
    """All columns, read by the client with the catalogue's types, and not empty."""
    type_ = catalog.get(report_type)
    names = [column.name.replace("[key]", "[order_id]") for column in type_.columns]
    zone = "Europe/Paris" if "timezone" in type_.parameters else None
    options = named_in(report_type, live.simulator.ledger)
    options |= {"columns": names} if "columns" in type_.parameters else {}
    options |= {"timezone": zone} if zone else {}
    period = "2026-09" if {"payout", "tax_invoice_month"}.isdisjoint(options) else None
    with contextlib.ExitStack() as stack:
        if report_type.startswith("connect_card_payments_fees."):  # run on a connected account
            account = live.simulator.organisation[0].connected_accounts[0].id
            live = stack.enter_context(DemoClient(live.simulator, account=account, livemode=True))
        table = live.frame(report_type, period, **options)
    assert dict(table.schema) == schema_of(names, type_, zone or "UTC")
    assert table.height > 0


@pytest.mark.parametrize("report_type", KNOWN)
def test_columns_are_in_the_requested_order(report_type):
    """Any of them, backwards too."""
    type_ = catalog.get(report_type)
    if "columns" in type_.parameters:
        names = [column.name.replace("[key]", "[note]") for column in type_.columns][::-2]
        ledger = Ledger.of(1, 6.0)
        table = frame(report_type, SEPTEMBER | named_in(report_type, ledger), ledger, columns=names)
        assert table.columns == names


@pytest.mark.parametrize("report_type", UNKNOWN)
def test_a_type_with_unknown_columns_is_refused_with_the_reason(live, report_type):
    """Columns are not invented."""
    with pytest.raises(sr.StripeReportsError, match="its columns are not published"):
        live.launch(live.request(report_type, "2026-09"))


def test_live_only_types_are_offered_to_live_keys_only(client, live):
    """A test key gets the reason."""
    offered = {type_.id for type_ in live.report_types()}
    in_test_mode = {type_.id for type_ in client.report_types()}
    assert {id_ for id_ in offered if catalog.get(id_).livemode_only} == offered - in_test_mode != set()
    for id_ in offered - in_test_mode:
        with pytest.raises(sr.StripeReportsError, match="only available for live data"):
            client.launch(client.request(id_, "2026-09"))


def test_a_seed_gives_the_same_bytes_on_any_machine():
    """Stored results belong to a seed and a ledger version; a change needs a new LEDGER_VERSION."""
    digest, ledger = hashlib.sha256(), Ledger.of(1, 5.0)
    for id_ in KNOWN:
        type_ = catalog.get(id_)
        if type_.family not in ("balance", "payout_reconciliation") and "payout" not in type_.parameters:
            asked = {name: value for name, value in SEPTEMBER.items() if name in type_.parameters}
            asked |= named_in(id_, ledger)
            digest.update(bytes(reports.csv(ledger, type_, asked, PUBLISHED)))
    assert digest.hexdigest()[:16] == "25cdf88ffea3497c"


@pytest.mark.parametrize("sign", [",", "."])
def test_the_decimal_separator_is_a_point_by_default(sign):
    """Revenue recognition calls the parameter ``decimal_format``."""
    type_ = catalog.get("revenue_recognition.debit_credit_summary.1")
    point = bytes(reports.csv(Ledger.of(1, 2.0), type_, SEPTEMBER, PUBLISHED))
    other = bytes(reports.csv(Ledger.of(1, 2.0), type_, SEPTEMBER | {"decimal_format": sign}, PUBLISHED))
    assert other == re.sub(rb'"(\d+)\.(\d+)"', rb'"\1%b\2"' % sign.encode(), point)


@pytest.mark.parametrize(
    "report_type",
    [id_ for id_ in KNOWN if {"timezone", "interval_end"} <= set(catalog.get(id_).parameters)],
)
def test_a_time_zone_moves_local_times_and_no_row(report_type):
    """In Tokyo every local time is nine hours later; else only the labels of a summary differ."""
    kinds = {column.name: column.kind for column in catalog.get(report_type).columns}
    is_summary = "summary" in report_type
    names = [n for n, kind in kinds.items() if kind != "metadata" and not (is_summary and n == "description")]
    at_home, in_tokyo = (
        frame(report_type, SEPTEMBER | {"timezone": zone}, Ledger.of(1, 2.0), columns=names)
        for zone in ("Etc/UTC", "Asia/Tokyo")
    )
    local = pl.col(name for name in names if kinds[name] == "datetime_local")
    later = at_home.with_columns(local.str.to_datetime().dt.offset_by("9h").dt.strftime("%F %T"))
    assert later.equals(in_tokyo)


# Fees


@given(ledger=any_ledger, asked=intervals())
@for_every_ledger
def test_fees_add_up_to_the_fees_of_their_balance_transactions(ledger, asked):
    """For each transaction, and so for each currency and period, including stand-alone fees.

    Fees by charge are finer than the transaction that has them: up to a minor unit, and one for the tax.
    """
    fees = frame("all_fees.balance_transaction_created.itemized.2", asked, ledger)
    activity = frame("balance_change_from_activity.itemized.3", asked, ledger)
    is_fee = pl.col("reporting_category").is_in(["fee", "network_cost"])
    charged = activity.select(
        "balance_transaction_id", "currency", fee=pl.when(is_fee).then(-pl.col("net")).otherwise("fee")
    )
    by_transaction = fees.group_by("balance_transaction_id", "currency").agg(
        pl.col("amount").sum(),
        is_of_charges=pl.any_horizontal(pl.col("incurred_by", "fee_transaction_id").is_null()).not_().any(),
    )
    both = charged.filter(pl.col("fee") != 0).join(
        by_transaction, on=["balance_transaction_id", "currency"], how="full", coalesce=True
    )
    assert not any(both.null_count().row(0))
    off = (pl.col("fee") - pl.col("amount")).abs().cast(pl.Float64)
    minor_units = off * 10 ** pl.col("currency").replace_strict(DECIMALS, return_dtype=pl.Int64)
    assert both.filter(minor_units > pl.when("is_of_charges").then(1.6).otherwise(0)).is_empty()
    balance = frame("balance.summary.1", asked, ledger).filter(category="activity_fee")
    by_currency = dict(charged.group_by("currency").agg(pl.col("fee").sum()).rows())
    for currency, less_fees in balance.select("currency", "net_amount").rows():
        if currency:
            assert by_currency.get(currency, 0) == -less_fees


@given(ledger=any_ledger, asked=intervals())
@for_every_ledger
def test_fees_by_their_cause_are_the_same_fees_in_another_order(ledger, asked):
    """Radar bills a day on the next, credits come later: what an interval lacks is in its neighbours."""
    by_cause = frame("all_fees.incurred_at.itemized.2", asked, ledger)
    wide = {
        "interval_start": asked["interval_start"] - 2 * DAY,
        "interval_end": min(PUBLISHED, asked["interval_end"] + 11 * DAY),
    }
    by_transaction = frame("all_fees.balance_transaction_created.itemized.2", wide, ledger)
    start, end = (datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%d %H:%M:%S") for t in asked.values())
    inside = by_transaction.filter(pl.col("incurred_at") >= start, pl.col("incurred_at") < end)
    assert sorted(map(str, by_cause.rows())) == sorted(map(str, inside.rows()))


@given(ledger=random_ledgers(0.3, 3.0, terms=[INTERCHANGE_PLUS]), asked=intervals())
@for_every_ledger
def test_interchange_and_scheme_fees_are_the_network_costs_of_the_fee_report(ledger, asked):
    """Of an account on interchange-plus itself: by charge, in millionths, without tax; by plan too."""
    cards = frame("connect_card_payments_fees.transaction_level.1", asked, ledger)
    plans = frame("connect_card_payments_fees.plan_level.1", asked, ledger)
    fees = frame("all_fees.incurred_at.itemized.2", asked, ledger).filter(fee_category="network_cost")
    expected = fees.group_by("currency").agg((pl.col("amount") - pl.col("tax")).sum())
    for table in (cards, plans):
        assert sums(table.group_by("fee_currency").agg(pl.col("total_amount").sum()), "currency") == sums(
            expected, "currency"
        )
    assert set(cards["platform_application_fee"]) <= {0}
    parts = pl.sum_horizontal("interchange_fee", "discount_fee", "card_scheme_fee")
    assert cards.filter(parts != pl.col("total_amount")).is_empty()


def test_amounts_by_charge_have_six_decimals_and_balance_transactions_whole_cents():
    """Stripe's reports on interchange-plus have six; nothing on the balance is finer than a cent."""
    ledger = Ledger.of(1, 6.0, (), (), INTERCHANGE_PLUS)
    for report_type, column, form in (
        ("connect_card_payments_fees.transaction_level.1", "interchange_fee", r"-?\d+\.\d{6}"),
        ("all_fees.incurred_at.itemized.2", "amount", r"-?\d+\.\d{6}|-?\d+\.\d\d"),
        ("balance_change_from_activity.itemized.3", "net", r"-?\d+\.\d\d"),
    ):
        text = bytes(reports.csv(ledger, catalog.get(report_type), SEPTEMBER, PUBLISHED))
        table = pl.read_csv(text, infer_schema=False)
        currency = "fee_currency" if "fee_currency" in table.columns else "currency"
        amounts = table.filter(pl.col(currency) == "eur")[column]
        assert amounts.len() > 20
        assert amounts.str.contains(f"^(?:{form})$").all()


def test_fees_are_what_such_a_merchant_pays():
    """Between 1.5 and 4 percent of what was sold, most of it for cards, some for cards from abroad."""
    fees = frame("all_fees.incurred_at.itemized.2", SEPTEMBER, Ledger.of(1))
    sold = frame("balance_change_from_activity.summary.1", SEPTEMBER, Ledger.of(1)).filter(
        reporting_category="charge"
    )
    processing = fees.filter(fee_category="processing")
    for currency, gross in sold.select("currency", "gross").rows():
        rate = processing.filter(currency=currency)["amount"].sum() / gross
        assert 0.015 < rate < 0.04, currency
    assert set(processing["feature_name"]) >= {"card", "international_cards", "sepa_debit", "link", "klarna"}
    assert (fees.filter(currency="jpy")["tax"] > 0).any()


# Tax


@given(ledger=any_ledger, asked=intervals())
@for_every_ledger
def test_taxes_are_those_in_the_charges_and_refunds(ledger, asked):
    """The amount of a line plus the taxes of all jurisdictions is the amount paid, or refunded."""
    rows = frame("tax.transactions.itemized.1", asked, ledger)
    lines = rows.group_by("line_item_id").agg(
        pl.col("currency", "type", "subtotal").first(),
        paid=pl.col("subtotal").first() + pl.col("tax_amount").sum(),
    )
    got = lines.group_by("currency", pl.col("type") == "refund").agg(pl.len(), pl.col("paid").sum())
    sold = frame("balance_change_from_activity.itemized.3", asked, ledger)
    sold = sold.filter(pl.col("reporting_category").is_in(["charge", "refund"]))
    expected = sold.group_by("currency", pl.col("reporting_category") == "refund").agg(
        pl.len(), pl.col("gross").sum()
    )
    assert sorted(got.rows()) == sorted(expected.rows())


@given(ledger=any_ledger, asked=intervals())
@for_every_ledger
def test_a_tax_follows_the_rate_of_its_jurisdiction(ledger, asked):
    """To the minor unit, in the sale's currency; totals add up in the currency of the return too."""
    rows = frame("tax.transactions.itemized.2", asked, ledger)
    unit = (
        pl.col("currency")
        .replace_strict({c: f"{10.0**-d:.3f}" for c, d in DECIMALS.items()})
        .str.to_decimal(scale=6)
    )
    due = pl.col("taxable_amount") * pl.col("tax_rate")
    assert rows.filter((due - pl.col("tax_amount")).abs() > unit).is_empty()
    assert rows.filter(
        pl.col("taxable_amount") + pl.col("non_taxable_amount") != pl.col("subtotal")
    ).is_empty()
    assert rows.filter(pl.col("subtotal") + pl.col("tax_amount") != pl.col("total")).is_empty()
    filed = pl.sum_horizontal("filing_taxable_amount", "filing_non_taxable_amount", "filing_tax_amount")
    assert rows.filter(filed != pl.col("filing_total")).is_empty()
    same = rows.filter(pl.col("currency") == pl.col("filing_currency"))
    assert same.filter(pl.col("filing_tax_amount") != pl.col("tax_amount")).is_empty()


def test_every_address_is_in_the_jurisdiction_that_taxes_it():
    """The two lists are in the same order."""
    assert [place.country for place in PLACES] == [address[-1] for address in pools.ADDRESSES]
    assert all(
        place.state in (None, address[3]) for place, address in zip(PLACES, pools.ADDRESSES, strict=True)
    )


def test_taxes_have_many_jurisdictions_and_reasons():
    """Reduced, zero, reversed and none; two jurisdictions share a line in Puerto Rico."""
    rows = frame("tax.transactions.itemized.2", SEPTEMBER, Ledger.of(1))
    assert rows["jurisdiction_name"].n_unique() == 13
    assert set(rows["taxability_reason"]) == {
        *("standard_rated", "reduced_rated", "zero_rated"),
        *("reverse_charge", "not_collecting", "not_subject_to_tax"),
    }
    shared = (
        rows.group_by("line_item_id")
        .agg(pl.col("jurisdiction_level"))
        .filter(pl.col("jurisdiction_level").list.len() > 1)
    )
    assert set(map(tuple, shared["jurisdiction_level"].to_list())) == {("state", "city")}
    assert rows.filter(taxability_reason="reverse_charge")["customer_tax_id"].null_count() == 0
    assert set(rows["filing_currency"]) >= {"eur", "usd", "gbp", "chf", "nok", "jpy"}


# Revenue recognition


def changes(entries: pl.DataFrame) -> dict:
    """By currency and account, debits less credits."""
    sides = [
        entries.select("currency", account=side, amount=pl.col("amount") * sign)
        for side, sign in (("debit", 1), ("credit", -1))
    ]
    return {
        (currency, account): amount
        for currency, account, amount in pl.concat(sides)
        .group_by("currency", "account")
        .agg(pl.col("amount").sum())
        .rows()
    }


@given(ledger=any_ledger, asked=intervals(days=200))
@for_every_ledger
def test_revenue_recognition_agrees_with_the_ledger(ledger, asked):
    """Cash changes by net; revenue, deferred revenue and tax by the gross of everything but fees."""
    moved = changes(frame("revenue_recognition.debit_credit_summary.1", asked, ledger))
    activity = frame("balance_change_from_activity.itemized.3", asked, ledger)
    tax = frame("tax.transactions.itemized.2", asked, ledger)
    for currency in ("eur", "usd", "jpy", "kwd"):
        rows = activity.filter(currency=currency)
        gross = rows.filter(pl.col("reporting_category").is_in(["fee", "network_cost"]).not_())["gross"].sum()
        of = {account: amount for (c, account), amount in moved.items() if c == currency}
        assert sum(of.values()) == 0
        assert of.get("Cash", 0) == rows["net"].sum()
        assert of.get("AccountsReceivable", 0) == 0
        assert of.get("TaxLiability", 0) == -tax.filter(currency=currency)["tax_amount"].sum()
        earned = sum(
            of.get(a, 0) for a in ("Revenue", "Refunds", "Disputes", "DeferredRevenue", "TaxLiability")
        )
        assert -earned == gross
        assert of.get("Fees", 0) == gross - rows["net"].sum()


@given(ledger=any_ledger)
@for_every_ledger
def test_subscriptions_are_recognised_over_time_to_the_last_cent(ledger):
    """Deferred revenue is never negative, and nothing is left of what began over a year ago."""
    columns = ["currency", "debit", "credit", "amount", "charge_id", "booked_date"]
    whole = {"interval_start": int(ACCOUNT_OPENED.timestamp()), "interval_end": PUBLISHED}
    entries = frame("revenue_recognition.debit_credit_by_invoice.1", whole, ledger, columns=columns)
    deferred = entries.with_columns(
        change=pl.when(pl.col("credit") == "DeferredRevenue")
        .then("amount")
        .when(pl.col("debit") == "DeferredRevenue")
        .then(-pl.col("amount"))
    ).drop_nulls("change")
    left = deferred.group_by("charge_id").agg(pl.col("change").sum(), pl.col("booked_date").min())
    assert left.filter(pl.col("change") < 0).is_empty()
    assert left.filter(pl.col("booked_date") < "2025-10-30", pl.col("change") != 0).is_empty()
    assert left.filter(pl.col("change") > 0).height > 0
    assert entries.filter(pl.col("amount") <= 0).is_empty()


@given(ledger=any_ledger, asked=intervals())
@for_every_ledger
def test_every_grouping_of_revenue_has_the_same_entries(ledger, asked):
    """By customer, price, product, invoice and line: each summary is the same."""
    by = ["accounting_period", "open_accounting_period", "currency", "debit", "credit"]
    expected = sums(frame("revenue_recognition.debit_credit_summary.1", asked, ledger), *by)
    for what in ("customer", "price", "product", "invoice", "invoice_line_item"):
        rows = frame(f"revenue_recognition.debit_credit_by_{what}.1", asked, ledger)
        assert sums(rows.group_by(by).agg(pl.col("amount").sum()), *by) == expected, what


def test_revenue_can_be_filtered_by_customer_invoice_or_line():
    """Filters select entries and change none."""
    type_ = "revenue_recognition.debit_credit_by_invoice.1"
    columns = [column.name for column in catalog.get(type_).columns]
    every = frame(type_, SEPTEMBER, Ledger.of(1, 6.0), columns=columns)
    for name in ("customer", "invoice", "invoice_line_item"):
        id_ = every[f"{name}_id"].drop_nulls()[0]
        kept = frame(type_, SEPTEMBER | {name: id_}, Ledger.of(1, 6.0), columns=columns)
        assert kept.equals(every.filter(pl.col(f"{name}_id") == id_))
        assert 0 < kept.height < every.height


def test_a_late_fee_is_booked_in_the_open_month():
    """Its own month is closed."""
    simulator = Simulator(seed=1, charges_per_day=2.0)
    simulator.restate("2026-09")
    type_ = "revenue_recognition.debit_credit_summary.1"
    rows = frame(type_, SEPTEMBER, simulator.ledger)
    late = rows.filter(pl.col("open_accounting_period") != pl.col("accounting_period"))
    assert set(late.select("accounting_period", "open_accounting_period", "debit").rows()) == {
        ("2026-09-01 00:00:00", "2026-11-01 00:00:00", "Fees")
    }


# Financial accounts


@given(ledger=any_ledger, asked=intervals())
@for_every_ledger
def test_a_financial_account_receives_the_usd_payouts_that_did_not_fail(ledger, asked):
    """Its balance changes by their sum, and only Stripe's debits can make it negative."""
    summary = dict(
        frame("financial_account_balance.summary.1", asked, ledger).select("category", "amount").rows()
    )
    rows = frame("financial_account_balance_change_from_activity.itemized.2", asked, ledger)
    by_category = dict(rows.group_by("category").agg(pl.col("available_balance_impact").sum()).rows())
    flows = {k: v for k, v in summary.items() if not k.endswith("balance")}
    assert flows == {k: by_category.get(k, 0) for k in flows}
    payouts = ledger.payouts.filter(pl.col("currency") == "usd", pl.col("failed_at").is_null())
    payouts = payouts.with_columns(amount=pl.col("amount") - pl.col("fee"))  # what the bank receives
    debits = payouts.filter(pl.col("effective_at") < asked["interval_end"], pl.col("amount") < 0)
    debited = debits.select(major("amount").sum()).item() or 0
    assert summary["starting_balance"] + sum(flows.values()) == summary["ending_balance"] >= debited
    paid = payouts.filter(pl.col("effective_at").is_between(*asked.values(), closed="left"))
    assert flows["received_credit"] + flows["received_debit"] == paid.select(major("amount").sum()).item()
