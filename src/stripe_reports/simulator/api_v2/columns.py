"""The types of columns in v2, and how their values are written.

Proved are ``varchar`` and ``decimal`` for the columns of the balance summary. The other types, which Stripe's
preview libraries list, follow from the kinds in the catalogue: inferred.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.models import Column, ReportType
from stripe_reports.simulator.reports.invented import INVENTED_TYPES

__all__ = ["as_in_v2", "described", "types_of"]

_TYPES = {
    "money": "decimal",
    "rate": "decimal",
    "datetime_utc": "timestamp",
    "datetime_local": "timestamp",
    "date": "date",
    "integer": "bigint",
    "boolean": "boolean",
}
"""All other kinds are ``varchar``."""


def types_of(report_type: ReportType, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the columns of a file with their types."""
    return [{"name": name, "type": _type(report_type.column(name))} for name in columns]


def described(report_type: ReportType, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the columns with their types and meanings."""
    known = [report_type.column(name) for name in columns]
    return [
        typed | {"description": column.description if column else ""}
        for typed, column in zip(types_of(report_type, columns), known, strict=True)
    ]


def as_in_v2(page: pl.DataFrame, report_type: ReportType, *, milliseconds: bool) -> pl.DataFrame:
    """Write times with milliseconds, and all else as v1 does; that dates are written so too is inferred."""
    if not milliseconds:
        return page
    types = types_of(report_type, page.columns)
    times = pl.col([column["name"] for column in types if column["type"] == "timestamp"])
    return page.with_columns(times + pl.lit(".000"))


def _type(column: Column | None) -> str:
    if column is None:
        return "varchar"
    return INVENTED_TYPES.get(column.name) or _TYPES.get(column.kind, "varchar")
