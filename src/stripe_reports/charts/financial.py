"""Financial accounts: the balance as a waterfall, and the activity over time."""

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
from stripe_reports.charts.slots import Every, by_period
from stripe_reports.charts.stacked import stacked
from stripe_reports.charts.waterfall import waterfall
from stripe_reports.errors import ParameterError

__all__ = ["financial_activity", "financial_waterfall"]

_TOTALS = ["starting_balance", "ending_balance"]


def financial_waterfall(
    frame: Frame,
    *,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw how the balance of a financial account changed from start to end.

    A bar for each row, in the report's order. If the rows do not add up to the ending balance, a bar
    "Unexplained" shows by how much. A report that names no currency is one panel without one.

    Args:
        frame: A ``financial_account_balance.summary`` report, with ``category`` and ``amount``.
        currency: Draw only this currency, or these, if the report has currencies.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing or an amount is not a decimal, or the frame is not one summary.
    """
    check(frame, "A waterfall of a financial account", ["category", "amount"], exact=["amount"])
    named = first_of(frame, "currency")
    head = heading(title or "From the starting to the ending balance", subtitle)
    rows = _with_currency(frame, currency).filter(pl.col("amount").is_not_null()).collect()
    if rows.is_empty():
        return note(NOTHING, head)
    if rows.select("currency", "category").is_duplicated().any():
        raise ParameterError("The frame contains several balance summaries. Draw them one by one.")
    return waterfall(_bars(rows), head, category={"columns": ["category"]}, currency=named)


def financial_activity(
    frame: Frame,
    *,
    every: Every | None = None,
    top: int = 8,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the amounts into and out of a financial account per day, week or month, by category.

    Args:
        frame: A ``financial_account_balance_change_from_activity.itemized`` report, with ``created``,
            ``category`` and ``amount``.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None chooses a readable one.
        top: Maximum number of named categories; the others are combined.
        currency: Draw only this currency, or these, if the report has currencies.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    time = first_of(frame, "created", "created_utc") or "created"
    check(frame, "A chart of a financial account's activity", [time, "category", "amount"], exact=["amount"])
    rows = _with_currency(frame, currency)
    category = pl.col("category").fill_null(NONE)
    days = sums_by_day(rows, time, timezone, None, category, amount=pl.col("amount"))
    if days.is_empty():
        return note(NOTHING, heading(title or "Amounts by category", subtitle))
    data, groups = largest(days, "category", top=top, what="other categories")
    currencies, remark = currencies_of(data)
    width, _ = size_of(currencies)
    data, slots = by_period(data, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    head = heading(title or f"Amounts per {slots.every}, by category", subtitle, remark)
    names = {"label": slots.every.capitalize(), "category": "Category", "exact": "Amount"}
    return stacked(data, slots, groups, head, names=names)


def _with_currency(frame: Frame, currency: str | Sequence[str] | None) -> pl.LazyFrame:
    if first_of(frame, "currency"):
        return only_currencies(frame, currency).with_columns(pl.col("currency").fill_null(""))
    return frame.lazy().with_columns(currency=pl.lit(""))


def _bars(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the bars of a waterfall, with exact ``amount``, ``start`` and ``end``."""
    is_ending = pl.col("category") == "ending_balance"
    missing = (
        rows.group_by("currency", maintain_order=True)
        .agg(amount=2 * pl.col("amount").filter(is_ending).sum() - pl.col("amount").sum())
        .filter(pl.col("amount") != 0)
        .with_columns(category=pl.lit("difference"))
    )
    # The ending balance is last, in any order of Stripe; without it there is nothing to compare.
    missing = missing.join(rows.filter(is_ending).select("currency"), on="currency", how="semi")
    place = (
        pl.when(category="starting_balance")
        .then(0)
        .when(is_ending)
        .then(3)
        .when(category="difference")
        .then(2)
        .otherwise(1)
    )
    bars = pl.concat(
        [
            rows.select("currency", "category", pl.col("amount")),
            missing.select("currency", "category", pl.col("amount").cast(rows.schema["amount"])),
        ]
    ).sort(pl.col("currency"), place, maintain_order=True)
    amount = pl.col("amount")
    is_total = pl.col("category").is_in(_TOTALS)
    level = pl.when(is_ending).then(0).otherwise(amount).cum_sum().over("currency")
    words = pl.col("category").str.replace_all("_", " ")
    words = words.str.slice(0, 1).str.to_uppercase() + words.str.slice(1)
    return bars.with_columns(
        step=pl.when(category="difference").then(pl.lit("Unexplained")).otherwise(words),
        start=pl.when(is_total).then(0).otherwise(level - amount),
        end=pl.when(is_total).then(amount).otherwise(level),
        kind=pl.when(is_total)
        .then(pl.lit("total"))
        .when(category="difference")
        .then(pl.lit("difference"))
        .when(amount < 0)
        .then(pl.lit("fall"))
        .otherwise(pl.lit("rise")),
    )
