"""Parse the text of cells with polars. A value never makes a query raise; an invalid one becomes null."""

from __future__ import annotations

from typing import Literal

import polars as pl

from stripe_reports.parsing.columns import column
from stripe_reports.parsing.schema import Field

__all__ = ["is_parsed", "parsed", "time_of", "value_name"]

_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_WITH_FRACTION = "%Y-%m-%d %H:%M:%S%.f"


def value_name(name: str) -> str:
    """Return the name of the value parsed from a text column; no column of a file can have it."""
    return f"\0{name}"


def is_parsed(field: Field) -> bool:
    """Tell whether the value is parsed from the column's own text."""
    return field.twin is None and not isinstance(field.dtype, pl.String)


def parsed(field: Field, *, ambiguous: Literal["null", "earliest"] = "null") -> pl.Expr:
    """Parse a value; null if it is invalid, or a time in a repeated hour, unless *ambiguous* says otherwise.

    Casts accept other forms as well, see ``value_forms.py``.
    """
    cell = column(field.name)
    match field.dtype:
        case pl.Datetime():
            time = time_of(field)
            return time.dt.replace_time_zone(field.zone, ambiguous=ambiguous, non_existent="null")
        case pl.Date():
            return cell.str.head(10).str.to_date("%Y-%m-%d", strict=False)
        case pl.Boolean():
            return cell == "true"
        case _:
            return cell.cast(field.dtype, strict=False)


def time_of(field: Field) -> pl.Expr:
    """Parse a time as written, without a zone."""
    # The cache of str.to_datetime is useful only if times repeat; otherwise it takes a third longer.
    return column(field.name).str.to_datetime(
        _WITH_FRACTION if field.has_fraction else _TIME_FORMAT,
        time_unit="us",
        strict=False,
        cache=False,
    )
