"""Parquet files that may be missing or damaged."""

from __future__ import annotations

from pathlib import Path

import polars as pl

__all__ = ["UNREADABLE", "count_rows"]

UNREADABLE = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""Errors of polars for a missing or damaged file; a panic is not an ``Exception``."""


def count_rows(path: Path) -> int:
    """Return the number of rows of a Parquet file by its footer; raise one of ``UNREADABLE``."""
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
