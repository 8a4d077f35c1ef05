"""Disputes and refunds as rates of what was charged."""

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
"""Refunds that failed are no refunds; a dispute that was won was one all the same."""


def dispute_and_refund_rates(
    frame: Frame,
    *,
    every: Every | None = None,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """What was refunded and disputed as a rate of what was charged: one panel per currency.

    Each day's refunds and disputes are compared with the same day's charges, not with the charges that they
    undo. Refunds are less those that failed; disputes are those raised, whether won later or not.

    Args:
        frame: An itemised report with ``created``, ``reporting_category``, ``gross`` and ``currency``.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None for the finest readable.
        currency: Draws only this currency, or these.
        timezone: Zone in which days are counted; None for the one that the column has.
        title: Stands on top.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or is no decimal.
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
