"""Exact sums by day: one pass over the rows, however many there are."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, as_day, only_currencies

__all__ = ["sums_by_day"]


def sums_by_day(
    frame: Frame,
    time: str,
    timezone: str | None,
    currency: str | Sequence[str] | None,
    *keys: pl.Expr,
    money_in: str = "currency",
    **amounts: pl.Expr,
) -> pl.DataFrame:
    """Exact sums by currency, day and whatever else.

    Args:
        frame: A report's rows.
        time: The column whose days are counted.
        timezone: Zone in which they are.
        currency: Only this one, or these.
        keys: What the rows are told apart by besides.
        money_in: The column with the currency.
        amounts: What is summed up.

    Returns:
        ``currency`` ("" where there is none), ``day``, the keys, ``rows``, and the amounts.
    """
    return (
        only_currencies(frame, currency, money_in)
        .group_by(
            pl.col(money_in).fill_null("").alias("currency"),
            as_day(frame, time, timezone).alias("day"),
            *keys,
        )
        .agg(rows=pl.len().cast(pl.Int64), **{name: amount.sum() for name, amount in amounts.items()})
        .collect(engine="streaming")
    )
