"""Tax by jurisdiction, and over time by country."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, check, first_of, only_currencies, zone_of
from stripe_reports.charts.daily import sums_by_day
from stripe_reports.charts.groups import NONE, largest
from stripe_reports.charts.panels import (
    NOTHING,
    Chart,
    Subtitle,
    currencies_of,
    heading,
    note,
    size_of,
)
from stripe_reports.charts.ranked import ranked
from stripe_reports.charts.slots import Every, by_period
from stripe_reports.charts.stacked import stacked
from stripe_reports.parsing.columns import column

__all__ = ["tax_by_jurisdiction", "tax_over_time"]

_PLACE = ("jurisdiction_name", "state_code", "country_code")


def tax_by_jurisdiction(
    frame: Frame,
    *,
    top: int = 12,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the tax of each jurisdiction, the largest by name: one panel per currency of the transactions.

    Args:
        frame: An itemised report of tax transactions, with ``tax_amount``, ``currency`` and
            ``jurisdiction_name`` or
            ``country_code``. Refunds and credit notes count as negative amounts.
        top: Maximum number of named jurisdictions; the others are combined.
        currency: Draw only this currency, or these.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    place = [name for name in _PLACE if first_of(frame, name)] or [_PLACE[0]]
    check(frame, "A chart of the tax", [*place, "tax_amount", "currency"], exact=["tax_amount"])
    where = pl.concat_str([pl.col(name) for name in place], separator=", ", ignore_nulls=True)
    data = (
        only_currencies(frame, currency)
        .group_by(
            pl.col("currency").fill_null(""),
            pl.when(where != "").then(where).otherwise(pl.lit(NONE)).alias("category"),
        )
        .agg(amount=pl.col("tax_amount").sum(), rows=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    head = heading(title or "Tax by jurisdiction", subtitle, currencies_of(data)[1])
    if data.is_empty():
        return note(NOTHING, head)
    data, groups = largest(data, place, top=top, what="other jurisdictions")
    is_rest = pl.col("category") == (groups.rest or "")
    data = data.sort(is_rest, -pl.col("amount").abs(), "category")
    data = data.with_columns(lines=pl.col("rows").cast(pl.String))
    names = {"category": "Jurisdiction", "exact": "Tax", "lines": "Rows"}
    return ranked(data, head, category=groups.source, names=names, rest=groups.rest)


def tax_over_time(
    frame: Frame,
    *,
    by: str = "country_code",
    every: Every | None = None,
    top: int = 7,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw tax per day, week or month, by country: one panel per currency of the transactions.

    Args:
        frame: An itemised report of tax transactions.
        by: Column to group by: ``country_code``, ``jurisdiction_name``, ``tax_type``.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None chooses a readable one.
        top: Maximum number of named countries; the others are combined.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    time = first_of(frame, "transaction_date", "transaction_date_utc") or "transaction_date"
    by_ = first_of(frame, by)
    check(frame, "A chart of the tax over time", [time, "tax_amount", "currency"], exact=["tax_amount"])
    category = (column(by) if by_ else pl.lit("tax")).alias("category")
    days = sums_by_day(frame, time, timezone, currency, category, amount=pl.col("tax_amount"))
    what = f", by {by.replace('_code', '').replace('_', ' ')}" if by_ else ""
    if days.is_empty():
        return note(NOTHING, heading(title or f"Tax{what}", subtitle))
    data, groups = largest(days, by_ or (), top=top)
    width, _ = size_of(currencies_of(data)[0])
    data, slots = by_period(data, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    head = heading(title or f"Tax per {slots.every}{what}", subtitle, currencies_of(data)[1])
    names = {"label": slots.every.capitalize(), "category": "Which", "exact": "Tax"}
    return stacked(data, slots, groups, head, names=names)
