"""Parse the text of cells with polars. A value never makes a query raise; an invalid one becomes null.

A query that raises leaves threads that panic on standard error, and an unfinished writer.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from stripe_reports.parsing.columns import column
from stripe_reports.parsing.schema import Field

__all__ = ["cell_of", "is_parsed", "on_the_clock", "parsed", "time_of", "typed", "value_name"]

_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


def value_name(name: str) -> str:
    """Return the name of the value parsed from a text column; no column of a file can have it."""
    return f"\0{name}"


def cell_of(field: Field, careful: bool) -> pl.Expr:
    """Return the text of a column; polars reads empty cells as null, but quoted ones as empty text."""
    cell = column(field.name)
    return pl.when(cell != "").then(cell).alias(field.name) if careful else cell


def time_of(field: Field, careful: bool, *, zone: str | None = None) -> pl.Expr:
    """Parse a time as written, with or without a zone."""
    # The cache of str.to_datetime is useful only if times repeat; otherwise it takes a third longer.
    return cell_of(field, careful).str.to_datetime(
        _TIME_FORMAT, time_unit="us", time_zone=zone, strict=False, cache=False
    )


def on_the_clock(field: Field, careful: bool, ambiguous: Literal["earliest", "latest", "null"]) -> pl.Expr:
    """Convert a local time to an instant: null if the time does not exist, or by *ambiguous* if repeated."""
    time = time_of(field, careful)
    return time.dt.replace_time_zone(field.zone, ambiguous=ambiguous, non_existent="null")


def is_parsed(field: Field) -> bool:
    """Tell whether the value is parsed from the column's own text."""
    return field.twin is None and not isinstance(field.dtype, pl.String)


def parsed(field: Field, careful: bool) -> pl.Expr:
    """Parse a value, null if invalid: a query that raised would leave its threads behind.

    ``_sums`` counts the nulls and checks the form of the text, since casts accept other forms.
    """
    match field.dtype:
        case pl.Datetime() if field.kind == "datetime_utc":
            return time_of(field, careful, zone="UTC")
        case pl.Datetime() if field.zone is not None:
            return on_the_clock(field, careful, "earliest" if careful else "null")
        case pl.Datetime():
            return time_of(field, careful)
        case pl.Date():
            return cell_of(field, careful).str.head(10).str.to_date("%Y-%m-%d", strict=False)
        case pl.Boolean():
            return cell_of(field, careful) == "true"
        case _:
            return cell_of(field, careful).cast(field.dtype, strict=False)


def typed(field: Field, careful: bool) -> pl.Expr:
    """Return a column with its type."""
    if isinstance(field.dtype, pl.String):
        return cell_of(field, careful)
    if field.twin is not None:
        return column(value_name(field.twin)).dt.convert_time_zone(str(field.zone)).alias(field.name)
    return column(value_name(field.name)).alias(field.name)
