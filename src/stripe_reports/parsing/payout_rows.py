"""Rows that would be counted twice: a payout inside its own reconciliation, and the total of a summary.

Some people find the payout in Stripe's payout reconciliation, with itself as its source; no genuine file that
has it is known. With it, the rows of a payout would sum to zero. See ``total_rows`` for the total.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from stripe_reports.parsing.total_rows import without_totals

__all__ = ["is_payout_itself", "transactions_of"]

_RECONCILIATION, _SUMMARY = "payout_reconciliation", ".summary"


def is_payout_itself(columns: Collection[str]) -> pl.Expr:
    """Tell whether a row of a payout reconciliation is the payout itself.

    Args:
        columns: The columns of the report. If its source and its payout are among them, they must be equal;
            otherwise the reporting category decides.
    """
    is_payout = (pl.col("reporting_category") == "payout").fill_null(value=False)
    if {"source_id", "automatic_payout_id"} <= set(columns):
        return is_payout & pl.col("source_id").eq_missing(pl.col("automatic_payout_id"))
    return is_payout


def transactions_of(rows: pl.LazyFrame, report_type: str) -> pl.LazyFrame:
    """Drop the payouts themselves from a payout reconciliation, and the row of all categories from a summary.

    Any other report stays as it is.
    """
    columns = rows.collect_schema().names()
    if "reporting_category" not in columns:
        return rows
    rows = without_totals(rows) if _SUMMARY in report_type else rows
    return rows.filter(~is_payout_itself(columns)) if _RECONCILIATION in report_type else rows
