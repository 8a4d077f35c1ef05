"""Ids and words to suggest for a field, from the stored reports: nobody knows a payout's id by heart."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from stripe_reports.errors import StoreError
from stripe_reports.report.report import Report

__all__ = ["known_ids"]

_COLUMNS = {
    "payout": ("payout_id", "automatic_payout_id"),
    "connected_account": ("connected_account", "connected_account_id", "account_id"),
    "connected_accounts": ("connected_account", "connected_account_id", "account_id"),
    "customer": ("customer_id",),
    "invoice": ("invoice_id",),
    # Stripe adds to these without notice; what was seen once can be asked for.
    "currency": ("currency",),
    "reporting_category": ("reporting_category",),
}
_MOST_REPORTS = 20


def known_ids(field: str, reports: Iterable[Report], *, limit: int = 200) -> list[str]:
    """What stands in stored reports, that of the newest report first.

    Args:
        field: The parameter; one that no column goes with gives none.
        reports: The stored reports, newest first.
        limit: How many ids at most.
    """
    found: dict[str, None] = {}
    for _, report in zip(range(_MOST_REPORTS), reports, strict=False):
        if len(found) >= limit:
            break
        try:
            rows = report.scan()
            schema = rows.collect_schema()
            for name in _COLUMNS.get(field, ()):
                if name in schema:
                    ids = rows.select(pl.col(name).drop_nulls().unique(maintain_order=True).tail(limit))
                    found |= dict.fromkeys(reversed(ids.collect()[name].to_list()))
        except StoreError:  # removed meanwhile
            continue
    return list(found)[:limit]
