"""Exact sums of a report's rows, in one pass, by currency and other keys."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from stripe_reports.charts.columns import Frame

__all__ = ["COUNTS", "count_text", "counted_as", "summed", "sums_of"]

COUNTS = ("rows", "nonzero")
"""Columns of counts: all rows, and those in which an amount is not zero, which order the currencies."""


def sums_of(
    frame: Frame,
    *keys: pl.Expr,
    amounts: Mapping[str, pl.Expr],
    money_in: str = "currency",
    keeps_idle: bool = False,
) -> pl.DataFrame:
    """Return exact sums by currency and other keys.

    Args:
        frame: A report's rows.
        keys: Other keys to group by.
        amounts: Amounts to sum, by name.
        money_in: Column with the currency.
        keeps_idle: True to keep rows without a currency even if all of them are zero.

    Returns:
        ``currency`` ("" if there is none), the keys, the amounts, ``rows`` and ``nonzero``. Rows without a
        currency are left out if all of them are zero and others have one.
    """
    is_zero = [pl.col(f"\0{name}").fill_null(0) == 0 for name in amounts]
    sums = (
        frame.lazy()
        .with_columns(**{f"\0{name}": amount for name, amount in amounts.items()})
        .group_by(pl.col(money_in).fill_null("").alias("currency"), *keys)
        .agg(
            rows=pl.len().cast(pl.Int64),
            nonzero=(~pl.all_horizontal(is_zero)).sum().cast(pl.Int64),
            **{name: pl.col(f"\0{name}").sum() for name in amounts},
        )
        .collect(engine="streaming")
    )
    without = pl.col("currency") == ""
    is_idle = without & (pl.col("nonzero").filter(without).sum() == 0) & (~without).any()
    return sums if keeps_idle else sums.filter(~is_idle)


def summed(data: pl.DataFrame) -> pl.DataFrame:
    """Add up the rows with equal keys: every decimal and the counts; sorted by the keys."""
    numbers = [name for name, dtype in data.schema.items() if dtype.is_decimal() or name in COUNTS]
    keys = [name for name in data.columns if name not in numbers]
    return data.group_by(keys).agg(pl.col(numbers).sum()).sort(keys, nulls_last=True)


def count_text(name: str) -> pl.Expr:
    """Return a column of numbers as text, with commas between thousands, as amounts have them."""
    return pl.col(name).cast(pl.Int64).map_elements("{:,}".format, return_dtype=pl.String)


def counted_as(data: pl.DataFrame, counts: Mapping[str | None, int]) -> pl.DataFrame:
    """Replace the counts of non-zero rows by those of the report, so that its currencies have one order.

    Args:
        data: ``currency``, and figures made of the report's rows.
        counts: The number of non-zero rows of each currency.
    """
    count = pl.col("currency").replace_strict(
        {currency or "": count for currency, count in counts.items()}, default=0, return_dtype=pl.Int64
    )
    is_first = pl.int_range(pl.len()).over("currency") == 0
    return data.with_columns(nonzero=pl.when(is_first).then(count).otherwise(0))
