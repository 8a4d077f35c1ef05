"""The transactions of a payout reconciliation, without the payouts that it may list too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from stripe_reports.charts import theme
from stripe_reports.charts.columns import Frame
from stripe_reports.charts.panels import Chart
from stripe_reports.parsing.payout_rows import is_payout_itself

__all__ = ["counting", "settled"]


def settled(frame: Frame) -> tuple[pl.LazyFrame, Mapping[str, Any] | None]:
    """Return the transactions of a payout reconciliation, and the condition of these rows.

    The condition is for ``charts.selections``; it is None if no row is a payout itself.
    """
    columns = frame.collect_schema().names()
    rows = frame.lazy()
    if rows.filter(is_payout_itself(columns)).head(1).select(pl.len()).collect().item() == 0:
        return rows, None
    both = ["source_id", "automatic_payout_id"]
    names_source = set(both) <= set(columns)
    where = {"differ": both} if names_source else {"columns": ["reporting_category"], "not in": ["payout"]}
    return rows.filter(~is_payout_itself(columns)), where


def counting(chart: Chart, where: Mapping[str, Any] | None) -> Chart:
    """Return a chart that counts only these rows, unless it has another condition."""
    links = theme.remarks(chart).get("links")
    if where is None or not links or links.get("where"):
        return chart
    return theme.remarked(chart, links={**links, "where": dict(where)})
