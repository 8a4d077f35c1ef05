"""Amounts that were read as text, because the kind of their column is unknown."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.parsing.columns import columns

__all__ = ["amounts_as_text"]

_LOOKS_LIKE_AN_AMOUNT = r"^-?[0-9]+\.[0-9]+$"


def amounts_as_text(rows: pl.LazyFrame, unknown: Sequence[str]) -> list[str]:
    """Return the columns of unknown kind in which every cell looks like an amount.

    It is not certain that they are amounts, so they are not read as such.
    """
    if not unknown:
        return []
    looks_so = columns(unknown).str.contains(_LOOKS_LIKE_AN_AMOUNT)
    found = rows.select(looks_so.all() & looks_so.any()).collect()
    return [column.name for column in found if column.item()]
