"""The cost of a card payment: what its bank and its card network charge, in millionths of the major unit."""

from __future__ import annotations

import polars as pl

from stripe_reports.simulator.ledger.markets import CURRENCY, DECIMALS

__all__ = ["MICRO", "is_home", "with_rates"]

MICRO = {currency: 10 ** (6 - decimals) for currency, decimals in DECIMALS.items()}
"""Millionths of the major unit in one minor unit."""

_HOME = {
    "eur": ("DE", "FR", "ES", "IT", "NL"),
    "usd": ("US",),
    "jpy": ("JP",),
    "kwd": ("KW",),
}
_RATES = {
    # domestic debit and credit, foreign debit and credit, domestic and foreign schemes: millionths of the
    # amount; then the minimum for a payment: interchange and scheme fee, millionths of the major unit
    "eur": (2_000, 3_000, 8_500, 11_000, 251, 1_813, 0, 5_991),
    "usd": (500, 16_500, 12_000, 19_700, 1_407, 2_419, 100_000, 19_500),
    "jpy": (14_000, 21_500, 16_000, 23_000, 953, 1_877, 0, 0),
    "kwd": (7_000, 13_500, 11_000, 15_500, 811, 2_103, 0, 4_250),
}
_RATES_TABLE = pl.LazyFrame(
    {
        "currency": pl.Series(list(_RATES), dtype=CURRENCY),
        "_micro": [MICRO[currency] for currency in _RATES],
        **{f"_rate_{number}": [rates[number] for rates in _RATES.values()] for number in range(8)},
    }
)


def is_home(country: pl.Expr) -> pl.Expr:
    """Tell whether a card is from the region of the row's currency."""
    return pl.any_horizontal(
        (pl.col("currency") == currency) & country.is_in(home) for currency, home in _HOME.items()
    )


def with_rates(rows: pl.LazyFrame, *, country: pl.Expr, funding: pl.Expr) -> pl.LazyFrame:
    """Add the rates of each row's card.

    Returns:
        The rows with ``_is_home``, ``_micro`` (millionths of a major unit in one minor unit), ``_bank`` and
        ``_scheme`` (millionths of the amount), ``_bank_fixed`` and ``_scheme_fixed`` (for each payment).
    """
    is_credit = funding.is_in(["credit", "unknown"])
    rows = rows.with_columns(_is_home=is_home(country)).join(
        _RATES_TABLE, on="currency", maintain_order="left"
    )
    at_home, abroad = (
        pl.when(is_credit).then(pl.col(f"_rate_{credit}")).otherwise(pl.col(f"_rate_{debit}"))
        for debit, credit in ((0, 1), (2, 3))
    )
    return rows.with_columns(
        _bank=pl.when("_is_home").then(at_home).otherwise(abroad),
        _scheme=pl.when("_is_home").then(pl.col("_rate_4")).otherwise(pl.col("_rate_5")),
        _bank_fixed=pl.col("_rate_6"),
        _scheme_fixed=pl.col("_rate_7"),
    )
