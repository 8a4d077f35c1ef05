"""Two periods compared: the change of each category, one panel per currency."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.groups import largest
from stripe_reports.charts.panels import NOTHING, Chart, Subtitle, currencies_of, heading, in_words, note
from stripe_reports.charts.ranked import ranked
from stripe_reports.charts.sums import counted_as

__all__ = ["changes_by_group"]


_WORDS = ("reporting_category", "category")
"""Columns whose values are Stripe's words."""


def changes_by_group(
    changes: pl.DataFrame,
    by: Sequence[str],
    *,
    top: int = 12,
    periods: tuple[str, str],
    title: str,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the change of each group, the largest first: to the right what rose, to the left what fell.

    Args:
        changes: The frame of a comparison, which has the order of the currencies: ``by``, ``currency``,
            ``amount``, ``other_amount``, ``difference``, ``count``, ``other_count``.
        by: The columns that make the groups.
        top: Maximum number of named groups; the others are combined.
        periods: What ``amount`` and ``other_amount`` are of, for the tooltip.
        title: Title of the chart.
        subtitle: One line or several below it.
    """
    texts = [pl.col(name).cast(pl.String).fill_null("(none)") for name in by]
    category = pl.concat_str(
        [
            text.str.replace_all("_", " ") if name in _WORDS else text
            for name, text in zip(by, texts, strict=True)
        ],
        separator=", ",
    )
    data = changes.select(
        pl.col("currency").fill_null(""),
        "other_amount",
        category=category,
        amount="difference",
        now="amount",
        rows=pl.col("count") + pl.col("other_count"),
    ).filter((pl.col("now") != 0) | (pl.col("other_amount") != 0))
    listed = data["currency"].unique(maintain_order=True)
    data = counted_as(data, {currency: -place for place, currency in enumerate(listed)})
    head = heading(title, subtitle, currencies_of(data)[1])
    if data.is_empty():
        return note(NOTHING, head)
    data, groups = largest(data, list(by), top=top, what="others")
    is_rest = pl.col("category") == (groups.rest or "")
    data = in_words(data, now_="now", before="other_amount")
    data = data.sort(is_rest, -pl.col("amount").abs(), "category")
    names = {"category": "Group", "exact": "Change", "now_": periods[0], "before": periods[1]}
    return ranked(data, head, category=groups.source, names=names, rest=groups.rest)
