"""The form in which Stripe writes each type; polars alone would accept blanks, exponents, and 23:59:60."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.parsing.signs import signs_of

__all__ = ["have_form"]

_LOWEST = b"1000-00-00 00:00:00\n"
_HIGHEST = b"9999-99-99 99:99:59\n"
_SPAN = bytes(most - least for least, most in zip(_LOWEST, _HIGHEST, strict=True))


def have_form(dtype: pl.DataType, texts: Sequence[pl.Series]) -> bool:
    """Tell whether all texts that polars can parse as a type are also written as Stripe writes it.

    They are joined, a line each, which is checked in much less time than one text after the other. Text with
    a line feed in it cannot be parsed.
    """
    cells = pl.concat(texts).alias("texts").drop_nulls()
    if not cells.len():
        return True
    lines = cells.str.join("\n")
    if isinstance(dtype, pl.Datetime):
        return _are_times(lines, cells.len())
    pattern = _pattern(dtype)
    return bool(lines.str.contains(rf"^{pattern}(?:\n{pattern})*$").item())


def _are_times(lines: pl.Series, count: int) -> bool:
    """Compare every sign with the lowest and the highest of its place."""
    signs, size = signs_of(lines), count * len(_LOWEST) - 1
    lowest, span = (signs_of((each * count)[:size]) for each in (_LOWEST, _SPAN))
    return signs.len() == size and not ((signs - lowest) > span).any()


def _pattern(dtype: pl.DataType) -> str:
    match dtype:
        case pl.Decimal(scale=scale):
            return rf"-?[0-9]+(?:\.[0-9]{{1,{scale}}}0*)?"
        case pl.Date():
            return r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}(?: 00:00:00)?"
        case pl.Boolean():
            return r"(?:true|false)"
        case _:
            return r"-?[0-9]+"
