"""Exact sums by day, in one pass over the rows."""

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
    """Return exact sums by currency, day and other keys.

    Args:
        frame: A report's rows.
        time: Column with the time.
        timezone: Time zone of the days.
        currency: Only this currency, or these.
        keys: Other keys to group by.
        money_in: Column with the currency.
        amounts: Columns to sum.

    Returns:
        ``currency`` ("" if there is none), ``day``, the keys, ``rows``, and the amounts.
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
