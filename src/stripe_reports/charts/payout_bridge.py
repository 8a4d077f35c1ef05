"""A payout as a bridge: from the sales, step by step, to the amount that reaches the bank."""

from __future__ import annotations

import polars as pl

from stripe_reports.charts.panels import Chart, Subtitle, heading
from stripe_reports.charts.waterfall import waterfall

__all__ = ["payout_bridge"]


def payout_bridge(
    parts: pl.DataFrame, currency: str, *, total: str, title: str, subtitle: Subtitle = None
) -> Chart:
    """Draw the parts of a payout, and at the end their sum.

    Args:
        parts: ``part`` and its signed ``amount``, in order.
        currency: Currency of the payout.
        total: Label of the last bar.
        title: Title of the chart.
        subtitle: One line or several below it.
    """
    steps = pl.concat(
        [parts, pl.DataFrame({"part": [total], "amount": [parts["amount"].sum()]}, parts.schema)]
    )
    is_total = pl.int_range(pl.len()) == parts.height
    level = pl.col("amount").cum_sum()
    bars = steps.select(
        currency=pl.lit(currency),
        step=pl.col("part").str.head(1).str.to_uppercase() + pl.col("part").str.tail(-1),
        category="part",
        kind=pl.when(is_total)
        .then(pl.lit("total"))
        .when(pl.col("amount") < 0)
        .then(pl.lit("fall"))
        .otherwise(pl.lit("rise")),
        amount="amount",
        start=pl.when(is_total).then(0).otherwise(level - pl.col("amount")),
        end=pl.when(is_total).then(pl.col("amount")).otherwise(level),
    )
    return waterfall(bars, heading(title, subtitle), category={"columns": ["part"]})
