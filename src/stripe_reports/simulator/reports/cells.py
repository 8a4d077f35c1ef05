"""Values as written in Stripe's CSV files: expressions from numbers to text, and the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

__all__ = ["csv", "day", "decimal", "label", "major", "midnight", "money", "timestamp"]

_DIGITS = 38
_UNKNOWN_TO_POLARS = {"Factory": "Etc/UTC", "US/Pacific-New": "America/Los_Angeles"}
"""Zones that Stripe lists and polars lacks."""


def csv(pages: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """Write the file in pieces, one for each page of cells.

    The header and every non-empty cell are quoted, empty cells are not; lines end with LF.
    """
    for number, page in enumerate(pages):
        piece = io.BytesIO()
        page.cast(pl.String).write_csv(
            piece, include_header=number == 0, quote_style="non_numeric", line_terminator="\n"
        )
        yield piece.getvalue()


def money(minor: pl.Expr, decimals: pl.Expr, *, point: str = ".") -> pl.Expr:
    """Write integer minor units as decimal major units: ``-0.02``, ``500`` (jpy), ``1.234`` (kwd)."""
    text = minor.cast(pl.String)
    for places in (2, 3):
        text = pl.when(decimals == places).then(decimal(minor, places)).otherwise(text)
    return text if point == "." else text.str.replace(".", point, literal=True)


def decimal(units: pl.Expr, places: int) -> pl.Expr:
    """Write an integer with a fixed number of decimals, for every currency: ``0.005991``."""
    unit = pl.lit(Decimal(1).scaleb(-places), pl.Decimal(_DIGITS, places))
    return (units.cast(pl.Decimal(_DIGITS, places)) * unit).cast(pl.String)


def major(minor: int, decimals: int) -> str:
    """Write one amount as :func:`money` does."""
    digits = str(abs(minor)).zfill(decimals + 1)
    whole = len(digits) - decimals
    return ("-" if minor < 0 else "") + digits[:whole] + ("." if decimals else "") + digits[whole:]


def timestamp(seconds: pl.Expr, zone: str = "UTC") -> pl.Expr:
    """Write Unix seconds as ``YYYY-MM-DD HH:MM:SS`` in *zone*, which the text does not name."""
    instant = (seconds * 1000).cast(pl.Datetime("ms", "UTC"))
    return instant.dt.convert_time_zone(_UNKNOWN_TO_POLARS.get(zone, zone)).dt.strftime("%Y-%m-%d %H:%M:%S")


def day(seconds: pl.Expr) -> pl.Expr:
    """Write Unix seconds as ``YYYY-MM-DD`` in UTC."""
    return (seconds * 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%d")


def midnight(seconds: pl.Expr) -> pl.Expr:
    """Write a date as Stripe does: as a time at midnight."""
    return pl.concat_str(day(seconds), pl.lit(" 00:00:00"))


def label(seconds: int, zone: str) -> str:
    """Write the day of an instant in *zone*, for the descriptions of a summary."""
    return datetime.fromtimestamp(seconds, ZoneInfo(_UNKNOWN_TO_POLARS.get(zone, zone))).date().isoformat()
