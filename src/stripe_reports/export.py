"""A report as a file for other programs: whole or not at all, and for its owner's eyes only."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from stripe_reports.disk import disk_errors
from stripe_reports.report import Report

__all__ = ["write"]

_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_RUNS_AS_FORMULA = r"^[=+\-@\t\r]"


def write(report: Report, path: Path) -> int:
    """Write a report as CSV or Parquet, by the ending of *path*, and return the number of rows.

    Parquet is the stored file as it is. In CSV, times stand as Stripe writes them, in the zone of their
    column, and a text that a spreadsheet program would run as a formula gets an apostrophe before it.

    Raises:
        StoreError: The file cannot be written.
    """
    rows = report.scan()
    temporary = path.with_name(f".{path.name}.part")
    with disk_errors("write", path):
        try:
            temporary.touch(0o600)
            if path.suffix.lower() == ".parquet":
                shutil.copyfile(report.path, temporary)
            else:
                rows.with_columns(_harmless(rows.collect_schema())).sink_csv(
                    temporary, datetime_format=_TIME_FORMAT
                )
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    return int(rows.select(pl.len()).collect().item())


def _harmless(schema: pl.Schema) -> list[pl.Expr]:
    texts = [pl.col(name) for name, dtype in schema.items() if dtype == pl.String]
    return [
        pl.when(text.str.contains(_RUNS_AS_FORMULA)).then("'" + text).otherwise(text).name.keep()
        for text in texts
    ]
