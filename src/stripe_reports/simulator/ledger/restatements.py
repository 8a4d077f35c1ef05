"""Restatements: late changes to a closed interval, shown by a later publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from stripe_reports.simulator.ledger.markets import CURRENCY

__all__ = ["Correction", "Restatement", "is_late_fee", "restated"]

_DAY = 86_400
_LATE = 1 << 61
_LATE_FEE = 1234

Correction = Literal["late fee", "fee waived", "description"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """A change in a closed interval, and the publication that first shows it.

    Attributes:
        change: ``"late fee"``: in each currency a fee is booked in the last second of the interval, and the
            next payout after the publication includes it. ``"fee waived"``: in each currency the last
            stand-alone fee of the interval is removed, and the payout that included it is corrected.
            ``"description"``: its charges have other descriptions; no figure changes.
        start: First second of the interval, in Unix seconds.
        end: The second after its last.
        published: End of the data of the first publication that shows it.
        currency: The only currency to change; None for every currency with activity in the interval.
    """

    change: Correction
    start: int
    end: int
    published: int
    currency: str | None = None

    def __post_init__(self) -> None:
        """Refuse unknown values: with a typing error, a test would see a month without changes."""
        if self.change not in get_args(Correction):
            raise ValueError(f"{self.change!r} is not one of {', '.join(map(repr, get_args(Correction)))}.")
        if self.currency is not None and self.currency not in CURRENCY.categories:
            known = ", ".join(CURRENCY.categories)
            raise ValueError(f"{self.currency!r} is not a currency of the ledger, which has {known}.")

    @property
    def covered(self) -> pl.Expr:
        """Tell whether a row of the activity lies in the interval."""
        covered = pl.col("created").is_between(self.start, self.end, closed="left")
        return covered if self.currency is None else covered & (pl.col("currency") == self.currency)


def restated(rows: pl.DataFrame, restatements: Sequence[Restatement]) -> pl.DataFrame:
    """Apply all changes of figures to the rows of the activity, in order."""
    for number, restatement in enumerate(restatements):
        match restatement.change:
            case "late fee":
                rows = pl.concat([rows, _late_fees(rows, restatement, number)])
            case "fee waived":
                fees = rows.filter(restatement.covered & (pl.col("reporting_category") == "fee"))
                last = fees.sort("created", "transaction").group_by("currency").last()
                rows = rows.join(last, on="transaction", how="anti", maintain_order="left")
    return rows


def is_late_fee() -> pl.Expr:
    """Tell whether a row of the activity came from a restatement."""
    return pl.col("transaction") >= _LATE


def _late_fees(rows: pl.DataFrame, restatement: Restatement, number: int) -> pl.DataFrame:
    """Return stand-alone fees, booked in the interval and due when they were published."""
    currencies = rows.filter(restatement.covered)["currency"].unique().sort()
    fees = [
        {
            "transaction": _LATE + len(CURRENCY.categories) * number + code,
            "reporting_category": "fee",
            "currency": currency,
            "created": restatement.end - 1,
            "available_on": restatement.published // _DAY * _DAY,
            "gross": -_LATE_FEE,
            "fee": 0,
            "withheld_tax": 0,
        }
        for code, currency in enumerate(currencies)
    ]
    return pl.DataFrame(fees, rows.schema)
