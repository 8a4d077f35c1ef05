"""Amounts as text: exact, with their currency's decimals; and the currency of a column."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

__all__ = ["CURRENCY_OF_ROW", "RATES", "STATES", "currency_column", "figure", "minor_digits", "money"]

_MINOR_DIGITS = {
    **dict.fromkeys(("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"), 0),
    **dict.fromkeys(("pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"), 0),
    **dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 3),
}
"""Decimals of the currencies that do not have two. Source: https://docs.stripe.com/currencies"""

CURRENCY_OF_ROW = ("currency", "fee_currency", "balance_currency")
"""Columns with the currency of a row's amounts; a report has one of them at most."""

RATES = (
    *("filing_exchange_rate", "tax_rate", "quantity_decimal", "effr_value"),
    *("dispute_pct_change", "refund_pct_change"),
)
"""Columns of decimals that are not amounts."""

STATES = ("balance_amount",)
"""Columns of balances on the day of their row, which cannot be added up."""

_CURRENCY_COLUMNS = {
    "customer_facing_amount": "customer_facing_currency",
    "presentment_amount": "presentment_currency",
    "captured_amount": "captured_currency",
    "filing_total": "filing_currency",
    "filing_taxable_amount": "filing_currency",
    "filing_non_taxable_amount": "filing_currency",
    "filing_tax_amount": "filing_currency",
}
"""Columns of amounts in another currency than the row's, with the column of their currency."""


def minor_digits(currency: str) -> int:
    """Return the number of decimals of a currency: 2 for eur, 0 for jpy, 3 for kwd."""
    return _MINOR_DIGITS.get(currency.lower(), 2)


def figure(amount: Decimal, currency: str, *, signed: bool = False) -> str:
    """Format the exact amount: ``1,234.50``, ``−500`` (jpy); it is never rounded.

    Args:
        amount: In major units.
        currency: Gives the minimum number of decimals.
        signed: True to write the sign of positive amounts too: ``+1,234.50``.
    """
    decimals = f"{amount:f}".partition(".")[2].rstrip("0")
    digits = max(minor_digits(currency), len(decimals))
    sign = "−" if amount < 0 else "+" if amount > 0 and signed else ""
    return f"{sign}{amount.copy_abs():,.{digits}f}"  # abs() rounds to the 28 digits of the context


def money(amount: Decimal, currency: str | None, *, signed: bool = False) -> str:
    """Format the exact amount and its currency: ``1,234.50 EUR``; without a currency, only the amount."""
    code = currency or ""
    return f"{figure(amount, code, signed=signed)} {code.upper()}".rstrip()


def currency_column(amount: str, columns: Iterable[str]) -> str | None:
    """Return the column with the currency of the column *amount*; None if there is none, or it is a rate."""
    if amount in RATES:
        return None
    columns = list(columns)
    own = _CURRENCY_COLUMNS.get(amount)
    candidates = [own] if own else CURRENCY_OF_ROW
    return next((name for name in candidates if name in columns), None)
