"""The cells of a frame as the form shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from stripe_reports.render.cells import cell_text
from stripe_reports.render.money import currency_column

__all__ = ["currency_columns", "plain_table", "row_texts"]


def currency_columns(schema: pl.Schema) -> dict[str, str]:
    """Map each column of money to the column with its currency, where there is one."""
    found = {name: currency_column(name, schema) for name, dtype in schema.items() if dtype.is_decimal()}
    return {name: currency for name, currency in found.items() if currency is not None}


def row_texts(frame: pl.DataFrame, currency_of: dict[str, str]) -> list[Sequence[str | None]]:
    """Return the rows of a small frame as texts."""
    names = frame.columns
    places = [names.index(currency_of[name]) if name in currency_of else None for name in names]
    return [
        [
            cell_text(value, None if place is None else row[place])
            for value, place in zip(row, places, strict=True)
        ]
        for row in frame.iter_rows()
    ]


def plain_table(frame: pl.DataFrame, currency_of: dict[str, str], *, most: int) -> dict[str, Any]:
    """Return the columns, the first *most* rows as texts, and the number of all rows."""
    return {
        "columns": [
            {"name": name, "numeric": dtype.is_numeric(), "zone": None}
            for name, dtype in frame.schema.items()
        ],
        "rows": row_texts(frame.head(most), currency_of),
        "total": frame.height,
    }
