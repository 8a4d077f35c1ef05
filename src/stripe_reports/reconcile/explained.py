"""Differences that come from an open question about Stripe's summary, and not from an error.

Stripe's page on the reconciliation of revenue recognition says that the fee of the balance summary includes
the gross of ``network_cost``, ``contribution`` and ``financing_paydown``. No genuine file with such rows is
known. If a summary counts exactly some of them as gross instead, both of its sides are complete: the
difference is explained and does not fail the close.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.reconcile.books import Books
from stripe_reports.render.money import money

__all__ = ["OF_FEE", "OF_GROSS", "counted_as_gross", "explained"]

OF_GROSS, OF_FEE = "itemised gross = summary", "itemised fee = summary"
"""The two controls in which such a difference shows, with opposite signs."""

_UNPROVED = FEE_CATEGORIES[1:]


def explained(books: Books, controls: pl.DataFrame) -> pl.DataFrame:
    """Add ``explanation``, a sentence or null; a control with an explained difference passes."""
    found = {
        currency: sentence
        for currency in books.currencies
        if (sentence := _sentence(books, controls, currency)) is not None
    }
    is_about = pl.col("control").is_in([OF_GROSS, OF_FEE])
    sentences = pl.col("currency").replace_strict(found, default=None, return_dtype=pl.String)
    return controls.with_columns(
        explanation=pl.when(is_about).then(sentences) if found else pl.lit(None, pl.String)
    ).with_columns(passes=pl.col("passes") | pl.col("explanation").is_not_null())


def _sentence(books: Books, controls: pl.DataFrame, currency: str | None) -> str | None:
    categories = counted_as_gross(books, controls, currency)
    if currency is None or not categories:
        return None
    sums = _gross(books, currency)
    parts = " and ".join(f"{name} ({money(sums[name], currency, signed=True)})" for name in categories)
    return (
        f"{currency.upper()}: the summary counts {parts} as gross, but Stripe's rule counts it as fee. No "
        "genuine file proves which is right, so this difference is explained and does not fail the close."
    )


def counted_as_gross(books: Books, controls: pl.DataFrame, currency: str | None) -> tuple[str, ...]:
    """Return the categories whose gross is exactly the difference of fees, and minus that of gross."""
    differences: Mapping[str, Decimal] = {
        row["control"]: row["difference"]
        for row in controls.iter_rows(named=True)
        if row["currency"] == currency
    }
    fee, gross = differences.get(OF_FEE), differences.get(OF_GROSS)
    if not fee or gross != -fee:
        return ()
    sums = _gross(books, currency)
    present = [name for name in _UNPROVED if sums.get(name)]
    for size in range(1, len(present) + 1):
        for names in combinations(present, size):
            if sum(sums[name] for name in names) == fee:
                return names
    return ()


def _gross(books: Books, currency: str | None) -> dict[str, Decimal]:
    activity = books.given["activity"].filter(pl.col("currency").eq_missing(pl.lit(currency, pl.String)))
    return dict(activity.group_by("reporting_category").agg(pl.col("gross").sum()).rows())
