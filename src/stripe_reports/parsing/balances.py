"""Balances of several parts as those of the whole interval."""

from __future__ import annotations

import polars as pl

from stripe_reports.catalog.splitting import ACCOUNT, MOMENT, PART, are_states

__all__ = ["as_one_balance", "of_whole"]


def as_one_balance(rows: pl.LazyFrame, amount: str = "net_amount") -> pl.LazyFrame:
    """Put balance summaries of several parts together: the first start, all changes, and the last end.

    Those of several accounts stay apart.
    """
    schema = rows.collect_schema()
    if PART not in schema:
        return rows
    keys = [name for name in (ACCOUNT, "currency", "category") if name in schema]
    kind = pl.col("category").first()
    others = pl.exclude(*keys, amount, PART, MOMENT)
    is_start = kind.str.starts_with("starting_balance")
    return (
        rows.sort(PART, maintain_order=True)
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


def of_whole(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return balances as those from the first start to the last end, and states as those of the last moment.

    Rows of events, and totals that can be added up, stay as they are.
    """
    schema = rows.collect_schema()
    if are_states(schema):
        last = pl.col(MOMENT).max()
        last = last.over(ACCOUNT) if ACCOUNT in schema else last
        return rows.filter(pl.col(MOMENT) == last).drop(MOMENT)
    if "category" in schema:
        return as_one_balance(rows, "net_amount" if "net_amount" in schema else "amount")
    return rows
