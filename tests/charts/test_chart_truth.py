"""Every bar of every chart is the sum in the frame of what its label says, for any account.

The rules below calculate each chart's data again from the frame, with the standard library alone. A chart
without a rule fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_chart_recipes import exact, panels, parts

import report_frames as frames
from named_recipes import named
from played_reports import EVERY_TERMS
from stripe_reports.catalog.splitting import MOMENT, PART
from stripe_reports.charts import theme
from stripe_reports.charts.choosing import recipe_for
from stripe_reports.charts.recipe import Recipe
from stripe_reports.charts.recipes import RECIPES
from stripe_reports.charts.slots import Within
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import Simulator

pytestmark = pytest.mark.slow

Row = dict[str, Any]
Found = dict[tuple[Any, ...], Decimal]
FEES = ("fee", "network_cost", "contribution", "financing_paydown")


def add(pairs: Iterable[tuple[tuple[Any, ...], Decimal]]) -> Found:
    """Sums by key, without those that are zero."""
    sums: Found = defaultdict(Decimal)
    for key, amount in pairs:
        sums[key] += amount
    return {key: amount for key, amount in sums.items() if amount}


def day_of(row: Row, *names: str) -> date | None:
    """The first of these columns, as a day."""
    value = next((row[name] for name in names if name in row), None)
    return value if value is None or type(value) is date else value.date()


def place_of(day: date | None, every: str | None, first: date | None = None) -> str:
    """The position of a day along an axis: the first day of its period that is covered."""
    if day is None:
        return "no date"
    start = {
        "1d": day,
        "1w": day - timedelta(days=day.weekday()),
        "1mo": day.replace(day=1),
        "1q": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "1y": day.replace(month=1, day=1),
    }[every or "1d"]
    return str(max(start, first or start))


def is_transaction(row: Row) -> bool:
    """Whether it is no payout in its own reconciliation."""
    return row["reporting_category"] != "payout" or (
        "source_id" in row and row["source_id"] != row["automatic_payout_id"]
    )


def parts_of(row: Row, apart: bool, *, one_gross: bool = False) -> list[tuple[str, Decimal]]:
    """What a balance transaction adds to each part of the net."""
    category = row["reporting_category"]
    if category in FEES:
        gross = {
            "fee": "processing and other fees" if apart else "other fees",
            "network_cost": "network costs",
            "contribution": "contributions",
            "financing_paydown": "Capital paydowns",
        }
        return [(gross.get(category, category), row["gross"]), ("tax on fees", -row["fee"])]
    named_ = {"charge": "sales", "refund": "refunds", "refund_failure": "refunds"}
    named_ |= {"dispute": "disputes", "dispute_reversal": "disputes"}
    named_ |= {"partial_capture_reversal": "sales", "charge_failure": "failed charges"}
    fee = {"dispute": "dispute fees", "dispute_reversal": "dispute fees"}
    of_charges = ("charge", "charge_failure", "partial_capture_reversal", "refund", "refund_failure")
    fee |= dict.fromkeys(of_charges, "processing fees")
    gross = "gross" if one_gross else named_.get(category, category)
    return [(gross, row["gross"]), (fee.get(category, "other fees"), -row["fee"])]


def is_apart(rows: list[Row], currency: str | None = None) -> bool:
    """Whether fees of charges are rows of their own."""
    categories = {row["reporting_category"] for row in rows}
    carried = any(row["fee"] for row in rows if row["reporting_category"] == "charge")
    return "network_cost" in categories or ("fee" in categories and "charge" in categories and not carried)


# A rule returns the sums that the chart must show, by currency, position or None, and label.


CREATED = ("created", PART)
"""The time of a transaction; totals of a set have that of their part."""


def net(rows: list[Row], at: Callable[..., str]) -> Found:
    return add(((r["currency"], at(day_of(r, *CREATED)), r["reporting_category"]), r["net"]) for r in rows)


def cumulated(rows: list[Row], at: Callable[..., str]) -> Found:
    return add(((r["currency"], None, "total"), r["net"]) for r in rows)


def gross_fee_net(rows: list[Row], at: Callable[..., str]) -> Found:
    apart = is_apart(rows)
    return add(
        ((row["currency"], at(day_of(row, *CREATED)), part), amount)
        for row in rows
        for part, amount in parts_of(row, apart, one_gross=True)
    )


def payouts(rows: list[Row], at: Callable[..., str]) -> Found:
    rows = [row for row in rows if is_transaction(row)]
    apart = is_apart(rows)
    return add(
        ((row["currency"], row["automatic_payout_id"], part), amount)
        for row in rows
        for part, amount in parts_of(row, apart)
    )


def payouts_by_period(rows: list[Row], at: Callable[..., str]) -> Found:
    """Too many to draw one by one."""
    rows = [row for row in rows if is_transaction(row)]
    apart = is_apart(rows)
    return add(
        ((row["currency"], at(day_of(row, "automatic_payout_effective_at")), part), amount)
        for row in rows
        for part, amount in parts_of(row, apart)
    )


def composition(rows: list[Row], at: Callable[..., str]) -> Found:
    rows = [row for row in rows if is_transaction(row)]
    apart = is_apart(rows)
    parts = (((row["currency"], None, p), amount) for row in rows for p, amount in parts_of(row, apart))
    return add(parts) | add(((row["currency"], None, "deposit"), row["net"]) for row in rows)


def fee_rate(rows: list[Row], at: Callable[..., str]) -> Found:
    apart = is_apart(rows)

    def pairs() -> Iterable[tuple[tuple[Any, ...], Decimal]]:
        for row in rows:
            place, brand = at(day_of(row, "created")), row.get("card_brand") or "(none)"
            name = "all charges" if apart or "card_brand" not in row else brand
            if row["reporting_category"] == "charge":
                yield (row["currency"], place, f"{name}: fees"), row["fee"]
                yield (row["currency"], place, f"{name}: of"), row["gross"]
            elif apart and row["reporting_category"] in ("fee", "network_cost"):
                yield (row["currency"], place, f"{name}: fees"), -row["gross"]

    return add(pairs())


def rates(rows: list[Row], at: Callable[..., str]) -> Found:
    sides = {"refund": "refunds", "refund_failure": "refunds", "dispute": "disputes"}

    def pairs() -> Iterable[tuple[tuple[Any, ...], Decimal]]:
        for row in rows:
            place, category = at(day_of(row, "created")), row["reporting_category"]
            if category in sides:
                yield (row["currency"], place, f"{sides[category]}: amount"), -row["gross"]
            if category in ("refund", "dispute"):
                yield (row["currency"], place, f"{sides[category]}: count"), Decimal(1)
            if category == "charge":
                for side in ("refunds", "disputes"):
                    yield (row["currency"], place, f"{side}: of"), row["gross"]

    return add(pairs())


def rolling_rates(rows: list[Row], days: list[str], column_day: Callable[[Row], date | None]) -> Found:
    """Each point is the rate of the thirty days up to it."""
    last = map(date.fromisoformat, days)
    return add(
        pair
        for end in last
        for pair in rates(
            [row for row in rows if end - timedelta(days=30) < (column_day(row) or date.min) <= end],
            lambda _, end=end: str(end),
        ).items()
    )


def accounts(rows: list[Row], at: Callable[..., str]) -> Found:
    return add(
        (
            (row["currency"], None, row.get("connected_account") or row.get("connected_account_id")),
            row["gross"],
        )
        for row in rows
        if row["reporting_category"] == "charge"
    )


def categories(rows: list[Row], at: Callable[..., str]) -> Found:
    names = {"gross": ("gross", 1), "less fees": ("fee", -1), "net": ("net", 1)}
    return add(
        ((row["currency"], None, f"{row['reporting_category']}: {name}"), row[column] * sign)
        for row in rows
        for name, (column, sign) in names.items()
    )


def status(rows: list[Row], at: Callable[..., str]) -> Found:
    """Sent on the bank date; returned on the day it came back; what the bank gets is gross."""

    def pairs() -> Iterable[tuple[tuple[Any, ...], Decimal]]:
        for row in rows:
            is_back = row["reporting_category"] == "payout_reversal"
            day = day_of(row, "effective_at" if is_back else "payout_expected_arrival_date")
            yield (row["currency"], at(day), "returned" if is_back else row["payout_status"]), row["gross"]

    return add(pairs())


def by(label: str, amount: str, *time: str, currency: str = "currency") -> Callable[..., Found]:
    """The amounts by one column, and by period if there is a time."""

    def rule(rows: list[Row], at: Callable[..., str]) -> Found:
        return add(
            (
                (
                    row.get(currency) or "",
                    at(day_of(row, *time)) if time else None,
                    row.get(label) or "(none)",
                ),
                row[amount] or Decimal(0),
            )
            for row in rows
        )

    return rule


def card_fee_rate(rows: list[Row], at: Callable[..., str]) -> Found:
    def pairs() -> Iterable[tuple[tuple[Any, ...], Decimal]]:
        seen = set()
        for row in rows:
            if row["captured_currency"] != row["fee_currency"]:
                continue
            place = at(day_of(row, "fee_incurred_at"))
            yield (row["fee_currency"], place, f"{row['card_brand']}: fees"), row["total_amount"]
            if row["charge_id"] not in seen:
                seen.add(row["charge_id"])
                yield (row["fee_currency"], place, f"{row['card_brand']}: of"), row["captured_amount"]

    return add(pairs())


def jurisdictions(rows: list[Row], at: Callable[..., str]) -> Found:
    filed = "filing_tax_amount" in rows[0]
    amount, currency = ("filing_tax_amount", "filing_currency") if filed else ("tax_amount", "currency")
    base = "filing_taxable_amount"

    def pairs() -> Iterable[tuple[tuple[Any, ...], Decimal]]:
        for row in rows:
            place = [
                row[name] for name in ("country_code", "state_code", "jurisdiction_name") if row.get(name)
            ]
            yield (row[currency] or "", None, ", ".join(place)), row[amount] or Decimal(0)
            if base in row:
                yield (row[currency] or "", None, f"{', '.join(place)}: on"), row[base] or Decimal(0)

    return add(pairs())


def by_product_and(label: str, *time: str) -> Callable[..., Found]:
    """Fees by product and one more column."""

    def rule(rows: list[Row], at: Callable[..., str]) -> Found:
        return add(
            (
                (
                    row["currency"],
                    at(day_of(row, *time)) if time else None,
                    ", ".join(row[name] for name in ("product", label) if row[name]) or "(none)",
                ),
                row["amount"],
            )
            for row in rows
        )

    return rule


def fees_of_charges(rows: list[Row], at: Callable[..., str]) -> Found:
    return add(
        ((row["currency"], at(day_of(row, "created")), row["card_brand"] or "(none)"), row["fee"])
        for row in rows
        if row["reporting_category"] == "charge"
    )


def credited(row: Row, account: str) -> Decimal:
    return row["amount"] * ((row["credit"] == account) - (row["debit"] == account))


def recognised(rows: list[Row], at: Callable[..., str]) -> Found:
    """The line is the sum of all changes up to a period."""
    moved = [row for row in rows if {"Revenue", "DeferredRevenue"} & {row["debit"], row["credit"]}]
    periods = sorted({row["accounting_period"] for row in moved})
    months = range(int(periods[0][5:7]), int(periods[-1][5:7]) + 1) if periods else ()
    periods = [f"2026-{month:02}-01" for month in months]
    revenue = add(
        ((row["currency"], row["accounting_period"], "recognised"), credited(row, "Revenue")) for row in rows
    )
    deferred = add(
        ((row["currency"], period, "deferred revenue"), credited(row, "DeferredRevenue"))
        for period in periods
        for row in rows
        if row["accounting_period"] <= period
    )
    return revenue | deferred


def booked(rows: list[Row], at: Callable[..., str]) -> Found:
    """By the first period in which an invoice is credited, other than from deferred revenue."""
    first: dict[str, str] = {}
    for row in rows:
        is_recognised = (row["debit"], row["credit"]) == ("DeferredRevenue", "Revenue")
        if row["credit"] in ("Revenue", "DeferredRevenue") and not is_recognised:
            model, period = row["transaction_model_id"], row["accounting_period"]
            first[model] = min(first.get(model, period), period)

    def month(period: str | None) -> str:
        return f"{date.fromisoformat(period):%B %Y}" if period else "earlier"

    return add(
        (
            (row["currency"], row["accounting_period"], month(first.get(row["transaction_model_id"]))),
            credited(row, "Revenue"),
        )
        for row in rows
    )


def debits_credits(rows: list[Row], at: Callable[..., str]) -> Found:
    return add(
        ((row["currency"], row["accounting_period"], f"{row[side]}: {side}"), row["amount"] * sign)
        for row in rows
        for side, sign in (("debit", 1), ("credit", -1))
    )


def balances(rows: list[Row], at: Callable[..., str]) -> Found:
    names = {
        "starting_balance",
        "activity_gross",
        "activity_fee",
        "payouts_gross",
        "payouts_fee",
        "ending_balance",
    }
    return add(
        ((row["currency"] or "", None, row["category"]), row["net_amount"])
        for row in as_one_balance(rows)
        if row["category"] in names
    )


def as_one_balance(rows: list[Row]) -> list[Row]:
    """Balances of several parts: the first start, all changes, and the last end."""
    rows = sorted(rows, key=lambda row: row.get(PART, ""))
    starts = {row.get("currency"): row for row in reversed(rows) if row["category"] == "starting_balance"}
    ends = {row.get("currency"): row for row in rows if row["category"] == "ending_balance"}
    kept = {id(row) for row in (*starts.values(), *ends.values())}
    return [
        row
        for row in rows
        if row["category"] not in ("starting_balance", "ending_balance") or id(row) in kept
    ]


def categories_of_balance(rows: list[Row], at: Callable[..., str]) -> Found:
    return by("category", "amount")(as_one_balance(rows), at)


def accounts_by_balance(rows: list[Row], at: Callable[..., str]) -> Found:
    return add(
        (
            (row["currency"], None, ", ".join(filter(None, (row.get("business_name"), row["account_id"])))),
            row["balance"],
        )
        for row in rows
    )


def rows_from_start_to_end(amount: str) -> Callable[..., Found]:
    """A row for each part and one for all: the first start, the sum of each change, and the last end."""
    names = {
        "starting_balance": "starting balance",
        "activity_gross": "gross activity",
        "activity_fee": "fees",
        "payouts_gross": "payouts",
        "payouts_fee": "payout fees",
        "ending_balance": "ending balance",
    }
    left_out = ("activity", "payouts", "starting_balance_available")

    def rule(rows: list[Row], at: Callable[..., str]) -> Found:
        rows = sorted(rows, key=lambda row: row[PART])
        cells: dict[tuple[str, str, str], Decimal] = {}
        for row in rows:
            if row["category"] not in left_out:
                name = names.get(row["category"], row["category"].replace("_", " "))
                cells[row.get("currency") or "", f"{row[PART]:%B %Y}", name] = row[amount] or Decimal(0)
        whole: Found = {}
        for (currency, _, name), value in cells.items():
            key = (currency, None, f"Total: {name}")
            if name == "ending balance":
                whole[key] = value
            elif name == "starting balance":
                whole.setdefault(key, value)
            else:
                whole[key] = whole.get(key, Decimal(0)) + value
        months = add(
            ((currency, None, f"{m}: {name}"), value) for (currency, m, name), value in cells.items()
        )
        return months | add(whole.items())

    return rule


def of_moments(rule: Callable[..., Found]) -> Callable[..., Found]:
    """A state is that of the last day of its part."""

    def of_last_day(rows: list[Row], at: Callable[..., str]) -> Found:
        return rule([row | {MOMENT: row[MOMENT] - timedelta(microseconds=1)} for row in rows], at)

    return of_last_day


def balance_of_accounts(rows: list[Row], at: Callable[..., str]) -> Found:
    return add(
        (
            (
                row["currency"],
                at(day_of(row, MOMENT)),
                ", ".join(filter(None, (row.get("business_name"), row["account_id"]))),
            ),
            row["balance"],
        )
        for row in rows
    )


RULES: dict[tuple[str, str], Callable[..., Found]] = {
    ("waterfall", "balance.summary"): balances,
    ("payouts", "payout_reconciliation.itemized"): payouts,
    ("composition", "payout_reconciliation"): composition,
    ("net", "balance_change_from_activity.itemized"): net,
    ("components", "activity.itemized"): by(
        "balance_transaction_component", "amount", "balance_transaction_created_at", "activity_at"
    ),
    ("cumulated", "balance_change_from_activity.itemized"): cumulated,
    ("gross_fee_net", "balance_change_from_activity.itemized"): gross_fee_net,
    ("fee_rate", "balance_change_from_activity.itemized"): fee_rate,
    ("rates", "balance_change_from_activity.itemized"): rates,
    ("accounts", "balance_change_from_activity.itemized"): accounts,
    ("categories", "activity.summary"): categories,
    ("status", "payouts.itemized"): status,
    ("products", "all_fees"): by("product", "amount", "incurred_at"),
    ("totals", "all_fees.vat_invoice_v2"): by("product", "amount"),
    ("totals", "treasury_fees"): by("financial_account", "fee", currency="balance_currency"),
    ("fee_rate", "connect_card_payments_fees.transaction_level"): card_fee_rate,
    ("plans", "connect_card_payments_fees.plan_level"): by(
        "plan_name", "total_amount", currency="fee_currency"
    ),
    ("waterfall", "financial_account_balance.summary"): categories_of_balance,
    ("activity", "financial_account_balance_change_from_activity.itemized"): by(
        "category", "amount", "created"
    ),
    ("jurisdictions", "tax.transactions"): jurisdictions,
    ("over_time", "tax.transactions"): by(
        "country_code", "filing_tax_amount", "transaction_date", currency="filing_currency"
    ),
    ("balances", "connect.negative_balance"): accounts_by_balance,
    ("debits_credits", "revenue_recognition"): debits_credits,
    ("recognised", "revenue_recognition"): recognised,
    ("booked", "revenue_recognition"): booked,
    ("features", "all_fees"): by_product_and("feature_name"),
    ("months", "all_fees"): by_product_and("feature_name", "incurred_at"),
    ("months", "balance_change_from_activity.itemized"): fees_of_charges,
    ("brands", "connect_card_payments_fees.transaction_level"): by(
        "card_brand", "total_amount", currency="fee_currency"
    ),
    ("months", "connect_card_payments_fees.transaction_level"): by(
        "card_brand", "total_amount", "fee_incurred_at", currency="fee_currency"
    ),
    ("balances", "balance.summary"): rows_from_start_to_end("net_amount"),
    ("balances", "financial_account_balance.summary"): rows_from_start_to_end("amount"),
    ("net", "activity.summary"): net,
    ("gross_fee_net", "activity.summary"): gross_fee_net,
    ("balances", "ending_balance_reconciliation"): of_moments(by("reporting_category", "net", MOMENT)),
    ("months", "connect.negative_balance"): of_moments(balance_of_accounts),
    ("months", "connect_card_payments_fees.plan_level"): by(
        "plan_name", "total_amount", PART, currency="fee_currency"
    ),
    ("months", "all_fees.vat_invoice_v2.summarized"): by_product_and("feature_name", PART),
    ("months", "treasury_fees"): by("financial_account", "fee", PART, currency="balance_currency"),
}
"""The rule of each recipe, by its kind and the first of its types."""

MEASURES = ("fees", "amount", "of", "count", "on")


def drawn(chart: Any, recipe: Recipe) -> Found:
    """What the chart shows, by currency, position and label; every mark is where its text says."""

    def pairs() -> Iterable[tuple[tuple[Any, ...], Decimal]]:
        for currency, rows in panels(chart):
            currency = "" if currency == "no currency" else currency
            if recipe.name == "cumulated":
                yield (currency, None, "total"), exact(rows[-1]["total"])
                continue
            seen = set()
            for row in rows:
                place = row["label"] if "day" in row else row.get("period")
                label = row["category"]
                if "rate" in row:  # a line: two amounts at each point
                    whole = row["of"]
                    for name in ("fees", "amount", "of", "count"):
                        if row.get(name) is not None:
                            yield (currency, place, f"{label}: {name}"), exact(row[name])
                    if row["value"] is not None:
                        part = row.get("fees") or row["amount"]
                        assert row["value"] == float(exact(part)) / float(exact(whole))
                    continue
                text = row.get("exact") or row["amount"]
                if "start" in row:
                    assert abs(row["end"] - row["start"]) == pytest.approx(abs(float(exact(text))), abs=1e-6)
                else:
                    assert row["amount"] == float(exact(text))
                label += (
                    f": {row['series']}" if "series" in row else f": {row['side']}" if "side" in row else ""
                )
                assert (place, label) not in seen
                seen.add((place, label))
                yield (currency, place, label), exact(text)
                if "on" in row:
                    yield (currency, place, f"{label}: on"), exact(row["on"])

    return add(pairs())


def check(recipe: Recipe, frame: pl.DataFrame, within: Within | None = None) -> None:
    """Compare a chart with its rule."""
    rule = RULES[recipe.name, recipe.types[0]]
    options: dict[str, Any] = {"within": within} if recipe.time else {}
    options |= {"every": "month"} if recipe.is_of_parts else {}
    options |= {"top": 60} if recipe.top else {}
    chart = recipe(frame, **options)
    if "There is n" in str(chart.to_dict(validate=False)):
        assert not frame.height or not rule(frame.to_dicts(), str)
        return
    period = (theme.remarks(chart).get("links") or {}).get("period") or {}
    if rule is payouts and "every" in period:
        rule = payouts_by_period
    axis = _axis(chart)
    if "back" in period:
        rows = frame.to_dicts()
        assert drawn(chart, recipe) == rolling_rates(rows, axis, lambda row: day_of(row, *recipe.time))
        return
    first = date.fromisoformat(axis[0][:10]) if axis and period.get("every") else None
    wanted = rule(frame.to_dicts(), lambda day: place_of(day, period.get("every"), first))
    assert drawn(chart, recipe) == wanted
    if within and within.first and axis and period.get("every") and recipe.name != "status":
        assert all(str(within.first) <= key <= str(within.last) for key in axis)


def _axis(chart: Any) -> list[str]:
    spec = chart.to_dict(validate=False)
    for layer in next(parts(spec))["layer"]:
        x = layer.get("encoding", {}).get("x", {})
        if isinstance(x, dict) and x.get("field") == "period":
            return list(x["scale"]["domain"])
    return []


def test_every_chart_has_a_rule():
    """A new kind of chart without one fails here."""
    assert {(recipe.name, recipe.types[0]) for recipe in RECIPES} == set(RULES)


@cache
def account(terms: int) -> DemoClient:
    """A small account with failed payouts; on some terms with payout fees and fees in rows of their own."""
    of = replace(EVERY_TERMS[terms], lists_payouts=True)
    return DemoClient(Simulator(1, latency=1.0, charges_per_day=4.0, terms=of), livemode=True)


OF_LEDGER = {
    "balance.summary.2": None,
    "balance_change_from_activity.itemized.3": None,
    "payouts.itemized.5": None,
    "payout_reconciliation.itemized.7": None,
    "payout_reconciliation.summary.2": None,
    "activity.itemized.3": None,
    "activity.summary.1": None,
    "all_fees.incurred_at.itemized.2": None,
    "tax.transactions.itemized.2": None,
    "connected_account_balance_change_from_activity.itemized.3": None,
}


@pytest.mark.parametrize("report_type", OF_LEDGER)
@settings(max_examples=3, deadline=None)
@given(
    terms=st.integers(0, 2),
    period=st.sampled_from(["2026-10", "2026-Q3", "2026-10-07/2026-10-21"]),
)
def test_every_bar_is_the_sum_in_the_frame_of_what_its_label_says(report_type, terms, period):
    """On accounts with a fee in each charge, with stand-alone fees and on interchange-plus."""
    report = account(terms).fetch(report_type, period)
    frame, request = report.frame(), report.request
    within = Within.of(request.parameters.get("interval_start"), request.parameters.get("interval_end"))
    for kind in report.chart_kinds():
        recipe = recipe_for(report_type, frame.columns, kind)
        paid_by_creation = "payout_reconciliation" in report_type and recipe.time[:1] == ("created",)
        if "payout_reconciliation" in report_type:
            frame = frame.filter(
                pl.Series([is_transaction(row) for row in frame.to_dicts()], dtype=pl.Boolean)
            )
        check(recipe, frame, None if paid_by_creation else within)


OF_SETS = (
    "balance.summary.2",
    "financial_account_balance.summary.1",
    "balance_change_from_activity.summary.2",
    "payout_reconciliation.summary.2",
    "ending_balance_reconciliation.itemized.4",
    "connect.negative_balance_refunds_disputes_overview.1",
    "all_fees.vat_invoice_v2.summarized.2",
    "treasury_fees.administrative_facilitation_fee.1",
)


@pytest.mark.parametrize("report_type", OF_SETS)
@settings(max_examples=2, deadline=None)
@given(terms=st.integers(0, 2), period=st.sampled_from(["2026-08/2026-10", "2026-Q3"]))
def test_every_bar_of_a_set_is_the_sum_of_its_part(report_type, terms, period):
    """Totals are those of their month, and states those at its end; nothing is added up over moments."""
    months = account(terms).fetch_all(report_type, period, split="month")
    frame = months.frame()
    for kind in months.chart_kinds():
        check(recipe_for(report_type, frame.columns, kind), frame)


@settings(max_examples=2, deadline=None)
@given(terms=st.integers(0, 2))
def test_the_columns_of_a_month_are_the_sums_of_its_activity_and_lead_to_its_end(terms):
    """From the summaries of the same months, or from the rows themselves."""
    client = account(terms)
    balances = client.fetch_all("balance.summary.2", "2026-08/2026-10", split="month")
    summaries = client.fetch_all("balance_change_from_activity.summary.2", "2026-08/2026-10", split="month")
    rows = client.fetch("balance_change_from_activity.itemized.3", "2026-08/2026-10")
    sold = add(
        ((row["currency"], f"{row['created']:%B %Y}"), row["gross"])
        for row in rows.frame().iter_rows(named=True)
        if row["reporting_category"] in ("charge", "partial_capture_reversal")
    )
    chart = balances.chart(activity=summaries)
    assert chart.to_dict() == balances.chart(activity=rows).to_dict()
    for currency, cells in panels(chart):
        for month in ("August 2026", "September 2026"):
            amounts = {each["series"]: exact(each["exact"]) for each in cells if each["category"] == month}
            assert amounts.get("sales", 0) == sold.get((currency, month), 0)
            assert not {"gross activity", "unexplained"} & amounts.keys()
            end = amounts.pop("ending balance")
            assert sum(amounts.values()) == end


@settings(max_examples=3, deadline=None)
@given(terms=st.integers(0, 2), period=st.sampled_from(["2026-10", "2026-Q3", "2026-10-07/2026-10-21"]))
def test_the_steps_of_a_balance_are_the_sums_of_its_activity_and_lead_to_its_end(terms, period):
    """Fees in a charge and fees in rows of their own are one step, as in the summary."""
    balance = account(terms).fetch("balance.summary.2", period)
    activity = account(terms).fetch("balance_change_from_activity.itemized.3", period)
    names = {"charge": "sales", "partial_capture_reversal": "sales", "charge_failure": "failed charges"}
    names |= {"refund": "refunds", "refund_failure": "refunds"}
    names |= {"dispute": "disputes", "dispute_reversal": "disputes"}
    wanted = add(
        ((row["currency"], part), amount)
        for row in activity.frame().iter_rows(named=True)
        for part, amount in (
            (
                "fees" if row["reporting_category"] in FEES else names.get(row["reporting_category"]),
                row["gross"],
            ),
            ("fees", -row["fee"]),
        )
    )
    for currency, bars in panels(balance.chart(activity=activity)):
        amounts = {bar["category"]: exact(bar["amount"]) for bar in bars}
        steps = {part: amount for (code, part), amount in wanted.items() if code == currency and part}
        assert {name: amounts[name] for name in steps} == steps
        assert "difference" not in amounts
        end = amounts.pop("ending_balance")
        assert sum(amounts.values()) == end
        summary = balance.frame().filter(currency=currency)
        assert end == summary.filter(category="ending_balance")["net_amount"].item()


MADE = {
    ("fee_rate", "balance_change_from_activity.itemized"): frames.activity,
    ("fee_rate", "connect_card_payments_fees.transaction_level"): frames.card_fees,
    ("plans", "connect_card_payments_fees.plan_level"): frames.plan_fees,
    ("totals", "all_fees.vat_invoice_v2"): frames.invoiced,
    ("activity", "financial_account_balance_change_from_activity.itemized"): frames.financial_activity,
    ("debits_credits", "revenue_recognition"): frames.revenue,
    ("recognised", "revenue_recognition"): frames.revenue,
    ("booked", "revenue_recognition"): frames.revenue_by_invoice,
    ("brands", "connect_card_payments_fees.transaction_level"): frames.card_fees,
    ("months", "connect_card_payments_fees.transaction_level"): frames.card_fees,
    ("months", "balance_change_from_activity.itemized"): frames.activity,
    ("balances", "connect.negative_balance"): frames.overview,
    ("products", "all_fees"): frames.all_fees,
    ("components", "activity.itemized"): frames.components,
    ("status", "payouts.itemized"): frames.payouts,
    ("net", "balance_change_from_activity.itemized"): frames.activity,
    ("payouts", "payout_reconciliation.itemized"): frames.activity,
    ("categories", "activity.summary"): lambda *a, **k: frames.summary(frames.activity(*a, **k)),
}


@pytest.mark.parametrize("of", MADE, ids=str)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 60))  # at most as many names as have a bar
def test_every_bar_is_its_sum_in_random_rows(of, seed, rows):
    """Of families that the simulated accounts lack, and with amounts of any size."""
    check(named(*of), MADE[of](seed, rows=rows))
