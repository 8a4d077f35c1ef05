"""The administrative facilitation fees of the financial account: a row for each day with a balance.

The fee of a day is that day's part of the federal funds rate on the balance at its end. Stripe's page names
the columns; the rate and the way of computing are invented.
"""

from __future__ import annotations

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.reports.cells import day, decimal, money
from stripe_reports.simulator.reports.details import Columns, Context
from stripe_reports.simulator.reports.financial_accounts import CURRENCY, transactions
from stripe_reports.simulator.reports.selections import Asked, Rows

__all__ = ["by_day", "columns"]

_DAY = 86_400
_DAYS_OF_A_YEAR = 360


def by_day(asked: Asked) -> Rows:
    """Return the complete days of the interval whose balance is positive, in order."""
    impact = pl.col("impact")
    changes = (
        transactions(asked.ledger, asked.as_of).group_by(day=pl.col("created") // _DAY).agg(impact.sum())
    )
    days = pl.DataFrame({"day": pl.int_range(-(-asked.start // _DAY), asked.end // _DAY, eager=True)})
    balances = changes.sort("day").select("day", balance=impact.cum_sum())
    table = (
        days.join_asof(balances, on="day", check_sortedness=False)
        .filter(pl.col("balance") > 0)
        .with_columns(rate=433 + asked.ledger.draws.below(11, "federal funds rate", pl.col("day")))
    )
    # Millionths of a dollar from cents and ten-thousandths of one.
    fee = pl.col("balance") * pl.col("rate") // _DAYS_OF_A_YEAR
    return Rows(table.with_columns(fee=fee), pl.lit(value=True))


def columns(draws: Draws, context: Context) -> Columns:
    """Return the columns of the report."""
    only = pl.lit(0, pl.UInt64)
    return Columns(
        {},
        {
            "balance_amount": money(pl.col("balance"), pl.lit(DECIMALS[CURRENCY]), point=context.point),
            "balance_currency": pl.lit(CURRENCY),
            "date": day(pl.col("day") * _DAY),
            "effr_value": decimal(pl.col("rate"), 4),
            "fee": decimal(pl.col("fee"), 6),
            "financial_account": draws.id("fa_", "financial account", only),
            "merchant": draws.id("acct_", "merchant", only),
        },
    )
