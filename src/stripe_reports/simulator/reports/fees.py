"""Stripe's fees, one by one, from the balance transactions that include them.

The amounts of a transaction's fees sum to its ``fee``, those of a stand-alone fee to minus its ``net``. An
amount includes its tax; sources disagree on whether Stripe's does. The only tax in the fees of charges is
Japan's consumption tax. Fees that are balance transactions by product and day are listed by charge, in
millionths; their sum is that transaction, up to one minor unit for the amount and one for the tax.

A tax invoice has the fees of a month by balance transaction, without pass-through fees, here the network
costs; the merchant pays no Connect platform fees.
Source: https://support.stripe.com/questions/understanding-your-monthly-tax-invoice
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from stripe_reports.simulator.ledger.card_costs import is_home
from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.markets import CATEGORY
from stripe_reports.simulator.ledger.pricing import PRODUCTS, is_assessed
from stripe_reports.simulator.ledger.restatements import is_late_fee
from stripe_reports.simulator.reports import details
from stripe_reports.simulator.reports.cells import day, decimal, timestamp
from stripe_reports.simulator.reports.details import Columns, Context
from stripe_reports.simulator.reports.selections import Asked, Rows

__all__ = [
    "ABROAD",
    "ASSESSED",
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
_LATEST = 11 * _DAY
"""Longest time from a fee to the balance transaction that includes it."""
_SURCHARGE = {"eur": 5, "usd": 10, "jpy": 4, "kwd": 5}
"""Part of a fee that is charged for a foreign card: per thousand of the amount."""
PROCESSING, ABROAD, WITHHELD, DISPUTE, STAND_ALONE, ASSESSED = range(6)
"""The kinds of fees, the column ``_fee`` of their rows."""
_CATEGORIES = ["processing" if product.category == "fee" else product.category for product in PRODUCTS]
"""The fee category of each product."""


def by_balance_transaction(asked: Asked) -> Rows:
    """Return the fees whose balance transaction was created in the interval."""
    return _fees(asked, "created")


def by_incurred_date(asked: Asked) -> Rows:
    """Return the fees incurred in the interval: Radar charges the fee of a day on the next day."""
    return _fees(asked, "incurred_at")


def invoiced(asked: Asked) -> Rows:
    """Return the fees of a tax invoice: by balance transaction, without those that Stripe passes through."""
    rows = by_balance_transaction(asked)
    costs = [n for n, product in enumerate(PRODUCTS) if product.category == "network_cost"]
    is_passed_on = is_late_fee() | pl.col("product").is_in(costs).fill_null(value=False)
    return Rows(rows.table.filter(~is_passed_on), rows.wanted)


def invoiced_sums(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
    """Return the sums of a tax invoice by product, feature, category and currency.

    Stripe does not publish the columns of this report: these are assumed.
    """
    asked = parts[0]
    by = ("product", "feature_name", "fee_category", "currency")
    of_row = columns(asked.ledger.draws, asked.context)
    fees = invoiced(asked).lazy().with_columns(**of_row.shared)
    sums = (
        fees.select(*(of_row.column(name).alias(name) for name in by), "_fee", amount="amount", tax=tax())
        .group_by(by)
        .agg(pl.col("amount", "tax").sum(), pl.col("_fee").max())
        .sort(by)
        .with_columns(_decimals=details.decimals(pl.col("currency")))
        .with_columns(_amount(asked.context, pl.col(name)).alias(name) for name in ("amount", "tax"))
    )
    yield sums.select(asked.columns).collect()


def columns(draws: Draws, context: Context) -> Columns:
    """Return the columns of ``all_fees``."""
    of_row = details.activity(draws, context)
    fee, method = pl.col("_fee"), pl.col("_method")
    is_alone = fee == STAND_ALONE
    settled_by = pl.when(is_alone | (fee == ASSESSED))
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
            "fee_transaction_created": settled_by.then(created),
            "fee_transaction_id": settled_by.then(of_row.column("balance_transaction_id")),
            "incurred_at": timestamp(pl.col("incurred_at"), context.zone),
            "incurred_by": pl.when(~is_alone).then(of_row.column("source_id")),
            "incurred_by_type": _by_fee(
                "charge", "charge", "charge", "dispute", None, pl.col("reporting_category").cast(pl.String)
            ),
            "fee_description": _description(method),
            "amount": _amount(context, pl.col("amount")),
            "tax": _amount(context, tax()),
            "currency": pl.col("currency"),
            "product": _by_fee(*["Payments"] * 4, "Radar", "Payments"),
            "feature_name": pl.when(is_alone & pl.col("_is_late"))
            .then(pl.lit("network_costs"))
            .otherwise(
                _by_fee(
                    *(method, "international_cards", "withholding", "disputes", "fraud_teams"),
                    _of_product([product.feature for product in PRODUCTS]),
                )
            ),
            "pricing_tier": pl.when(fee == PROCESSING).then(pl.lit("standard")),
            "settled_at": created,
            "settled_via": pl.lit("balance"),
            "suite": _by_fee("payments", "payments", "payments", "payments", "risk", "payments"),
            "fee_category": pl.when(is_alone & pl.col("_is_late"))
            .then(pl.lit("network_cost"))
            .otherwise(
                _by_fee("processing", "processing", "tax", "dispute", "add_on", _of_product(_CATEGORIES))
            ),
        },
    )


def _fees(asked: Asked, time: str) -> Rows:
    """Return a row for each fee, in the order of their transactions."""
    near = pl.col("created").is_between(asked.start, asked.end + _LATEST) & (pl.col("created") < asked.as_of)
    carried = asked.ledger.activity.lazy().filter(near & asked.filters)
    of_row = details.activity(asked.ledger.draws, asked.context)
    gross, whole, withheld = pl.col("gross"), pl.col("fee"), pl.col("withheld_tax")
    is_charge = pl.col("reporting_category") == "charge"
    is_fee = pl.col("reporting_category").is_in(["fee", "network_cost"])
    is_from_abroad = ~is_home(of_row.column("card_country")) & (whole != 0)
    surcharge = pl.when(is_from_abroad).then(gross * _rate() // 1000).otherwise(0)
    carried = carried.filter(~is_assessed()).with_columns(
        _surcharge=pl.when(is_charge).then(surcharge).otherwise(0),
        incurred_at=pl.when(is_fee & ~is_late_fee()).then(day_before()).otherwise("created"),
    )
    fees: list[tuple[int, pl.Expr, pl.Expr]] = [
        (PROCESSING, is_charge & (whole != 0), whole - withheld - pl.col("_surcharge")),
        (ABROAD, is_charge & (pl.col("_surcharge") > 0), pl.col("_surcharge")),
        (WITHHELD, withheld != 0, withheld),
        (DISPUTE, ~is_charge & ~is_fee & (whole != 0), whole),
        (STAND_ALONE, is_fee, -gross),
    ]
    every = pl.concat(
        [
            *(
                carried.filter(has_it).with_columns(_fee=pl.lit(number, pl.Int8), amount=amount)
                for number, has_it, amount in fees
            ),
            _by_charge(asked.ledger).filter(near),
        ],
        how="diagonal",
    )
    table = every.filter(asked.during(time)).sort(time, "created", "transaction", "_fee").collect()
    return Rows(table, pl.lit(value=True))


def day_before() -> pl.Expr:
    """Return the last second of the day before the transaction: then its stand-alone fee was incurred."""
    return pl.col("created") // _DAY * _DAY - 1


def _by_charge(ledger: Ledger) -> pl.LazyFrame:
    """Return the fees of charges and disputes that are in balance transactions of their own."""
    is_dispute = pl.col("product").is_in(
        [n for n, product in enumerate(PRODUCTS) if product.suite == "Disputes"]
    )
    category = pl.when(is_dispute).then(pl.lit("dispute", CATEGORY)).otherwise(pl.lit("charge", CATEGORY))
    return ledger.assessed.lazy().with_columns(
        amount=pl.col("amount") + pl.col("tax"),
        _fee=pl.lit(ASSESSED, pl.Int8),
        reporting_category=category,
    )


def _amount(context: Context, units: pl.Expr) -> pl.Expr:
    """Write minor units, or millionths of a fee that is part of a balance transaction."""
    return (
        pl.when(pl.col("_fee") == ASSESSED)
        .then(decimal(units, 6))
        .otherwise(details.amount_of(context, units))
    )


def _of_product(values: Sequence[str]) -> pl.Expr:
    return pl.col("product").replace_strict(dict(enumerate(values)), return_dtype=pl.String)


def _rate() -> pl.Expr:
    return pl.col("currency").replace_strict(_SURCHARGE, return_dtype=pl.Int64)


def tax() -> pl.Expr:
    """Return the tax included in an amount: of a fee of its own, or in Japan ten percent, towards zero."""
    amount = pl.col("amount")
    tenth = amount.sign() * (amount.abs() // 11)
    in_japan = pl.when(pl.col("currency") == "jpy").then(tenth).otherwise(0)
    return pl.when(pl.col("_fee") == ASSESSED).then(pl.col("tax")).otherwise(in_japan)


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
    return _by_fee(
        name, "Card from abroad", "Withheld tax", dispute, alone, _of_product([p.name for p in PRODUCTS])
    )
