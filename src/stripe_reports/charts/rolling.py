"""Sums of the last days up to each day, for rates that one day is too short for."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from stripe_reports.charts.slots import NO_DATE, Slots

__all__ = ["ROLLING", "rolling"]

ROLLING = 30
"""Number of days up to a day, with it."""

_FEWEST = 7
"""Number of days below which a sum says little; the first days of a report are left out."""


def rolling(days: pl.DataFrame, slots: Slots) -> tuple[pl.DataFrame, Slots]:
    """Replace the sums of each day by those of the last 30 days that the report covers.

    Args:
        days: ``currency``, ``period``, decimals and counts; a row for each day with rows.
        slots: The days.

    Returns:
        A row for each currency and day from the seventh on; and these days. Those with fewer than 30 days
        behind them are partial.
    """
    names = [name for name in days.columns if name not in ("currency", "period")]
    every = slots.filled(days, "currency").with_columns(pl.col(names).fill_null(0))
    so_far = pl.col(names).cum_sum()
    last = so_far - so_far.shift(ROLLING).fill_null(0)  # exact, unlike a rolling sum, which is in floats
    data = every.with_columns(last.over("currency"))
    dated = [key for key in slots.keys if key != NO_DATE]
    kept = dated[min(_FEWEST, len(dated)) - 1 :]
    firsts = {key: dated[max(0, place - ROLLING + 1)] for place, key in enumerate(dated)}
    return data.filter(pl.col("period").is_in(kept)), replace(
        slots,
        keys=kept,
        names=[f"{firsts[key]} to {key}" for key in kept],
        source={**slots.source, "back": ROLLING - 1},
        partial=frozenset(dated[: ROLLING - 1]),
    )
