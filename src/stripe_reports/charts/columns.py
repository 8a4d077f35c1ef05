"""The columns that a recipe needs: are they there, are they exact, and which one tells the time?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import polars as pl

from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.errors import ParameterError

__all__ = ["Frame", "as_day", "check", "first_of", "only_currencies", "zone_of"]

Frame: TypeAlias = pl.DataFrame | pl.LazyFrame
"""A report's rows; a LazyFrame is read a piece at a time, and only the columns that are needed."""


def check(frame: Frame, what: str, columns: Sequence[str], *, exact: Sequence[str] = ()) -> None:
    """Refuse a frame that lacks a column, or whose money is text or no decimal.

    Args:
        frame: What is to be drawn.
        what: The chart, as it begins a sentence: "A waterfall of the balance".
        columns: All that are needed.
        exact: Those of them that are money.

    Raises:
        ParameterError: Names the first column that is wrong.
    """
    schema = frame.collect_schema()
    missing = [name for name in columns if name not in schema]
    if missing:
        raise ParameterError(
            f"{what} needs the column {missing[0]!r}; the frame has {', '.join(schema) or 'none'}. "
            f"Fetch the report with columns that include {', '.join(missing)}.",
            param="columns",
        )
    for name in exact:
        if schema[name] == pl.String:
            problem, remedy = text_is_no_money([name], "it cannot be drawn")
            raise ParameterError(problem, param="columns", remedy=remedy)
        if not schema[name].is_decimal():
            raise ParameterError(
                f"{name} is {schema[name]}, which is not exact. Money is a decimal in what sr.read_csv and "
                "client.frame read, unless schema_overrides say otherwise.",
                param="columns",
            )


def first_of(frame: Frame, *names: str) -> str | None:
    """The first of the columns that the frame has; None if it has none of them."""
    columns = frame.collect_schema()
    return next((name for name in names if name in columns), None)


def zone_of(frame: Frame, column: str, timezone: str | None) -> str | None:
    """The zone in which the days of a column are counted: "" for the column's own, None where it has none."""
    dtype = frame.collect_schema()[column]
    own = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    return own if own is None else "" if timezone in (None, own) else timezone


def as_day(frame: Frame, column: str, timezone: str | None) -> pl.Expr:
    """The calendar day of a time, in the column's own zone or, where it has one, in *timezone*."""
    dtype = frame.collect_schema()[column]
    if dtype == pl.Date:
        return pl.col(column)
    if not isinstance(dtype, pl.Datetime):
        raise ParameterError(f"The column {column!r} is {dtype}, not a time.", param="columns")
    zone = zone_of(frame, column, timezone)
    return (pl.col(column).dt.convert_time_zone(zone) if zone else pl.col(column)).dt.date()


def only_currencies(
    frame: Frame, currency: str | Sequence[str] | None, column: str = "currency"
) -> pl.LazyFrame:
    """The rows in these currencies; all of them for None."""
    rows = frame.lazy()
    if currency is None:
        return rows
    wanted = [currency] if isinstance(currency, str) else list(currency)
    return rows.filter(pl.col(column).str.to_lowercase().is_in([name.lower() for name in wanted]))
