"""Facts that all report types of a family share."""

from __future__ import annotations

from functools import cache

from stripe_reports.catalog.known import report_types
from stripe_reports.catalog.siblings import completed

__all__ = ["FAMILY_TITLES", "family_of", "family_title", "is_rewritten"]

_TITLES = {
    "balance": "Balance and payouts",
    "payout_reconciliation": "Payout reconciliation",
    "fees": "Fees",
    "tax": "Tax",
    "connect": "Connect",
    "financial_accounts": "Financial accounts",
    "revenue_recognition": "Revenue recognition",
}
_OTHER = "Other"

FAMILY_TITLES = (*_TITLES.values(), _OTHER)
"""The titles of the families, in the order in which people see them."""

_REWRITTEN = frozenset({"revenue_recognition"})
"""Families whose past changes whenever an accounting period is reopened, or rules or accounts are changed.

Source: https://docs.stripe.com/revenue-recognition/data-freshness
"""


@cache
def family_of(type_id: str) -> str | None:
    """Return the family of a report type; None if it is unknown.

    A type that is not catalogued belongs to the family that its name starts with, if there is one.
    """
    head = type_id.partition(".")[0]
    families = {type_.family for type_ in report_types().values()}
    return completed(type_id).family or (head if head in families else None)


def family_title(family: str | None) -> str:
    """Return the title of a family for people; ``"Other"`` if it is unknown."""
    return _TITLES.get(family or "", _OTHER)


def is_rewritten(type_id: str) -> bool:
    """Return True if Stripe changes the past of this type at any time, so that no interval is ever closed."""
    return family_of(type_id) in _REWRITTEN
