"""Frames as reports have them, with the catalogue's types, from a seed: for charts and tables."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from stripe_reports import catalog
from stripe_reports.parsing import schema_of

CATEGORIES = ("charge", "refund", "dispute", "dispute_reversal", "fee", "refund_failure", "other_adjustment")
DECIMALS = {"jpy": 0, "kwd": 3}


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def a_frame(report_type: str, rows: Sequence[dict[str, Any]], *, timezone: str = "UTC") -> pl.DataFrame:
    """Rows with the types of a report; the columns are those of the first row."""
    names = list(rows[0])
    return pl.DataFrame(rows, schema=schema_of(names, catalog.get(report_type), timezone))


def an_amount(rng: random.Random, currency: str, most: int = 100_000) -> Decimal:
    return Decimal(rng.randrange(1, most)).scaleb(-DECIMALS.get(currency, 2))


def activity(
    seed: int = 0,
    *,
    rows: int = 200,
    days: int = 31,
    currencies: Sequence[str] = ("eur", "usd", "jpy"),
    categories: Sequence[str] = CATEGORIES,
    accounts: int = 0,
    timezone: str = "UTC",
    **columns: Any,
) -> pl.DataFrame:
    """An itemised balance change from activity."""
    rng = _seeded(seed)
    start = datetime(2026, 10, 1, tzinfo=UTC)
    brands = ["visa", "mastercard", "amex", None]

    def row() -> dict[str, Any]:
        currency, category = rng.choice(currencies), rng.choice(categories)
        gross = an_amount(rng, currency) * (
            1 if category in ("charge", "dispute_reversal", "refund_failure") else -1
        )
        fee = an_amount(rng, currency, 500) if category == "charge" else Decimal(0)
        payout = rng.randrange(12)
        account = f"acct_{rng.randrange(accounts):03}" if accounts else None
        return {
            "created": start + timedelta(seconds=rng.randrange(days * 86_400)),
            "currency": currency,
            "gross": gross,
            "fee": fee,
            "net": gross - fee,
            "reporting_category": category,
            "card_brand": rng.choice(brands) if category == "charge" else None,
            "automatic_payout_id": f"po_{currency}{payout:03}",
            "automatic_payout_effective_at": start + timedelta(days=payout * 2),
            **({"connected_account_id": account} if accounts else {}),
            **columns,
        }

    return a_frame(
        "payout_reconciliation.itemized.7", [row() for _ in range(max(rows, 1))], timezone=timezone
    ).head(rows)


def payouts(
    seed: int = 0, *, rows: int = 60, currencies: Sequence[str] = ("eur", "usd", "jpy")
) -> pl.DataFrame:
    """Itemised payouts."""
    rng = _seeded(seed)

    def row(number: int) -> dict[str, Any]:
        currency, effective = rng.choice(currencies), datetime(2026, 10, 1 + rng.randrange(31), tzinfo=UTC)
        back = rng.random() < 0.1
        net = an_amount(rng, currency) * (-1 if back else 1)
        fee = -an_amount(rng, currency, 300) if rng.random() < 0.2 else Decimal(0)
        return {
            "payout_id": f"po_{number}",
            "effective_at": effective,
            "currency": currency,
            "gross": net + fee,
            "fee": fee,
            "net": net,
            "reporting_category": "payout_reversal" if back else "payout",
            "payout_expected_arrival_date": (
                effective + timedelta(days=rng.choice([0, 0, 0, 1, 2, 5, 40]))
            ).date(),
            "payout_status": "failed"
            if back
            else rng.choice(["paid", "paid", "paid", "in_transit", "pending"]),
        }

    return a_frame("payouts.itemized.5", [row(number) for number in range(max(rows, 1))]).head(rows)


COMPONENTS = ("gross", "payments_fee", "dispute_fee", "transfer_fee", "other_fee", "tax", "interchange")


def components(
    seed: int = 0, *, rows: int = 150, currencies: Sequence[str] = ("eur", "usd", "jpy")
) -> pl.DataFrame:
    """Itemised activity by component."""
    rng = _seeded(seed)

    def row() -> dict[str, Any]:
        currency, component = rng.choice(currencies), rng.choice(COMPONENTS)
        return {
            "activity_at": datetime(2026, 10, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(31 * 86_400)),
            "balance_transaction_component": component,
            "currency": currency,
            "amount": an_amount(rng, currency) * (1 if component == "gross" else -1),
        }

    return a_frame("activity.itemized.3", [row() for _ in range(max(rows, 1))]).head(rows)


def invoiced(seed: int = 0, *, rows: int = 30, currencies: Sequence[str] = ("eur", "usd")) -> pl.DataFrame:
    """Summarized fees by tax invoice."""
    rng = _seeded(seed)

    def row() -> dict[str, Any]:
        currency = rng.choice(currencies)
        product = rng.choice(["Payments", "Billing", "Radar", "Tax", "Connect", None])
        return {
            "product": product,
            "currency": currency,
            "amount": an_amount(rng, currency),
            "tax": Decimal(0),
        }

    return a_frame("all_fees.vat_invoice_v2.summarized.2", [row() for _ in range(max(rows, 1))]).head(rows)


def all_fees(seed: int = 0, *, rows: int = 150, currencies: Sequence[str] = ("eur", "usd")) -> pl.DataFrame:
    """Itemised fees."""
    rng = _seeded(seed)

    def row() -> dict[str, Any]:
        currency = rng.choice(currencies)
        return {
            "incurred_at": datetime(2026, 10, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(31 * 86_400)),
            "amount": an_amount(rng, currency, 5000),
            "tax": Decimal(0),
            "currency": currency,
            "product": rng.choice(["Payments", "Billing", "Radar", "Tax", "Connect", None]),
        }

    return a_frame("all_fees.incurred_at.itemized.2", [row() for _ in range(max(rows, 1))]).head(rows)


def card_fees(seed: int = 0, *, rows: int = 150, currencies: Sequence[str] = ("eur", "usd")) -> pl.DataFrame:
    """Interchange-plus fees; amounts have six decimals."""
    rng = _seeded(seed)

    def row() -> dict[str, Any]:
        currency = rng.choice(currencies)
        return {
            "fee_incurred_at": datetime(2026, 10, 1, tzinfo=UTC)
            + timedelta(seconds=rng.randrange(31 * 86_400)),
            "charge_id": f"ch_{rng.randrange(rows or 1)}",
            "captured_amount": an_amount(rng, currency),
            "captured_currency": rng.choice([currency, currency, "gbp"]),
            "card_brand": rng.choice(["visa", "mastercard", "amex"]),
            "total_amount": Decimal(rng.randrange(1, 10**6)).scaleb(-6),
            "fee_currency": currency,
        }

    return a_frame(
        "connect_card_payments_fees.transaction_level.1", [row() for _ in range(max(rows, 1))]
    ).head(rows)


def tax(seed: int = 0, *, rows: int = 150, currencies: Sequence[str] = ("usd", "eur")) -> pl.DataFrame:
    """Itemised tax transactions."""
    rng = _seeded(seed)
    places = {
        "usd": [
            ("Texas", "TX", "US"),
            ("California", "CA", "US"),
            ("Los Angeles", "CA", "US"),
            ("New York", "NY", "US"),
        ],
        "eur": [("France", None, "FR"), ("Germany", None, "DE"), ("Ireland", None, "IE")],
    }

    def row() -> dict[str, Any]:
        currency = rng.choice(currencies)
        name, state, country = rng.choice(places.get(currency, [("Elsewhere", None, "XX")]))
        return {
            "transaction_date": datetime(2026, 10, 1, tzinfo=UTC)
            + timedelta(seconds=rng.randrange(31 * 86_400)),
            "currency": currency,
            "tax_amount": an_amount(rng, currency, 3000) * rng.choice([1, 1, 1, -1]),
            "jurisdiction_name": name,
            "state_code": state,
            "country_code": country,
        }

    return a_frame("tax.transactions.itemized.2", [row() for _ in range(max(rows, 1))]).head(rows)


def overview(seed: int = 0, *, rows: int = 40, currencies: Sequence[str] = ("eur", "usd")) -> pl.DataFrame:
    """Connected accounts with negative balances."""
    rng = _seeded(seed)

    def row(number: int) -> dict[str, Any]:
        currency = rng.choice(currencies)
        return {
            "account_id": f"acct_{number:03}",
            "business_name": f"Shop {number}",
            "currency": currency,
            "balance": an_amount(rng, currency) * rng.choice([-1, -1, 1]),
        }

    return a_frame(
        "connect.negative_balance_refunds_disputes_overview.1",
        [row(number) for number in range(max(rows, 1))],
    ).head(rows)


def plan_fees(seed: int = 0, *, rows: int = 60, currencies: Sequence[str] = ("eur", "usd")) -> pl.DataFrame:
    """Interchange and scheme fees by plan; amounts have six decimals."""
    rng = _seeded(seed)

    def row(number: int) -> dict[str, Any]:
        return {
            "connected_account_id": f"acct_{number % 7:03}",
            "plan_name": f"Mastercard Consumer Credit - Region {number % 20}",
            "network_cost_category": rng.choice(["interchange", "card_scheme"]),
            "total_amount": Decimal(rng.randrange(1, 10**8)).scaleb(-6),
            "fee_currency": rng.choice(currencies),
        }

    return a_frame(
        "connect_card_payments_fees.plan_level.1", [row(number) for number in range(max(rows, 1))]
    ).head(rows)


def financial_summary(**amounts: str) -> pl.DataFrame:
    """A financial account's balance, which names no currency."""
    rows = [
        {"category": name, "description": name, "amount": Decimal(amount)} for name, amount in amounts.items()
    ]
    return a_frame("financial_account_balance.summary.1", rows)


