"""The order in which people see the columns of a report."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["BANK_DATE", "in_order_for_people"]

BANK_DATE = "payout_expected_arrival_date"
"""The day on which the bank has a payout; ``effective_at`` can be the evening before."""


def in_order_for_people(names: Iterable[str]) -> list[str]:
    """Return the columns in Stripe's order, but with the bank date of a payout first."""
    return sorted(names, key=lambda name: name != BANK_DATE)
