"""Balances of several parts as those of the whole interval."""

from __future__ import annotations

import polars as pl

from stripe_reports.catalog.splitting import MOMENT, PART, are_states

__all__ = ["as_one_balance", "last_states"]


def as_one_balance(rows: pl.LazyFrame, amount: str = "net_amount") -> pl.LazyFrame:
    """Put balance summaries of several parts together: the first start, all changes, and the last end."""
    if PART not in rows.collect_schema():
        return rows
    keys = ["currency", "category"]
    kind = pl.col("category").first()
    others = pl.exclude(*keys, amount, PART, MOMENT)
    is_start = kind.str.starts_with("starting_balance")
    return (
        rows.sort(PART)
        .group_by(keys, maintain_order=True)
        .agg(
            pl.when(is_start)
            .then(pl.col(amount).first())
            .when(kind == "ending_balance")
            .then(pl.col(amount).last())
            .otherwise(pl.col(amount).sum()),
            pl.when(is_start).then(others.first()).otherwise(others.last()),
        )
    )


def last_states(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the states at the last of several moments; all rows of anything else."""
    if not are_states(rows.collect_schema()):
        return rows
    return rows.filter(pl.col(MOMENT) == pl.col(MOMENT).max()).drop(MOMENT)
