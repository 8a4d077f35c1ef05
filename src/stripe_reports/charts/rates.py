"""Disputes and refunds as rates of charges."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, check, first_of, zone_of
from stripe_reports.charts.daily import sums_by_day
from stripe_reports.charts.groups import Groups
from stripe_reports.charts.lines import lines, rated
from stripe_reports.charts.panels import (
    NOTHING,
    Chart,
    Subtitle,
    currencies_of,
    heading,
    note,
    size_of,
)
from stripe_reports.charts.slots import Every, by_period

__all__ = ["dispute_and_refund_rates"]

_CREATED = ("created", "created_utc")
_SIDES = {"refunds": ["refund", "refund_failure"], "disputes": ["dispute"]}
"""Failed refunds are subtracted from refunds; disputes that were won still count as disputes."""


def dispute_and_refund_rates(
    frame: Frame,
    *,
    every: Every | None = None,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw refunds and disputes as rates of charges: one panel per currency.

    The refunds and disputes of a day are compared with the charges of the same day, not with the original
    charges. Failed refunds are subtracted; disputes count even if they are won later.

    Args:
        frame: An itemised report with ``created``, ``reporting_category``, ``gross`` and ``currency``.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None chooses a readable one.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    time = first_of(frame, *_CREATED) or _CREATED[0]
    needed = [time, "reporting_category", "gross", "currency"]
    check(frame, "A chart of the rates", needed, exact=["gross"])
    category, gross = pl.col("reporting_category"), pl.col("gross")
    counted = ["charge", *_SIDES["refunds"], *_SIDES["disputes"]]
    days = sums_by_day(
        frame.lazy().filter(category.is_in(counted)),
        time,
        timezone,
        currency,
        whole=gross.filter(category == "charge"),
        refunds=-gross.filter(category.is_in(_SIDES["refunds"])),
        disputes=-gross.filter(category.is_in(_SIDES["disputes"])),
    )
    if days.is_empty():
        return note(NOTHING, heading(title or "Disputes and refunds as rates", subtitle))
    width, _ = size_of(currencies_of(days)[0])
    data, slots = by_period(days, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    parts = data.unpivot(
        list(_SIDES),
        index=["currency", "period", "whole", "rows"],
        variable_name="category",
        value_name="part",
    )
    groups = Groups(list(_SIDES), None, {"columns": ["reporting_category"], "sides": _SIDES})
    head = heading(
        title or f"Refunds and disputes as rates of charges, per {slots.every}",
        subtitle,
        currencies_of(data)[1],
    )
    names = {
        "label": slots.every.capitalize(),
        "category": "What",
        "rate": "Rate",
        "amount": "Amount",
        "of": "Of charges",
    }
    where = {"columns": ["reporting_category"], "in": counted}
    return lines(
        rated(parts, amount="part", of="whole"), slots, groups, head, names=names, rates=True, where=where
    )
