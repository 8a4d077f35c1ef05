"""Time zones that polars knows: its list lacks a few zones of the system and Stripe."""

from __future__ import annotations

from functools import cache

import polars as pl

from stripe_reports.errors import ParameterError

__all__ = ["check_zone"]


@cache
def check_zone(zone: str, *, param: str = "timezone") -> None:
    """Check a time zone with polars.

    Raises:
        ParameterError: polars does not know it.
    """
    try:
        known = bool(zone) and pl.Series([0]).cast(pl.Datetime("us", zone)).len() == 1
    except pl.exceptions.PolarsError:
        known = False
    if not known:
        raise ParameterError(
            f"polars does not know the time zone {zone!r}. Use an IANA name such as 'Europe/Paris', "
            "with the same capital letters.",
            param=param,
        )
