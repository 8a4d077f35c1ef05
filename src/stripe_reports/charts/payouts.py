"""Payouts by the day on which the bank has them, with what failed and what came back."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from stripe_reports.charts.columns import as_day, first_of, zone_of
from stripe_reports.charts.groups import Groups
from stripe_reports.charts.panels import Chart
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.stacked import stacked
from stripe_reports.charts.sums import count_text, sums_of

__all__ = ["ARRIVAL", "EFFECTIVE", "payouts_over_time"]

ARRIVAL = "payout_expected_arrival_date"
EFFECTIVE = ("effective_at", "effective_at_utc")
RETURNED = "returned"
_REVERSAL = "payout_reversal"
_STATUSES = ("paid", "in_transit", "pending", "canceled")


def payouts_over_time(recipe: Recipe, asked: Asked) -> Chart:
    """Draw what was sent by bank date and status, failed payouts in red, and what came back below zero.

    The amount is what the bank gets, ``gross``; the fee of an instant payout is not part of it. A returned
    payout is a hollow bar on the day on which it came back. ``effective_at`` is no bank date: in a zone west
    of Greenwich, it shows the evening before.
    """
    effective, is_back = asked.time, pl.lit(value=False)
    if first_of(asked.frame, "reporting_category"):
        is_back = (pl.col("reporting_category") == _REVERSAL).fill_null(value=False)
    arrival = first_of(asked.frame, *recipe.details["dates"])
    day = asked.day
    if arrival:
        bank = as_day(asked.frame, arrival, None)
        day = pl.when(is_back).then(day).otherwise(pl.coalesce(bank, day)).alias("day")
    status = pl.col("payout_status").fill_null("(none)")
    category = pl.when(is_back).then(pl.lit(RETURNED)).otherwise(status).alias("category")
    amount = asked.amounts[0]
    sums = sums_of(asked.rows, day, category, amounts={"amount": pl.col(amount)})
    if sums.is_empty():
        return asked.nothing()
    data, slots = asked.by_period(sums)
    present = data["category"].unique().to_list()
    others = sorted(set(present) - {*_STATUSES, "failed", RETURNED})
    names = [name for name in (*_STATUSES, *others, "failed", RETURNED) if name in present]
    zone = zone_of(asked.frame, effective, asked.timezone)
    source = {"column": effective, "every": slots.source["every"], "zone": zone, "arrival": arrival}
    slots = replace(slots, source=source)
    groups = Groups(names, None, {"columns": ["payout_status"], "returned": RETURNED})
    dated = "By bank date, the expected arrival" if arrival else "By effective date"
    paid = data.with_columns(paid=pl.when(category="paid").then("amount").otherwise(0))
    head = asked.head(
        f"Payouts per {slots.every}, by status",
        paid,
        f"{dated}; hollow: returned.",
        slots.remark,
        sum_of="paid",
        word="paid",
    )
    data = data.with_columns(payouts=count_text("rows"))
    called = "To the bank" if amount == "gross" else "Net"
    tips = {"label": slots.every.capitalize(), "category": "Status", "exact": called, "payouts": "Payouts"}
    return stacked(data, slots, groups, head, names=tips, hollow=RETURNED, written="failed")
