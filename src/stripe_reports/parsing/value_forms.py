"""The form in which Stripe writes each type; polars alone would accept blanks, exponents, and 23:59:60.

All texts of a type are joined, a line each. The lines are checked sign by sign where that is possible, which
takes a fraction of the time that matching each text takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import polars as pl

from stripe_reports.parsing.signs import signs_of

__all__ = ["have_form"]

_LOWEST = b"1000-00-00 00:00:00\n"
_HIGHEST = b"9999-99-99 99:99:59\n"
_SPAN = bytes(most - least for least, most in zip(_LOWEST, _HIGHEST, strict=True))
_DATE = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}(?: 00:00:00)?"
_TIME = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{3})?"
_BOOLEAN = r"(?:true|false)"
_MINUS, _POINT, _ZERO, _LINE_FEED = b"-.0\n"

_OUTER = pl.Series([""])
"""A text before the first and after the last one, so that each begins and ends beside a line feed."""


def have_form(dtype: pl.DataType, texts: Sequence[pl.Series], *, has_fraction: bool = False) -> bool:
    """Tell whether all texts that polars can parse as a type are also written as Stripe writes it.

    With *has_fraction*, times may have thousandths of a second.
    """
    cells = pl.concat(texts).alias("texts")
    match dtype:
        case pl.Datetime() if has_fraction:
            return _match(cells, _TIME)
        case pl.Datetime():
            return _are_times(cells)
        case pl.Decimal(scale=scale):
            return _are_numbers(cells, scale)
        case pl.Date():
            return _match(cells, _DATE)
        case pl.Boolean():
            return _match(cells, _BOOLEAN)
        case _:
            return _are_numbers(cells, 0)


def _match(cells: pl.Series, pattern: str) -> bool:
    return bool(cells.str.contains(rf"\A{pattern}\z").all())


def _are_times(cells: pl.Series) -> bool:
    """Compare every sign with the lowest and the highest of its place."""
    signs, size = signs_of(cells.str.join("\n")), max(cells.count() * len(_LOWEST) - 1, 0)
    if signs.len() != size:
        return False
    lowest, span = _places(1 << size.bit_length())
    return not ((signs - lowest.head(size)) > span.head(size)).any()


@cache
def _places(size: int) -> tuple[pl.Series, pl.Series]:
    """Return the lowest sign, and the difference to the highest one, of each place in many times."""
    count = size // len(_LOWEST) + 1
    return signs_of(_LOWEST * count), signs_of(_SPAN * count)


def _are_numbers(cells: pl.Series, scale: int) -> bool:
    """Look at every sign and its neighbours; that polars could parse a number leaves out two points in it."""
    lines = pl.concat([_OUTER, cells, _OUTER]).str.join("\n")
    signs = signs_of(lines)
    digits, points = (signs - _ZERO) < 10, signs == _POINT  # what is less than zero becomes large
    minuses, ends = signs == _MINUS, signs == _LINE_FEED
    before, after = slice(None, -2), slice(2, None)
    if not (digits | points | minuses | ends).all() or (points.any() and not scale):
        return False
    if (points[1:-1] & ~(digits[before] & digits[after])).any():
        return False
    if (minuses[1:-1] & ~(ends[before] & digits[after])).any():
        return False
    long = points.head(max(signs.len() - scale - 1, 0))
    for place in range(1, scale + 2):
        long &= digits.slice(place, long.len())
    return not long.any() or not cells.str.contains(rf"\.[0-9]{{{scale}}}0*[1-9]").any()
