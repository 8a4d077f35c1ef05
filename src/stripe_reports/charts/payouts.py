"""Payouts over time by status, and the days until they arrive."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, as_day, check, first_of, only_currencies, zone_of
from stripe_reports.charts.daily import sums_by_day
from stripe_reports.charts.groups import largest
from stripe_reports.charts.panels import (
    NOTHING,
    Chart,
    Subtitle,
    currencies_of,
    heading,
    note,
    size_of,
)
from stripe_reports.charts.slots import NO_DATE, Every, Slots, by_period
from stripe_reports.charts.stacked import stacked

__all__ = ["payout_arrival", "payouts_over_time"]

_TIMES = ("effective_at", "effective_at_utc")
_PAID = ("gross", "net")
"""What the bank gets; a file without it has at least what leaves the balance, which includes a fee."""
_LONG = 30
"""Payouts that take more days than this are combined in one bar."""

_WEEK = 7


def payouts_over_time(
    frame: Frame,
    *,
    every: Every | None = None,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw payouts per day, week or month, by status: one panel per currency.

    The amount is what the bank gets; the fee of an instant payout is not part of it. A returned payout is
    above zero on the day it left, and below zero on the day it came back.

    Args:
        frame: A ``payouts.itemized`` report, with ``effective_at``, ``payout_status``, ``gross`` and
            ``currency``; without ``gross``, what left the balance is drawn: ``net``.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None chooses a readable one.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    time = first_of(frame, *_TIMES) or _TIMES[0]
    paid = first_of(frame, *_PAID) or _PAID[0]
    check(frame, "A chart of payouts", [time, "payout_status", paid, "currency"], exact=[paid])
    status = pl.col("payout_status").alias("category")
    days = sums_by_day(frame, time, timezone, currency, status, amount=pl.col(paid))
    if days.is_empty():
        return note(NOTHING, heading(title or "Payouts by status", subtitle))
    data, groups = largest(days, "payout_status", top=8)
    width, _ = size_of(currencies_of(data)[0])
    data, slots = by_period(data, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    head = heading(title or f"Payouts per {slots.every}, by status", subtitle, currencies_of(data)[1])
    data = data.with_columns(payouts=pl.col("rows").cast(pl.String))
    names = {"label": slots.every.capitalize(), "category": "Status", **_amount_of(paid)}
    return stacked(data, slots, groups, head, names=names)


def payout_arrival(
    frame: Frame,
    *,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw payouts by the days until they arrived, and by status: one panel per currency.

    Days are counted from the day the money left the balance to the expected arrival. For automatic payouts
    they are mostly 0, since Stripe takes the money on the day of the expected arrival.

    Arguments and errors are those of ``payouts_over_time``.
    """
    time, arrival = first_of(frame, *_TIMES) or _TIMES[0], "payout_expected_arrival_date"
    has_status = first_of(frame, "payout_status")
    paid = first_of(frame, *_PAID) or _PAID[0]
    check(frame, "A chart of payouts", [time, arrival, paid, "currency"], exact=[paid])
    days = (as_day(frame, arrival, None) - as_day(frame, time, timezone)).dt.total_days()
    data = (
        only_currencies(frame, currency)
        .group_by(
            pl.col("currency").fill_null(""),
            days.clip(upper_bound=_LONG + 1).alias("days"),
            (pl.col("payout_status") if has_status else pl.lit("payouts")).alias("category"),
        )
        .agg(rows=pl.len().cast(pl.Int64), amount=pl.col(paid).sum())
        .collect(engine="streaming")
    )
    head = heading(title or "Payouts by days until they arrive", subtitle, currencies_of(data)[1])
    if data.is_empty():
        return note(NOTHING, head)
    data, groups = largest(data, "payout_status" if has_status else (), top=8)
    slots = _days(
        data["days"],
        {"until": arrival, "column": time, "over": _LONG, "zone": zone_of(frame, time, timezone)},
    )
    data = data.with_columns(period=_key(pl.col("days")), payouts=pl.col("rows").cast(pl.String)).drop("days")
    names = {"label": "Arrival", "category": "Status", **_amount_of(paid)}
    return stacked(data, slots, groups, head, names=names)


def _amount_of(paid: str) -> dict[str, str]:
    return {"exact": "To the bank" if paid == "gross" else "Net", "payouts": "Payouts"}


def _key(days: pl.Expr) -> pl.Expr:
    return (
        pl.when(days > _LONG).then(pl.lit(f"over {_LONG}")).otherwise(days.cast(pl.String)).fill_null(NO_DATE)
    )


def _days(days: pl.Series, source: dict[str, object]) -> Slots:
    """Return a position for each number of days that occurs, and for every day of the first week."""
    present = days.drop_nulls().to_list()
    counted = pl.Series(sorted({*range(min(_WEEK, max(present, default=0)) + 1), *present}), dtype=pl.Int64)
    keys = pl.select(_key(pl.lit(counted))).to_series().to_list() + [NO_DATE] * bool(days.null_count())
    names = ["same day" if key == "0" else key if key == NO_DATE else f"{key} days" for key in keys]
    return Slots(keys, names, "datum.value === '0' ? 'same day' : datum.value", source, "day", characters=8)
