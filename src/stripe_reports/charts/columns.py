"""Check the columns that a recipe needs: they exist, amounts are exact, and one has the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import polars as pl

from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.errors import ParameterError

__all__ = ["Frame", "HasRows", "as_day", "check", "first_of", "only_currencies", "rows_of", "zone_of"]

Frame: TypeAlias = pl.DataFrame | pl.LazyFrame
"""A report's rows; a LazyFrame is read in pieces, and only the columns needed."""


class HasRows(Protocol):
    """A report or a set of reports."""

    def scan(self) -> pl.LazyFrame:
        """Return the rows."""


def rows_of(given: Frame | HasRows) -> pl.LazyFrame:
    """Return the rows of a report, or of a frame."""
    return given.lazy() if isinstance(given, pl.DataFrame | pl.LazyFrame) else given.scan()


def check(frame: Frame, what: str, columns: Sequence[str], *, exact: Sequence[str] = ()) -> None:
    """Refuse a frame that lacks a column, or whose amounts are not decimals.

    Args:
        frame: The frame to draw.
        what: The chart, as the start of a sentence: "A waterfall of the balance".
        columns: All required columns.
        exact: Those of them that are amounts.

    Raises:
        ParameterError: A column is missing or wrong; the message names the first one.
    """
    schema = frame.collect_schema()
    missing = [name for name in columns if name not in schema]
    if missing:
        raise ParameterError(
            f"{what} needs the column {missing[0]!r}, but the columns are {', '.join(schema) or 'none'}. "
            f"Fetch the report with the columns {', '.join(missing)} too.",
            param="columns",
        )
    for name in exact:
        if schema[name] == pl.String:
            problem, remedy = text_is_no_money([name], "it cannot be drawn")
            raise ParameterError(problem, param="columns", remedy=remedy)
        if not schema[name].is_decimal():
            raise ParameterError(
                f"{name} is {schema[name]}, which is not exact. sr.read_csv and client.frame read amounts as "
                "decimals, unless schema_overrides set another type.",
                param="columns",
            )


def first_of(frame: Frame, *names: str) -> str | None:
    """Return the first of the columns that the frame has; None if it has none of them."""
    columns = frame.collect_schema()
    return next((name for name in names if name in columns), None)


def zone_of(frame: Frame, column: str, timezone: str | None) -> str | None:
    """Return the time zone of a column's days: "" for the column's own, None if it has none."""
    dtype = frame.collect_schema()[column]
    own = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    return own if own is None else "" if timezone in (None, own) else timezone


def as_day(frame: Frame, column: str, timezone: str | None, *, is_end: bool = False) -> pl.Expr:
    """Return the calendar day of a time, in *timezone* if the column has a zone, else as written.

    Args:
        frame: A report's rows.
        column: The time.
        timezone: The zone of the days; None for that of the column.
        is_end: True if the time is the end of a period, which is not included: the day before midnight.
    """
    dtype = frame.collect_schema()[column]
    if dtype == pl.Date:
        return pl.col(column)
    if not isinstance(dtype, pl.Datetime):
        raise ParameterError(f"The column {column!r} must be a time; it is {dtype}.", param="columns")
    zone = zone_of(frame, column, timezone)
    time = pl.col(column).dt.offset_by("-1us") if is_end else pl.col(column)
    return (time.dt.convert_time_zone(zone) if zone else time).dt.date()


def only_currencies(
    frame: Frame, currency: str | Sequence[str] | None, column: str = "currency"
) -> pl.LazyFrame:
    """Return the rows in these currencies; all rows for None."""
    rows = frame.lazy()
    if currency is None:
        return rows
    wanted = [currency] if isinstance(currency, str) else list(currency)
    return rows.filter(pl.col(column).str.to_lowercase().is_in([name.lower() for name in wanted]))
