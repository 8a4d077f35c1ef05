"""One cell of a report as text for a reader: exact, and in the form of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from stripe_reports.render.money import currency_column, figure

__all__ = ["cell_text", "currency_columns", "row_texts"]


def currency_columns(schema: pl.Schema) -> dict[str, str]:
    """For each column of money, the column that names its currency, where there is one."""
    found = {name: currency_column(name, schema) for name, dtype in schema.items() if dtype.is_decimal()}
    return {name: currency for name, currency in found.items() if currency is not None}


def cell_text(value: object, currency: str | None = None) -> str | None:
    """A value of a frame as text; None for an empty cell."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case Decimal():
            return figure(value, currency or "")
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def row_texts(frame: pl.DataFrame, currency_of: dict[str, str]) -> list[Sequence[str | None]]:
    """The rows of a small frame as texts."""
    names = frame.columns
    places = [names.index(currency_of[name]) if name in currency_of else None for name in names]
    return [
        [
            cell_text(value, None if place is None else row[place])
            for value, place in zip(row, places, strict=True)
        ]
        for row in frame.iter_rows()
    ]
