"""One cell of a report as text for people: exact, and formatted by its type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from stripe_reports.render.money import RATES, currency_column, figure

__all__ = ["cell_text", "text_in_row"]


def cell_text(value: object, currency: str | None = None) -> str | None:
    """Format a value of a frame as text; None for an empty cell."""
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


def text_in_row(name: str, row: Mapping[str, object]) -> str:
    """Format a value of a row as text; an amount has the decimals of its currency, which the row names."""
    value = row[name]
    if isinstance(value, Decimal) and name in RATES:
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    beside = currency_column(name, row)
    return cell_text(value, str((row.get(beside) if beside else None) or "")) or ""
