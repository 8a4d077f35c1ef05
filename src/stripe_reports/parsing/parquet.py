"""Parquet files that polars may find gone or damaged."""

from __future__ import annotations

from pathlib import Path

import polars as pl

__all__ = ["UNREADABLE", "count_rows"]

UNREADABLE = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What polars raises for a file that is gone or damaged; a panic is not an ``Exception``."""


def count_rows(path: Path) -> int:
    """How many rows a Parquet file has, by its own footer; raises one of ``UNREADABLE``."""
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
