"""The bytes of a text as a column of numbers, which polars compares many at a time."""

from __future__ import annotations

import polars as pl

__all__ = ["signs_of"]


def signs_of(content: bytes | pl.Series) -> pl.Series:
    """Return the bytes of *content*, or of a column with one text, as a column of ``UInt8``."""
    column = pl.Series([content], dtype=pl.Binary) if isinstance(content, bytes) else content.cast(pl.Binary)
    signs: pl.Series = column.cast(pl.List(pl.UInt8)).item()
    return signs
