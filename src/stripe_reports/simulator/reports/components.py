"""The activity by component: each balance transaction as its gross, its fees and their taxes.

The components of a transaction sum to its net: ``gross`` is its gross, all others are minus its fee. The
fees are those of ``all_fees``. Stripe's own values of ``activity_interval_type`` and ``event_type`` are not
known; these are in the same style.
"""

from __future__ import annotations

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.pricing import assessed_product, is_assessed
from stripe_reports.simulator.ledger.restatements import is_late_fee
from stripe_reports.simulator.reports import details, fees, selections
from stripe_reports.simulator.reports.cells import day, timestamp
from stripe_reports.simulator.reports.details import Columns, Context
from stripe_reports.simulator.reports.selections import Asked, Rows

__all__ = ["columns", "components"]

_COMPONENTS = {
    fees.PROCESSING: "payments_fee",
    fees.ABROAD: "payments_fee",
    fees.WITHHELD: "tax",
    fees.DISPUTE: "dispute_fee",
}
"""The component of each kind of fee in a transaction. A fee that is a row of its own is the row's gross."""

_LAST_SECOND = 86_399
_TAX_OF = 1 << 4
"""Added to the kind of a fee for the row of its tax."""


def components(asked: Asked) -> Rows:
    """Return the components of the balance transactions created in the interval, by time."""
    gross = selections.activity(asked).lazy().select(pl.all(), component=pl.lit("gross"), amount="gross")
    carried = fees.by_balance_transaction(asked).lazy().filter(pl.col("_fee").is_in(list(_COMPONENTS)))
    carried = carried.with_columns(_tax=fees.tax())
    named = pl.col("_fee").replace_strict(_COMPONENTS, return_dtype=pl.String)
    net_of_tax = carried.with_columns(component=named, amount=pl.col("_tax") - pl.col("amount"))
    taxes = carried.filter(pl.col("_tax") != 0).with_columns(
        component=pl.lit("tax"), amount=-pl.col("_tax"), _fee=pl.col("_fee") + _TAX_OF
    )
    # The ``fee`` of a row of fees is tax.
    of_rows = gross.filter(is_assessed(), pl.col("fee") != 0).with_columns(
        component=pl.lit("tax"), amount=-pl.col("fee"), _fee=pl.lit(fees.ASSESSED + _TAX_OF, pl.Int8)
    )
    every = pl.concat([gross, net_of_tax, taxes, of_rows], how="diagonal")
    table = every.sort("created", "transaction", "_fee", nulls_last=False).collect()
    return Rows(table, pl.lit(value=True))


def columns(draws: Draws, context: Context) -> Columns:
    """Return the columns of ``activity.itemized``."""
    of_row = details.activity(draws, context)
    category, is_gross = pl.col("reporting_category"), pl.col("component") == "gross"
    is_of_a_day = ((category == "fee") & ~is_late_fee()) | is_assessed()
    day_of_fees = assessed_product()[1]
    active_at = (
        pl.when(is_assessed())
        .then(day_of_fees + _LAST_SECOND)
        .when(is_of_a_day)
        .then(fees.day_before())
        .otherwise("created")
    )
    is_shown = is_gross & ~category.is_in(["dispute", "dispute_reversal"])
    of_fee = pl.col("transaction") * (2 * _TAX_OF) + pl.col("_fee").cast(pl.UInt64)
    source = of_row.column("source_id")
    named = {
        "balance_transaction_created_at": timestamp(pl.col("created")),
        "balance_transaction_reporting_category": category,
        "balance_transaction_component": pl.col("component"),
        "balance_transaction_regulatory_tag": of_row.column("regulatory_tag"),
        "balance_transaction_description": of_row.column("description"),
        "activity_at": timestamp(active_at),
        "activity_interval_type": pl.when(is_of_a_day).then(pl.lit("day")).otherwise(pl.lit("instant")),
        "activity_start_date": pl.when(is_of_a_day).then(day(active_at)),
        "activity_end_date": pl.when(is_of_a_day).then(day(active_at)),
        "event_type": category,
        "amount": details.amount_of(context, pl.col("amount")),
        "fee_id": draws.id("fee_", "fee", of_fee),
        "destination_id": pl.lit(None, pl.String),
        "customer_facing_amount": pl.when(is_shown).then(of_row.column("customer_facing_amount")),
        "customer_facing_currency": pl.when(is_shown).then(of_row.column("customer_facing_currency")),
        "refund_id": pl.when(category.is_in(["refund", "refund_failure"])).then(source),
        "dispute_id": pl.when(category.is_in(["dispute", "dispute_reversal"])).then(source),
    }
    return Columns(of_row.shared, {**of_row.named, **named})
