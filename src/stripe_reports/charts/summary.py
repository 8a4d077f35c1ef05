"""Gross, fees and net by reporting category, for summaries, which have no time."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, check, first_of, only_currencies
from stripe_reports.charts.groups import largest
from stripe_reports.charts.panels import NOTHING, Chart, Subtitle, currencies_of, heading, note
from stripe_reports.charts.ranked import ranked

__all__ = ["by_category"]


def by_category(
    frame: Frame,
    *,
    top: int = 10,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw gross, fees and net of each reporting category: one panel per currency.

    Args:
        frame: Any report with ``reporting_category``, ``gross``, ``fee``, ``net`` and ``currency``.
        top: Maximum number of named categories; the others are combined.
        currency: Draw only this currency, or these.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    amounts = ["gross", "fee", "net"]
    check(frame, "A chart of the categories", ["reporting_category", *amounts, "currency"], exact=amounts)
    count = pl.col("count").sum() if first_of(frame, "count") else pl.len()
    data = (
        only_currencies(frame, currency)
        .group_by(pl.col("currency").fill_null(""), pl.col("reporting_category").alias("category"))
        .agg(pl.col("gross", "net").sum(), -pl.col("fee").sum().alias("less fees"), rows=count.cast(pl.Int64))
        .collect(engine="streaming")
    )
    head = heading(title or "Gross, fees and net, by reporting category", subtitle, currencies_of(data)[1])
    if data.is_empty():
        return note(NOTHING, head)
    data, groups = largest(data, "reporting_category", top=top, amount="gross", what="other categories")
    order = pl.col("category").replace_strict(
        {n: i for i, n in enumerate(groups.names)}, return_dtype=pl.Int64
    )
    bars = (
        data.sort(order)
        .with_columns(transactions=pl.col("rows").cast(pl.String))
        .unpivot(
            ["gross", "less fees", "net"],
            index=["currency", "category", "rows", "transactions"],
            variable_name="series",
            value_name="amount",
        )
    )
    names = {"category": "Category", "series": "What", "exact": "Amount", "transactions": "Transactions"}
    return ranked(bars, head, category=groups.source, names=names, rest=groups.rest)
