"""One cell of a report as text for people: exact, and formatted by its type."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from stripe_reports.render.money import figure

__all__ = ["cell_text"]


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
