"""The components of balance transactions: gross, each kind of fee, tax, per day, week or month."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, check, first_of, zone_of
from stripe_reports.charts.daily import sums_by_day
from stripe_reports.charts.groups import largest
from stripe_reports.charts.panels import NOTHING, Chart, Subtitle, currencies_of, heading, note, size_of
from stripe_reports.charts.slots import Every, by_period
from stripe_reports.charts.stacked import stacked
from stripe_reports.parsing.columns import column

__all__ = ["COMPONENT", "COMPONENT_TIMES", "amounts_by_component"]

COMPONENT = "balance_transaction_component"
COMPONENT_TIMES = ("activity_at", "balance_transaction_created_at")
"""Columns with the time of a component, in order of preference."""


def amounts_by_component(
    frame: Frame,
    *,
    by: str = COMPONENT,
    every: Every | None = None,
    top: int = 8,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the amounts per day, week or month, by component: one panel per currency.

    Fees and taxes are negative in the report, so that the bars add up to the net.

    Args:
        frame: An ``activity.itemized`` report, with ``activity_at`` or ``balance_transaction_created_at``,
            ``amount`` and ``currency``.
        by: Column to group by, such as ``"balance_transaction_reporting_category"``.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None chooses a readable one.
        top: Maximum number of named components; the others are combined.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    time = first_of(frame, *COMPONENT_TIMES) or COMPONENT_TIMES[0]
    check(frame, "A chart of the components", [time, by, "amount", "currency"], exact=["amount"])
    days = sums_by_day(frame, time, timezone, currency, column(by).alias("category"), amount=pl.col("amount"))
    what = by.removeprefix("balance_transaction_").replace("_", " ")
    if days.is_empty():
        return note(NOTHING, heading(title or f"Amounts by {what}", subtitle))
    data, groups = largest(days, by, top=top, what="others")
    width, _ = size_of(currencies_of(data)[0])
    data, slots = by_period(data, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    head = heading(title or f"Amounts per {slots.every}, by {what}", subtitle, currencies_of(data)[1])
    names = {"label": slots.every.capitalize(), "category": what.capitalize(), "exact": "Amount"}
    return stacked(data, slots, groups, head, names=names)
