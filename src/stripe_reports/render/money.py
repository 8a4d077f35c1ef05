"""Amounts as people read them: exact, with their currency's decimals; and which currency a column is in."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

__all__ = ["currency_column", "figure", "minor_digits", "money"]

_MINOR_DIGITS = {
    **dict.fromkeys(("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"), 0),
    **dict.fromkeys(("pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"), 0),
    **dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 3),
}
"""Decimals of a currency where they are not two. Source: https://docs.stripe.com/currencies"""

_CURRENCY_COLUMNS = {
    "customer_facing_amount": "customer_facing_currency",
    "presentment_amount": "presentment_currency",
    "captured_amount": "captured_currency",
    "filing_total": "filing_currency",
    "filing_taxable_amount": "filing_currency",
    "filing_non_taxable_amount": "filing_currency",
    "filing_tax_amount": "filing_currency",
}
"""Amounts that are not in the row's own currency."""


def minor_digits(currency: str) -> int:
    """How many decimals a currency is written with: 2 for eur, 0 for jpy, 3 for kwd."""
    return _MINOR_DIGITS.get(currency.lower(), 2)


def figure(amount: Decimal, currency: str, *, signed: bool = False) -> str:
    """The exact amount: ``1,234.50``, ``−500`` (jpy); never rounded to the decimals of its currency.

    Args:
        amount: In major units.
        currency: Tells how many decimals stand at least.
        signed: Whether a positive amount has its sign too: ``+1,234.50``.
    """
    decimals = f"{amount:f}".partition(".")[2].rstrip("0")
    digits = max(minor_digits(currency), len(decimals))
    sign = "−" if amount < 0 else "+" if amount > 0 and signed else ""
    return f"{sign}{amount.copy_abs():,.{digits}f}"  # abs() would round to the 28 digits of the context


def money(amount: Decimal, currency: str | None, *, signed: bool = False) -> str:
    """The exact amount and its currency: ``1,234.50 EUR``; the amount alone where there is no currency."""
    code = currency or ""
    return f"{figure(amount, code, signed=signed)} {code.upper()}".rstrip()


def currency_column(amount: str, columns: Iterable[str]) -> str | None:
    """The column with the currency of the column *amount*; None if the report has none."""
    columns = list(columns)
    own = _CURRENCY_COLUMNS.get(amount)
    candidates = [own] if own else ["currency", "fee_currency"]
    return next((name for name in candidates if name in columns), None)
