"""Stripe's fees, one by one, from the balance transactions that include them.

The amounts of a transaction's fees sum to its ``fee``, those of a stand-alone fee to minus its ``gross``. An
amount includes its tax; sources disagree on whether Stripe's does. The only tax here is Japan's consumption
tax.

A tax invoice has the fees of a month by balance transaction, without pass-through fees, here the network
costs; the merchant pays no Connect platform fees.
Source: https://support.stripe.com/questions/understanding-your-monthly-tax-invoice
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.restatements import is_late_fee
from stripe_reports.simulator.reports import details
from stripe_reports.simulator.reports.cells import day, timestamp
from stripe_reports.simulator.reports.details import Columns, Context
from stripe_reports.simulator.reports.selections import Asked, Rows

__all__ = [
    "ABROAD",
    "DISPUTE",
    "PROCESSING",
    "STAND_ALONE",
    "WITHHELD",
    "by_balance_transaction",
    "by_incurred_date",
    "columns",
    "day_before",
    "invoiced",
    "invoiced_sums",
    "tax",
]

_DAY = 86_400
_SURCHARGE = {"eur": 5, "usd": 10, "jpy": 4, "kwd": 5}
"""Part of a fee that is charged for a foreign card: per thousand of the amount."""
_HOME = {"eur": ("DE", "FR", "ES", "IT", "NL"), "usd": ("US",), "jpy": ("JP",), "kwd": ("KW",)}
PROCESSING, ABROAD, WITHHELD, DISPUTE, STAND_ALONE = range(5)
"""The kinds of fees, the column ``_fee`` of their rows."""


def by_balance_transaction(asked: Asked) -> Rows:
    """Return the fees whose balance transaction was created in the interval."""
    return _fees(asked, "created")


def by_incurred_date(asked: Asked) -> Rows:
    """Return the fees incurred in the interval: Radar charges the fee of a day on the next day."""
    return _fees(asked, "incurred_at")


def invoiced(asked: Asked) -> Rows:
    """Return the fees of a tax invoice: by balance transaction, without those that Stripe passes through."""
    rows = by_balance_transaction(asked)
    return Rows(rows.table.filter(~is_late_fee()), rows.wanted)


def invoiced_sums(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
    """Return the sums of a tax invoice by product, feature, category and currency.

    Stripe does not publish the columns of this report: these are assumed.
    """
    asked = parts[0]
    by = ("product", "feature_name", "fee_category", "currency")
    of_row = columns(asked.ledger.draws, asked.context)
    fees = invoiced(asked).lazy().with_columns(**of_row.shared)
    sums = (
        fees.select(*(of_row.column(name).alias(name) for name in by), amount="amount", tax=tax())
        .group_by(by)
        .agg(pl.col("amount", "tax").sum())
        .sort(by)
        .with_columns(_decimals=details.decimals(pl.col("currency")))
        .with_columns(
            details.amount_of(asked.context, pl.col(name)).alias(name) for name in ("amount", "tax")
        )
    )
    yield sums.select(asked.columns).collect()


def columns(draws: Draws, context: Context) -> Columns:
    """Return the columns of ``all_fees``."""
    of_row = details.activity(draws, context)
    fee, method = pl.col("_fee"), pl.col("_method")
    is_alone = fee == STAND_ALONE
    created = timestamp(pl.col("created"), context.zone)
    shared = {
        **of_row.shared,
        "_method": of_row.column("payment_method_type"),
        "_is_late": is_late_fee(),
    }
    return Columns(
        shared,
        {
            "balance_transaction_created": created,
            "balance_transaction_id": of_row.column("balance_transaction_id"),
            "fee_transaction_created": pl.when(is_alone).then(created),
            "fee_transaction_id": pl.when(is_alone).then(of_row.column("balance_transaction_id")),
            "incurred_at": timestamp(pl.col("incurred_at"), context.zone),
            "incurred_by": pl.when(~is_alone).then(of_row.column("source_id")),
            "incurred_by_type": _by_fee("charge", "charge", "charge", "dispute", None),
            "fee_description": _description(method),
            "amount": details.amount_of(context, pl.col("amount")),
            "tax": details.amount_of(context, tax()),
            "currency": pl.col("currency"),
            "product": _by_fee("Payments", "Payments", "Payments", "Payments", "Radar"),
            "feature_name": pl.when(is_alone & pl.col("_is_late"))
            .then(pl.lit("network_costs"))
            .otherwise(_by_fee(method, "international_cards", "withholding", "disputes", "fraud_teams")),
            "pricing_tier": pl.when(fee == PROCESSING).then(pl.lit("standard")),
            "settled_at": created,
            "settled_via": pl.lit("balance"),
            "suite": _by_fee("payments", "payments", "payments", "payments", "risk"),
            "fee_category": pl.when(is_alone & pl.col("_is_late"))
            .then(pl.lit("network_cost"))
            .otherwise(_by_fee("processing", "processing", "tax", "dispute", "add_on")),
        },
    )


def _fees(asked: Asked, time: str) -> Rows:
    """Return a row for each fee, in the order of their transactions."""
    near = pl.col("created").is_between(asked.start, asked.end + 2 * _DAY) & (pl.col("created") < asked.as_of)
    carried = asked.ledger.activity.lazy().filter(near & asked.filters)
    of_row = details.activity(asked.ledger.draws, asked.context)
    gross, whole, withheld = pl.col("gross"), pl.col("fee"), pl.col("withheld_tax")
    is_charge = pl.col("reporting_category") == "charge"
    is_fee = pl.col("reporting_category") == "fee"
    surcharge = pl.when(_is_from_abroad(of_row)).then(gross * _rate() // 1000).otherwise(0)
    carried = carried.with_columns(
        _surcharge=pl.when(is_charge).then(surcharge).otherwise(0),
        incurred_at=pl.when(is_fee & ~is_late_fee()).then(day_before()).otherwise("created"),
    )
    fees: list[tuple[int, pl.Expr, pl.Expr]] = [
        (PROCESSING, is_charge, whole - withheld - pl.col("_surcharge")),
        (ABROAD, is_charge & (pl.col("_surcharge") > 0), pl.col("_surcharge")),
        (WITHHELD, withheld != 0, withheld),
        (DISPUTE, ~is_charge & ~is_fee & (whole != 0), whole),
        (STAND_ALONE, is_fee, -gross),
    ]
    every = pl.concat(
        carried.filter(has_it).with_columns(_fee=pl.lit(number, pl.Int8), amount=amount)
        for number, has_it, amount in fees
    )
    table = every.filter(asked.during(time)).sort(time, "created", "transaction", "_fee").collect()
    return Rows(table, pl.lit(value=True))


def day_before() -> pl.Expr:
    """Return the last second of the day before the transaction: then its stand-alone fee was incurred."""
    return pl.col("created") // _DAY * _DAY - 1


def _is_from_abroad(of_row: Columns) -> pl.Expr:
    country = of_row.column("card_country")
    return pl.any_horizontal(
        (pl.col("currency") == currency) & ~country.is_in(home) for currency, home in _HOME.items()
    )


def _rate() -> pl.Expr:
    return pl.col("currency").replace_strict(_SURCHARGE, return_dtype=pl.Int64)


def tax() -> pl.Expr:
    """Return the tax included in an amount: in Japan ten percent, rounded towards zero."""
    amount = pl.col("amount")
    tenth = amount.sign() * (amount.abs() // 11)
    return pl.when(pl.col("currency") == "jpy").then(tenth).otherwise(0)


def _by_fee(*values: str | pl.Expr | None) -> pl.Expr:
    """Choose one value by the kind of fee."""
    chosen = pl.lit(None, pl.String)
    for kind, value in enumerate(values):
        value_ = value if isinstance(value, pl.Expr) else pl.lit(value, pl.String)
        chosen = pl.when(pl.col("_fee") == kind).then(value_).otherwise(chosen)
    return chosen


def _description(method: pl.Expr) -> pl.Expr:
    on = day(pl.col("incurred_at"))
    name = method.replace_strict(
        {"card": "Card payments", "sepa_debit": "SEPA Direct Debit", "link": "Link", "klarna": "Klarna"},
        return_dtype=pl.String,
    )
    dispute = (
        pl.when(pl.col("amount") < 0).then(pl.lit("Dispute fee returned")).otherwise(pl.lit("Dispute fee"))
    )
    late = pl.concat_str(pl.lit("Network costs, adjusted ("), on, pl.lit(")"))
    alone = (
        pl.when("_is_late")
        .then(late)
        .otherwise(pl.concat_str(pl.lit("Radar for Fraud Teams ("), on, pl.lit(")")))
    )
    return _by_fee(name, "Card from abroad", "Withheld tax", dispute, alone)
