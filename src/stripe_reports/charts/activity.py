"""Balance activity: net per day, week or month by reporting category; cumulated; gross, fee and net."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.charts.columns import Frame, check, first_of, zone_of
from stripe_reports.charts.daily import sums_by_day
from stripe_reports.charts.groups import Groups, largest
from stripe_reports.charts.lines import lines
from stripe_reports.charts.panels import (
    NOTHING,
    Chart,
    Subtitle,
    currencies_of,
    heading,
    in_words,
    note,
    size_of,
)
from stripe_reports.charts.slots import Every, by_period
from stripe_reports.charts.stacked import stacked

__all__ = ["activity_cumulated", "activity_net", "gross_fee_net"]

TIMES = ("created", "created_utc", "automatic_payout_effective_at", "effective_at", "effective_at_utc")
"""Columns with the time of a row, in order of preference."""


def activity_net(
    frame: Frame,
    *,
    every: Every | None = None,
    top: int = 8,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw net per day, week or month, by reporting category: one panel per currency.

    Args:
        frame: An itemised report with ``created``, ``reporting_category``, ``net`` and ``currency``.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None for the shortest that is
            readable. Weeks begin on Monday.
        top: Maximum number of named categories; the others are combined.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    check(frame, "A chart of the activity", ["reporting_category"])
    time = _check(frame, "net")
    category = pl.col("reporting_category").alias("category")
    days = sums_by_day(frame, time, timezone, currency, category, amount=pl.col("net"))
    if days.is_empty():
        return note(NOTHING, heading(title or "Net by reporting category", subtitle))
    data, groups = largest(days, "reporting_category", top=top, what="other categories")
    width, _ = size_of(currencies_of(data)[0])
    data, slots = by_period(data, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    head = heading(title or f"Net per {slots.every}, by reporting category", subtitle, currencies_of(data)[1])
    names = {"label": slots.every.capitalize(), "category": "Category", "exact": "Net"}
    return stacked(data, slots, groups, head, names=names)


def activity_cumulated(
    frame: Frame,
    *,
    every: Every | None = None,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the net of all rows up to the end of each day, week or month: one panel per currency.

    Arguments and errors are those of ``activity_net``. The line begins at the net of the first day, not at
    the earlier balance, which an itemised report does not have.
    """
    time = _check(frame, "net")
    days = sums_by_day(frame, time, timezone, currency, amount=pl.col("net"))
    if days.is_empty():
        return note(NOTHING, heading(title or "Net, cumulated", subtitle))
    width, _ = size_of(currencies_of(days)[0])
    data, slots = by_period(days, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    data = slots.filled(data, "currency").with_columns(
        pl.col("amount", "rows").fill_null(0),
        value=pl.col("amount").fill_null(0).cum_sum().over("currency"),
        category=pl.lit("cumulated"),
    )
    head = heading(title or f"Net, cumulated per {slots.every}", subtitle, currencies_of(data)[1])
    names = {"label": slots.every.capitalize(), "total": "Net so far", "exact": "Net"}
    groups = Groups(["cumulated"], None, {})
    return lines(in_words(data, exact="amount", total="value"), slots, groups, head, names=names, rates=False)


def gross_fee_net(
    frame: Frame,
    *,
    every: Every | None = None,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw gross, fees and net per day, week or month: one panel per currency.

    Fees are positive in the report but drawn below zero, so that the two bars add up to the net, which is a
    point. Fees that are rows of their own have their amount in ``gross``; with ``reporting_category``, they
    are drawn as fees, as in the balance summary. Arguments and errors are those of ``activity_net``.
    """
    time = _check(frame, "gross", "fee", "net")
    is_fee = pl.lit(value=False)
    if first_of(frame, "reporting_category"):
        is_fee = pl.col("reporting_category").is_in(FEE_CATEGORIES).fill_null(value=False)
    own = pl.when(is_fee).then(pl.col("gross")).otherwise(0)
    days = sums_by_day(
        frame,
        time,
        timezone,
        currency,
        gross=pl.col("gross") - own,
        fee=own - pl.col("fee"),
        net=pl.col("net"),
    )
    if days.is_empty():
        return note(NOTHING, heading(title or "Gross, fees and net", subtitle))
    width, _ = size_of(currencies_of(days)[0])
    data, slots = by_period(days, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    parts = data.rename({"fee": "less fees"}).unpivot(
        ["gross", "less fees"],
        index=["currency", "period", "rows"],
        variable_name="category",
        value_name="amount",
    )
    groups = Groups(["gross", "less fees"], None, {})
    head = heading(
        title or f"Gross, fees and net per {slots.every}",
        subtitle,
        currencies_of(data)[1],
    )
    names = {"label": slots.every.capitalize(), "category": "What", "exact": "Amount", "total": "Net"}
    nets = in_words(data, total="net").select("currency", "period", "net", "total")
    parts = parts.join(nets, on=["currency", "period"], how="left", maintain_order="left")
    return stacked(parts, slots, groups, head, names=names, point="net")


def _check(frame: Frame, *amounts: str) -> str:
    """Check the columns, and return the one with the time."""
    time = first_of(frame, *TIMES) or TIMES[0]
    check(frame, "A chart of the activity", [time, *amounts, "currency"], exact=amounts)
    return time
