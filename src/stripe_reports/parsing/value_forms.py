"""The form in which Stripe writes each type; polars alone would accept blanks, exponents, and 23:59:60."""

from __future__ import annotations

import polars as pl

__all__ = ["misformed"]

_TIME = "2026-10-31 12:00:00"


def misformed(dtype: pl.DataType, cell: pl.Expr) -> pl.Expr:
    """Tell whether any cell has another form; null if there is no cell.

    Args:
        dtype: Type of the column.
        cell: Its text, which must be parsed as well: this only finds errors that parsing accepts.
    """
    if isinstance(dtype, pl.Datetime):
        return _misformed_time(cell)
    return (~cell.str.contains(_pattern(dtype))).any()


def _pattern(dtype: pl.DataType) -> str:
    match dtype:
        case pl.Decimal(scale=scale):
            return rf"^-?[0-9]+(?:\.[0-9]{{1,{scale}}}0*)?$"
        case pl.Date():
            return r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}(?: 00:00:00)?$"
        case pl.Boolean():
            return r"^(?:true|false)$"
        case _:
            return r"^-?[0-9]+$"


def _number(text: bytes) -> pl.Expr:
    return pl.lit(int.from_bytes(text, "little"), dtype=pl.UInt128)


# The sixteen bytes from the last digit of the year on are compared as one number, in half the time of a
# regular expression. The addition moves only bytes above the largest digit out of the column of ASCII that
# has the digits, 30 to 3F; then the lower half of each digit is masked.
_DIGITS = "0-00-00 00:00:00"
_MOVED = bytes(0x40 - ord("9") - 1 if sign == "0" else 0 for sign in _DIGITS[:-2]) + bytes(
    [0x3F - ord("5"), 6]
)
_MASK = bytes(0xF0 if sign == "0" else 0xFF for sign in _DIGITS)


def _misformed_time(cell: pl.Expr) -> pl.Expr:
    end = cell.cast(pl.Binary).bin.slice(len(_TIME) - len(_DIGITS), len(_DIGITS))
    number = end.bin.reinterpret(dtype=pl.UInt128, endianness="little")
    other = (number + _number(_MOVED)) & _number(_MASK) != _number(_DIGITS.encode())
    # Before them only digits can be parsed, except a blank, a sign or a zero at the beginning.
    begins_otherwise = (cell.min() < "1") | (cell.max() >= ":")
    return (cell.str.len_bytes() != len(_TIME)).any() | other.any() | begins_otherwise
