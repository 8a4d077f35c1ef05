"""Suggestions for a field, from the stored reports: users rarely remember the id of a payout."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from stripe_reports.errors import StoreError
from stripe_reports.notebook.form.shown_report import ShownReport
from stripe_reports.render.currency_order import busiest_first, nonzero_rows

__all__ = ["known_ids"]

_COLUMNS = {
    "payout": ("payout_id", "automatic_payout_id"),
    "connected_account": ("connected_account", "connected_account_id", "account_id"),
    "connected_accounts": ("connected_account", "connected_account_id", "account_id"),
    "customer": ("customer_id",),
    "invoice": ("invoice_id",),
    # Stripe adds values to these without notice; a value seen once can be requested.
    "currency": ("currency",),
    "reporting_category": ("reporting_category",),
}
_MOST_REPORTS = 20


def known_ids(field: str, reports: Iterable[ShownReport], *, limit: int = 200) -> list[str]:
    """Return the values in reports, those of the first one first; currencies in their order everywhere.

    Args:
        field: The parameter; without a matching column there are no suggestions.
        reports: The report that is shown, if any, and the stored ones, newest first.
        limit: Maximum number of values.
    """
    found: dict[str, None] = {}
    for _, report in zip(range(_MOST_REPORTS), reports, strict=False):
        if len(found) >= limit:
            break
        try:
            rows = report.scan()
            schema = rows.collect_schema()
            for name in _COLUMNS.get(field, ()):
                if name not in schema:
                    continue
                if name == "currency":
                    found |= dict.fromkeys(filter(None, busiest_first(nonzero_rows(rows))))
                else:
                    ids = rows.select(pl.col(name).drop_nulls().unique(maintain_order=True).tail(limit))
                    found |= dict.fromkeys(reversed(ids.collect()[name].to_list()))
        except StoreError:  # removed in the meantime
            continue
    return list(found)[:limit]
