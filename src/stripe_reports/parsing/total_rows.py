"""The row of all reporting categories together, which a summary may have: its parts are rows too.

Stripe's page on the reconciliation of revenue recognition names such a row; no genuine file that has it is
known.
"""

from __future__ import annotations

import polars as pl

__all__ = ["without_totals"]


def without_totals(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Drop the row of all categories together, which would be counted twice with its parts."""
    return rows.filter(pl.col("reporting_category").str.to_lowercase().ne_missing("total"))
