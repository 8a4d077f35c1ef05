"""The form in which Stripe writes each type; polars alone would accept blanks, exponents, and 23:59:60."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.parsing.signs import signs_of

__all__ = ["are_times", "pattern_of"]


def pattern_of(dtype: pl.DataType) -> str:
    """Return the regular expression of the text of a type other than times."""
    match dtype:
        case pl.Decimal(scale=scale):
            return rf"^-?[0-9]+(?:\.[0-9]{{1,{scale}}}0*)?$"
        case pl.Date():
            return r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}(?: 00:00:00)?$"
        case pl.Boolean():
            return r"^(?:true|false)$"
        case _:
            return r"^-?[0-9]+$"


_LOWEST = b"1000-00-00 00:00:00\n"
_HIGHEST = b"9999-99-99 99:99:59\n"
_SPAN = bytes(most - least for least, most in zip(_LOWEST, _HIGHEST, strict=True))


def are_times(texts: Sequence[pl.Series]) -> bool:
    """Tell whether all texts that polars can parse as times are also written as Stripe writes them.

    All are joined, a line each, and every sign is compared with the lowest and the highest of its place: a
    quarter of the time that a regular expression takes. Nothing with a line feed in it can be parsed.
    """
    times = pl.concat(texts).alias("times").drop_nulls()
    if not times.len():
        return True
    signs, size = signs_of(times.str.join("\n")), times.len() * len(_LOWEST) - 1
    lowest, span = (signs_of((each * times.len())[:size]) for each in (_LOWEST, _SPAN))
    return signs.len() == size and not ((signs - lowest) > span).any()
