"""Ids to suggest for a field, from the reports that are stored here: nobody knows a payout's id by heart."""

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
}
_MOST_REPORTS = 20


def known_ids(field: str, reports: Iterable[Report], *, limit: int = 200) -> list[str]:
    """Ids that stand in stored reports, those of the newest report first.

    Args:
        field: The parameter; one without ids gives none.
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