def financial_activity(seed: int = 0, *, rows: int = 60, days: int = 31) -> pl.DataFrame:
    """What came into a financial account and left it."""
    rng = _seeded(seed)
    names = {"received_credit": 1, "received_debit": -1, "outbound_payment": -1, "outbound_transfer": -1}

    def row() -> dict[str, Any]:
        name = rng.choice(list(names))
        return {
            "created": datetime(2026, 10, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(days * 86_400)),
            "category": name,
            "status": "posted",
            "amount": an_amount(rng, "eur") * names[name],
        }

    return a_frame(
        "financial_account_balance_change_from_activity.itemized.2", [row() for _ in range(max(rows, 1))]
    ).head(rows)


def revenue(seed: int = 0, *, rows: int = 150, currencies: Sequence[str] = ("eur", "usd")) -> pl.DataFrame:
    """Debits and credits by customer."""
    rng = _seeded(seed)
    entries = [
        ("AccountsReceivable", "DeferredRevenue"),
        ("DeferredRevenue", "Revenue"),
        ("Cash", "AccountsReceivable"),
        ("Refunds", "Cash"),
    ]

    def row() -> dict[str, Any]:
        currency = rng.choice(currencies)
        debit, credit = rng.choice(entries)
        return {
            "accounting_period": f"2026-{rng.randrange(5, 11):02}-01",
            "currency": currency,
            "debit": debit,
            "credit": credit,
            "amount": an_amount(rng, currency),
        }

    return a_frame(
        "revenue_recognition.debit_credit_by_customer.1", [row() for _ in range(max(rows, 1))]
    ).head(rows)


def revenue_by_invoice(
    seed: int = 0, *, rows: int = 150, currencies: Sequence[str] = ("eur", "usd")
) -> pl.DataFrame:
    """Debits and credits by invoice; some were booked before the report begins."""
    rng = _seeded(seed)
    frame = revenue(seed, rows=rows, currencies=currencies)
    models = [f"in_{rng.randrange(max(rows // 3, 1))}" for _ in range(rows)]
    return frame.with_columns(transaction_model_id=pl.Series(models, dtype=pl.String))


def summary(frame: pl.DataFrame) -> pl.DataFrame:
    """The summary of an itemised report."""
    return (
        frame.group_by("reporting_category", "currency", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("count"), pl.col("gross", "fee", "net").sum())
        .sort("currency", "reporting_category")
    )
